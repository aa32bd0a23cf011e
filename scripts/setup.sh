#!/usr/bin/env bash
# Installs what is missing of nnc's dependencies on Debian 12, then builds nnc in build/.
#
#   scripts/setup.sh [PACKAGE...]      PACKAGE: further packages to install
#
# A second call finds everything in place and takes a second or two.
set -eu
cd "$(dirname "$0")/.."

packages=(
    gcc libc6-dev make cmake                  # compiler and build
    flex bison                                # scanner and parser
    llvm-19-dev                               # code generation
    zlib1g-dev libdeflate-dev libjansson-dev  # gzip files, safetensors headers
    libminizip-dev                            # NumPy's archives
    libpng-dev libjpeg62-turbo-dev            # pictures
    libprotobuf-c-dev protobuf-c-compiler     # events for TensorBoard
    libopenblas-dev                           # large matrix products
    libcmocka-dev                             # unit tests
    dataset-fashion-mnist                     # the data of the first network and of the tests
    "$@"
)

installed() {
    dpkg-query -W -f='${Status} ${Package}\n' "${packages[@]}" 2>/dev/null |
        sed -n 's/^install ok installed //p'
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "setup.sh: to install packages, run it as root or install sudo" >&2
        return 1
    fi
}

missing=$(comm -23 <(printf '%s\n' "${packages[@]}" | sort) <(installed | sort))
if [ -n "$missing" ]; then
    echo "Installing:" $missing
    if ! command -v apt-get >/dev/null; then
        echo "setup.sh: there is no apt-get here: install the counterparts of these packages" >&2
        exit 1
    fi
    as_root apt-get update -q
    # shellcheck disable=SC2086 # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
fi

[ -f build/CMakeCache.txt ] || cmake -S . -B build
cmake --build build -j "$(nproc)" --target nnc
