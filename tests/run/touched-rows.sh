#!/usr/bin/env bash
# Tables of which a batch names few rows: only those are updated, and weights have the bits of an update of all rows,
# which a penalty of 0 asks for; also where a norm of the gradient comes first, which has the bits of a sum over all rows. Fails where a missed step is forgotten, made up
# twice or with the numbers of another step, where the kept numbers are overwritten (more than 1,024 steps), or where
# validation and the file see rows that are behind.
. "$(dirname "$0")/common/begin.sh"

# Some words are at the beginning and the end alone.
awk 'BEGIN {
    for (i = 0; i < 5200; i++) {
        word = (i < 30 || i > 5099) ? "rare" i % 30 : "w" int(i * i / 7) % 41
        printf("%s%s", word, i % 12 == 11 ? "\n" : " ")
    }
}' >words.txt

program() { # OPTIMIZER UNITS ENTRY OPTION
    cat <<PROGRAM
dataset words = text("words.txt", unit = word) -> windows(3) -> split(validation = 0.02)
model writer(tokens: int[3]) {
    tokens -> embedding(words.vocabulary, $2$4) -> dense(words.vocabulary)
}
train writer on words {
    loss      = crossentropy
    optimizer = $1
    epochs    = 2
    batch     = ${batch:-4}
    $3
}
PROGRAM
}

fits() { # PROGRAM THREADS NAME
    expect 0 "./$1" fit --no-shuffle --seed 3 --threads "$2" --save "$3.safetensors" --step-log "$3.csv" \
        --history "$3.history" --progress=none
    sed -i 's/[0-9.e-]*seconds[^,]*//; s/"samples_per_second": [0-9.e+]*//' "$3.history"
}

compare() { # OPTIMIZER UNITS ENTRY
    program "$1)" "$2" "${3:-}" "" >rows.nn
    program "$1)" "$2" "${3:-}" ", embeddings_regularizer = l2(0)" >all.nn
    build rows.nn
    build all.nn
    expect 0 "$nnc" rows.nn --emit=fused
    sed '/^# update/,/^# evaluate/d' out >fused # sums of several batches are of all rows
    case "$1${3:-}" in # an average that reads weights which stay as they are is of all rows
    *use_ema*accumulate*) ;;
    *) awk '/^group/ { kind = $3 } /assign embedding/ { print kind }' fused | grep -qv scatter && fail "all rows are updated" ;;
    esac
    fits all 2 all
    for threads in 1 3; do
        fits rows $threads rows
        cmp -s rows.csv all.csv || fail "$1, $threads threads: other losses"
        for name in embedding/embeddings dense/kernel dense/bias; do
            [ "$(tensor rows.safetensors $name)" = "$(tensor all.safetensors $name)" ] ||
                fail "$1, $threads threads: other weights $name"
        done
    done
}

compare "adam(cosine(0.01, epochs = 2)" 16
compare "rmsprop(0.01, momentum = 0.5" 5
compare "sgd(0.1, momentum = 0.9, nesterov = true" 64
compare "adam(0.01, clip_norm = 0.1" 33
compare "sgd(0.1, momentum = 0.9, global_clip_norm = 0.2" 16
# Averages of rows move without being named; sums of gradients are settled before they make a step.
compare "adam(0.01, use_ema = true, ema_momentum = 0.9, ema_overwrite_frequency = 7" 5
compare "adam(0.01" 5 "accumulate = 3"
compare "sgd(0.1, use_ema = true, momentum = 0.9, ema_overwrite_frequency = 3" 16 "accumulate = 5"
compare "sgd(0.1, use_ema = true, momentum = 0.9" 16 "accumulate = 5"

# Batches that name one row so often that its sum makes up for what it rounds away (gen/element/scatter.c).
awk 'BEGIN { for (i = 0; i < 12000; i++) printf("%s%s", i % 2 ? "the" : "u" i % 6000, i % 12 == 11 ? "\n" : " ") }' >words.txt
batch=400
compare "adam(0.01" 16
compare "adam(0.01, clip_norm = 0.1" 33
batch=4

# A sum that overflows stays infinite and is clipped; fails where what it rounds away makes it NaN. One row of a few, and
# one of many, is named 1,200 times; the loss is finite.
awk 'BEGIN { print "word,y"; for (i = 0; i < 1200; i++) print "1,0" }' >words.csv
for rows in 3 4000; do
    cat >overflow.nn <<PROGRAM
dataset words = csv("words.csv", target = "y")
model net(word: [1]) {
    word -> embedding($rows, 1, embeddings_initializer = constant(0.0001)) -> flatten
         -> dense(1, bias = false, kernel_initializer = constant(4e21))
}
train net on words {
    loss      = mse
    optimizer = sgd(0.0005, clip_value = 1)
    freeze    = dense
    batch     = 1200
}
PROGRAM
    build overflow.nn
    expect 0 ./overflow fit --steps 1 --save overflow.safetensors --progress=none
    tensor overflow.safetensors embedding/embeddings | awk '{ exit !($2 + 0.0004 < 1e-7 && $2 + 0.0004 > -1e-7) }' ||
        fail "a table of $rows rows: its gradient was not clipped"
done

# A step of a few rows settles what it has when it is stopped.
expect 0 ./rows fit --no-shuffle --seed 3 --steps 7 --save some.safetensors --progress=none
expect 0 ./all fit --no-shuffle --seed 3 --steps 7 --save every.safetensors --progress=none
[ "$(tensor some.safetensors embedding/embeddings)" = "$(tensor every.safetensors embedding/embeddings)" ] ||
    fail "other weights after 7 steps"
expect 0 ./rows bench --seconds 0.2
