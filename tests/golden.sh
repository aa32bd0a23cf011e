#!/usr/bin/env bash
# Compares what nnc prints with the committed expectations: golden/<stage>/X.nn with X.out.
#
#   tests/golden.sh [FILTER]           compares; all files, or those whose stage/X.nn holds FILTER
#   tests/golden.sh --bless [FILTER]   rewrites the expectations (refused where CI is set)
#   tests/golden.sh --orphans          fails when an expectation has no source
#
# The first lines of a source may say `# args: WORDS` (options for nnc; in the stage `cli` the whole
# command line) and `# status: N` (the exit status; 0 unless said). In the words, FILE stands for
# the source and SCRATCH for a folder that is removed afterwards. NNC chooses the compiler.
set -u
here=$(cd "$(dirname "$0")" && pwd)
nnc=${NNC:-$here/../build/nnc}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

# Only what the repository ships decides the output, not the user's folders or terminal.
export NNC_DATA=$here/data HOME=$scratch XDG_CACHE_HOME=$scratch TMPDIR=$scratch LC_ALL=C NO_COLOR=1

# The value of a `# key: value` line in the leading comments of a source.
header() {
    sed -n -e "s/^# $1: *//p" -e '/^[^#]/q' "$2" | head -n 1
}

# The command line of a source, in the array `words`.
command_line() {
    local stage=$1 source=$2 args index
    args=$(header args "$source")
    case $stage in
    cli) read -ra words <<<"$args" ;;
    tokens | ast | graph | shapes | grad) read -ra words <<<"--emit=$stage $args FILE" ;;
    fused | plan | effort | ways | llvm) read -ra words <<<"--emit=$stage --cpu=x86-64-v3 $args FILE" ;;
    summary) read -ra words <<<"summary --cpu=x86-64-v3 $args FILE" ;;
    cost) read -ra words <<<"cost --no-forecast --cpu=x86-64-v3 $args FILE" ;;
    data) read -ra words <<<"data ${args:-FILE}" ;;
    *) read -ra words <<<"$stage $args FILE" ;;
    esac
    for index in "${!words[@]}"; do
        words[index]=${words[index]//SCRATCH/$scratch}
        [ "${words[index]}" = FILE ] && words[index]=$(basename "$source")
    done
}

# Standard output, then standard error, then the status unless it is the expected one.
produce() {
    local source=$1 expected status
    command_line "$(basename "$(dirname "$source")")" "$source"
    (cd "$(dirname "$source")" && timeout 30 "$nnc" "${words[@]}") \
        >"$scratch/out" 2>"$scratch/err" </dev/null
    status=$?
    expected=$(header status "$source")
    cat "$scratch/out" "$scratch/err" | sed -e "s|$scratch|SCRATCH|g" -e "s|$here|TESTS|g" \
        -e "s|${here%/*}/library|LIBRARY|g" \
        -e 's|\[[0-9]* x i8\] c"TESTS|[LENGTH x i8] c"TESTS|'
    [ "$status" = "${expected:-0}" ] || echo "status $status instead of ${expected:-0}"
}

orphans() {
    local expectation found=0
    for expectation in "$here"/golden/*/*.out; do
        [ -e "$expectation" ] || continue
        [ -e "${expectation%.out}.nn" ] && continue
        echo "no source for ${expectation#"$here/"}: remove it, or add ${expectation%.out}.nn"
        found=1
    done
    return $found
}

check_one() {
    local source=$1 expectation=${1%.nn}.out name
    name=${source#"$here/golden/"}
    produce "$source" >"$scratch/actual"
    if [ ! -e "$expectation" ]; then
        echo "golden/$name has no expectation; nnc prints:"
        cat "$scratch/actual"
    elif diff -u --label expected --label actual "$expectation" "$scratch/actual"; then
        return 0
    fi
    echo "If the new output is right: tests/golden.sh --bless $name"
    return 1
}

bless_one() {
    produce "$1" >"$scratch/actual"
    cmp -s "$scratch/actual" "${1%.nn}.out" && return 0
    cp "$scratch/actual" "${1%.nn}.out"
    echo "blessed ${1#"$here/"}"
    ! grep -q '^status [0-9]* instead of' "$scratch/actual"
}

action=check_one
case ${1:-} in
--orphans)
    orphans
    exit
    ;;
--bless)
    if [ -n "${CI:-}" ]; then
        echo "golden.sh: expectations are not rewritten where CI is set" >&2
        exit 2
    fi
    action=bless_one
    shift
    ;;
-*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
if [ ! -x "$nnc" ]; then
    echo "golden.sh: $nnc is not there: build first, or set NNC" >&2
    exit 2
fi

failed=0 count=0
for source in "$here"/golden/*/*.nn; do
    case ${source#"$here/golden/"} in *"${1:-}"*) ;; *) continue ;; esac
    count=$((count + 1))
    "$action" "$source" || failed=$((failed + 1))
done
if [ $count = 0 ]; then
    echo "golden.sh: no file of golden/ holds '${1:-}' in its name" >&2
    exit 2
fi
[ $count = 1 ] || echo "$count files, $failed failed"
[ $failed = 0 ]
