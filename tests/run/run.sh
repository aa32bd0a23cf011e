#!/usr/bin/env bash
# `nnc run` compiles to a cached executable, trains and evaluates; a second run compiles nothing,
# and a changed program is compiled again.
. "$(dirname "$0")/common/begin.sh"

cp "$root/examples/playground.nn" .
expect 0 "$nnc" run playground.nn
says accuracy
first=$(find home -type f -newer playground.nn -perm -u+x | sort)
[ -n "$first" ] || fail "there is no cached executable"
expect 0 "$nnc" run playground.nn
[ "$(find home -type f -perm -u+x | sort)" = "$first" ] || fail "a second run compiled again"
sed -i 's/dense(4, tanh)/dense(5, tanh)/' playground.nn
expect 0 "$nnc" run playground.nn
[ "$(find home -type f -perm -u+x | wc -l)" = 2 ] || fail "the changed program was not compiled"
