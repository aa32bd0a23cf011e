#!/usr/bin/env bash
# Predictions in int8: ranges are measured by fit, travel with the weights, and are measured or asked for where they are
# missing; about what float32 predicts, the same for any number of threads, for one sample and many, and on every kind of
# processor that this one can be; what is wrong is named. Ranges that are lost, stale or of other weights, a prediction
# that is prepared too early, or one that is silently in float32 would break it.
. "$(dirname "$0")/common/begin.sh"

awk 'BEGIN { srand(3); print "a,b,kind"; for (i = 0; i < 600; i++) { t = 6 * rand(); k = i % 2
    r = 0.2 + t / 6 + 0.02 * rand(); print r * cos(t + 3.14159 * k) "," r * sin(t + 3.14159 * k) "," k } }' >points.csv
cat >net.nn <<'END_OF_PROGRAM'
dataset points = csv("points.csv", target = kind) -> split(test = 0.2, seed = 1)
model net(x: [2]) {
    x -> dense(64, relu) -> reshape([8, 8, 1]) -> conv2d(16, 3, same, tanh) -> conv2d(33, 3, relu) -> flatten
      -> dense(48, leaky_relu) -> dense(40, relu) -> dense(1, sigmoid)
}
train net on points {
    loss      = crossentropy
    optimizer = adam(0.003)
    metrics   = accuracy
    epochs    = 12
    batch     = 50
}
END_OF_PROGRAM
expect 0 "$nnc" build net.nn --predict=int8 -o small
expect 0 "$nnc" build net.nn -o exact
expect 0 ./small fit --seed 1 --save w.safetensors --json
expect 0 ./exact fit --seed 1 --save plain.safetensors --json
grep -qa 'nnc.ranges' w.safetensors || fail "fit keeps no ranges"
grep -qa 'nnc.ranges' plain.safetensors && fail "a program in float32 keeps ranges"
expect 0 ./small info --weights w.safetensors
says "in int8, 3 products"
says "conv2d_1/kernel is multiplied by -"
expect 0 ./small info --weights w.safetensors --json
says '"predict": "int8"'
expect 0 "$nnc" summary net.nn --predict=int8
says 'Predictions in int8: 3 products, weights of 63,696 bytes (62.20 KB)'
expect 0 "$nnc" summary net.nn --predict=int8 --json
says '"int8_products": 3, "int8_weight_bytes": 63696'

# How far int8 is from float32 is said, and is little; both read both files.
for threads in 1 2 5; do
    expect 0 ./small evaluate --weights w.safetensors --threads $threads --json
    cp out evaluated-$threads
done
cmp evaluated-1 evaluated-2 || fail "two threads evaluate otherwise than one"
cmp evaluated-1 evaluated-5 || fail "five threads evaluate otherwise than one"
says '"precision": "int8", "float32": {"loss": '
accuracy=$(number accuracy)
expect 0 ./exact evaluate --weights w.safetensors --json
between "$(awk -v a="$(number accuracy)" 'BEGIN { print a - 0.05 }')" "$accuracy" 1
between 0.7 "$accuracy" 1
expect 0 ./small evaluate --weights w.safetensors
says "test (120 samples), int8 - loss: "
says "(int8 "

# One sample as many, on any number of threads.
awk -F, 'NR > 1 && NR < 80 { print $1 "," $2 }' points.csv >rows.csv
predicted() { # ROWS PROGRAM OPTION...
    expect 0 sh -c 'rows=$1; shift; "$@" --csv - <"$rows"' sh "$@"
}
predicted rows.csv ./small predict --weights w.safetensors --threads 1
cp out many
predicted rows.csv ./small predict --weights w.safetensors --threads 3
cmp out many || fail "threads change predictions"
head -1 rows.csv >row.csv
predicted row.csv ./small predict --weights w.safetensors
cmp <(head -2 many) out || fail "one sample is predicted otherwise than many"
predicted rows.csv ./exact predict --weights w.safetensors
cmp -s out many && fail "predictions are not in int8"

# Every processor: numbers between products are float32's, with or without fused multiply-adds.
for cpu in x86-64 x86-64-v3 x86-64-v4 cascadelake sapphirerapids; do
    expect 0 "$nnc" build net.nn --predict=int8 --cpu=$cpu -o other
    ./other evaluate --weights w.safetensors --json >out 2>err || {
        grep -q "lacks\|does not let" err || fail "$cpu: does not run, and does not say why"
        continue
    }
    between "$(awk -v a="$accuracy" 'BEGIN { print a - 0.02 }')" "$(number accuracy)" "$(awk -v a="$accuracy" 'BEGIN { print a + 0.02 }')"
done

# Weights without ranges: measured where the data are, else asked for; calibrate keeps them.
expect 0 ./small evaluate --weights plain.safetensors --json
says "have no ranges for int8; they are measured on"
measured=$(number accuracy)
mv points.csv elsewhere.csv
expect 1 ./small predict --weights plain.safetensors 0.5 -0.5
says "have no ranges, which predictions in int8 need"
says "small calibrate --weights FILE --save FILE"
expect 0 ./small predict --weights w.safetensors 0.5 -0.5
mv elsewhere.csv points.csv
expect 0 ./small calibrate --weights plain.safetensors --save calibrated.safetensors
says "conv2d_1/kernel"
cp points.csv kept.csv
rm points.csv
expect 0 ./small predict --weights calibrated.safetensors 0.5 -0.5
mv kept.csv points.csv
expect 0 ./small evaluate --weights calibrated.safetensors --json
[ "$(number accuracy)" = "$measured" ] || fail "calibrate measures otherwise than evaluate"
expect 2 ./exact calibrate --weights w.safetensors
says "predictions of this program are not in int8"

# A checkpoint is not written over; a report is of what is predicted.
expect 0 ./small fit --steps 20 --checkpoint c.safetensors --save unused.safetensors
cp c.safetensors before
expect 2 ./small calibrate --weights c.safetensors
says "is a checkpoint, from which a training may go on"
cmp c.safetensors before || fail "calibrate changed a checkpoint"
expect 0 ./small calibrate --weights c.safetensors --save of-checkpoint.safetensors
expect 0 ./small report --weights w.safetensors -o page.html

# The executable carries ranges with its weights.
expect 0 "$nnc" build net.nn --predict=int8 --weights w.safetensors -o carrier
mkdir alone
mv carrier alone
cd alone || exit 1
predicted ../rows.csv ./carrier predict
cd .. || exit 1
cmp out many || fail "carried ranges are not used"

# What is wrong is one message.
sed 's/\(nnc.ranges": *"\){/\1[/' w.safetensors >torn.safetensors
expect 1 ./small predict --weights torn.safetensors 0.5 -0.5
says "their ranges are no JSON"
sed 's/\(conv2d_1\/kernel\\": *\)\[/\1{/' w.safetensors >torn.safetensors
expect 1 ./small predict --weights torn.safetensors 0.5 -0.5
says "are damaged"
expect 2 "$nnc" build net.nn --predict=int7
says "--predict is float32 or int8, not \`int7\`"
sed 's/dense(64, relu).*/dense(16, relu)/; /-> dense(48/d' net.nn | sed 's/dense(16, relu)/dense(16, relu) -> dense(1, sigmoid)/' >tiny.nn
expect 1 "$nnc" build tiny.nn --predict=int8
says "error[E0905]: \`net\` has nothing to predict in int8"
sed 's/-> dense(40, relu)/-> exp -> exp -> exp -> exp -> exp -> exp -> dense(40, relu)/' net.nn >huge.nn
expect 0 "$nnc" build huge.nn --predict=int8
expect 0 ./huge init --save huge.safetensors
expect 1 ./huge evaluate --weights huge.safetensors
says "what \`dense_2/kernel\` is multiplied by is not finite for sample"

expect 0 ./small bench --seconds 0.5 --json
says '"predict": "int8", "predict_samples_per_second": '
