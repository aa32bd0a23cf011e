#!/usr/bin/env bash
# A standardized target: the loss is of standardized numbers, while metrics, those that are blocks
# included, and predictions in every form are in the units of the column. One that forgets the mean or
# the deviation is a million off.
. "$(dirname "$0")/common/begin.sh"

awk 'BEGIN {
    srand(1)
    print "a,b,price"
    for (i = 0; i < 300; i++) { a = rand(); b = 1.7e9 + int(1000 * rand()); print a "," sprintf("%d", b) "," 1e6 + 5e4 * a + 20 * (b - 1.7e9) }
}' >houses.csv
cat >houses.nn <<'END'
dataset houses = csv("houses.csv", target = price) -> standardize(target = true) -> split(test = 0.2)
block gap(prediction, target) { abs(prediction - target) }
model net(x) = x -> dense(1)
train net on houses {
    loss      = mse
    optimizer = adam(0.05)
    metrics   = [mae, mse, rmse, r2, gap]
    epochs    = 60
}
END
build houses.nn
expect 0 ./houses fit --seed 1 --save weights.safetensors --progress=none
expect 0 ./houses evaluate --weights weights.safetensors --json
between 1 "$(number mae)" 200
between 0.9999 "$(number r2)" 1
mae=$(number mae) gap=$(number gap) mse=$(number mse) loss=$(number loss) rmse=$(number rmse)
awk "BEGIN { exit !($gap / $mae > 0.99 && $gap / $mae < 1.01) }" || fail "the block sees $gap, mae is $mae"
# Deviations of prices: about 15,600 of both columns together.
awk "BEGIN { d = sqrt($mse / $loss); exit !(d > 14000 && d < 17000) }" || fail "mse $mse is not the loss $loss in units"
awk "BEGIN { exit !($rmse^2 / $mse > 0.999 && $rmse^2 / $mse < 1.001) }" || fail "rmse"

# The middle of both columns.
expect 0 ./houses predict --weights weights.safetensors 0 0
price=$(sed 's/.*: *//' out)
between 1030000 "$price" 1040000
expect 0 ./houses predict --weights weights.safetensors --json 0 0
says "[$price]"
expect 0 ./houses predict --weights weights.safetensors --csv 0 0
says "$price"
expect 0 ./houses predict --weights weights.safetensors --npy out.npy 0 0
expect 0 od -An -tf4 -j128 out.npy
between 1030000 "$(tr -d ' ' <out)" 1040000

# A deviation that was edited is named, where arrays and numbers are predicted, too: the file's length stays.
sed 's/\(\\"deviation\\": *\)[0-9]\([0-9.e+]*}\)/\1-\2/g' weights.safetensors >edited.safetensors
cmp -s weights.safetensors edited.safetensors && fail "nothing was edited"
expect 1 ./houses predict --weights edited.safetensors 0 0
says 'what `standardize` learnt of the column `price`, as the weights have it, is damaged'
one_message

# The past of a target behind windows is standardized with the same numbers: a mean that repeats is learnt.
awk 'BEGIN { print "y"; for (i = 0; i < 200; i++) print 5e5 + 1000 * (i % 2) }' >swing.csv
cat >swing.nn <<'END'
dataset swing = csv("swing.csv", target = y) -> standardize(target = true) -> windows(2) -> split(test = 0.2)
model next(x) = x -> flatten -> dense(1)
train next on swing { loss = mae  optimizer = adam(0.05)  metrics = mae  epochs = 40 }
END
build swing.nn
expect 0 ./swing fit --seed 1 --save swing.safetensors --progress=none
expect 0 ./swing evaluate --weights swing.safetensors --json
between 0 "$(number mae)" 100
