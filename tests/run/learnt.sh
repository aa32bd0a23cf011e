#!/usr/bin/env bash
# What the stages of a data set learn travels in the weights file: kinds of columns, classes of the
# target, categories in order, what gaps are filled with.
. "$(dirname "$0")/common/begin.sh"

printf '%s\n' age,job,y 30,clerk,no 40,smith,yes ,clerk,no 50,baker,yes 20,,no 60,tailor,no >rows.csv
cat >rows.nn <<'PROGRAM'
dataset people = csv("rows.csv", target = y)
               -> fill_missing(mean, age)
               -> fill_missing(most_frequent, job)
               -> one_hot(job)
               -> split(validation = 0.1)
model net(x: [4]) = x -> dense(1, sigmoid)
train net on people { loss = binary_crossentropy  optimizer = adam  epochs = 1  batch = 2 }
PROGRAM
build rows.nn

holds() {
    grep -qaF -e "$1" weights.safetensors || fail "the weights file does not hold $1"
}

expect 0 ./rows fit --save weights.safetensors --progress=none
holds '"nnc.data.people":'
holds '\"columns\":{\"age\":\"number\",\"job\":\"word\",\"y\":\"word\"}'
holds '\"classes\":{\"y\":[\"no\",\"yes\"]}'
# The tailor and the age of 60 are in the validation part.
holds '{\"age\":35.0},{\"job\":\"clerk\"},{\"job\":[\"baker\",\"clerk\",\"smith\"]}'

# It stays when the training goes on, and what reads the file is not disturbed.
expect 0 ./rows fit --weights weights.safetensors --save more.safetensors --progress=none
mv more.safetensors weights.safetensors
holds '\"classes\":{\"y\":[\"no\",\"yes\"]}'
expect 0 ./rows evaluate --weights weights.safetensors --json

# What was learnt of a data set that a run does not come to read, because it ends before, stays as well.
cp rows.csv other.csv
cat >two.nn <<'PROGRAM'
dataset first = csv("rows.csv", target = y) -> keep(age) -> fill_missing(mean)
dataset second = csv("other.csv", target = y) -> keep(age) -> fill_missing(7)
model net(x: [1]) = x -> dense(1, sigmoid)
train net on first { loss = binary_crossentropy  optimizer = adam  epochs = 1  batch = 2 }
train net on second { loss = binary_crossentropy  optimizer = adam  epochs = 1  batch = 2 }
PROGRAM
build two.nn
expect 0 ./two fit --save weights.safetensors --progress=none
holds '"nnc.data.second":'
rm other.csv
expect 1 ./two fit --weights weights.safetensors --save weights.safetensors --progress=none
holds '"nnc.data.first":'
holds '"nnc.data.second":'

# Between `build` and `fit` the numbers of the target may change, and with them the units in which
# metrics and predictions are.
printf '%s\n' a,y 1,2 2,4 3,6 4,8 5,10 6,12 >rows.csv
cat >units.nn <<'PROGRAM'
dataset line = csv("rows.csv", target = y) -> standardize(target = true)
model net(x) = x -> dense(1)
train net on line { loss = mse  optimizer = sgd(0.1)  metrics = mae  epochs = 60  batch = 6 }
PROGRAM
build units.nn
printf '%s\n' a,y 1,20 2,40 3,60 4,80 5,100 6,120 >rows.csv
printf '%s\n' a 6 >new.csv
expect 0 ./units fit --save units.safetensors --progress=none
expect 0 ./units predict --weights units.safetensors --csv new.csv
grep -Eq '^6,(119\.9|120)' out || fail "the prediction is not in the units of the data that were trained on"
expect 0 ./units predict --weights units.safetensors --csv rows.csv
grep -Eq '^6,120,(119\.9|120)' out || fail "the prediction is not in the units of the data that were trained on"
expect 0 ./units predict --weights units.safetensors 1.4638501 # 6, as it stands behind the stages
grep -Eq '(119\.9|120)' out || fail "the prediction of numbers is not in the units of the weights"

# Classes of other names would be told by the wrong ones.
printf '%s\n' a,y 1,no 2,yes 3,no 4,yes >rows.csv
cat >named.nn <<'PROGRAM'
dataset answers = csv("rows.csv", target = y) -> standardize
model net(x) = x -> dense(1, sigmoid)
train net on answers { loss = binary_crossentropy  optimizer = adam  epochs = 1  batch = 2 }
PROGRAM
build named.nn
mv named old
printf '%s\n' a,y 1,no 2,ja 3,no 4,ja >rows.csv
build named.nn
expect 0 ./named fit --save named.safetensors --progress=none
expect 1 ./old fit --save old.safetensors --progress=none
grep -q 'class 0 of `y` is called `ja`' err || fail "fit: $(cat err)"
expect 1 ./old predict --weights named.safetensors new.csv
grep -q 'class 0 of `y` is called `ja`' err || fail "predict: $(cat err)"
