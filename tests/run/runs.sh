#!/usr/bin/env bash
# Folders of runs: what is in one, what becomes of a run that is killed and resumed, and the table that compares them. Fails
# where a run loses its log or its weights, where a dead one passes for one at work, or where two get one folder.
. "$(dirname "$0")/common/begin.sh"

program() { # UNITS EPOCHS
    cat <<END
dataset points = moons(400, noise = 0.1, seed = 1) -> split(validation = 0.25, test = 0.1)
model net(x) { x -> dense($1, relu) -> dropout(0.1) -> dense(2, softmax) }
train net on points { loss = crossentropy  optimizer = adam(0.02)  metrics = accuracy  epochs = $2  batch = 8 }
END
}
program 16 6 >net.nn
build net.nn
expect 0 ./net fit --seed 3 --save plain.st --history plain.csv --progress=none

# All of it is in one folder, and it is the training that it would have been without.
expect 0 ./net fit --seed 3 --run runs/
first=$(echo runs/001-net-*)
[ -d "$first" ] || fail "no folder: $(ls runs)"
says "run $first"
says "weights saved to $first/weights.safetensors"
absent net.safetensors
for file in program.nn resolved.nn run.json log.jsonl checkpoint.safetensors weights.safetensors result.json report.html; do
    [ -s "$first/$file" ] || fail "no $file"
done
says "report written to $first/report.html"

# Its page is the one that `report` makes of its weights, but for what is measured.
measured() { sed 's/<section id="timings">.*//; s/<section id="machine">.*//' "$1"; }
expect 0 ./net report --weights "$first/weights.safetensors" -o again.html
cmp <(measured "$first/report.html") <(measured again.html) || fail "another report"
grep -q 'id="curves"' "$first/report.html" || fail "the report has no curves"
cmp <(tail -c 500 plain.st) <(tail -c 500 "$first/weights.safetensors") || fail "other weights"
cmp net.nn "$first/program.nn" || fail "another source"
"$nnc" expand net.nn | cmp - "$first/resolved.nn" || fail "another program"
[ "$(wc -l <"$first/log.jsonl")" = 6 ] || fail "the log has not a line an epoch"
grep -q '"status": "done"' "$first/run.json" || fail "it is not done"
for word in '"--seed"' '"seed": 3' '"processor"' '"cores"' '"fingerprint"' '"test"' '"started"' '"ended"'; do
    grep -qF "$word" "$first/run.json" || fail "run.json has no $word"
done
if command -v python3 >/dev/null; then
    python3 - "$first" <<'END' || fail "the values of the log"
import csv, json, sys
rows = list(csv.DictReader(open("plain.csv")))
log = [json.loads(line) for line in open(sys.argv[1] + "/log.jsonl")]
assert [row["epoch"] for row in log] == list(range(1, 7)), log
assert all(float(row[name]) == entry[name] for row, entry in zip(rows, log) for name in row), log
result = json.load(open(sys.argv[1] + "/result.json"))
assert len(result["history"]) == 6 and result["test"]["accuracy"] > 0.5, result
END
fi

# One that is killed is told from one at work, and goes on to the end of one that was not.
long="--seed 5 --epochs 4000 --progress=none"
expect 0 ./net fit $long --save whole.st
./net fit $long --run runs --every 500 >out 2>err </dev/null &
training=$!
second=runs/$(basename "$first" | sed 's/001/002/')
until_true eval '[ -s "$second/checkpoint.safetensors" ] && [ -s "$second/log.jsonl" ]'
kill -STOP $training # so that it is there as long as it is looked at
expect 0 "$nnc" runs runs/
grep "^002-" out | grep -q running || fail "a run at work is not told as that"
expect 2 ./net fit --run "$second" --resume
says "is at work"
kill -KILL $training
wait $training 2>/dev/null
expect 0 "$nnc" runs runs/
grep "^002-" out | grep -q killed || fail "a killed run is not told as that"
printf '{"epoch": 3999, "lo' >>"$second/log.jsonl" # as if it had been killed while it wrote
expect 0 "$nnc" runs runs/
grep "^002-" out | grep -q '  3999  ' && fail "half a line counts"
expect 0 ./net fit --run runs --resume --progress=none --threads 2
[ "$(ls runs | wc -l)" = 2 ] || fail "it did not go on in its folder: $(ls runs)"
cmp <(tail -c 500 whole.st) <(tail -c 500 "$second/weights.safetensors") || fail "a resumed run has other weights"
[ "$(wc -l <"$second/log.jsonl")" = 4000 ] || fail "a seam: $(wc -l <"$second/log.jsonl") lines"
[ "$(sed 's/.*"epoch": \([0-9]*\),.*/\1/' "$second/log.jsonl" | uniq | wc -l)" = 4000 ] || fail "epochs twice"
grep -q '"resumed"' "$second/run.json" || fail "run.json does not say that it was resumed"

# Without its page; and one that cannot be written costs nothing else. An interrupted run has none.
expect 0 ./net fit --run bare --no-report --progress=none
[ ! -e bare/001-*/report.html ] || fail "--no-report makes a report"
expect 0 ./net fit --run sized --progress=none --no-report
(
    ulimit -f 20 # blocks of 1024 bytes: the page is longer
    expect 0 ./net fit --run sized --progress=none
    grep -q "warning: the run has no report: .*net report --weights sized/002-.*weights.safetensors -o sized/002-" err ||
        fail "it is not said why there is no report: $(cat err)"
) || exit 1
[ -s sized/002-*/weights.safetensors ] && [ ! -e sized/002-*/report.html ] || fail "a report of half a page"
grep -q '"status": "done"' sized/002-*/run.json || fail "a run without report is not done"

# What is done is not gone on with, unless it is named; then epochs may be raised.
expect 0 ./net fit --run runs --resume --progress=none
[ "$(ls runs | wc -l)" = 3 ] || fail "a run that was done went on"
expect 0 ./net fit --run "$first" --resume --epochs 8 --progress=none
[ "$(wc -l <"$first/log.jsonl")" = 8 ] || fail "it did not go on to epoch 8"
mkdir again
cp -r "$first" again
grep -q '"ended"' again/*/run.json || fail "run.json does not say when it ended"
./net fit --run again/* --resume --epochs 1000000000 --progress=none &
training=$!
until_true grep -q running again/*/run.json
kill -KILL $training
wait $training 2>/dev/null
grep -q '"ended"' again/*/run.json && fail "a run that was killed tells of an end before"
expect 2 ./net fit --run "$first"
says "is a run: \`--run $first --resume\` goes on with it"

# Two that begin at once.
./net fit --epochs 1 --run both --progress=none &
./net fit --epochs 1 --run both --progress=none
wait $!
[ "$(echo both/00[12]-net-*/weights.safetensors | wc -w)" = 2 ] && [ "$(ls both | wc -l)" = 2 ] ||
    fail "two that began at once: $(ls both)"

# Runs that fail, and another program.
program 32 2 >net.nn
build net.nn
expect 0 ./net fit --run runs --progress=none
expect 4 ./net fit --run runs --learning-rate 1e30 --progress=none
expect 3 ./net fit --run runs --epochs 1000000000 --max-time 1s --progress=none
expect 1 ./net fit --run runs --weights missing.st
expect 0 "$nnc" runs runs
says "program B beside A"
says "-     x -> dense(units = 16,"
says "+     x -> dense(units = 32,"
says "missing.st"
[ "$(awk 'NR > 1 && NF { print $2 } !NF { exit }' out | tr '\n' ' ')" = "done done done done not interrupted failed " ] ||
    fail "what became of the runs"
grep "^005-" out | grep -q "not finite.*--learning-rate 1e30" || fail "its options are not shown"
[ "$(sed -n '/^run /,/^$/p' out | grep -c '[0-9]\*')" -ge 1 ] || fail "no best value is marked"
expect 0 "$nnc" runs runs --json
if command -v python3 >/dev/null; then
    python3 - <<'END' || fail "the table as JSON"
import json
table = json.load(open("out"))
runs = table["runs"]
assert [run["status"] for run in runs] == ["done"] * 4 + ["not finite", "interrupted", "failed"], runs
assert [run["source"] for run in runs] == ["A"] * 3 + ["B"] * 4
assert runs[0]["options"] == "--seed 3" and runs[0]["epochs"] == 8 and runs[0]["seed"] == 3
log = [json.loads(line) for line in open(runs[1]["path"] + "/log.jsonl")]
least = min(log, key=lambda epoch: epoch["val_loss"])
assert runs[1]["best"]["val_loss"] == {"value": least["val_loss"], "epoch": least["epoch"]}
most = max(log, key=lambda epoch: epoch["val_accuracy"])
assert runs[1]["best"]["val_accuracy"] == {"value": most["val_accuracy"], "epoch": most["epoch"]}
assert table["sources"][0]["differences"] == []
assert "+     x -> dense(units = 32," in table["sources"][1]["differences"], table["sources"]
END
fi

# Another program does not go on with a run by mistake, and leaves what is told of it.
mkdir other
cp -r "$first" other
cksum other/*/* >before
cp net.nn another.nn
build another.nn
expect 2 ./another fit --run other/* --resume
says "is a run of \`net\`, not of \`another\`"
cksum other/*/* | cmp - before || fail "another program changed a run"
# What cannot be read is named; the others are shown.
mkdir other/007-broken
echo '{"name": ' >other/007-broken/run.json
expect 0 "$nnc" runs other
says "other/007-broken/run.json"
says "$(basename "$first")"

# So is a log with a line that is none, each once; one that is cut off at its end is that of a run which was killed.
logs=()
for k in 1 2 3 4 5 6; do
    mkdir -p damaged/00$k-net
    cp "$first"/{run.json,resolved.nn,log.jsonl} damaged/00$k-net
    logs+=("damaged/00$k-net/log.jsonl")
done
printf '\0\377\033[31m\n' | cat - "$first/log.jsonl" >"${logs[0]}"
sed -i '3s/"loss.*//' "${logs[1]}"
sed -i '2s/"epoch": 2/"epoch": "2"/' "${logs[2]}"
sed -i '4s/"loss": [0-9.e-]*/"loss": "small"/' "${logs[3]}"
truncate -s -20 "${logs[4]}"
expect 0 "$nnc" runs damaged
grep -q "$(printf '\033')" err && fail "control characters: $(od -c err | head)"
[ "$(wc -l <err)" = 4 ] || fail "not a warning for each damaged log"
says "\`${logs[0]}\` cannot be read: line 1 is no epoch: it is not JSON"
says "\`${logs[1]}\` cannot be read: line 3 is no epoch: it is not JSON"
says "\`${logs[2]}\` cannot be read: line 2 is no epoch: its \`epoch\` is no whole number"
says "\`${logs[3]}\` cannot be read: line 4 is no epoch: its \`loss\` is neither a number nor null"
says 'the run is left out: mend or delete that line'
[ "$(awk 'NR > 1 { print $1, $4 }' out | tr '\n' ' ')" = "005-net 7 006-net 8 " ] || fail "other runs, or epochs"
# Without the line it is whole again; a run without a log has no epochs yet.
sed -i 1d "${logs[0]}"
rm "${logs[1]}"
# What run.json says is of the right kind.
sed -i 's/"seed": 3/"message": 3/' damaged/006-net/run.json
expect 0 "$nnc" runs damaged --json
says "damaged/006-net/run.json\` cannot be read: its \`message\` is no text"
grep -q '"run": "001-net"' out || fail "a log that was mended is not read"
grep -q '"run": "002-net"' out || fail "a run without a log is left out"
grep -q '"run": "006-net"' out && fail "a damaged run.json is taken"

expect 1 "$nnc" runs nowhere
says "nowhere"
mkdir empty
expect 0 "$nnc" runs empty
says "no runs in empty"
expect 2 "$nnc" runs
: >file
expect 1 ./net fit --run file
one_message

# A run that cannot begin leaves no folder that would pass for one.
mkdir full
(ulimit -f 0 && exec ./net fit --run full) >out 2>err && fail "a run without room began"
[ -z "$(ls -A full)" ] || fail "a run that could not begin left $(ls -AR full)"
# A number that leaves none for the next run is no number of a run.
mkdir -p high/99999999999999999999-net
expect 0 ./net fit --run high --epochs 1 --progress=none
[ -d high/001-net-* ] || fail "numbers: $(ls high)"
# The folder of a run is named once, with and without a slash behind it.
expect 0 ./net fit --run "$(echo high/001-net-*)/" --resume
grep -q '//' out && fail "two slashes: $(cat out)"

# One that ended because a value was not finite would end so again: it says so, whenever it is asked, until it is asked for
# something else.
cat >blown.nn <<'END'
dataset points = circles(200, factor = 0.5, noise = 0.2, seed = 1) -> split(validation = 0.5)
model net(x) { x -> dense(30, tanh) -> dense(1, sigmoid) }
train net on points { loss = crossentropy  optimizer = sgd(piecewise(0.1, epochs = 5, rates = 1e38))  epochs = 60 }
END
build blown.nn
expect 4 ./blown fit --run blow --every 1 --progress=none
sum=$(sha256sum blow/*/run.json)
for i in 1 2; do
    expect 4 ./blown fit --run blow --resume --progress=none
    one_message
    says "ended because a value was not finite"
    [ "$(ls blow)" = "$(basename blow/001-*)" ] || fail "another run was begun: $(ls blow)"
    [ "$(sha256sum blow/*/run.json)" = "$sum" ] || fail "its end was told anew"
done
expect 4 ./blown fit --run blow --resume --changed --progress=none # which is meant
says 'became'

# What a terminal would obey is not printed of damaged files.
mkdir -p marred/001-net
printf '{"name": "net", "status": "do\\u001b[31mne", "message": "\\u0007\\u009b2J"}' >marred/001-net/run.json
expect 0 "$nnc" runs marred
grep -q "$(printf '\033\|\007\|\302\233')" out && fail "control characters: $(od -c out | head)"
says 'do?[31mne'
exit 0
