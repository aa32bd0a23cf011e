#!/usr/bin/env bash
# An installed nnc finds its runtime beside itself, wherever the folder was moved to.
. "$(dirname "$0")/common/begin.sh"

expect 0 cmake --install "$(dirname "$nnc")" --prefix "$work/installed"
mv installed moved
nnc=$work/moved/bin/nnc
build playground.nn
expect 0 ./playground info
expect 0 "$nnc" explain E0203
absent build.o playground.o
