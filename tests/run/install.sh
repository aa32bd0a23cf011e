#!/usr/bin/env bash
# An installed nnc finds its runtime and its library beside itself, wherever the folder was moved to.
. "$(dirname "$0")/common/begin.sh"

expect 0 cmake --install "$(dirname "$nnc")" --prefix "$work/installed"
mv installed moved
nnc=$work/moved/bin/nnc
build playground.nn
expect 0 ./playground info
expect 0 "$nnc" explain E0203
absent build.o playground.o

# And its library; nothing else of the tree that it was built in is read.
for model in lenet5 vgg16 vgg19 resnet20 resnet50 mobilenet unet; do
    printf 'import "nn/%s.nn"\n' $model >whole.nn
    expect 0 "$nnc" check --files --model $model whole.nn
    says "$work/moved/share/nnc/library/nn/$model.nn"
done
