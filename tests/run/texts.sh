#!/usr/bin/env bash
# Two classes of sentences that differ in one word: tokens of a folder, and of a column of a table, tell
# them apart on texts that training has not seen. Another numbering in another part would not.
. "$(dirname "$0")/common/begin.sh"

mkdir reviews
awk 'BEGIN {
    srand(1)
    split("the film was long and loud in all of its parts", words, " ")
    print "review,stars" >"shop.csv"
    for (i = 0; i < 400; i++) {
        text = ""
        for (k = 0; k < 6; k++) text = text words[1 + int(rand() * 11)] " "
        text = text (i % 2 ? "Wonderful!" : "dreadful") " " i
        print text >(i % 2 ? "reviews/good.txt" : "reviews/bad.txt")
        print "\"" text "\"," i % 2 >"shop.csv"
    }
}'
echo >>reviews/good.txt
model='model critic(words) { words -> one_hot(reviews.vocabulary) -> global_average_pool -> dense(1, sigmoid) }
train critic on reviews { loss = crossentropy  optimizer = adam(0.05)  metrics = accuracy  epochs = 15 }'
tokens='tokens(vocabulary = 20, length = 8) -> split(test = 0.25, seed = 3)'
echo "dataset reviews = texts(\"reviews\") -> $tokens
$model" >folder.nn
echo "dataset reviews = csv(\"shop.csv\", target = stars) -> $tokens
$model" >table.nn
for program in folder table; do
    build $program.nn
    expect 0 ./$program fit --seed 1 --save $program.safetensors --progress=none
    expect 0 ./$program evaluate --weights $program.safetensors --json
    between 0.99 "$(number accuracy)" 1
done

# Raw texts, a line a sample, or by class in a folder: the vocabulary is that of the weights file.
printf 'the film, long and WONDERFUL\n\nloud parts, dreadful things\n' >new.txt
mkdir other && tail -20 reviews/good.txt >other/good.txt
mv reviews away
expect 0 ./folder predict --weights folder.safetensors new.txt --json
[ "$(grep -c '"class"' out)" = 3 ] || fail "not a row a line"
[ "$(sed -n '1s/.*"class": "\([a-z]*\)".*/\1/p; 3s/.*"class": "\([a-z]*\)".*/\1/p' out | xargs)" = "good bad" ] ||
    fail "the classes of new.txt"
expect 0 ./folder evaluate --weights folder.safetensors --json other
between 0.99 "$(number accuracy)" 1
printf 'review\n"a wonderful film"\n' >new.csv
expect 0 ./table predict --weights table.safetensors new.csv --json
says '"index": 1'
