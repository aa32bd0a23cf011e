#!/usr/bin/env bash
# Weights of samples in all modes: the loss of a table in which each row counts 2 is twice that of the
# same table without, in training, validation and evaluation, while `metrics` do not know of them.
. "$(dirname "$0")/common/begin.sh"

awk 'BEGIN {
    srand(1)
    print "a,b,w,y"
    for (i = 0; i < 200; i++) { a = rand(); b = rand(); print a "," b "," (i < 150 ? 2 : 0) "," (a > b) }
}' >rows.csv
for name in weighted plain; do
    entry=$([ $name = weighted ] && echo 'sample_weight = w' || echo '')
    stage=$([ $name = plain ] && echo '-> drop(w)' || echo '')
    cat >$name.nn <<END
dataset rows = csv("rows.csv", target = y) $stage -> standardize -> split(test = 0.25, validation = 0.25)
model net(x: [2]) = x -> dense(8, relu) -> dense(1, sigmoid)
train net on rows { loss = crossentropy  optimizer = sgd(0.1)  $entry  metrics = accuracy  batch = 20 }
END
    build $name.nn
done
expect 0 ./plain init --seed 3 --save start.safetensors

# Both stop before the first step changes anything that the next one would see.
for name in weighted plain; do
    expect 0 ./$name fit --weights start.safetensors --steps 1 --learning-rate 0.000001 --no-shuffle \
        --step-log $name.csv --save $name.safetensors --json --progress=none
    number val_loss >$name.loss
    number val_accuracy >>$name.loss
done
twice() { awk "BEGIN { r = $1 / $2; exit !(r > 1.9999 && r < 2.0001) }" || fail "$3: $1 is not twice $2"; }
last() { tail -n 1 "$1" | cut -d, -f2; }
twice "$(last weighted.csv)" "$(last plain.csv)" "the loss of training"
twice "$(sed -n 1p weighted.loss)" "$(sed -n 1p plain.loss)" "the loss of validation"
[ "$(sed -n 2p weighted.loss)" = "$(sed -n 2p plain.loss)" ] || fail "accuracies differ"
# The rows of the test part count 0.
expect 0 ./weighted evaluate --weights start.safetensors --json
between 0 "$(number loss)" 0
expect 0 ./plain evaluate --weights start.safetensors --json
between 0.1 "$(number loss)" 10
# Predictions need none.
expect 0 ./weighted predict --weights start.safetensors 0.5 0.5
