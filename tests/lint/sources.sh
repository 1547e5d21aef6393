# sources.sh - sourced by the lint steps: which files are ours. `find`, not git: a checkout without
# its history is linted alike. The build tree and the vectors (foreign data) are left out.
# shellcheck shell=sh
product="base attestation server rest_gateway clients"

files_in() { # files_in FOLDER.. -- FIND-EXPRESSION..
    folders=
    while [ "$1" != -- ]; do
        [ ! -e "$1" ] || folders="$folders $1"
        shift
    done
    shift
    # shellcheck disable=SC2086 # folders are names of ours
    [ -z "$folders" ] || find $folders \( -name build -o -name .git -o -name node_modules \
        -o -name __pycache__ -o -path '*tests/vectors' -o -path '*tests/fuzz/corpus' \) -prune \
        -o -type f \( "$@" \) -print | sed 's,^\./,,' | LC_ALL=C sort
}
# shellcheck disable=SC2086
product_c() { files_in $product -- -name '*.[ch]'; }
all_c() { files_in . -- -name '*.[ch]'; }
scripts() { files_in . -- -name '*.sh' -o -path ./run -o -path ./.ci/run; }
python() { files_in . -- -name '*.py' -o -path ./tools/tappd_sim/tappd-sim; }
