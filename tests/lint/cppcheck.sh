#!/bin/sh
# cppcheck.sh [PRESET] - a second opinion by another reader of C.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lint/sources.sh
mkdir -p build/lint/cppcheck
product_c | grep '\.c$' | cppcheck --file-list=- --quiet --std=c11 --library=posix -D_GNU_SOURCE \
    -D__GNUC__ -DRPL_TEST_ROOTS '-DRPL_VERSION=""' -I . -I "build/${1:-dev}/proto" \
    --enable=warning,performance,portability --suppress=legacyUninitvar --inline-suppr --error-exitcode=1 -j "$(nproc)" \
    --suppress='*:build/*' --suppress='*:/usr/*' --cppcheck-build-dir=build/lint/cppcheck \
    --template='{file}:{line}: {id}: {message}' 2>&1
