#!/usr/bin/env bash
# What predict and evaluate show of several outputs, each as it is read by its own loss, in all
# forms; predictions as pictures in the greys of the data. An output that is read at the place or by
# the loss of another would show.
. "$(dirname "$0")/common/begin.sh"

command -v python3 >/dev/null || skip "python3 is not installed"
python3 - <<'END'
import random, struct
random.seed(1)
def save(name, kind, shape, values):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (kind, shape)
    head += " " * (117 - len(head)) + "\n"
    code = {"<f4": "f", "<i4": "i", "|u1": "B"}[kind]
    with open(name, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00v\x00" + head.encode() + struct.pack("<%d%s" % (len(values), code), *values))
n = 200
x = [[random.random() for _ in range(3)] for _ in range(n)]
save("x.npy", "<f4", (n, 3), sum(x, []))
save("few.npy", "<f4", (4, 3), sum(x[:4], []))
save("kind.npy", "<i4", (n,), [row.index(max(row)) for row in x])
save("high.npy", "<i4", (n,), [int(row[0] > 0.5) for row in x])
save("total.npy", "<f4", (n,), [sum(row) for row in x])
save("pictures.npy", "|u1", (64, 4, 4), [16 * (i % 16) for i in range(64 * 16)])
save("drawn.npy", "|u1", (64, 4, 4), [255 - 16 * (i % 16) for i in range(64 * 16)])
save("y.npy", "<i4", (64,), [i % 2 for i in range(64)])
END

cat >three.nn <<'END'
dataset rows = npy(["x.npy"], target = ["kind.npy", "high.npy", "total.npy"]) -> split(test = 0.25)
model three(x) {
    h     = x -> dense(32, relu)
    total = h -> dense(1)
    kind  = h -> dense(3, softmax)
    high  = h -> dense(1, sigmoid)
    return total, kind, high
}
train three on rows {
    loss      = [mse, crossentropy, binary_crossentropy]
    optimizer = adam(0.02)
    metrics   = [mae, accuracy, accuracy]
    epochs    = 40
}
END
build three.nn
expect 0 ./three fit --seed 1 --progress none
expect 0 ./three predict few.npy
[ "$(grep -cE '^few.npy\[[0-3]\]: total: [-0-9.e]+; kind: [0-2] 0\.[0-9]{4}  \([0-2] .*\); high: [01] [01]\.[0-9]{4}$' out)" = 4 ] ||
    fail "the text has not the three outputs"
expect 0 ./three predict --json few.npy
mv out json
expect 0 ./three predict --csv few.npy
mv out csv
expect 0 ./three predict --npy p.npy few.npy
absent p.npy
expect 0 ./three evaluate
says "Confusion matrix of kind (rows: true class, columns: predicted)"
says "Confusion matrix of high"
expect 0 ./three evaluate --json
python3 - <<'END' || fail "three outputs"
import csv, json, struct
def load(name):
    data = open(name, "rb").read()
    values = data[128:]
    return struct.unpack("<%df" % (len(values) // 4), values), data[:128].decode("latin1")
rows = [json.loads(line) for line in open("json")]
table = list(csv.DictReader(open("csv")))
assert list(table[0]) == ["input", "row", "total_0", "kind_class", "kind_probability", "kind_0", "kind_1", "kind_2", "high_class", "high_probability", "high_0"], list(table[0])
total, head = load("p-total.npy")
assert "(4, 1)" in head, head
kind, head = load("p-kind.npy")
assert "(4, 3)" in head, head
high, head = load("p-high.npy")
x, _ = load("few.npy")
for i, (row, line) in enumerate(zip(rows, table)):
    outputs = row["outputs"]
    assert row["row"] == i and list(outputs) == ["total", "kind", "high"], row
    assert list(outputs["total"]) == ["outputs"], outputs["total"]
    assert list(outputs["kind"]) == list(outputs["high"]) == ["class", "index", "probability", "outputs"]
    assert abs(outputs["total"]["outputs"][0] - total[i]) < 1e-5
    assert abs(total[i] - sum(x[3 * i:3 * i + 3])) < 0.2, (total[i], x)
    for k in range(3):
        assert abs(outputs["kind"]["outputs"][k] - kind[3 * i + k]) < 1e-6
        assert abs(float(line["kind_%d" % k]) - kind[3 * i + k]) < 1e-6
    assert outputs["kind"]["index"] == int(line["kind_class"]) == max(range(3), key=lambda k: kind[3 * i + k])
    assert int(outputs["high"]["class"]) == int(line["high_class"]) == int(high[i] > 0.5)
result = json.load(open("out"))
assert list(result["outputs"]) == ["kind", "high"], result
for name, classes in ("kind", 3), ("high", 2):
    matrix = result["outputs"][name]["confusion"]
    assert len(matrix) == classes and sum(map(sum, matrix)) == 50, matrix
    right = sum(matrix[i][i] for i in range(classes)) / 50
    assert abs(right - result[name + "_accuracy"]) < 1e-6, (right, result)
    assert [row["class"] for row in result["outputs"][name]["per_class"]] == [str(i) for i in range(classes)]
END
# Files of several outputs are not written over what is read either.
cp few.npy in-kind.npy
expect 2 ./three predict --npy in.npy in-kind.npy
says "\`in-kind.npy\` would overwrite an input"
# Lines that cannot be read have rows of nan in the file of each.
printf '0.1 0.2 0.3\nno line\n0.3 0.2 0.1\n' >lines
timeout 20 ./three predict --npy lines.npy - <lines >out 2>err
[ $? = 1 ] || fail "a line that is none is no error"
for name in total kind high; do grep -aq "'shape': (3, " lines-$name.npy || fail "rows of $name moved"; done

# Pictures: grey as the data's bytes were, whatever they were scaled to; two outputs, a file each.
grey() { # FILE: the bytes of its picture, in lines
    python3 - "$1" <<'END'
import sys, zlib
data, at, body = open(sys.argv[1], "rb").read(), 8, b""
while at < len(data):
    size = int.from_bytes(data[at:at + 4], "big")
    if data[at + 4:at + 8] == b"IDAT": body += data[at + 8:at + 8 + size]
    at += size + 12
lines, width, before, out = zlib.decompress(body), 4, [0] * 4, []
for y in range(4):
    kind, line, row = lines[y * 5], lines[y * 5 + 1:y * 5 + 5], []
    for i, byte in enumerate(line):
        a, b, c = (row[i - 1] if i else 0), before[i], (before[i - 1] if i else 0)
        p = a + b - c
        paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
        row.append((byte + [0, a, b, (a + b) // 2, paeth][kind]) % 256)
    before, out = row, out + row
print(*out)
END
}
same_greys() { # FILE WANTED...
    local file=$1
    shift
    [ "$(grey "$file")" = "$*" ] || fail "$file has the greys $(grey "$file")"
}
ramp=$(seq -s ' ' 0 16 240)
for scale in "1/127.5, offset = -1" "1/255" "1/100" "1"; do
    cat >copy.nn <<END
dataset pictures = npy("pictures.npy", target = "y.npy") -> scale($scale)
model copy(x) { a = x * weight([1], ones)  kind = x -> flatten -> dense(2)  return a, kind }
train copy on pictures { target = [x, label]  loss = [mse, crossentropy]  optimizer = sgd(0) }
END
    expect 0 "$nnc" build copy.nn
    expect 0 ./copy init --save copy.st
    expect 0 ./copy predict --weights copy.st --png drawn pictures.npy
    same_greys drawn/pictures-3-a.png "$ramp"
    absent drawn/pictures-3-kind.png
done
# A target of the data is not scaled: its bytes stay bytes, 0 to 1 is black to white.
cat >draw.nn <<'END'
dataset pictures = npy("pictures.npy", target = "drawn.npy") -> scale(1/127.5, offset = -1)
model draw(x) = x * weight([1], zeros) + weight([1], constant(0.5))
train draw on pictures { loss = mse  optimizer = sgd(0) }
END
expect 0 "$nnc" build draw.nn
expect 0 ./draw init --save draw.st
expect 0 ./draw predict --weights draw.st --png drawn pictures.npy
same_greys drawn/pictures-3.png 128 128 128 128 128 128 128 128 128 128 128 128 128 128 128 128
expect 2 ./three predict --png drawn few.npy
says "are no pictures"
exit 0
