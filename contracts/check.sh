#!/bin/sh
# check.sh [install|check|coverage|snapshot] - the contract's tool chain, as `./run contracts` calls it.
#   install   node_modules, from the lock file, if it is not there
#   check     (default) the committed code is current, format, lint, all tests, gas
#   coverage  how much of the source the tests reach
#   snapshot  writes .gas-snapshot anew
# Needs node and npm. Foundry's programs come from npm for x86-64 Linux with glibc 2.34 or later; elsewhere
# those of the PATH are used, and without any the compiler alone still says whether the committed code
# is what the source gives.
set -eu
cd "$(dirname "$0")"

say() { printf '%s\n' "$*" >&2; }
fail() { say "contracts: $*"; exit 1; }

install() {
    command -v npm >/dev/null || fail "npm is missing: install nodejs and npm"
    wanted=$(cksum <package-lock.json)
    [ "$(cat node_modules/.installed 2>/dev/null)" != "$wanted" ] || return 0
    log=$(npm ci --loglevel=error 2>&1) || fail "npm ci failed (it needs a network once): $log"
    printf '%s\n' "$wanted" >node_modules/.installed
}

# Prints the program of foundry to use, or nothing.
foundry() {
    for program in "node_modules/.bin/$1" "$(command -v "$1")"; do
        [ -z "$program" ] || ! "$program" --version >/dev/null 2>&1 || { echo "$program"; return; }
    done
}

need_forge() {
    forge=$(foundry forge)
    [ -n "$forge" ] || {
        say "contracts: no forge for $(uname -sm): put foundry 1.7 on the PATH to run the tests;"
        say "contracts: only the committed code was compared with the source"
        exit 77
    }
}

unit='--no-match-test (testFuzz|invariant)_'

install
case ${1:-check} in
install) ;;
check)
    ! grep -n '"resolved"' package-lock.json || fail 'the lock file names a registry: delete those lines'
    ./build.cjs --check
    need_forge
    "$forge" fmt --check || fail 'format: run contracts/node_modules/.bin/forge fmt in contracts/'
    "$forge" lint --quiet --severity high --severity med --severity low -- src || fail 'forge lint found something'
    "$forge" test --quiet || { "$forge" test --rerun; exit 1; }
    # shellcheck disable=SC2086 # an option and its value
    "$forge" snapshot --quiet --check $unit || {
        "$forge" snapshot --diff $unit >&2
        fail 'gas is not what .gas-snapshot says: contracts/check.sh snapshot'
    }
    ;;
coverage)
    need_forge
    "$forge" coverage --report summary --no-match-coverage 'test/'
    ;;
snapshot)
    need_forge
    # shellcheck disable=SC2086
    "$forge" snapshot --quiet $unit
    ;;
*) fail "no such step: $1" ;;
esac
