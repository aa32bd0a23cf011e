#!/usr/bin/env bash
# Regression from .npy files: the mean absolute error after training, in miles per gallon.
. "$(dirname "$0")/common/begin.sh"

build auto-mpg.nn
expect 0 ./auto-mpg fit --seed 1 --save weights.safetensors --json
expect 0 ./auto-mpg evaluate --weights weights.safetensors --json
between 1 "$(number mae)" 2.6
