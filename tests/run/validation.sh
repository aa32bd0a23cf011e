#!/usr/bin/env bash
# Evaluation in between leaves no trace in training: a step's memory is its own. Clipping by the norm
# of all gradients sums over whole buffers, paddings included.
. "$(dirname "$0")/common/begin.sh"

weights=$((4 * (2 * 20 + 20 + 20 * 30 + 30 + 30 + 1))) # bytes at the end of the file
for part in test validation; do # the same samples are left for training
    cat >$part.nn <<END
dataset points = circles(1000, factor = 0.3, noise = 0.1, seed = 3) -> split($part = 0.5)
model net(x) { x -> dense(20, tanh) -> dense(30, tanh) -> dense(1, sigmoid) }
train net on points { loss = crossentropy
                      optimizer = adam(0.01, global_clip_norm = 0.01)
                      metrics = accuracy
                      epochs = 5
                      batch = 13 }
END
    build $part.nn
    expect 0 ./$part fit --seed 1 --threads 2 --save $part.safetensors
    tail -c $weights $part.safetensors >$part.weights
done
says val_loss
cmp test.weights validation.weights || fail "validation changes the training"

# The penalty of `regularize` is part of the loss that is reported, of validation and test data, too:
# it grows with its factor, by the same for the same weights.
losses=()
for factor in 0 0.01 0.02; do
    cat >penalty.nn <<END
dataset points = circles(1000, factor = 0.3, noise = 0.1, seed = 3) -> split(test = 0.5)
model net(x) { x -> dense(20, tanh) -> dense(1, sigmoid) }
train net on points { loss = crossentropy  optimizer = adam  regularize = l2($factor) }
END
    build penalty.nn
    [ -e start.safetensors ] || expect 0 ./penalty init --seed 1 --save start.safetensors
    expect 0 ./penalty evaluate --weights start.safetensors --json
    losses+=("$(number loss)")
done
awk -v a="${losses[0]}" -v b="${losses[1]}" -v c="${losses[2]}" \
    'BEGIN { step = b - a; exit !(step > 0.01 && c - b < step * 1.0001 && c - b > step * 0.9999) }' ||
    fail "losses with penalties are ${losses[*]}"
