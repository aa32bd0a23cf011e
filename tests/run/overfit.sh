#!/usr/bin/env bash
# --overfit: a model that can learn does so; one that cannot is told why, each reason by a program that has it.
# --dry-run: everything is touched once, what would fail later fails now, and nothing is left behind.
. "$(dirname "$0")/common/begin.sh"

awk 'BEGIN { print "a,b,y"; for (i = 0; i < 64; i++) { a = (i * 37 % 64) / 32 - 1; b = (i * 11 % 64) / 32 - 1
             print a "," b "," 3 * a - 2 * b * b } }' >numbers.csv
# Each row twice, with other targets.
awk -F, 'NR == 1 { print; next } { print; print $1 "," $2 "," $3 + 2 }' numbers.csv >twice.csv
net() { # FILE MODEL OPTIMIZER
    printf 'dataset rows = csv("%s", target = y)\nmodel net(x) {\n    x -> %s\n}\ntrain net on rows { loss = mse  optimizer = %s  epochs = 3  batch = 32 }\n' "$1" "$2" "$3"
}
touch before after
good='dense(32, tanh) -> dense(1)'
try() { # NAME STATUS TEXT..
    local status=$2 text
    build net.nn "$1"
    ls >before
    expect "$status" "./$1" fit --overfit 2 --steps 6000
    shift 2
    for text; do says "$text"; done
    ls >after
    cmp before after || fail "something was written: $(diff before after)"
}

net numbers.csv "$good" 'adam(0.01)' >net.nn
try good 0 '64 samples are learnt by heart'
expect 0 ./good fit --overfit 1 --json
between 32 "$(number samples)" 32
[ "$(grep -c '"reached": true' out)" = 1 ] || fail "JSON: $(cat out)"
net twice.csv "$good" 'adam(0.01)' >net.nn
build net.nn twice
expect 1 ./twice fit --overfit 4 --steps 4000
says '128 samples have the same inputs as others and other targets'
net numbers.csv 'dense(32, tanh) -> dense(1, sigmoid)' 'adam(0.01)' >net.nn
try sigmoid 1 'are not learnt by heart' 'the output stays within' 'another activation of the last layer'
net numbers.csv 'dense(32, tanh) -> dense(1, relu)' 'adam(0.01)' >net.nn
try walled 1 'the output stays within 0 ..'
net numbers.csv 'dense(32, tanh) -> dropout(0.9) -> dense(1)' 'adam(0.001)' >net.nn
try dropout 1 '`dropout` (line 3): chance takes part'
net numbers.csv 'dense(32, tanh, kernel_regularizer = l2(1)) -> dense(1, kernel_regularizer = l2(1))' 'adam(0.01)' >net.nn
try penalty 1 'regularizers add to the loss'
net numbers.csv "$good" 'adamw(0.01, weight_decay = 20)' >net.nn
try decay 1 '`weight_decay = 20` of `adamw`'
net numbers.csv 'dense(32, relu, bias_initializer = constant(-100)) -> dense(1)' 'adam(0.001)' >net.nn
try dead 1 'is the same for all samples'
net numbers.csv "$good" 'sgd(1e-6)' >net.nn
try slow 1 'learning rate'
net numbers.csv 'dense(1)' 'adam(0.01)' >net.nn
try small 1 '3 parameters are trained, and 64 targets'
cat >steps.nn <<'END'
dataset rows = csv("numbers.csv", target = y)
model net(x) { x -> dense(1) }
train net on rows { step one updates net with adam { minimize mse(x -> net, y) } epochs = 2 batch = 32 }
END
build steps.nn
expect 2 ./steps fit --overfit 1
says 'is of trainings with `loss = ..`'
expect 2 ./good fit --overfit 1 --dry-run

# ---- Everything once.
cat >all.nn <<'END'
dataset rows = csv("numbers.csv", target = y) -> split(validation = 0.2, test = 0.2)
model net(x) { x -> dense(8, tanh) -> dense(1) }
train net on rows {
    loss = mse  optimizer = adam  epochs = 3  batch = 8
    callbacks = [csv_log("log.csv"), checkpoint("best/w.safetensors")]
}
train net on rows { loss = mae  optimizer = sgd  epochs = 3  batch = 8 }
END
build all.nn
dry() { # STATUS OPTION..
    local status=$1
    shift
    find . | sort >before
    expect "$status" ./all fit --dry-run "$@"
    find . | sort >after
    cmp before after || fail "something was left behind: $(diff before after)"
}
dry 0
for text in 'data ' 'weights ' 'outputs ' 'step ' 'validation ' 'test ' 'save ' 'training 2 of 2' 'nothing was left behind'; do
    says "$text"
done
dry 0 --json --checkpoint c.safetensors --history h.csv --step-log s.csv --save runs.safetensors
[ "$(grep -o '"stage"' out | wc -l)" = 15 ] || fail "stages: $(cat out)"
dry 1 --save nowhere/w.safetensors
says 'outputs     failed'
dry 2 --batch 9
dry 0 --run runs --every 10
dry 2 --run runs --resume
says 'leave `--resume` out'
mv numbers.csv away.csv
dry 1
mv away.csv numbers.csv
# What was trained stays as it is.
expect 0 ./all fit --progress=none
cksum all.safetensors log.csv best/w.safetensors >sums
dry 0 --weights all.safetensors
cksum all.safetensors log.csv best/w.safetensors | cmp - sums || fail "a dry run changed files"
net numbers.csv 'dense(32, tanh) -> dense(1) -> log' adam >net.nn
build net.nn all
dry 4
says 'the loss of the first step is not finite'
# One sample is no reason to say that all samples get one answer.
net numbers.csv "$good" 'sgd(1e-9)' | sed 's/batch = 32/batch = 1/' >net.nn
build net.nn one
expect 1 ./one fit --overfit 1 --steps 100
grep -q 'same for all samples' err && fail "of one sample: $(cat err)"
expect 1 ./all fit --overfit 1
says 'the first loss is not finite'
grep -q -- -nan err && fail "a sign of NaN: $(cat err)"
exit 0
