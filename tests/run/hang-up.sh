#!/usr/bin/env bash
# A terminal that goes away ends no training: it goes on to its end, with all its files, and as one that is done. Fails
# where SIGHUP stops a training, or what cannot be printed any more makes it a failed one.
. "$(dirname "$0")/common/begin.sh"
command -v python3 >/dev/null || skip "python3 is not installed"

cat >net.nn <<'END'
dataset points = circles(2000, noise = 0.2, seed = 1) -> split(validation = 0.25)
model net(x) { x -> dense(60, relu) -> dense(1, sigmoid) }
train net on points { loss      = crossentropy
                      optimizer = adam(0.01)
                      epochs    = 400
                      batch     = 10
                      callbacks = csv_log("log.csv") }
END
build net.nn
cat >terminal.py <<'END'
import os, pty, sys, time
child, terminal = pty.fork()
if child == 0:
    os.execv("./net", ["./net", "fit", "--run", "runs"] + sys.argv[1:])
seen = b""
while b"loss" not in seen:
    seen += os.read(terminal, 1000)
os.close(terminal)  # SIGHUP, and EIO for what is written from now on
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
END
for how in bar line; do
    rm -rf runs log.csv
    expect 0 timeout 120 python3 terminal.py --progress $how
    grep -q '"status": "done"' runs/*/run.json || fail "$how: not done: $(cat runs/*/run.json)"
    [ "$(wc -l <log.csv)" = 401 ] || fail "$how: $(wc -l <log.csv) lines of 400 epochs"
    [ -s runs/*/weights.safetensors ] || fail "$how: no weights"
done
