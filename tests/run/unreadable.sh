#!/usr/bin/env bash
# images(.., skip_unreadable = n): pictures that cannot be decoded are left out and told, in every
# part; more than n are an error that names the first; without it, the first is one.
. "$(dirname "$0")/common/begin.sh"
for class in cats dogs; do
    mkdir -p pets/train/$class pets/test/$class
    for i in 1 2 3 4; do cp "$root/tests/data/pictures/train/cats/1.png" pets/train/$class/$i.png; done
    cp "$root/tests/data/pictures/train/cats/1.png" pets/test/$class/1.png
done
head -c 60 pets/train/cats/2.png >cut && mv cut pets/train/cats/1.png # its header is whole
echo "no picture" >pets/test/dogs/0.png

program() { # OPTION
    cat <<END
dataset pets = images("pets"$1) -> scale(1/255)
model net(image) = image -> flatten -> dense(1, sigmoid)
train net on pets {
    loss = crossentropy
    optimizer = adam
    epochs = 1
    batch = 2
}
END
}

program ', skip_unreadable = 2' >two.nn
expect 0 "$nnc" check two.nn
grep -qF '[W0405]: 2 pictures cannot be read and are left out' err || fail "does not tell of them"
grep -qF 'pets/train/cats/1.png' err || fail "does not name them"
expect 0 "$nnc" data two.nn
grep -qF 'training 7 rows, test 2 ' out || fail "other rows are left: $(head -1 out)"
build two.nn
expect 0 ./two fit --progress none
expect 0 ./two evaluate

program ', skip_unreadable = 1' >one.nn
expect 1 "$nnc" check one.nn
says "2 pictures cannot be read, but \`skip_unreadable\` allows 1"
says "pets/train/cats/1.png"

# Without it, what has no header of a picture is told at once or when it is read.
program '' >none.nn
expect 1 "$nnc" run none.nn -- fit --progress none
says "pets/"
