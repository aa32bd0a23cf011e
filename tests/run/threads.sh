#!/usr/bin/env bash
# The number of threads changes no bit of the trained weights, of metrics and of predictions.
. "$(dirname "$0")/common/begin.sh"

build auto-mpg.nn
for threads in 1 2 3; do
    expect 0 ./auto-mpg fit --epochs 3 --threads $threads --history history.csv --save w.safetensors
    expect 0 ./auto-mpg evaluate --threads $threads --weights w.safetensors --json
    mv out $threads.evaluation
    expect 0 ./auto-mpg predict --threads $threads --weights w.safetensors --csv \
        "$root/examples/data/auto-mpg.npy"
    cat history.csv out >>$threads.evaluation
    cmp 1.evaluation $threads.evaluation || fail "$threads threads measure or predict otherwise"
done

# All samples in one step have no order; in two they have.
cat >all.nn <<'END'
param batch_size = 300
dataset points = circles(300)
model net(x: [2]) { x -> dense(8, tanh) -> dense(1, sigmoid) }
train net on points { loss = crossentropy optimizer = adam epochs = 3 batch = batch_size }
END
for batch in 300 299; do
    expect 0 "$nnc" build all.nn -D batch_size=$batch -o all
    expect 0 ./all fit --seed 1 --save shuffled.safetensors
    expect 0 ./all fit --seed 1 --no-shuffle --save in-order.safetensors
    status=0
    cmp -s shuffled.safetensors in-order.safetensors || status=1
    [ $status = $((batch < 300)) ] || fail "batch $batch of 300 samples: shuffling matters: $status"
done

needs_fashion_mnist
same_for_all_threads() { # EXE OPTION...
    local executable=$1 threads
    shift
    for threads in 1 2 3; do
        expect 0 "$executable" fit --seed 7 --threads $threads --save $threads.safetensors "$@"
    done
    cmp 1.safetensors 2.safetensors || fail "$executable: two threads give other weights than one"
    cmp 1.safetensors 3.safetensors || fail "$executable: three threads give other weights than one"
    expect 0 "$executable" fit --seed 8 --threads 2 --save 2.safetensors "$@"
    ! cmp -s 1.safetensors 2.safetensors || fail "$executable: the seed changes nothing"
}

build fashion.nn
same_for_all_threads ./fashion --epochs 1
sed 's/= mnist/= fashion_mnist/' "$root/examples/mnist.nn" >wide.nn
build wide.nn
same_for_all_threads ./wide --steps 60
