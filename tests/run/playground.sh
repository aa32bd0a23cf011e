#!/usr/bin/env bash
# Points in the plane: 25 parameters tell two circles apart.
. "$(dirname "$0")/common/begin.sh"

build playground.nn
for seed in 1 2; do
    expect 0 ./playground fit --seed $seed --save weights.safetensors --json
    expect 0 ./playground evaluate --weights weights.safetensors --json
    between 0.99 "$(number accuracy)" 1
    between 0.98 "$(number precision)" 1
    between 0.98 "$(number recall)" 1
done
