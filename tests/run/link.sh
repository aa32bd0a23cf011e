#!/usr/bin/env bash
# A C compiler that is missing, or one that fails: E0901, and nothing is left behind.
. "$(dirname "$0")/common/begin.sh"

NNC_CC=/nowhere/cc expect 1 "$nnc" build "$root/examples/playground.nn" -o playground
says E0901
says /nowhere/cc
NNC_CC=false expect 1 "$nnc" build "$root/examples/playground.nn" -o playground
says E0901
[ "$(ls -A)" = "$(printf '%s\n' err home out)" ] || fail "left behind: $(ls -A)"
