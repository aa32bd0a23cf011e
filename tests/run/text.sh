#!/usr/bin/env bash
# A network learns what follows each character of a text, whose vocabulary the program never names: one that
# sees the wrong token, or the token itself, is far from this loss.
. "$(dirname "$0")/common/begin.sh"

for i in $(seq 300); do echo "the cat sat, the dog ran; $((i % 7))"; done >book.txt
cat >book.nn <<'END'
dataset book = text("book.txt") -> windows(20) -> split(validation = 0.2)
model writer(tokens: int[20]) {
    tokens -> one_hot(book.vocabulary) -> conv1d(32, 6, relu, causal) -> dense(book.vocabulary)
}
train writer on book { loss = crossentropy  optimizer = adam(0.01)  metrics = accuracy  epochs = 10  batch = 16 }
END
build book.nn
expect 0 ./book fit --seed 1 --save weights.safetensors --progress=none --json
between 0.85 "$(number val_accuracy)" 1
expect 0 ./book evaluate --weights weights.safetensors --json --threads 2
between 0.85 "$(number accuracy)" 1
between 0 "$(number loss)" 0.6

# A text that became another one: the weights are of other tokens.
echo "some other text, quite another one, with characters that are new: XYZ" >book.txt
expect 1 ./book fit --progress=none --save other.safetensors
one_message
