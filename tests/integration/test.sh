#!/bin/sh
# The documented calls against one node that hands its state to itself.
#
#   GUEST=172.20.0.2:4001 SECURE_FILE=/path/of/private.env HOST_ENV=host.env tests/integration/test.sh
#
# SECURE_FILE: where the node's secret file lies. PRIVATE_ENV, if set, is copied there first.
set -eu
: "${GUEST:?the address of the node, host:port}" "${SECURE_FILE:?}" "${HOST_ENV:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
set -x

curl -fsS -X POST -H "Content-Type: text/plain" --data-binary "@$HOST_ENV" "http://$GUEST/configure"
curl -fsS "http://$GUEST/status" > "$work/before.json"

if [ -n "${PRIVATE_ENV:-}" ]; then
    cp "$PRIVATE_ENV" "$SECURE_FILE"
fi

curl -fsS -X POST "http://$GUEST/requestKey" > "$work/request.out"
PUBK=$(jq -r .pubk < "$work/request.out")
QUOTE=$(jq -r .quote < "$work/request.out")

curl -fsS -X POST -d "pubk=$PUBK" -d "quote=$QUOTE" "http://$GUEST/onboard" > "$work/onboard.out"

curl -fsS -X POST -H "Content-Type: text/plain" --data-binary "@$work/onboard.out" \
    "http://$GUEST/receiveKey"
curl -fsS "http://$GUEST/status" > "$work/after.json"
[ "$(jq -r .phase < "$work/after.json")" = holding ]
