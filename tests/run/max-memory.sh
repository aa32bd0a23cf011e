#!/usr/bin/env bash
# --max-memory keeps what is stated and the bits of the weights: of a plan that runs group by group, and of one that
# computes again what gradients read. What breaks it: a sum that a plan makes in another order, values that share memory
# too early, an arena that is not cleared between training and validation, a peak that is stated too low.
. "$(dirname "$0")/common/begin.sh"
command -v python3 >/dev/null || skip "no python3"

cat >net.nn <<'END'
dataset points = circles(n = 2000, seed = 1) -> split(validation = 0.5)
block layer(x) {
    a = x + (x -> layer_norm -> multi_head_attention(2, 16) -> dropout(0.1))
    a + (a -> layer_norm -> dense(128, gelu) -> dense(32))
}
model net(x) {
    x -> dense(1024, tanh) -> reshape(32, 32) -> layer * 4 -> global_average_pool -> dense(1, sigmoid)
}
train net on points { loss = crossentropy  optimizer = adam  metrics = accuracy  epochs = 1  batch = 500 }
END
cat >pictures.nn <<'END'
dataset points = circles(n = 1000, seed = 1) -> split(validation = 0.5)
block residual(x) { x + (x -> conv2d(8, 3, same) -> batch_norm -> relu -> conv2d(8, 3, same) -> batch_norm) -> relu }
model pictures(x) {
    x -> dense(2048, tanh) -> reshape(16, 16, 8) -> residual * 4 -> global_average_pool -> dense(1, sigmoid)
}
train pictures on points { loss = crossentropy  optimizer = sgd(0.1)  metrics = accuracy  epochs = 1  batch = 250 }
END
most() { # COMMAND..: its largest resident size in bytes; its output in ./out
    python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=open("out", "w"))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)' "$@"
}
for name in net pictures; do
    expect 0 "$nnc" cost $name.nn --json
    usual=$(number peak_bytes)
    expect 1 "$nnc" cost $name.nn --max-memory 1MB
    says 'E0205'
    says 'and --max-memory allows 1.0 MB'
    least=$(grep -o 'needs [0-9.]* MB' err | grep -o '[0-9.]*')
    awk "BEGIN { exit !($least * 1e6 < 0.75 * $usual) }" || fail "$name needs $least MB of $usual bytes"
    expect 0 "$nnc" build $name.nn -o usual
    expect 0 ./usual fit --progress=none --json --save w.safetensors
    wanted=$(grep -o '"fingerprint": "[0-9a-f]*"' out) || fail "no fingerprint"
    for limit in "$((usual * 3 / 4))" "${least}MB"; do
        expect 0 "$nnc" build $name.nn -o spare --max-memory "$limit"
        expect 0 ./spare fit --progress=none --json --threads 1 --save w.safetensors
        grep -qF "$wanted" out || fail "$name has other bits with $limit"
    done
    ldd "$nnc" | grep -q libasan && continue # a sanitizer has memory of its own
    expect 0 "$nnc" cost $name.nn --json --max-memory "${least}MB"
    stated=$(number peak_bytes)
    between $((stated * 8 / 10)) "$(most ./spare fit --progress=none --json --save w.safetensors)" $((stated * 112 / 100))
    grep -qF "$wanted" out || fail "$name has other bits with several threads"
done

# What helps where the data alone are too much: to leave them in their files, if they have some.
awk 'BEGIN { for (i = 0; i < 200000; i++) print i % 7 "," i % 5 "," i % 3 "," i % 2 }' >rows.csv
cat >large.nn <<'END'
dataset rows = csv("rows.csv")
model large(x) { x -> dense(1) }
train large on rows { loss = mse  optimizer = sgd  epochs = 1 }
END
for source in 'csv("rows.csv", target = column_3, header = false)' 'circles(200000, noise = 0.2, seed = 1)'; do
    sed "s/csv.*/$source/" large.nn >data.nn
    expect 1 "$nnc" cost data.nn --max-memory 200KB
    says 'E0205'
    case $source in
    csv*) says '`memory = none` in the data set'"'"'s source leaves the data on the disk' ;;
    *) ! grep -q 'memory = none' err || fail "helps with an argument that $source has not" ;;
    esac
done

# Whoever is asked for a table without that much memory says so as well.
expect 1 "$nnc" summary data.nn --max-memory 2000
says 'of memory at least, and --max-memory allows 2000 bytes'

for wrong in '500 apples' -5MB 0 1e400GB MB ''; do
    expect 2 "$nnc" cost net.nn --max-memory "$wrong"
done
expect 2 "$nnc" cost net.nn --max-memory '500 apples'
says '--max-memory is a size: 500MB, 1.5GB, 512MiB, a number of bytes, not `500 apples`'
expect 2 "$nnc" check net.nn --max-memory 1GB
says 'takes no --max-memory'
