#!/usr/bin/env bash
# Where memory runs out, nnc and programs say so and end with status 1: the first, second, third ...
# allocation fails, alone or with all after it, in turn. E9001. Never a signal, an internal error, or
# status 0 with another result than where there was enough.
. "$(dirname "$0")/common/begin.sh"
faults_library
limit=${NNC_SCARCE_SECONDS:-25} # by hand: all places with NNC_SCARCE_SECONDS=100000
commands=8

cat >net.nn <<'END'
dataset points = circles(60, factor = 0.5, noise = 0.2, seed = 1) -> split(validation = 0.5)
model net(x) { x -> dense(3, tanh) -> dense(1, sigmoid) }
train net on points { loss = crossentropy
                      optimizer = adam(0.01)
                      metrics = [accuracy, auc]
                      epochs = 2
                      callbacks = [early_stopping(restore_best_weights = true), csv_log("log.csv")] }
END
build net.nn whole
expect 0 ./whole fit --seed 1 --save weights.st
{
    printf '\223NUMPY\1\0v\0%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }"
    head -c 16 /dev/zero
} >points.npy

try() { # PLACE FOREVER COMMAND...
    local at=$1 forever=$2 status
    shift 2
    rm -f made made.csv
    timeout 60 env FAULTS_KIND=memory FAULTS_AT="$at" FAULTS_FOREVER="$forever" LD_PRELOAD="$work/faults.so" "$@" \
        >out 2>err </dev/null
    status=$?
    if [ $status = 0 ]; then
        cmp -s out enough-out || fail "other output, status 0, without allocation $at: $*"
        [ ! -e enough-made ] || cmp -s made enough-made || fail "another file, without $at: $*"
        [ ! -e enough-csv ] || cmp -s made.csv enough-csv || fail "another log, without $at: $*"
        return
    fi
    [ $status = 1 ] || fail "status $status without allocation $at ($forever): $*"
    grep -qi 'memory\|cannot \(make\|start\)' err || fail "no message without allocation $at: $*"
    [ "$(grep -c 'error.*: .*[a-z]' err)" -le 2 ] || fail "more than one message without $at: $*"
}

# Every place while there are few, then places all over, as far as the time goes.
scarce() { # COMMAND...
    local count at forever step end
    rm -f enough-* made made.csv
    env FAULTS_KIND=memory FAULTS_REPORT="$work/count" LD_PRELOAD="$work/faults.so" "$@" >enough-out 2>err </dev/null ||
        fail "fails with enough memory: $*"
    [ ! -e made ] || mv made enough-made
    [ ! -e made.csv ] || mv made.csv enough-csv
    read -r count _ <count
    end=$((SECONDS + limit / commands + 1))
    step=$((count / 400 + 1))
    for ((at = 1; at <= count && SECONDS < end; at++)); do
        for forever in 1 0; do try $at $forever "$@"; done
        [ $at -lt 100 ] && [ "$limit" -gt 1000 ] || at=$((at + RANDOM % step))
    done
}
scarce "$nnc" check net.nn
scarce "$nnc" build net.nn -o made
cat >labels.nn <<'END'
dataset points = npy("points.npy", target = "labels.npy")
model labels(x) { x -> dense(2, sigmoid) }
train labels on points { loss = binary_crossentropy
                         optimizer = sgd }
END
cp points.npy labels.npy
build labels.nn labels
expect 0 ./labels init --save labels.st
scarce ./labels predict --weights labels.st --csv points.npy
scarce ./whole evaluate --weights weights.st --json
scarce ./whole predict --weights weights.st --json points.npy points.npy
scarce ./whole predict --weights weights.st --npy made points.npy
scarce ./whole fit --seed 1 --threads 2 --progress=none --save made --history made.csv
scarce ./whole info --json
