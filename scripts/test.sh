#!/usr/bin/env bash
# Sets up (scripts/setup.sh) and passes the tests.
#
#   scripts/test.sh [PRESET...]      presets of CMakePresets.json; release unless said
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- release

packages=()
for preset; do
    case $preset in
    asan) packages+=(libasan8 libubsan1) ;;
    clang) packages+=(clang clang-format-19) ;;
    esac
done
scripts/setup.sh "${packages[@]}"

for preset; do
    echo "== $preset"
    cmake --preset "$preset" >/dev/null
    cmake --build --preset "$preset" -j "$(nproc)"
    ctest --preset "$preset" -j "$(nproc)"
done
