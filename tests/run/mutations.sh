#!/usr/bin/env bash
# Valid programs with random tokens and bytes changed: nnc accepts them or reports a diagnostic with
# a code, and neither crashes nor hangs. NNC_MUTATIONS says how many (a few hundred unless set).
. "$(dirname "$0")/common/begin.sh"

mkdir mutants
mutate='
function random(n) { return int(rand() * n) }
function token(text, at,   rest) { # its length at a place of the text
    rest = substr(text, at)
    if (match(rest, /^[A-Za-z_][A-Za-z_0-9]*/) || match(rest, /^[0-9.]+/) || match(rest, /^[ \n]+/)) return RLENGTH
    return substr(rest, 1, 2) == "->" ? 2 : 1
}
{ source = source $0 "\n" }
END {
    srand(seed)
    pool_size = split("-> { } ( ) [ ] , = * - / . 0 1 1e999 -3 4.5 \"text dense model train x relu if param #", pool, " ")
    for (at = 1; at <= length(source); at += size) {
        size = token(source, at)
        tokens[++count] = substr(source, at, size)
    }
    for (i = 0; i < number; i++) {
        for (j = 1; j <= count; j++) mutant[j] = tokens[j]
        for (k = random(3); k >= 0; k--) {
            j = 1 + random(count); action = random(6)
            if (action == 0) mutant[j] = ""
            if (action == 1) mutant[j] = mutant[j] " " mutant[j]
            if (action == 2) mutant[j] = pool[1 + random(pool_size)]
            if (action == 3) mutant[j] = mutant[1 + random(count)]
            if (action == 4) mutant[j] = mutant[j] sprintf("%c", 1 + random(255))
            if (action == 5) mutant[j] = pool[1 + random(pool_size)] " " mutant[j]
        }
        file = "mutants/" name "-" i ".nn"
        for (j = 1; j <= count; j++) printf "%s", mutant[j] >file
        close(file)
    }
}'

sources=("$root"/examples/*.nn)
each=$((${NNC_MUTATIONS:-400} / ${#sources[@]} + 1))
for source in "${sources[@]}"; do
    awk -v seed="${NNC_SEED:-1}" -v number=$each -v name="$(basename "$source" .nn)" "$mutate" "$source"
done
for mutant in mutants/*.nn; do
    timeout 10 "$nnc" check "$mutant" >out 2>err </dev/null
    status=$?
    if [ $status -gt 1 ] || { [ $status = 1 ] && ! grep -q 'error\[E[0-9]\{4\}\]' err; }; then
        cp "$mutant" "$(dirname "$nnc")/mutant.nn"
        fail "status $status for the program that is now $(dirname "$nnc")/mutant.nn"
    fi
done
