#!/usr/bin/env bash
# Weights files: init gives the same bytes for the same seed, fit goes on from a file, and a file of
# another model, a broken one or none is one message with status 1.
. "$(dirname "$0")/common/begin.sh"

build playground.nn
expect 0 ./playground init --seed 3 --save one.safetensors
expect 0 ./playground init --seed 3 --save two.safetensors
cmp one.safetensors two.safetensors || fail "the same seed gives other weights"
expect 0 ./playground init --seed 4 --save two.safetensors
! cmp -s one.safetensors two.safetensors || fail "another seed gives the same weights"
expect 0 ./playground fit --weights one.safetensors --epochs 1 --save two.safetensors

refused() { # FILE: is no weights file of the playground
    expect 1 ./playground evaluate --weights "$1"
    one_message
    says "$1"
}
sed 's/dense(4, tanh)/dense(5, tanh)/' "$root/examples/playground.nn" >other.nn
build other.nn
expect 0 ./other init --seed 3 --save other.safetensors
refused other.safetensors
refused missing.safetensors
refused home
: >empty.safetensors
refused empty.safetensors
head -c 100 one.safetensors >short.safetensors
refused short.safetensors
head -c $(($(stat -c %s one.safetensors) - 4)) one.safetensors >short.safetensors
refused short.safetensors
head -c 4096 /dev/urandom >noise.safetensors
refused noise.safetensors
{ printf '\377\377\377\377\377\377\377\177' && tail -c +9 one.safetensors; } >length.safetensors
refused length.safetensors
{ printf '\002\0\0\0\0\0\0\0{}'; } >nothing.safetensors
refused nothing.safetensors
sed 's/F32/F64/' one.safetensors >type.safetensors
refused type.safetensors

{ head -c -4 one.safetensors && printf '\0\0\300\177'; } >nan.safetensors
refused nan.safetensors
says nan

refused_input() {
    expect 1 ./playground predict --weights one.safetensors "$1"
    says "$1"
}
refused_input missing.npy
echo "not numbers" >words.npy
refused_input words.npy
