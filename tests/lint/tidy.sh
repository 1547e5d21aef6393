#!/bin/sh
# tidy.sh [PRESET] - clang-tidy over the product's C, as many files at once as there are cores. A file
# whose preprocessed text and rules have not changed since it last passed is not looked at again.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lint/sources.sh
build=build/${1:-dev}

if [ "${1:-}" != --one ]; then
    mkdir -p build/lint/tidy
    product_c | grep '\.c$' | xargs -r -n 1 -P "$(nproc)" "$0" --one "$build"
    exit
fi

build=$2 file=$3
compile=$(jq -r --arg file "$PWD/$file" '.[] | select(.file == $file) | .command' \
    "$build/compile_commands.json" | head -n 1 | sed 's/ -o .*//')
[ -n "$compile" ] || exit 0 # not part of this build
text=$(cd "$build" && eval "$compile -E -P $OLDPWD/$file") || exit 1
stamp=build/lint/tidy/$(printf '%s' "$file $text" | cat .clang-tidy - | sha256sum | cut -c 1-32)
[ ! -e "$stamp" ] || exit 0
code=0
said=$(clang-tidy --quiet -p "$build" "$file" 2>&1) || code=$?
# What the analyzer sees inside of system headers is not ours to mend.
found=$(printf '%s\n' "$said" | awk '/^\/.*: (error|warning): / { any = 1; ours = !/^\/usr\// } ours
    END { exit !any }') || [ $code = 0 ] || found=$said
if [ -n "$found" ]; then
    printf '%s\n' "$found"
    exit 1
fi
: >"$stamp"
