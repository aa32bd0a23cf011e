#!/usr/bin/env bash
# Programs that need more memory than there can be are refused when they are compiled.
. "$(dirname "$0")/common/begin.sh"

wide() { # UNITS
    echo "model m(x: [100]) { x -> dense($1) -> dense($1) -> dense($1) }" >wide.nn
}
wide 5900000 # 2 * 5900000^2 weights of 4 bytes: more than 2^47
expect 1 "$nnc" build wide.nn -o wide --cpu=x86-64-v3
says E0205
says 'of memory, but a program can have 140737.5 GB'
absent wide

wide 2000000 # 32 TB: for some other machine
expect 1 "$nnc" build wide.nn -o wide
says 'but this machine has'
says '--cpu=x86-64-v3'
absent wide
expect 0 "$nnc" build wide.nn -o wide --cpu=x86-64-v3
expect 1 ./wide init --seed 1 --save weights.safetensors
one_message

# A batch that multiplies wide layers beyond all memory.
cat >batch.nn <<'END'
dataset points = circles(1000, factor = 0.3)
model net(x) { x -> dense(10000000, tanh) -> dense(1, sigmoid) }
train net on points { loss = crossentropy
                      optimizer = sgd
                      epochs = 1
                      batch = 1048576 }
END
expect 1 "$nnc" build batch.nn -o batch
says E0205
