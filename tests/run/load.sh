#!/usr/bin/env bash
# load(path): a table's column of paths becomes pictures, decoded as those of folders and shown to the
# network beside the table's numbers; missing and damaged ones are told with file and row.
. "$(dirname "$0")/common/begin.sh"
pictures=$root/tests/data/pictures
mkdir -p table/cats table/dogs folder/train folder/test
cp -r "$pictures"/train/* folder/train && cp -r "$pictures"/test/* folder/test
cp folder/train/cats/1.png table/cats/1.png
cp folder/train/dogs/1.png table/dogs/1.png
cp folder/test/dogs/2.png table/dogs/2.png
printf 'file,kind\ncats/1.png,cats\ndogs/1.png,dogs\n' >table/train.csv # relative to its own folder
printf 'file,kind\ndogs/2.png,dogs\n' >table/test.csv

program() { # SOURCE STAGES
    cat <<END
dataset pets = $1 -> resize(6, 5) -> scale(1/255)
model net(picture) = picture -> conv2d(3, 3, relu) -> flatten -> dense(2)
train net on pets { loss = crossentropy  optimizer = adam  metrics = accuracy  epochs = 4  batch = 2 }
END
}
losses() { # NAME: those of the epochs and of the test part
    expect 0 "$nnc" run "$1.nn"
    grep -o 'loss: .*' out >"$1.losses"
}
program 'images("folder")' >folder.nn
program 'csv("table/train.csv", target = kind, test = "table/test.csv") -> load(file)' >table.nn
program 'images("folder", grayscale)' >folder-grey.nn
program 'csv("table/train.csv", target = kind, test = "table/test.csv") -> load(file, color = grayscale)' >table-grey.nn
for name in folder table folder-grey table-grey; do losses $name; done
[ "$(wc -l <folder.losses)" = 5 ] || fail "no losses: $(cat folder.losses)"
cmp -s folder.losses table.losses || fail "other pictures than those of folders: $(cat folder.losses table.losses)"
cmp -s folder-grey.losses table-grey.losses || fail "other grey pictures: $(cat folder-grey.losses table-grey.losses)"
cmp -s folder.losses folder-grey.losses && fail "grey pictures are those in colour"

# Beside numbers, which scale(..) changes where it stands, and standardize behind it.
{
    echo age,file,size,kind
    for i in 1 2 3 4; do
        echo "$i,cats/1.png,$((i * i)),cats"
        echo "$((2 * i)),dogs/1.png,$i,dogs"
    done
} >table/both.csv
cat >both.nn <<'END'
dataset pets = csv("table/both.csv", target = kind) -> load(file) -> resize(6, 5) -> scale(1/255) -> standardize
model net(file, x) { file -> flatten -> concat(x) -> dense(4, relu) -> dense(2) }
train net on pets { loss = crossentropy  optimizer = adam  epochs = 2  batch = 4 }
END
sed 's/ -> scale(1\/255)//; s/{ file ->/{ file * (1\/255) ->/' both.nn >by-hand.nn
for name in both by-hand; do losses $name; done
cmp -s both.losses by-hand.losses || fail "scale reaches more or less than pictures: $(cat both.losses by-hand.losses)"
build both.nn
expect 0 ./both predict table/both.csv
[ "$(wc -l <out)" = 8 ] || fail "rows are not predicted: $(cat out)"
expect 0 ./both evaluate table/both.csv

# Whole numbers beside pictures stay whole.
sed 's/,cats$/,a b,cats/; s/,dogs$/,b,dogs/; s/kind$/note,kind/' table/both.csv >table/notes.csv
cat >notes.nn <<'END'
dataset pets = csv("table/notes.csv", target = kind) -> load(file) -> resize(6, 5) -> tokens(note, length = 2) -> scale(1/255)
model net(note: int[2], file, x) {
    words = note -> one_hot(pets.vocabulary) -> flatten
    file -> flatten -> concat(x) -> concat(words) -> dense(2)
}
train net on pets { loss = crossentropy  optimizer = adam(0.1)  metrics = accuracy  epochs = 30  batch = 4 }
END
expect 0 "$nnc" run notes.nn
grep -q 'Epoch 30/30.*accuracy: 1.0000' out || fail "does not learn what the words say: $(tail -3 out)"

# What is missing or damaged.
cp table/both.csv table/bad.csv
echo 3,dogs/none.png,3,dogs >>table/bad.csv
sed 's/both.csv/bad.csv/' both.nn >bad.nn
expect 1 "$nnc" check bad.nn
says 'table/bad.csv`, row 9, column `file`: there is no file `dogs/none.png`'
head -c 60 table/dogs/1.png >table/dogs/none.png # its header is whole
expect 1 "$nnc" run bad.nn
says 'table/bad.csv`, row 9: '
says 'dogs/none.png` is damaged'
rm table/dogs/none.png
sed -i 's/load(file)/load(file, skip_unreadable = 1)/' bad.nn
expect 0 "$nnc" check bad.nn
grep -qF '[W0405]' err || fail "does not tell of pictures that are left out"
expect 0 "$nnc" data bad.nn
grep -qF 'training 8 rows' out || fail "other rows are left: $(head -1 out)"
