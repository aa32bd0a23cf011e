#!/usr/bin/env bash
# Corners of what arguments may be: epsilon = 0, elu without its tail, sums over a million weights.
. "$(dirname "$0")/common/begin.sh"

network() { # NAME LAYERS OPTIMIZER
    cat >"$1.nn" <<END
dataset points = moons(200)
model net(x: [2]) = x -> $2 -> dense(1, sigmoid)
train net on points {
    loss      = binary_crossentropy
    optimizer = $3
    batch     = 20
}
END
    build "$1.nn"
}

# The padding of vectors must not become 0 / 0. Widths that fill no vector have some.
for optimizer in adam adamw nadam rmsprop adagrad adadelta; do
    network $optimizer "dense(5, tanh)" "$optimizer(epsilon = 0)"
    expect 0 ./$optimizer fit --epochs 3 --save weights.safetensors
done

network relu "dense(8, relu)" sgd
network elu "dense(8, elu(alpha = 0))" sgd
for name in relu elu; do
    expect 0 ./$name fit --epochs 2 --seed 3 --step-log $name.csv --save weights.safetensors
done
cmp relu.csv elu.csv || fail "elu(alpha = 0) is not relu"

# 0.01 * 0.03 * 10^6 = 300, in single precision and in any order of summation to 1e-5.
wide="dense(1000) -> dense(1000, kernel_initializer = constant(0.03)"
network plain "$wide)" sgd
network penalized "$wide, kernel_regularizer = l1(0.01))" sgd
for name in plain penalized; do
    expect 0 ./$name fit --steps 1 --seed 3 --step-log $name.csv --save weights.safetensors
done
penalty=$(paste -d, plain.csv penalized.csv | awk -F, '$1 == 1 { printf "%.9g", $4 - $2 }')
between 299.997 "$penalty" 300.003
