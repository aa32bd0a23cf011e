#!/usr/bin/env bash
# The arena of each function is near what no plan can do without: the bytes of the values that are there at the same
# time, in chains, residual networks, networks that join what they have, U-nets, recurrent networks, transformers. A
# value that lives longer than it is read, or does not give its place to another, breaks it.
. "$(dirname "$0")/common/begin.sh"

cat >pictures.nn <<'END'
dataset pictures = cifar10 -> scale(1/255)

block residual(x, filters, stride = 1) {
    y = x -> conv2d(filters, 3, same, stride = stride) -> batch_norm -> relu
          -> conv2d(filters, 3, same) -> batch_norm
    shortcut = if stride == 1 { x } else { x -> conv2d(filters, 1, same, stride = stride) }
    add(y, shortcut) -> relu
}
block bottleneck(x, filters) {
    y = x -> conv2d(filters, 1) -> batch_norm -> relu -> conv2d(filters, 3, same) -> batch_norm -> relu
          -> conv2d(4 * filters, 1) -> batch_norm
    add(y, x -> conv2d(4 * filters, 1) -> batch_norm) -> relu
}
block grow(x) { concat(x, x -> batch_norm -> relu -> conv2d(12, 3, same)) }
block pair(x, filters) { x -> conv2d(filters, 3, relu, same) -> conv2d(filters, 3, relu, same) }
block branches(x, filters) {
    concat(x -> conv2d(filters, 1, relu), x -> conv2d(filters, 1, relu) -> conv2d(filters, 3, relu, same),
           x -> max_pool(3, same, stride = 1) -> conv2d(filters, 1, relu))
}
block separable(x, filters) {
    x -> depthwise_conv2d(3, same) -> batch_norm -> relu -> conv2d(filters, 1) -> batch_norm -> relu
}
head = global_average_pool -> dense(10, softmax)

model chain(image) {
    image -> pair(32) -> max_pool -> pair(64) -> max_pool -> conv2d(64, 3, relu, same)
          -> flatten -> dense(64, relu) -> dense(10, softmax)
}
model resnet(image) {
    image -> conv2d(16, 3, same) -> batch_norm -> relu -> residual(16) * 2 -> residual(32, stride = 2)
          -> residual(32) -> head
}
model wide(image) { image -> conv2d(16, 3, same) -> bottleneck(16) * 2 -> max_pool -> bottleneck(32) -> head }
model densenet(image) {
    image -> conv2d(16, 3, same) -> grow * 4 -> batch_norm -> relu -> conv2d(32, 1) -> average_pool -> grow * 4 -> head
}
model unet(image) {
    a = image -> pair(16)
    b = a -> max_pool -> pair(32)
    d = concat(b, b -> max_pool -> pair(64) -> conv2d_transpose(32, 2, stride = 2)) -> pair(32)
    concat(a, d -> conv2d_transpose(16, 2, stride = 2)) -> pair(16) -> conv2d(1, 1) -> flatten -> dense(10, softmax)
}
model inception(image) { image -> conv2d(16, 3, relu, same) -> branches(16) * 2 -> max_pool -> branches(32) -> head }
model mobile(image) {
    image -> conv2d(16, 3, same, stride = 2) -> separable(32) -> separable(64) -> max_pool -> separable(64) -> head
}
model layers(image) { image -> flatten -> dense(512, relu) * 4 -> dense(10, softmax) }
END
cat >texts.nn <<'END'
dataset plays = text("letters.txt", unit = char) -> windows(32)

block transformer(x, heads, width) {
    a = x + (x -> layer_norm -> multi_head_attention(heads, width / heads, causal))
    a + (a -> layer_norm -> dense(4 * width, gelu) -> dense(width))
}
model writer(tokens: int[32]) { tokens -> embedding(64, 32) -> lstm(64, return_sequences = true) * 2 -> dense(64) }
model reader(tokens: int[32]) { tokens -> embedding(64, 32) -> bidirectional(gru(32, return_sequences = true)) -> dense(64) }
model gpt(tokens: int[32]) {
    tokens -> embedding(64, 64) -> position_embedding -> transformer(4, 64) * 4 -> layer_norm -> dense(64)
}
model steps(tokens: int[32]) { tokens -> embedding(64, 64) -> conv1d(64, 3, relu, same) * 4 -> dense(64) }
END
for model in chain resnet wide densenet unet inception mobile layers; do
    echo "train $model on pictures { loss = crossentropy  optimizer = adam  batch = 32 }" >>pictures.nn
done
for model in writer reader gpt steps; do
    echo "train $model on plays { loss = crossentropy  optimizer = adam  batch = 32 }" >>texts.nn
done
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "%c", 48 + (i * i + i / 7) % 64 }' >letters.txt
for file in pictures texts; do "$nnc" $file.nn --emit=plan --cpu=x86-64-v3 2>>err; done |
    awk '$1 == "#" { mode = $2 } $2 == "arena" { printf "%s %s %d\n", $1 == "" ? "" : substr($1, 1, length($1) - 1), mode, 1000 * $4 / $8 }' >distances

[ "$(wc -l <distances)" -ge 36 ] || fail "$(wc -l <distances) functions instead of 36"

# Arena in thousandths of what is there at the same time, at most: while it trains, evaluates, predicts.
most() { # MODEL TRAIN EVALUATE PREDICT
    local model=$1 mode is
    for mode in train evaluate predict; do
        shift
        is=$(awk -v model="$model" -v mode=$mode '$1 == model && $2 == mode && !seen++ { print $3 }' distances)
        [ "${is:-99999}" -le "$1" ] || fail "$model, $mode: $is thousandths of what is there at the same time instead of $1"
    done
}
most chain 1145 1065 1065
most resnet 1085 1005 1005
most wide 1020 1005 1005
most densenet 1035 1005 1005
most unet 1115 1030 1030
most inception 1010 1005 1005
most mobile 1045 1005 1005
most layers 1025 1160 1160
most writer 1075 1100 1095
most reader 1270 1455 1450
most gpt 1165 1005 1005
most steps 1470 1010 1005
