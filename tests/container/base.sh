#!/bin/sh
# base.sh OUT - makes what debian:bookworm-slim is, as a folder (OUT ends in /) or a tar, from the
# package sources of this machine: no registry is asked. Sources: those in $SOURCES, by default the
# machine's files that speak of Debian's own archive.
set -eu
out=$1
: "${SOURCES:=$(grep -lsE '^ *(deb |URIs:).*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d/*)}"
: "${SOURCE_DATE_EPOCH:=1700000000}"
export SOURCE_DATE_EPOCH
case $out in */) format=directory && mkdir -p "$out" ;; *) format=tar ;; esac
# shellcheck disable=SC2016,SC2086 # $1 is the hook's; the sources are a list
mmdebstrap --quiet --variant=minbase --format=$format \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --aptopt='Acquire::Languages "none"' --aptopt='Acquire::GzipIndexes "true"' \
    --customize-hook='printf "#!/bin/sh\nexit 101\n" > "$1/usr/sbin/policy-rc.d"; chmod 755 "$1/usr/sbin/policy-rc.d"' \
    --customize-hook='rm -f "$1"/etc/resolv.conf "$1"/etc/hostname' \
    bookworm "$out" $SOURCES
