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
