#!/usr/bin/env bash
# What the documents show is true: programs (blocks of ```nn) pass `nnc check`, and in the pages of
# diagnostics what is called wrong gives that diagnostic and what is called right gives none. A word
# of the language that changes and is left standing in a document would show.
. "$(dirname "$0")/common/begin.sh"
mkdir parts
echo 'block piece(x) { x -> dense(8) }' >parts/blocks.nn # what docs/language.md imports
cp "$root/tests/data/flats.csv" "$root/tests/data/prices.csv" .  # what pages of diagnostics read

# The blocks of $1 go to PREFIX-<n>-<the last of "Wrong" and "Right" before it>.nn.
extract() {
    awk -v prefix="$2" '
        /^(Wrong|Right)[^`]*:$/ { kind = substr($0, 1, 5) }
        /^```$/ { open = 0 }
        open { print >name }
        /^```nn$/ { open = 1; name = prefix "-" ++count "-" kind ".nn" }' "$1"
}

programs=0
for document in README.md docs/language.md library/README.md; do
    extract "$root/$document" "$(basename "$(dirname "$document")")-$(basename "$document" .md)"
done
for program in *.nn; do
    expect 0 "$nnc" check "$program"
    programs=$((programs + 1))
done
[ $programs -ge 13 ] || fail "only $programs programs were found"
rm ./*.nn

for page in "$root"/docs/errors/*.md; do extract "$page" "$(basename "$page" .md)"; done
for program in *-Wrong.nn; do
    code=${program%%-*}
    case $code in
    E0306) command=summary ;; # what needs a model says that there is none
    E0401) command=build ;;   # what needs the data says that they are missing
    *) command=check ;;
    esac
    "$nnc" $command "$program" >out 2>&1
    says "[$code]"
done
for program in *-Right.nn; do
    "$nnc" check "$program" >out 2>&1
    if grep -oE '\[[EW][0-9]{4}\]' out | grep -v -e W0101 -e W0401 >err; then
        fail "$program is not right"
    fi
done
