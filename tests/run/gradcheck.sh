#!/usr/bin/env bash
# `nnc gradcheck` calls a network right whose max_pool bends the loss beside many weights, says how
# many places it tried, and writes its line of progress to terminals only.
. "$(dirname "$0")/common/begin.sh"

cat >net.nn <<'NN'
dataset points = xor
model net(x: [2]) {
    x -> dense(144, tanh) -> reshape(12, 12, 1) -> conv2d(2, 3, tanh) -> max_pool -> flatten
      -> dense(1, sigmoid)
}
train net on points { loss = crossentropy  optimizer = adam }
NN
expect 0 "$nnc" gradcheck net.nn
says "net, binary_crossentropy: 43 places"
says ": ok"
[ ! -s err ] || fail "shows its progress where there is no terminal"
