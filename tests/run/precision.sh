#!/usr/bin/env bash
# Training in bfloat16: the same bits for any number of threads and after a resume, about what float32 learns, weights files
# that both read, --precision over what the program says, and what a processor lacks. A worker's rows or chunk that
# another one changes, a rounding that depends on how a batch is divided, or an option that is lost would break it.
. "$(dirname "$0")/common/begin.sh"

cat >rounded.nn <<'END_OF_PROGRAM'
dataset points = spirals(600, noise = 0.02, seed = 1) -> split(test = 0.2, seed = 1)
model net(x: [2]) {
    x -> dense(64, relu) -> reshape([8, 8, 1]) -> conv2d(16, 3, same, relu) -> conv2d(33, 3, relu) -> flatten
      -> dense(48, relu) -> dense(2, softmax)
}
train net on points {
    loss      = crossentropy
    optimizer = adam(0.003)
    metrics   = accuracy
    precision = bfloat16
    epochs    = 25
    batch     = 50
}
END_OF_PROGRAM
build rounded.nn
for threads in 1 2 5; do
    expect 0 ./rounded fit --seed 1 --threads $threads --save $threads.safetensors --json
done
cmp 1.safetensors 2.safetensors || fail "two threads give other bits than one"
cmp 1.safetensors 5.safetensors || fail "five threads give other bits than one"
expect 0 ./rounded evaluate --weights 1.safetensors --json
rounded=$(number accuracy)

# Stopped after some steps, and resumed.
expect 0 ./rounded fit --seed 1 --checkpoint half.safetensors --epochs 9 --save unused.safetensors
expect 0 ./rounded fit --seed 1 --checkpoint half.safetensors --epochs 25 --resume --save resumed.safetensors
cmp 1.safetensors resumed.safetensors || fail "a resumed training has other bits"

# The option is stronger than the program, and changes what is computed; files fit both.
expect 0 "$nnc" build rounded.nn --precision float32 -o exact
expect 0 ./exact fit --seed 1 --save exact.safetensors --json
cmp -s 1.safetensors exact.safetensors && fail "--precision float32 changed nothing"
expect 0 ./exact evaluate --weights 1.safetensors --json
between "$(awk -v a="$rounded" 'BEGIN { print a - 0.03 }')" "$(number accuracy)" "$(awk -v a="$rounded" 'BEGIN { print a + 0.03 }')"
expect 0 ./exact evaluate --weights exact.safetensors --json
between "$(awk -v a="$rounded" 'BEGIN { print a - 0.1 }')" "$(number accuracy)" "$(awk -v a="$rounded" 'BEGIN { print a + 0.1 }')"
between 0.7 "$rounded" 1

# What a build computes is told: as another precision is no other source, `expand`, the run and the checkpoint say it.
expect 0 ./rounded info
says "batch 50, bfloat16,"
expect 0 ./exact info --json
says '"precision": "float32"'
expect 0 "$nnc" expand rounded.nn --precision=float32
grep -q 'precision *= float32' out || fail "expand does not say what the option says"
"$nnc" expand rounded.nn >as-written
expect 0 "$nnc" expand rounded.nn --precision=bfloat16
cmp out as-written || fail "an option that says what the program says makes another program"
expect 0 "$nnc" summary rounded.nn
says "Precision of products: bfloat16"
expect 0 ./exact fit --epochs 1 --run told --save unused.safetensors
grep -q '"precision": "float32"' told/*/run.json || fail "the run does not tell its precision"
expect 1 ./exact fit --checkpoint half.safetensors --epochs 26 --resume --save unused.safetensors
says "\`precision  = float32\` was \`precision  = bfloat16\`; if that is meant, \`--changed\` goes on"
expect 0 ./exact fit --checkpoint half.safetensors --epochs 26 --resume --changed --save unused.safetensors

# Memory that is spared changes no bits.
expect 0 "$nnc" build rounded.nn --max-memory 12M -o spared
expect 0 ./spared fit --seed 1 --save spared.safetensors
cmp 1.safetensors spared.safetensors || fail "--max-memory gives other bits"

expect 2 "$nnc" build rounded.nn --precision half
says "--precision is float32 or bfloat16, not \`half\`"

# Long sums have all digits: the gradient of 16384 equal samples is that of 64. A chain of additions in float32 would lose
# 6e-5 of it here, as each product, 16641/16384, is rounded to the digits of what is there (tiles add some up before they round).
printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (16384, 32), }" >x.npy
printf '\x00\x00\x81\x3f%.0s' {1..1024} >some # 1.0078125
for _ in {1..512}; do cat some; done >>x.npy
cat >long.nn <<'END_OF_PROGRAM'
param size = 64
dataset points = npy("x.npy", target = "x.npy")
model net(x: [32]) { x -> dense(32, bias = false, init = zeros) }
train net on points {
    loss      = mse
    optimizer = sgd(1)
    precision = bfloat16
    epochs    = 1
    batch     = size
}
END_OF_PROGRAM
for size in 64 16384; do
    expect 0 "$nnc" build --cpu=x86-64-v3 long.nn -D size=$size -o long
    expect 0 ./long fit --steps 1 --save long.safetensors
    tensor long.safetensors dense/kernel | awk '{ print $1 }' >$size.weight
done
long=$(cat 16384.weight)
between "$(awk '{ print $1 * 0.99999 }' 64.weight)" "$long" "$(awk '{ print $1 * 1.00001 }' 64.weight)"
