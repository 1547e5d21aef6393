#!/bin/sh
# format.sh [--fix] - every C file looks as .clang-format says.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lint/sources.sh
case ${1:-} in
--fix) all_c | xargs -r clang-format -i ;;
*) all_c | xargs -r clang-format --dry-run -Werror 2>&1 ;;
esac
