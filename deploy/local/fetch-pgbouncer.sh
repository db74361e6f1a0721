#!/bin/sh
# Prints a program that is PgBouncer: the machine's own when it has one, else Debian's or Ubuntu's own package, unpacked into $1 (about 1 MB,
# once); ends with 1 when there is none to be had. Needs no root, installs nothing, starts nothing, occupies no port.
set -eu
mkdir -p "$1"
dest=$(cd "$1" && pwd)
work="$dest.tmp"

found() {
  # A user's PATH seldom has the folder that Debian puts it in.
  for program in $(PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v pgbouncer || true) "$dest/pgbouncer"; do
    if "$program" --version >/dev/null 2>&1; then echo "$program"; exit 0; fi
  done
}

help() {
  echo 'No PgBouncer here. To have it: apt install pgbouncer | brew install pgbouncer | dnf install pgbouncer' >&2
  exit 1
}

found
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || help

# Two runs in one checkout: the second waits, then finds what the first unpacked.
exec 9>"$dest.lock"
flock 9
found

echo "No PgBouncer here: unpacking the distribution's package into $dest (once, nothing is installed) …" >&2
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
packages=$(apt -s --no-install-recommends install pgbouncer | awk '$1 == "Inst" { print $2 }' | grep -E '^(pgbouncer|lib[a-z0-9.+-]+)$' || true)
cd "$work/debs"
apt download ${packages:-pgbouncer} >&2 || help
for package in *.deb; do dpkg-deb -x "$package" "$work/root"; done
libraries=$(cd "$work/root" && find . -name '*.so.*' -exec dirname {} + | sort -u | sed 's|^\.|$here|' | paste -s -d : -)
rm -rf "$work/root/usr/share" "$dest"
# Found from where it lies: whoever may not reach this folder runs a copy of it.
printf '#!/bin/sh\nhere=$(cd "$(dirname "$0")" && pwd)\nLD_LIBRARY_PATH="%s" exec "$here/usr/sbin/pgbouncer" "$@"\n' "$libraries" >"$work/root/pgbouncer"
chmod 755 "$work/root/pgbouncer"
mv "$work/root" "$dest"
found
help
