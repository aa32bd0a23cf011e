#!/usr/bin/env bash
# Numbers that an embedding has no row for: in arrays of every kind, whatever they are for, and given to `predict`. Each
# is named once with file, row, place and range; without the checks it would be taken for the nearest row.
. "$(dirname "$0")/common/begin.sh"

# An array: its header, then numbers of 4 or 8 bytes.
array() { # FILE TYPE SHAPE NUMBER...
    local file=$1 type=$2 shape=$3 bytes=${2#??} number i
    shift 3
    {
        printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' "{'descr': '$type', 'fortran_order': False, 'shape': ($shape), }"
        for number; do
            for ((i = 0; i < bytes; i++)); do printf "\\x$(printf %02x $((number >> 8 * i & 255)))"; done
        done
    } >"$file"
}
half=$((0x3fc00000)) # 1.5 as float32

cat >net.nn <<'PROGRAM'
dataset lines = npy("x.npy", target = "y.npy", test_x = "tx.npy", test_target = "ty.npy")
model net(x) { x -> embedding(5, 3) -> flatten -> dense(2, softmax) }
train net on lines { loss = crossentropy  optimizer = sgd  batch = 2  epochs = 1 }
PROGRAM
array x.npy '<i4' '3, 2' 0 1 2 3 4 0
array y.npy '<i4' 3, 0 1 0
array tx.npy '<i8' '1, 2' 4 4
array ty.npy '<i4' 1, 1
build net.nn
expect 0 ./net fit --progress=none --save good.safetensors

array x.npy '<i4' '3, 2' 0 1 2 3 5 0
expect 1 ./net fit --progress=none --save bad.safetensors
one_message
says 'x.npy`, row 2, element 0 (counted from 0): `x` is 5, but its embedding in'
says 'whole numbers from 0 to 4; correct the data, or give the embedding more rows'
absent bad.safetensors
expect 1 ./net evaluate --weights good.safetensors
one_message
array x.npy '<i4' '3, 2' 0 1 2 -1 4 0
expect 1 ./net fit --progress=none
says 'x.npy`, row 1, element 1 (counted from 0): `x` is -1,'
array x.npy '<f4' '3, 2' 0 0 0 0 $half 0
expect 1 ./net fit --progress=none
says '`x` is 1.5,'
array x.npy '<i4' '3, 2' 0 1 2 3 4 0
array tx.npy '<i8' '1, 2' 4 300
expect 1 ./net fit --progress=none
says 'tx.npy`, row 0, element 1 (counted from 0): `x` is 300,'

# The largest table that there can be: 2^24 rows, whose numbers float32 tells apart. 2^24 itself is one too many.
sed 's/embedding(5, 3)/embedding(16777216, 1)/' net.nn >vast.nn
array tx.npy '<i8' '1, 2' 16777215 0
build vast.nn
expect 0 ./vast fit --progress=none
array tx.npy '<i8' '1, 2' 16777217 0
expect 1 ./vast fit --progress=none
says 'from 0 to 16777215'

# `predict`: arrays, lines and numbers. What can be predicted of several is.
mv good.safetensors net.safetensors
array p.npy '<i8' '3, 2' 0 1 2 3 4 7
expect 1 ./net predict p.npy
one_message
says '`p.npy` holds 7 (row 2, element 1, counted from 0), but the model takes whole numbers from 0 to 4 as `x`'
expect 1 ./net predict 3 -1
one_message
expect 1 ./net predict 3 1.5
says '`1.5` does not fit: the model takes whole numbers from 0 to 4 as `x`, one for each row of its embedding'
printf '1 2\n3 9\n4 4\n' | ./net predict --csv - >out 2>err && fail "9 is predicted"
says 'line 2 of standard input: `9` does not fit'
[ "$(wc -l <out)" = 3 ] || fail "the other lines are not predicted"

# Behind another shape, in a scan, and by two tables: the smaller one counts.
cat >two.nn <<'PROGRAM'
model two(x: int[4]) {
    pairs = x -> reshape(2, 2)
    concat(pairs -> embedding(7, 2) -> flatten, x -> embedding(9, 2) -> flatten) -> dense(1)
}
PROGRAM
build two.nn
expect 0 ./two init --save two.safetensors
expect 0 ./two predict 0 6 6 6
expect 1 ./two predict 0 6 7 6
says 'whole numbers from 0 to 6 as `x`'

# A mask that leaves all steps out: zeros, and nothing that is not finite.
array mx.npy '<i4' '3, 3' 0 0 0 1 2 0 3 0 0
array my.npy '<i4' '3, 3' 0 1 1 1 0 1 1 1 0
cat >masked.nn <<'PROGRAM'
dataset lines = npy("mx.npy", target = "my.npy")
model masked(x: [3]) {
    x -> embedding(4, 4, mask = true) -> multi_head_attention(2, 3) -> lstm(4, return_sequences = true) -> dense(2, softmax)
}
train masked on lines { loss = crossentropy  optimizer = adam  batch = 1  epochs = 2  metrics = accuracy }
PROGRAM
build masked.nn
expect 0 ./masked fit --progress=none --json
between 0.3 "$(number loss)" 1.2
expect 0 ./masked predict 0 0 0 --csv
grep -qi nan out && fail "nan of a sample without steps"

# Made-up data of `bench` are rows of the table.
rm x.npy
expect 0 ./net bench --seconds 0.05 --json
