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

# A file in the cache that was cut, emptied or damaged is made again.
expect 0 "$nnc" run playground.nn
entry=$(find home -type f -perm -u+x -newer playground.nn | head -n 1)
size=$(stat -c %s "$entry")
damage() { # HOW
    cp "$entry" whole
    case $1 in
    empty) : >"$entry" ;;
    cut) truncate -s $((size / 2)) "$entry" ;;
    longer) echo more >>"$entry" ;;
    *) printf 'XXXXXXXX' | dd of="$entry" bs=1 seek="$1" conv=notrunc 2>dd ;;
    esac
    expect 0 "$nnc" run playground.nn --epochs 1
    says accuracy
    cmp -s "$entry" whole || fail "the damaged file ($1) is still there"
}
for how in empty cut longer 0 $((size / 3)) $((size / 2)) $((size - 5)); do damage "$how"; done
[ -z "$(find home -name '.nnc-tmp-*')" ] || fail "temporary files were left"
