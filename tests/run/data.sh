#!/usr/bin/env bash
# Broken data files: one message with the file and what to do, status 1, for the compiler as for the
# compiled program.
. "$(dirname "$0")/common/begin.sh"

# Writes one byte for each argument; numbers of four bytes are written by word.
bytes() {
    local value
    for value; do printf "\\$(printf %03o "$value")"; done
}
word() {
    bytes $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255))
}
images() { # COUNT: pictures of 28x28, grey
    bytes 0 0 8 3
    word "$1"
    word 28
    word 28
    head -c $((784 * $1)) /dev/zero | tr '\0' '\100'
}
labels() { # COUNT [LABEL]: 0 1 ... 9 0 1 ..., the last one LABEL
    local index
    bytes 0 0 8 1
    word "$1"
    for ((index = 0; index < $1 - 1; index++)); do bytes $((index % 10)); done
    bytes "${2:-9}"
}
good() { # the files of a small set, found as Fashion-MNIST
    rm -rf good
    mkdir -p good/fashion-mnist
    images 40 >good/fashion-mnist/train-images-idx3-ubyte
    labels 40 >good/fashion-mnist/train-labels-idx1-ubyte
    images 20 >good/fashion-mnist/t10k-images-idx3-ubyte
    labels 20 >good/fashion-mnist/t10k-labels-idx1-ubyte
}
good
cat >set.nn <<'END'
dataset set = idx("good/fashion-mnist/train-images-idx3-ubyte",
                  target = "good/fashion-mnist/train-labels-idx1-ubyte", classes = 10)
model net(image: [28, 28]) { image -> flatten -> dense(10, softmax) }
train net on set { loss = crossentropy
                   optimizer = adam
                   metrics = accuracy
                   epochs = 1 }
END
build set.nn
expect 0 ./set fit --save weights.safetensors

# What happens to a file, and the word that the message must hold.
broken() { # WORD FILE: FILE of the set was changed
    expect 1 ./set fit --save other.safetensors
    one_message
    grep -qF -e "$2" -e 'data set `set` has changed' err || fail "does not name $2"
    says "$1"
    absent other.safetensors
    expect 1 "$nnc" build set.nn -o other
    says "$2"
    absent other
    good
}
pictures=good/fashion-mnist/train-images-idx3-ubyte
classes=good/fashion-mnist/train-labels-idx1-ubyte

rm $pictures
broken "" $pictures
: >$pictures
broken "" $pictures
truncate -s 2000 $pictures
broken "" $pictures
printf 'x' >>$pictures
broken "" $pictures
echo '<html><body>404 Not Found</body></html>' >$pictures
broken "" $pictures
cp $classes $pictures
broken "" $pictures
cp $pictures $classes
broken "" $classes
labels 39 >$classes
broken 39 $classes
labels 40 200 >$classes
broken 200 $classes
{ bytes 0 0 8 3 127 255 255 255 127 255 255 255 127 255 255 255 && echo; } >$pictures
broken "" $pictures
{ bytes 0 0 8 99 && word 1; } >$pictures
broken "" $pictures
rm $pictures && mkdir $pictures
broken "" $pictures

# Labels that the program does not know, in a file that tells its classes itself.
sed 's/, classes = 10//' set.nn >told.nn
build told.nn
labels 40 10 >$classes
expect 1 ./told fit --save other.safetensors
one_message
says "labels up to 10"
absent other.safetensors
good

# The same compressed: truncated, and with a wrong check sum.
images 40 | gzip >whole.gz
rm $pictures && head -c 60 whole.gz >$pictures
broken "" $pictures
size=$(stat -c %s whole.gz)
{ head -c $((size - 8)) whole.gz && word 1 && tail -c 4 whole.gz; } >$pictures
broken "" $pictures

# .npy files: numbers where the format is wrong, objects, Fortran order, missing rows.
npy() { # DESCRIPTION SHAPE: the header, then 80 zero bytes
    local header
    header=$(printf '%-117s' "{'descr': '$1', 'fortran_order': ${3:-False}, 'shape': $2, }")
    printf '\223NUMPY'
    bytes 1 0 118 0
    printf '%s\n' "$header"
    head -c 80 /dev/zero
}
npy '<f4' '(10, 2)' >x.npy
npy '<f8' '(10,)' >y.npy
cat >table.nn <<'END'
dataset table = npy("x.npy", target = "y.npy")
model net(x: [2]) { x -> dense(1) }
train net on table { loss = mse
                     optimizer = adam
                     epochs = 1
                     batch = 5 }
END
build table.nn
expect 0 ./table fit --save weights.safetensors
cp x.npy good.npy
for change in "'|O' '(10, 2)'" "'<f4' '(11, 2)'" "'<f4' '(10, 3)'" "'<f4' '(4611686018427387904, 4)'" \
    "'<f4' '(-1, 2)'" "'<c8' '(5, 2)'" "'f4' '(10, 2'"; do
    eval "npy $change" >x.npy
    expect 1 ./table fit --save other.safetensors
    one_message
    says x.npy
    absent other.safetensors
done
head -c 50 good.npy >x.npy
expect 1 ./table fit --save other.safetensors
says x.npy

# A built-in set that is not there: check warns and goes on, build stops and says where it looked.
cat >digits.nn <<'END'
dataset digits = mnist -> scale(1/255)
model net(image) { image -> flatten -> dense(10, softmax) }
train net on digits { loss = crossentropy
                      optimizer = adam }
END
export NNC_DATA=$work/nowhere
if [ ! -e /usr/share/datasets/mnist ]; then
    expect 0 "$nnc" check digits.nn
    says W0401
    expect 1 "$nnc" build digits.nn
    says E0401
    says "$work/nowhere"
    absent digits
fi
