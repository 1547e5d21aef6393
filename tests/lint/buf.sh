#!/bin/sh
# buf.sh - the wire contract obeys buf's standard rules. buf comes from npm into build/; where it
# cannot be had the step is skipped (exit 77), which is said.
set -u
cd "$(dirname "$0")/../.." || exit 2
version=1.75.0
tools=build/lint/npm
buf=$tools/node_modules/.bin/buf
export BUF_CACHE_DIR="$PWD/build/lint/buf"
mkdir -p build/lint
if [ ! -x "$buf" ]; then
    command -v npm >/dev/null || { echo "no npm"; exit 77; }
    npm install --prefix "$tools" --ignore-scripts --no-audit --no-fund --fetch-retries 1 \
        --fetch-timeout 60000 "@bufbuild/buf@$version" >"$tools.log" 2>&1 ||
        { echo "npm could not install @bufbuild/buf $version (build/lint/npm.log)"; exit 77; }
fi
"$buf" lint
