#!/usr/bin/env bash
# States that go on from batch to batch: the text is cut into as many strands as a batch has places, each epoch and each
# evaluation begin anew, predictions know no other sample. The same bits with any number of threads.
. "$(dirname "$0")/common/begin.sh"

# aaabbb: what follows the first letters of a window is known from the one before alone.
awk 'BEGIN { for (i = 0; i < 4003; i++) printf "%s", i % 6 < 3 ? "a" : "b" }' >book.txt
program() { # EXTRA
    cat <<PROGRAM
dataset book = text("book.txt", unit = char) -> windows(4) -> split(validation = 0.2)
model writer(tokens: int[4]) {
    tokens -> one_hot(book.vocabulary) -> gru(24, return_sequences = true$1) -> dense(book.vocabulary)
}
train writer on book { loss = crossentropy  optimizer = adam(0.01)  metrics = accuracy  epochs = 10  batch = 16 }
PROGRAM
}
program ', stateful = true' >kept.nn
program '' >fresh.nn
build kept.nn
build fresh.nn
expect 0 ./kept fit --json --progress=none --seed 1 --threads 1 --save one.safetensors
kept=$(number val_accuracy)
cp out one.json
expect 0 ./fresh fit --json --progress=none --seed 1
fresh=$(number val_accuracy)
between 0 "$fresh" 0.92
between 0.97 "$kept" 1

# 799 windows in batches of 16: the last one has 15, and other workers other places.
for threads in 2 3; do
    expect 0 ./kept fit --json --progress=none --seed 1 --threads $threads --save other.safetensors
    [ "$(tensor one.safetensors gru/kernel)" = "$(tensor other.safetensors gru/kernel)" ] ||
        fail "other weights with $threads threads"
    [ "$(grep -o '"losses": [^]]*' out)" = "$(grep -o '"losses": [^]]*' one.json)" ] || fail "other losses"
done
# Twice the same: it begins with zeros.
expect 0 ./kept evaluate --weights one.safetensors --json
first=$(number loss)
expect 0 ./kept evaluate --weights one.safetensors --json --threads 3
[ "$(number loss)" = "$first" ] || fail "evaluations differ"
# A sample alone, or behind others.
printf abbaabbaabba >lines.txt
expect 0 ./kept predict lines.txt --csv --weights one.safetensors
[ "$(cut -d, -f3- out | sed -n '2,$p' | sort -u | wc -l)" = 1 ] || fail "a prediction knows of the ones before it"
# The order is no matter of chance, and no other batch is trained on twice.
expect 0 ./kept fit --json --progress=none --seed 1 --no-shuffle --save other.safetensors
[ "$(tensor one.safetensors gru/kernel)" = "$(tensor other.safetensors gru/kernel)" ] || fail "it was shuffled"
# Interrupted in the middle of an epoch, where states are not zeros.
expect 0 ./kept fit --progress=none --seed 1 --epochs 3 --save whole.safetensors
expect 0 ./kept fit --progress=none --seed 1 --epochs 3 --steps 77 --checkpoint half.safetensors --save half-weights.safetensors
expect 0 ./kept fit --progress=none --checkpoint half.safetensors --resume --save resumed.safetensors
[ "$(tensor whole.safetensors gru/kernel)" = "$(tensor resumed.safetensors gru/kernel)" ] || fail "states are not resumed"
