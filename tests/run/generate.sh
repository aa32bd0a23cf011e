#!/usr/bin/env bash
# A model writes token by token what it would foretell of whole windows: a state that is lost or kept too long, a
# step that is attended to at the wrong place, a window that moves on wrongly change what follows.
. "$(dirname "$0")/common/begin.sh"

for i in $(seq 60); do echo "the old fox ran over the hill $((i % 3))"; done | tr -d '\n' >tale.txt
model() { # FILE.nn UNIT LENGTH BODY
    cat >"$1" <<END
dataset tale = text("tale.txt", unit = $2) -> windows($3)
block transformer(x, heads, width) {
    a = x + (x -> layer_norm -> multi_head_attention(heads, width / heads, causal) -> dropout(0.1))
    a + (a -> layer_norm -> dense(2 * width, gelu) -> dense(width) -> dropout(0.1))
}
block minimal(x, h, units) {
    f = concat(x, h) -> dense(units, sigmoid)
    f * h + (1 - f) * (concat(x, f * h) -> dense(units, tanh))
}
layers = transformer(2, 8)
model writer(tokens: int[$3]) { $4 }
train writer on tale { loss = crossentropy  optimizer = adam(0.02)  metrics = perplexity  epochs = 4  batch = 8 }
END
}

# The probability of a text that is read token by token is that of the window; so is what follows.
same_as_windows() { # NAME BODY
    model "$1.nn" char 24 "$2"
    expect 0 "$nnc" build "$1.nn"
    expect 0 "./$1" fit --seed 1 --progress=none
    head -c 25 tale.txt >window.txt
    expect 0 "./$1" evaluate window.txt --json
    local wanted; wanted=$(number perplexity)
    expect 0 "./$1" generate --prompt-file window.txt --length 1 --json
    case $2 in *mask*) ;; *) # the metric leaves out what the model does
        between -1e-5 "$(awk "BEGIN { print $(number prompt_perplexity) / $wanted - 1 }")" 1e-5 ;;
    esac
    expect 0 "./$1" generate --prompt "the old fo" --length 40 --temperature 0
    cp out written
    expect 0 "./$1" generate --prompt "the old fo" --length 40 --temperature 0 --threads 1
    cmp -s out written || fail "$1 writes another text with one thread"
}
foretold() { # of 24 tokens of what was written, from FIRST on: its tokens from WRITTEN on, COUNT
    head -c $(($1 + 24)) written | tail -c 24 >window.txt
    expect 0 "./$name" predict window.txt --json
    sed 's/.*"tokens": \["//; s/"\].*//; s/", "//g' out | tail -c $(($2 + 1)) >follows
    head -c $(($1 + 25)) written | tail -c "$2" | cmp -s - <(head -c "$2" follows) ||
        fail "$name: '$(cat follows)' follows in the window of '$(cat written)', from $1"
}
is_json() {
    command -v python3 >/dev/null || return 0
    python3 -c 'import json, sys; json.load(open(sys.argv[1]))' out || fail "is no JSON"
}

# In bfloat16 weights are rounded once a text; the numbers are those of windows but for the order of sums. A row of the
# state that others overwrite, or panels that are rounded before the weights are read, would change them.
model narrow.nn char 24 "tokens -> embedding(tale.vocabulary, 32) -> lstm(48, return_sequences = true) -> dense(72, tanh) -> dense(tale.vocabulary)"
for cpu in native x86-64-v3 x86-64; do
    [ "$cpu" != x86-64-v3 ] || grep -qw fma /proc/cpuinfo || continue
    expect 0 "$nnc" build narrow.nn --precision bfloat16 --cpu="$cpu"
    expect 0 ./narrow fit --seed 1 --progress=none
    head -c 25 tale.txt >window.txt
    expect 0 ./narrow evaluate window.txt --json
    wanted=$(number perplexity)
    expect 0 ./narrow generate --prompt-file window.txt --length 1 --json
    between -1e-3 "$(awk "BEGIN { print $(number prompt_perplexity) / $wanted - 1 }")" 1e-3
    expect 0 ./narrow generate --prompt "the old fo" --length 100 --temperature 0
    cp out written
    expect 0 ./narrow generate --prompt "the old fo" --length 100 --temperature 0 --threads 1
    cmp -s out written || fail "in bfloat16 one thread writes another text"
done
expect 0 "$nnc" build narrow.nn --precision float32 -o wide
expect 0 ./wide generate --weights narrow.safetensors --prompt-file window.txt --length 1 --json
awk "BEGIN { exit !($(number prompt_perplexity) == $wanted) }" && fail "bfloat16 rounds nothing"

v=tale.vocabulary
while read -r name body; do
    same_as_windows "$name" "$body"
    foretold 0 14
done <<END
lstm  tokens -> embedding($v, 8) -> lstm(12, return_sequences = true) -> dropout(0.2) -> dense($v)
table tokens -> embedding($v, 16) -> lstm(40, return_sequences = true) -> dense($v)
stack tokens -> one_hot($v) -> gru(9, return_sequences = true) -> gru(8, reset_after = false, return_sequences = true) -> dense($v, softmax)
rnn   x = tokens -> embedding($v, 8, mask = true)  y = x -> rnn(9, return_sequences = true) -> rnn(8, return_sequences = true)  concat(x, y) -> batch_norm -> dense($v)
gpt   tokens -> embedding($v, 8) -> position_embedding -> layers * 2 -> layer_norm -> dense($v)
cells tokens -> embedding($v, 8) -> recur(minimal, 9, return_sequences = true) -> dense($v)
given x = tokens -> embedding($v, 8)  y, s = x -> multi_head_attention(2, 4, causal, return_attention_scores = true)  x + y -> dense($v)
waves tokens -> embedding($v, 8) -> conv1d(8, 2, relu, causal) -> conv1d(8, 3, relu, causal, dilation = 2) -> rnn(8, return_sequences = true) -> conv1d(8, 1) -> dense($v)
mixed x = tokens -> embedding($v, 8) -> lstm(8, return_sequences = true) -> layers  attention(x, x -> dense(8), x, causal) -> gru(8, return_sequences = true) -> dense($v)
END

# A window that is full goes on with its later half.
name=gpt
cp written mixed.txt
expect 0 ./gpt generate --prompt "the old fo" --length 40 --temperature 0
cp out written
foretold 12 12

# A prompt may be longer than the windows of training; a state has no end.
expect 0 ./lstm generate --prompt-file tale.txt --length 3 --json
between 1 "$(number prompt_perplexity)" 20
expect 0 bash -c './gpt generate --prompt-file - --length 3 --json <tale.txt'
[ "$(number tokens)" = 3 ] || fail "has not written 3 tokens"

# Seeds; drawing from one token is greedy; JSON holds the same text.
text() { expect 0 ./lstm generate --prompt "the " --length 60 "$@"; }
text --seed 5 --temperature 1.5 && cp out five
text --seed 5 --temperature 1.5 --threads 3 && cmp -s out five || fail "the same seed writes another text"
text --seed 6 --temperature 1.5 && cmp -s out five && fail "another seed writes the same text"
text --temperature 0 && cp out greedy
text --top-k 1 --temperature 3 && cmp -s out greedy || fail "--top-k 1 is not greedy"
text --top-p 1e-9 && cmp -s out greedy || fail "--top-p 1e-9 is not greedy"
text --seed 5 --temperature 1.5 --json
[ "the $(sed 's/.*"text": "//; s/", "tokens".*//' out)" = "$(cat five)" ] || fail "JSON has another text"
is_json

# What cannot be.
expect 1 ./lstm generate --prompt "the oÜd"
one_message
says 'the prompt has the character `Ü`, its character 6'
expect 2 ./lstm generate --prompt ""
says 'the prompt is empty'
expect 2 ./lstm generate
says '--prompt TEXT'
expect 2 ./lstm generate --prompt a --prompt-file b
expect 2 ./lstm generate --top-p 0
says '`--top-p` needs a number above 0, at most 1'
expect 2 ./lstm generate --temperature -1
expect 1 ./lstm generate --prompt-file absent.txt
expect 1 bash -c './lstm generate --prompt the >/dev/full'
one_message
cannot() { # BODY REASON
    model cannot.nn char 24 "$1"
    expect 0 "$nnc" build cannot.nn
    expect 1 ./cannot generate --prompt the
    one_message
    says "$2"
}
cannot "tokens -> embedding($v, 8) -> bidirectional(lstm(4, return_sequences = true)) -> dense($v)" \
    '`bidirectional` (line 11) goes through the sequence from its end'
cannot "tokens -> embedding($v, 8) -> multi_head_attention(2, 4) -> dense($v)" \
    '`multi_head_attention` (line 11) compares each step with all others, those behind it too: it is not `causal`'
cannot "x = tokens -> embedding($v, 8)  attention(x, x, concat, causal) -> dense($v)" \
    '`attention` (line 11) compares each step with all others, those behind it too, by no product'
cannot "tokens -> embedding($v, 8) -> conv1d(8, 3, same) -> dense($v)" '`conv1d` (line 11) takes several steps together'
echo 'model plain(x: [3]) { x -> dense(2) }' >plain.nn
expect 0 "$nnc" build plain.nn
expect 1 ./plain generate
says '`plain` reads no tokens of a text that it is trained on'

# The smallest window moves on at every token.
model one.nn char 2 "tokens -> embedding($v, 8) -> position_embedding -> layers -> dense($v)"
expect 0 "$nnc" build one.nn
expect 0 ./one fit --seed 1 --progress=none
expect 0 ./one generate --prompt the --length 9

# A reader that goes away ends it.
timeout 60 ./lstm generate --prompt the --length 1000000000000 2>err | head -c 4 >out
[ "$(cat out)" = the\  ] || [ "$(head -c 3 out)" = the ] || fail "does not begin with the prompt"
[ -s err ] && fail "complains of a reader that went away"

# Words are parted by blanks; bytes make whole characters, whatever is drawn.
for i in $(seq 40); do echo "der müde Fuchs läuft über die Hügel"; done >tale.txt
model words.nn word 4 "tokens -> embedding($v, 4) -> rnn(8, return_sequences = true) -> dense($v)"
model bytes.nn byte 8 "tokens -> embedding($v, 4) -> rnn(8, return_sequences = true) -> dense($v)"
for unit in words bytes; do
    expect 0 "$nnc" build $unit.nn
    expect 0 ./$unit fit --seed 1 --progress=none
    expect 0 ./$unit generate --prompt "der müde" --length 50 --temperature 2
    iconv -f UTF-8 -t UTF-8 out >/dev/null || fail "$unit writes no UTF-8"
    expect 0 ./$unit generate --prompt "der müde" --length 50 --temperature 2 --json
    is_json
done
expect 0 ./words generate --prompt "der Dachs" --length 9 --temperature 0
says 'note: 1 of the prompt'
grep -q '^der Dachs [[:alpha:]]' out || fail "does not part words"
grep -qF '[UNK]' out && fail "writes what it does not know"
exit 0
