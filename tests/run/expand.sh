#!/usr/bin/env bash
# What `nnc expand` prints is the same program, and so is what `nnc fmt` prints.
. "$(dirname "$0")/common/begin.sh"

for program in "$root"/examples/*.nn; do
    cp "$program" program.nn
    ln -sfn "$root/examples/data" data
    expect 0 "$nnc" graph program.nn
    mv out graph
    expect 0 "$nnc" expand program.nn
    cp out expanded.nn
    expect 0 "$nnc" fmt --check expanded.nn
    expect 0 "$nnc" graph expanded.nn
    cmp -s out graph || fail "$program expands to another program"
    expect 0 "$nnc" fmt program.nn
    cp out formatted.nn
    expect 0 "$nnc" graph formatted.nn
    cmp -s out graph || fail "$program is formatted to another program"
    expect 0 "$nnc" fmt --check formatted.nn
done
