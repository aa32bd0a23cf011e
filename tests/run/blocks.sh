#!/usr/bin/env bash
# Several `train` blocks run in order, each with an optimizer, a schedule and callbacks of its own:
# steps and epochs of a schedule count from the block's beginning, numbers of epochs go on.
. "$(dirname "$0")/common/begin.sh"

head='dataset points = circles(300, factor = 0.5, noise = 0.1, seed = 2) -> split(validation = 0.2)
model net(x) { x -> dense(8, tanh) -> dense(1, sigmoid) }'
first='train net on points { loss = crossentropy  optimizer = adam(0.02)  epochs = 3  batch = 16 }'
second='train net on points {
    loss = crossentropy  optimizer = adam(exponential_decay(0.05, rate = 0.5, epochs = 1))
    metrics = accuracy  epochs = 4  batch = 16
    callbacks = [checkpoint("w{epoch}.safetensors"), early_stopping(val_accuracy, patience = 100)] }'
printf '%s\n' "$head" "$first" >first.nn
printf '%s\n' "$head" "$second" >second.nn
printf '%s\n' "$head" "$first" "$second" >both.nn
for name in first second both; do build $name.nn; done

# Both blocks at once are the second one gone on from the weights of the first.
options="--seed 1 --no-shuffle"
expect 0 ./both fit $options --step-log both.csv --history history.csv
says "training 1 of 2: 3 epochs, 33 of 33 parameters are trained"
says "Epoch 4/7"
for epoch in 4 5 6 7; do [ -e w$epoch.safetensors ] || fail "no checkpoint of epoch $epoch"; done
grep -q '^3,NA,' history.csv || fail "the first block reports no accuracy"
expect 0 ./first fit $options --step-log first.csv
expect 0 ./second fit $options --weights first.safetensors --step-log second.csv
steps=$(($(wc -l <first.csv) - 1))
{ cat first.csv && awk -F, -v steps=$steps 'NR > 1 { print $1 + steps "," $2 }' second.csv; } |
    cmp - both.csv || fail "the blocks together differ from one after the other"

# --steps counts over all blocks.
expect 0 ./both fit $options --steps $((steps + 2)) --step-log few.csv
[ "$(wc -l <few.csv)" = $((steps + 3)) ] || fail "not $((steps + 2)) steps"
