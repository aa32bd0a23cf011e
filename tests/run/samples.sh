#!/usr/bin/env bash
# Pictures of `samples`: where they are saved, how many a grid has; that nothing is
# written through a link, or over what the program reads.
. "$(dirname "$0")/common/begin.sh"

size() { # FILE: width and height
    od -An -t u1 -j 16 -N 8 "$1" | awk '{print $3 * 256 + $4, $7 * 256 + $8}'
}

program() { # EXPRESSION
    cat <<END
dataset points = moons(32, noise = 0.05, seed = 1)
model maker(noise: [4]) = noise -> dense(12, tanh) -> reshape(4, 3)
model judge(picture: [4, 3]) = picture -> flatten -> dense(1)
train maker, judge on points {
    epochs = 2
    step forge updates maker with adam(0.1) { minimize crossentropy(normal(4) -> maker -> judge, 1) }
    samples = $1
}
END
}

# How many: 16 unless said, by an arrow or as a function; columns and lines for all of them.
grid() { # EXPRESSION WIDTH HEIGHT
    program "$1" >grid.nn
    build grid.nn
    expect 0 ./grid fit --seed 1 --progress none
    [ "$(size grid-samples/epoch-0002.png)" = "$2 $3" ] ||
        fail "$1 has the size $(size grid-samples/epoch-0002.png)"
}
grid "normal(4, seed = 1) -> maker" 18 22
grid "normal(4, seed = 1) -> maker -> samples(count = 1)" 3 4
grid "normal(4, seed = 1) -> maker -> samples(count = 6)" 13 10
grid "samples(normal(4, seed = 1) -> maker, count = 20)" 23 22
expect 0 ./grid info
says "samples, 20 pictures an epoch"
says "writes     grid-samples"
expect 0 ./grid info --json
says '"samples": 20'
expect 0 "$nnc" check --files grid.nn
says "writes grid-samples/"
expect 0 "$nnc" expand grid.nn
says "count = 20"
for count in 0 1025 2.5 many; do
    program "normal(4) -> maker -> samples(count = $count)" >wrong.nn
    expect 1 "$nnc" check wrong.nn
    says "count"
done
program "normal(4) -> maker -> samples(number = 4)" >wrong.nn
expect 1 "$nnc" check wrong.nn
says "E0103"

# Beside the weights, in a folder that is called after them; after no device.
mkdir -p runs.v1 away
expect 0 ./grid fit --seed 1 --progress none --save runs.v1/first.safetensors
[ -s runs.v1/first-samples/epoch-0001.png ] || fail "the pictures are not beside the weights"
expect 0 ./grid fit --seed 1 --progress none --save runs.v1/bare
[ -s runs.v1/bare-samples/epoch-0001.png ] || fail "weights without an extension have no pictures"
rm -r grid-samples
expect 0 ./grid fit --seed 1 --progress none --save /dev/null
[ -s grid-samples/epoch-0002.png ] || fail "there are no pictures without weights"

# What is there: a link or a file instead of the folder ends the run before it begins.
refused() { # TEXT [ARGUMENT...]
    local text=$1
    shift
    expect 2 ./grid fit --seed 1 --progress none "$@"
    one_message
    says "$text"
}
rm -r grid-samples grid.safetensors
ln -s away grid-samples
refused "go into a folder \`grid-samples\`, but that is a symbolic link"
rm grid-samples
: >grid-samples
refused "but that is a file"
[ -e grid.safetensors ] && fail "it was trained all the same"
rm grid-samples
mkdir grid-samples
refused "name the same file" --history grid-samples/epoch-0001.png
cp grid.nn grid-samples/epoch-0001.png
expect 0 "$nnc" build grid-samples/epoch-0001.png -o other
expect 2 ./other fit --progress none --save grid.safetensors
says "would overwrite this program's source"
cmp grid.nn grid-samples/epoch-0001.png || fail "the source was overwritten"

# A link instead of a picture: a warning, and the weights are saved.
rm grid-samples/*
ln -s ../before grid-samples/epoch-0002.png
cp grid.nn before
expect 1 ./grid fit --seed 1 --progress none
says "cannot write \`grid-samples/epoch-0002.png\`: it is a symbolic link; training goes on"
says "the weights are saved in \`grid.safetensors\`"
cmp grid.nn before || fail "a picture was written through a link"
[ -s grid-samples/epoch-0001.png ] || fail "the first picture is missing"

# So with the source under the name of a later epoch; the other name of a hard link keeps its file.
rm grid-samples/*
ln grid.nn grid-samples/epoch-0002.png
expect 1 ./grid fit --seed 1 --progress none
says "would overwrite this program's source"
rm grid-samples/*
ln before grid-samples/epoch-0002.png
expect 0 ./grid fit --seed 1 --progress none
cmp grid.nn before || fail "a picture was written through a hard link"
exit 0
