#!/bin/sh
# cppcheck.sh [PRESET] - a second opinion by another reader of C. Version 2.10 knows neither the cleanup
# attribute (leaks), nor statement expressions and __VA_OPT__ (syntax), nor what a copied struct or a
# memcpy initialises, nor that readdir is safe in glibc; gcc, clang's analyzer and the sanitizers do.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lint/sources.sh
mkdir -p build/lint/cppcheck
unreliable="memleak resourceLeak internalAstError syntaxError legacyUninitvar uninitvar readdirCalled
    returnDanglingLifetime"
# shellcheck disable=SC2046,SC2086 # a list of options
product_c | grep '\.c$' | cppcheck --file-list=- --quiet --std=c11 --library=posix \
    --library=tests/lint/cppcheck.cfg -D_GNU_SOURCE -D__GNUC__ -DRPL_TEST_ROOTS '-DRPL_VERSION=""' \
    -I . -I "build/${1:-dev}/proto" \
    --enable=warning,performance,portability --inline-suppr --error-exitcode=1 -j "$(nproc)" \
    $(printf -- '--suppress=%s ' $unreliable) \
    --suppress='*:build/*' --suppress='*:/usr/*' --cppcheck-build-dir=build/lint/cppcheck \
    --template='{file}:{line}: {id}: {message}' 2>&1
