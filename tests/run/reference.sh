#!/usr/bin/env bash
# docs/operators.md is what `nnc ops --markdown` prints.
. "$(dirname "$0")/common/begin.sh"

expect 0 "$nnc" ops --markdown
cmp -s out "$root/docs/operators.md" ||
    fail "docs/operators.md is old: build/nnc ops --markdown > docs/operators.md"
