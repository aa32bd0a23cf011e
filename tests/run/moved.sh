#!/usr/bin/env bash
# Weights move between a program of several models and what `--model` builds of it, both ways: the
# names in the files are the program's, whatever is built.
. "$(dirname "$0")/common/begin.sh"

metadata() { # FILE TEXT
    head -c $((8 + $(od -An -t u8 -N 8 "$1"))) "$1" | grep -aqF "$2" || fail "$1 has no '$2'"
}

names() { # FILE: its tensors
    head -c $((8 + $(od -An -t u8 -N 8 "$1"))) "$1" | grep -ao '"[a-z_0-9/]*": *{"dtype"' |
        cut -d '"' -f 2 | sort | tr '\n' ' '
}

holds() { # FILE NAMES
    [ "$(names "$1")" = "$2 " ] || fail "the names of $1 are $(names "$1")"
}

# MODEL FILE INPUT...: of the whole program $name and of the build of that model.
same_predictions() {
    local model=$1 file=$2
    shift 2
    expect 0 "./$name" predict --model "$model" --weights "$file" --json "$@"
    mv out whole
    expect 0 "./$name-$model" predict --weights "$file" --json "$@"
    cmp out whole || fail "$model predicts otherwise in a build of its own"
}

# A GAN whose models share a part, and a judge of its own with another training.
name=gan
cat >gan.nn <<'END'
dataset points = moons(128, noise = 0.05, seed = 1) -> standardize
model mix(h: [8]) = h -> dense(8, relu) -> batch_norm
model gen(noise: [4]) = noise -> dense(8) -> mix -> dense(2)
model critic(x: [2]) = x -> dense(8) -> mix -> dense(1)
model judge(x) = x -> dense(6, relu) -> dense(1, sigmoid)
train gen, critic on points {
    batch = 32
    step forge updates gen with adam(1e-2) {
        minimize crossentropy(normal(4) -> gen -> critic, 1)
    }
    step criticize updates critic with adam(1e-2) {
        minimize crossentropy(critic(x), 1) + crossentropy(normal(4) -> gen -> critic, 0)
    }
}
train judge on points { loss = crossentropy  optimizer = adam  batch = 32 }
END
build gan.nn
for model in gen judge mix; do
    expect 0 "$nnc" build gan.nn --model $model -o gan-$model
done
expect 0 ./gan fit --seed 1 --progress none
judge="judge/dense/bias judge/dense/kernel judge/dense_1/bias judge/dense_1/kernel"
mix="mix/batch_norm/beta mix/batch_norm/gamma mix/batch_norm/moving_mean mix/batch_norm/moving_variance mix/dense/bias mix/dense/kernel"
statistics="standardize/deviation standardize/mean"
holds gan.safetensors "critic/dense/bias critic/dense/kernel critic/dense_1/bias critic/dense_1/kernel gen/dense/bias gen/dense/kernel gen/dense_1/bias gen/dense_1/kernel $judge $mix $statistics"
metadata gan.safetensors '"model": "gen, critic, judge"'
same_predictions gen gan.safetensors 1 2 3 4
says "\`gan.safetensors\` has weights of models that this program was built without; these 4 tensors"
same_predictions judge gan.safetensors 0.5 0.5
expect 0 ./gan-mix predict --weights gan.safetensors 1 2 3 4 5 6 7 8
[ "$(wc -w <out)" = 16 ] || fail "the shared part does not take the program's weights"

# Back: what a build of one model saved has that model's weights, enough to predict with it.
expect 0 ./gan-judge fit --weights gan.safetensors --seed 1 --progress none
holds gan-judge.safetensors "$judge $statistics"
metadata gan-judge.safetensors '"model": "judge"'
same_predictions judge gan-judge.safetensors 0.5 0.5
expect 1 ./gan predict --model gen --weights gan-judge.safetensors 1 2 3 4
one_message
says "are not those of model \`gen\`: tensor \`gen/dense/kernel\` [4, 8] is missing (saved by model \`judge\`"
expect 0 ./gan evaluate --weights gan-judge.safetensors
expect 1 ./gan evaluate --model gen --weights gan-judge.safetensors
one_message
says "are not those of models \`gen, critic, judge\`: tensor \`gen/dense/kernel\`"
expect 1 ./gan-gen predict --weights gan-judge.safetensors 1 2 3 4
one_message

# An executable carries the program's file as well.
expect 0 "$nnc" build gan.nn --model gen --weights gan.safetensors -o carrier
expect 0 ./carrier predict 1 2 3 4
mv out carried
expect 0 ./gan predict --model gen 1 2 3 4
cmp out carried || fail "the carried weights are others"

# An encoder that one model uses: that has no name before its layers, whatever is built.
name=copy
cat >copy.nn <<'END'
dataset points = moons(128, noise = 0.05, seed = 1)
model encoder(x: [2]) = x -> dense(3, tanh)
model label(x: [2]) = x -> encoder -> dense(1, sigmoid)
train label on points { loss = crossentropy  optimizer = adam  batch = 32 }
END
build copy.nn
for model in encoder label; do
    expect 0 "$nnc" build copy.nn --model $model -o copy-$model
done
expect 0 ./copy fit --seed 1 --progress none
holds copy.safetensors "dense/bias dense/kernel encoder/dense/bias encoder/dense/kernel"
same_predictions label copy.safetensors 0.5 0.5
expect 0 ./copy-encoder predict --weights copy.safetensors 0.5 0.5
[ "$(wc -w <out)" = 5 ] || fail "the encoder does not take the program's weights"
expect 0 ./copy-encoder init --seed 3 --save part.safetensors
holds part.safetensors "encoder/dense/bias encoder/dense/kernel"

# An encoder that two use, an autoencoder and a classifier.
cat >>copy.nn <<'END'
model decoder(z: [3]) = z -> dense(2)
model again(x: [2]) = x -> encoder -> decoder
train again on points { loss = mse  target = x  optimizer = adam  batch = 32 }
END
build copy.nn
for model in encoder decoder label again; do
    expect 0 "$nnc" build copy.nn --model $model -o copy-$model
done
expect 0 ./copy fit --seed 1 --progress none
same_predictions label copy.safetensors 0.5 0.5
same_predictions again copy.safetensors 0.5 0.5
expect 0 ./copy-encoder predict --weights copy.safetensors 0.5 0.5
expect 0 ./copy-decoder predict --weights copy.safetensors 1 2 3
expect 0 ./copy-label fit --weights copy.safetensors --save label.safetensors --progress none
holds label.safetensors "encoder/dense/bias encoder/dense/kernel label/dense/bias label/dense/kernel"
same_predictions label label.safetensors 0.5 0.5
expect 1 ./copy predict --model again --weights label.safetensors 0.5 0.5
says "decoder/dense/kernel"

# A file has nothing that is neither the build's nor of a model that was left out.
sed 's/dense(3, tanh)/dense(3, tanh) -> dense(3)/' copy.nn >longer.nn
build longer.nn
expect 0 ./longer init --save longer.safetensors
expect 1 ./copy-label predict --weights longer.safetensors 0.5 0.5
says "\`encoder/dense_1/kernel\` [3, 3] has no place in the model"

# The weights of a model whose data, and with them its layers, are not known here.
command -v python3 >/dev/null || skip "python3 is not installed"
python3 - <<'END'
import struct
def save(name, code, kind, shape, values):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (code, shape)
    head += " " * (117 - len(head)) + "\n"
    with open(name, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00v\x00" + head.encode() + struct.pack("<%d%s" % (len(values), kind), *values))
save("x.npy", "<f4", "f", (64, 5), [i / 320 for i in range(320)])
save("y.npy", "<i4", "i", (64,), [i % 2 for i in range(64)])
END
cat >far.nn <<'END'
dataset near = moons(64, noise = 0.05, seed = 1)
dataset away = npy("x.npy", target = "y.npy")
model a(x: [2]) = x -> dense(1, sigmoid)
model b(x) = x -> dense(4) -> dense(1, sigmoid)
train a on near { loss = crossentropy  optimizer = adam }
train b on away { loss = crossentropy  optimizer = adam }
END
build far.nn
expect 0 ./far init --save far.safetensors
mv x.npy y.npy home
expect 0 "$nnc" build far.nn --model a -o far-a
expect 0 ./far-a predict --weights far.safetensors 0.5 0.5
exit 0
