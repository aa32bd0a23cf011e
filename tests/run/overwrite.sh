#!/usr/bin/env bash
# What is read is never written over, whatever its name, and no two results share a file.
. "$(dirname "$0")/common/begin.sh"

refused() { # STATUS WORD COMMAND...
    local status=$1 word=$2
    shift 2
    expect "$status" "$@"
    [ "$(grep -c 'error.*:.*`' err)" = 1 ] || fail "is not one message"
    says "$word"
}
keep() { # FILE...
    mkdir -p before
    cp "$@" before
}
unchanged() { # FILE...: as they were kept
    local file
    for file; do
        cmp -s "$file" "before/$(basename "$file")" || fail "$file was changed"
    done
}
cp "$root"/examples/data/auto-mpg*.npy .
gzip auto-mpg.npy
mv auto-mpg.npy.gz zipped.npy.gz
sed 's|"data/auto-mpg.npy"|"zipped.npy.gz"|; s|"data/|"|g' "$root/examples/auto-mpg.nn" >mpg.nn
ln auto-mpg-target.npy hard.npy
ln -s auto-mpg-target.npy soft.npy
mkdir data
ln zipped.npy.gz data/zipped.csv
keep auto-mpg-target.npy hard.npy zipped.npy.gz mpg.nn
build mpg.nn

# Arrays and their other names, by every option.
for name in zipped.npy.gz auto-mpg-target.npy ./hard.npy soft.npy data/zipped.csv; do
    for option in --save --history --step-log; do
        refused 2 "data set" ./mpg fit --epochs 1 $option $name
    done
    refused 2 "data set" ./mpg init --save $name
    for what in "" --emit=tokens --emit=graph --emit=obj; do
        refused 1 E0902 "$nnc" build mpg.nn $what -o $name
    done
done
refused 1 E0902 "$nnc" build mpg.nn --emit=ast -o mpg.nn
refused 1 E0902 "$nnc" build mpg.nn --tune -o mpg.tune
unchanged auto-mpg-target.npy hard.npy zipped.npy.gz mpg.nn

# Weights: those that `predict` finds on its own, and those that were pushed aside.
expect 0 ./mpg fit --epochs 1 --seed 1
keep mpg.safetensors
head -c $((128 + 4 * 9)) auto-mpg-target.npy >row.npy
refused 2 "weights that are read" ./mpg predict --npy mpg.safetensors row.npy
unchanged mpg.safetensors
expect 0 ./mpg fit --epochs 1 --seed 2
keep mpg.safetensors~
refused 2 "mpg.safetensors~" ./mpg fit --epochs 1 --weights mpg.safetensors~
refused 2 "same file" ./mpg fit --epochs 1 --history mpg.safetensors~
unchanged mpg.safetensors~

net() { # DATASET INPUT CALLBACKS
    cat <<END
dataset d = $1
model net($2) { $2 -> flatten -> dense(2, softmax) }
train net on d { loss = crossentropy
                 optimizer = adam(0.001)
                 epochs = 5
                 callbacks = [$3] }
END
}

# Folders of pictures.
if cc -o pictures "$root/tests/run/common/pictures.c" -lpng -ljpeg 2>err; then
    ./pictures shapes 6 2 2
    picture=$(find shapes/train -name '*.png' | head -n 1)
    keep "$picture"
    ln -s "$PWD/$picture" deep
    shapes='images("shapes") -> resize(6, 6)'
    net "$shapes" image 'checkpoint("deep")' >pictured.nn
    build pictured.nn
    refused 2 "data set" ./pictured fit
    net "$shapes" image '' >pictured.nn
    build pictured.nn
    refused 2 "data set" ./pictured fit --history "$picture"
    refused 2 "data set" ./pictured init --save "$picture"
    refused 1 E0902 "$nnc" build pictured.nn -o "$picture"
    # Beside the pictures is no picture.
    for i in 1 2; do expect 0 ./pictured fit --save shapes/train/best.safetensors; done
    # A name that a pattern gives in a later epoch.
    mkdir -p late
    ln "$picture" late/3.st
    net "$shapes" image 'checkpoint("late/{epoch}.st")' >pictured.nn
    build pictured.nn
    expect 1 ./pictured fit
    says 'checkpoint `late/3.st` would overwrite a file of the data set'
    [ -s late/5.st ] || fail "training did not go on"
    unchanged "$picture"
fi

# Results of one run.
pair() { # WORD CALLBACKS ARGUMENTS...
    local word=$1
    net 'circles(50, seed = 1)' x "$2" >pair.nn
    shift 2
    build pair.nn
    rm -f same ./*.st
    refused 2 "$word" ./pair fit "$@"
    absent same
}
pair 'same file' 'checkpoint("same"), csv_log("./same")'
pair 'same file' 'csv_log("same"), csv_log("data/../same")'
pair 'same file' 'checkpoint("{epoch}.st"), csv_log("1.st")'
pair 'same file' 'checkpoint("same")' --history same
pair 'same file' 'checkpoint("same")' --step-log data/../same
net 'circles(50, seed = 1)' x 'checkpoint("{epoch}.st"), csv_log("3.st")' >pair.nn
build pair.nn
rm -f ./*.st
expect 1 ./pair fit
says 'name the same file `3.st`'
grep -q '^epoch' 3.st || fail "the log was overwritten by weights"
[ -s 5.st ] || fail "training did not go on"

# No link under the name of a temporary file is followed, and rights are the umask's.
mkdir outside
echo precious >outside/file
(
    umask 027
    ln -s outside/file .nnc-$BASHPID.tmp
    exec "$nnc" build pair.nn -o pair
) >out 2>err || fail "the build failed"
[ "$(cat outside/file)" = precious ] || fail "a link was followed"
[ "$(stat -c %a pair)" = 750 ] || fail "rights are $(stat -c %a pair)"
(umask 027 && ./pair init --save fresh.safetensors >out) || fail "init failed"
[ "$(stat -c %a fresh.safetensors)" = 640 ] || fail "rights are $(stat -c %a fresh.safetensors)"
chmod 600 fresh.safetensors
expect 0 ./pair init --save fresh.safetensors
[ "$(stat -c %a fresh.safetensors)" = 600 ] || fail "rights were widened"

# What a killed run left is swept by the next one; what is in use, and what is not ours, is not.
net 'circles(50, seed = 1)' x '' | sed 's/epochs = 5/epochs = 1000000/' >killed.nn
build killed.nn
./killed fit --history killed.csv --progress=none >out 2>err &
training=$!
until_true compgen -G '.nnc-tmp-*' >/dev/null
kill -KILL $training
wait $training 2>/dev/null
left=$(ls -A | grep -c '^\.nnc-tmp-')
[ "$left" = 1 ] || fail "the killed run left $left files"
touch .nnc-tmp-mine .nnc-tmp-aaaaaaaaaaaaaaaaA
mkdir .nnc-tmp-abcdefghijklmnop
touch .nnc-tmp-abcdefghijklmnop/program
./killed fit --history other.csv --save other.st --progress=none >out 2>err &
training=$!
until_true has_worked $training 30
net 'circles(50, seed = 1)' x '' >pair.nn
build pair.nn
expect 0 ./pair fit --save last.safetensors
left=$(ls -A | grep -c '^\.nnc-tmp-[a-z]\{16\}$')
[ "$left" = 1 ] || fail "$left files are left beside the one in use"
[ -e .nnc-tmp-mine ] && [ -e .nnc-tmp-aaaaaaaaaaaaaaaaA ] || fail "files of others were swept"
kill -INT $training
wait $training
[ "$(wc -l <other.csv)" -gt 2 ] || fail "the file in use was swept"

# A pipe that nobody reads is said to be one, at once.
mkfifo pipe
for option in --save --history --step-log; do
    expect 1 timeout 20 ./pair fit $option pipe
    says "a pipe that nobody reads"
done
net 'circles(50, seed = 1)' x 'csv_log("pipe")' >piped.nn
build piped.nn
expect 1 timeout 20 ./piped fit --save piped.st
says "a pipe that nobody reads"
absent piped.st
cat pipe >read.csv &
reader=$!
expect 0 timeout 20 ./piped fit --save piped.st
wait $reader
grep -q '^epoch,' read.csv || fail "nothing came through the pipe"

# A training that cannot begin leaves no folder that it made.
net 'circles(50, seed = 1)' x 'checkpoint("made/here/best.safetensors"), history("no/such/dir")' >nowhere.nn
build nowhere.nn
expect 1 ./nowhere fit
one_message
absent made
