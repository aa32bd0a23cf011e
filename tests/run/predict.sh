#!/usr/bin/env bash
# Samples from standard input and from the command line: the same predictions as those of a file.
. "$(dirname "$0")/common/begin.sh"

# Likewise with a standard input.
piped() { # STATUS TEXT COMMAND...
    local wanted=$1 text=$2 status
    shift 2
    printf -- "$text" | timeout 60 "$@" >out 2>err
    status=$?
    [ $status = "$wanted" ] || fail "status $status instead of $wanted: $*"
}
build playground.nn
expect 0 ./playground init --seed 3 --save playground.safetensors

# Numbers of the command line, also those that look like options.
expect 0 ./playground predict -1.5 2
says "-1.5 2: "
cut -d: -f2 <out >one
expect 0 ./playground predict -- -1.5 2
cut -d: -f2 <out | cmp - one || fail "-- changes the numbers"
expect 0 ./playground predict --json -.15e1 +2
says '"row": 0'
expect 2 ./playground predict 0.5
says "1 number is given"
says "has 2"
one_message
expect 2 ./playground predict 1 2 3
says "3 numbers are given"
expect 1 ./playground predict 1 1e39
says "1e39"
one_message
expect 2 ./playground predict 1 missing.npy
says "\`1\` is a number"
says missing.npy
one_message
expect 2 ./playground predict -1.5x 2
says "unknown option"
expect 2 ./playground evaluate -1.5
expect 1 ./playground predict 0x10 # a file that is not there
says "0x10"

# Lines: blanks, tabs, commas, empty lines, no end of the last one.
piped 0 ' -1.5 2\n\n-1.5,2\r\n-1.5\t2\n-1.5 , 2' ./playground predict -
[ "$(cut -d: -f2 <out | uniq | cmp - one && wc -l <out)" = 4 ] || fail "lines are other numbers"
says "-[3]: "
piped 0 '\xef\xbb\xbf-1.5 2\n' ./playground predict -
cut -d: -f2 <out | cmp - one || fail "a byte order mark is no number"
piped 1 '\xff\xfe-\x001\x00\n\x00' ./playground predict -
says "UTF-16"
one_message

# Those that are no samples are named with their lines, and the rows keep their numbers.
piped 1 '0.5 0.5\n1 2 3\n\n1,,2\n1 x\n1\n-1.5 2\n' ./playground predict --csv -
says "line 2 of standard input: 3 numbers; a sample of x, of shape [2], has 2"
says "line 4 of standard input: a comma"
says "line 5 of standard input: \`x\` is not a number"
says "line 6 of standard input: 1 number;"
says "4 of 6 inputs cannot be read; the others are predicted"
[ "$(cut -d, -f1,2 <out | tr '\n' ' ')" = "input,row -,0 -,5 " ] || fail "other rows"
piped 1 '1 2 3\n\n' ./playground predict -
says "line 1 of standard input: 3 numbers"
one_message
piped 1 '1 2 3\n1\n' ./playground predict -
says "none of the 2 lines of standard input can be read"
for text in '' '\n \n'; do
    piped 1 "$text" ./playground predict -
    says "standard input is empty"
    one_message
done
piped 1 '1 2\n\0\0' ./playground predict -
says "line 2 of standard input: its bytes are no text"
one_message
piped 1 '\x89PNG\r\n' ./playground predict -
says "looks like a picture"
expect 2 ./playground predict - -
says "once"
expect 2 ./playground predict - 0.5
one_message
yes abc | head -n 1000 | ./playground predict - >out 2>err
[ "$(wc -l <err)" -le 25 ] || fail "a message for each of many lines"
long=$(printf '%0300d' 1)
piped 1 "$long 2\n1 2\n" ./playground predict -
says "is not a number"
./playground predict - <. >out 2>err && fail "reads a folder"
says "cannot read standard input"
./playground predict - <&- >out 2>err && fail "reads what is closed"
one_message

# Arrays, plain and gzip, cut, and of another shape.
piped 0 '-1.5 2\n7 1\n0 -3\n' ./playground predict --npy lines.npy -
printf '\x93NUMPY\x01\0\x46\0%-69s\n\0\0\xc0\xbf\0\0\0\x40\0\0\xe0\x40\0\0\x80\x3f\0\0\0\0\0\0\x40\xc0' \
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }" >x.npy
expect 0 ./playground predict --npy file.npy x.npy
gzip -k x.npy
for file in x.npy x.npy.gz; do
    cat $file | ./playground predict --npy piped.npy - || fail "does not read $file from a pipe"
    cmp piped.npy file.npy && cmp lines.npy file.npy || fail "$file: other predictions"
done
head -c 90 x.npy | ./playground predict - >out 2>err && fail "reads a cut array"
says "standard input"
one_message
head -c 90 x.npy >cut.npy
expect 1 ./playground predict cut.npy
sed 's/(3, 2)/(2, 3)/' x.npy | ./playground predict - >out 2>err && fail "reads another shape"
says "[2, 3]"
cp x.npy kept.npy
./playground predict --npy x.npy - <x.npy >out 2>err
[ $? = 2 ] && cmp x.npy kept.npy || fail "writes over what it reads"

# A file that has a number for its name is a file.
cp x.npy 7
expect 2 ./playground predict 7 8
says "\`8\` is a number"
touch -- -
expect 1 ./playground predict ./-

# Bytes stay bytes.
cat >bytes.nn <<'END'
dataset d = npy("b.npy", target = "t.npy") -> scale(1/255)
model net(b: [2, 2]) { b -> flatten -> dense(2, softmax) }
train net on d { loss = crossentropy optimizer = sgd(0.1) epochs = 1 batch = 2 }
END
printf '\x93NUMPY\x01\0\x46\0%-69s\n\0\1\2\3\4\5\6\7' \
    "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 2), }" >b.npy
printf '\x93NUMPY\x01\0\x46\0%-69s\n\0\1' "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }" >t.npy
expect 0 "$nnc" build bytes.nn -o bytes
expect 0 ./bytes init --save bytes.safetensors
expect 0 ./bytes predict 0 1 2 255
expect 1 ./bytes predict 0 1 2 256
says "whole numbers from 0 to 255"
one_message
piped 1 '0 1 2 3\n0 1 2 0.5\n' ./bytes predict -
says "line 2 of standard input: \`0.5\` does not fit"

# With --npy what cannot be read has a row of nan: the others stay where their inputs are. (The last
# 12 bytes: three rows of one output.)
last_rows() { tail -c 12 "$1" | od -An -t f4 | tr -s ' '; }
expect 0 "$nnc" build "$root/examples/playground.nn" -o points
expect 0 ./points init --save points.safetensors
printf '0.5 -1.5\nwords\n0.25 1\n' >points.txt
./points predict --npy lines.npy - <points.txt >out 2>err && fail "a bad line has status 0"
expect 0 ./points predict --json 0.5 -1.5
first=$(grep -o '"outputs": *\[[^]]*' out | sed 's/.*\[ *//')
last_rows lines.npy | awk -v first="$first" '{ exit !($1 - first < 1e-6 && first - $1 < 1e-6 && $2 ~ /nan/ && $3 !~ /nan/) }' ||
    fail "rows of --npy: $(last_rows lines.npy), the first is $first"
printf '0.5 -1.5\n' | ./points predict --npy files.npy missing.npy - missing.png >out 2>err && fail "status 0"
last_rows files.npy | awk '{ exit !($1 ~ /nan/ && $2 !~ /nan/ && $3 ~ /nan/) }' ||
    fail "rows of --npy with files: $(last_rows files.npy)"

# What is no number is called nan, whatever its sign.
cat >exp.nn <<'END'
dataset points = moons(100)
model net(x: [2]) { x -> exp -> dense(2, softmax) }
train net on points { loss = crossentropy  optimizer = sgd }
END
build exp.nn
expect 0 ./exp init --save exp.safetensors
expect 0 ./exp predict 500 500
says ' nan'
! grep -q -e '-nan' out || fail "a sign of what is no number: $(cat out)"
exit 0
