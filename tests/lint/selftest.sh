#!/bin/sh
# selftest.sh - a check that cannot fail is none: plants one fault per rule in a copy of the tree and
# expects the step to refuse it.
set -u
cd "$(dirname "$0")/../.." || exit 2
copy=$(mktemp -d) || exit 2
trap 'rm -rf "$copy"' EXIT
tar -c --exclude=./build --exclude=./.git --exclude=node_modules --exclude=./tests/vectors . | tar -x -C "$copy"
cd "$copy" || exit 2
status=0

refuses() { # refuses "STEP .." FILE TEXT: the step refuses the tree with TEXT appended to FILE
    mkdir -p "$(dirname "$2")"
    [ ! -e "$2" ] || cp "$2" "$copy.kept"
    printf '%b\n' "$3" >>"$2"
    # shellcheck disable=SC2086
    if tests/lint/$1 >/dev/null 2>&1; then
        echo "$1 does not see, in $2: $3"
        status=1
    fi
    rm "$2"
    [ ! -e "$copy.kept" ] || mv "$copy.kept" "$2"
}

for step in layers.sh banned.py size.sh words.sh checks.py; do
    tests/lint/$step >/dev/null 2>&1 || { echo "$step refuses the tree as it is"; status=1; }
done
refuses layers.sh base/planted.h '#include "attestation/verify.h"'
refuses layers.sh base/planted.h '#include "base/net/http_client.h"'
refuses layers.sh base/planted.c '#include <unistd.h>'
refuses layers.sh attestation/tdx/planted.c '#include <time.h>'
refuses layers.sh attestation/planted.c '#include "server/core/state.h"'
refuses layers.sh server/core/planted.c '#include "server/io/planted.h"'
refuses layers.sh server/rpc/planted.c '#include "server/io/planted.h"'
refuses layers.sh server/io/planted.c '#include <h2o.h>'
refuses layers.sh rest_gateway/routes_planted.c '#include <h2o.h>'
refuses layers.sh clients/ctl/planted.c '#include "server/core/state.h"'
refuses layers.sh attestation/new_folder/planted.c 'int rpl_planted;'
refuses layers.sh server/rpc/planted.c 'void f(struct timespec *t) { clock_gettime(CLOCK_REALTIME, t); }'
refuses checks.py attestation/planted.c 'static const char code[] = "NO_SUCH_CODE";'
refuses checks.py docs/verification.md "| \`tcb.level\` | x | I | \`NO_SUCH_CODE\` | |"
refuses banned.py base/planted.c 'int f(void) { return memcmp("a", "b", 1); }'
refuses banned.py base/planted.c 'void f(void) { goto end; end:; }'
refuses banned.py base/planted.c 'int f(int a) { if (a == 1 ||\n    (a = 2))\n    return a; }'
refuses banned.py base/planted.c 'void f(rpl_secret *s) { rpl_secret_expose(s); }'
refuses banned.py base/planted.c 'int f(void); /* NOLINT */'
refuses words.sh base/planted.c "/* TO""DO */"
refuses words.sh docs/planted.md "see /ho""me/somebody/notes"
refuses size.sh base/planted.c "int f(void)\n{$(printf '%060d' 0 | sed 's/0/\\n    ;/g')\n}"
refuses size.sh base/planted.h "$(printf '%0501d' 0 | sed 's/0/\\n/g')"
refuses format.sh base/planted.c 'int  f (void);'
refuses scripts.sh tests/planted.py 'def f(:'
# shellcheck disable=SC2016
refuses scripts.sh tests/planted.sh '#!/bin/sh\nrm $1'
refuses cppcheck.sh base/planted.c 'int f(int i);\nint f(int i)\n{\n    int a[2] = {0};\n    return a[2] + i;\n}'

mkdir -p build/dev
cat >build/dev/compile_commands.json <<JSON
[{"directory": "$copy/build/dev", "file": "$copy/base/planted.c",
  "command": "cc -I$copy -o planted.o -c $copy/base/planted.c"}]
JSON
refuses tidy.sh base/planted.c 'int rpl_f(int a);\nint rpl_f(int a)\n{\n    return a ? rpl_f(a - 1) : 0;\n}'
refuses tidy.sh base/planted.c 'int does not compile;'
exit $status
