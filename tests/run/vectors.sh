#!/usr/bin/env bash
# Vectors of words from a file: rows of the words that it has begin with them, others as the initializer says; with a head
# as word2vec's, packed, frozen; what is wrong in a file is named with its line, and nothing is trained.
. "$(dirname "$0")/common/begin.sh"

mkdir texts
printf 'good film\nfine film\ngood cat\n' >texts/yes.txt
printf 'bad film\nawful dog\nbad cat\n' >texts/no.txt
cat >critic.nn <<'PROGRAM'
dataset opinions = texts("texts") -> tokens(length = 2)
model critic(words) {
    words -> embedding(opinions.vocabulary, 3, weights = "vectors.txt", name = "words") -> flatten -> dense(1, sigmoid)
}
train critic on opinions { loss = crossentropy  optimizer = sgd(0.5)  epochs = 2 }
PROGRAM
row() { # FILE NUMBER: of the table
    tensor "$1" words/embeddings | tr -s ' ' '\n' | sed '/^$/d' | sed -n "$((3 * $2 + 1)),$((3 * $2 + 3))p" | tr '\n' ' '
}
numbers() { # FILE: where good, film and dog stand
    grep -ao 'vocabulary.*' "$1" | head -n 1
}

# 8 words, 4 of them known; one has a blank, as some of GloVe's have, one is there twice.
printf 'film 1 2 3\ngood 0.5 -1e-2 +4\nunknown 7 7 7\nat home 8 8 8\nfilm 9 9 9\nbad -1 -2 -3\nawful .25 0 1 \n' >vectors.txt
build critic.nn
expect 0 ./critic init --seed 1 --save one.safetensors
says 'vectors of `'
says '/vectors.txt`: 4 of 9 words found'
sed 's/, weights = "vectors.txt"//' critic.nn >plain.nn
build plain.nn
expect 0 ./plain init --seed 1 --save plain.safetensors
found=0
for i in 0 1 2 3 4 5 6 7 8; do
    [ "$(row one.safetensors $i)" = "$(row plain.safetensors $i)" ] || found=$((found + 1))
done
[ $found = 4 ] || fail "$found rows are vectors"
for vector in '1 2 3' '0.5 -0.01 4' '-1 -2 -3' '0.25 0 1'; do
    for i in 0 1 2 3 4 5 6 7 8; do row one.safetensors $i | awk '{ print $1 + 0, $2 + 0, $3 + 0 }'; done |
        grep -qxF -e "$vector" || fail "there is no row $vector"
done
[ "$(tensor one.safetensors dense/kernel)" = "$(tensor plain.safetensors dense/kernel)" ] || fail "other weights changed"

# A head, and packed; training begins with them; `summary` says it.
{ echo 6 3; cat vectors.txt; } | gzip >packed.txt.gz
sed 's/vectors.txt/packed.txt.gz/' critic.nn >packed.nn
build packed.nn
expect 0 ./packed init --seed 1 --save two.safetensors
[ "$(tensor one.safetensors words/embeddings)" = "$(tensor two.safetensors words/embeddings)" ] || fail "other vectors"
expect 0 "$nnc" summary critic.nn
says '4 of 9 words found'
sed 's/name = "words"/frozen = true, name = "words"/' critic.nn >frozen.nn
build frozen.nn
expect 0 ./frozen fit --seed 1 --progress=none --save three.safetensors
says '4 of 9 words found'
[ "$(tensor one.safetensors words/embeddings)" = "$(tensor three.safetensors words/embeddings)" ] || fail "they were trained"
expect 0 ./critic fit --weights one.safetensors --progress=none --save four.safetensors
grep -q found err && fail "vectors are read where weights are given"
expect 0 ./critic evaluate --weights four.safetensors

# What is wrong.
wrong() { # LINE MESSAGE
    cp vectors.txt kept.txt
    sed -i "$1" vectors.txt
    expect 1 ./critic fit --progress=none --save bad.safetensors
    one_message
    says "$2"
    absent bad.safetensors
    mv kept.txt vectors.txt
}
wrong '2s/$/ 5 5/;1s/ 3$//' 'vectors.txt`, line 1: 2 numbers behind the word, but the rows of the embedding have 3'
wrong '6s/-2/two/' 'vectors.txt`, line 6: `two` is no number'
wrong '3s/ 7 7$//' 'vectors.txt`, line 3: 1 number behind the word'
wrong '1,$d' 'has no vectors'
sed -i '1s/ 3$//' vectors.txt
expect 1 "$nnc" check critic.nn
says 'line 1: 2 numbers behind the word'
rm vectors.txt
expect 0 "$nnc" check critic.nn
says W0401
expect 1 "$nnc" build critic.nn -o no
says E0401
absent no
expect 1 ./critic fit --progress=none
says vectors.txt
sed 's/words -> embedding(opinions.vocabulary,/x -> embedding(4,/; s/(words) {/(x: [2]) {/; /^dataset/d; /^train/d' critic.nn >none.nn
expect 1 "$nnc" check none.nn
says 'none are known here'
