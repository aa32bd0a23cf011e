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
train writer on book { loss = crossentropy  optimizer = adam(0.01)  metrics = [accuracy, perplexity]  epochs = 10  batch = 16 }
END
build book.nn
expect 0 ./book fit --seed 1 --save weights.safetensors --progress=none --json
between 0.85 "$(number val_accuracy)" 1
expect 0 ./book evaluate --weights weights.safetensors --json --threads 2
between 0.85 "$(number accuracy)" 1
between 0 "$(number loss)" 0.6
# e to the loss, which is the mean over all places, as the metric is
between -0.0001 "$(awk "BEGIN { print $(number perplexity) - exp($(number loss)) }")" 0.0001

# What follows is told as tokens, not as their numbers; from another folder, too.
mkdir elsewhere
echo 'the cat sat, the dog' >elsewhere/said.txt
cd elsewhere
expect 0 ../book predict said.txt --weights ../weights.safetensors
says '"c", "a", "t", " ", "s", "a", "t", ",", " ", "t", "h", "e", " ", "d", "o", "g", '
expect 0 bash -c 'cat said.txt | ../book predict - --weights ../weights.safetensors --json'
says '"tokens": ['
cd ..

# Another text is measured by the vocabulary of training: that of the test part as that part, though fewer tokens are in
# it, and others are more frequent. What training did not have is named, or is number 0.
for i in $(seq 40); do echo "dog sat; the dog dog sat"; done >part.txt
sed 's/"book.txt"/"book.txt", test = "part.txt"/' book.nn >char.nn
sed 's/"part.txt"/&, unit = word, vocabulary = 9/' char.nn >word.nn
for unit in char word; do
    build $unit.nn
    expect 0 ./$unit fit --seed 1 --progress=none --save $unit.safetensors
    expect 0 ./$unit evaluate --json
    loss=$(number loss)
    between 0.0001 "$loss" 100
    expect 0 ./$unit evaluate part.txt --json
    [ "$(number loss)" = "$loss" ] || fail "part.txt has the loss $(number loss) instead of $loss"
done
{ cat part.txt; echo "A Zoo"; } >new.txt
expect 0 ./word evaluate new.txt
expect 1 ./char evaluate new.txt
one_message
says '`new.txt` has the character `A`, in its line 41'
: >empty.txt
expect 1 ./char evaluate empty.txt
one_message

# A window of one token: what follows it is a label of one step, whether the model gives steps or a vector alone.
for body in "lstm(24, return_sequences = true)" "lstm(24)"; do
    cat >one.nn <<END
dataset book = text("book.txt") -> windows(1) -> split(validation = 0.2)
model writer(tokens: int[1]) { tokens -> embedding(book.vocabulary, 8) -> $body -> dense(book.vocabulary) }
train writer on book { loss = crossentropy  optimizer = adam(0.01)  metrics = accuracy  epochs = 3  batch = 32 }
END
    build one.nn
    expect 0 ./one fit --seed 1 --progress=none --json
    between 0.5 "$(number val_accuracy)" 1
    printf 'qqt,' | sed 's/q/g/g' >said.txt
    expect 0 ./one predict said.txt --json
    [ "$(grep -o '"classes": \[[0-9]*\]' out | wc -l)" = 4 ] || fail "the classes are not one a row"
    says '"tokens": [" "]}' # behind "," always
    expect 0 ./one generate --prompt "th" --length 5 --temperature 0
done

# A text that became another one: the weights are of other tokens.
echo "some other text, quite another one, with characters that are new: XYZ" >book.txt
expect 1 ./book fit --progress=none --save other.safetensors
one_message
