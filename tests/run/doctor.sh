#!/usr/bin/env bash
# --doctor: each complaint is made of a network that has its cause, with the line of the source, and of a healthy one none;
# looking changes no bit of what is trained.
. "$(dirname "$0")/common/begin.sh"

awk 'BEGIN { srand(7); print "a,b,y,kind,big"; for (i = 0; i < 600; i++) { a = rand() * 2 - 1; b = rand() * 2 - 1
             print a "," b "," a - b * b "," (rand() < 0.9 ? "usual" : "rare") "," 1000 * a + 3000 } }' >rows.csv
net() { # TARGET KEEP LOSS MODEL OPTIMIZER
    cat <<END
dataset rows = csv("rows.csv", target = $1) -> keep($2)
model net(x) {
    x -> $4
}
train net on rows { loss = $3  optimizer = $5  epochs = 20  batch = 32 }
END
}
# NAME KINDS..: trains ./NAME.nn; exactly these complaints are made, in any order; "any" beside them: others may be, too.
finds() {
    local name=$1 found wanted kind
    shift
    build "$name.nn"
    expect 0 "./$name" fit --doctor --json --progress=none
    found=$(grep -o '"kind": "[a-z_]*"' out | sed 's/.*: "//; s/"//' | sort -u)
    for kind; do
        [ "$kind" = any ] || grep -qx "$kind" <<<"$found" || fail "$name: no $kind, but: $found"
    done
    case " $* " in
    *' any '*) ;;
    *)
        wanted=$(printf '%s\n' "$@" | sort -u)
        [ "$found" = "$wanted" ] || fail "$name: wanted $wanted, found $found: $(grep -o '"found": "[^"]*"' out)"
        ;;
    esac
}
numbers() { # MODEL OPTIMIZER
    net y 'a, b' mse "$1" "$2"
}

numbers 'dense(32, relu) -> dense(16, tanh) -> dense(1)' 'adam(0.01)' >healthy.nn
finds healthy ''
numbers 'dense(32, relu, bias_initializer = constant(-100)) -> dense(1)' adam >dead.nn
finds dead dead_units same_answer any
expect 0 ./dead fit --doctor --progress=none
says 'doctor: 32 of 32 units of `dense` are 0 for all samples'
says '  line 3: x -> dense(32, relu'
says 'what helps:'
numbers 'dense(32, tanh, kernel_initializer = random_normal(stddev = 500)) -> dense(1)' 'adam(0.001)' >flat.nn
finds flat saturated_units any
# An output may be at its ends, also where what computes it is moved afterwards.
numbers 'dense(32, relu) -> dense(1, tanh, kernel_initializer = random_normal(stddev = 500)) -> reshape(1)' 'adam(0.001)  metrics = mae' >ends.nn
finds ends same_answer small_updates
numbers '(dense(16, sigmoid)) * 12 -> dense(1)' 'sgd(0.01)' >vanish.nn
finds vanish vanishing_gradients any
numbers 'dense(64, kernel_initializer = random_normal(stddev = 2)) * 8 -> dense(1)' 'sgd(1e-30)' >explode.nn
finds explode exploding_gradients any
numbers 'dense(16, tanh) -> dense(1)' 'sgd(1e-9)' >slow.nn
finds slow small_updates any
numbers 'dense(16, tanh) -> dense(16, tanh) -> dense(1)' 'adam(3)' >fast.nn
finds fast large_updates any
net y 'big, b' mse 'dense(16, relu) -> dense(1)' 'adam(0.001)' >unscaled.nn
finds unscaled unscaled_inputs any
net y 'big, b' mse 'batch_norm -> dense(16, relu) -> dense(1)' 'adam(0.01)' >scaled.nn
finds scaled ''
net kind 'a, b' crossentropy 'dense(8, tanh) -> dense(2, softmax)' 'adam(0.001)' >frequent.nn
finds frequent same_answer
expect 0 ./frequent fit --doctor --progress=none
says 'doctor: the answer is `usual` for all samples'

# The same bits, and nothing in the way of the rest.
build healthy.nn
expect 0 ./healthy fit --progress=none --save plain.safetensors --threads 2
expect 0 ./healthy fit --progress=none --save looked.safetensors --doctor --threads 3
says 'doctor: nothing found; looked at'
[ "$(tensor plain.safetensors dense/kernel)" = "$(tensor looked.safetensors dense/kernel)" ] || fail "looking changed the weights"
# Steps of one's own, and blocks after each other.
cat >steps.nn <<'END'
dataset points = moons(200, noise = 0.1, seed = 1)
model maker(z: [2]) { z -> dense(8, relu) -> dense(2) }
model judge(x: [2]) { x -> dense(8, leaky_relu) -> dense(1) }
train maker, judge on points {
    epochs = 20  batch = 20
    step a updates judge with adam { minimize crossentropy(judge(x), 1) + crossentropy(normal(2) -> maker -> judge, 0) }
    step b updates maker with adam { minimize crossentropy(normal(2) -> maker -> judge, 1) }
}
train judge on points { loss = crossentropy  optimizer = adam(0.01)  epochs = 40  batch = 20 }
END
build steps.nn
expect 0 ./steps fit --doctor --progress=none
[ "$(grep -c '^doctor: nothing found' out)" = 2 ] || fail "$(cat out)"

# Lines of JSON have standard output for themselves.
expect 0 ./healthy fit --doctor --progress=json
! grep -v '^{.*}$' out || fail "is no JSON"
grep -q '^doctor: nothing found' err || fail "said nothing"
