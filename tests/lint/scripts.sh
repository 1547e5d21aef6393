#!/bin/sh
# scripts.sh - what is not C: shell by shellcheck (documented calls keep their `cat file | jq`), Python
# by pyflakes where it is there, else by the compiler alone.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lint/sources.sh
status=0
scripts | xargs -r shellcheck -x -e SC2002 || status=1
python | xargs -r /usr/bin/python3 -c '
import sys
for name in sys.argv[1:]:
    compile(open(name, "rb").read(), name, "exec")' || status=1
! command -v pyflakes3 >/dev/null || python | xargs -r pyflakes3 || status=1
exit $status
