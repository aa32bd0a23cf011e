#!/usr/bin/env bash
# Properties of generated code: the vector registers of the chosen processor, fused multiply-adds,
# and no calls but those of the runtime: no mathematics library, no memory allocation.
. "$(dirname "$0")/common/begin.sh"

program=$root/examples/playground.nn
assembly() { # CPU
    expect 0 "$nnc" --emit=asm --cpu="$1" "$program"
}
assembly x86-64-v4
says '%zmm'
assembly x86-64-v3
says vfmadd
says '%ymm'
! grep -q '%zmm' out || fail "x86-64-v3 has no 512-bit registers"
assembly x86-64
! grep -q -e '%ymm' -e vfmadd out || fail "x86-64 has neither 256-bit registers nor fused multiply-adds"

expect 0 "$nnc" --emit=obj "$program" -o playground.o
nm -u playground.o | awk '{ print $2 }' | grep -v -e '^nnrt_' -e '^memset$' -e '^memcpy$' >calls
[ ! -s calls ] || fail "generated code calls $(tr '\n' ' ' <calls)"

expect 0 "$nnc" build "$program" -o plain --cpu=x86-64
expect 0 ./plain fit --seed 1 --save weights.safetensors --json
between 0 "$(number loss)" 1
expect 0 "$nnc" --emit=llvm --verify-each "$program"

# Equal layers share their code: thirty of them need no more of it than four.
deep() { # COUNT
    cat >deep$1.nn <<END
dataset points = moons(100)
model net(x: [2]) = x -> (dense(20, relu) -> dropout(0.1)) * $1 -> dense(1, sigmoid)
train net on points { loss = crossentropy
                      optimizer = adam }
END
    expect 0 "$nnc" --emit=asm deep$1.nn
    grep -c '^nn_[a-z]*_[0-9].*:' out
}
few=$(deep 4) many=$(deep 30)
[ "$few" -gt 5 ] && [ "$few" = "$many" ] || fail "30 layers have $many functions, 4 have $few"
