#!/usr/bin/env bash
# `fit --verbose` says the operations, bytes and memory that `nnc cost` does, and `nnc cost --measure` how long an epoch takes.
# What breaks it: a function whose work is left out of the descriptor, an epoch counted otherwise, a forecast of another unit.
. "$(dirname "$0")/common/begin.sh"
cat >net.nn <<'END'
dataset points = circles(n = 4000, seed = 1) -> split(validation = 0.25)
model net(x) { x -> dense(256, relu) -> dense(256, relu) -> dense(1, sigmoid) }
train net on points { loss = crossentropy  optimizer = adam  metrics = accuracy  epochs = 2  batch = 64 }
END
expect 0 "$nnc" cost net.nn
for what in Parameters FLOP 'Bytes moved' 'Peak memory'; do
    grep "^$what:" out | sed 's/, [0-9,]* of them trained//; s/ bytes.*/ bytes/' >>stated
done
build net.nn
expect 0 ./net fit --verbose --progress=line --epochs 1
grep -E '^(Parameters|FLOP|Bytes moved|Peak memory):' out | diff stated - || fail 'fit --verbose says something else'
expect 0 ./net fit --progress=line --epochs 1
! grep -q FLOP out || fail 'says what nobody asked for'

expect 0 "$nnc" cost net.nn --measure
says 'Forecast, measured with'
expect 0 "$nnc" cost net.nn --measure --json
says '"data": "real"'
step=$(number step_seconds)
whole=$(awk "BEGIN { print $(number steps_an_epoch) * $step + $(number validation_seconds) }")
between "$(awk "BEGIN { print $whole * 0.97 }")" "$(number epoch_seconds)" "$whole" # the last step is shorter
expect 0 ./net fit --progress=none --json --epochs 4
real=$(awk "BEGIN { print 64 / $(number samples_per_second) }")
between "$(awk "BEGIN { print $real / 4 }")" "$step" "$(awk "BEGIN { print $real * 4 }")" # machines are noisy
absent home/.cache/nnc/programs/measured
[ -z "$(find home -type f)" ] || fail 'what was measured is left'
expect 2 "$nnc" summary net.nn --measure
