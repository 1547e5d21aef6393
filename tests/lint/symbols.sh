#!/bin/sh
# symbols.sh [PRESET] - what the linker sees: the pure layers reach for no I/O, clock or randomness,
# and every external symbol of ours carries our prefix. Needs the libraries of a build.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=build/${1:-dev}
status=0

pure="tdx attestation policy reference core"
# Undefined symbols of an object file that a pure layer must not have.
impure='time|gettimeofday|clock_gettime|localtime.*|gmtime|mktime|nanosleep|sleep|usleep'   # clocks
impure="$impure|open|open64|openat|fopen|fopen64|read|write|pread.*|pwrite.*|unlink|rename|stat|fstat|opendir|mmap" # files
impure="$impure|printf|fprintf|vprintf|vfprintf|puts|fputs|putchar|perror|fwrite|fread|syslog"
impure="$impure|socket|connect|bind|listen|accept.*|send|sendto|sendmsg|recv|recvfrom|recvmsg|poll|epoll_.*|getaddrinfo" # network
impure="$impure|getenv|secure_getenv|system|popen|fork|exec.*|kill|exit|_exit" # process
impure="$impure|rand|random|getrandom|getentropy|RAND_.*|randombytes_.*"       # randomness
impure="$impure|pthread_.*|curl_.*|h2o_.*|nghttp2_.*|protobuf_c_.*|json_load_?f.*|json_dump_?f.*"

for layer in $pure; do
    library=$(find "$build" -path "$build/product" -prune -o -name "librpl-$layer.a" -print -quit)
    [ -n "$library" ] || continue # a layer without code yet
    # curve.c blinds libsecp256k1's scalars: randomness against side channels, in no result
    wrong=$(nm -A --undefined-only "$library" | grep -E " U ($impure)\$" |
            grep -v 'curve\.c\.o: *U randombytes_buf$')
    [ -z "$wrong" ] || { printf 'librpl-%s is a pure layer, but uses\n%s\n' "$layer" "$wrong"; status=1; }
done

# Generated code (rpl-proto, rpl-state) is named by its generator; the tests are no part of the product.
ours=$(find "$build" \( -path "$build/tests" -o -path "$build/product" \) -prune -o -name 'librpl-*.a' ! -name librpl-proto.a \
           ! -name librpl-state.a -print
       find "$build/clients" "$build/server" -name '*.o' 2>/dev/null)
[ -n "$ours" ] || { echo "$build holds no library: ./run build ${1:-dev}"; exit 1; }
# The node takes no decision by the wall clock; clock_gettime has others (tests/lint/layers.sh).
# shellcheck disable=SC2086
wrong=$(nm -A --undefined-only $ours 2>/dev/null | grep -v "^$build/clients" |
        grep -E ' U (time|gettimeofday|timespec_get|ftime|localtime.*|getdate)$')
[ -z "$wrong" ] || { printf 'the wall clock is the host'"'"'s to set, but\n%s\n' "$wrong"; status=1; }

# shellcheck disable=SC2086
wrong=$(nm -A --defined-only --extern-only $ours 2>/dev/null | \
        awk 'NF >= 3 && $NF !~ /^rpl_/ && $NF != "main"')
[ -z "$wrong" ] || { printf 'external symbols start with rpl_; these do not:\n%s\n' "$wrong"; status=1; }
exit $status
