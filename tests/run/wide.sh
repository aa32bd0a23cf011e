#!/usr/bin/env bash
# Wide layers with dropout, trained by adam: the digits' network on Fashion-MNIST, two epochs.
. "$(dirname "$0")/common/begin.sh"
needs_fashion_mnist

sed 's/= mnist/= fashion_mnist/' "$root/examples/mnist.nn" >wide.nn
build wide.nn
expect 0 ./wide fit --epochs 2 --seed 1 --save weights.safetensors --json
expect 0 ./wide evaluate --weights weights.safetensors --json
between 0.82 "$(number accuracy)" 0.90
