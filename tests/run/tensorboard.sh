#!/usr/bin/env bash
# Events for TensorBoard: every record is whole, the values are those of the epochs, histograms count all weights, pictures
# are those of `samples`; a training that goes on from a checkpoint leaves the files of one that never stopped. Read by a
# reader of its own, common/events.py.
. "$(dirname "$0")/common/begin.sh"

command -v python3 >/dev/null || skip "python3 is not installed"
events() { # FOLDER
    python3 "$root/tests/run/common/events.py" "$1"/events.out.tfevents.* || fail "$1 cannot be read"
}

cat >net.nn <<'END'
dataset points = moons(400, noise = 0.1, seed = 1) -> standardize -> split(validation = 0.25)
model net(x) { x -> dense(16, relu) -> dense(2, softmax) }
train net on points {
    loss      = crossentropy
    optimizer = adam(cosine(0.02, epochs = 4))
    metrics   = accuracy
    epochs    = 4
    callbacks = [tensorboard("logs", histogram_freq = 2, update_freq = 5)]
}
END
build net.nn
expect 0 ./net info
says "logs"
expect 0 "$nnc" check --files net.nn
says "writes logs/ (tensorboard)"
./net fit --epochs 1 --save w.st >out 2>err
grep -q protobuf err && skip "nnc was built without protobuf-c"
rm -r logs
fits="./net fit --seed 1 --progress=none --history history.csv"
expect 0 $fits
events logs/train >train
events logs/validation >validation
python3 - <<'END' || fail "events and epochs differ"
import csv, struct
single = lambda value: struct.unpack("f", struct.pack("f", float(value)))[0]
rows = list(csv.DictReader(open("history.csv")))
def series(name, tag):
    return [(int(step), float(value)) for step, found, kind, value in
            (line.split(" ", 3) for line in open(name)) if found == tag and kind == "number"]
def same(name, tag, column):
    found = series(name, tag)
    assert [step for step, _ in found] == [1, 2, 3, 4], (tag, found)
    for (_, value), row in zip(found, rows):
        assert abs(value - single(row[column])) < 1e-8, (tag, value, row)
for column in ["loss", "accuracy"]:
    same("train", "epoch_" + column, column)
    same("validation", "epoch_" + column, "val_" + column)
rates = [value for _, value in series("train", "epoch_learning_rate")]
assert abs(rates[1] - 0.01) < 1e-8 and rates[3] < 1e-8, rates  # a cosine's half and end
assert [step for step, _ in series("train", "batch_loss")] == list(range(5, 41, 5))
spread = [line.split() for line in open("train") if " histogram " in line]
assert [(line[0], line[1], line[3]) for line in spread if line[1] in ("dense/kernel", "dense_1/bias")] == [
    ("2", "dense/kernel", "32"), ("2", "dense_1/bias", "2"),
    ("4", "dense/kernel", "32"), ("4", "dense_1/bias", "2")], spread
assert {line[3] for line in spread if line[1] == "dense_1/kernel/gradient"} == {"32"}, spread
assert not any("standardize" in line[1] for line in spread)
END

# Another run leaves these files alone. One that is resumed goes on in its own, where it was.
mv logs whole
part="$fits --checkpoint kept.st --save part.st"
expect 0 $part --steps 23
cp kept.st older.st
expect 0 $part --resume
cp older.st kept.st # a checkpoint of before the last epochs
expect 0 $part --resume
[ "$(ls logs/train | wc -l)" = 1 ] || fail "a resumed run has files of its own: $(ls logs/train)"
events logs/train | diff train - >out || fail "the events of a resumed run differ"
events logs/validation | diff validation - >out || fail "those of validation differ"
expect 0 $fits --epochs 1
[ "$(ls logs/train | wc -l)" = 2 ] || fail "a second run has no file of its own: $(ls logs/train)"

# Pictures, and no validation.
cat >maker.nn <<'END'
dataset points = moons(64, noise = 0.05, seed = 1)
model maker(noise: [4]) = noise -> dense(12, tanh) -> reshape(4, 3)
model judge(picture: [4, 3]) = picture -> flatten -> dense(1)
train maker, judge on points {
    epochs = 2
    step forge updates maker with adam(0.1) { minimize crossentropy(normal(4) -> maker -> judge, 1) }
    samples = normal(4, seed = 1) -> maker
    callbacks = [tensorboard("board/maker", histogram_freq = 0)]
}
END
build maker.nn
expect 0 ./maker fit --seed 1
events board/maker/train >train
[ ! -e board/maker/validation ] || fail "a file without events"
[ "$(grep -c '^[12] samples picture 18x22 ' train)" = 2 ] || fail "the pictures: $(cat train)"
! grep -q histogram train || fail "histograms that were not asked for"

# Gradients are those that the next step takes, where one step is an epoch: their sum tells the next sum of the weights. Looking
# at them changes nothing, neither weights nor moving statistics nor what is drawn.
cat >bare.nn <<'END'
dataset points = moons(64, noise = 0.1, seed = 1)
model net(x) { x -> dense(8) -> batch_norm -> tanh -> dense(4, tanh, kernel_regularizer = l2(0.01)) -> dense(2, softmax) }
train net on points { loss = crossentropy  optimizer = sgd(0.1, clip_norm = 0.05)  epochs = 4  batch = 64 }
END
sed 's/ epochs = 4/ callbacks = [tensorboard("seen")]  epochs = 4/' bare.nn >with.nn
build bare.nn
build with.nn
expect 0 ./bare fit --seed 1 --no-shuffle --save bare.st
fingerprint=$(grep '^weights [0-9a-f]*$' out)
expect 0 ./with fit --seed 1 --no-shuffle --save with.st
[ "$(grep '^weights [0-9a-f]*$' out)" = "$fingerprint" ] || fail "looking at gradients changes the weights"
events seen/train >train
python3 - <<'END' || fail "gradients"
sums = {}
for line in open("train"):
    step, tag, kind, rest = line.split(" ", 3)
    if kind == "histogram":
        sums[tag, int(step)] = float(rest.split("sum ")[1].split(",")[0])
names = [tag for tag, step in sums if step == 1 and (tag + "/gradient", 1) in sums]
assert len(names) == 8, names  # all but the moving statistics
moved = 0
for name in names:
    for step in (1, 2, 3):
        change, gradient = sums[name, step] - sums[name, step + 1], sums[name + "/gradient", step]
        assert abs(change - 0.1 * gradient) < 2e-5, (name, step, change, gradient)
        moved = max(moved, abs(change))
assert moved > 1e-3, moved
END

# What cannot be written is said before the training; nothing is written through a link that leads out.
refused() { # STATUS TEXT
    expect "$1" ./maker fit --save other.st
    one_message
    says "$2"
    absent other.st
}
rm -r board
: >board
refused 1 "board"
rm board
mkdir -p board/maker away
ln -s ../../away board/maker/train
refused 2 "leads out of the folder"
sed 's|"board/maker"|"../board"|' maker.nn >stranger.nn
build stranger.nn maker
refused 2 "outside of the current folder"
absent ../board
exit 0
