#!/usr/bin/env bash
# Several files as one program, end to end: data beside an imported file, the search path, the cache
# of `run`, the text that a program carries, files that must not be overwritten.
. "$(dirname "$0")/common/begin.sh"

mkdir -p shared/nn path/nn
cat >shared/nn/parts.nn <<'E2'
import "points.nn"
param width = 4
block hidden(x, units = width) { x -> dense(units, tanh) }
train other on clouds { loss = mse optimizer = nowhere }
E2
cat >shared/nn/points.nn <<'E2'
dataset clouds = idx("points-x", target = "points-y", classes = 2) -> split(test = 0.25, seed = 1)
E2
cat >program.nn <<'E2'
import "shared/nn/parts.nn"
model net(x) { x -> hidden -> hidden(3) -> dense(1, sigmoid) }
train net on clouds { loss = crossentropy  optimizer = sgd(0.1)  epochs = 2  batch = 8 }
E2
# 32 points of two bytes, and their labels.
{ printf '\0\0\10\2\0\0\0\40\0\0\0\2'; head -c 64 /dev/zero | tr '\0' '\7'; } >shared/nn/points-x
{ printf '\0\0\10\1\0\0\0\40'; for _ in {1..16}; do printf '\0\1'; done; } >shared/nn/points-y

# Data lie beside the file that names them, for the compiler and for the program, wherever it runs.
expect 0 "$nnc" check --files program.nn
says "reads  shared/nn/points.nn"
says "shared/nn/points-x"
expect 0 "$nnc" build program.nn
mkdir elsewhere
(cd elsewhere && expect 0 ../program fit --epochs 1) || exit 1
expect 0 ./program info
says "shared/nn/points-x"

# `-D` reaches params of imported files; a change in an imported file is another program.
expect 0 "$nnc" summary -D width=9 program.nn
says "(None, 9)"
expect 0 "$nnc" run program.nn init --save first.safetensors
sed -i 's/width = 4/width = 6/' shared/nn/parts.nn
expect 0 "$nnc" run program.nn init --save second.safetensors
cmp -s first.safetensors second.safetensors && fail "a changed import is not compiled again"

# The expanded text is the whole program, which says the same as the files.
expect 0 "$nnc" expand program.nn
says "param width = 6"
cp out shared/nn/whole.nn
expect 0 "$nnc" run shared/nn/whole.nn init --save whole.safetensors
expect 0 "$nnc" summary program.nn
cp out several
expect 0 "$nnc" summary shared/nn/whole.nn
diff -q out several || fail "the expanded program is another one"

# No source is written over.
for source in shared/nn/parts.nn shared/nn/points.nn; do
    expect 1 "$nnc" build program.nn -o $source
    says "it is the source"
done

expect 2 ./program fit --save shared/nn/points.nn
says "would overwrite a file that it imports"

# First beside the file, then NNC_PATH in its order, then what nnc brings along.
echo 'model far(x: [3]) { x -> dense(7) }' >path/nn/far.nn
echo 'model far(x: [3]) { x -> dense(8) }' >shared/nn/far.nn
printf 'import "nn/far.nn"\n' >searched.nn
expect 1 "$nnc" check searched.nn
says "looked for in"
export NNC_PATH=:nowhere:path:shared
expect 0 "$nnc" summary --model far searched.nn
says "(None, 7)"
export NNC_PATH=shared:path/
expect 0 "$nnc" summary --model far searched.nn
says "(None, 8)"
mkdir nn
echo 'model far(x: [3]) { x -> dense(9) }' >nn/far.nn
expect 0 "$nnc" summary --model far searched.nn
says "(None, 9)"

# One file by two names counts once; standard input imports from the current folder.
ln -s far.nn nn/near.nn
printf 'import "nn/far.nn"\nimport "nn/near.nn"\n' | "$nnc" check - || fail "a link is another file"

# A file that cannot be read, and one that is none.
if [ "$(id -u)" != 0 ]; then
    chmod 0 nn/far.nn
    expect 1 "$nnc" check searched.nn
    says "Permission denied"
    chmod 644 nn/far.nn
fi
mkfifo nn/pipe.nn
printf 'import "nn/pipe.nn"\n' >piped.nn
expect 1 "$nnc" check piped.nn
says "it is not a regular file"

# A long chain of files is a program; a longer one has a limit.
for i in {1..1002}; do printf 'import "chain%d.nn"\n' $((i + 1)) >nn/chain$i.nn; done
echo 'block last(x) { x -> dense(1) }' >nn/chain900.nn
printf 'import "nn/chain1.nn"\nmodel net(x: [2]) { x -> last }\n' >chain.nn
expect 0 "$nnc" check chain.nn
echo 'import "chain901.nn"' >nn/chain900.nn
expect 1 "$nnc" check chain.nn
says "a program imports at most 1000 files"
