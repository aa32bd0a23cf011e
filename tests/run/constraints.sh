#!/usr/bin/env bash
# Weights are what their constraints ask for after training with every optimizer, and the number of
# threads changes no bit of them. Kernels have more filters than a vector has lanes and lie in another
# order than in the file. Fails if a constraint comes before the step, takes another dimension or
# leaves some weights out; without constraints the same network leaves the bounds.
. "$(dirname "$0")/common/begin.sh"

network() { # NAME OPTIMIZER KERNEL BIAS DEPTHWISE GAMMA UNIT
    cat >"$1.nn" <<END
dataset pictures = npy("picture-small.npy", target = "picture-labels.npy") -> scale(1/255)
model net(image) {
    image -> conv2d(19, 3, relu, stride = 2$3$4)
          -> depthwise_conv2d(3, stride = 2$5) -> batch_norm(gamma_initializer = constant(-0.5)$6)
          -> flatten -> dense(5, softmax$7)
}
train net on pictures {
    loss      = crossentropy
    optimizer = $2
    batch     = 20
    epochs    = 2
}
END
    build "$1.nn"
}

# Prints the numbers of one tensor of a safetensors file, one a line.
numbers() { # FILE TENSOR
    local header range
    header=$(od -An -t u8 -N 8 "$1")
    range=$(head -c $((header + 8)) "$1" | tail -c +9 | grep -ao "\"$2\": *{[^}]*}" |
        sed 's/.*"data_offsets": *\[\([0-9]*\), *\([0-9]*\)\].*/\1 \2/')
    [ -n "$range" ] || fail "$1 has no $2"
    od -An -v -w4 -t f4 -j $((header + 8 + ${range% *})) -N $((${range#* } - ${range% *})) "$1"
}

# The least and the largest norm of a tensor's columns: each goes over all dimensions but the last
# ones, which hold COLUMNS numbers.
norms() { # FILE TENSOR COLUMNS
    numbers "$1" "$2" | awk -v columns="$3" '
        { sum[(NR - 1) % columns] += $1 * $1 }
        END {
            least = 1e30
            for (i in sum) {
                norm = sqrt(sum[i])
                if (norm < least) least = norm
                if (norm > most) most = norm
            }
            printf "%.9g %.9g\n", least, most
        }'
}

least() { # FILE TENSOR
    numbers "$1" "$2" | sort -g | head -n 1
}

norms_between() { # FILE TENSOR COLUMNS LOW HIGH
    local range
    range=$(norms "$1" "$2" "$3")
    between "$4" "${range% *}" "$5"
    between "$4" "${range#* }" "$5"
}

cp "$root"/tests/fixtures/steps/data/picture-{small,labels}.npy .
optimizers='sgd(0.1) rmsprop(0.05) adagrad(0.5) adadelta(1) adam(0.05) adamw(0.05) nadam(0.05)'
for optimizer in $optimizers; do
    network kept "$optimizer" ', kernel_constraint = min_max_norm(0.4, 0.6, axis = [0, 1, 2])' \
        ', bias_constraint = non_negative' ', depthwise_constraint = unit_norm(axis = [0, 1])' \
        ', gamma_constraint = non_negative' ', kernel_constraint = max_norm(0.3)'
    for threads in 1 2 3; do
        expect 0 ./kept fit --seed 3 --threads $threads --save $threads.safetensors
        cmp 1.safetensors $threads.safetensors || fail "$optimizer: $threads threads train otherwise"
    done
    norms_between 1.safetensors conv2d/kernel 19 0.39999 0.60001
    norms_between 1.safetensors depthwise_conv2d/kernel 19 0.99999 1.00001
    norms_between 1.safetensors dense/kernel 5 0 0.30001
    between 0 "$(least 1.safetensors conv2d/bias)" 1e9
    between 0 "$(least 1.safetensors batch_norm/gamma)" 1e9
done

# Every optimizer is among them: a new one belongs into the list.
"$nnc" ops | sed -n '/^Optimizers/,/^$/s/^  \([a-z_]*\) .*/\1/p' >names
[ -s names ] || fail "nnc ops names no optimizers"
while read -r name; do
    case " $optimizers" in *" $name("*) ;; *) fail "$name is not tried" ;; esac
done <names

# What is not asked for is not done.
network free 'adam(0.05)' '' '' '' '' ''
expect 0 ./free fit --seed 3 --save free.safetensors
between 0.7 "$(norms free.safetensors conv2d/kernel 19 | cut -d ' ' -f 2)" 1e9
between 0 "$(norms free.safetensors depthwise_conv2d/kernel 19 | cut -d ' ' -f 1)" 0.9
between 0.4 "$(norms free.safetensors dense/kernel 5 | cut -d ' ' -f 2)" 1e9
between -1e9 "$(least free.safetensors conv2d/bias)" -0.001
between -1e9 "$(least free.safetensors batch_norm/gamma)" -0.01
