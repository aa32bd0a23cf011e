#!/usr/bin/env bash
# Tuning: every way of computing a product predicts the same bits and trains to the same losses, but
# for the rounding of sums over samples; --tune writes a file of such choices, measures nothing twice
# and leaves nothing else; what is wrong is named.
. "$(dirname "$0")/common/begin.sh"

cp "$root"/tests/fixtures/steps/data/picture-{small,labels}.npy .
cat >net.nn <<'END'
dataset pictures = npy("picture-small.npy", target = "picture-labels.npy") -> scale(1/255)
model net(image: [9, 8, 3]) {
    image -> conv2d(33, 3, relu, same) -> conv2d(6, 3, same) -> conv2d(9, [3, 2]) -> conv2d(24, [3, 2], relu, same, groups = 3, stride = 2)
          -> depthwise_conv2d(3, same) -> conv2d(17, 3, same) -> flatten
          -> dense(40, relu) -> dense(5, softmax)
}
train net on pictures { loss = crossentropy optimizer = adam metrics = accuracy epochs = 3 batch = 40 }
END
build net.nn plain
expect 0 ./plain fit --seed 1 --save plain.safetensors --step-log plain.csv
expect 0 ./plain predict picture-small.npy --weights plain.safetensors --csv
mv out plain.predicted

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
"$nnc" net.nn --emit=ways >ways || fail "--emit=ways"
processor=$("$nnc" net.nn --emit=llvm | sed -n 's/.*"target-cpu"="\([^"]*\)".*/\1/p' | head -n 1)
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
[ "$(wc -l <ways)" -ge 17 ] || fail "few products"
for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
    choose $number
    build net.nn tuned
    [ ! -s err ] || fail "way $number"
    compare "way $number"
done
"$nnc" net.nn --emit=ways >after
cmp -s ways after && fail "the file changes nothing"
[ "$(sed 's/ = .*//' ways)" = "$(sed 's/ = .*//' after)" ] || fail "other products"
cmp -s plain tuned && fail "the same program with other tiles"

# Measured: on a machine that is busy with other tests, so that only the file's form is sure.
rm net.tune
files() { ls -A | grep -v -x -e files.before -e files.after -e tuned -e net.tune; }
files >files.before
expect 0 "$nnc" build net.nn --tune -o tuned
says "tuning for $processor"
files >files.after
cmp files.before files.after || fail "leaves files"
[ "$(grep -c "^$processor: " net.tune)" -ge 14 ] || fail "few choices: $(cat net.tune)"
compare "what was measured"
cp net.tune kept.tune
expect 0 "$nnc" build net.nn --tune -o net
says "nothing to measure"
cmp net.tune kept.tune || fail "the file changed"

# Another processor's lines stay, and only what is missing is measured.
{ grep -v ' matmul ' kept.tune && echo "other: matmul [1] [1, 1] = 1x1"; } >net.tune
expect 0 "$nnc" build net.nn --tune -o net
grep -q '^other: ' net.tune || fail "another processor's line is gone"
[ "$(wc -l <net.tune)" = $(($(wc -l <kept.tune) + 1)) ] || fail "lines are missing: $(cat net.tune)"

# What is wrong.
printf '%s: nonsense\n' "$processor" >net.tune
for command in "check net.nn" "build net.nn -o net" "build net.nn --tune -o net" "run net.nn"; do
    expect 1 "$nnc" $command
    says "E0903"
    says "net.tune:1:1"
    says "error: 1 error"
done
choose 1
sed -i '2s/= .*/= 99x9/' net.tune
expect 0 "$nnc" build net.nn -o net
says "W0901"
says "net.tune:2:"
says "--tune"
rm net.tune
mkdir net.tune
expect 1 "$nnc" build net.nn -o net
says "E0903"
says "error: 1 error"
rmdir net.tune
expect 2 "$nnc" build net.nn --tune --emit=fused
says "leave out --emit"
sed '/^train/d' net.nn >untrained.nn
expect 1 "$nnc" build untrained.nn --tune
says "E0206"
says "error: 1 error"
absent untrained untrained.tune
