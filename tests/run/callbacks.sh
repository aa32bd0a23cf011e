#!/usr/bin/env bash
# A training with everything: a schedule, early stopping that restores the best weights, checkpoints
# and a log, on Fashion-MNIST. The weights that are saved are those of the best epoch, and a
# checkpoint is a file to go on from. Bounds as in fashion.sh.
. "$(dirname "$0")/common/begin.sh"
needs_fashion_mnist

cat >train.nn <<'END'
dataset clothes = fashion_mnist -> scale(1/255) -> split(validation = 0.1, seed = 1)
model mlp(image: [28, 28]) { image -> flatten -> dense(64, relu) -> dense(10, softmax) }
train mlp on clothes {
    loss      = crossentropy
    optimizer = adam(step_decay(0.02, drop = 0.5, epochs = 2))
    metrics   = accuracy
    epochs    = 30
    batch     = 100
    callbacks = [early_stopping(patience = 2, restore_best_weights = true),
                 checkpoint("files/{epoch:02d}.safetensors"),
                 checkpoint("best.safetensors", val_accuracy, save_best_only = true),
                 csv_log("log.csv")]
}
END
build train.nn
expect 0 ./train info
says "adam, learning rate step_decay(initial = 0.02, drop = 0.5, epochs = 2), 30 epochs"
says "early_stopping(monitor = val_loss, "

expect 0 ./train fit --seed 1 --json --history history.csv
between 0.84 "$(number val_accuracy)" 0.92
says '"stopped_early": true'
epochs=$(number epochs) best=$(number restored_epoch)
[ "$epochs" = $((best + 2)) ] || fail "stopped after epoch $epochs, with the best epoch $best"
[ "$(ls files | wc -l)" = "$epochs" ] || fail "not one checkpoint an epoch"
[ "$(wc -l <log.csv)" = $((epochs + 1)) ] || fail "log.csv has not a head and $epochs epochs"
tr -d '\r' <log.csv | cmp - history.csv || fail "the log differs from the history"

# The best epoch has the smallest val_loss, the fifth column. Weights files differ in the numbers of
# the training in their heads, so the ends are compared.
least=$(awk -F, 'NR > 1 && (least == "" || $5 + 0 < least) { least = $5 + 0; epoch = NR - 1 }
                 END { print epoch }' history.csv)
[ "$least" = "$best" ] || fail "the best epoch is $least, not $best"
values=$((4 * (784 * 64 + 64 + 64 * 10 + 10)))
same_values() {
    cmp <(tail -c $values "$1") <(tail -c $values "$2") || fail "$1 and $2 hold other weights"
}
same_values train.safetensors "files/$(printf %02d "$best").safetensors"
expect 0 ./train evaluate --weights best.safetensors --json
between 0.83 "$(number accuracy)" 0.91
expect 0 ./train fit --weights best.safetensors --epochs 1 --save more.safetensors --json
between 0.83 "$(number val_accuracy)" 0.92

# The rate of a schedule's first step can be replaced.
expect 0 ./train fit --seed 1 --epochs 1 --learning-rate 1e-6 --save slow.safetensors --json
between 0.02 "$(number accuracy)" 0.4

# What cannot be written is said before training begins.
refused() {
    expect 1 ./train fit --epochs 1 --save w.safetensors
    one_message
    absent w.safetensors
    ! grep -q loss out || fail "trained before it looked at its files"
}
rm -r files best.safetensors
touch files
refused
rm files
mkdir best.safetensors
refused
rmdir best.safetensors
long=$(printf 'a%.0s' {1..256})
for option in --save --history --step-log --checkpoint; do
    expect 1 ./train fit --epochs 1 $option "$long"
    one_message
    says 'File name too long'
    ! grep -q loss out || fail "$option: trained before it looked at its files"
done
expect 2 ./train fit --epochs 1 --save best.safetensors
says "name the same file"

# One that cannot be written later costs the training nothing.
mkdir -p files/02.safetensors
expect 1 ./train fit --seed 1 --epochs 3 --save w.safetensors
says "training goes on"
says "the weights are saved in \`w.safetensors\`"
[ -e files/03.safetensors ] || fail "no checkpoint after one that failed"
expect 0 ./train evaluate --weights w.safetensors
