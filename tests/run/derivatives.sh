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
    none    = gradient(x -> stop_gradient -> exp, x)
    place   = gradient(x[1], x)
    concat(once, twice, chance, beside, stopped, none, place)
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
