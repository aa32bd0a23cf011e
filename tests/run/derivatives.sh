#!/usr/bin/env bash
# gradient(y, x) in a model that predicts: once and twice, of a loss by the probability that it would
# look behind, by a value that inference passes on, through and beside what stops gradients.
. "$(dirname "$0")/common/begin.sh"

cat >slopes.nn <<'NN'
model slopes(x: [2]) {
    cubes   = x * x * x
    once    = gradient(cubes, x)
    twice   = gradient(once, x)
    p       = x -> sigmoid
    chance  = gradient(binary_crossentropy(p, 1), p)
    d       = x -> dropout(0.5)
    beside  = gradient(square(d) + x * 100, d)
    stopped = gradient(x * stop_gradient(square(x)), x)
    nothing = gradient(x -> stop_gradient -> exp, x)
    place   = gradient(x[1], x)
    concat(once, twice, chance, beside, stopped, nothing, place)
}
NN
build slopes.nn
expect 0 ./slopes init
expect 0 ./slopes predict 0.5 -2 --json
seen=$(sed 's/.*"outputs": \[\([^]]*\)\].*/\1/; s/,//g' out)

# 3 x^2, 6 x, -1 / (2 p) for the mean of two, 2 x, x^2, 0, and 1 for the second number alone.
awk -v seen="$seen" 'BEGIN {
    count = split("0.75 12 3 -12 -0.803265 -4.194528 1 -4 0.25 4 0 0 0 1", wanted)
    if (split(seen, values) != count) exit 1
    for (i = 1; i <= count; i++) {
        difference = values[i] - wanted[i]
        if (!(difference < 1e-5 && difference > -1e-5)) exit 1
    }
}' || fail "the derivatives are $seen"

# Differentiated three times: convolutions back and forth, pools, batch statistics, a softmax.
cat >thrice.nn <<'NN'
dataset points = circles
model critic(x: [2]) {
    x -> dense(36, tanh) -> reshape(6, 6, 1) -> conv2d(3, 3, same, swish) -> batch_norm -> max_pool
      -> conv2d_transpose(2, 3, same, stride = 2) -> average_pool -> separable_conv2d(3, 2)
      -> flatten -> layer_norm -> dense(4, softmax) -> dense(1, sigmoid)
}
train critic on points {
    batch = 8
    step judge updates critic with sgd(1e-3) {
        z      = 0.5 * x + 0.1
        p      = critic(z)
        slope  = gradient(p, z)
        second = gradient(sum(square(slope)), z)
        minimize sum(square(slope)) + sum(square(second)) + sum(gradient(crossentropy(p, 1), p))
    }
}
NN
expect 0 "$nnc" gradcheck thrice.nn
says ": ok"
expect 0 "$nnc" run thrice.nn fit --epochs 1 --progress none
