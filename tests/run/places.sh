#!/usr/bin/env bash
# A class for each place, several labels at once, and what predict makes of them; targets that a loss
# does not take.
. "$(dirname "$0")/common/begin.sh"
data=$root/tests/fixtures/steps/data
cp "$data/picture-small.npy" x.npy
cp "$data/places-small-labels.npy" y.npy

cat >places.nn <<'END'
dataset fields = npy("x.npy", target = "y.npy") -> scale(1/255)
model network(x) = x -> conv2d(5, 3, same, relu) -> dense(3, softmax)
train network on fields {
    loss      = crossentropy
    optimizer = adam(0.01)
    metrics   = [accuracy, iou]
}
END
build places.nn
expect 0 ./places fit --seed 1 --save places.st --progress none
expect 0 ./places evaluate --weights places.st --json
between 0.2 "$(number accuracy)" 1
between 0.01 "$(number iou)" 1
says '"places":'
expect 0 ./places evaluate --weights places.st
says 'precision  recall      f1     iou   places'

# 9 lines of 8 places in each of 52 pictures, as lists and as indices of a palette.
expect 0 ./places predict --weights places.st --json x.npy
[ "$(head -n 1 out | grep -o '\[\([012], \)\{7\}[012]\]' | wc -l)" = 9 ] || fail 'no map of 9 x 8'
expect 0 ./places predict --weights places.st x.npy
says 'x.npy[51]: '
expect 0 ./places predict --weights places.st --csv x.npy
says 'input,row,0,1,2'
expect 0 ./places predict --weights places.st --png maps x.npy
[ "$(ls maps | wc -l)" = 52 ] || fail "$(ls maps | wc -l) maps"
[ "$(od -An -t u1 -j 16 -N 10 maps/x-51.png | tr -s ' ')" = ' 0 0 0 8 0 0 0 9 8 3' ] ||
    fail 'no palette of 8 x 9 places'
expect 2 ./places predict --weights places.st --png maps --json x.npy
says 'only one of'

# Pictures of numbers; nothing is written over what is read, nor twice.
cat >copy.nn <<'END'
dataset fields = npy("x.npy", target = "x.npy") -> scale(1/255)
model network(x) = x -> conv2d(3, 1)
train network on fields { loss = mse optimizer = sgd(0.001) }
END
build copy.nn
expect 0 ./copy fit --seed 1 --save copy.st --progress none
expect 0 ./copy predict --weights copy.st --png pictures x.npy
[ "$(od -An -t u1 -j 24 -N 2 pictures/x-0.png | tr -s ' ')" = ' 8 2' ] || fail 'no colours'
mkdir a b
cp pictures/x-0.png a/one.png
cp pictures/x-1.png b/one.png
expect 2 ./copy predict --weights copy.st --png a a/one.png
says 'would overwrite an input'
cmp a/one.png pictures/x-0.png || fail 'an input was written over'
expect 2 ./copy predict --weights copy.st --png both a/one.png b/one.png
says 'two inputs'
expect 0 ./copy predict --weights copy.st --png both a/one.png
[ "$(ls both)" = one.png ] || fail 'a single picture keeps its name'

# Several yes or no: each label by itself.
cp "$data/x5.npy" points.npy
cp "$data/binary5.npy" tags.npy
cat >tags.nn <<'END'
dataset points = npy("points.npy", target = "tags.npy")
model network(x) = x -> dense(5, sigmoid)
train network on points { loss = crossentropy optimizer = adam(0.01) }
END
build tags.nn
expect 0 ./tags fit --seed 1 --save tags.st --progress none
expect 2 ./tags predict --weights tags.st --png maps points.npy
says 'no pictures'
expect 0 ./tags predict --weights tags.st --json points.npy
says '"classes": [{"class": "'
expect 0 ./tags predict --weights tags.st --csv points.npy
says 'input,row,classes,0,1,2,3,4'
awk -F, 'NR > 1 {
    said = ""
    for (i = 4; i <= 8; i++) if ($i > 0.5) said = said (said == "" ? "" : ";") i - 4
    if (said != $3) exit 1
}' out || fail 'labels are not those above one half'

# Targets that changed after the program was compiled are found when it begins.
cp "$data/real5.npy" tags.npy
expect 1 ./tags fit --save other.st
says 'takes numbers from 0 to 1'
one_message
absent other.st
expect 1 "$nnc" check tags.nn
says 'loss = mse'
