# Sourced first by every end-to-end test: an empty working folder, and words to say what is expected.
#
#   expect STATUS COMMAND...   runs it (output in ./out and ./err) and fails on another exit status
#   says TEXT                  fails unless the last command's ./out or ./err holds TEXT
#   one_message                fails unless ./err holds exactly one message: some lines, one "error"
#   number NAME                the first number that the last command's JSON gives for NAME
#   between LOW VALUE HIGH     fails unless LOW <= VALUE <= HIGH
#   tensor FILE NAME           the numbers of one tensor of a .safetensors file, in one line
#   absent FILE...             fails for a file that exists
#   build FILE.nn [EXE]        compiles one of examples/ or of this folder to ./EXE
#   until_true COMMAND...      asks every hundredth of a second, for at most a minute, and fails then
#   has_worked PROCESS N       whether it has computed for N hundredths of a second: busy machines make no difference
#   fail TEXT                  says why and ends the test
#   faults_library             makes ./faults.so, to be preloaded (tests/faults/README.md), or ends the test as skipped
#   skip TEXT                  says why and ends the test as skipped
#   needs_fashion_mnist        ends the test as skipped where the data are not installed
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
nnc=${NNC:-$root/build/nnc}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir home
export HOME=$work/home XDG_CACHE_HOME=$work/home TMPDIR=$work LC_ALL=C NO_COLOR=1
unset NNC_DATA

fail() {
    echo "$(basename "$0"): $*" >&2
    for stream in out err; do
        [ -s "$work/$stream" ] && { echo "-- $stream:"; head -c 3000 "$work/$stream"; } >&2
    done
    exit 1
}

expect() {
    local wanted=$1 status
    shift
    timeout 250 "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    [ $status = "$wanted" ] || fail "status $status instead of $wanted: $*"
}

says() {
    grep -qF -e "$1" "$work/out" "$work/err" || fail "does not say '$1'"
}

one_message() {
    [ "$(grep -c 'error' "$work/err")" = 1 ] || fail "is not one message"
    [ "$(wc -l <"$work/err")" -le 12 ] || fail "is a long message"
}

number() {
    grep -o "\"$1\": *-\{0,1\}[0-9][0-9.eE+-]*" "$work/out" | head -n 1 | sed 's/.*: *//'
}

between() {
    awk -v low="$1" -v value="$2" -v high="$3" \
        'BEGIN { exit !(value != "" && value >= low && value <= high) }' ||
        fail "'$2' is not between $1 and $3"
}

# 8 bytes that give the length of the header, the header, then the tensors.
tensor() {
    local header first last
    header=$(od -An -t u8 -N 8 "$1")
    read -r first last < <(head -c $((header + 8)) "$1" | tail -c +9 |
        grep -ao "\"$2\": *{[^}]*}" | grep -o '\[[0-9]*, *[0-9]*\]' | tail -n 1 | tr -s '[],' ' ')
    od -An -v -w4 -t f4 -j $((header + 8 + first)) -N $((last - first)) "$1" | tr -d '\n'
}

absent() {
    local file
    for file; do
        [ ! -e "$file" ] || fail "$file was left behind"
    done
}

build() {
    local source=$1 executable=${2:-$(basename "$1" .nn)}
    [ -e "$source" ] || source=$root/examples/$1
    expect 0 "$nnc" build "$source" -o "$executable"
}

until_true() {
    local k
    for ((k = 0; k < 6000; k++)); do
        "$@" && return
        sleep 0.01
    done
    fail "in a minute not true: $*"
}

has_worked() {
    [ "$(awk '{ print $14 + $15 }' "/proc/$1/stat")" -ge "$2" ]
}

faults_library() {
    command -v python3 >/dev/null || skip "python3 is not installed"
    ldd "$nnc" | grep -q libasan && skip "a sanitizer has an allocator of its own"
    [ "$(uname -m)" = x86_64 ] || skip "the library knows the system calls of x86-64 alone"
    cc -shared -fPIC -O2 -o faults.so "$root"/tests/faults/*.c 2>err || fail "tests/faults cannot be compiled"
    env FAULTS_KIND=EIO LD_PRELOAD="$work/faults.so" true
    [ $? = 77 ] && skip "the system allows no filter of system calls"
    return 0
}

skip() {
    echo "skipped: $1"
    exit 77
}

needs_fashion_mnist() {
    [ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] ||
        skip "Debian's package dataset-fashion-mnist is not installed"
}
