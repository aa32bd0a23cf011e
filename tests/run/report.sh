#!/usr/bin/env bash
# Reports: one well-formed page of each kind of program, without a link to anywhere, with the sections that apply; names that
# would be markup stay names; the values of the epochs travel in the weights file, without a seam across --resume and
# --weights; what cannot be written gives one message and leaves what was there. Also nnc graph --svg and --dot, and
# evaluate's tables on a terminal. Fails where a section is missing, a text is not escaped, an epoch is lost.
. "$(dirname "$0")/common/begin.sh"

# FILE SECTION...: a page of XML under 1 MB that fetches nothing, with these sections and no others.
page() {
    python3 - "$@" <<'END' || fail "$1 is no such page"
import re, sys, xml.dom.minidom
text = open(sys.argv[1], encoding="utf-8").read()
page = xml.dom.minidom.parseString(text.replace("<!DOCTYPE html>", "", 1))
assert len(text) < 1000000, len(text)
assert "http" not in text.lower().replace("http-equiv", ""), "an address"
assert not page.getElementsByTagName("script")
for name in ("src", "href"):
    for found in re.findall(name + '="([^"]*)"', text):
        assert found.startswith(("#", "data:")), found
assert not re.search(r'(x|y|width|height|d|x1|y2|cx)="[^"]*(nan|inf)', text), "a number that is none"
have = [section.getAttribute("id") for section in page.getElementsByTagName("section")]
assert have == sys.argv[2:], (have, sys.argv[2:])
END
}

# ---- Classes whose names are markup; a column of words as names of the program's.
awk 'BEGIN { srand(3); print "a,b,kind"
             for (i = 0; i < 240; i++) { x = rand(); y = rand(); k = x + y < 0.8 ? "<b>&amp;\"x'\''" : x > y ? "]]>" : "caf\303\251 & co"
                 gsub("\"", "\"\"", k); printf "%.3f,%.3f,\"%s\"\n", x, y, k } }' >kinds.csv
cat >kinds.nn <<'END'
# <script>alert("x")</script> & more
dataset kinds = csv("kinds.csv", target = kind) -> split(validation = 0.2, test = 0.3, seed = 2)
model net(x: [2]) { x -> dense(8, tanh) -> dense(3, softmax) }
train net on kinds {
    loss      = crossentropy
    optimizer = adam(0.02)
    metrics   = [accuracy]
    epochs    = 6
    batch     = 16
    callbacks = [checkpoint("best.safetensors", monitor = val_accuracy, save_best_only = true)]
}
END
build kinds.nn
expect 1 ./kinds report
one_message
says fit
expect 0 ./kinds fit --progress none
expect 0 ./kinds report -o kinds.html
classes="curves classes confusion ranking reliability boundary predictions mistakes"
model="model program timings machine"
page kinds.html $classes $model
grep -q '&lt;b&gt;&amp;amp;&quot;x&#39;' kinds.html || fail "a class's name is not escaped"
grep -q '<script' kinds.html && fail "a comment is markup"
grep -q 'best: [1-6]<' kinds.html || fail "no best epoch"
expect 0 ./kinds report
page kinds-report.html $classes $model
expect 0 ./kinds report --weights best.safetensors -o best.html
page best.html $classes $model

# Without the data: what the weights and the program say.
mv kinds.csv away.csv
expect 0 ./kinds report -o without.html
says "kinds.csv"
page without.html curves model program machine
mv away.csv kinds.csv

# ---- Numbers, series, two outputs, decisions, a program's own steps.
awk 'BEGIN { srand(1); print "t,level"
             for (i = 0; i < 200; i++) printf "%d,%.4f\n", i, sin(i / 7) + 0.1 * rand() }' >waves.csv
cat >waves.nn <<'END'
dataset waves = csv("waves.csv", target = level) -> drop(t) -> windows(8, ahead = 1) -> split(test = 0.25)
model next(x) { x -> flatten -> dense(1) }
train next on waves { loss = mse  optimizer = adam(0.02)  metrics = mae  epochs = 3  batch = 16 }
END
build waves.nn
expect 0 ./waves fit --progress none
expect 0 ./waves report -o waves.html
page waves.html curves residuals series $model

cat >moons.nn <<'END'
dataset points = moons(200, noise = 0.1, seed = 1)
model net(x: [2]) { x -> dense(6, relu) -> dense(1) }
train net on points { loss = crossentropy  optimizer = adam(0.02)  epochs = 2  batch = 20 }
END
build moons.nn
expect 0 ./moons init --save moons.safetensors --seed 1
expect 0 ./moons report -o moons.html
page moons.html classes confusion ranking reliability boundary predictions mistakes $model
grep -q 'train part' moons.html || fail "which part it is of"

cat >gan.nn <<'END'
dataset digits = idx("x", target = "y") -> scale(1/255)
model maker(noise: [4]) { noise -> dense(64, sigmoid) -> reshape(8, 8, 1) }
model judge(x: [8, 8, 1]) { x -> conv2d(4, 3) -> flatten -> dense(1) }
train maker, judge on digits {
    epochs = 2
    batch  = 10
    step learn updates judge with sgd(0.1) { minimize crossentropy(judge(x), 1) + crossentropy(normal(4) -> maker -> judge, 0) }
    step forge updates maker with sgd(0.1) { minimize crossentropy(normal(4) -> maker -> judge, 1) }
    samples = normal(4, seed = 1) -> maker
}
END
python3 -c "
import random, struct
random.seed(1)
open('x', 'wb').write(struct.pack('>IIII', 0x803, 60, 8, 8) + bytes(random.randrange(256) for _ in range(60 * 64)))
open('y', 'wb').write(struct.pack('>II', 0x801, 60) + bytes(i % 2 for i in range(60)))"
build gan.nn
expect 0 ./gan fit --progress none
expect 0 ./gan report -o gan.html
page gan.html curves samples filters $model
grep -q 'maker, judge' gan.html || fail "the models' names"

# ---- The history: as --history writes it, whether a run was cut and resumed, or began with weights.
history() {
    python3 - "$1" <<'END'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
header = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])
print(header["__metadata__"]["history"])
END
}
expect 0 ./kinds fit --progress none --seed 4 --save whole.st --history whole.csv
expect 0 ./kinds fit --progress none --seed 4 --save cut.st --checkpoint at.ck --every 3 --steps 23
expect 0 ./kinds fit --progress none --seed 4 --save cut.st --checkpoint at.ck --every 3 --resume
[ "$(history cut.st)" = "$(history whole.st)" ] || fail "the history of a resumed run has a seam"
history whole.st >whole.json
python3 - <<'END' || fail "the history of the weights is not that of --history"
import csv, json
rows, values = list(csv.DictReader(open("whole.csv"))), json.load(open("whole.json"))
assert values["epoch"] == [1, 2, 3, 4, 5, 6]
for name in rows[0]:
    assert [float(row[name]) for row in rows] == values[name], name
END
expect 0 ./kinds fit --progress none --weights whole.st --epochs 2 --save further.st
history further.st | grep -q '"epoch": \[1, 2, 3, 4, 5, 6, 7, 8\]' || fail "the epochs before are forgotten"
expect 0 ./kinds report --weights further.st -o further.html
page further.html $classes $model

# ---- What cannot be written.
cp kinds.html before.html
expect 1 bash -c 'set -o pipefail; (ulimit -f 4 && exec ./kinds report -o kinds.html 2>&1) | cat >&2'
one_message
says kinds.html
cmp -s kinds.html before.html || fail "the old report is gone"
expect 1 ./kinds report -o missing/folder/page.html
one_message
expect 1 ./kinds report -o /dev/full
one_message
expect 2 ./kinds report -o kinds.csv
one_message
expect 2 ./kinds report -o kinds.safetensors
one_message
[ -z "$(ls -A | grep -i tmp)" ] || fail "temporary files were left: $(ls -A)"
expect 2 ./kinds report --epochs 3
says "is an option of"

# ---- Graphs.
expect 0 "$nnc" graph kinds.nn --svg -o kinds.svg
expect 0 "$nnc" graph gan.nn --svg
cp out gan.svg
python3 - <<'END' || fail "no drawings"
import xml.dom.minidom
for name, words in (("kinds.svg", ["dense_1", "[3]"]), ("gan.svg", ["maker", "judge", "reshape", "[8, 8, 1]"])):
    text = open(name, encoding="utf-8").read()
    shown = [node.firstChild.data for node in xml.dom.minidom.parseString(text).getElementsByTagName("text")]
    for word in words:
        assert any(word in line for line in shown), (name, word)
END
expect 0 "$nnc" graph kinds.nn --dot
says 'n0_0 -> n0_1;'
if command -v dot >/dev/null; then dot -Tsvg out >drawn.svg 2>err || fail "Graphviz does not read it"; fi
expect 2 "$nnc" graph kinds.nn --dot --svg
expect 1 "$nnc" graph kinds.nn --svg -o missing/kinds.svg

# ---- evaluate: the same numbers as JSON, plain elsewhere, on a terminal no wider than it is, coloured unless NO_COLOR.
expect 0 ./kinds evaluate --json
python3 - <<'END' || fail "F1"
import json
result = json.load(open("out"))
for row in result["per_class"]:
    p, r = row["precision"], row["recall"]
    assert abs(row["f1"] - (2 * p * r / (p + r) if p + r else 0)) < 1e-12
assert 0 < result["macro"]["f1"] <= 1
END
expect 0 ./kinds evaluate
says 'precision  recall      f1  samples'
grep -q "$(printf '\033')" out && fail "colours in a file"
cat >terminal.py <<'END'
import fcntl, os, pty, struct, sys, termios
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
text = b""
while True:
    try:
        piece = os.read(terminal, 4096)
    except OSError:
        break
    if not piece:
        break
    text += piece
sys.stdout.buffer.write(text.replace(b"\r\n", b"\n"))
END
TERM=xterm python3 terminal.py 100 ./kinds evaluate >wide
grep -q '###' wide || fail "no bars"
grep -q "$(printf '\033')" wide && fail "colours with NO_COLOR"
TERM=xterm LC_ALL=C.UTF-8 NO_COLOR='' python3 terminal.py 100 ./kinds evaluate >wide
grep -q '██' wide || fail "no bars of UTF-8"
grep -q "$(printf '\033')" wide || fail "no colours"
TERM=xterm python3 terminal.py 34 ./kinds evaluate >narrow
grep -q 'Confusion matrix' narrow && fail "a matrix that does not fit"
grep -q 'Most confused' narrow || fail "no pairs"

# `-` is standard output, and no file.
./kinds report -o - >page.html 2>err || fail "no page on standard output"
tail -n 1 page.html | grep -q '</html>$' || fail "something stands behind the page"
absent -
exit 0
