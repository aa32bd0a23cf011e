#!/usr/bin/env bash
# `weighted_metrics` beside `metrics`, under Keras's names and with its values: of training, where
# classes have weights, too, of the validation part and of an evaluation, with one worker and several.
# The files are made by tests/fixtures/make_keras_weighted_metrics.py.
. "$(dirname "$0")/common/begin.sh"
cp -r "$root"/tests/fixtures/weighted/. .

near() {
    [ -n "$2" ] || fail "$1 is not reported"
    awk -v a="$2" -v b="$3" 'BEGIN { d = a - b; if (d < 0) d = -d; m = b < 0 ? -b : b
        exit !(d <= 2e-6 * (m > 1 ? m : 1)) }' || fail "$1: $2 instead of $3"
}

# Values of training and validation, then those of the test part.
compare() {
    local name value
    while read -r name value; do
        case $name in
        test_*) ;;
        *) near "$1: $name" "$(number "$name")" "$value" ;;
        esac
    done <"$1.keras"
    expect 0 ./"$1" evaluate --weights "$1.safetensors" --json
    while read -r name value; do
        case $name in
        test_*) near "$1: $name" "$(number "${name#test_}")" "$value" ;;
        esac
    done <"$1.keras"
}

for name in binary classes numbers; do
    build $name.nn
    for threads in 1 3; do
        expect 0 ./$name fit --weights $name.safetensors --save fitted.safetensors --no-shuffle --json \
            --progress=none --threads $threads
        compare $name
    done
done
