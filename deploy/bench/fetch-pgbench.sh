#!/bin/sh
# Prints a program that is pgbench: the machine's own when it has one, else that of Debian's or Ubuntu's PostgreSQL package, unpacked into $1
# (once). Needs no root, installs nothing, starts nothing. Any version will do: it only sends what it is told to.
set -eu
mkdir -p "$1"
dest=$(cd "$1" && pwd)
work="$dest.tmp"

found() {
  for program in $(command -v pgbench || true) /usr/lib/postgresql/*/bin/pgbench "$dest/pgbench"; do
    if "$program" --version >/dev/null 2>&1; then echo "$program"; exit 0; fi
  done
}

help() {
  echo "No pgbench here: apt install postgresql-contrib | brew install postgresql | dnf install postgresql-contrib" >&2
  exit 1
}

found
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || help

exec 9>"$dest.lock"
flock 9
found

echo "No pgbench here: unpacking the distribution's package into $dest (once, nothing is installed) …" >&2
rm -rf "$work"
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/debs" "$work/root"
trap 'rm -rf "$work"' EXIT
apt() {
  apt-get -qq -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work" -o Dir::Cache::archives="$work/archives" \
    -o Debug::NoLocking=1 -o APT::Sandbox::User=root -o APT::Update::Post-Invoke::=true \
    -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}
apt update >&2 || help
server=$(apt -s --no-install-recommends install postgresql | awk '$1 == "Inst" && $2 ~ /^postgresql-[0-9]+$/ { print $2 }')
libraries=$(apt -s --no-install-recommends install libpq5 | awk '$1 == "Inst" { print $2 }' | grep -E '^lib[a-z0-9.+-]+$' || true)
cd "$work/debs"
apt download "${server:-postgresql-15}" ${libraries:-libpq5} >&2 || help
for package in *.deb; do dpkg-deb -x "$package" "$work/root"; done
program=$(cd "$work/root" && find usr/lib/postgresql -name pgbench -type f | head -n 1)
paths=$(find "$work/root" -name '*.so.*' -exec dirname {} + | sort -u | sed "s|^$work/root|$dest|" | paste -s -d : -)
rm -rf "$work/root/usr/share" "$dest"
printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s" "$@"\n' "$paths" "$dest/$program" >"$work/root/pgbench"
chmod 755 "$work/root/pgbench"
mv "$work/root" "$dest"
found
help
