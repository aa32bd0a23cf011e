#!/usr/bin/env bash
# nnc data --png: a grid of pictures, a line a class; as augmented beside them; what has none.
. "$(dirname "$0")/common/begin.sh"

size() { # FILE: width and height
    od -An -t u1 -j 16 -N 8 "$1" | awk '{print $3 * 256 + $4, $7 * 256 + $8}'
}

# Bytes 0 to 191 of twelve pictures of 4 x 4, labels 0 1 2 0 1 2 ..
{
    printf '\0\0\10\3\0\0\0\14\0\0\0\4\0\0\0\4'
    for ((i = 0; i < 192; i++)); do printf "\\$(printf %03o $i)"; done
} >x.idx
{
    printf '\0\0\10\1\0\0\0\14'
    for ((i = 0; i < 12; i++)); do printf "\\$(printf %03o $((i % 3)))"; done
} >y.idx
cat >set.nn <<'END'
dataset _plain = idx("x.idx", target = "y.idx")
dataset _moved = _plain -> augment(flip(horizontal))
dataset _points = circles(20)
END

expect 0 "$nnc" data set.nn _plain --png plain.png
grep -qF 'plain.png: one class a line, from above: 0, 1, 2' out || fail "does not say what it shows"
[ "$(size plain.png)" = "46 16" ] || fail "8 columns and 3 lines have the size $(size plain.png)"
expect 0 "$nnc" data set.nn _moved --png moved.png
grep -qF 'on its right, as augmented' out || fail "does not say what it shows"
[ "$(size moved.png)" = "46 16" ] || fail "4 pairs and 3 lines have the size $(size moved.png)"
cmp -s plain.png moved.png && fail "augmentation changes nothing"

# What is no set of pictures, which one is meant, and what is read is not written.
expect 1 "$nnc" data set.nn _points --png other.png
says "has no pictures"
expect 1 "$nnc" data set.nn --png other.png
says "one data set, but there are 3"
expect 1 "$nnc" data set.nn _plain --png x.idx
says "x.idx"
expect 1 "$nnc" data set.nn _plain --png no/such.png
says "no/such.png"
absent other.png
