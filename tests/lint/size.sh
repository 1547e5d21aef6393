#!/bin/sh
# size.sh - small things stay small: no function over 60 lines, no file over 500, and 95 % of the
# product's functions within 45. Tests obey the first two.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lint/sources.sh
status=0

# name, file, lines of every C function
functions() {
    xargs -r ctags --languages=C --kinds-C=f --fields=+ne -o - 2>/dev/null | awk -F '\t' '{
        first = last = 0
        for (i = 4; i <= NF; i++) {
            if ($i ~ /^line:/) first = substr($i, 6)
            if ($i ~ /^end:/) last = substr($i, 5)
        }
        print last - first + 1, $2, $1
    }'
}

long=$(all_c | functions | awk '$1 > 60 { print $2 ": " $3 " has " $1 " lines" }')
[ -z "$long" ] || { printf 'functions over 60 lines:\n%s\n' "$long"; status=1; }

{ all_c; scripts; python; } | while read -r file; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 500 ] || echo "$file has $lines lines, more than 500"
done | { ! grep .; } || status=1

product_c | functions | sort -n | awk '
    { lines[NR] = $1 }
    END {
        p95 = NR ? lines[int(NR * 0.95 + 0.999)] : 0
        if (p95 > 45) { print "p95 of the functions is " p95 " lines, more than 45"; exit 1 }
    }' || status=1
exit $status
