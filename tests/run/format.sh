#!/usr/bin/env bash
# Every C file is as .clang-format wants it (by clang-format 19: versions differ in details).
. "$(dirname "$0")/common/begin.sh"

command -v clang-format-19 >/dev/null || skip "clang-format-19 is not installed"
find "$root"/{compiler,grammar,runtime,tests,bench} -name '*.[ch]' -print0 |
    xargs -0 clang-format-19 --dry-run --Werror 2>err || fail "run cmake --build build --target format"
