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
    sleep 1
    kill -$signal $training
    wait $training
    status=$?
    [ $status = 3 ] || fail "status $status instead of 3 after SIG$signal"
    expect 0 ./endless evaluate --weights weights.safetensors --json
    between 0 "$(number loss)" 10
done
