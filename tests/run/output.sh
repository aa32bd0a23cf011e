#!/usr/bin/env bash
# Output that cannot be written: one message with the file, status 1, no half-written file, and
# what was there before stays.
. "$(dirname "$0")/common/begin.sh"

build playground.nn
expect 0 ./playground fit --epochs 1 --save kept.safetensors
cp kept.safetensors before

# A limit on file sizes stands for a full disk: KILOBYTES COMMAND... What it prints goes through a
# pipe, which has no limit.
limited=(bash -c 'set -o pipefail; (ulimit -f "$0" && exec "$@" 2>&1) | cat >&2')
expect 1 "${limited[@]}" 0 ./playground fit --epochs 1 --seed 2 --progress=none --save kept.safetensors
one_message
says kept.safetensors
cmp kept.safetensors before || fail "the old weights are gone"
expect 1 "${limited[@]}" 0 ./playground fit --epochs 1 --progress=none --history history.csv --save other.safetensors
one_message
absent other.safetensors
[ -z "$(ls -A | grep -i tmp)" ] || fail "temporary files were left: $(ls -A)"

expect 1 ./playground fit --epochs 1 --save missing/folder/weights.safetensors
one_message
says missing/folder/weights.safetensors
expect 1 ./playground init --seed 1 --save /dev/full
one_message
expect 1 ./playground fit --epochs 1 --step-log /dev/full
one_message
says /dev/full

expect 1 "${limited[@]}" 4 "$nnc" build "$root/examples/playground.nn" -o small
absent small
expect 1 "$nnc" build "$root/examples/playground.nn" -o missing/folder/program
says missing/folder
says E0902
expect 1 sh -c '"$1" summary "$2" >/dev/full' - "$nnc" "$root/examples/playground.nn"
expect 1 sh -c './playground info >/dev/full'
# Closed streams: their numbers are not given to the files.
expect 1 sh -c './playground fit --epochs 1 --step-log steps --save steps.st >&-'
one_message
! grep -q Epoch steps || fail "the step log holds what was printed"
rm steps steps.st
expect 0 sh -c './playground fit --epochs 1 --save steps.st --progress=none >&- 2>&- <&-'
rm steps.st
[ "$(ls -A)" = "$(printf '%s\n' before err home kept.safetensors out playground)" ] ||
    fail "left behind: $(ls -A)"

# Nothing that is read, and nothing twice, is written over.
wrong() { # WORD COMMAND...
    local word=$1
    shift
    expect 2 "$@"
    one_message
    says "$word"
}
cp "$root/examples/playground.nn" net.nn
build net.nn net
expect 0 ./net fit --epochs 1 --save w.safetensors
cp w.safetensors before
wrong "this program" ./net fit --save net
wrong source ./net fit --step-log net.nn
wrong same ./net fit --save new --history ./new
wrong weights ./net fit --weights w.safetensors --save new --history w.safetensors
ln w.safetensors link
wrong weights ./net fit --weights w.safetensors --save new --step-log link
absent new
expect 0 ./net fit --epochs 1 --weights w.safetensors --save w.safetensors
cp w.safetensors net.safetensors
wrong net.safetensors ./net init
expect 0 ./net init --save net.safetensors
{
    printf '\223NUMPY\1\0v\0%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }"
    head -c 8 /dev/zero
} >point.npy
expect 0 ./net predict --weights w.safetensors --npy predicted.npy point.npy
wrong input ./net predict --weights w.safetensors --npy ./point.npy point.npy

cp "$root"/examples/data/auto-mpg*.npy .
sed 's|"data/|"|g' "$root/examples/auto-mpg.nn" >mpg.nn
build mpg.nn
wrong "data set" ./mpg fit --epochs 1 --save auto-mpg.npy
wrong "data set" ./mpg fit --epochs 1 --save new --history auto-mpg-target.npy

# Compilers follow links and leave devices alone.
ln -s net through
build net.nn through
[ -L through ] || fail "a link was replaced by a file"
expect 1 "$nnc" build net.nn -o /dev/null
says E0902
[ -c /dev/null ] || fail "/dev/null is gone"
