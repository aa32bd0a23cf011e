#!/usr/bin/env bash
# What those who start nnc and its programs do with signals: where SIGCHLD is ignored, processes are waited for all the
# same, with their status; Ctrl-C on a terminal reaches the trainings of a sweep once, so that they save their weights.
# Fails where a build is taken for a failed one, or a training is ended a second time while it stops.
. "$(dirname "$0")/common/begin.sh"

cat >net.nn <<'END'
dataset points = circles(200, noise = 0.2, seed = 1) -> split(validation = 0.25)
model net(x) { x -> dense(8, relu) -> dense(1, sigmoid) }
train net on points { loss = crossentropy optimizer = adam(0.01) epochs = 2 }
END

# ---- SIGCHLD is ignored.
env --ignore-signal=CHLD true 2>/dev/null || skip "env knows no --ignore-signal"
deaf="env --ignore-signal=CHLD"
expect 0 $deaf "$nnc" build net.nn
expect 0 $deaf ./net fit
expect 0 $deaf "$nnc" run net.nn fit --run runs
expect 1 $deaf "$nnc" run net.nn fit --weights missing.safetensors
expect 2 $deaf "$nnc" run net.nn fit --epochs none
expect 0 $deaf "$nnc" sweep net.nn --learning-rate 0.1,1e30 --jobs 2
[ "$(grep -c '1 done$' out)" = 1 ] || fail "what became of the runs"
says 'the loss became NaN'

# ---- Ctrl-C, while steps are long: what is sent a second time comes within the same step.
command -v python3 >/dev/null || skip "python3 is not installed"
cat >slow.nn <<'END'
dataset points = circles(40000, noise = 0.2, seed = 1)
model slow(x) { x -> dense(600, tanh) -> dense(600, tanh) -> dense(1, sigmoid) }
train slow on points { loss = crossentropy optimizer = adam(0.001) epochs = 1000 batch = 20000 }
END
cat >terminal.py <<'END'
import glob, os, pty, sys, time
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
while len(glob.glob("slow-sweep/*/run.json")) < 2:
    time.sleep(0.05)
time.sleep(1)
os.write(terminal, b"\x03")
seen = b""
while True:
    try:
        some = os.read(terminal, 1000)
    except OSError:
        break
    if not some:
        break
    seen += some
print(seen.decode(errors="replace"))
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
END
expect 3 timeout 120 python3 terminal.py "$nnc" sweep slow.nn --learning-rate 0.1,0.01 --jobs 2
says 'stopping 2 trainings'
for run in slow-sweep/*/run.json; do
    grep -q '"status": "interrupted"' "$run" || fail "not interrupted: $(cat "$run")"
    [ -s "$(dirname "$run")/weights.safetensors" ] || fail "a second signal ended $run before its weights were saved"
done
