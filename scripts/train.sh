#!/usr/bin/env bash
# Sets up (scripts/setup.sh), then trains the first network on Fashion-MNIST: its summary, the
# training with its accuracy, and what it says of one picture.
set -eu
cd "$(dirname "$0")/.."
scripts/setup.sh

run() {
    printf '\n$ %s\n' "$*"
    "$@"
}
run build/nnc summary examples/fashion.nn
run build/nnc build examples/fashion.nn -o build/fashion
run build/fashion fit --seed 1 --save build/fashion.safetensors
run build/fashion predict --weights build/fashion.safetensors examples/data/trousers.png
