#!/usr/bin/env bash
# Steps of one's own: two networks train each other; each step changes what it updates, has its own
# optimizer and schedule and its names everywhere; threads change no bit; `samples` are pictures.
. "$(dirname "$0")/common/begin.sh"

# program CRITIC FORGER: the optimizers of the two steps.
program() {
    cat <<END_OF_PROGRAM
dataset points = moons(256, noise = 0.05, seed = 1)
model maker(noise: [4]) { noise -> dense(16, relu) -> batch_norm -> dropout(0.1) -> dense(2) }
model judge(x: [2]) { x -> dense(16) -> batch_norm -> leaky_relu -> dropout(0.2) -> dense(1) }
train maker, judge on points {
    epochs = 2
    batch  = 32
    step criticize updates judge with $1 {
        repeat = 2
        truth = crossentropy(judge(x), 1)
        minimize truth + crossentropy(normal(4) -> maker -> judge, 0)
        report truth
    }
    step forge updates maker with $2 {
        minimize crossentropy(normal(4) -> maker -> judge, 1)
    }
}
END_OF_PROGRAM
}

program "adam(exponential_decay(1e-2, rate = 0.9, steps = 10))" "sgd(1e-2, momentum = 0.9)" >gan.nn
build gan.nn
expect 0 ./gan init --seed 1 --save before.safetensors
expect 0 ./gan fit --seed 1 --threads 1 --save 1.safetensors --step-log 1.csv --history 1.json --json
cp out 1.out

# Names: of the steps' losses, of what they report, of the weights of several models.
for name in criticize_loss forge_loss truth; do
    between 0.05 "$(number $name)" 5
    grep -q "$name" 1.json || fail "the history has no $name"
done
total=$(awk -v a="$(number criticize_loss)" -v b="$(number forge_loss)" 'BEGIN { print a + b }')
between "$(awk -v t="$total" 'BEGIN { print t - 1e-3 }')" "$(number loss)" \
    "$(awk -v t="$total" 'BEGIN { print t + 1e-3 }')"
for name in maker/dense/kernel maker/batch_norm/moving_mean judge/dense_1/bias; do
    grep -aqF "\"$name\"" 1.safetensors || fail "the weights have no $name"
done
[ "$(wc -l <1.csv)" = 17 ] || fail "the step log has not a line for each of 16 batches"

# Any number of threads, with and without a profile: the same bits.
for threads in 2 3; do
    expect 0 ./gan fit --seed 1 --threads $threads --save $threads.safetensors --step-log $threads.csv
    cmp 1.safetensors $threads.safetensors || fail "$threads threads change the weights"
    cmp 1.csv $threads.csv || fail "$threads threads change the losses"
done
expect 0 ./gan fit --seed 1 --threads 2 --save profiled.safetensors --profile
cmp 1.safetensors profiled.safetensors || fail "--profile changes the weights"
says "step criticize: 32 steps" # two for each of 16 batches
says "step forge: 16 steps"

# What the steps minimize, without random layers: again the same.
expect 0 ./gan evaluate --weights 1.safetensors --json
between 0.05 "$(number criticize_loss)" 5
between 0.05 "$(number forge_loss)" 5
between 0.05 "$(number truth)" 5

moves() { # FILE MODEL/WEIGHT...
    local file=$1 name
    shift
    for name; do
        [ "$(tensor before.safetensors "$name")" != "$(tensor "$file" "$name")" ] ||
            fail "$name stays in $file"
    done
}
stays() {
    local file=$1 name
    shift
    for name; do
        [ -n "$(tensor "$file" "$name")" ] || fail "$file has no $name"
        [ "$(tensor before.safetensors "$name")" = "$(tensor "$file" "$name")" ] ||
            fail "$name moves in $file"
    done
}
maker="maker/dense/kernel maker/dense/bias maker/batch_norm/gamma maker/dense_1/kernel"
judge="judge/dense/kernel judge/dense/bias judge/batch_norm/gamma judge/dense_1/kernel"
averages="maker/batch_norm/moving_mean judge/batch_norm/moving_mean judge/batch_norm/moving_variance"
moves 1.safetensors $maker $judge $averages

# A step of rate 0 changes nothing, and leaves the other step's rate alone; the averages of every
# normalization in training mode move all the same, as in a `train_step` of Keras.
program "sgd(1e-2)" "sgd(0)" >critic.nn
build critic.nn
expect 0 ./critic fit --seed 1 --save critic.safetensors
stays critic.safetensors $maker
moves critic.safetensors $judge $averages
sed '/step forge/,/^    }/d' critic.nn >alone.nn
build alone.nn
expect 0 ./alone fit --seed 1 --save alone.safetensors
stays alone.safetensors $maker
moves alone.safetensors $judge $averages

# A schedule of its own each. Its steps are batches, also where a step goes twice: "7" is the last
# batch before the next rate, as with one model.
program "sgd(piecewise(0.1, steps = [3], rates = [0]))" \
    "sgd(piecewise(0.1, steps = [7], rates = [0]))" >times.nn
build times.nn
for steps in 3 4 5 7 8 9; do
    expect 0 ./times fit --seed 1 --steps $steps --save $steps.safetensors
done
same() { [ "$(tensor $1.safetensors "$3")" = "$(tensor $2.safetensors "$3")" ]; }
same 3 4 judge/dense/kernel && fail "the critic's schedule ends too early"
same 4 5 judge/dense/kernel || fail "the critic's schedule ends too late"
same 7 8 maker/dense/kernel && fail "the maker's schedule ends too early"
same 8 9 maker/dense/kernel || fail "the maker's schedule ends too late"

# A grid an epoch, and whoever runs it, the same picture.
cat >pictures.nn <<'END'
dataset points = moons(64, noise = 0.05, seed = 1)
model maker(noise: [4]) { noise -> dense(64, sigmoid) -> reshape(8, 8, 1) }
model judge(picture: [8, 8, 1]) { picture -> flatten -> dense(1) }
train maker, judge on points {
    epochs = 2
    step forge updates maker with adam(0.1) { minimize crossentropy(normal(4) -> maker -> judge, 1) }
    samples = normal(4, seed = 1) -> maker
}
END
build pictures.nn
expect 0 ./pictures fit --seed 1 --threads 1
for epoch in 1 2; do
    [ "$(od -An -c -j 1 -N 3 pictures-samples/epoch-000$epoch.png | tr -d ' ')" = PNG ] ||
        fail "epoch $epoch has no picture"
done
cmp -s pictures-samples/epoch-000[12].png && fail "the pictures stay as they were"
mv pictures-samples first
expect 0 ./pictures fit --seed 1 --threads 2
cmp first/epoch-0002.png pictures-samples/epoch-0002.png || fail "threads change the pictures"

# The recipe of WGAN-GP in docs/language.md, with pictures of two dimensions that the critic takes
# with a channel: they meet the generator's as such, in the step and in the samples.
mkdir mnist
for part in train t10k; do
    { printf '\0\0\10\3\0\0\0\20\0\0\0\34\0\0\0\34'; head -c 12544 /dev/zero | tr '\0' '\100'; } \
        >mnist/$part-images-idx3-ubyte
    { printf '\0\0\10\1\0\0\0\20'; head -c 16 /dev/zero; } >mnist/$part-labels-idx1-ubyte
done
cat >wgan.nn <<'END'
dataset digits = mnist -> scale(1/255)
model generator(noise: [8]) { noise -> dense(28 * 28, sigmoid) -> reshape(28, 28, 1) }
model critic(image: [28, 28, 1]) { image -> conv2d(4, 5, tanh, stride = 4) -> flatten -> dense(1) }
train generator, critic on digits {
    batch = 8
    step judge updates critic with adam(1e-2) {
        repeat  = 2
        fake    = normal(8) -> generator
        t       = uniform(1, 1, 1)
        mixed   = t * image + (1 - t) * fake
        penalty = 10 * square(sqrt(sum(square(gradient(critic(mixed), mixed)))) - 1)
        report penalty
        minimize critic(fake) - critic(image)
        minimize penalty
    }
    step forge updates generator with adam(1e-2) { minimize -critic(normal(8) -> generator) }
    samples = image
}
END
export NNC_DATA=$work
build wgan.nn
expect 0 ./wgan fit --seed 1 --epochs 20 --history wgan.json
expect 0 ./wgan evaluate --json
between 0 "$(number penalty)" 1
[ -s wgan-samples/epoch-0020.png ] || fail "wgan saved no samples"

# What is reported may be infinite; which step's loss became so is said, with its own rate.
cat >infinite.nn <<'END'
dataset points = moons(256, noise = 0.05, seed = 1)
model judge(x: [2]) { x -> dense(4, relu) -> dense(1) }
model other(x: [2]) { x -> dense(4, relu) -> dense(1) }
train judge, other on points {
    step a updates judge with sgd(0.01) {
        lowest = log(0 * mean(x))
        minimize mse(judge(x), 1)
        report lowest
    }
    step b updates other with sgd(0.02) { minimize mse(other(x), 1) }
}
END
build infinite.nn
expect 0 ./infinite fit
says "lowest: -inf"
sed 's/sgd(0.02)/sgd(1e30)/' infinite.nn >grows.nn
build grows.nn
expect 4 ./grows fit
says "the loss of step \`b\` became infinite"
says "now 1e+30"

# Steps first, then the short form: the same weights go on, compared with the targets.
cat >further.nn <<'END'
dataset points = moons(64, noise = 0.05, seed = 1)
model net(x: [2]) { x -> dense(1, sigmoid) }
model plain(x: [2]) { x -> tanh }
train net, plain on points {
    step center updates net with sgd { minimize mean(square(net(plain(x)) - 0.5)) }
}
train net on points {
    loss = crossentropy
    optimizer = sgd
    metrics = accuracy
}
END
build further.nn
expect 0 ./further fit --seed 1
says "training 1 of 2: 1 epochs, step center trains 3 parameters"
says "training 2 of 2: 1 epochs, 3 of 3 parameters are trained"
says accuracy
