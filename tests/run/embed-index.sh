#!/usr/bin/env bash
# A category as a whole number: its network learns from it, rows of another file get the numbers of training, and
# 0 is the number of all that training does not know.
. "$(dirname "$0")/common/begin.sh"

awk 'BEGIN {
    print "age,job,zip,pay"
    for (i = 0; i < 120; i++) {
        job = i % 4 == 0 ? "clerk" : i % 4 == 1 ? "smith" : i % 4 == 2 ? "baker" : "Tailor"
        print 20 + i * 7 % 41 "," job "," 100 + 7 * (i % 3) "," (i % 2 ? "high" : "low")
    }
}' >people.csv
cat >people.nn <<'PROGRAM'
dataset people = csv("people.csv", target = pay) -> embed_index(job, zip) -> standardize
               -> split(test = 0.2)
model net(job, zip, rest) {
    kinds = job -> one_hot(people.job.categories)
    places = zip -> one_hot(people.zip.categories)
    concat(kinds, places, rest) -> dense(1, sigmoid)
}
train net on people { loss = crossentropy  optimizer = adam(0.1)  metrics = accuracy  epochs = 30  batch = 16 }
PROGRAM
build people.nn
expect 0 "$nnc" summary people.nn
says '(None, 5)' # Tailor, baker, clerk, smith and the others
says '(None, 4)'
expect 0 "$nnc" data people.nn
says 'behind the transforms: `age`, `job`, `zip`'
expect 0 ./people fit --progress=none
# In the order of their bytes; numbers are numbers.
grep -qaF '{\"job\":[\"Tailor\",\"baker\",\"clerk\",\"smith\"],\"zip\":[100.0,107.0,114.0]}' people.safetensors ||
    fail "the weights file does not hold the categories"
expect 0 ./people evaluate --json
between 1 "$(number accuracy)" 1
loss=$(number loss)
awk -F, 'NR == 1 || NR > 97 { print $4 "," $3 "," $1 "," $2 }' people.csv >test.csv
expect 0 ./people evaluate test.csv --json
[ "$(number loss)" = "$loss" ] || fail "the loss of the rows is not $loss"

# What training does not know, and what is missing, is the same.
printf '%s\n' job,zip,age smith,100,30 baker,100,30 sailor,100,30 pilot,100,30 ,100,30 smith,999,30 >new.csv
expect 0 ./people predict new.csv --csv
says smith,100,30,high
says baker,100,30,low
cut -d, -f5- out | sed -n '4,6p' | sort -u | wc -l | grep -qx 1 || fail "unknown jobs differ"

# The only column of its kind needs no name.
sed 's/embed_index(job, zip)/embed_index(job)/; s/people.job.categories/people.categories/; /places =/d
     s/job, zip, rest/job, rest/; s/places, //' people.nn >one.nn
expect 0 "$nnc" check one.nn
sed 's/people.job.categories/people.categories/' people.nn >several.nn
expect 1 "$nnc" check several.nn
says '`people.job.categories`'
# Windows of a category.
sed 's/embed_index(job, zip)/drop(zip) -> embed_index(job)/; s/people.job/people/; /places =/d; s/job, zip/job/
     s/concat(.*rest)/concat(job -> one_hot(people.categories) -> flatten, rest -> flatten)/; /kinds =/d
     s/-> standardize/-> windows(3)/' people.nn >windows.nn
build windows.nn
expect 0 "$nnc" data windows.nn
expect 0 ./windows fit --progress=none
expect 0 ./windows predict new.csv --csv
says '2 of 6 rows have no prediction'
sed 's/embed_index(job, zip)/embed_index(job) -> one_hot(job)/' people.nn >twice.nn
expect 1 "$nnc" check twice.nn
says 'is a number of its category already'
sed 's/embed_index(job, zip)/embed_index(pay)/' people.nn >target.nn
expect 1 "$nnc" check target.nn
says 'embed_index(pay): the column is the target'
