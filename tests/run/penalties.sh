#!/usr/bin/env bash
# Gradients of gradients, as the penalty of WGAN-GP has them: five steps of critics agree with
# PyTorch's double backward (fixtures/penalties), and a forger and its critic train on points with
# finite numbers and the same bits for any number of threads.
. "$(dirname "$0")/common/begin.sh"

# Relative to the largest number of each tensor, and of the losses.
close() { # NAME WANTED SEEN
    printf '%s\n%s\n' "$2" "$3" | awk -v name="$1" '
        function size(x) { return x < 0 ? -x : x }
        NR == 1 { count = split($0, wanted) }
        NR == 2 {
            for (i = 1; i <= count; i++) {
                if (size(wanted[i]) > scale) scale = size(wanted[i])
                if (!(size($i - wanted[i]) <= largest)) largest = size($i - wanted[i])
            }
            if (count && NF == count && largest <= 1e-5 * scale) exit 0
            printf "%s: %d numbers, PyTorch has %d; they differ by %g of %g\n",
                   name, NF, count, largest, scale
            exit 1
        }'
}

for case in dense convolutional normalized; do
    cp "$root/tests/fixtures/penalties/$case"/* .
    expect 0 "$nnc" build program.nn -o program
    expect 0 ./program fit --weights before.safetensors --no-shuffle --steps 5 --epochs 1 \
        --step-log log.csv --save seen.safetensors --progress none
    close "$case: losses" "$(cut -d , -f 2 losses | tr '\n' ' ')" \
        "$(tail -n +2 log.csv | cut -d , -f 2 | tr '\n' ' ')" || fail "$case: the losses differ"
    names=$(head -c 2000 after.safetensors | grep -ao '"[a-z0-9_]*/[a-z]*"' | tr -d '"')
    [ -n "$names" ] || fail "$case: no tensors to compare"
    for name in $names; do
        close "$case: $name" "$(tensor after.safetensors "$name")" \
            "$(tensor seen.safetensors "$name")" || fail "$case: the weights differ"
        cmp -s <(tensor seen.safetensors "$name") <(tensor before.safetensors "$name") &&
            [[ $name != dense*/bias ]] && fail "$case: $name was not trained"
    done
    expect 0 "$nnc" gradcheck program.nn
    says ": ok"
done

cat >points.nn <<'NN'
dataset points = circles
model forger(noise: [4]) { noise -> dense(16, relu) -> dense(2) }
model critic(x: [2]) { x -> dense(16) -> leaky_relu(0.2) -> dense(16, tanh) -> dense(1) }
train forger, critic on points {
    epochs = 3
    batch  = 30
    step judge updates critic with adam(1e-3) {
        repeat  = 5
        fake    = normal(4) -> forger
        t       = uniform(1)
        mixed   = t * x + (1 - t) * fake
        penalty = 10 * square(sqrt(sum(square(gradient(critic(mixed), mixed)))) - 1)
        minimize critic(fake) - critic(x) + penalty
        report penalty
    }
    step forge updates forger with adam(1e-3) {
        minimize -critic(normal(4) -> forger)
    }
}
NN
build points.nn points
[ ! -s err ] || fail "has something to say about a program that is right"
for threads in 1 2 3; do
    expect 0 ./points fit --threads $threads --seed 3 --save "$threads.safetensors" \
        --step-log "$threads.csv" --progress none
    cmp -s 1.safetensors "$threads.safetensors" || fail "other weights with $threads threads"
    cmp -s 1.csv "$threads.csv" || fail "other losses with $threads threads"
done
grep -qi -e nan -e inf 1.csv && fail "a loss is not finite"
first=$(sed -n 2p 1.csv | cut -d , -f 2)
last=$(tail -n 1 1.csv | cut -d , -f 2)
between -5 "$last" "$first"
