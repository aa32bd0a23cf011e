#!/usr/bin/env bash
# `nnc build --tune` writes a file of choices, measures nothing twice and leaves nothing else; the program
# is the same but for the rounding of sums over samples; what is wrong is named.
. "$(dirname "$0")/common/begin.sh"
export NNC_QUICK=1 # a dozen programs are built for each measurement

cp "$root"/tests/fixtures/steps/data/picture-{small,labels}.npy .
cat >net.nn <<'END'
dataset pictures = npy("picture-small.npy", target = "picture-labels.npy") -> scale(1/255)
model net(image: [9, 8, 3]) {
    image -> conv2d(9, 3, relu, same) -> depthwise_conv2d(3, same, stride = 2) -> flatten -> dense(5, softmax)
}
train net on pictures { loss = crossentropy optimizer = adam metrics = accuracy epochs = 3 batch = 40 }
END

expect 0 "$nnc" build net.nn -o plain
expect 0 ./plain fit --seed 1 --save plain.safetensors
processor=$("$nnc" net.nn --emit=llvm | sed -n 's/.*"target-cpu"="\([^"]*\)".*/\1/p' | head -n 1)

# Measured: on a machine that is busy with other tests, so that only the file's form is sure.
files() { ls -A | grep -v -x -e files.before -e files.after -e tuned -e net.tune; }
files >files.before
expect 0 "$nnc" build net.nn --tune -o tuned
says "tuning for $processor"
files >files.after
cmp files.before files.after || fail "leaves files"
[ "$(grep -c "^$processor: " net.tune)" -ge 7 ] || fail "few choices: $(cat net.tune)"
for program in plain tuned; do
    expect 0 ./$program predict picture-small.npy --weights plain.safetensors --csv
    mv out $program.predicted
done
cmp plain.predicted tuned.predicted || fail "the tuned program predicts other bits"
cp net.tune kept.tune
expect 0 "$nnc" build net.nn --tune -o net
says "nothing to measure"
cmp net.tune kept.tune || fail "the file changed"

# Another processor's lines stay, and only what is missing, or names no way, is measured.
{ grep -v ' matmul ' kept.tune | sed '4s/= .*/= 99x9/' && echo "other: matmul [1] [1, 1] = 1x1"; } >net.tune
expect 0 "$nnc" build net.nn --tune -o net
! grep -q 99x9 net.tune || fail "a stale line stayed"
! grep -q W0901 err || fail "a line that is replaced is reported"
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
sed '4s/= .*/= 99x9/' kept.tune >net.tune
expect 0 "$nnc" build net.nn -o net
says "W0901"
says "net.tune:4:"
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
