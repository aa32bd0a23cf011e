#!/usr/bin/env bash
# OpenBLAS in place of own kernels: the same training, linked with it only when it is asked for, and
# the same bits for any number of threads.
. "$(dirname "$0")/common/begin.sh"
if [ ! -e "$(dirname "$nnc")/libnnrt_blas.a" ]; then
    echo "skipped: built without OpenBLAS"
    exit 77
fi

program=$root/examples/playground.nn
for contraction in own blas auto; do
    expect 0 "$nnc" build "$program" -o $contraction --contraction=$contraction
    expect 0 ./$contraction fit --seed 1 --epochs 20 --threads 2 --save $contraction.safetensors --json
    number loss >$contraction.loss
done
ldd blas | grep -q openblas || fail "--contraction=blas does not use OpenBLAS"
! ldd own | grep -q openblas || fail "--contraction=own needs OpenBLAS"
! ldd auto | grep -q openblas || fail "a small network needs OpenBLAS"
own=$(cat own.loss)
between "$(awk "BEGIN { print $own - 1e-4 }")" "$(cat blas.loss)" "$(awk "BEGIN { print $own + 1e-4 }")"
cmp own.safetensors auto.safetensors || fail "auto is not own for a small network"
expect 0 ./blas fit --seed 1 --epochs 20 --threads 1 --save one.safetensors
cmp one.safetensors blas.safetensors || fail "two threads give other weights than one"
