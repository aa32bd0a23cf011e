#!/usr/bin/env bash
# lr-find: the curve of a range test is that of steps at these rates, the same for any number of threads; schedules, steps of
# one's own and several batches a step are tested as they are; nothing is left behind. Fails where a rate, a loss or a place in
# the source is another one, or a file changes.
. "$(dirname "$0")/common/begin.sh"

cat >net.nn <<'END'
param start = 0.001
param several = 1
dataset points = moons(600, noise = 0.1, seed = 1) -> split(validation = 0.2)
model net(x) {
    x -> dense(16, relu) -> dropout(0.1) -> dense(2, softmax)
}
train net on points {
    loss       = crossentropy
    optimizer  = adam(exponential_decay(start, rate = 0.9, steps = 10), clip_norm = 1)
    accumulate = several
    epochs     = 2
    batch      = 16
}
END
build net.nn
rm -f out err
cksum * 2>/dev/null >home/before
expect 0 ./net lr-find --threads 1
cp out first
says 'suggested learning rate: '
says 'the middle of the longest fall'
says 'in net.nn, line 9: the first rate of `exponential_decay` in `adam`, which is 0.001 now'
rate=$(sed -n 's/^suggested learning rate: \([^ ]*\).*/\1/p' out)
says "or for one run: ./net fit --learning-rate $rate"
grep -q $'\033' out && fail "colours in a file"
[ "$(grep -v '^in \|^or ' out | awk '{ if (length > 80) print }' | wc -l)" -le 2 ] || fail "a wide curve"
grep -q '\*' out || fail "no curve"
expect 0 ./net lr-find --threads 2
cmp first out || fail "another curve with two threads"
expect 0 ./net lr-find --seed 2
cmp -s first out && fail "the same curve with another seed"
rm out err first
cksum * 2>/dev/null | cmp - home/before || fail "something was written: $(ls)"

# The first rate of all: the losses are those of `fit` with that rate, as long as it hardly grows.
expect 0 ./net lr-find --from 0.01 --to 0.010000001 --steps 40 --csv curve.csv -o curve.svg
expect 0 "$nnc" build net.nn -D start=0.01 -o other
sed 's/exponential_decay(.*steps = 10)/start/' net.nn >plain.nn
expect 0 "$nnc" build plain.nn -D start=0.01
expect 0 ./plain fit --epochs 2 --step-log steps.csv --progress=none
awk -F, 'NR == FNR { loss[$1] = $2; next } FNR > 1 && FNR <= 40 { d = $3 - loss[$1]; if (d < 0) d = -d
         if (d > 1e-4) { print "step " $1 ": " $3 " is not " loss[$1]; exit 1 } }' steps.csv curve.csv || fail "other losses"
[ "$(wc -l <curve.csv)" = 41 ] || fail "not a line a step"
head -n 1 curve.csv | grep -q '^step,learning_rate,loss,smoothed$' || fail "the names of the columns"
grep -q '<svg xmlns=.*1e-2.*</svg>' <(tr -d '\n' <curve.svg) || fail "no picture"
if command -v python3 >/dev/null; then
    python3 -c "import xml.dom.minidom as m; m.parse('curve.svg')" || fail "the picture is no XML"
    expect 0 ./net lr-find --json
    python3 - <<'END' || fail "the result as JSON"
import json
found = json.load(open("out"))
rates, losses = found["rates"], found["losses"]
assert len(rates) == len(losses) == len(found["smoothed"]) == found["steps"], found
assert abs(rates[0] - 1e-7) < 1e-15 and all(b > a for a, b in zip(rates, rates[1:]))
assert found["steps"] == 100 or found["diverged"]
assert found["suggestion"] in rates and found["rule"] == "valley" and found["line"] == 9 and found["now"] == 0.001
assert abs(found["minimum"] * 10 - min(rates, key=lambda r: abs(r - found["minimum"] * 10))) < 1e-12
END
fi

# Several batches a step are one step of the test: the mean of their losses; weights of a file are the beginning.
expect 0 "$nnc" build net.nn -D several=3 -o summed
expect 0 ./summed lr-find --from 1e-9 --to 1.1e-9 --steps 20 --csv summed.csv
expect 0 ./plain lr-find --from 1e-9 --to 1.1e-9 --steps 30 --csv single.csv
# An epoch has 30 batches, of 16 samples each, so that the first ten steps are its.
awk -F, 'NR == FNR { loss[NR] = $3; next } FNR > 1 && FNR <= 11 { n = (FNR - 2) * 3 + 2; m = (loss[n] + loss[n + 1] + loss[n + 2]) / 3
         d = $3 - m; if (d < 0) d = -d; if (d > 1e-4) { print $3, m; exit 1 } }' single.csv summed.csv || fail "sums of batches"
expect 0 ./plain fit --epochs 20 --progress=none
cksum plain.safetensors >sum
expect 0 ./plain lr-find --weights plain.safetensors --csv trained.csv --from 1e-9 --to 1e-8
awk -F, 'NR == FNR { if (FNR == 2) first = $3; next } FNR == 2 { exit !($3 < 0.8 * first) }' single.csv trained.csv ||
    fail "it does not begin with the weights"
cksum plain.safetensors | cmp - sum || fail "the weights have changed"

# Steps of one's own: the one that is named, and the loss is its.
cat >gan.nn <<'END'
dataset points = moons(256, noise = 0.1, seed = 1)
model maker(noise: [4]) { noise -> dense(16, relu) -> dense(2) }
model judge(p: [2]) { p -> dense(16, relu) -> dense(1) }
train maker, judge on points {
    batch = 32  epochs = 2
    step tell updates judge with adam(1e-3) {
        minimize crossentropy(judge(x), 1) + crossentropy(judge(normal(4) -> maker), 0)
    }
    step make updates maker with rmsprop(1e-4) {
        minimize crossentropy(normal(4) -> maker -> judge, 1)
    }
}
END
build gan.nn
expect 2 ./gan lr-find
says '`tell`, `make` have an optimizer each: `--step NAME` says whose rate grows'
expect 2 ./gan lr-find --step tel
says 'did you mean `tell`'
./gan lr-find --step make --json --from 1e-9 --to 2e-9 >out 2>err
says '"optimizer": "rmsprop"'
says '"line": 9'
between 0.3 "$(grep -o '"losses": \[[0-9.]*' out | sed 's/.*\[//')" 1.2
./gan lr-find --step tell --json --from 1e-9 --to 2e-9 >out 2>err
between 1.0 "$(grep -o '"losses": \[[0-9.]*' out | sed 's/.*\[//')" 2.4

# What cannot be.
expect 2 ./net lr-find --from 1 --to 0.1
says 'the former has to be less'
expect 2 ./net lr-find --steps 5
expect 2 ./net lr-find --step one
says 'leave it out'
expect 2 ./net lr-find --training 2
expect 2 ./net lr-find --num-it 50
says 'did you mean `--steps`'
expect 2 ./net lr-find -o net
expect 1 ./net lr-find --csv nowhere/curve.csv
expect 1 ./net lr-find --from 50 --to 1000
says 'no rate is suggested'
expect 1 "$nnc" run net.nn lr-find --weights missing.st
sed 's/dense(2, softmax)/dense(2) -> log -> softmax/' net.nn >broken.nn
build broken.nn
expect 4 ./broken lr-find
says 'the first loss is not finite'
timeout -s INT 0.5 ./net lr-find --steps 10000 --to 1e-6 >out 2>err
status=$?
[ $status = 124 ] || [ $status = 3 ] || [ $status = 1 ] || [ $status = 0 ] || fail "interrupted: status $status"
cksum plain.safetensors | cmp - sum || fail "the weights have changed"
exit 0
