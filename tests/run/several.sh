#!/usr/bin/env bash
# `fit --seeds` and lists of `--learning-rate`: runs side by side have the bits of the runs alone, files of their own, and
# are told of in one table. Fails where a run depends on those beside it, where two write one file, where one that fails or
# is interrupted takes others with it, or where a list that is none is taken for one.
. "$(dirname "$0")/common/begin.sh"

cat >dense.nn <<'E2'
dataset points = circles(300, factor = 0.5, noise = 0.2, seed = 1) -> standardize -> split(validation = 0.25, test = 0.2)
model net(x) { x -> dense(20, relu) -> dropout(0.3) -> batch_norm -> dense(1, sigmoid) }
train net on points {
    loss      = crossentropy
    optimizer = adam(0.01)
    metrics   = [accuracy]
    epochs    = 400
    batch     = 16
    callbacks = [early_stopping(patience = 4, restore_best_weights = true), csv_log("logs/dense.csv"),
                 checkpoint("logs/best-{epoch:02d}.safetensors", save_best_only = true)]
}
E2
cat >words.nn <<'E2'
dataset words = text("words.txt", unit = word) -> windows(4) -> split(validation = 0.1)
model writer(tokens: int[4]) { tokens -> embedding(words.vocabulary, 6) -> lstm(6, return_sequences = true, dropout = 0.1) -> dense(words.vocabulary) }
train writer on words { loss = crossentropy  optimizer = adam(0.01)  epochs = 2  batch = 8 }
E2
awk 'BEGIN { for (i = 0; i < 600; i++) printf("w%d%s", int(i * i / 7) % 41, i % 12 == 11 ? "\n" : " ") }' >words.txt
programs="dense words"
if cc -o pictures "$root/tests/run/common/pictures.c" -lpng -ljpeg 2>err; then
    ./pictures shapes 40 20 0
    programs+=" moved"
fi
cat >moved.nn <<'E2'
dataset shapes = images("shapes", memory = none) -> resize(12, 12) -> scale(1/255) -> augment(flip(both), crop(pad = 1), rotate(10))
model net(image) { image -> conv2d(4, 3) -> batch_norm -> relu -> max_pool(2) -> flatten -> dense(2, softmax) }
train net on shapes { loss = crossentropy  optimizer = rmsprop(0.003)  metrics = [accuracy]  epochs = 3  batch = 8 }
E2
mkdir logs made

# ---- The bits of the runs alone.

prints() { grep -o '"fingerprint": *"[0-9a-f]*"' out | grep -o '[0-9a-f]\{16\}'; }
alone() { # PROGRAM OPTION..
    local program=$1
    shift
    expect 0 "./$program" fit --json --progress=none --save alone.safetensors "$@"
    prints
}
for program in $programs; do
    build $program.nn
    for seed in 4 5 6; do alone $program --seed $seed; done >wanted
    [ "$(sort -u wanted | wc -l)" = 3 ] || fail "$program: seeds change nothing"
    for threads in 1 2 5; do
        expect 0 ./$program fit --json --seed 4 --seeds 3 --threads $threads
        [ "$(prints)" = "$(cat wanted)" ] || fail "$program: not the bits of the runs alone, $threads threads"
    done
done
for rate in 0.1 0.003; do
    for seed in 9 2; do alone dense --learning-rate $rate --seed $seed --history "wanted-rate$rate-seed$seed.csv"; done
done >wanted
cp logs/dense.csv wanted.csv
expect 0 ./dense fit --learning-rate 0.1,0.003 --seeds 9,2 --history history.csv --step-log steps.csv --save made/net.safetensors
fail_names=$(ls made history* steps* logs | tr '\n' ' ')
[ "$(grep -o '[0-9a-f]\{16\}$' out)" = "$(cat wanted)" ] || fail "a list of rates has other bits"
for run in rate0.1-seed9 rate0.1-seed2 rate0.003-seed9 rate0.003-seed2; do
    cmp -s history-$run.csv wanted-$run.csv || fail "history of $run: $fail_names"
    [ -s steps-$run.csv ] && [ -s made/net-$run.safetensors ] || fail "no files of $run: $fail_names"
    ls logs | grep -q "best-01-$run.safetensors" || fail "the checkpoint of $run has no name: $fail_names"
done
cmp -s logs/dense-rate0.003-seed2.csv wanted.csv || fail "csv_log of another run"
absent history.csv steps.csv made/net.safetensors

# ---- One table: the values of the epoch whose weights are saved, means and deviations.

expect 0 ./dense fit --seed 4 --seeds 3
for seed in 4 5 6; do says "of 3: seed $seed: stopped early, "; done
awk '$1 == "run" { for (i = 1; i <= NF; i++) if ($i == "test_loss") column = i + 2 } # "seed 4", "stopped early"
     $1 == "seed" { n++; sum += $column; squares += $column * $column; if ($column == "") bad = 1 }
     $1 == "mean" { mean = $(column - 4) } $1 == "deviation" { deviation = $(column - 4) }
     function near(a, b) { return a - b < 2e-4 && b - a < 2e-4 }
     END { exit !(n == 3 && !bad && near(mean, sum / n) && near(deviation, sqrt((squares - sum * sum / n) / (n - 1)))) }' out ||
    fail "mean or deviation of test_loss"
expect 0 ./dense evaluate --weights dense-seed5.safetensors --json
loss=$(number loss)
expect 0 ./dense fit --seed 4 --seeds 3 --json --progress=none
[ ! -s err ] || fail "says something"
tr '{' '\n' <out | grep -o '^"loss":[0-9.]*,"accuracy":[0-9.]*},"epochs' | sed -n '2s/"loss":\([0-9.]*\).*/\1/p' >test_loss
between "$(awk -v x="$loss" 'BEGIN { print x - 1e-6 }')" "$(cat test_loss)" "$(awk -v x="$loss" 'BEGIN { print x + 1e-6 }')"
says '"summary":[{"runs":3,"mean":{"loss":'

# ---- One that fails, is interrupted or killed.

sed 's/adam(0.01)/sgd(0.01)/; s/batch_norm -> dense(1, sigmoid)/dense(1)/; s/crossentropy/mse/; s/\[accuracy\]/mae/; /callbacks/d; /checkpoint/d' dense.nn >plain.nn
build plain.nn
expect 4 ./plain fit --learning-rate 0.01,1e30,0.02 --epochs 3
grep -q '^rate 1e+30 *not finite' out && [ "$(grep -c '^rate.*done' out)" = 2 ] || fail "one failure is not one"
says "rate 1e+30: plain: error: the loss became"
says "2 of 3 runs are whole"

stop() { # SIGNAL: of the process that `at_work` began
    local began=$SECONDS
    kill "-$1" "$process"
    wait "$process" 2>/dev/null # bash tells of one that is killed
    status=$?
    [ $((SECONDS - began)) -le 3 ] || fail "SIG$1 takes long"
}
at_work() { # OPTION..: until all have written checkpoints
    ./plain fit --seeds 2 --threads 2 --epochs 100000000 --checkpoint kept.safetensors --every 10 "$@" >out 2>err &
    process=$!
    until_true eval '[ -e kept-seed1.safetensors~ ] && [ -e kept-seed2.safetensors~ ]'
}
at_work
stop TERM
[ "$status" = 3 ] || fail "status $status"
says "seed 2: plain: interrupted after step"
says "interrupted: 0 of 2 runs are whole"
grep -q '^seed 1 *interrupted' out || fail "no row of what was interrupted"

rm kept*
at_work
children=$(pgrep -P "$process")
[ "$(echo "$children" | wc -l)" = 2 ] || fail "no two processes"
stop KILL
for child in $children; do
    for _ in $(seq 30); do kill -0 "$child" 2>/dev/null || continue 2 && sleep 0.1; done
    fail "a run goes on without who began it"
done
rm kept*
expect 3 ./plain fit --seeds 5 --threads 2 --epochs 100000000 --max-time 1s
says "--max-time 1s: 0 of 5 runs are whole"
[ "$(grep -c '^seed . *interrupted' out)" = 2 ] && [ "$(grep -c '^seed . *not begun' out)" = 3 ] || fail "not two of five"

sed 's/metrics .*/callbacks = [max_time(0.3s), tensorboard("board")]/; s/epochs .*/epochs = 100000000/' plain.nn >timed.nn
build timed.nn
expect 3 ./timed fit --seeds 2 # each of its own time
says "seed 2: timed: max_time(0.3s) is over"
says "interrupted: 0 of 2 runs are whole"
ls board/seed1/train/* board/seed2/validation/* >/dev/null || fail "no folders of their own"

# ---- Going on: each from its own checkpoint, with the rate that it has come to.

sed 's/metrics .*/callbacks = [reduce_on_plateau(monitor = loss, factor = 0.5, patience = 1, min_delta = 0.01)]/' plain.nn >falling.nn
build falling.nn
expect 0 ./falling fit --seeds 2 --learning-rate 0.02,0.05 --epochs 20 --json --step-log whole.csv
prints >wanted
expect 0 ./falling fit --seeds 2 --learning-rate 0.02,0.05 --epochs 20 --steps 95 --checkpoint kept.safetensors --step-log part.csv
rm kept-rate0.05-seed1.safetensors* # that one begins
expect 0 ./falling fit --seeds 2 --learning-rate 0.02,0.05 --epochs 20 --json --resume --checkpoint kept.safetensors --step-log part.csv
[ "$(prints)" = "$(cat wanted)" ] || fail "other weights after --resume"
for run in rate0.02-seed1 rate0.02-seed2 rate0.05-seed1 rate0.05-seed2; do
    cmp -s whole-$run.csv part-$run.csv || fail "other losses of $run after --resume"
done

# ---- A folder of each run, which says how it is run alone.

expect 0 ./plain fit --seeds 3,8 --epochs 2 --run runs --progress none
[ "$(ls runs | wc -l)" = 2 ] || fail "not two folders"
grep -l '"--seed=8"' runs/*/run.json >found && ! grep -q seeds runs/*/run.json || fail "run.json does not say the seed"
[ -s "$(dirname "$(cat found)")/weights.safetensors" ] || fail "no weights in the folder"
expect 0 "$nnc" runs runs
says "--seed=8"
expect 0 "$nnc" run plain.nn fit --seeds 2 --epochs 1
says "of 2: seed 2: done, 1 epoch, loss "
absent plain.safetensors

# ---- What is none.

refuses() { # TEXT OPTION..
    local text=$1
    shift
    expect 2 ./plain fit --epochs 1 "$@"
    one_message
    says "$text"
}
refuses "a number of runs from 1 to 10000, or a list of seeds" --seeds 0
refuses "a number of runs from 1 to 10000, or a list of seeds" --seeds 10001
refuses "not \`two\`" --seeds two
refuses "not \`-1\`" --seeds 3,-1
refuses "has a hole in its list" --seeds 3,,4
refuses "has a hole in its list" --learning-rate 0.1,
refuses "not \`nan\`" --learning-rate 0.1,nan
refuses "not \`0\`" --learning-rate 0,0.1
refuses "lists \`0.10\` twice" --learning-rate 0.1,0.10
refuses "leave \`--seed\` out" --seeds 3,4 --seed 1
refuses "are more than 10000 runs" --seeds 5001 --learning-rate 0.1,0.2
refuses "leaves no room" --seeds 2 --seed 9223372036854775807
refuses "\`--dry-run\` tries one run" --seeds 2 --dry-run
refuses "\`--doctor\` looks at one run" --learning-rate 0.1,0.2 --doctor
refuses "\`--progress=json\` tells of one run" --seeds 2 --progress json
refuses "goes on with one run" --seeds 2 --run runs --resume
expect 2 ./plain fit --seeds 3 --batch 1000
[ "$(grep -c '^seed . *not begun' out)" -ge 1 ] || fail "what is wrong for one is tried for all"
says "of 3 runs are whole; what ended others is said above"
expect 0 ./plain fit --seeds 1 --epochs 1 --learning-rate 0.5
says "of 1: seed 1: done, 1 epoch, loss "
