#!/usr/bin/env bash
# Sources beyond the stated limits: a diagnostic within seconds and little memory, never a crash.
. "$(dirname "$0")/common/begin.sh"

refused() { # CODE FILE
    expect 1 timeout 5 "$nnc" check "$2"
    says "$1"
}
repeat() { # TEXT COUNT
    awk -v text="$1" -v count="$2" 'BEGIN { while (count-- > 0) printf "%s", text }'
}
model() { # BODY...: a model around what is printed
    printf 'model m(x: [4]) { x -> '
    "$@"
    printf ' }\n'
}

head -c $((17 << 20)) /dev/zero | tr '\0' '#' >large.nn
refused E0005 large.nn
{ printf 'param n = ' && repeat '(' 300 && printf 1 && repeat ')' 300; } >nested.nn
refused E0006 nested.nn
{ printf 'param n = ' && repeat '(' 1000000; } >deep.nn
refused E00 deep.nn
{ printf 'param ' && repeat a 300 && printf ' = 1\n'; } >name.nn
refused E0 name.nn
model echo 'dense(4) * 1000000' >layers.nn
refused E0 layers.nn
model echo 'dense(2147483648)' >wide.nn
refused E0 wide.nn
model echo 'dense(99999999999999999999)' >wider.nn
refused E0 wider.nn
model echo 'dense(0)' >zero.nn
refused E0202 zero.nn
model echo 'dense(-1)' >negative.nn
refused E0202 negative.nn
echo 'dataset d = moons(16777217)' >points.nn
refused E0202 points.nn
echo 'model m(x: [65536, 65536, 65536, 65536]) { x -> flatten }' >product.nn
refused E0 product.nn
printf 'model m(x: [4]) { x -> dense(\0004) }\n' >nul.nn
refused E0001 nul.nn
printf '# caf\303\251\n\303\050 model' >utf8.nn
refused E0 utf8.nn
: >empty.nn
expect 0 "$nnc" check empty.nn
{
    echo 'model m(x: [4]) {'
    echo '    a0 = x -> dense(4)'
    for i in $(seq 8000); do echo "    a$i = a$((i - 1)) -> if 1 == 1 { relu } else { tanh }"; done
    echo '    a8000 -> dense(1)'
    echo '}'
} >branches.nn
memory=2000000 # kB; AddressSanitizer's shadow takes more than any machine has
ldd "$nnc" | grep -q libasan && memory=unlimited
(ulimit -v $memory && expect 0 "$nnc" check branches.nn) || exit 1
refused E0007 missing.nn
refused E0007 home
printf '\357\273\277model m(x: [4]) {\r\n    x -> dense(4)\r\n}\r\n' >windows.nn
expect 0 "$nnc" check windows.nn
