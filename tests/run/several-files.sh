#!/usr/bin/env bash
# Several sources in one call, the source on standard input, one of several models.
. "$(dirname "$0")/common/begin.sh"

echo 'model m(x:[2])=x->dense(1)' >right.nn
echo 'model m(x: [2]) = x -> dens(1)' >wrong.nn
expected='model m(x: [2]) = x -> dense(1)'

"$NNC" check right.nn right.nn || fail "two right files"
status=0
"$NNC" check wrong.nn right.nn 2>err || status=$?
[ $status = 1 ] || fail "the worst status is $status"
grep -q 'wrong.nn:1:24' err || fail "the message names no file"
"$NNC" check - <right.nn || fail "check of standard input"
"$NNC" check - <wrong.nn 2>err && fail "a mistake on standard input"
grep -q 'standard input:1:24' err || fail "the message names no standard input"

status=0
"$NNC" check - - <right.nn 2>err || status=$?
[ $status = 2 ] || fail "standard input was read twice"
for _ in 1 2; do # the second one finds a file
    "$NNC" build --emit=graph -o graph - <right.nn || fail "a stage of standard input"
    grep -q dense graph || fail "an empty stage of standard input"
done
status=0
"$NNC" build --tune - <right.nn 2>err || status=$?
[ $status = 2 ] || fail "choices beside standard input"

[ "$("$NNC" fmt - <right.nn)" = "$expected" ] || fail "fmt of standard input"
status=0
"$NNC" fmt --write - <right.nn 2>err || status=$?
[ $status = 2 ] || fail "standard input was written back"
cp right.nn other.nn
"$NNC" fmt --check right.nn other.nn 2>err && fail "neither is formatted"
[ "$(grep -c 'is not formatted' err)" = 2 ] || fail "not both are named"
"$NNC" fmt --write right.nn other.nn || fail "fmt --write of two files"
[ "$(cat right.nn other.nn)" = "$expected"$'\n'"$expected" ] || fail "what was written"

cat >two.nn <<'END'
dataset points = circles(100)
dataset others = moons(100)
model a(x) { x -> dense(1, sigmoid) }
model b(x) { x -> dense(4, tanh) -> dense(1, sigmoid) }
train a on points { loss = crossentropy  optimizer = sgd }
train b on others { loss = crossentropy  optimizer = sgd }
END
"$NNC" build two.nn || fail "build of two models"
./two fit --progress=none || fail "fit of two models, one after the other"
grep -q a/dense/kernel two.safetensors || fail "the weights of the first"
grep -q b/dense_1/kernel two.safetensors || fail "and of the second"
"$NNC" build two.nn --model b || fail "build of one of two models"
./two-b fit --progress=none || fail "fit of one of two models"
[ -s two-b.safetensors ] || fail "its weights"
grep -q dense_1/kernel two-b.safetensors || fail "the weights are another model's"

# Data of a model that is not built may be missing.
sed -i 's/train a on points/train a on npy("missing.npy", target = "missing.npy")/; s/model a(x)/model a(x: [3])/' two.nn
"$NNC" build two.nn --model b 2>err || fail "data of another model are missing"
grep -q W0401 err || fail "and nobody says so"
"$NNC" build two.nn --model a 2>err && fail "its own data are missing"
grep -q E0401 err || fail "another error"
