#!/usr/bin/env bash
# A source from a stranger writes below the current folder alone, unless --allow-write says more, and
# what it reads and writes is said before it runs.
. "$(dirname "$0")/common/begin.sh"

mkdir mine theirs outside
echo precious >home/.bashrc
net() { # CALLBACKS
    cat <<END
dataset d = circles(50, seed = 1)
model net(x) { x -> dense(1, sigmoid) }
train net on d { loss = crossentropy
                 optimizer = adam(0.001)
                 epochs = 3
                 callbacks = [$1] }
END
}
ln -s ../outside mine/out
ln -s ../home/.bashrc mine/log.csv
ln -s ../outside/new.csv mine/new.csv # leads nowhere yet
ln -s ../outside/folder mine/folder
cd mine
refused() { # CALLBACKS
    net "$1" >../theirs/net.nn
    expect 2 "$nnc" run ../theirs/net.nn
    one_message
    says '--allow-write DIR'
    absent net.safetensors ../outside/* ../escaped*
    [ "$(cat ../home/.bashrc)" = precious ] || fail "wrote through: $1"
}
refused "csv_log(\"$HOME/.bashrc\")"
refused 'csv_log("../escaped.csv")'
refused 'csv_log("log.csv")'
refused 'csv_log("out/log.csv")'
refused 'csv_log("new.csv")'
refused 'checkpoint("new.csv/{epoch}.st")'
refused 'checkpoint("folder/{epoch}.st")'
refused 'checkpoint("/escaped.st")'
refused 'checkpoint("../escaped/{epoch}.st")'
refused 'checkpoint("{epoch}/../../escaped.st")'
refused 'checkpoint("out/{epoch}/deep.st")'
refused 'csv_log("fine.csv"), checkpoint("new/../../escaped.st")'
absent fine.csv new

# What lies below, by any spelling, is fine.
net "csv_log(\"../mine/./log2.csv\"), checkpoint(\"$PWD/best/{epoch}.st\")" >../theirs/net.nn
expect 0 "$nnc" run ../theirs/net.nn
[ -s log2.csv ] && [ -s best/3.st ] || fail "did not write below the folder"

# Where it is allowed; as often as needed, for nnc run and for executables.
net 'csv_log("../outside/log.csv"), checkpoint("../theirs/{epoch}.st")' >../theirs/net.nn
expect 2 "$nnc" run ../theirs/net.nn --allow-write ../outside
says 'theirs/1.st'
expect 0 "$nnc" run ../theirs/net.nn --allow-write ../outside --allow-write=../theirs
[ -s ../outside/log.csv ] && [ -s ../theirs/3.st ] || fail "did not write where it may"
expect 0 "$nnc" build ../theirs/net.nn -o net
expect 2 ./net
expect 2 ./net fit --allow-write ../outsid
expect 0 ./net fit --allow-write ..

# Results that the user names may be anywhere.
net '' >../theirs/net.nn
expect 0 "$nnc" run ../theirs/net.nn fit --save ../outside/weights.st --history ../outside/h.csv

# What is read and written is said, by nnc and by the executable.
cp "$root"/examples/data/auto-mpg*.npy .
sed 's|"data/|"|g; s|epochs|callbacks = csv_log("log/mpg.csv")\n epochs|' "$root/examples/auto-mpg.nn" >mpg.nn
expect 0 "$nnc" check mpg.nn --files
for line in 'reads  mpg.nn' 'auto-mpg.npy' 'auto-mpg-target.npy' 'writes mpg.safetensors' 'writes log/mpg.csv'; do
    says "$line"
done
expect 0 "$nnc" build mpg.nn -o mpg
expect 0 ./mpg info
for line in '/auto-mpg.npy' '/auto-mpg-target.npy' 'writes     mpg.safetensors' 'writes     log/mpg.csv'; do
    says "$line"
done
expect 0 ./mpg info --json
says '"writes": ["mpg.safetensors", "log/mpg.csv"]'
