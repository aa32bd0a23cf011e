#!/usr/bin/env bash
# What a disk may hold after a crash while checkpoints are written: at each system call, every order in which a file
# system may keep names, and choices of the blocks that were not synced. A checkpoint is the old or the new one, one whose
# folder was synced is not lost, other files are whole, and the training goes on from there to its bits and logs. Fails where
# something is renamed before it is synced, or a folder, or a log that a checkpoint counts on, is not synced.
# By hand: CRASHES=200 tests/run/crashes.sh looks at fifty times as many states, for two minutes.
. "$(dirname "$0")/common/begin.sh"
faults_library

# A checkpoint has several blocks.
cat >net.nn <<'END'
dataset points = circles(120, factor = 0.5, noise = 0.2, seed = 1) -> split(validation = 0.25)
model net(x) { x -> dense(60, relu) -> batch_norm -> dropout(0.2) -> dense(40, relu) -> dense(1, sigmoid) }
train net on points {
    loss      = crossentropy
    optimizer = adam(0.01)
    epochs    = 4
    batch     = 20
    callbacks = [early_stopping(patience = 3, restore_best_weights = true), csv_log("log.csv"), json_log("log.jsonl"),
                 history("history.json"), tensorboard("board"), checkpoint("best.safetensors", save_best_only = true)]
}
END
build net.nn
fits="./net fit --seed 1 --threads 1 --progress=none"
kept="$fits --save w.safetensors --checkpoint kept.safetensors --every 7"
choices=${CRASHES:-4}

# NAME CHECKPOINT PREPARE COMMAND GOES-ON: a record of COMMAND, in a folder where PREPARE was done.
crashes() {
    local name=$1 checkpoint=$2
    mkdir "$name" "$name-whole"
    cp net "$name"
    (cd "$name" && eval "$3") >out 2>err || fail "$name: cannot be prepared"
    cp -r "$name" "$name-start"
    cp -r "$name/." "$name-whole"
    (cd "$name-whole" && eval "$4") >out 2>err || fail "$name: fails"
    (cd "$name" && env FAULTS_KIND=none FAULTS_RECORD="$work/$name.record" LD_PRELOAD="$work/faults.so" $4) \
        >out 2>err || fail "$name: fails while it is recorded"
    python3 "$root/tests/faults/crashes.py" "$name.record" "$name" "$name-start" "$checkpoint" --whole "$name-whole" \
        --choices "$choices" --resumes $((choices * 10)) -- $5 || fail "$name"
}
crashes first kept.safetensors : "$kept" "$kept --resume"
crashes again kept.safetensors "$kept --steps 9" "$kept --resume" "$kept --resume"

# Of file systems that give no file two names.
export FAULTS_REFUSE=link
crashes unlinked kept.safetensors "$kept --steps 9" "$kept --resume" "$kept --resume"
unset FAULTS_REFUSE

# In a folder that the run makes.
folder=runs/001-net-$(date +%F)
crashes run "$folder/checkpoint.safetensors" : "$fits --run runs --every 7" "$fits --run runs --every 7 --resume"
