#!/usr/bin/env bash
# Checkpoints: damaged ones are named and the one before is taken, foreign ones say what differs; what may be changed when
# a training goes on; full disks, signals, a time limit. tests/run/resume.sh has the bits. Fails where a damaged byte is not
# noticed, a failed write costs the older file, or a signal does not end a training with a checkpoint.
. "$(dirname "$0")/common/begin.sh"

awk 'BEGIN { srand(1); for (i = 0; i < 400; i++) print rand() "," rand() "," (i * 7 % 5 > 2) }' >points.csv
program() { # UNITS RATE
    cat <<END
dataset points = csv("points.csv", target = column_2, header = false) -> split(validation = 0.25)
model net(x) { x -> dense($1, relu) -> dropout(0.2) -> dense(1, sigmoid) }
train net on points {
    loss      = crossentropy
    optimizer = adam($2)
    epochs    = 6
    batch     = 10
}
END
}
program 20 0.01 >net.nn
build net.nn

fits() { # STATUS ..
    local status=$1
    shift
    expect "$status" ./net fit --seed 2 --save run.safetensors --step-log run.csv --checkpoint kept.safetensors "$@"
}

# What follows goes on from here: after step 100, the one before it after step 95.
fits 0 --every 95 --steps 100
mkdir start
cp kept.safetensors* start
again() { cp start/* .; }

fits 0 --resume --json
says '"fingerprint": "'
print=$(grep -o '"fingerprint": "[0-9a-f]*"' out)
expect 0 ./net fit --seed 2 --save whole.safetensors --step-log whole.csv --json
says "$print"
cmp -s run.csv whole.csv || fail "other losses"
fits 0 --resume --json # there is nothing left to do
says "$print"
fits 0 --resume
! grep -q '^Epoch' out || fail "a heartbeat of an epoch that never began"
expect 0 ./net predict 0.1 0.2 --weights kept.safetensors

# ---- Damage: a byte that is another one, or what lies behind a place is missing.

size=$(stat -c %s start/kept.safetensors)
header=$(($(od -An -t u8 -N 8 start/kept.safetensors) + 8))
damaged() { # WHAT
    again
    "$@" kept.safetensors
    fits 0 --resume --json
    says "going on from \`kept.safetensors~\`, the one before"
    says "$print"
}
flip() { # PLACE FILE
    local byte
    byte=$(od -An -t u1 -j "$1" -N 1 "$2")
    printf "$(printf '\\%03o' $((byte ^ 4)))" | dd of="$2" bs=1 seek="$1" conv=notrunc status=none
}
cut() { truncate -s "$1" "$2"; }
for place in 0 7 20 $((header - 3)) $header $((header + 301)) $(((header + size) / 2)) $((size - 4)) $((size - 1)); do
    damaged flip "$place"
done
for length in 0 3 8 $((header - 1)) $header $((size / 2)) $((size - 1)); do damaged cut "$length"; done

# The good one before it is not what the next one replaces; both damaged are an error, and nothing is written.
again
flip $((header + 1)) kept.safetensors
fits 0 --resume --steps 101
cmp -s kept.safetensors~ start/kept.safetensors~ || fail "the good one was replaced"
again
flip $((header + 1)) kept.safetensors
flip $((header + 1)) kept.safetensors~
rm -f run.safetensors
fits 1 --resume
one_message
says "nor is the one before of use"
absent run.safetensors

# ---- Not this program's.

expect 2 ./net fit --checkpoint whole.safetensors --resume
says "is no checkpoint; if it holds weights"
program 21 0.01 >other.nn
build other.nn
again
expect 1 ./other fit --checkpoint kept.safetensors --resume
one_message
says "dense/kernel: F32 [2, 20] in the file, F32 [2, 21] in the program"
says "dense_1/kernel: F32 [20, 1] in the file, F32 [21, 1] in the program"
absent other.safetensors

program 20 0.02 >other.nn
build other.nn
expect 1 ./other fit --checkpoint kept.safetensors --resume
one_message
says '`optimizer = adam('
says '`--changed` goes on'
expect 0 ./other fit --checkpoint kept.safetensors --resume --changed

# With --changed callbacks are those of the program: other values of an epoch, another one that is monitored.
sed 's/epochs    = 6/epochs = 6  callbacks = [reduce_on_plateau, early_stopping(patience = 9)]/' net.nn >other.nn
build other.nn
again
expect 0 ./other fit --checkpoint kept.safetensors --resume --changed --history values.csv --json
says '{"loss": '
head -n 1 values.csv | grep -qx 'epoch,learning_rate,loss,val_loss' || fail "columns: $(head -n 1 values.csv)"
grep -qE '^1,NA,0[.0-9]*,0[.0-9]*$' values.csv || fail "the first epoch is lost: $(cat values.csv)"
grep -qE '^6,[.0-9]*,[.0-9]*,[.0-9]*$' values.csv || fail "the last epoch has holes: $(cat values.csv)"
rm -f c.safetensors*
sed 's/epochs    = 6/epochs = 6  metrics = accuracy  callbacks = [early_stopping(patience = 1)]/; s/adam(0.01)/sgd(1e-9)/' net.nn >other.nn
sed 's/patience = 1/monitor = val_accuracy, patience = 1/' other.nn >another.nn
build other.nn
build another.nn
expect 0 ./other fit --seed 2 --checkpoint c.safetensors --steps 30
expect 0 ./another fit --checkpoint c.safetensors --resume --changed --json
between 3 "$(number epochs)" 3 # the best loss is no accuracy: the first that is looked at is the best, then one passes
sed 's/^train.*/&\n loss = crossentropy optimizer = adam\n}\n&/' net.nn >twice.nn
build twice.nn
expect 0 ./twice fit --seed 2 --checkpoint twice.ckpt --steps 70
expect 1 ./net fit --checkpoint twice.ckpt --resume --changed
says 'is of `train` block 2 of its program; this one has 1'
again
echo 0.5,0.5,1 >>points.csv
fits 1 --resume
says 'the data set `points` has changed'
fits 0 --resume --changed
head -n 400 points.csv >few.csv
mv few.csv points.csv

# ---- What may be changed.

again
fits 0 --resume --epochs 8 --json
print=$(grep -o '"fingerprint": "[0-9a-f]*"' out)
expect 0 ./net fit --seed 2 --epochs 8 --json
says "$print"
again
fits 0 --resume --learning-rate 0.5
again
fits 0 --resume --batch 5
says "epoch 4, after step 0 of 60"
again
expect 2 ./net fit --seed 3 --checkpoint kept.safetensors --resume
says "has seed 2"
expect 2 ./net fit --no-shuffle --checkpoint kept.safetensors --resume
expect 2 ./net fit --save kept.safetensors --checkpoint kept.safetensors
rm -f kept* run*

# ---- An earlier run is put aside; what cannot be written costs nothing.

again
fits 0 --steps 3
cmp -s kept-earlier.safetensors start/kept.safetensors || fail "the earlier run is lost"
again
(
    ulimit -f $(($(stat -c %s whole.safetensors) / 1024 + 1)) # room for weights, not for a checkpoint
    fits 1 --resume --every 5
) || exit 1
[ "$(grep -c 'cannot write `kept.safetensors`: File too large' err)" = 1 ] || fail "does not say it once"
cmp -s kept.safetensors start/kept.safetensors || fail "the older one is lost"
[ -s run.safetensors ] || fail "the weights are lost"

# ---- Signals and time.

sed 's/epochs    = 6/epochs    = 1000000/' net.nn >endless.nn
build endless.nn
for signal in INT TERM; do
    rm -f kept*
    ./endless fit --checkpoint kept.safetensors --save run.safetensors --progress=none >out 2>err </dev/null &
    training=$!
    until_true has_worked $training 30
    kill -STOP $training
    kill -WINCH $training
    kill -HUP $training # a terminal that goes away
    kill -CONT $training
    sleep 0.1
    kill -$signal $training
    start=$(date +%s%N)
    wait $training
    status=$?
    [ $status = 3 ] || fail "status $status instead of 3 after SIG$signal"
    between 0 $((($(date +%s%N) - start) / 1000000)) 2000
    says '; `--resume` goes on from `kept.safetensors`'
    expect 3 ./endless fit --checkpoint kept.safetensors --save run.safetensors --resume --max-time 0.2s
    says "resuming from kept.safetensors"
    says "--max-time 0.2s is over: after step"
done

# Two at the same moment are one request.
./endless fit --checkpoint kept.safetensors --save run.safetensors --progress=none >out 2>err </dev/null &
training=$!
until_true has_worked $training 30
kill -STOP $training
kill -INT $training
kill -TERM $training
kill -CONT $training
wait $training
status=$?
[ $status = 3 ] || fail "status $status after two signals at once"

# A second one later ends it at once: within a step, which takes one thread seconds.
cat >slow.nn <<'END'
dataset points = circles(8000, factor = 0.5, noise = 0.1, seed = 1)
model net(x) { x -> dense(3000, relu) -> dense(3000, relu) -> dense(1, sigmoid) }
train net on points {
    loss      = crossentropy
    optimizer = sgd
    epochs    = 1000000
    batch     = 8000
}
END
build slow.nn
./slow fit --threads 1 --save slow.safetensors --progress=none >out 2>err </dev/null &
training=$!
until_true has_worked $training 120
kill -INT $training
sleep 0.6
kill -TERM $training
wait $training 2>/dev/null
status=$?
[ $status = 143 ] || fail "status $status after a second signal"
