#!/usr/bin/env bash
# --profile: every group has a row, the shares make a whole, what is printed agrees with the source,
# and neither weights nor losses change by a bit, with one worker and with two.
. "$(dirname "$0")/common/begin.sh"

cat >net.nn <<'END'
dataset points = blobs(400, seed = 1)
model net(x: [2]) {
    x -> dense(128, relu)
      -> reshape([8, 8, 2]) -> conv2d(8, 3) -> batch_norm -> relu
      -> flatten -> dropout(0.2) -> dense(3, softmax)
}
train net on points { loss = crossentropy optimizer = sgd(0.1) metrics = accuracy epochs = 1 batch = 16 }
train net on points { loss = crossentropy optimizer = adam metrics = accuracy epochs = 1 batch = 16 }
END
build net.nn

for threads in 1 2; do
    expect 0 ./net fit --seed 1 --epochs 3 --threads $threads --step-log plain.csv --save plain.safetensors
    expect 0 ./net fit --seed 1 --epochs 3 --threads $threads --step-log marked.csv --save marked.safetensors --profile
    cmp plain.csv marked.csv || fail "--profile changes the losses with $threads threads"
    cmp plain.safetensors marked.safetensors || fail "--profile changes the weights with $threads threads"
done
says "profile of training 1 of 2: "
says "profile of training 2 of 2: "
says "waiting at barriers"

# The rows of the first block: as many as --emit=fused has groups, and shares of 100 % with the two
# other rows, each rounded to 0.1 %.
"$nnc" net.nn --emit=fused >fused
groups=$(sed -n 's/^net: \([0-9]*\) groups.*/\1/p' fused | head -n 1)
sed -n '/of training 1 of 2/,/of training 2 of 2/p' out | sed -n '/ group$/,/^$/p' >table
rows=$(grep -c '^ *[0-9.]*%' table)
[ "$groups" -gt 10 ] && [ "$rows" = $((groups + 2)) ] || fail "$rows rows for $groups groups and two more"
sum=$(sed -n 's/^ *\([0-9.]*\)%.*/\1/p' table | awk '{ sum += $1 } END { print sum }')
between 97 "$sum" 103

# Lines, with their text: the convolution's, and that of the last layer and its activation.
expect 0 ./net bench --profile --seconds 0.5
says "profile of training: "
says "profile of predicting one sample: "
grep -q ' 4  -> reshape(\[8, 8, 2\]) -> conv2d(8, 3) -> batch_norm -> relu$' out ||
    fail "does not show line 4"
grep -q ' 4  conv2d: convolve_weights' out || fail "no gradient of the convolution's weights"
grep -q ' 5  dense_1: matmul_weights .*-> kernel' out || fail "no update of the last layer"

# The largest groups are explained, with shares of their time; a layer of eight filters fills half of
# the lanes of AVX-512 and all others', so only that there is a cause is asked for.
grep -q '^what the largest groups would take for each of these alone' out || fail "nothing is explained"
sed -n '/^what the largest/,/^$/p' out | grep -q '%  conv2d: convolve_weights: .*[0-9]%' ||
    fail "the convolution is not explained"

# The roofs are measured, and the convolution's part of them is not nothing.
expect 0 ./net bench --profile --seconds 0.5 --json
between 1e9 "$(number peak_flops_per_second)" 1e14
between 1e8 "$(number memory_bytes_per_second)" 1e13
between -0.5 "$(number profile_cost)" 1
between 1e9 "$(number second_cache_bytes_per_second)" 1e14

# Of each group: no cause takes less than nothing, the rest is what instructions and bytes leave.
python3 - out <<'END' || fail "causes do not add up"
import json, sys

for function in json.load(open(sys.argv[1]))["profile"]:
    assert any(group["causes"]["products"] > 0 for group in function["groups"]), function["function"]
    for group in function["groups"]:
        causes = dict(group["causes"])
        assert 0 < causes.pop("full_lanes") <= 1, group
        assert causes[causes.pop("largest")] == max(causes.values()), group
        assert all(seconds >= 0 for seconds in causes.values()), group
        bytes_ = sum(causes[name] for name in ("second_cache", "third_cache", "memory"))
        rest = causes.pop("rest")
        instructions = sum(causes.values()) - bytes_
        expected = max(0, group["seconds"] - max(bytes_, instructions))
        assert abs(rest - expected) <= 1e-6 * (1e-6 + group["seconds"]), group
END

# Through `nnc run`, and only where there is something to profile.
expect 0 "$nnc" run net.nn fit --epochs 1 --profile
says "profile of training 2 of 2: "
expect 2 ./net predict --profile x.npy
one_message
says '`--profile` is an option of `fit`'
