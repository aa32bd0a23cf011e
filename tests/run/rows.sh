#!/usr/bin/env bash
# Rows of another file: `predict` and `evaluate` take them by column name, as people have them, and
# the stages do with them what they did with those of training.
. "$(dirname "$0")/common/begin.sh"

awk 'BEGIN {
    print "id,age,job,gain,pay"
    for (i = 0; i < 60; i++) {
        age = 20 + i * 7 % 41
        job = i % 3 == 0 ? "clerk" : i % 3 == 1 ? "smith" : "baker"
        print i "," age "," job "," (i % 9 == 4 ? "" : i % 5) "," (age > 40 ? "high" : "low")
    }
}' >people.csv
cat >people.nn <<'PROGRAM'
dataset people = csv("people.csv", target = pay) -> drop(id) -> fill_missing(median, gain)
               -> one_hot(job) -> standardize -> split(test = 0.2)
model net(x: [5]) = x -> dense(8, relu) -> dense(1, sigmoid)
train net on people { loss = binary_crossentropy  optimizer = adam(0.05)  metrics = accuracy  epochs = 3  batch = 8 }
PROGRAM
build people.nn
expect 0 ./people fit --progress=none

# The test part in a file of its own, its columns in another order and one of them unknown, has the
# loss that it has among the others: nothing is learnt from it.
expect 0 ./people evaluate --json
loss=$(number loss)
awk -F, 'NR == 1 || NR > 49 { print $5 ",x" NR "," $3 "," $2 "," $4 }' people.csv | sed 1s/x1/note/ >test.csv
expect 0 ./people evaluate test.csv --json
[ "$(number loss)" = "$loss" ] || fail "the loss of the rows is not $loss"
says '"samples": 12'

# Without the target, and without what the stages drop. The columns of the file come first.
printf '%s\n' gain,job,age,note ',clerk,30,"a, b"' 2,smith,55,c >new.csv
expect 0 ./people predict new.csv --csv
says 'gain,job,age,note,predicted_class,predicted_probability,predicted_0'
says ',clerk,30,"a, b",low,'
says '2,smith,55,c,high,'
cp out by-name.csv
printf '%s\n' 1,30,clerk, 2,55,smith,2 >places.csv # no header: as the program's file has them
expect 0 ./people predict places.csv --csv
says 'id,age,job,gain,predicted_class'
[ "$(cut -d, -f5- out)" = "$(sed 's/"a, b"/a/' by-name.csv | cut -d, -f5-)" ] ||
    fail "places and names differ"
expect 0 ./people predict new.csv --json
says '"columns": {"gain": null, "job": "clerk", "age": 30, "note": "a, b"}'
expect 0 ./people predict new.csv
says 'new.csv[1] (2, smith, 55, c): high'
expect 0 ./people predict new.csv --npy new.npy
# A category that training did not have is none of those that it had.
printf '%s\n' age,job,gain 30,tailor,1 >other.csv
expect 0 ./people predict other.csv


# The same rows through a pipe.
piped() { # STATUS FILE COMMAND...
    local status=$1 file=$2
    shift 2
    expect "$status" bash -c "cat $file | $*"
}
expect 0 ./people predict new.csv --csv
cp out wanted
piped 0 new.csv ./people predict - --csv
cmp out wanted || fail "rows of standard input are predicted otherwise"
piped 0 places.csv ./people predict - --csv
says 'id,age,job,gain,predicted_class'
piped 0 test.csv ./people evaluate - --json
[ "$(number loss)" = "$loss" ] || fail "the loss of the rows of standard input is not $loss"
printf '%s\n' age,job,gain old,clerk,1 >word.csv
piped 1 word.csv ./people predict -
says '`-`, row 1, column `age`: `old` is not a number'

# Mistakes.
printf '%s\n' age,gain 30,1 >few.csv
expect 1 ./people predict few.csv
one_message
says '`few.csv` has no column `job`'
says 'its columns are `age`, `gain`'
expect 1 ./people evaluate new.csv
says 'has no column `pay`'
printf '%s\n' age,job,gain,pay 30,clerk,1,medium >class.csv
expect 1 ./people evaluate class.csv
one_message
says '`pay` is `medium` in row 1, but training knew `high`, `low` only'
expect 0 ./people predict class.csv # what the target holds does not matter
printf '%s\n' age,job,gain 30,clerk,1 old,clerk,1 >word.csv
expect 1 ./people predict word.csv
says 'row 2, column `age`: `old` is not a number'
expect 1 ./people predict nowhere.csv
one_message
expect 2 ./people evaluate test.csv new.csv
expect 2 ./people predict test.csv new.csv
expect 0 ./people init --save initial.safetensors
expect 1 ./people predict new.csv --weights initial.safetensors
one_message
says 'do not say what the stages of the data set `people` learnt'

# Weights of a program with other stages.
sed 's/fill_missing(median, gain)/fill_missing(0, gain)/; s/one_hot(job) -> standardize/standardize -> one_hot(job)/' people.nn >moved.nn
build moved.nn
expect 1 ./moved predict new.csv --weights people.safetensors
one_message
says 'is not in the weights'

# Rows that the program leaves out have no prediction.
sed 's/fill_missing(median, gain)/drop_missing/' people.nn >gaps.nn
build gaps.nn
expect 0 ./gaps fit --progress=none
expect 0 ./gaps predict new.csv --csv
says ',clerk,30,"a, b",,,'
says '1 of 2 rows have no prediction, the first is row 1'
printf '%s\n' age,job,gain 30,clerk, >gap.csv
expect 1 ./gaps predict gap.csv
says 'no row can be predicted'

# A window is predicted in its last row, though what follows is not in the file.
awk 'BEGIN { print "day,heat"; for (i = 0; i < 40; i++) print i % 7 "," 10 + i % 5 }' >heat.csv
cat >heat.nn <<'PROGRAM'
dataset heat = csv("heat.csv", target = heat) -> standardize(target = true) -> windows(3) -> split(test = 0.2)
model net(x: [3, 2]) = x -> flatten -> dense(1)
train net on heat { loss = mse  optimizer = adam  epochs = 1  batch = 8 }
PROGRAM
build heat.nn
expect 0 ./heat fit --progress=none
head -n 6 heat.csv >five.csv
expect 0 ./heat predict five.csv --csv
[ "$(grep -c ',$' out)" = 2 ] || fail "windows do not end in the rows 3 to 5"
says 'day,heat,predicted'
says '2 of 5 rows have no prediction'
