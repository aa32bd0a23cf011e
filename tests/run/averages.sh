#!/usr/bin/env bash
# Averages of the weights, and what else callbacks do with them: swap_ema, swa, checkpoint(every = ..), max_time. What Keras
# computes is steps/averages. Fails where weights at the end are not the averages, where validation, a checkpoint or
# `samples` see other ones than swap_ema says, where training goes on from averages, where a checkpoint of the program is
# another one than that of --checkpoint, or where a time that is over is of another block.
. "$(dirname "$0")/common/begin.sh"

program() { # OPTIMIZER CALLBACKS ENTRIES
    cat <<END
dataset points = circles(80, noise = 0.2, seed = 1) -> split(validation = 0.25)
model net(x) { x -> dense(6, tanh) -> batch_norm -> dense(1, sigmoid) }
train net on points {
    loss      = crossentropy
    optimizer = $1
    epochs    = 5
    batch     = 8
    callbacks = [$2]
    ${3:-}
}
END
}

names="dense/kernel dense/bias batch_norm/gamma batch_norm/moving_mean dense_1/kernel"
same_weights() { # FILE FILE
    local name
    for name in $names; do
        [ "$(tensor "$1" $name)" = "$(tensor "$2" $name)" ] || fail "$1 and $2: other weights $name"
    done
}
fits() { # PROGRAM ..
    local program=$1
    shift
    expect 0 "./$program" fit --seed 4 --save "$program.safetensors" --progress=none --json "$@"
}
ema="adam(0.03, use_ema = true, ema_momentum = 0.9)"

# ---- What validation sees: the weights, or with swap_ema their averages, which they are at the end.

program "$ema" "" >plain.nn
program "$ema" 'checkpoint("raw{epoch}.safetensors"), swap_ema, checkpoint("raw.safetensors")' >swapped.nn
program "$ema" 'checkpoint("before.safetensors"), swap_ema(on_epoch), checkpoint("e{epoch}.safetensors")' >early.nn
for name in plain swapped early; do build $name.nn; done
fits plain --step-log plain.csv
plain=$(number val_loss)
fits swapped --step-log swapped.csv
last=$(grep -o '"val_loss": *[0-9.e-]*' out | tail -n 1 | sed 's/.*: *//')
cmp -s plain.csv swapped.csv || fail "training goes on from averages"
[ "$plain" != "$(number val_loss)" ] || fail "validation sees the weights in spite of swap_ema"
same_weights plain.safetensors swapped.safetensors
same_weights raw5.safetensors raw.safetensors
expect 0 ./swapped evaluate --weights swapped.safetensors --json
between "$(awk -v x="$last" 'BEGIN { print x * 0.99999 }')" "$(number loss)" "$(awk -v x="$last" 'BEGIN { print x * 1.00001 }')"
fits swapped --epochs 1 --save first.safetensors # the first validation, too
first=$(number val_loss)
expect 0 ./swapped evaluate --weights first.safetensors --json
between "$(awk -v x="$first" 'BEGIN { print x * 0.99999 }')" "$(number loss)" "$(awk -v x="$first" 'BEGIN { print x * 1.00001 }')"
fits early --step-log early.csv
cmp -s plain.csv early.csv || fail "training goes on from what the callbacks see"
same_weights e5.safetensors early.safetensors
same_weights before.safetensors raw5.safetensors
[ "$(tensor raw5.safetensors dense/kernel)" != "$(tensor e5.safetensors dense/kernel)" ] || fail "no averages"
for threads in 1 3; do
    fits plain --threads $threads --save threads.safetensors
    same_weights threads.safetensors swapped.safetensors
done

# ---- `samples` shows what validation sees: the averages, which the weights are in a second block that changes nothing.

pictures() { # NAME CALLBACKS
    cat >$1.nn <<END
dataset points = moons(32, noise = 0.05, seed = 1)
model maker(noise: [4]) = noise -> dense(12, tanh) -> reshape(4, 3)
train maker on points {
    epochs = 3
    step forge updates maker with $ema { minimize mse(normal(4) -> maker, 0.5) }
    samples = normal(4, seed = 1) -> maker -> samples(count = 4)
    callbacks = [$2]
}
train maker on points {
    epochs = 1
    step forge updates maker with sgd(1e-30) { minimize mse(normal(4) -> maker, 0.5) }
    samples = normal(4, seed = 1) -> maker -> samples(count = 4)
}
END
    build $1.nn
    fits $1
}
pictures shown "swap_ema"
cmp shown-samples/epoch-0003.png shown-samples/epoch-0004.png || fail "samples are not made with the averages"
pictures hidden ""
cmp -s hidden-samples/epoch-0003.png shown-samples/epoch-0003.png && fail "samples are made with averages without swap_ema"
cmp hidden-samples/epoch-0004.png shown-samples/epoch-0004.png || fail "pictures change the training"

# ---- The mean of the weights after some epochs.

program "adam(0.03)" 'swa(1, every = 2), checkpoint("w{epoch}.safetensors")' >mean.nn
build mean.nn
fits mean
for name in $names; do
    for epoch in w2 w4 mean; do tensor $epoch.safetensors $name && echo; done |
        awk '{ for (i = 1; i <= NF; i++) if (NR < 3) sum[i] += $i / 2
               else { d = sum[i] - $i; if (d > 1e-6 || d < -1e-6) bad = 1 } }
             END { exit bad || NR != 3 }' || fail "$name is no mean"
done

# ---- Checkpoints that the program asks for.

program "$ema" 'checkpoint("kept.safetensors", every = 7)' 'accumulate = 2' >keeping.nn
build keeping.nn
fits keeping --step-log whole.csv
cp keeping.safetensors whole.safetensors
[ -e kept.safetensors~ ] && [ -e kept-best.safetensors ] || fail "one checkpoint is not all"
rm kept*
expect 0 ./keeping fit --seed 4 --steps 18 --save some.safetensors --step-log part.csv --progress=none
fits keeping --resume --step-log part.csv
cmp -s whole.csv part.csv || fail "other losses after --resume"
same_weights keeping.safetensors whole.safetensors
fits keeping --checkpoint other.safetensors --every 2epochs
[ -e other.safetensors~ ] || fail "the command line does not go before the program"
expect 2 ./plain fit --resume
says "needs \`--checkpoint FILE\` or"

# ---- A time that is over, and a loss that is not finite.

program "sgd(0.01)" 'max_time(0.8s), max_time(600s)' >timed.nn # of their own block, which is short
program "sgd(0.01)" 'max_time(1s)' | sed -n '/^train/,$p' | sed 's/epochs .*/epochs = 100000000/' >>timed.nn
build timed.nn
expect 3 ./timed fit --progress=none
says "max_time(1s) is over"
expect 0 ./timed predict 1 2
program "sgd(1e30)" 'terminate_on_nan' >infinite.nn
sed -i 's/crossentropy/mse/; s/, sigmoid//' infinite.nn
build infinite.nn
expect 4 ./infinite fit --progress=none
