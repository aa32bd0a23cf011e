#!/usr/bin/env bash
# Many stages together: rows of another file go through all of them, and have the loss and the predictions that they
# have among the others; columns that models, or steps of one's own, name are inputs of their own.
. "$(dirname "$0")/common/begin.sh"

awk 'BEGIN {
    print "who,age,gain,loss,job,weight,pay"
    for (i = 0; i < 240; i++)
        print "p" int(i / 4) "," 20 + i * 7 % 41 "," (i % 11 == 3 ? "?" : i % 9) "," i % 4 "," \
            (i % 3 == 0 ? "clerk" : i % 3 == 1 ? "smith" : "baker") "," 1 + i % 5 "," \
            3 * (i * 7 % 41) + 10 * (i % 3) + 0.5
}' >people.csv
cat >people.nn <<'PROGRAM'
dataset people = csv("people.csv", target = pay, missing = "?")
               -> filter(age > 22 and loss < 3) -> compute(net_gain = gain - loss, is_old = age > 50)
               -> fill_missing(mean, gain, net_gain) -> one_hot(job)
               -> split(test = 0.2, group = who, seed = 3) -> standardize(target = true)
model net(age, net_gain, rest) {
    h = concat(age, net_gain) -> dense(8, relu)
    concat(h, rest) -> dense(16, relu) -> dense(1)
}
train net on people {
    loss = mse  optimizer = adam(0.01)  metrics = mae  epochs = 40  batch = 16  sample_weight = weight
}
PROGRAM
build people.nn
expect 0 "$nnc" summary people.nn
says '(None, 6)' # gain, loss, three jobs, is_old
expect 0 ./people fit --seed 1 --progress=none
expect 0 ./people evaluate --json
between 0 "$(number mae)" 6
loss=$(number loss) mae=$(number mae) samples=$(number samples)

# The whole file: all rows that the filter keeps, of whichever part they were.
expect 0 ./people evaluate people.csv --json
between 0 "$(number mae)" 6
all=$(number samples)
[ "$all" = "$(awk -F, 'NR > 1 && $2 > 22 && $4 < 3' people.csv | wc -l)" ] || fail "$all samples of people.csv"
[ "$samples" -lt "$all" ] || fail "the test part has $samples samples"

# A file of the same rows twice, in other columns, has the same weighted loss.
weighted=$(number loss)
awk -F, 'NR == 1 { h = $7 "," $6 "," $5 "," $4 "," $3 "," $2; print h; next }
         { row = $7 "," $6 "," $5 "," $4 "," $3 "," $2; print row; print row }' people.csv >twice.csv
expect 0 ./people evaluate twice.csv --json
between "$(awk -v l="$weighted" 'BEGIN { print l * 0.9999 }')" "$(number loss)" \
    "$(awk -v l="$weighted" 'BEGIN { print l * 1.0001 }')"

# Rows of another file need no group, no weight and no target; one that the filter would leave out is predicted too. A
# prediction is in the units of the target.
printf '%s\n' job,age,loss,gain clerk,41,1,2 smith,21,3,? >new.csv
expect 0 ./people predict new.csv --csv
says 'job,age,loss,gain,predicted'
between 40 "$(sed -n 2p out | cut -d, -f5)" 90
between 0 "$(sed -n 3p out | cut -d, -f5)" 50
printf '%s\n' job,loss,gain clerk,1,2 >few.csv
expect 1 ./people predict few.csv
one_message
says 'no column `age`'
expect 1 ./people evaluate new.csv
one_message

# Classes that are made equal: all rows of another file count as they are.
awk -F, 'NR == 1 { print; next } { OFS = ","; $7 = $2 > 45 ? "high" : "low"; print }' people.csv >class.csv
sed 's/people.csv/class.csv/; s/standardize(target = true)/standardize -> balance(over, seed = 2)/; s/dense(1)/dense(1, sigmoid)/
     s/mse/crossentropy/; s/mae/accuracy/' people.nn >class.nn
build class.nn
expect 0 ./class fit --seed 1 --progress=none
expect 0 ./class evaluate class.csv --json
between 0.95 "$(number accuracy)" 1
[ "$(number samples)" = "$all" ] || fail "$(number samples) samples of class.csv"
expect 0 ./class predict new.csv --csv
says 'clerk,41,1,2,low,'

# What steps name in their bodies is not in the vector.
cat >steps.nn <<'PROGRAM'
dataset people = csv("people.csv", target = pay, missing = "?") -> drop(who, job, gain) -> standardize
               -> split(test = 0.2)
model net(x: [2]) { x -> dense(4, relu) -> dense(1) }
model other(a: [1]) { a -> dense(1) }
train net, other on people {
    epochs = 2
    step both updates net, other with sgd(0.001) {
        loss = 2
        minimize mean(square(net(x) + other(age) - pay)) * loss
    }
}
PROGRAM
build steps.nn
expect 0 ./steps fit --progress=none
expect 0 ./steps evaluate --json
