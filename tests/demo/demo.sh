#!/bin/bash
# demo.sh - a secret moves from one attested node to another with the documented curl calls, and
# every way to get it wrongly is refused. Simulated machines, real binaries, real curl.
#
#   tests/demo/demo.sh          needs a dev build; `./run demo` makes one
# Exit 0 only if every expectation held.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
build=${RPL_BUILD:-$top/build/dev}
sim=$top/tools/tappd_sim/tappd-sim
server=$build/server/replicatoor
work=$(mktemp -d)
pids=() pid_A=

A=127.0.0.2:4001 B=127.0.0.3:4001 X=127.0.0.4:4001 C=127.0.0.5:4001
PCS=127.0.0.2:4810

# --- telling ---

bold=$(tput bold 2>/dev/null || true) plain=$(tput sgr0 2>/dev/null || true)
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
show() { printf '  %s\n' "$*"; }
die() {
    printf '\nNOT AS EXPECTED: %s\n' "$*" >&2
    for log in "$work"/*/stderr.log; do
        [ -s "$log" ] && tail -n 5 "$log" | sed "s,^,  $(basename "$(dirname "$log")"): ," >&2
    done
    exit 1
}
same() { # same WHAT LEFT RIGHT
    [ "$2" = "$3" ] || die "$1: $2 is not $3"
    show "$1: ${2:0:48}"
}
expect() { # expect WHAT CONDITION..
    what=$1
    shift
    "$@" || die "$what"
}

# --- machines and nodes ---

cleanup() {
    code=$?
    trap - EXIT INT TERM
    [ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$work"
    exit $code
}
trap cleanup EXIT INT TERM

await() { # await WHAT CONDITION..: up to ten seconds
    what=$1
    shift
    for _ in $(seq 200); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.05
    done
    die "$what did not happen"
}

machine() { # machine NAME INSTANCE COMPOSE [OPTION..]: a simulated VM in $work/NAME
    dir=$work/$1
    mkdir -p "$dir/secret" "$dir/untrusted"
    "$sim" --dir "$dir" --pki "$work/pki" --instance "$2" --compose "$3" "${@:4}" \
        > "$dir/ready.json" 2> "$dir/sim.log" &
    pids+=($!)
    await "start of machine $1" test -s "$dir/ready.json"
}

# The settings are the same text on every node, paths and all: they are part of what a quote attests.
node() { # node NAME ADDRESS: our server on that machine
    (
        cd "$work/$1"
        exec env -i PATH=/usr/bin:/bin REPLICATOOR_LISTEN="$2" REPLICATOOR_DSTACK=dstack.sock \
            REPLICATOOR_PCCS="http://$PCS" REPLICATOOR_TEST_ROOT=root.pem \
            REPLICATOOR_UNTRUSTED_DIR=untrusted REPLICATOOR_GUEST_DIR=guests REPLICATOOR_GUESTS=wallet \
            SECURE_FILE=secret/private.env "$server" 2> stderr.log
    ) &
    pids+=($!)
    disown # no word from the shell when it is killed
    eval "pid_$1=$!"
    await "start of node $1" curl -fsS "http://$2/healthz"
    await "own quote of node $1" verified "$2"
}
verified() { [ "$(curl -fsS "http://$1/status" | jq .self_verdict.admitted)" = true ]; }

getkey() { # getkey NAME PATH: what the container `wallet` of that machine gets
    curl -fsS --unix-socket "$work/$1/guests/wallet/replicatoor.sock" -d "path=$2" \
        http://localhost/getkey
}

# --- a refusal: status, check, and nothing changed on the node that must not change ---

fingerprint() { # of node NAME at ADDRESS
    curl -fsS "http://$2/status" | jq -c '[.phase,.identity,.state_digest,.epochs,.custody_receipts]'
    (cd "$work/$1/secret" && find . -type f -exec sha256sum {} + | sort)
}
refused() { # refused HTTP CHECK CURL-ARGUMENT..
    want_http=$1 want_check=$2
    shift 2
    http=$(curl -s -o "$work/refusal.json" -w '%{http_code}' "$@")
    [ "$http" = "$want_http" ] || die "HTTP $http instead of $want_http: $(cat "$work/refusal.json")"
    check=$(jq -r '.check // ""' "$work/refusal.json")
    [ "$check" = "$want_check" ] || die "check $check instead of $want_check: $(cat "$work/refusal.json")"
    show "refused: $http $(jq -r .code "$work/refusal.json")${check:+, $check}"
    jq -r '"  \(.message)"' "$work/refusal.json" | cut -c1-150
}
unchanged() { # unchanged NAME ADDRESS BEFORE
    [ "$(fingerprint "$1" "$2")" = "$3" ] || die "the refusal changed node $1"
    show "state, files and phase of $1: unchanged"
}

# --- the story ---

start=$SECONDS
cat > "$work/compose.yml" <<'YML'
services:
  replicatoor:
    image: replicatoor@sha256:6c3c624b58dbbcd3c0dd82b4c53f04194d1247c6eebdaab7c610cf7d66709b3b
    environment:
      SECURE_FILE: secret/private.env
      REPLICATOOR_GUESTS: wallet
      REPLICATOOR_GUEST_DIR: guests
      REPLICATOOR_UNTRUSTED_DIR: untrusted
      REPLICATOOR_DSTACK: dstack.sock
      REPLICATOOR_PCCS: http://127.0.0.2:4810
      REPLICATOOR_TEST_ROOT: root.pem
    volumes: ["/var/run/dstack.sock:/var/run/dstack.sock", "wallet:/var/run/replicatoor/wallet"]
  wallet:
    image: wallet@sha256:b2ab5d2f9eaeb1c1ec0cf5b5b2c06ef7a3ba6a2c0ce8e8b1f1f6f3d0d9b1a7c2
    volumes: ["wallet:/var/run/dstack"]
volumes: {wallet: {}}
YML
sed 's/wallet@sha256:b2/wallet@sha256:ff/' "$work/compose.yml" > "$work/other-compose.yml"

say "1. Three machines run the same app; a fourth runs another one"
machine A 1111111111111111111111111111111111111111 "$work/compose.yml" --pcs "$PCS"
machine B 2222222222222222222222222222222222222222 "$work/compose.yml"
machine X 3333333333333333333333333333333333333333 "$work/other-compose.yml"
machine C 4444444444444444444444444444444444444444 "$work/compose.yml"
echo "WALLET_KEY=of-somebody-else" > "$work/C/secret/private.env"
head -c 24 /dev/urandom | base64 | sed 's/^/WALLET_KEY=/' > "$work/A/secret/private.env"
cp "$work/A/secret/private.env" "$work/the-secret"
node A "$A"
node B "$B"
node X "$X"
node C "$C"
show "A http://$A  release $(jq -r .release "$work/A/ready.json" | cut -c1-16)..  instance 11.."
show "B http://$B  release $(jq -r .release "$work/B/ready.json" | cut -c1-16)..  instance 22.."
show "X http://$X  release $(jq -r .release "$work/X/ready.json" | cut -c1-16)..  another compose file"
show "C http://$C  release $(jq -r .release "$work/C/ready.json" | cut -c1-16)..  instance 44.."
show "the secret is random and lies only on A, in its SECURE_FILE"

say "2. Untrusted input for the app: POST /configure"
printf '# from the host\nAPI_URL=https://api.example/?a=b\nAPI_KEY=%s\n' demo-key > "$work/private.env"
GUEST=$B
curl -sS -X POST -H "Content-Type: text/plain" --data-binary @"$work/private.env" http://$GUEST/configure |
    jq -c . | sed 's/^/  /'
expect "the env file for the app" grep -q "^API_KEY='demo-key'$" "$work/B/untrusted/private.env"

say "3. An unapproved app asks A for the secret"
before_A=$(fingerprint A "$A") before_B=$(fingerprint B "$B")
curl -s -X POST http://$X/requestKey > "$work/x-request.out"
refused 403 policy.release -X POST -d "pubk=$(jq -r .pubk "$work/x-request.out")" \
    -d "quote=$(jq -r .quote "$work/x-request.out")" http://$A/onboard
unchanged A "$A" "$before_A"
unchanged B "$B" "$before_B"

say "4. The approved node B asks: POST /requestKey, then POST /onboard on A"
GUEST=$B
curl -s -X POST http://$GUEST/requestKey > "$work/request.out"
PUBK=$(cat "$work/request.out" | jq -r .pubk)
QUOTE=$(cat "$work/request.out" | jq -r .quote)
show "pubk  $PUBK"
show "quote ${QUOTE:0:64}.. ($((${#QUOTE} / 2)) bytes with evidence)"

say "5. The same with one bit of the quote's signature flipped"
before_A=$(fingerprint A "$A") before_B=$(fingerprint B "$B")
digit=${QUOTE:1300:1}
TAMPERED=${QUOTE:0:1300}$(printf '%x' $((0x$digit ^ 1)))${QUOTE:1301}
refused 403 quote.signature -X POST -d "pubk=$PUBK" -d "quote=$TAMPERED" http://$A/onboard
unchanged A "$A" "$before_A"
unchanged B "$B" "$before_B"

say "6. A verifies B's quote completely and seals its state to B's key"
GUEST=$A
curl -s -X POST -d "pubk=$PUBK" -d "quote=$QUOTE"  http://$GUEST/onboard > "$work/onboard.out"
expect "a sealed message as hex" grep -qE '^[0-9a-f]{500,}$' "$work/onboard.out"
curl -s -X POST -H 'Accept: application/json' -d "pubk=$PUBK" -d "quote=$QUOTE" "http://$GUEST/onboard?dry_run=1" |
    jq -r '"  \([.verdict.checks[] | select(.ok == true)] | length) checks passed, TCB \(.verdict.tcb_status), admitted: \(.verdict.admitted)"'
show "sealed: $(wc -c < "$work/onboard.out") hex digits"
identity=$(curl -s http://$A/status | jq -r .identity)
commitment=$(curl -s http://$A/status | jq -r '.epochs[0].commitment')
key_A=$(getkey A m/0 | jq -r .key)

say "7. A message that was sealed for another request: C's, delivered to B"
curl -s -X POST http://$C/requestKey > "$work/c-request.out"
curl -s -X POST -d "pubk=$(jq -r .pubk "$work/c-request.out")" -d "quote=$(jq -r .quote "$work/c-request.out")" \
    http://$A/onboard > "$work/for-c.out"
before_B=$(fingerprint B "$B")
refused 409 handover.request -X POST -H "Content-Type: text/plain" --data-binary @"$work/for-c.out" http://$B/receiveKey
unchanged B "$B" "$before_B"

say "8. B opens the message, verifies A's quote and signature, installs: POST /receiveKey"
GUEST=$B
curl -sS -X POST -H "Content-Type: text/plain" --data-binary @"$work/onboard.out" http://$GUEST/receiveKey |
    jq -c '{result,files_written}' | sed 's/^/  /'
same "phase of B" "$(curl -s http://$B/status | jq -r .phase)" holding

say "9. A dies with its disk"
kill -9 "$pid_A"
rm -rf "$work/A/secret" "$work/A/guests" "$work/A/stderr.log"
expect "A is gone" test ! -e "$work/A/secret/private.env"
expect "A does not answer" eval "! curl -s -m 2 http://$A/healthz >/dev/null"
expect "the same secret file on B" cmp "$work/the-secret" "$work/B/secret/private.env"
show "SECURE_FILE on B: byte for byte the same"
same "key m/0 of the container wallet" "$(getkey B m/0 | jq -r .key)" "$key_A"
getkey B never/asked/before > "$work/key.json"
/usr/bin/python3 "$top/tests/demo/check_chain.py" "$work/key.json" "$identity" "$commitment" never/asked/before |
    sed 's/^/  /'

say "10. A second cluster's state on a live node"
curl -sS -X POST http://$C/bootstrap | jq -c '{phase,identity_digest}' | sed 's/^/  /'
curl -s -X POST http://$B/requestKey > "$work/request.out"
curl -s -X POST -d "pubk=$(jq -r .pubk "$work/request.out")" -d "quote=$(jq -r .quote "$work/request.out")" \
    http://$C/onboard > "$work/foreign.out"
expect "C gives its own state, since B runs the approved app" grep -qE '^[0-9a-f]{500,}$' "$work/foreign.out"
before_B=$(fingerprint B "$B")
refused 409 policy.identity -X POST -H "Content-Type: text/plain" --data-binary @"$work/foreign.out" http://$B/receiveKey
unchanged B "$B" "$before_B"

say "11. B gives to a new machine in A's place: the key that was never asked on A is the same there"
kill "${pids[0]}" 2>/dev/null || true
wait "${pids[0]}" 2>/dev/null || true
rm -rf "$work/A"
machine A 5555555555555555555555555555555555555555 "$work/compose.yml" --pcs "$PCS"
node A "$A"
curl -s -X POST http://$A/requestKey > "$work/request.out"
curl -s -X POST -d "pubk=$(jq -r .pubk "$work/request.out")" -d "quote=$(jq -r .quote "$work/request.out")" \
    http://$B/onboard > "$work/onboard.out"
curl -sS -X POST -H "Content-Type: text/plain" --data-binary @"$work/onboard.out" http://$A/receiveKey >/dev/null
same "key never/asked/before" "$(getkey A never/asked/before | jq -r .key)" "$(jq -r .key "$work/key.json")"
same "receipts in the custody log" "$(curl -s http://$A/custody | jq '.receipts | length')" 3

say "All of it as expected, in $((SECONDS - start)) s."
show "The secret moved A -> B -> A' over untrusted hands; four wrong ways were refused, each with its reason."
