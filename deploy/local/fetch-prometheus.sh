#!/bin/sh
# Prints a folder that holds `promtool` and `prometheus`: the machine's own when they are in the PATH, else $1, into which the
# distribution's package is unpacked (about 20 MB to fetch, once). Needs no root, installs nothing, starts nothing, occupies no port:
# an `apt install` would start a service on 9090. Exits 3 where there is no way to get them; what needs them says so and is skipped.
set -eu
mkdir -p "$1"
dest=$(cd "$1" && pwd)
work="$dest.tmp"

found() {
  tool=$(command -v promtool 2>/dev/null || true)
  if [ -n "$tool" ] && command -v prometheus >/dev/null 2>&1; then dirname "$tool"; exit 0; fi
  if [ -x "$dest/promtool" ] && [ -x "$dest/prometheus" ]; then echo "$dest"; exit 0; fi
}

found
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null && command -v flock >/dev/null || exit 3

# Two runs in one checkout: the second waits, then finds what the first unpacked.
exec 9>"$dest.lock"
flock 9
found

echo "No promtool here: unpacking the distribution's package into $dest (once, nothing is installed) …" >&2
rm -rf "$work"
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/root"
trap 'rm -rf "$work"' EXIT

# apt with lists and cache of its own: the system's need root to write, and container images ship them empty.
apt() {
  apt-get -qq -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work" -o Dir::Cache::archives="$work/archives" \
    -o Debug::NoLocking=1 -o APT::Sandbox::User=root -o APT::Update::Post-Invoke::=true \
    -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}
cd "$work"
apt update >&2 || exit 3
# Both are Go programs that need libc alone; the package's other dependencies are parts of its web page.
apt download prometheus >&2 || exit 3
dpkg-deb -x prometheus_*.deb "$work/root"
mv "$work/root/usr/bin/promtool" "$work/root/usr/bin/prometheus" "$dest/"
found
exit 3
