#!/usr/bin/env bash
# Sweeps: each combination is trained as `fit` would alone, the table has means and deviations of what its runs say, and the
# best program trains to the same bits. A sweep that is interrupted or killed goes on where it was; what cannot be trained is
# a line of the table. Fails where a run is trained twice or lost, a number is another one, or one mistake ends it all.
. "$(dirname "$0")/common/begin.sh"

cat >net.nn <<'END'
param units = 16
param act = relu
dataset points = moons(400, noise = 0.1, seed = 1) -> split(validation = 0.25, test = 0.1)
model net(x) { x -> dense(units, act) -> dropout(0.1) -> dense(2, softmax) }
train net on points {
    loss      = crossentropy
    optimizer = adam(exponential_decay(0.01, rate = 0.9, steps = 100))
    metrics   = accuracy
    epochs    = 4
    batch     = 8
    callbacks = [early_stopping(monitor = val_accuracy, patience = 10), csv_log("log.csv")]
}
END

# ---- What would be done.
expect 0 "$nnc" sweep net.nn -D units=4,8 --learning-rate 0.1,0.01,1e30 --seeds 2 --dry-run
says '6 combinations, 12 runs: 12 to train, 0 to go on with, 0 done'
says 'the first one by hand: nnc run net.nn -D units=4 fit --run net-sweep --seed 1 --learning-rate 0.1'
expect 0 "$nnc" sweep net.nn --learning-rate "0.1, 0.01" --dry-run
says '2 combinations, 2 runs'
absent net-sweep

# ---- Everything, with a program that does not compile and a rate that breaks.
sweep="net.nn -D units=4,0,8 --learning-rate 0.1,0.01,1e30 --seeds 2 --jobs 2 --threads 2"
expect 0 "$nnc" sweep $sweep -o best.nn
cp out table
says '12/12'
[ "$(awk 'NR > 1 && !NF { exit } NR > 1 { print }' out | wc -l)" = 9 ] || fail "not a line a combination"
[ "$(grep -c '2 done$' out)" = 4 ] && [ "$(grep -c '2 not finite$' out)" = 2 ] && [ "$(grep -c '2 wrong$' out)" = 3 ] ||
    fail "what became of the runs"
says 'units=0 learning-rate=0.1: E0202'
says 'units=4 learning-rate=1e30, seed 1: the loss became NaN'
[ "$(ls net-sweep | grep -c net)" = 12 ] || fail "runs: $(ls net-sweep)"
absent log.csv
[ "$(cat net-sweep/files/units=8_learning-rate=0.01_seed=2_*/log.csv | wc -l)" = 5 ] || fail "a csv_log is not its run's own"
grep -q '"threads": 1' net-sweep/001-*/run.json || fail "threads are not shared"
if command -v python3 >/dev/null; then
    expect 0 "$nnc" sweep $sweep --json
    python3 - <<'END' || fail "the numbers of the table"
import glob, json, statistics
sweep = json.load(open("out"))
assert sweep["monitored"] == "val_accuracy" and sweep["more_is_better"] is True, sweep
best = {}
for path in glob.glob("net-sweep/*/run.json"):
    about = json.load(open(path))
    if about["status"] != "done": continue
    log = [json.loads(line) for line in open(path.replace("run.json", "log.jsonl"))]
    words = about["command"]
    key = (open(path.replace("run.json", "resolved.nn")).readline().split()[3], words[words.index("--learning-rate") + 1])
    best.setdefault(key, []).append(max(row["val_accuracy"] for row in log))
seen = []
for item in sweep["combinations"]:
    key = (item["values"]["units"], item["values"]["learning-rate"])
    value = item["results"]["val_accuracy"]
    assert len(item["runs"]) == 2 and item["done"] == len(best.get(key, [])), item
    if key in best:
        assert abs(value["mean"] - statistics.mean(best[key])) < 1e-12, item
        assert abs(value["deviation"] - statistics.stdev(best[key])) < 1e-12, item
        seen.append(value["mean"])
    else:
        assert value["mean"] is None
assert len(seen) == 4 and seen == sorted(seen, reverse=True), seen
END
fi
# Begun again: nothing is trained, and the table is the same.
expect 0 "$nnc" sweep $sweep
says '8 of 18 runs are done already'
cmp out table || fail "another table"
[ "$(ls net-sweep | grep -c net)" = 12 ] || fail "a run was trained again"
# The best program has the values in it, and trains to the bits of its run.
run=$(sed -n 's/^its best run is \(.*\), with seed .*/\1/p' table)
seed=$(sed -n 's/^its best run is .*, with seed //p' table)
expect 0 "$nnc" check best.nn
build best.nn
expect 0 ./best fit --seed "$seed" --json --progress=none
print=$(grep -o '"fingerprint": "[0-9a-f]*"' out)
grep -qF "$print" "$run/run.json" || fail "the best program has other weights: $print"
# What is added to a list is trained, and that alone.
expect 0 "$nnc" sweep net.nn -D units=4,8,12 --learning-rate 0.1,0.01 --seeds 3 --jobs 2
[ "$(ls net-sweep | grep -c net)" = 22 ] || fail "of a longer list: $(ls net-sweep | wc -l)"
expect 0 "$nnc" sweep net.nn -D 'act=elu(alpha = 0.5),tanh' -D units=3,4,5,6 --random 3 --run drawn --epochs 1 -- --no-shuffle
[ "$(ls drawn | grep -c net)" = 3 ] || fail "--random: $(ls drawn)"
expect 0 "$nnc" sweep net.nn -D 'act=elu(alpha = 0.5),tanh' -D units=3,4,5,6 --random 3 --run drawn --epochs 1 -- --no-shuffle
[ "$(ls drawn | grep -c net)" = 3 ] || fail "others were drawn"

# ---- Interrupted, killed, gone on with: to the bits of runs that never stopped.
sed "s/early_stopping(.*10), //; s/epochs    = 4/epochs = 1500/" net.nn >slow.nn
build slow.nn
expect 0 ./slow fit --seed 2 --learning-rate 0.02 --progress=none --save whole.st
rm -f log.csv
begin() {
    "$nnc" sweep slow.nn --learning-rate 0.01,0.02 --seeds 2 --jobs 2 --run ${1:-long} >out 2>err </dev/null &
    sweep=$!
}
at_work() { # RUNS [FOLDER]
    until_true eval '[ "$(ls '"${2:-long}"'/*/log.jsonl 2>/dev/null | wc -l)" -ge '"$1"' ]'
}
# A terminal that goes away asks for nothing.
begin hung
at_work 1 hung
kill -HUP $sweep
wait $sweep || fail "hung up: status $?"
grep -q stopping err && fail "a hang-up stops the sweep"
begin
at_work 2
kill -INT $sweep
wait $sweep
status=$?
[ $status = 3 ] || fail "interrupted: status $status"
says 'the same command goes on'
grep -q '"status": "interrupted"' long/00[12]-*/run.json || fail "the runs were not interrupted"
expect 0 "$nnc" sweep slow.nn --learning-rate 0.01,0.02 --seeds 2 --run long --dry-run
says '2 to train, 2 to go on with, 0 done'
begin
at_work 3
kill -KILL $sweep
wait $sweep 2>/dev/null
expect 0 "$nnc" sweep slow.nn --learning-rate 0.01,0.02 --seeds 2 --jobs 2 --run long
# One that began just when nnc was killed may have got its folder behind the look of the next one.
[ "$(ls long | grep -c slow)" -le 6 ] || fail "runs: $(ls long)"
[ "$(grep -l '"status": "done"' long/*/run.json | wc -l)" = 4 ] || fail "not all are done"
found=0
for run in long/*-slow-*; do
    tr -d ' \n' <"$run/run.json" | grep -q '"--seed","2","--learning-rate","0.02"' || continue
    found=1
    cmp <(tail -c 328 whole.st) <(tail -c 328 "$run/weights.safetensors") || fail "$run has other weights"
done
[ $found = 1 ] || fail "the run is not there"

# ---- What cannot be.
wrong() { # STATUS TEXT OPTION..
    local status=$1 text=$2
    shift 2
    expect "$status" "$nnc" sweep net.nn --run none "$@"
    says "$text"
    absent none
}
wrong 1 'did you mean `-D units=4`' -D unit=4,8
wrong 1 'must be at least 1' -D units=0,-1
wrong 2 'is empty' -D units=4,,8
wrong 2 'the value `4` twice' -D units=4,4
wrong 2 'given twice' -D units=4 -D units=8
wrong 2 '`--learning-rate` needs numbers above 0, like 0.1,0.01, not `x`' --learning-rate 0.1,x
wrong 2 'numbers above 0' --learning-rate 0
wrong 2 'has a hole in its list' --learning-rate 0.1,
wrong 2 '`--seeds` needs a number of runs' --seeds 0
wrong 2 '`--seeds` lists `3` twice' --seeds 3,3
wrong 2 '`--learning-rate` lists `1e-1` twice' --learning-rate 0.1,1e-1
wrong 2 'the value `8` twice, also as `8.0`' -D units=8,8.0
wrong 2 '--jobs wants a whole number from 1' --jobs 0
wrong 2 '--random wants' --random 0
wrong 2 '--epochs wants' --epochs 2,0
wrong 2 'stand behind `--`' --max-time 3s
wrong 2 '--seeds says which' -- --seed 3
wrong 2 'each run has a folder of its own' -- --save=x.st
wrong 2 'options of `fit`' -- predict
wrong 2 'nnc: behind `--`: unknown option `--stepz`; did you mean `--steps`?' --learning-rate 0.1,0.2 -- --stepz 3
wrong 2 '`--steps` needs a whole number from 1' -- --steps 0
wrong 2 '`--weights` needs a value' -- --weights
wrong 2 'is the help' -- -h
wrong 1 'cannot open the weights `missing.st`: No such file' --learning-rate 0.1,0.2 -- --weights missing.st
# The batch that a program is compiled for is the largest; that is said once, of the largest that is wanted.
wrong 2 '`--batch 9` is more than the program is compiled for (8); set `batch = 9`' --batch 9
wrong 2 '`--batch 16` is more than the program is compiled for (8)' --batch 4,16,9 --seeds 2 -D units=0,4
[ "$(wc -l <err)" = 1 ] || fail 'it is said more than once'
wrong 2 '`--batch 9`' --batch 4,9 --dry-run
wrong 1 'E0902' -o net.nn
wrong 1 'E0902' -o nowhere/best.nn
expect 2 "$nnc" sweep - --seeds 2
expect 2 "$nnc" sweep
expect 1 "$nnc" sweep missing.nn
expect 2 "$nnc" sweep net.nn --run "$(echo long/001-*)"
expect 1 "$nnc" sweep net.nn --run net.nn
echo 'model only(x: [4]) { x -> dense(1) }' >only.nn
expect 1 "$nnc" sweep only.nn --seeds 2
says 'nothing trains `only`'
build net.nn
expect 0 ./net init --save begin.st
# Weights to begin with are found from wherever a run is.
expect 0 "$nnc" sweep net.nn --epochs 1 --run begun -- --weights=begin.st
grep -q "\"$work/begin.st\"" begun/001-*/run.json || fail "--weights is relative"
# What only training refuses is a line, too; where none is left, that is said.
expect 1 "$nnc" sweep net.nn -D units=8 --run refused -- --weights begin.st
says 'dense/kernel'
says 'no run is done'
expect 0 "$nnc" sweep net.nn -D units=16,8 --epochs 1 --run refused -- --weights begin.st
says 'units=8, seed 1: '

# ---- What is written otherwise is the same: a number, a value of several lines, a param that is called as an option is.
expect 0 "$nnc" sweep net.nn -D units="(2 +
2)" --learning-rate 1e-2 --epochs 1 --run written -o lines.nn
says '1/1  units=(2 + 2) '
expect 0 "$nnc" check lines.nn
expect 0 "$nnc" sweep net.nn -D units="(2 +
2)" --learning-rate 0.010 --epochs 1 --run written
says '1 of 1 runs are done already'
sed 's/units/batch/' net.nn >batch.nn
expect 0 "$nnc" sweep batch.nn -D batch=4 --batch 8 --epochs 1 --run called --json
grep -q '"values": {"batch": "4", "--batch": "8"' out || fail "a param's values: $(cat out)"

# ---- What does not compile any more keeps its runs.
rm -r home/nnc/programs
expect 0 env PATH=/nowhere "$nnc" sweep batch.nn -D batch=4 --batch 8 --epochs 1 --seeds 2 --run called
says '1 done, 1 wrong'

row() {
    grep -q -e "$1" out || fail "no row like '$1': $(cat out)"
}

# ---- A combination that cannot be checked any more, as its data are gone, keeps what was trained of it; the others go on.
for name in a b; do
    { echo x,z,y; for k in $(seq 60); do echo $k,$((k * 7 % 13)),$((k % 2)); done; } >$name.csv
done
sed 's/^dataset.*/param file = "a.csv"\ndataset points = csv(file, target = y) -> split(validation = 0.25)/; s/, csv_log("log.csv")//' net.nn >table.nn
lists="-D file=a.csv,b.csv,none.csv --epochs 1"
expect 0 "$nnc" sweep table.nn $lists
says 'file=none.csv: E0401: `none.csv` not found'
row '^none.csv .* 1 wrong$'
mv a.csv away.csv
expect 0 "$nnc" sweep table.nn $lists --seeds 2 -o first.nn
row '^a.csv .* 1 done, 1 wrong$'
row '^b.csv .* 2 done$'
says 'file=a.csv: E0401: `a.csv` not found'
mv b.csv gone.csv
expect 0 "$nnc" sweep table.nn $lists --seeds 2 -o second.nn
[ "$(grep -c ' done' out)" = 2 ] || fail "what is known of combinations that are all wrong now: $(cat out)"
cmp first.nn second.nn || fail "the best of combinations that are wrong now"
# Of another program nothing is known: the first says what is wrong.
echo >>table.nn
expect 1 "$nnc" sweep table.nn $lists --seeds 2
says 'error[E0401]'

# ---- Each of its executables may predict in int8.
sed 's/units = 16/units = 64/; s/dense(units, act)/dense(units, act) -> dense(units, act)/' net.nn >whole.nn
expect 0 "$nnc" sweep whole.nn --epochs 1 --predict=int8 -D units=32,8
row '^32 .* 1 done$'
says 'units=8: E0905'
grep -q nnc.ranges whole-sweep/001-*/weights.safetensors || fail "no ranges were measured"
exit 0
