#!/usr/bin/env bash
# Trainings that are killed at any moment, also while a checkpoint is written, and go on from it have the bits of those
# that never stopped: weights, losses of all steps, values of all epochs, logs of callbacks; with any number of threads. Fails where
# anything that a training depends on is not kept, or kept as of another moment. By hand, 306 kills, five minutes, or
# those of some programs:
#     RESUME_ROUNDS=17 tests/run/resume.sh [dense gan words two averaged moved]
. "$(dirname "$0")/common/begin.sh"
rounds=${RESUME_ROUNDS:-1}

cat >dense.nn <<'END'
dataset points = circles(600, factor = 0.5, noise = 0.2, seed = 1) -> split(validation = 0.25, test = 0.2)
model net(x) { x -> dense(30, relu) -> dropout(0.3) -> batch_norm -> dense(1, sigmoid) }
train net on points {
    loss      = crossentropy
    optimizer = adam(cosine(0.01, epochs = 100))
    metrics   = [accuracy, auc]
    epochs    = 100
    batch     = 7
    callbacks = [early_stopping(patience = 80, restore_best_weights = true), csv_log("dense.csv"), json_log("dense.jsonl", append = true), history("dense.json"),
                 checkpoint("dense-best.safetensors", monitor = val_accuracy, save_best_only = true)]
}
END

# Pictures are read from their files and moved: a loader makes the batches.
programs="dense gan words two averaged"
if cc -o pictures "$root/tests/run/common/pictures.c" -lpng -ljpeg 2>err; then
    ./pictures shapes 60 20 0
    programs+=" moved"
fi
cat >moved.nn <<'END'
dataset shapes = images("shapes", memory = none) -> resize(12, 12) -> scale(1/255)
              -> augment(flip(both), crop(pad = 1), rotate(10), brightness(0.1))
model net(image) { image -> conv2d(4, 3) -> batch_norm -> relu -> max_pool(2) -> flatten -> dense(2, softmax) }
train net on shapes {
    loss      = crossentropy
    optimizer = rmsprop(0.003)
    metrics   = [accuracy]
    epochs    = 25
    batch     = 8
    callbacks = [reduce_on_plateau(monitor = loss, factor = 0.7, patience = 1, cooldown = 1)]
}
END

cat >gan.nn <<'END'
dataset points = moons(256, noise = 0.05, seed = 1)
model maker(noise: [4]) { noise -> dense(16, relu) -> batch_norm -> dropout(0.1) -> dense(2) }
model judge(x: [2]) { x -> dense(16) -> batch_norm -> leaky_relu -> dropout(0.2) -> dense(1) }
train maker, judge on points {
    epochs = 700
    batch  = 24
    step criticize updates judge with adam(exponential_decay(1e-2, rate = 0.9, steps = 10)) {
        repeat = 2
        truth = crossentropy(judge(x), 1)
        minimize truth + crossentropy(normal(4) -> maker -> judge, 0)
        report truth
    }
    step forge updates maker with sgd(1e-2, momentum = 0.9) { minimize crossentropy(normal(4) -> maker -> judge, 1) }
}
END

awk 'BEGIN { for (i = 0; i < 3000; i++) {
        word = (i < 30 || i > 2950) ? "rare" i % 30 : "w" int(i * i / 7) % 41
        printf("%s%s", word, i % 12 == 11 ? "\n" : " ") } }' >words.txt
cat >words.nn <<'END'
dataset words = text("words.txt", unit = word) -> windows(4) -> split(validation = 0.02)
model writer(tokens: int[4]) { tokens -> embedding(words.vocabulary, 8) -> lstm(8, return_sequences = true, dropout = 0.1, recurrent_dropout = 0.1) -> dense(words.vocabulary) }
train writer on words {
    loss      = crossentropy
    optimizer = adam(0.01)
    epochs    = 12
    batch     = 4
}
END

# Two trainings, one after the other, with callbacks of their own.
cat >two.nn <<'END'
dataset points = circles(300, noise = 0.2, seed = 1) -> standardize -> split(validation = 0.25)
model net(x) { x -> dense(12, tanh, name = "first") -> dense(1, sigmoid) }
train net on points {
    loss      = crossentropy
    optimizer = sgd(0.1, momentum = 0.9)
    epochs    = 150
    batch     = 8
    callbacks = [early_stopping(patience = 40, restore_best_weights = true)]
}
train net on points {
    loss      = crossentropy
    optimizer = adamw(0.003)
    freeze    = ["first"]
    epochs    = 150
    batch     = 8
}
END

# Steps of several batches, averages of several kinds.
cat >averaged.nn <<'END'
dataset points = circles(200, noise = 0.2, seed = 1) -> split(validation = 0.25)
model net(x) { x -> dense(12, relu) -> dropout(0.2) -> batch_norm -> dense(1, sigmoid) }
train net on points {
    loss       = crossentropy
    optimizer  = adam(warmup(one_cycle(0.05, epochs = 90), epochs = 3), use_ema = true, ema_momentum = 0.98,
                      ema_overwrite_frequency = 50)
    epochs     = 150
    batch      = 8
    accumulate = 3
    callbacks  = [swap_ema(on_epoch), swa(20, every = 3), early_stopping(patience = 140, restore_best_weights = true)]
}
END

fits() { # PROGRAM NAME THREADS ..: all that a run leaves
    local program=$1 name=$2 threads=$3
    shift 3
    "./$program" fit --seed 5 --threads "$threads" --save "$name.safetensors" --step-log "$name.steps" \
        --history "$name.history" --progress=none "$@" >out 2>err </dev/null
}

same() { # PROGRAM
    cmp -s run.steps whole.steps || fail "$1: other losses: $(cmp run.steps whole.steps)"
    cmp -s run.history whole.history || fail "$1: other values of epochs: $(diff run.history whole.history | head -n 4)"
    cmp -s <(weights run.safetensors) <(weights whole.safetensors) || fail "$1: other weights"
    [ -n "$(history whole.safetensors)" ] || fail "$1: no history in the weights"
    [ "$(history run.safetensors)" = "$(history whole.safetensors)" ] || fail "$1: another history in the weights"
    for log in csv jsonl json; do
        [ ! -e "$1.$log" ] || cmp -s "$1.$log" "whole.$log" || fail "$1: another $1.$log"
    done
}

weights() { # without the header, of which the counters of a file are part
    tail -c +$(($(od -An -t u8 -N 8 "$1") + 9)) "$1"
}

history() { # that reports draw, in the header
    head -c $(($(od -An -t u8 -N 8 "$1") + 8)) "$1" | grep -ao '"history": "[^}]*}'
}

milliseconds() {
    echo $(($(date +%s%N) / 1000000))
}

# A run that is killed somewhere, which may be before its first step or after its last one.
dies() { # PROGRAM MILLISECONDS
    local seconds run
    seconds=$(printf '%d.%03d' $(($2 / 1000)) $(($2 % 1000)))
    "./$1" fit --seed 5 --threads $((1 + RANDOM % 3)) --save run.safetensors \
        --step-log run.steps --history run.history --progress=none --checkpoint kept.safetensors \
        --every $((1 + RANDOM % 40)) --resume >out 2>err </dev/null &
    run=$!
    disown $run # the shell says nothing of its end
    sleep "$seconds"
    kill -KILL $run 2>/dev/null
    while kill -0 $run 2>/dev/null; do sleep 0.01; done
    killed=$((killed + 1))
    ! grep -qs 'nnc.checkpoint' .nnc-tmp-* || at_work=$((at_work + 1))
}

survives() { # PROGRAM
    local program=$1 round start length
    build "$program.nn"
    start=$(milliseconds)
    fits "$program" whole 2 || fail "$program: does not train"
    length=$(($(milliseconds) - start))
    for log in csv jsonl json; do
        [ ! -e "$program.$log" ] || mv "$program.$log" "whole.$log"
    done
    for ((round = 0; round < rounds; round++)); do
        rm -f run.* kept* $program.jsonl
        for part in 2 3 4; do dies "$program" $((10 + RANDOM % (length / part + 1))); done
        fits "$program" run $((1 + RANDOM % 3)) --checkpoint kept.safetensors --every 13 --resume ||
            fail "$program: does not go on"
        same "$program"
    done
}

killed=0 at_work=0 # while a checkpoint was written
for program in ${*:-$programs}; do survives $program; done
[ "$rounds" = 1 ] || echo "$killed runs were killed, $at_work of them while a checkpoint was written"
