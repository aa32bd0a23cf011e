#!/usr/bin/env bash
# Executables that carry their weights: they predict and evaluate alone, as with the file beside them,
# also after strip; --weights at run time goes first; `fit` starts from initial weights unless asked.
# What cannot be carried is one message with status 1 and makes no executable. The file is copied
# whole, also where it is longer than a section of the object, and not held in memory.
. "$(dirname "$0")/common/begin.sh"

build playground.nn plain
expect 0 ./plain fit --epochs 2 --seed 3 --save trained.safetensors --progress=none
expect 0 ./plain fit --epochs 1 --seed 5 --save others.safetensors --progress=none
expect 0 ./plain predict --weights trained.safetensors 0.5 -1.5 --json
cp out wanted
expect 0 ./plain predict --weights others.safetensors 0.5 -1.5 --json
cp out wanted-others

source=$root/examples/playground.nn
expect 0 "$nnc" build "$source" --weights trained.safetensors -o carrier
mkdir alone
cp carrier alone
cd alone || exit 1
same() { # FILE COMMAND...: it says what FILE holds
    local file=$1
    shift
    expect 0 "$@"
    cmp -s ../out "../$file" || fail "$* does not say what $file holds"
}
same wanted ./carrier predict 0.5 -1.5 --json
same wanted-others ./carrier predict --weights ../others.safetensors 0.5 -1.5 --json
expect 0 ./carrier evaluate
expect 0 ./carrier info
says 'carried, from `trained.safetensors`'
says "$(stat -c %s ../trained.safetensors) bytes"
expect 0 ./carrier info --json
says '"file": "trained.safetensors"'
cp ../others.safetensors carrier.safetensors # a file of that name changes nothing
same wanted ./carrier predict 0.5 -1.5 --json
if command -v strip >/dev/null; then
    strip carrier
    same wanted ./carrier predict 0.5 -1.5 --json
fi

# fit: the same as without carried weights, unless it is asked to go on from them.
expect 0 ./carrier fit --epochs 1 --seed 5 --save fresh.safetensors
says "go on using the weights that the program carries"
tail -c 64 fresh.safetensors | cmp -s - <(tail -c 64 ../others.safetensors) ||
    fail "fit does not start from its initial weights"
expect 0 ./carrier fit --carried --epochs 1 --seed 5 --save further.safetensors
expect 0 ../plain fit --weights ../trained.safetensors --epochs 1 --seed 5 --save file.safetensors
cmp further.safetensors file.safetensors || fail "fit --carried is not fit --weights of the file"
expect 2 ./carrier fit --carried --weights file.safetensors
one_message
cd .. || exit 1
expect 2 ./plain fit --carried
one_message
says "carries no weights"

# What cannot be carried.
one_error() { # of nnc
    [ "$(grep -c '^error\[' err)" = 1 ] || fail "is not one message"
}
refused() { # FILE TEXT
    expect 1 "$nnc" build "$source" --weights "$1" -o none
    one_error
    says E0904
    says "$1"
    says "$2"
    absent none
}
refused missing.safetensors "No such file"
sed 's/dense(4, tanh)/dense(5, tanh)/' "$source" >other.nn
build other.nn
expect 0 ./other init --seed 3 --save other.safetensors
refused other.safetensors "are not those of model"
head -c -4 trained.safetensors >torn.safetensors
refused torn.safetensors "no usable safetensors file"
{ head -c -4 trained.safetensors && printf '\0\0\300\177'; } >nan.safetensors
refused nan.safetensors nan
refused home "regular file"
expect 2 "$nnc" build "$source" --weights trained.safetensors --emit=obj -o none.o
cp trained.safetensors kept.safetensors
expect 1 "$nnc" build "$source" --weights trained.safetensors -o trained.safetensors
one_error
cmp trained.safetensors kept.safetensors || fail "the weights were written over"

# Of several models: those of the one that is meant.
cat >two.nn <<'END'
dataset d = moons(64)
dataset e = circles(64)
model a(x: [2]) { x -> dense(3, tanh) -> dense(1, sigmoid) }
model b(x: [2]) { x -> dense(5, tanh) -> dense(1, sigmoid) }
train a on d {
    loss = binary_crossentropy
    optimizer = sgd(0.1)
    epochs = 1
    batch = 32
}
train b on e {
    loss = binary_crossentropy
    optimizer = sgd(0.1)
    epochs = 1
    batch = 32
}
END
expect 0 "$nnc" build two.nn --model b -o b
expect 0 ./b init --save b-weights.safetensors
expect 0 "$nnc" build two.nn --model b --weights b-weights.safetensors -o carrier
expect 1 "$nnc" build two.nn --model a --weights b-weights.safetensors -o none
one_error
says "saved by model \`b\` of"
expect 1 "$nnc" build two.nn --weights b-weights.safetensors -o none
one_error
says "a/dense/kernel"

# 72 MB are several sections of the object; the linker must not hold all of them.
cat >large.nn <<'END'
model large(x: [3000]) { x -> dense(6000, bias = false) -> dense(1) }
END
build large.nn
expect 0 ./large init --save large-weights.safetensors
"$nnc" build large.nn --weights large-weights.safetensors -o carrier >out 2>err || fail "no build"
for name in large carrier; do
    [ $name = carrier ] && rm large.safetensors large-weights.safetensors 2>/dev/null
    [ $name = large ] && cp large-weights.safetensors large.safetensors
    seq 3000 | tr '\n' ' ' | ./$name predict - >$name.txt 2>err || fail "$name does not predict"
done
cmp large.txt carrier.txt || fail "the weights were not copied whole"
