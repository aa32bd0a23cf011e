#!/usr/bin/env bash
# Models of several inputs and outputs: a loss and metrics for each, under Keras's names; an input as
# the target; a block as the loss; weights that stay as they are. A loss that compares with another
# target, a metric of another output, or a frozen layer that moves would show.
. "$(dirname "$0")/common/begin.sh"

command -v python3 >/dev/null || skip "python3 is not installed"
python3 - <<'END'
import random, struct
random.seed(1)
def save(name, kind, shape, values):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (kind, shape)
    head += " " * (117 - len(head)) + "\n"
    code = {"<f4": "f", "<i4": "i"}[kind]
    with open(name, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00v\x00" + head.encode() + struct.pack("<%d%s" % (len(values), code), *values))
n = 400
left = [[random.random() for _ in range(4)] for _ in range(n)]
right = [row if random.random() < 0.5 else [random.random() for _ in range(4)] for row in left]
save("left.npy", "<f4", (n, 4), sum(left, []))
save("right.npy", "<f4", (n, 4), sum(right, []))
save("same.npy", "<i4", (n,), [int(a == b) for a, b in zip(left, right)])
save("largest.npy", "<i4", (n,), [row.index(max(row)) for row in left])
END

cat >twins.nn <<'END'
dataset pairs = npy(["left.npy", "right.npy"], target = ["same.npy", "largest.npy"])
             -> split(validation = 0.25)
model twins(left, right) {
    layer tower = dense(16, relu)
    a = left  -> tower
    b = right -> tower
    largest = a -> dense(4, softmax)
    same    = square(a - b) -> dense(1, sigmoid)
    return largest, same
}
block gap(prediction, target) { sum(abs(prediction - one_hot(target))) }
train twins on pairs {
    loss         = crossentropy
    loss_weights = [1, 2]
    optimizer    = adam(0.02)
    metrics      = [[accuracy, gap], accuracy]
    epochs       = 30
    batch        = 25
    callbacks    = [checkpoint("best.st", monitor = val_same_accuracy, save_best_only = true)]
}
END
build twins.nn twins
expect 0 ./twins fit --seed 1 --json --progress=none --history history.csv --step-log steps.csv
python3 - out <<'END' || fail "losses and metrics of two outputs"
import csv, json, sys
result = json.load(open(sys.argv[1]))
last = result["metrics"]
names = ["loss", "largest_loss", "same_loss", "largest_gap", "largest_accuracy",
         "same_accuracy"]
assert list(last) == names + ["val_" + name for name in names], list(last)
assert abs(last["loss"] - last["largest_loss"] - 2 * last["same_loss"]) < 1e-5, last
assert 0 < last["largest_gap"] < 1, last
assert last["val_largest_accuracy"] > 0.85 and last["val_same_accuracy"] > 0.85, last
rows = list(csv.DictReader(open("history.csv")))
assert len(rows) == 30 and abs(float(rows[-1]["same_loss"]) - last["same_loss"]) < 1e-5
END
for threads in 1 2 3; do
    expect 0 ./twins fit --seed 1 --progress=none --threads $threads --epochs 2 --save t$threads.st
done
[ "$(tail -c 4000 t1.st | md5sum)" = "$(tail -c 4000 t2.st | md5sum)" ] &&
    [ "$(tail -c 4000 t1.st | md5sum)" = "$(tail -c 4000 t3.st | md5sum)" ] || fail "other bits"

# A target of the wrong name, and one that is an input.
cat >copy.nn <<'END'
dataset points = moons(300, noise = 0.1) -> standardize -> split(test = 0.2)
block distance(prediction, target, power = 2) { sum(abs(prediction - target) ^ power) }
block gap(prediction, target) { abs(prediction - target) }
model copy(x) { x -> dense(8, tanh) -> dense(2) }
train copy on points {
    target    = x
    loss      = distance(power = 2)
    metrics   = [mae, gap]
    optimizer = adam(0.01)
    epochs    = 60
}
END
build copy.nn copy
expect 0 ./copy fit --seed 1 --json --progress=none
python3 - out <<'END' || fail "a metric does not see the target as the loss does, standardized"
import json, sys
test = json.load(open(sys.argv[1]))["test"]
assert abs(test["mae"] - test["gap"]) < 1e-5 * test["gap"], test
END
python3 -c "import json; assert json.load(open('out'))['test']['loss'] < 0.05" || fail "an input as the target"

# Frozen: the first layer of each stays, and what follows is trained.
cat >frozen.nn <<'END'
dataset points = moons(300, noise = 0.1) -> split(test = 0.2)
model body(x) { x -> dense(8, relu) -> batch_norm -> dense(8, relu, name = "last") }
model net(x) { x -> body(frozen = true) -> dense(2, softmax) }
train net on points { loss = crossentropy  optimizer = sgd(0.1) }
train net on points { loss = crossentropy  optimizer = sgd(0.1)  unfreeze = [body.last] }
END
build frozen.nn frozen
expect 0 ./frozen init --seed 3 --save before.st
expect 0 ./frozen fit --seed 3 --progress=none --weights before.st --save after.st
python3 - <<'END' || fail "what is frozen"
import json, struct
def load(name):
    data = open(name, "rb").read()
    size, = struct.unpack("<Q", data[:8])
    head = json.loads(data[8:8 + size])
    return {k: data[8 + size + v["data_offsets"][0]:8 + size + v["data_offsets"][1]]
            for k, v in head.items() if k != "__metadata__"}
before, after = load("before.st"), load("after.st")
moved = {name for name in before if before[name] != after[name]}
assert moved == {"body/last/kernel", "body/last/bias", "dense/kernel", "dense/bias"}, moved
END

# One model on two data sets of other units; validation where there is one.
cat >two-sets.nn <<'END'
dataset near = moons(300, noise = 0.1, seed = 1) -> standardize -> split(test = 0.2, validation = 0.2)
dataset far  = moons(300, noise = 0.1, seed = 2) -> scale(1000, offset = 50) -> standardize
            -> split(test = 0.2)
model net(x) { x -> dense(16, relu) -> dense(2, softmax) }
train net on near { loss = crossentropy  optimizer = adam(0.02)  metrics = accuracy  epochs = 20 }
train net on far  { loss = crossentropy  optimizer = adam(0.02)  metrics = accuracy  epochs = 5 }
END
build two-sets.nn two-sets
expect 0 ./two-sets fit --seed 1 --json --progress=none --history two.csv
python3 - out <<'END' || fail "two data sets"
import csv, json, sys
result = json.load(open(sys.argv[1]))
assert result["test"]["accuracy"] > 0.8, result["test"]
rows = list(csv.DictReader(open("two.csv")))
assert rows[19]["val_accuracy"] != "NA" and rows[20]["val_accuracy"] == "NA"
assert float(rows[20]["loss"]) < 0.6, rows[20]  # what the first data taught counts
END
grep -q "standardize/far/x/mean" two-sets.safetensors || fail "the statistics of the second"

# Wherever the weights come from: what the data give is filled in when they are read.
expect 0 ./two-sets init --seed 1 --save first.safetensors
expect 0 ./two-sets fit --seed 1 --progress=none --save fresh.safetensors --step-log fresh.csv
expect 0 ./two-sets fit --weights first.safetensors --progress=none --step-log from.csv
cmp fresh.csv from.csv || fail "initial weights of a file are trained otherwise"

# A run that ends before the second data set knows nothing of it, and says so in its weights.
cat >moved.nn <<'END'
dataset near = moons(300, noise = 0.1, seed = 1) -> standardize
dataset far  = npy("left.npy", target = "left.npy") -> scale(1000) -> standardize
model net(x) { x -> dense(16, relu) -> dense(2, softmax) }
model other(x) { x -> dense(4) }
train net on near  { loss = crossentropy  optimizer = adam(0.02) }
train other on far { loss = mse  optimizer = sgd(0.01)  epochs = 2 }
END
build moved.nn moved
mv left.npy elsewhere.npy
expect 1 ./moved fit --seed 1 --progress=none --save half.safetensors
says "are saved in"
mv elsewhere.npy left.npy
expect 0 ./moved fit --weights half.safetensors --progress=none --json
between 0 "$(number loss)" 5 # left as they are, its inputs would be in the hundreds

# Many values of an epoch, and names as long as they may be: none is lost, none becomes another.
long=$(printf 'a%.0s' {1..200})
cat >many.nn <<END
dataset points = moons(100, noise = 0.1, seed = 1) -> split(validation = 0.2)
model many(x) {
    ${long}1 = x -> dense(2)
    ${long}2 = x -> dense(2)
    c = x -> dense(2)
    d = x -> dense(2)
    e = x -> dense(2)
    f = x -> dense(2)
    return ${long}1, ${long}2, c, d, e, f
}
train many on points {
    target    = [x, x, x, x, x, x]
    loss      = mse
    optimizer = sgd(0.01)
    metrics   = [[mae, mse, rmse, mape, r2], mae, [mae, mse, rmse, mape, r2],
                 [mae, mse, rmse, mape, r2], [mae, mse, rmse, mape, r2], [mae, mse, rmse, mape, r2]]
}
END
build many.nn many
expect 0 ./many fit --json --progress=none
python3 - out $long <<'END' || fail "many values"
import json, sys
last, name = json.load(open(sys.argv[1]))["metrics"], sys.argv[2]
assert len(last) == 2 * (1 + 6 + 26), len(last)
assert last["val_" + name + "1_mae"] != last["val_" + name + "2_mae"]
assert "val_f_r2" in last
END
