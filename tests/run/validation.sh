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
