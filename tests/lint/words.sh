#!/bin/sh
# words.sh - what does not belong in the product: work left open, paths of a developer's machine,
# addresses of package registries, marks of a merge.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lint/sources.sh

# shellcheck disable=SC2016
found=$(files_in . -- ! -path ./tests/lint/words.sh ! -path ./LICENSE | xargs -rd '\n' grep -nHIE \
    -e '\b(TODO|FIXME|XXX|HACK)\b' \
    -e '(^|[^a-zA-Z0-9_.$}~-])/(work|home|root|farm|Users)/' \
    -e '(^|[^a-zA-Z0-9_.$}~-])/tmp/[a-z]' \
    -e 'registry\.[a-z]+\.(org|com)|deb\.debian\.org|snapshot\.debian\.org|pypi\.org' \
    -e '\b[Ii]ssue #?[0-9]' \
    -e '^(<<<<<<<|>>>>>>>)( |$)' | grep -v '/tmp/[a-z.-]*XXXXXX')
[ -z "$found" ] || { echo "$found"; exit 1; }
