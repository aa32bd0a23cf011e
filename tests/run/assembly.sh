#!/usr/bin/env bash
# The inner loops of the matrix kernels: multiply-adds on the widest registers, accumulators that
# never leave them, and one kernel for all products of equal shape.
. "$(dirname "$0")/common/begin.sh"
unset NNC_QUICK # what LLVM makes of the loops is what is tested here

network() { # FILE BODY: a classifier of bytes, as the examples are, on data of its own
    cat >"$1" <<END
dataset set = npy("x.npy", target = "y.npy", classes = 10) -> scale(1/255)
model net(image) { image -> flatten -> $2 -> dense(10, softmax) }
train net on set { loss = crossentropy
                   optimizer = adam
                   epochs = 1
                   batch = 128 }
END
}
array() { # DTYPE SHAPE COUNT: a .npy file of COUNT zero bytes
    local header
    header=$(printf "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }" "$1" "$2")
    printf '\223NUMPY\001\000\166\000%-117s\n' "$header"
    head -c "$3" /dev/zero
}
array '|u1' '256, 28, 28' $((256 * 784)) >x.npy
array '|u1' '256,' 256 >y.npy

# The instructions of innermost loops in the kernels of ./out: "FUNCTION<tab>INSTRUCTION".
kernel_loops() {
    awk '
        /^nn_(outer|dot)_.*:/ { kernel = $1; count = 0; split("", place) }
        /^nn_/ && !/^nn_(outer|dot)_/ { kernel = "" }
        kernel == "" { next }
        /^\.LBB/ { label = $1; sub(/:.*/, "", label); place[label] = count; next }
        /^\t[a-z]/ { line[count++] = $0 }
        /^\tj/ && ($2 in place) {
            for (i = place[$2]; i < count; i++) print kernel "\t" line[i]
        }' out
}

check() { # FILE CPU REGISTERS
    expect 0 "$nnc" --emit=asm --cpu="$2" "$1"
    kernel_loops >loops
    [ "$(cut -f 1 loops | sort -u | wc -l)" -ge 4 ] || fail "$1 on $2 has few kernels"
    ! grep -E '%[re](sp|bp)' loops >spills || fail "$1 on $2 spills: $(head -n 1 spills)"
    grep vfmadd loops | grep -q "%$3" || fail "$1 on $2 has no multiply-adds on $3"
    ! grep vfmadd loops | grep -qv "%$3" || fail "$1 on $2 has narrow multiply-adds"
}

network small.nn 'dense(10, sigmoid)'
network wide.nn '(dense(512, relu) -> dropout(0.2)) * 2'
for file in small.nn wide.nn; do
    check $file x86-64-v3 ymm
    check $file x86-64-v4 zmm
done

# Convolutions of one and three channels: neighbouring pixels have most of their inputs in common, which
# must not be kept in registers (there were hundreds of stores). All of a kernel, with its frame.
pictures() { # LAYERS
    cat >pictures.nn <<END
dataset set = npy("x.npy", target = "y.npy", classes = 10) -> scale(1/255)
model net(image) { image -> reshape([28, 28, 1]) -> $1 -> flatten -> dense(10, softmax) }
train net on set { loss = crossentropy
                   optimizer = adam
                   batch = 128 }
END
    expect 0 "$nnc" --emit=asm --cpu=x86-64-v4 pictures.nn
    awk '/^nn_outer_.*:/ { kernel = $1 } /^nn_/ && !/^nn_outer_/ { kernel = "" }
         kernel && /vmovups.*zmm.*\(%rsp\)/ { count[kernel]++ }
         END { for (k in count) if (count[k] > 20) print k, count[k] }' out >spills
    [ ! -s spills ] || fail "$1 spills: $(head -n 1 spills)"
}
pictures 'conv2d(32, 5, relu)'
pictures 'conv2d(6, 5, relu, same) -> max_pool -> conv2d(16, 5)'
pictures 'conv2d(32, 3, relu, same) -> conv2d(3, 3, same) -> conv2d(32, 5, relu, same)'

# So must not what two steps of a tile in one have in common: pixels that are rows of one and of the other.
cat >neighbours.nn <<END
dataset set = npy("x.npy", target = "y.npy", classes = 10) -> scale(1/255)
model net(image) { image -> reshape([28, 28, 1]) -> conv2d(32, 1) -> flatten -> dense(10, softmax) }
train net on set { loss = crossentropy
                   optimizer = adam
                   batch = 128 }
END
check neighbours.nn x86-64-v3 ymm

kernels() { # FILE
    expect 0 "$nnc" --emit=asm --cpu=x86-64-v3 "$1"
    grep -c -E '^nn_(outer|dot)_.*:' out
}
network two.nn 'dense(64, relu) * 3'
network four.nn 'dense(64, relu) * 5'
[ "$(kernels two.nn)" = "$(kernels four.nn)" ] || fail "layers of equal shape have kernels of their own"

# Training stores weights and values that another worker reads past the caches of Zen 4; predictions
# and other processors keep them there.
network shared.nn '(dense(128, relu)) * 2'
past_caches() { # CPU: functions with such stores
    expect 0 "$nnc" --emit=asm --cpu="$1" shared.nn
    awk '/^nn_.*:/ { name = $1 } /vmovntps/ { print name }' out | sort -u
}
past_caches znver4 >past
grep -q '^nn_train.*matmul' past || fail "values are not stored past Zen's caches"
grep -q '^nn_train.*matmul_weights' past || fail "weights are not stored past Zen's caches"
! grep -v '^nn_train' past >other || fail "$(head -n 1 other) stores past the caches"
past_caches sapphirerapids >past
! [ -s past ] || fail "$(head -n 1 past) stores past Intel's caches"
