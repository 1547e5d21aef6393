#!/bin/sh
# deploy.sh - deploys the committed code of UpgradeOperator by cast and prints the lines that the compose
# file needs. No key passes through here: whatever stands behind -- goes to `cast send`, which knows
# hardware wallets (--ledger, --trezor), encrypted key files (--account NAME) and nodes that sign (--unlocked --from ADDRESS).
#
#   contracts/deploy.sh --rpc URL --owner ADDRESS [--guardian ADDRESS].. [--genesis KIND=VALUE].. [--delay SECONDS] -- SIGNER..
#
#   --owner     a Safe or another multisig; whoever pays for the deployment needs not be it
#   --guardian  may revoke, nothing else; active at once
#   --genesis   an entry that is active at once; KIND by name, VALUE 32 bytes in hex or `any`;
#               nodes of ours still let it wait 48 hours
#   --delay     at least 172800, the default
set -eu
here=$(cd "$(dirname "$0")" && pwd)
artifact=$here/UpgradeOperator.json
floor=172800

say() { printf '%s\n' "$*" >&2; }
fail() { say "deploy: $*"; exit 2; }

rpc='' owner='' genesis='' delay=$floor
cast=$(command -v cast || echo "$here/node_modules/.bin/cast")
"$cast" --version >/dev/null 2>&1 || fail "no cast: run contracts/check.sh install, or put foundry on the PATH"
command -v jq >/dev/null || fail 'no jq: install it'

word() { # word TEXT: 32 bytes, lower-case, with 0x
    digits=$(printf %s "${1#0x}" | tr A-F a-f)
    case $digits in
    any) printf '0x%064d' 0 | tr 0 f | sed 's/^fx/0x/' ;;
    *[!0-9a-f]*) fail "$1: 32 bytes in hex were expected" ;;
    *) [ ${#digits} = 64 ] || fail "$1: 32 bytes in hex were expected"; printf '0x%s' "$digits" ;;
    esac
}

address() { # address TEXT
    digits=$(printf %s "${1#0x}" | tr A-F a-f)
    case $digits in *[!0-9a-f]*) fail "$1: an address of 20 bytes in hex was expected" ;; esac
    [ ${#digits} = 40 ] || fail "$1: an address of 20 bytes in hex was expected"
    printf '0x%s' "$digits"
}

add_genesis() { # add_genesis KIND VALUE
    genesis="$genesis${genesis:+,}($("$cast" keccak "$1"),$2,0x)"
}

kinds=' replicatoor-release source config device tcb-status tolerated-advisory compose-hash os-image mrtd-tuple guardian '
while [ $# != 0 ] && [ "$1" != -- ]; do
    [ $# -ge 2 ] || fail "$1: a value was expected behind it"
    case $1 in
    --rpc) rpc=$2 ;;
    --owner) owner=$(address "$2") || exit ;;
    --delay) delay=$2 ;;
    --guardian)
        guardian=$(address "$2") || exit
        add_genesis guardian "0x000000000000000000000000${guardian#0x}"
        ;;
    --genesis)
        case $kinds in *" ${2%%=*} "*) ;; *) fail "${2%%=*}: one of these kinds was expected:$kinds" ;; esac
        value=$(word "${2#*=}") || exit
        add_genesis "${2%%=*}" "$value"
        ;;
    *) fail "$1: no such option; see the head of this file" ;;
    esac
    shift 2
done
[ -n "$rpc" ] || fail '--rpc URL was expected'
[ -n "$owner" ] || fail '--owner ADDRESS was expected'
case $delay in '' | *[!0-9]*) fail "--delay $delay: seconds were expected" ;; esac
[ "$delay" -ge $floor ] || fail "--delay $delay: at least $floor seconds were expected"
[ "${1:-}" = -- ] || fail 'behind -- the signer was expected, as cast send takes it'
shift
for option; do
    case $option in
    --private-key* | --mnemonic*) fail "$option: no key on a command line; use --account, --ledger, --trezor or --interactive" ;;
    esac
done

# The code, then the arguments of the constructor.
arguments=$("$cast" abi-encode 'constructor(address,uint64,(bytes32,bytes32,bytes)[])' "$owner" "$delay" "[$genesis]")
code=$(jq -r .bytecode "$artifact")${arguments#0x}
receipt=$("$cast" send --json --rpc-url "$rpc" "$@" --create "$code")
contract=$(printf %s "$receipt" | jq -r .contractAddress)
[ "$(printf %s "$receipt" | jq -r .status)" = 0x1 ] || fail "the deployment failed: $receipt"

# What lies there has to be the committed code with this delay and nothing else.
word_of() { printf '%064x' "$1"; }
want=$(jq -r .runtime_code "$artifact" | sed "s/7f$(word_of $floor)/7f$(word_of "$delay")/g")
want=$("$cast" keccak "$want")
got=$("$cast" keccak "$("$cast" code --rpc-url "$rpc" "$contract")")
[ "$got" = "$want" ] || fail "at $contract the RPC shows code with the hash $got; $want was expected"
say "deployed; verify it by another provider before you rely on it: cast keccak \$(cast code $contract)"
printf 'CONTRACT=%s\nCHAIN_ID=%s\nCONTRACT_CODE=%s\n' "$contract" "$("$cast" chain-id --rpc-url "$rpc")" "$got"
