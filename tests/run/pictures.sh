#!/usr/bin/env bash
# Folders of pictures: trained with augmentation, from memory and from the files, with the same bits
# for any number of threads; interrupted, evaluated, measured, predicted; damaged files are named.
. "$(dirname "$0")/common/begin.sh"
cc -o pictures "$root/tests/run/common/pictures.c" -lpng -ljpeg 2>err || skip "libpng or libjpeg is missing"
./pictures shapes 300 50 100

program() { # NAME MEMORY
    cat >"$1.nn" <<END
dataset shapes = images("shapes", memory = $2) -> resize(12, 12) -> scale(1/255, offset = -0.5)
              -> augment(flip(both), crop(pad = 1), rotate(10), zoom(0.1), brightness(0.1))
model net(image) { image -> flatten -> dense(64, relu) -> dense(2, softmax) }
train net on shapes {
    loss      = crossentropy
    optimizer = adam(0.002)
    metrics   = accuracy
    epochs    = 12
    batch     = 32
}
END
    build "$1.nn"
}
program kept all
program streamed none

# It learns, with one history for all threads and both places of the pictures.
for threads in 1 2 3; do
    for name in kept streamed; do
        expect 0 ./$name fit --seed 4 --threads $threads --save $name-$threads.safetensors \
            --step-log $name-$threads.csv --json
        between 0.9 "$(number accuracy)" 1
        grep -q val_loss out || fail "has no validation values"
        cmp -s kept-1.csv $name-$threads.csv || fail "$name: other losses with $threads threads"
        cmp -s <(./$name evaluate --weights $name-$threads.safetensors) \
            <(./kept evaluate --weights kept-1.safetensors) || fail "$name: other weights"
    done
done

# Each epoch is new, each seed is another one, and evaluation is not augmented.
expect 0 ./kept fit --seed 5 --epochs 1 --step-log other.csv --save other.safetensors
cmp -s <(head -n 3 kept-1.csv) <(head -n 3 other.csv) && fail "another seed changes nothing"
expect 0 ./kept evaluate --weights kept-1.safetensors --json
cp out first
between 0.93 "$(number accuracy)" 1
expect 0 ./kept evaluate --weights kept-1.safetensors --json
cmp -s out first || fail "evaluation is random"

# The steps of an interrupted run are those of a whole one.
for name in kept streamed; do
    expect 0 ./$name fit --seed 4 --steps 30 --step-log part.csv --save part.safetensors
    cmp -s part.csv <(head -n 31 kept-1.csv) || fail "$name: other first steps"
done
./streamed fit --seed 4 --epochs 100000 --save part.safetensors >out 2>err &
training=$!
until_true has_worked $training 30
kill -INT $training
wait $training
[ $? = 3 ] || fail "an interrupted run does not end with status 3"

expect 0 ./kept bench --seconds 0.3
expect 0 ./streamed bench --seconds 0.3

# Pictures are resized for predictions as they are for training.
expect 0 ./kept predict --weights kept-1.safetensors shapes/test/bars/0000.png shapes/test/beams/0003.jpg
says "0000.png: bars"
says "0003.jpg: beams"
# Of several inputs those that cannot be read are named, and the others are predicted.
: >empty.png
printf 'GIF89a................' >moving.gif
printf 'BM....................' >old.bmp
expect 1 ./kept predict --weights kept-1.safetensors empty.png shapes/test/bars/0000.png moving.gif \
    shapes/test/beams/0003.jpg old.bmp --json
says "empty.png\` is empty"
says "moving.gif\` is a GIF picture, a format that is not read: convert it to PNG or JPEG"
says "old.bmp\` is a BMP picture"
says "3 of 5 inputs cannot be read; the others are predicted"
[ "$(grep -c '"class"' out)" = 2 ] || fail "not the two pictures that can be read"
expect 1 ./kept predict --weights kept-1.safetensors empty.png
one_message
expect 1 ./kept predict --weights kept-1.safetensors empty.png old.bmp
says "none of the inputs can be read"
[ -s out ] && fail "prints something"
cp moving.gif shapes/train/bars/
expect 1 "$nnc" check kept.nn
says "bars/moving.gif\` is a GIF picture"
rm shapes/train/bars/moving.gif

sed 's/-> resize(12, 12)//' kept.nn >sizes.nn
expect 1 "$nnc" check sizes.nn
says 'add `-> resize(height, width)`'

# A damaged picture.
broken() {
    for name in kept streamed; do
        expect 1 ./$name fit --save other2.safetensors
        one_message
        says "$1"
        [ $name = streamed ] || absent other2.safetensors # there the training had begun: it is saved
        rm -f other2.safetensors*
    done
}
cp shapes/train/beams/0303.jpg good.jpg
head -c 200 good.jpg >shapes/train/beams/0303.jpg
broken "0303.jpg"
: >shapes/train/beams/0303.jpg
broken "0303.jpg"
cp good.jpg shapes/train/beams/0303.jpg
cp shapes/train/bars/0100.png good.png
head -c 60 good.png >shapes/train/bars/0100.png
broken "0100.png"
cp good.png shapes/train/bars/0100.png
rm -r shapes
expect 1 ./kept fit
says "not found"
