#!/usr/bin/env bash
# Every way of computing a product, with vectors of any length, predicts the same bits and trains to the
# same losses, but for the rounding of sums over samples and of Winograd's method.
. "$(dirname "$0")/common/begin.sh"

cp "$root"/tests/fixtures/steps/data/picture-{small,labels}.npy .
cat >net.nn <<'END'
dataset pictures = npy("picture-small.npy", target = "picture-labels.npy") -> scale(1/255)
model net(image: [9, 8, 3]) {
    image -> conv2d(33, 3, relu, same) -> conv2d(6, 3, same) -> conv2d(9, [3, 2])
          -> conv2d(4, 2, same) -> conv2d(3, 2, same) -> conv2d(9, 3, same)
          -> conv2d(24, [3, 2], relu, same, groups = 3, stride = 2) -> depthwise_conv2d(3, same)
          -> conv2d(17, 3, same) -> flatten -> dense(40, relu) -> dense(5, softmax)
}
train net on pictures { loss = crossentropy optimizer = adam metrics = accuracy epochs = 3 batch = 40 }
END

# Trains and predicts with ./plain.
begin() { # CPU
    cpu=$1
    expect 0 "$nnc" build net.nn --cpu="$cpu" -o plain
    expect 0 ./plain fit --seed 1 --save plain.safetensors --step-log plain.csv
    expect 0 ./plain predict picture-small.npy --weights plain.safetensors --csv
    mv out plain.predicted
    "$nnc" net.nn --emit=ways --cpu="$cpu" >ways || fail "--emit=ways"
    processor=$("$nnc" net.nn --emit=llvm --cpu="$cpu" |
        sed -n 's/.*"target-cpu"="\([^"]*\)".*/\1/p' | head -n 1)
}

# Does ./tuned compute what ./plain does?
compare() { # WHAT
    expect 0 ./tuned predict picture-small.npy --weights plain.safetensors --csv
    cmp out plain.predicted || fail "$1 predicts other bits"
    expect 0 ./tuned fit --seed 1 --save tuned.safetensors --step-log tuned.csv
    paste -d, plain.csv tuned.csv | awk -F, '
        NR > 1 { seen++; d = $2 / $4 - 1; if (d < -2e-6 || d > 2e-6) exit bad = 1 }
        END { exit bad || seen != 6 }' || fail "$1 trains otherwise"
}

# "key = way (or way, way)": the file for the number-th way of each.
choose() { # NUMBER
    awk -v processor="$processor" -v number="$1" '{
        at = match($0, / = [^=]*$/)
        ways = substr($0, at + 3)
        gsub(/[()]/, "", ways)
        gsub(/ or /, ", ", ways)
        count = split(ways, way, /, */)
        print processor ": " substr($0, 1, at - 1) " = " way[number < count ? number : count]
    }' ways >net.tune
}
for cpu in x86-64 x86-64-v3 native; do
    # LLVM optimises for one of them: ways differ in what the generator writes.
    [ "$cpu" = native ] || export NNC_QUICK=1
    [ "$cpu" != native ] || unset NNC_QUICK
    [ "$cpu" != x86-64-v3 ] || grep -qw avx2 /proc/cpuinfo || continue
    begin $cpu
    grep -q samples ways || fail "$cpu: no lanes along samples"
    [ "$(wc -l <ways)" -ge 30 ] || fail "$cpu: few products"
    most=$(awk -F', | or ' '{ if (NF > most) most = NF } END { print most }' <(sed 's/.* = //' ways))
    [ "$most" -ge 9 ] || fail "$cpu: few ways"
    for number in $(seq 2 "$most"); do # the first is what `plain` has
        choose $number
        expect 0 "$nnc" build net.nn --cpu=$cpu -o tuned
        [ ! -s err ] || fail "$cpu: way $number"
        compare "$cpu: way $number"
    done
    "$nnc" net.nn --emit=ways --cpu=$cpu >after
    cmp -s ways after && fail "the file changes nothing"
    [ "$(sed 's/ = .*//' ways)" = "$(sed 's/ = .*//' after)" ] || fail "other products"
    cmp -s plain tuned && fail "the same program with other tiles"
    rm net.tune
done

# Tiles instead of windows, forward and in both gradients while training: other bits, the same numbers.
cat >net.nn <<'END'
dataset pictures = npy("picture-small.npy", target = "picture-labels.npy") -> scale(1/255)
model net(image: [9, 8, 3]) {
    image -> conv2d(17, 3, relu, same) -> conv2d(32, 3, same) -> batch_norm -> relu -> conv2d(16, 3) -> flatten
          -> dense(5, softmax)
}
train net on pictures { loss = crossentropy optimizer = sgd metrics = accuracy epochs = 3 batch = 40 }
END
export NNC_QUICK=1
begin x86-64
[ "$(grep -c '= [^ ]* winograd' ways)" -ge 4 ] || fail "Winograd's method is not first: $(cat ways)"
for number in 2 99; do
    choose $number
    expect 0 "$nnc" build net.nn --cpu=x86-64 -o tuned
    compare "without tiles, way $number"
done
cmp -s tuned.safetensors plain.safetensors && fail "the same bits without tiles"
rm net.tune
# A batch of one sample is trained in tiles, and predicted as the sample alone is.
sed 's/batch = 40/batch = 1/' net.nn >one.nn
expect 0 "$nnc" build one.nn --cpu=x86-64 -o one
unset NNC_QUICK

# Long lines are loops: the code does not grow with them.
for steps in 500 8000; do
    cat >sequence.nn <<END
model net(x: [$steps, 1]) { x -> conv1d(4, 3, same) -> conv1d(4, 3) -> global_max_pool -> dense(2) }
END
    "$nnc" sequence.nn --emit=ways | grep -q samples || fail "lanes along samples are not first"
    "$nnc" sequence.nn --emit=llvm | wc -l >lines.$steps
done
[ "$(cat lines.8000)" -lt $(($(cat lines.500) * 11 / 10)) ] || fail "$(cat lines.8000) lines of code"
