#!/bin/sh
# Prints a folder that holds RabbitMQ 3.10 or newer: `/` when the machine has one, else $1, into which Debian's or Ubuntu's own
# packages are unpacked (about 57 MB, once). Needs no root, installs nothing, starts nothing, occupies no port.
# 3.10 is the first with message TTL and at-least-once dead lettering on quorum queues; Debian 11 and Ubuntu 22.04 are too old.
set -eu
mkdir -p "$1"
dest=$(cd "$1" && pwd)
work="$dest.tmp"

has_rabbitmq() { # $1: a root folder; the broker without the Erlang that runs it is no use
  ls -d "$1"/usr/lib/erlang/erts-* >/dev/null 2>&1 || return 1
  for home in "$1"/usr/lib/rabbitmq/lib/rabbitmq_server-*; do
    version=${home##*-}; major=${version%%.*}; rest=${version#*.}; minor=${rest%%.*}
    case "$major$minor" in *[!0-9]* | '') continue ;; esac
    if [ "$major" -gt 3 ] || { [ "$major" -eq 3 ] && [ "$minor" -ge 10 ]; }; then return 0; fi
  done
  return 1
}

found() {
  if has_rabbitmq /; then echo /; exit 0; fi
  if has_rabbitmq "$dest"; then echo "$dest"; exit 0; fi
}

help() {
  cat >&2 <<'TEXT'
RabbitMQ 3.10 or newer is needed and there is none here. Any one of these will do:
  - AMQP_URL=amqp://user:password@host:5672 npm start     a broker you have
  - docker compose up                                     everything in containers
  - install it: apt install rabbitmq-server | brew install rabbitmq | dnf install rabbitmq-server
TEXT
  exit 1
}

found
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || help

# Two runs in one checkout: the second waits, then finds what the first unpacked.
exec 9>"$dest.lock"
flock 9
found

echo "No RabbitMQ here: unpacking the distribution's packages into $dest (once, nothing is installed) …" >&2
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
wanted='^(rabbitmq-server|erlang-[a-z0-9-]+|lib(ssl3|ssl3t64|ncurses6|tinfo6|sctp1|systemd0|stdc\+\+6|gcc-s1)|zlib1g)$'
packages=$(apt -s --no-install-recommends install rabbitmq-server | awk '$1 == "Inst" { print $2 }' | grep -E "$wanted" || true)
case " $(echo $packages) " in
*" rabbitmq-server "*) ;;
*) # installed already, but too old or without its Erlang: take everything by name
  packages='rabbitmq-server'
  for part in base asn1 crypto eldap inets mnesia os-mon parsetools public-key runtime-tools ssl syntax-tools tools xmerl; do
    packages="$packages erlang-$part"
  done ;;
esac

cd "$work/debs"
# libsctp1 is only suggested by Erlang, yet its network driver looks for it; older releases name it differently, so it may be missing.
apt download $packages libsctp1 2>/dev/null >&2 || apt download $packages >&2 || help
for package in *.deb; do dpkg-deb -x "$package" "$work/root"; done
rm -rf "$work/root/usr/share/doc" "$work/root/usr/share/man" "$dest"
mv "$work/root" "$dest"
found
help
