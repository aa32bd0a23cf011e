#!/usr/bin/env bash
# Data that do not stay in memory (memory = none) train as well, to the same bits with any number of
# threads, in the memory that the summary states; a disk without room for them is told.
. "$(dirname "$0")/common/begin.sh"

is_sanitized= # with memory of its own
ldd "$nnc" | grep -q libasan && is_sanitized=1

awk 'BEGIN { srand(7)
    print "a,b,c,d,e,f,g,h,i,y"
    for (row = 0; row < 150000; row++) {
        sum = 0
        for (k = 0; k < 9; k++) { value = rand() - 0.5; sum += k < 3 ? value : 0; printf "%.4f,", value }
        print (sum > 0 ? "yes" : "no")
    } }' >table.csv

for memory in all none; do
    cat >$memory.nn <<END
dataset rows = csv("table.csv", target = y, memory = $memory) -> split(validation = 0.1)
model net(x) { x -> dense(8, relu) -> dense(1, sigmoid) }
train net on rows { loss = crossentropy  optimizer = adam(0.01)  metrics = accuracy
                    epochs = 1  batch = 100 }
END
    expect 0 "$nnc" build $memory.nn -o $memory
    expect 0 "$nnc" summary $memory.nn --json
    peak=$(number peak_bytes)
    expect 0 ./$memory fit --threads 1 --progress=none --json
    between 0.97 "$(number val_accuracy)" 1
    cp out first
    for threads in 2 3; do
        expect 0 ./$memory fit --threads $threads --progress=none --json --save again.safetensors
        cmp -s $memory.safetensors again.safetensors ||
            fail "$memory: other weights with $threads threads"
    done

    # The most that the kernel has seen while it could be asked.
    ./$memory fit --progress=none --epochs 2 >out 2>err &
    child=$! seen=0
    while size=$(awk '/VmHWM/ { print $2 }' /proc/$child/status 2>/dev/null) && [ -n "$size" ]; do
        seen=$size
        sleep 0.01
    done
    wait $child || fail "$memory: does not train"
    [ $is_sanitized ] || between 1000 $seen $((peak * 105 / 100 / 1024))
    eval "peak_$memory=$peak"
done
# 150,000 rows of 9 numbers as double and of a word, the vector, and the lists of rows
between 15000000 "$peak_all" 27000000

expect 1 env TMPDIR=/nowhere ./none fit
says 'cannot be put into `/nowhere`'
says 'set TMPDIR to a folder of a disk with more room, or write `memory = all`'
one_message
expect 1 env TMPDIR=/nowhere "$nnc" check none.nn
says 'error[E0402]'
exit 0
