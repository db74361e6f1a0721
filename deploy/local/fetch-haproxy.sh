#!/bin/sh
# Prints a program that is HAProxy 2.4 or newer: the machine's own when it has one, else Debian's or Ubuntu's own packages, unpacked
# into $1 (about 4 MB, once); ends with 1 when there is none to be had. Needs no root, installs nothing, starts nothing, occupies no port.
# 2.4 is the oldest that anybody still mends; Debian 11 has 2.2.
set -eu
mkdir -p "$1"
dest=$(cd "$1" && pwd)
work="$dest.tmp"

is_haproxy() { # $1: a program
  version=$("$1" -v 2>/dev/null | sed -n 's/^HAProxy version \([0-9]*\.[0-9]*\).*/\1/p')
  major=${version%%.*}; minor=${version##*.}
  case "$major$minor" in *[!0-9]* | '') return 1 ;; esac
  [ "$major" -gt 2 ] || { [ "$major" -eq 2 ] && [ "$minor" -ge 4 ]; }
}

found() {
  # A user's PATH seldom has the folder that Debian puts it in.
  for program in $(PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v haproxy || true) "$dest/haproxy"; do
    if is_haproxy "$program"; then echo "$program"; exit 0; fi
  done
}

help() {
  cat >&2 <<'TEXT'
No HAProxy 2.4 or newer here: a simpler balancer of our own takes its place. To have it:
  apt install haproxy | brew install haproxy | dnf install haproxy
TEXT
  exit 1
}

found
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || help

# Two runs in one checkout: the second waits, then finds what the first unpacked.
exec 9>"$dest.lock"
flock 9
found

echo "No HAProxy here: unpacking the distribution's package into $dest (once, nothing is installed) …" >&2
rm -rf "$work"
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/debs" "$work/root"
trap 'rm -rf "$work"' EXIT

# apt with lists and cache of its own: the system's need root to write, and container images ship them empty.
apt() {
  apt-get -qq -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work" -o Dir::Cache::archives="$work/archives" \
    -o Debug::NoLocking=1 -o APT::Sandbox::User=root -o APT::Update::Post-Invoke::=true \
    -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}
apt update >&2 || help

# What a real install would bring on this machine, less what a private copy has no use for.
packages=$(apt -s --no-install-recommends install haproxy | awk '$1 == "Inst" { print $2 }' | grep -E '^(haproxy|lib[a-z0-9.+-]+)$' || true)
cd "$work/debs"
apt download ${packages:-haproxy} >&2 || help
for package in *.deb; do dpkg-deb -x "$package" "$work/root"; done
libraries=$(find "$work/root" -name '*.so.*' -exec dirname {} + | sort -u | sed "s|^$work/root|$dest|" | paste -s -d : -)
rm -rf "$work/root/usr/share" "$dest"
printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s" "$@"\n' "$libraries" "$dest/usr/sbin/haproxy" >"$work/root/haproxy"
chmod 755 "$work/root/haproxy"
mv "$work/root" "$dest"
found
help
