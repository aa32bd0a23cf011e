#!/usr/bin/env bash
# Wrong command lines: status 2, one message that names the word.
. "$(dirname "$0")/common/begin.sh"
program=$root/examples/playground.nn

wrong() { # WORD COMMAND...
    local word=$1
    shift
    expect 2 "$@"
    says "$word"
    [ "$(wc -l <err)" -le 12 ] || fail "is a long message: $*"
}
expect 2 "$nnc"
wrong frobnicate "$nnc" frobnicate "$program"
wrong --frobnicate "$nnc" check --frobnicate "$program"
wrong check "$nnc" check
wrong nonsense "$nnc" --emit=nonsense "$program"
wrong nonsense "$nnc" build "$program" -o x --contraction=nonsense
wrong "$program" "$nnc" build "$program" "$program"
wrong units "$nnc" build "$program" -o x -D units
expect 0 "$nnc" --help
expect 0 "$nnc" --version
absent x

build playground.nn
wrong frobnicate ./playground frobnicate
wrong --frobnicate ./playground fit --frobnicate
wrong --epochs ./playground fit --epochs
wrong many ./playground fit --epochs many
wrong -1 ./playground fit --epochs -1
wrong 0 ./playground fit --threads 0
wrong 1e999 ./playground fit --learning-rate 1e999
wrong 0x10 ./playground fit --learning-rate 0x10
wrong --batch ./playground fit --batch 11
wrong 99999999999999999999 ./playground fit --steps 99999999999999999999
wrong --progress ./playground fit --progress=nonsense
wrong predict ./playground predict
wrong --doctor ./playground fit --dry-run --doctor
wrong --run ./playground fit --overfit 1 --run runs
wrong --save ./playground fit --overfit 1 --save x.safetensors
absent runs x.safetensors
expect 0 ./playground --help
