#!/usr/bin/env bash
# A loss or a weight that is no number: the first value that is not finite is named, whatever the network; the step is
# kept, the same bits with any number of threads, and `replay` says the same of it.
. "$(dirname "$0")/common/begin.sh"
command -v python3 >/dev/null || skip "no python3"

points='dataset points = spirals(n = 400, noise = 0.1, seed = 1)'
net() { # MODEL TRAINING
    printf '%s\nmodel net(x: [2]) {\n    %s\n}\ntrain net on points {\n    %s  epochs = 30  batch = 32\n}\n' "$points" "$1" "$2"
}
# The block of lines that fit says of the value, and replay again.
finding() {
    sed -n '/first not finite/,$p' err | grep -v -e '^  the batch and' -e '^  that was' -e '^  what helps'
}
# NAME TEXT..: fits NAME.nn with one worker and with three, replays both files, and looks for the texts.
breaks() {
    local name=$1 text threads
    shift
    build "$name.nn"
    for threads in 1 3; do
        expect 4 "./$name" fit --progress=none --threads $threads --save $threads.safetensors
        one_message
        for text; do says "$text"; done
        says "\`./$name replay $threads.not-finite.safetensors\` shows this again"
        finding >$threads.finding
        absent $threads.safetensors
    done
    cmp 1.finding 3.finding || fail "other values with other workers: $(diff 1.finding 3.finding)"
    [ "$(head -c 200000 1.not-finite.safetensors | cksum)" = "$(head -c 200000 3.not-finite.safetensors | cksum)" ] ||
        fail "$name: the kept steps differ"
    mv 1.not-finite.safetensors "$name.step"
    rm 3.not-finite.safetensors
    expect 4 "./$name" replay "$name.step"
    one_message
    finding >again
    cmp 1.finding again || fail "replay says something else: $(diff 1.finding again)"
}

# Too far a step: forwards, where the last layer overflows; the operator of a logarithm.
net 'x -> dense(16, relu) -> dense(1)' 'loss = mse  optimizer = sgd(1000)' >far.nn
breaks far 'the loss became infinite in epoch 1' 'in the forward pass' '`dense_1/kernel` [16, 1]:' 'smaller learning rate'
net 'h = x -> dense(16, relu)
    g = h -> log
    g -> dense(1, sigmoid)' 'loss = crossentropy  optimizer = adam' >log.nn
breaks log 'the loss became NaN in epoch 1, step 1 of 13' 'first not finite: `log` of `log` (line 4: `g = h -> log`)' \
    'is infinite for' 'samples: rows' 'logarithm'
# The update of a weight, which the loss of its own step does not show.
net 'x -> dense(16, tanh) -> dense(1)' 'loss = mse  optimizer = sgd(1e39)' >update.nn
breaks update 'after its update'
# A loop over steps, an optimizer with state, dropout, later than the first epoch.
net 'x -> reshape(2, 1) -> gru(8, activation = relu) -> dropout(0.2) -> dense(1)' \
    'loss = mse  optimizer = sgd(5, momentum = 0.9)' >loop.nn
breaks loop 'first not finite'
# Of several batches at once.
net 'x -> dense(16, tanh) -> dense(1)' 'loss = mse  optimizer = sgd(1e39)  accumulate = 3' >several.nn
breaks several 'after the update by several batches is infinite'
# A rate that a callback lowered: an earlier epoch cannot be run again with it.
net 'x -> dense(1)' 'loss = mse  optimizer = sgd(0.5)
    callbacks = [reduce_on_plateau(monitor = loss, patience = 1, factor = 0.999)]' >plateau.nn
breaks plateau 'first not finite'
grep -q 'in epoch [2-9]' err || grep -q 'epoch [2-9]' out || fail 'it was to grow for some epochs'
# The second of two steps, which train each other.
cat >gan.nn <<END
$points
model maker(z: [2]) { z -> dense(8, relu) -> dense(2) }
model judge(x: [2]) { x -> dense(8, relu) -> dense(1) }
train maker, judge on points {
    epochs = 30  batch = 32
    step a updates judge with adam(0.001) {
        minimize crossentropy(judge(x), 1) + crossentropy(normal(2) -> maker -> judge, 0)
    }
    step b updates maker with sgd(1e4) { minimize crossentropy(normal(2) -> maker -> judge, 1) }
}
END
breaks gan 'the loss of step' 'judge/dense'
# Rows of a table that a batch names, of batches that a thread of its own makes, states of a batch before.
awk 'BEGIN { for (i = 0; i < 2003; i++) printf "%s", i % 6 < 3 ? "a" : "b" }' >book.txt
cat >table.nn <<'END'
dataset book = text("book.txt", unit = char) -> windows(4)
model writer(tokens: int[4]) {
    tokens -> embedding(book.vocabulary, 8) -> gru(8, return_sequences = true, stateful = true) -> dense(8) -> square
        -> dense(book.vocabulary)
}
train writer on book { loss = crossentropy  optimizer = sgd(1e4)  epochs = 10  batch = 16 }
END
breaks table 'first not finite'

# The first one is that of the step before the one whose loss shows it; the last step of all has no step behind it.
expect 4 ./update fit --progress=none
says 'the loss became NaN in epoch 1, step 2 of 13'
says 'that was in epoch 1, step 1'
expect 4 ./update fit --progress=none --steps 1
says 'weights became infinite or NaN in epoch 1, step 1 of 13'
# Nor does a loss of weights that are no numbers from the beginning, where a clip hides them.
net 'x -> dense(16, relu, bias_initializer = constant(1e39)) -> clip(0, 1) -> dense(1, sigmoid)' \
    'loss = crossentropy  optimizer = sgd(0.1)' >begin.nn
build begin.nn
expect 4 ./begin fit --progress=none
says 'the weights that the training begins with are not finite: `dense/bias`'
absent begin.safetensors begin.not-finite.safetensors

# The program may be another one meanwhile, if it has the same weights: so is tried whether a change helps.
net 'h = x -> dense(16, relu)
    g = h + 1 -> log
    g -> dense(1, sigmoid)' 'loss = crossentropy  optimizer = adam' >log.nn
build log.nn
expect 0 ./log replay log.step
says 'all values of the step are finite'
# Weights of the step can be used; it is nothing to go on from, and what is there to go on from is said.
expect 0 ./log evaluate --weights log.step
for command in "fit --progress=none --resume" "fit --resume --learning-rate 1e-9 --changed" "info"; do
    expect 2 ./log $command --checkpoint log.step
    one_message
    says '`log.step` is no checkpoint'
    says '`./log replay log.step` shows that again'
    says 'takes a checkpoint of that training, better that of its best epoch (`..-best.safetensors`) than its last one'
done
# So it is: with a smaller rate, or by a program that was mended.
net 'x -> dense(16, tanh) -> dense(1)' 'loss = mse  optimizer = sgd(piecewise(0.01, epochs = 5, rates = 2))' >late.nn
build late.nn
expect 0 ./late fit --progress=none --checkpoint late.st --epochs 5
expect 4 ./late fit --progress=none --checkpoint late.st --epochs 30 --resume
sed 's/rates = 2/rates = 0.005/' late.nn >mended.nn
build mended.nn
expect 0 ./mended fit --progress=line --checkpoint late-best.st --resume --changed
says 'resuming from late-best.st: epoch 6'
net 'x -> dense(16, tanh) -> dense(1)' 'loss = mse  optimizer = sgd(0.01)' >rate.nn
build rate.nn
expect 0 ./rate fit --progress=none --checkpoint rate.st --epochs 5
expect 4 ./rate fit --progress=none --checkpoint rate.st --epochs 30 --resume --learning-rate 2
expect 0 ./rate fit --progress=line --checkpoint rate-best.st --resume --learning-rate 0.001
says 'resuming from rate-best.st: epoch 6'

# Beside weights that are no file it is called as without --save.
expect 4 ./update fit --progress=none --save /dev/null
says '`update.not-finite.safetensors`'

# What it cannot read; tokens beyond the table, which would be read behind its end (the checksum is made anew).
python3 - <<'END'
import struct, zlib
data = bytearray(open("table.step", "rb").read())
size = struct.unpack("<Q", data[:8])[0]
import json
header = json.loads(data[8:8 + size])
name = next(n for n in header if n.startswith("nnc.state/replay/columns/"))
first = 8 + size + header[name]["data_offsets"][0]
data[first:first + 4] = struct.pack("<i", 1000000)
data[-4:] = struct.pack("<I", zlib.crc32(bytes(data[:-4])))
open("beyond.step", "wb").write(data)
END
expect 1 ./table replay beyond.step
says 'has 1e+06, which is not below 2'
expect 1 ./log replay far.step
one_message
expect 0 ./log init --save good.safetensors
expect 2 ./log replay good.safetensors
expect 2 ./log replay
says '`replay` needs one file'
expect 1 ./log replay nowhere
head -c 1000 log.step >cut.step
expect 1 ./log replay cut.step
expect 0 ./log fit --progress=none --checkpoint whole.safetensors
expect 2 ./log replay whole.safetensors
says 'is no saved step but a checkpoint'

# The step of a program with larger batches.
sed 's/batch = 32/batch = 8/' log.nn >small.nn
build small.nn
expect 1 ./small replay log.step
says 'is of batches of 32, but this program'

# Nothing is written over what is read, and where nothing can be written the value is named all the same.
mv update.step 1.not-finite.safetensors
expect 4 ./update fit --progress=none --weights 1.not-finite.safetensors --save 1.safetensors --learning-rate 1e39
says 'the step is not kept'
says 'first not finite'
