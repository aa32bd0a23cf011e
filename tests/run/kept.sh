#!/usr/bin/env bash
# No work is lost: a reader that goes away, a full terminal, a second run, a signal and a picture
# that breaks while it is trained all leave the weights and logs there, and say where.
. "$(dirname "$0")/common/begin.sh"

net() { # CALLBACKS EPOCHS
    cat <<END
dataset points = circles(200, factor = 0.5, noise = 0.2, seed = 1) -> split(validation = 0.5)
model net(x) { x -> dense(30, tanh) -> dense(1, sigmoid) }
train net on points { loss = crossentropy
                      optimizer = adam(0.01)
                      epochs = $2
                      callbacks = [$1] }
END
}
net 'csv_log("log.csv"), checkpoint("best.safetensors", save_best_only = true)' 200 >net.nn
build net.nn
epochs() { # FILE
    echo $(($(wc -l <"$1") - 1))
}

# What is printed may get lost.
lost() { # HOW WANTED-STATUS
    rm -f net.safetensors history.csv
    expect "$2" bash -c "$1"
    [ "$(epochs history.csv)" = 200 ] || fail "trained $(epochs history.csv) of 200 epochs: $1"
    [ -s net.safetensors ] || fail "the weights were lost: $1"
}
fit='./net fit --history history.csv'
lost "$fit | head -n 1; exit \${PIPESTATUS[0]}" 1
one_message
says 'Broken pipe; the weights are saved in `net.safetensors`'
lost "$fit >/dev/full" 1
one_message
lost "$fit >&-" 1
lost "$fit --progress=none >&- 2>&-" 0
lost "$fit 2>/dev/full" 0
lost "$fit >/dev/full 2>/dev/full" 1
lost "$fit 2>&1 | true; exit \${PIPESTATUS[0]}" 1
rm -f net.safetensors
expect 1 bash -c '"$1" run net.nn | head -n 1; exit ${PIPESTATUS[0]}' - "$nnc"
[ -s net.safetensors ] || fail "nnc run lost the weights"

# An older run's weights are kept, also when the second run is ended in its first epoch and when
# that happens again; so are those of checkpoints.
rm -f ./*.safetensors*
expect 0 ./net fit --seed 1
absent net.safetensors~ best.safetensors~
cp net.safetensors first
cp best.safetensors first-best
expect 0 ./net fit --seed 2 --epochs 199
says 'weights saved to net.safetensors (the older ones are kept in `net.safetensors~`)'
cmp net.safetensors~ first || fail "the first run's weights are not in net.safetensors~"
cmp best.safetensors~ first-best || fail "nor its checkpoint"
cp net.safetensors second
# Also where the second run begins in the millisecond in which the first one ends.
for k in 1 2 3 4 5 6 7 8; do
    rm -f ./*.safetensors*
    expect 0 bash -c './net fit --seed 1 --progress=none && ./net fit --seed 2 --epochs 199 --progress=none'
    cmp net.safetensors~ first || fail "the first run's weights are not kept by one that follows at once"
    cmp best.safetensors~ first-best || fail "nor its checkpoint by one that follows at once"
done
sed 's/circles(200/circles(2000000/; s/dense(30/dense(300/; s/epochs =/batch = 20000\n epochs =/' net.nn >large.nn
build large.nn
cp log.csv log-before.csv
for i in 1 2; do
    ./large fit --save net.safetensors --progress=bar >out 2>err </dev/null &
    training=$!
    until_true grep -q loss err
    kill -INT $training
    wait $training
    status=$?
    [ $status = 3 ] || fail "status $status instead of 3: $(cat err)"
    says '(0 whole epochs); the weights are saved in `net.safetensors`'
    cmp net.safetensors~ second || fail "the finished weights are gone after $i interrupted runs"
    tr '\r' '\n' <err | grep -q '^large: interrupted' || fail "the bar's line was not ended"
done
cmp log.csv log-before.csv || fail "the log was emptied before there was an epoch"
expect 0 ./net evaluate --weights net.safetensors~
ln -s elsewhere.safetensors linked
echo older >elsewhere.safetensors
touch -d '1 hour ago' elsewhere.safetensors
expect 0 ./net fit --epochs 1 --save linked
says 'kept in `'"$work"'/elsewhere.safetensors~`'
[ "$(cat elsewhere.safetensors~)" = older ] || fail "what was there is gone"
[ -L linked ] || fail "the link was replaced"

# Weights lie beside the executable, too.
mkdir there
cp net there
mv net.safetensors~ there/net.safetensors
rm net.safetensors
expect 0 ./there/net evaluate
rm there/net.safetensors
expect 1 ./there/net evaluate
one_message
says '`./there/net fit`'

# `nnc run` names what can be typed.
expect 1 "$nnc" run net.nn evaluate
one_message
says '`nnc run net.nn fit`'
expect 0 "$nnc" run net.nn help
says 'usage: nnc run net.nn [command]'

# Memory does not grow with the epochs.
net '' 1 >endless.nn
build endless.nn
./endless fit --epochs 1000000000 --progress=none --history history.csv >out 2>err </dev/null &
training=$!
memory() {
    awk '/^VmRSS/ { print $2 }' /proc/$training/status
}
until_true has_worked $training 50
before=$(memory)
until_true has_worked $training 200
after=$(memory)
kill -INT $training
wait $training
[ $? = 3 ] || fail "a billion epochs cannot be interrupted"
done=$(epochs history.csv)
[ "$done" -gt 2000 ] || fail "only $done epochs"
between 0 $((after - before)) 200
says "($done whole epochs)"

# A picture that breaks later.
cc -o pictures "$root/tests/run/common/pictures.c" -lpng -ljpeg 2>err || skip "libpng or libjpeg is missing"
./pictures shapes 20 5 5
cat >pictured.nn <<'END'
dataset shapes = images("shapes", memory = none) -> resize(12, 12)
model net(image) { image -> flatten -> dense(8, relu) -> dense(2, softmax) }
train net on shapes { loss = crossentropy
                      optimizer = adam(0.001)
                      epochs = 1000000
                      callbacks = [early_stopping(patience = 1000000, restore_best_weights = true),
                                   csv_log("shapes.csv")] }
END
build pictured.nn
for part in train validation; do
    ./pictured fit --save shapes.safetensors --history history.csv --step-log steps.csv \
        >out 2>err </dev/null &
    training=$!
    until_true has_worked $training 60
    picture=$(find "shapes/$part" -name '*.png' | head -n 1)
    mv "$picture" aside.png
    wait $training
    [ $? = 1 ] || fail "not status 1"
    one_message
    says "$picture"
    says 'are saved in `shapes.safetensors`'
    mv aside.png "$picture"
    expect 0 ./pictured evaluate --weights shapes.safetensors
    for log in history.csv steps.csv shapes.csv; do
        [ "$(epochs $log)" -gt 2 ] || fail "$log was lost"
    done
    rm shapes.safetensors history.csv steps.csv shapes.csv
done
[ -z "$(ls -A | grep tmp)" ] || fail "temporary files were left: $(ls -A)"
