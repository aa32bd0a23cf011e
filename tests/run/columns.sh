#!/usr/bin/env bash
# A data set of several columns: a model with two inputs learns, what it predicts does not depend on
# how its inputs are named, and what does not fit is said.
. "$(dirname "$0")/common/begin.sh"

# array FILE "(ROWS, ...)" FORMULA: bytes, one for each of ROWS values of i.
array() {
    {
        printf '\223NUMPY\001\000\166\000%-117s\n' \
            "{'descr': '|u1', 'fortran_order': False, 'shape': ($2), }"
        printf "$(awk -v rows="${2%%,*}" \
            'BEGIN { for (i = 0; i < rows; i++) printf "\\%03o", ('"$3"') }')"
    } >"$1"
}

# Which of two numbers is larger, where one is given three times as large: neither alone tells.
array left.npy "256, 1" "i % 16"
array right.npy "256, 1" "int(i / 16) * 3"
array larger.npy "256," "i % 16 > int(i / 16)"
array digit.npy "256," "i % 3"
cat >pairs.nn <<'END'
dataset pairs = npy(["left.npy", "right.npy"], target = "larger.npy") -> standardize
              -> split(validation = 0.25, seed = 1)
model judge(left, right) {
    a = left -> dense(8, relu)
    b = right -> dense(8, relu)
    concat(a, b) -> dense(8, relu) -> dense(1, sigmoid)
}
train judge on pairs {
    loss = binary_crossentropy
    optimizer = adam(0.03)
    metrics = accuracy
    epochs = 60
    batch = 16
}
END
build pairs.nn
expect 0 ./pairs fit --seed 1 --threads 1 --save weights.safetensors --json
expect 0 ./pairs evaluate --weights weights.safetensors --json
between 0.95 "$(number accuracy)" 1

# The statistics of each input are its own: a name for each in the file.
grep -aqF '"standardize/left/mean"' weights.safetensors || fail "left has no mean"
grep -aqF '"standardize/right/deviation"' weights.safetensors || fail "right has no deviation"

# The same whether inputs are found by place or by name, and whatever the model calls them.
array four.npy "4, 1" "5"
array steps.npy "4, 1" "6 * i"
expect 0 ./pairs predict --weights weights.safetensors --csv four.npy steps.npy
[ "$(tail -n +2 out | cut -d, -f3 | tr '\n' ' ')" = "1 1 1 0 " ] || fail "not the larger one"
cut -d, -f2- out >by_place
expect 0 ./pairs predict --weights weights.safetensors --csv right=steps.npy four.npy
cut -d, -f2- out | cmp - by_place || fail "names change the prediction"
sed 's/left\b/first/; s/right)/second)/; s/= left/= first/; s/= right/= second/' pairs.nn |
    sed 's/\["first.npy"/["left.npy"/' >others.nn
build others.nn
expect 0 ./others predict --weights weights.safetensors --csv first=four.npy second=steps.npy
cut -d, -f2- out | cmp - by_place || fail "the model's own names change the prediction"

# Bytes of pictures that nothing scales are seen in any input.
array loud.npy "256, 1" "i"
printf 'dataset d = npy(["left.npy", "loud.npy"], target = "larger.npy")\n%s\n%s\n' \
    'model m(left, loud) { concat(left, loud) -> dense(1, sigmoid) }' \
    'train m on d { loss = binary_crossentropy optimizer = sgd }' >loud.nn
expect 0 "$nnc" check loud.nn
says "are not scaled"

# Other threads, the same bits; data that were lost are made up.
expect 0 ./pairs fit --seed 1 --threads 2 --save again.safetensors --epochs 2
expect 0 ./pairs fit --seed 1 --threads 1 --save one.safetensors --epochs 2
cmp again.safetensors one.safetensors || fail "threads change the weights"
mv right.npy away.npy
expect 0 ./pairs bench --seconds 0.2 --json
says "measuring with made-up data of the same shape"
mv away.npy right.npy

# Operands that do not fit.
expect 2 ./pairs predict four.npy
says "the model has 2 inputs (left, right), but 1 is given"
one_message
expect 2 ./pairs predict four.npy steps.npy four.npy
says "but 3 are given"
expect 2 ./pairs predict left=four.npy left=steps.npy
says "the input \`left\` is given twice"
expect 2 ./pairs predict 1 2
says "\`1\` is a number"
array three.npy "3, 1" "i"
expect 1 ./pairs predict --weights weights.safetensors four.npy three.npy
says "\`four.npy\` has 4 samples, but \`three.npy\` has 3"
one_message

# Data that do not fit.
refuse() { # "DATASET" TEXT
    printf 'dataset d = %s\nmodel m(left, right) { concat(left, right) -> dense(1, sigmoid) }\n%s\n' \
        "$1" 'train m on d { loss = binary_crossentropy optimizer = sgd }' >bad.nn
    expect 1 "$nnc" build bad.nn
    says "$2"
    says "error: 1 error"
}
refuse 'npy(["left.npy", "three.npy"], target = "larger.npy")' 'has 256 rows, but'
refuse 'npy(["left.npy", "gone/right.npy"], target = "larger.npy")' '`gone/right.npy` not found'
mkdir other && cp left.npy other
refuse 'npy(["left.npy", "other/left.npy"], target = "larger.npy")' 'would both be `left`'
refuse "npy([\"left.npy\"$(printf ', "%s"' $(seq 16))], target = \"larger.npy\")" \
    'at most 16 columns, inputs and targets together, not 18'
refuse 'npy(["left.npy", "digit.npy"], target = "larger.npy")' 'has no input `right`'
refuse 'npy(["left.npy", "right.npy"], target = ["larger.npy", "digit.npy"], classes = 3)' \
    '`classes` has 1 number, but there are 2 targets'
refuse 'npy(["left.npy", "right.npy"], target = "larger.npy", test_x = "left.npy", test_target = "larger.npy")' \
    '`x` has 2 files, but `test_x` has 1'
