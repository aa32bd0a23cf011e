#!/usr/bin/env bash
# The benchmark command without rivals: a figure for each column of nnc's, and the table in a file.
. "$(dirname "$0")/common/begin.sh"
command -v python3 >/dev/null || skip "python3 is not installed"
needs_fashion_mnist

expect 0 python3 "$root/bench/run.py" --nnc "$nnc" --rivals none --only B1-sgd-32 --rounds 1 \
    --seconds 0.1 --output table.md
grep -qE '^\| B1-sgd-32: [^|]*\| [0-9,]{3,} \|' table.md || fail "has no figure of training"
grep -qE '^\| predict one, [^|]*\| [0-9.]+ / [0-9.]+ \|' table.md || fail "has no figure of prediction"
grep -qE '^\| 784-10-10, sgd, batch 32 \| [0-9.]+ \|' table.md || fail "has no figure of the start"
