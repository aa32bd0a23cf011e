#!/usr/bin/env bash
# Code does not grow with windows, strides and dilations: a layer that writes out what it could
# repeat takes minutes for a large one. Large windows need at most twice the assembly of small ones,
# and networks of them learn.
. "$(dirname "$0")/common/begin.sh"

npy() { # FILE DIMENSION...: eight samples of zeros
    local file=$1 shape=8 elements=8 dimension
    shift
    for dimension; do shape+=", $dimension" elements=$((elements * dimension)); done
    {
        printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' \
            "{'descr': '<f4', 'fortran_order': False, 'shape': ($shape), }"
        head -c $((4 * elements)) /dev/zero
    } >"$file"
}
npy y.npy 1

lines() { # LAYERS SHAPE: of the assembly
    npy x.npy $(tr -d '[],' <<<"$2")
    cat >window.nn <<END
dataset pictures = npy("x.npy", target = "y.npy")
model net(x: $2) { x -> $1 -> flatten -> dense(1) }
train net on pictures { loss = mse
                        optimizer = sgd(0.001)
                        batch = 8 }
END
    expect 0 "$nnc" --emit=asm --cpu=x86-64-v3 window.nn
    wc -l <out
}

grows() { # SHAPE SMALL LARGE
    local small large
    small=$(lines "$2" "$1") || exit 1
    large=$(lines "$3" "$1") || exit 1
    [ "$large" -le $((2 * small)) ] || fail "$3 takes $large lines, $2 $small"
}

picture='[200, 240, 3]' sequence='[3000, 3]'
grows "$picture" 'average_pool(9)' 'average_pool([80, 128])'
grows "$picture" 'average_pool(9, same, stride = 2)' 'average_pool(90, same, stride = 1)'
grows "$picture" 'max_pool(9)' 'max_pool([80, 128])'
grows "$picture" 'max_pool(9, same, stride = 2)' 'max_pool(90, same, stride = 1)'
grows "$picture" 'conv2d(4, 1) -> conv2d(4, 18)' 'conv2d(4, 1) -> conv2d(4, 90)'
grows "$picture" 'conv2d(4, 1) -> conv2d(4, 20, stride = 10)' 'conv2d(4, 1) -> conv2d(4, 96, stride = 48)'
grows "$picture" 'conv2d(4, 1) -> depthwise_conv2d(20, stride = 10)' \
    'conv2d(4, 1) -> depthwise_conv2d(96, stride = 48)'
grows '[4, 5, 3]' 'conv2d(4, 1) -> conv2d_transpose(4, 16, same, stride = 8)' \
    'conv2d(4, 1) -> conv2d_transpose(4, 64, same, stride = 32)'
grows "$sequence" 'conv1d(8, 1) -> conv1d(8, 18, same)' 'conv1d(8, 1) -> conv1d(8, 900, same)'
grows "$sequence" 'conv1d(8, 1) -> conv1d(8, 40, same, stride = 20)' \
    'conv1d(8, 1) -> conv1d(8, 900, same, stride = 450)'
grows '[5, 5, 3]' 'conv2d(4, 1) -> upsample(9)' 'conv2d(4, 1) -> upsample(50)'
grows '[5, 5, 3]' 'conv2d(4, 1) -> pad(5)' 'conv2d(4, 1) -> pad(100)'
