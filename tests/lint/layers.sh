#!/bin/sh
# layers.sh - the tree is the architecture: fails when a folder includes one it may not, when a pure
# layer includes a header of I/O or time, or when a folder with C in it is missing from the table.
# Includes are rooted ("folder/file.h"), so a pattern decides.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lint/sources.sh
status=0
known=' '

layer() { # layer FOLDER "folders (or single headers) it may include" "system headers it may not"
    known="$known$1 "
    [ -d "$1" ] || return 0
    # shellcheck disable=SC2086 # a list of folders
    allowed=$(printf '%s\n' $2 | sed 's,\([^h]\|[^.]h\)$,&/[^/"]*,' | tr '\n' '|')
    for file in "$1"/*.[ch]; do
        [ -e "$file" ] || continue
        wrong=$(
            grep -nE '^ *# *include "' "$file" | grep -vE "include \"(${allowed%|})\""
            [ -z "$3" ] || grep -nE "^ *# *include <($3)" "$file"
        )
        [ -z "$wrong" ] || { printf '%s: not for this layer\n%s\n' "$file" "$wrong"; status=1; }
    done
}

pb='replicatoor/v1'
os='sys/|netinet/|arpa/|netdb|unistd|fcntl|poll|pthread|signal|time|dirent|spawn|semaphore'
frames='h2o|nghttp2|curl/|protobuf-c/'
policy='base attestation/tdx attestation attestation/policy'
core="$policy server/core"

#     folder              may include                             may not include
layer base                'base'                                  "$frames"
layer base/net            'base base/net'                         'h2o|nghttp2|protobuf-c/'
layer attestation/tdx     'base attestation/tdx attestation/roots.h' "$os|$frames"
layer attestation         'base attestation/tdx attestation'      "$os|$frames"
layer attestation/reference 'base attestation/tdx attestation attestation/reference' "$os|$frames"
layer attestation/policy  "$policy"                               "$os|$frames"
layer server/core         "$core $pb proto/$pb"                   "$os|$frames"
layer server/io           "$core base/net server/io"              'h2o|nghttp2|curl/|protobuf-c/'
layer server/rpc          "$core proto proto/$pb $pb server/rpc"  'curl/'
layer server              "$core base/net server/io server/rpc proto proto/$pb $pb rest_gateway server" 'curl/'
layer rest_gateway        "base proto proto/$pb $pb rest_gateway"  'nghttp2|curl/|openssl/'
layer clients/ctl         "$policy attestation/reference base/net proto/$pb $pb clients/ctl" 'h2o|nghttp2|curl/'
layer clients/c           "proto/$pb $pb clients/c"               "h2o|nghttp2|curl/"

# What the table above cannot say. The wall clock is the host's: one file reads it, which no release has.
wall_clock='CLOCK_REALTIME|CLOCK_TAI|gettimeofday|timespec_get|[^a-z_]time\((NULL|&)'
only() { # only "what" PATTERN FOLDER "files that may"
    wrong=$(files_in "$3" -- -name '*.[ch]' | xargs -r grep -lE "$2" | grep -vxE "$4")
    [ -z "$wrong" ] || { printf '%s only in %s:\n%s\n' "$1" "$4" "$wrong"; status=1; }
}
only 'OS headers'  "^ *# *include <($os)"        base         'base/(log|secret|hash|json_memory)\.c|base/net/.*'
only 'the wall clock' "$wall_clock" server      'server/io/host_clock_testing\.c'
for folder in base attestation rest_gateway; do
    only 'the wall clock' "$wall_clock" $folder 'none'
done
only 'h2o'         '^ *# *include <h2o'          rest_gateway 'rest_gateway/gateway\.c'
only 'state.proto' 'include ".*host\.pb|include ".*guest\.pb|include ".*pb-c\.h"' server/core 'none'

for folder in $(product_c | xargs -rn1 dirname | sort -u); do
    case $known in
    *" $folder "*) ;;
    *) printf '%s: a folder with C in it that is not in the table of layers.sh\n' "$folder"; status=1 ;;
    esac
done
exit $status
