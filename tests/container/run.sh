#!/bin/bash
# run.sh - builds the images, brings up compose.yml's demo and makes the documented calls against it.
# Takes a Docker engine that runs; else starts one by hand (root, dockerd installed) in a folder of its
# own; else podman and buildah. No registry is asked: where the base image is missing it is made by
# base.sh. Exit 77 where no engine can be had. ENGINE=docker or ENGINE=podman chooses.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
engine='' compose=() started=''

say() { printf '%s\n' "$*" >&2; }

cleanup() {
    local code=$?
    [ $code = 0 ] || [ ${#compose[@]} = 0 ] || "${compose[@]}" logs --tail 20 >&2 || true
    [ ${#compose[@]} = 0 ] || "${compose[@]}" down -v >>"$work/log" 2>&1 || true
    if [ -n "$started" ]; then
        kill "$started" || true
        wait "$started" || true
    fi
    # what an engine of ours leaves behind: its rules and bridge, ..
    if [ -e "$work/iptables" ]; then
        iptables-restore <"$work/iptables" || true
        bridges | comm -13 "$work/bridges" - | xargs -rn1 ip link del || true
    fi
    # .. and mounts: network namespaces, overlays
    awk -v work="$work/" 'index($2, work) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount || true
    rm -rf --one-file-system "$work" || say "left behind: $work"
}
trap cleanup EXIT

quietly() { # output only when it fails
    "$@" >>"$work/log" 2>&1 || { say "failed: $*"; tail -n 40 "$work/log" >&2; return 1; }
}

within() { # within SECONDS COMMAND..: until it succeeds
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        if [ $SECONDS -ge $until ]; then say "not in time: $*"; return 1; fi
        sleep 0.2
    done
}

# An engine

# Before one of ours is started; cleanup goes back to it.
remember_network() {
    # empty tables first: iptables-save says nothing of a table that nobody has used yet
    { printf '*nat\nCOMMIT\n*filter\n:FORWARD ACCEPT\nCOMMIT\n' && iptables-save; } >"$work/iptables"
    bridges >"$work/bridges"
}
bridges() { ip -o link show type bridge | sed -E 's/^[0-9]+: ([^:@]+).*/\1/' | sort; }

use_docker() {
    docker version >/dev/null 2>&1 || start_dockerd || return 1
    engine=docker
    if docker compose version >/dev/null 2>&1; then
        compose=(docker compose)
    elif command -v docker-compose >/dev/null; then
        compose=(docker-compose)
    else
        say "docker is there, but lacks compose"
        return 1
    fi
    compose+=(-f compose.yml -p replicatoor-demo)
}

start_dockerd() {
    command -v dockerd >/dev/null && [ "$(id -u)" = 0 ] || return 1
    remember_network
    export DOCKER_HOST=unix://$work/docker.sock
    dockerd --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/pid" -H "$DOCKER_HOST" \
        >"$work/dockerd.log" 2>&1 </dev/null &
    started=$!
    within 20 docker version || { tail -n 5 "$work/dockerd.log" >&2; kill "$started" || true; started=''; return 1; }
}

use_podman() {
    command -v podman >/dev/null && command -v buildah >/dev/null && command -v podman-compose >/dev/null &&
        [ "$(id -u)" = 0 ] || return 1
    cat >"$work/storage.conf" <<TOML
[storage]
driver = "overlay"
graphroot = "$work/graph"
runroot = "$work/run"
TOML
    # Runs without systemd and without the right to raise limits.
    cat >"$work/containers.conf" <<TOML
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
TOML
    export CONTAINERS_STORAGE_CONF=$work/storage.conf CONTAINERS_CONF=$work/containers.conf
    quietly podman info || return 1
    remember_network
    engine=podman
    compose=(podman-compose -f compose.yml -p replicatoor-demo)
}

# Images

base_image() {
    local name=docker.io/library/debian:bookworm-slim
    ! "$engine" image inspect "$name" >/dev/null 2>&1 || return 0
    say "making the base image"
    quietly tests/container/base.sh "$work/base.tar"
    quietly "$engine" import -c 'CMD ["/bin/bash"]' "$work/base.tar" "$name"
    rm "$work/base.tar"
}

# BuildKit where this client can, else the classic builder.
docker_build() { DOCKER_BUILDKIT=1 docker build "$@" || DOCKER_BUILDKIT=0 docker build "$@"; }

build_image() { # build_image TARGET
    say "building localhost/replicatoor:$1"
    case $engine in
    docker) quietly docker_build --network host --target "$1" -t "localhost/replicatoor:$1" . ;;
    podman) quietly buildah bud --isolation chroot --pull-never --format docker --target "$1" \
        -t "localhost/replicatoor:$1" . ;;
    esac
}

expect() { # expect WHAT FOUND WANTED
    [ "$2" = "$3" ] || { say "$1: expected $3, found $2"; return 1; }
    say "ok: $1"
}

release_image() {
    "$engine" run --rm localhost/replicatoor:runtime replicatoor --version
    local code=0
    "$engine" run --rm -e REPLICATOOR_TEST_ROOT=/root.pem localhost/replicatoor:runtime replicatoor \
        >>"$work/log" 2>&1 || code=$?
    # 125 and up are the engine's own
    if [ $code = 0 ] || [ $code -ge 125 ]; then say "the release takes another root: exit $code"; return 1; fi
    say "ok: the release refuses another root"
}

# By label: names differ between the kinds of compose.
container() {
    "$engine" ps -q --filter label=com.docker.compose.project=replicatoor-demo \
        --filter "label=com.docker.compose.service=$1"
}
inside() { # inside SERVICE COMMAND..
    local service=$1
    shift
    "$engine" exec -i "$(container "$service")" "$@"
}

# The documented calls, word for word but for the addresses

OLD=127.0.0.2:4001 NEW=127.0.0.3:4001

calls() {
    local secret request body
    secret=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
    inside node-a sh -c 'cat > /secure/private.env' <<<"WALLET=$secret"
    printf 'ETH_NETWORK=sepolia\n' >"$work/host.env"
    curl -fsS -X POST -H 'Content-Type: text/plain' --data-binary "@$work/host.env" http://$NEW/configure >>"$work/log"
    curl -fsS -X POST http://$NEW/requestKey >"$work/request.out"
    curl -fsS -X POST -d "pubk=$(jq -r .pubk "$work/request.out")" -d "quote=$(jq -r .quote "$work/request.out")" \
        http://$OLD/onboard >"$work/onboard.out"
    curl -fsS -X POST -H 'Content-Type: text/plain' --data-binary "@$work/onboard.out" http://$NEW/receiveKey >>"$work/log"
    expect "the file on the new node" "$(inside node-b cat /secure/private.env)" "WALLET=$secret"
    expect "the new node's phase" "$(curl -fsS http://$NEW/status | jq -r .phase)" holding
    expect "/getkey on port 4001" "$(curl -s -o /dev/null -w '%{http_code}' -X POST http://$NEW/getkey)" 403
    request='curl -fsS --unix-socket /var/run/replicatoor/replicatoor.sock -d path=wallet http://localhost/getkey'
    body=$(inside app-a sh -c "$request")
    "$engine" kill "$(container node-a)" >>"$work/log"
    expect "the derived key, the old node gone" \
        "$(inside app-b sh -c "$request" | jq -r .key | sha256sum)" "$(jq -r .key <<<"$body" | sha256sum)"
}

case ${ENGINE:-} in
'') use_docker || use_podman ;;
docker | podman) "use_$ENGINE" ;;
*) false ;;
esac || { say "no container engine here: neither docker, nor dockerd or podman with buildah as root"; exit 77; }
say "with $engine"
base_image
build_image runtime
release_image
build_image demo
say "starting the demo"
# podman-compose does not wait for what a service depends on
for service in pcs machine-a machine-b; do
    quietly "${compose[@]}" up -d $service
    case $service in pcs) made='-e /pki/root.pem' ;; *) made='-S /agent/dstack.sock' ;; esac
    within 60 inside $service sh -c "test $made"
done
quietly "${compose[@]}" up -d
within 60 curl -fs http://$OLD/healthz
within 60 curl -fs http://$NEW/healthz
within 60 sh -c "curl -fs http://$OLD/status | jq -e .self_verdict && curl -fs http://$NEW/status | jq -e .self_verdict"
calls
say "all of it works"
