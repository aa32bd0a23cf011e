#!/usr/bin/env bash
# What docs/language.md says of the same bits (Determinism): the fingerprint at the end of `fit`, in one program with all that
# is random or ordered. Fails where one of the things that change no bit changes one, or where a change of what decides bits
# is not in the fingerprint.
. "$(dirname "$0")/common/begin.sh"

awk 'BEGIN { srand(1); print "a,b,kind"; for (i = 0; i < 400; i++) print rand() "," rand() "," (rand() > 0.5) }' >points.csv
cat >net.nn <<'END_OF_PROGRAM'
param keeping = auto
dataset points = csv("points.csv", target = kind, memory = keeping) -> standardize -> split(validation = 0.25, seed = 1)
model net(x) { x -> dense(300, tanh) -> batch_norm -> dropout(0.2) -> dense(300, relu) -> dense(1, sigmoid) }
train net on points {
    loss      = crossentropy
    optimizer = adam(exponential_decay(0.01, rate = 0.9, steps = 20))
    metrics   = accuracy
    epochs    = 4
    batch     = 64
}
END_OF_PROGRAM
fingerprint() { # EXE OPTION..
    expect 0 "$@" --json --progress=none
    print=$(grep -o '"fingerprint": *"[0-9a-f]*"' out | tail -n 1 | grep -o '[0-9a-f]*"$')
    [ -n "$print" ] || fail "no fingerprint: $*"
}
same() { # EXE OPTION..
    fingerprint "$@"
    [ "$print" = "$usual" ] || fail "other bits: $*: $print instead of $usual"
}
other() {
    fingerprint "$@"
    [ "$print" != "$usual" ] || fail "the same bits: $*"
}
train="fit --seed 3 --save w.safetensors"

build net.nn
fingerprint ./net $train
usual=$print
for threads in 1 2 3 5; do same ./net $train --threads $threads; done
same ./net $train --checkpoint kept.safetensors --every 2
expect 0 ./net $train --checkpoint half.safetensors --every 2 --steps 11 --progress=none
same ./net $train --checkpoint half.safetensors --resume --threads 2
same ./net $train --run runs --doctor
same ./net $train --profile
expect 0 ./net fit --seeds 2,3 --save several.safetensors --json
grep -qF "$usual" out || fail "other bits beside another run"
expect 0 "$nnc" sweep net.nn --seeds 3,4 --jobs 2
grep -qF "$usual" net-sweep/*/run.json || fail "other bits in a sweep"

# Other builds: of the same program, of what it expands to, within a limit, with predictions in int8.
expect 0 "$nnc" build net.nn -o again
same ./again $train
"$nnc" expand net.nn >expanded.nn || fail "expand"
expect 0 "$nnc" build expanded.nn -o again
same ./again $train
peak=$("$nnc" cost net.nn --no-forecast --json | grep -o '"peak_bytes": [0-9]*' | head -n 1 | grep -o '[0-9]*$')
expect 0 "$nnc" build net.nn -o again --max-memory $((peak - 300000))
same ./again $train
expect 0 "$nnc" build net.nn -o again --predict=int8
same ./again $train

# What decides bits: seed, batch, order (that of data on the disk is their own), precision.
other ./net fit --seed 4 --save w.safetensors
other ./net $train --batch 32
other ./net $train --no-shuffle
expect 0 "$nnc" build net.nn -o again -D keeping=none
other ./again $train
expect 0 "$nnc" build net.nn -o again --precision=bfloat16
other ./again $train
exit 0
