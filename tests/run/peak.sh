#!/usr/bin/env bash
# The memory that `nnc summary` states for a training holds: of a small state, which is copied to be gone back to, and of
# a large one, which is not, unless --doctor asks for it; and of pairs, which look at pictures that no column has.
. "$(dirname "$0")/common/begin.sh"
command -v python3 >/dev/null || skip "no python3"
! ldd "$nnc" | grep -q libasan || skip "a sanitizer has memory of its own"

net() { # UNITS OPTIMIZER
    cat <<END
dataset points = moons(n = 400, seed = 1)
model net(x) { x -> dense($1, relu) -> dense($1, relu) -> dense(1, sigmoid) }
train net on points { loss = crossentropy  optimizer = $2  epochs = 1  batch = 100 }
END
}
most() { # COMMAND..: the largest resident size in bytes
    python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)' "$@"
}
for units in 1500 2600; do
    net $units adam >net.nn
    build net.nn
    expect 0 "$nnc" summary net.nn --json
    peak=$(number peak_bytes)
    between $((peak * 85 / 100)) "$(most ./net fit --progress=none)" $((peak * 105 / 100))
done

python3 -c '
def save(path, kind, shape, data):
    header = str({"descr": kind, "fortran_order": False, "shape": shape}).encode().ljust(117) + b"\n"
    open(path, "wb").write(b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header + data)
count = 40000
save("pictures.npy", "|u1", (count, 40, 40), bytes(range(1, 251)) * (count * 1600 // 250))
save("kinds.npy", "|u1", (count,), bytes([0, 1]) * (count // 2))'
cat >twins.nn <<'END'
dataset pictures = npy("pictures.npy", target = "kinds.npy") -> scale(1/255) -> split(validation = 0.1, test = 0) -> pairs
model twins(left: [40, 40], right: [40, 40]) { concat(left -> flatten, right -> flatten) -> dense(1, sigmoid) }
train twins on pictures { target = same  loss = crossentropy  optimizer = sgd  epochs = 1  batch = 64 }
END
build twins.nn
expect 0 "$nnc" summary twins.nn --json
peak=$(number peak_bytes)
between $((peak * 85 / 100)) "$(most ./twins fit --progress=none)" $((peak * 105 / 100))

net 2600 'adam(1e39)' >net.nn
build net.nn
expect 4 ./net fit --progress=none
says '`fit --doctor` does'
expect 4 ./net fit --progress=none --doctor
says 'first not finite'
