#!/usr/bin/env bash
# An interrupted training saves its weights whole and ends with status 3.
. "$(dirname "$0")/common/begin.sh"

sed 's/epochs    = 100/epochs = 1000000/' "$root/examples/playground.nn" >endless.nn
build endless.nn
for signal in INT TERM; do
    rm -f weights.safetensors
    # Scripts start their background jobs with SIGINT ignored.
    ./endless fit --seed 1 --save weights.safetensors >out 2>err </dev/null &
    training=$!
    until_true has_worked $training 50
    kill -$signal $training
    wait $training
    status=$?
    [ $status = 3 ] || fail "status $status instead of 3 after SIG$signal"
    expect 0 ./endless evaluate --weights weights.safetensors --json
    between 0 "$(number loss)" 10
done

# timeout(1) signals the program, and at once its group with it: this is one request.
rm -f weights.safetensors
timeout -s INT 1 ./endless fit --seed 1 --save weights.safetensors --progress=none 2>err
expect 0 ./endless evaluate --weights weights.safetensors --json

# Nor does it lose the best weights: they are restored as at the end, and are those of the checkpoint.
cat >best.nn <<'END'
dataset points = circles(200, factor = 0.5, noise = 0.2, seed = 1) -> split(validation = 0.5)
model net(x) { x -> dense(30, tanh) -> dense(1, sigmoid) }
train net on points {
    loss      = crossentropy
    optimizer = adam(0.1)
    epochs    = 1000000
    callbacks = [early_stopping(patience = 1000000, restore_best_weights = true),
                 checkpoint("best.safetensors", save_best_only = true)]
}
END
build best.nn
same_weights() { # of 121 numbers, at the end of the files
    cmp <(tail -c 484 "$1") <(tail -c 484 "$2") || fail "$1 and $2 hold other weights"
}
./best fit --seed 1 --save weights.safetensors >out 2>err </dev/null &
training=$!
until_true has_worked $training 50
kill -INT $training
wait $training
[ $? = 3 ] || fail "not status 3"
says "the weights of the best epoch, "
same_weights weights.safetensors best.safetensors

# A loss that is not finite does not cost them either.
sed 's/adam(0.1)/sgd(piecewise(0.1, epochs = 5, rates = 1e38))/' best.nn >blown.nn
build blown.nn
rm -f weights.safetensors
expect 4 ./blown fit --seed 1 --save weights.safetensors
says "the weights of the best epoch, "
same_weights weights.safetensors best.safetensors
