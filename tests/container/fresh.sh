#!/bin/sh
# fresh.sh [COMMAND..] - proves that a bare Debian 12 and ./run are enough: makes a minimal chroot, puts
# this checkout into it (owned by somebody else, without git) and runs there the commands given, by
# default the build and the server's version. As root; needs mmdebstrap and the network. Minutes.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "a chroot takes root" >&2; exit 1; }
command -v mmdebstrap >/dev/null || { echo "lacking: apt-get install mmdebstrap" >&2; exit 1; }
work=$(mktemp -d)
# Mounts live in a namespace of the child's own, so removing the folder removes nothing else.
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root

echo "making a bare Debian 12"
tests/container/base.sh "$root/"
mkdir "$root/checkout"
tar -c --exclude=./build --exclude=./.git --exclude=node_modules --owner=1000 --group=1000 . |
    tar -x --same-owner -C "$root/checkout"
cp -L /etc/resolv.conf "$root/etc/"
[ -z "$(ls /etc/apt/apt.conf.d/*proxy* 2>/dev/null)" ] || cp /etc/apt/apt.conf.d/*proxy* "$root/etc/apt/apt.conf.d/"

# Where a proxy signs the packages' hosts, the machine says by whom.
roots=
[ -z "${NODE_EXTRA_CA_CERTS:-}" ] || { roots=/etc/host-roots.pem; cp -L "$NODE_EXTRA_CA_CERTS" "$root$roots"; }

[ $# != 0 ] || set -- './run build && ./run build && build/dev/server/replicatoor --version'
echo "in it: $*"
# shellcheck disable=SC2016 # for the inner shell
unshare --mount --pid --fork sh -euc '
    for folder in dev sys; do mount --rbind "/$folder" "$0/$folder"; done
    mount -t proc proc "$0/proc"
    exec chroot "$0" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ ${2:+NODE_EXTRA_CA_CERTS=$2} \
        sh -euc "cd /checkout && $1"
' "$root" "$*" "$roots"
echo "nothing else is needed"
