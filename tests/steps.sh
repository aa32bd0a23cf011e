#!/usr/bin/env bash
# Compares compiled programs with Keras, step by step: builds every program of one group of
# fixtures/steps, trains it from the same weights in the data's order, and compares the losses.
#
#   steps.sh GROUP [NAME]    the programs of a group, or the one of that name
#
# STEPS_FOLDER names another folder than fixtures/steps. VERBOSE=1 prints the largest differences.
. "$(dirname "${BASH_SOURCE[0]}")/run/common/begin.sh"

steps=${STEPS_FOLDER:-$root/tests/fixtures/steps}
group=${1:?usage: steps.sh GROUP [NAME]}
only=${2:-*}
failures=0

# Both files hold lines `step,loss`. The first loss may differ by 1e-5 of it, the later ones, where
# rounding has been multiplied by training, by 1e-3. A loss near zero is compared with 1e-3 of the
# first one's size: there the difference of two numbers is all rounding.
compare() { # KERAS NNC
    awk -F, -v name="$(basename "$1" .losses)" -v verbose="${VERBOSE:-0}" '
        function size(x) { return x < 0 ? -x : x }
        !/^[0-9]+,/ { next }
        FNR == NR { wanted[$1] = $2; count++; next }
        {
            seen++
            floor = size(wanted[1]) * 1e-3
            scale = size(wanted[$1]) > floor ? size(wanted[$1]) : floor
            difference = size($2 - wanted[$1]) / scale
            if (difference > largest) largest = difference
            if (FNR == 2) first = difference
            is_close = $2 ~ /^-?[0-9]/ && difference <= (seen == 1 ? 1e-5 : 1e-3)
            if (!is_close && !bad++)
                printf "%s: step %d: loss %s, Keras has %s (relative difference %.2g)\n",
                       name, $1, $2, wanted[$1], difference
        }
        END {
            if (seen != count || count < 40) {
                printf "%s: %d losses, Keras has %d\n", name, seen, count
                bad++
            }
            if (verbose) printf "%-50s first %.1e largest %.1e\n", name, first, largest
            exit bad > 0
        }' "$1" "$2"
}

run_case() { # SOURCE
    local expected=${1%.nn}.losses
    [ -e "$expected" ] || fail "$1 has no losses: run tests/fixtures/make_keras_steps.py"
    weights=$steps/weights/$(sed -n 's/^weights //p' "$expected").safetensors
    build "$1" program
    count=$(grep -c '^[0-9]*,' "$expected")
    expect 0 ./program fit --weights "$weights" --no-shuffle --steps "$count" --epochs "$count" \
        --seed 1 --step-log log.csv --save after.safetensors --progress none
    compare "$expected" log.csv || failures=$((failures + 1))
    grep '^[a-z0-9_]*/' "$expected" >wanted.weights && compare_weights "$(basename "$1" .nn)"
    wanted=$(sed -n 's/^evaluate //p' "$expected")
    [ -z "$wanted" ] || compare_evaluation "$(basename "$1" .nn)" "$wanted"
    compare_metrics "$(basename "$1" .nn)" "$expected"
}

# The moving statistics of every normalization, or all weights: 1e-3 of the tensor's largest number, as
# losses.
compare_weights() { # NAME
    local name values
    while read -r name values; do
        printf '%s\n%s\n' "$values" "$(tensor after.safetensors "$name")" | awk -v name="$1: $name" \
            -v verbose="${VERBOSE:-0}" '
            function size(x) { return x < 0 ? -x : x }
            NR == 1 { count = split($0, wanted) }
            NR == 2 {
                for (i = 1; i <= count; i++) {
                    if (size(wanted[i]) > scale) scale = size(wanted[i])
                    if (size($i - wanted[i]) > largest) largest = size($i - wanted[i])
                }
                if (verbose) printf "%-50s %.1e\n", name, largest / scale
                if (NF != count || !(largest <= 1e-3 * scale)) {
                    printf "%s: %d numbers, Keras has %d; relative difference %.2g\n",
                           name, NF, count, largest / scale
                    exit 1
                }
            }' || failures=$((failures + 1))
    done <wanted.weights
}

# What the trained network makes of the data, with the moving statistics of its normalizations.
compare_evaluation() { # NAME WANTED
    expect 0 ./program evaluate --weights after.safetensors --json
    awk -v name="$1" -v wanted="$2" -v verbose="${VERBOSE:-0}" '
        match($0, /"loss": *[-+0-9.e]+/) {
            seen = substr($0, RSTART, RLENGTH)
            sub(/.*: */, "", seen)
        }
        END {
            difference = (seen - wanted) / wanted
            if (difference < 0) difference = -difference
            if (verbose) printf "%-50s evaluated %.1e\n", name, difference
            if (seen == "" || difference > 1e-3) {
                printf "%s: evaluates to %s, Keras to %s\n", name, seen, wanted
                exit 1
            }
        }' out || failures=$((failures + 1))
}

# The metrics of that evaluation. One place of a thousand may be taken for another class.
compare_metrics() { # NAME EXPECTED
    local metric wanted
    while read -r _ metric wanted; do
        awk -v name="$1: $metric" -v wanted="$wanted" -v seen="$(number "$metric")" '
            BEGIN {
                difference = seen - wanted
                if (seen != "" && difference < 2e-3 && difference > -2e-3) exit 0
                printf "%s is %s, Keras has %s\n", name, seen, wanted
                exit 1
            }' || failures=$((failures + 1))
    done < <(grep '^metric ' "$2")
}

found=0
for source in "$steps/$group"/$only.nn; do
    [ -e "$source" ] || fail "no program $only in $steps/$group"
    found=$((found + 1))
    run_case "$source"
done
for expected in "$steps/$group"/*.losses; do
    [ -e "${expected%.losses}.nn" ] || fail "$expected has no program"
done
[ $failures = 0 ] || fail "$failures of $found programs differ from Keras"
