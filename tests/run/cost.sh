#!/usr/bin/env bash
# `fit --verbose` says the operations, bytes and memory that `nnc cost` does, and both how long an epoch takes, and that changes nothing of the training.
# What breaks it: a function whose work is left out of the descriptor, an epoch counted otherwise, a forecast of another unit, one
# whose steps leave something behind.
. "$(dirname "$0")/common/begin.sh"
cat >net.nn <<'END'
dataset points = circles(n = 4000, seed = 1) -> split(validation = 0.25)
model net(x) { x -> dense(256, relu) -> dense(256, relu) -> dense(1, sigmoid) }
train net on points { loss = crossentropy  optimizer = adam  metrics = accuracy  epochs = 2  batch = 64 }
END
expect 0 "$nnc" cost net.nn --no-forecast
! grep -q Forecast out || fail 'a forecast that nobody asked for'
[ -z "$(find home -type f)" ] || fail 'something was compiled'
for what in Parameters FLOP 'Bytes moved' 'Peak memory'; do
    grep "^$what:" out | sed 's/, [0-9,]* of them trained//; s/ bytes.*/ bytes/' >>stated
done
build net.nn
expect 0 ./net fit --verbose --progress=line --epochs 1
grep -E '^(Parameters|FLOP|Bytes moved|Peak memory):' out | diff stated - || fail 'fit --verbose says something else'
expect 0 ./net fit --progress=line --epochs 1
! grep -q FLOP out || fail 'says what nobody asked for'

# What it measures is the training that will be: its time within a factor that noisy machines stay in.
expect 0 "$nnc" cost net.nn --json
says '"data": "real"'
step=$(number step_seconds)
validation=$(number validation_seconds)
between 1e-9 "$validation" "$(awk "BEGIN { print $(number epoch_seconds) / 2 }")" # of a third of the samples, forward alone
whole=$(awk "BEGIN { print $(number steps_an_epoch) * $step + $validation }")
between "$(awk "BEGIN { print $whole * 0.97 }")" "$(number epoch_seconds)" "$(awk "BEGIN { print $whole * 1.2 }")" # the last step is shorter, an order is drawn
expect 0 ./net fit --progress=none --json --epochs 4
real=$(awk "BEGIN { print 64 / $(number samples_per_second) }")
between "$(awk "BEGIN { print $real / 4 }")" "$step" "$(awk "BEGIN { print $real * 4 }")"
expect 2 "$nnc" summary net.nn --no-forecast

# A batch that cannot be has one message, whoever is asked.
for command in cost fit bench lr-find; do
    expect 2 ./net $command --batch 65
    says '`--batch 65` is more than the program was compiled for (64)'
done

# Its steps leave nothing behind: moving averages of the norm, slots, rows of tables that wait, states of sequences.
cat >kept.nn <<'END'
dataset words = text("words.txt", unit = char) -> windows(8) -> split(validation = 0.1)
model net(tokens: int[8]) {
    tokens -> embedding(words.vocabulary, 8) -> lstm(8, stateful = true, return_sequences = true) -> batch_norm -> dropout(0.2)
           -> dense(words.vocabulary)
}
train net on words { loss = crossentropy  optimizer = adam  epochs = 2  batch = 16 }
END
for i in $(seq 300); do echo "$i times $((i * i)) is a line"; done >words.txt
build kept.nn
expect 0 ./kept fit --progress=line
grep -E '^weights [0-9a-f]{16}$' out >plain || fail 'no fingerprint'
expect 0 ./kept fit --progress=line --verbose
says 'Forecast, measured with'
grep -E '^weights [0-9a-f]{16}$' out | diff plain - || fail 'a forecast changes the training'

# A compiled program says it itself, of each of its trainings; without the data of made-up ones, whose epochs it does not know.
expect 0 ./kept cost --threads 1
says 'Roofs, measured: '
says 'Forecast, measured with 1 thread:'
mv words.txt elsewhere
expect 0 ./kept cost --json
says '"data": "made up"'
! grep -q epoch_seconds out || fail 'an epoch of unknown length'
