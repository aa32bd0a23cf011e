#!/usr/bin/env bash
# The first network on Fashion-MNIST reaches the accuracy of its book, with sgd and with adam. Bounds:
# the mean of five seeds is 0.73-0.77 and 0.82-0.85; a seed may lie three standard deviations off.
. "$(dirname "$0")/common/begin.sh"
needs_fashion_mnist

build fashion.nn
expect 0 ./fashion fit --seed 1 --save weights.safetensors --history history.csv --json
expect 0 ./fashion evaluate --weights weights.safetensors --json
between 0.70 "$(number accuracy)" 0.80
[ "$(wc -l <history.csv)" = 6 ] || fail "history.csv has not a head and five epochs"

expect 0 ./fashion predict --weights weights.safetensors "$root/examples/data/trousers.png"
says rouser

sed 's/sgd(0.01)/adam/' "$root/examples/fashion.nn" >adam.nn
build adam.nn
expect 0 ./adam fit --seed 1 --save weights.safetensors --json
expect 0 ./adam evaluate --weights weights.safetensors --json
between 0.81 "$(number accuracy)" 0.86
