#!/usr/bin/env bash
# The commands of executables know several models: `--model` names one; `info` and `bench` tell of
# each; a program that is not trained predicts, is measured and told about.
. "$(dirname "$0")/common/begin.sh"

cat >gan.nn <<'END'
dataset points = moons(256, noise = 0.05, seed = 1)
model maker(noise: [4]) { noise -> dense(8, relu) -> dense(2) }
model judge(x: [2]) { x -> dense(8, relu) -> dense(1) }
train maker, judge on points {
    epochs = 1
    batch  = 32
    step forge updates maker with adam(1e-3) {
        minimize crossentropy(normal(4) -> maker -> judge, 1)
    }
    step criticize updates judge with adam(1e-3) {
        minimize crossentropy(judge(x), 1) + crossentropy(normal(4) -> maker -> judge, 0)
    }
}
END
build gan.nn
expect 0 ./gan fit --seed 1 --progress none

# The model that is meant: the last one that is trained, unless named.
expect 0 ./gan predict 0.5 0.5
[ "$(wc -w <out)" = 3 ] || fail "the judge gives one number for two"
expect 0 ./gan predict --model maker 1 2 3 4
[ "$(wc -w <out)" = 6 ] || fail "the maker gives two numbers for four"
expect 0 ./gan predict --model=judge 0.5 0.5
expect 2 ./gan predict --model maker 0.5 0.5
one_message
expect 2 ./gan predict --model makr 1 2 3 4
says 'unknown model `makr`; did you mean `maker`? There are maker, judge'
one_message
expect 2 ./gan evaluate --model makr
says 'did you mean `maker`'
expect 2 ./gan info --model other
says 'unknown model `other`; there are maker, judge'
expect 2 ./gan info --model
says '`--model` needs a value'
expect 2 ./gan fit --model maker
says '`--model` is an option of `evaluate`, not of `fit`'

# Help and `info` say which is meant.
expect 0 ./gan predict --help
says "x: [2]"
says "maker, judge"
expect 0 ./gan predict --model maker --help
says "noise: [4]"
expect 2 ./gan predict --model makr --help
says 'did you mean `maker`'
expect 0 ./gan info
says 'maker: noise [4] -> output [2], 58 parameters (58 trainable)'
says 'without `--model` it is judge'
expect 0 ./gan info --model maker
says 'parameters 58'
says 'input      noise: [4]'
expect 0 ./gan info --json
says '"model": "judge"'
says '"params": 33'
says '"models": [{"name": "maker", "params": 58, "trainable": 58, "inputs": [{"name": "noise", "shape": [4]}], "outputs": [{"name": "output", "shape": [2]}]}, {"name": "judge", "params": 33,'

# Measured: a row a step and a model, the maker with an input that no data fill.
expect 0 ./gan bench --seconds 0.1
for row in "training  " "step forge alone" "step criticize alone" "model judge" "model maker"; do
    says "$row"
done
expect 0 ./gan bench --seconds 0.1 --json
between 1 "$(number train_samples_per_second)" 1e12
for name in forge criticize; do says "{\"name\": \"$name\", \"train_samples_per_second\": "; done
for name in judge maker; do says "{\"name\": \"$name\", \"predict1_us\": {\"median\": "; done
expect 0 ./gan bench --seconds 0.1 --json --model maker
grep -q '"models"' out && fail "more than the model that is named is measured"

# Of two trainings `--model` names one, by any of the models that are trained in it.
{ cat gan.nn; cat <<'END'; } >both.nn
model sorter(x) = x -> dense(4, relu) -> dense(1, sigmoid)
model apart(x: [2]) = x -> dense(1)
train sorter on points { loss = crossentropy  optimizer = adam  metrics = accuracy  freeze = dense }
END
build both.nn
expect 0 ./both fit --seed 1 --progress none
expect 0 ./both evaluate --json
says '"accuracy"'
grep -q forge_loss out && fail "two trainings are evaluated"
for model in maker judge; do
    expect 0 ./both evaluate --json --model $model
    for name in loss forge_loss criticize_loss; do between 0 "$(number $name)" 10; done
    expect 0 ./both info --json --model $model
    says '"training": {"loss": null, "steps": [{"name": "forge"'
    expect 0 ./both bench --seconds 0.1 --model $model
    says "step criticize alone"
done
expect 0 ./both info
says 'sorter: x [2] -> output [1], 17 parameters (5 trainable)'
expect 1 ./both evaluate --model apart
says 'has no `train` block for the model `apart`'
expect 0 ./both bench --seconds 0.1 --model apart
grep -q training out && fail "a training of other models is measured"
expect 0 "$nnc" summary --json both.nn
says '{"models": [{"name": "maker", "model": "maker", "layers": ['

# Made-up data have the columns that any step reads, not the first one's alone.
command -v python3 >/dev/null || skip "python3 is not installed"
python3 - <<'END'
import struct
def save(name, kind, code, shape, values):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (kind, shape)
    head += " " * (117 - len(head)) + "\n"
    with open(name, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00v\x00" + head.encode() + struct.pack("<%d%s" % (len(values), code), *values))
save("x.npy", "<f4", "f", (64, 2), [i / 128 for i in range(128)])
save("y.npy", "<i4", "i", (64,), [i % 2 for i in range(64)])
END
sed 's/moons(.*/npy("x.npy", target = "y.npy")/' gan.nn >files.nn
build files.nn
mv x.npy y.npy home
expect 0 ./files bench --seconds 0.1 --json
says "made-up data"
says '"data": "synthetic"'

# A program without a `train` block.
cat >plain.nn <<'END'
model encoder(x: [4]) = x -> dense(3, relu)
model net(x: [4]) = x -> encoder -> dense(2)
END
build plain.nn
expect 2 ./plain predict --model encoder 1 2 3 4
says '`encoder` is a part of other models of this program; `nnc build plain.nn --model encoder` makes'
expect 2 ./plain predict --model dense 1 2 3 4
says 'unknown model `dense`; the program has one, `net`'
expect 1 ./plain predict 1 2 3 4
says 'run `./plain init` first'
expect 1 ./plain
says 'nothing to fit; `predict`, `bench`, `init` and `info` need none'
expect 1 ./plain evaluate
expect 0 ./plain init --seed 1 --save plain.safetensors
expect 0 ./plain predict 1 2 3 4
[ "$(wc -w <out)" = 6 ] || fail "an untrained model does not predict"
expect 0 ./plain info
says 'model net'
expect 0 ./plain bench --seconds 0.1
says 'us for one sample'
grep -q training out && fail "a training that is not there is measured"
expect 0 ./plain bench --seconds 0.1 --json --profile
says '"data": null'
says '"function": "predict_one"'

# A loss has the penalties of its own model's weights, not those of models that are trained, or only
# imported, beside it.
cat >one.nn <<'END'
dataset points = moons(64, noise = 0.05, seed = 1)
model net(x: [2]) { x -> dense(1, sigmoid, kernel_regularizer = l2(1)) }
train net on points {
    loss      = crossentropy
    optimizer = sgd(0.01)
}
END
echo 'model maker(z: [2]) { z -> dense(4, kernel_regularizer = l2(1)) -> reshape(2, 2) }' >maker.nn
{ cat one.nn && sed -n '2,$s/net/second/p; 4,$p' one.nn; } >two.nn
{ echo 'import "maker.nn"' && sed 's/^}/    samples = normal(2) -> maker\n}/' one.nn; } >three.nn
for name in one two three; do
    build $name.nn
    expect 0 ./$name fit --seed 1 --epochs 1 --step-log $name.csv --progress none
    cmp <(head -3 one.csv) <(head -3 $name.csv) || fail "$name.nn has another loss"
done

# Outputs without names are counted.
cat >pair.nn <<'END'
model encoder(x: [4]) { h = x -> dense(3, relu)  spread = h -> dense(2)  return h -> dense(2), spread }
END
build pair.nn
expect 0 ./pair init --save pair.safetensors
expect 0 ./pair predict --csv 1 2 3 4
says "input,row,output_0_0,output_0_1,spread_0,spread_1"
exit 0
