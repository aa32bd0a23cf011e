#!/usr/bin/env bash
# Passes and generator ask an operator's row what it is (OpDef: class, leaf, contraction ..) and never what it is called:
# no name of an operator is compared there. Rules of simplify.c are about single operators, and may.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
names=$(grep -rhoE '(schema = \{|IDENTITY\(|PLACE\()"[a-z0-9_]+"' "$root/compiler/op" | grep -oE '"[a-z0-9_]+"' | paste -sd'|')
[ "$(tr '|' '\n' <<< "$names" | wc -l)" -gt 50 ] || { echo "the rows of compiler/op are not found"; exit 1; }
asks='node_is\(|op_find\(|strcmp\(|schema\.name (==|!=)'
found=$(grep -rnE "$asks" "$root/compiler/pass" "$root/compiler/gen" --include='*.[ch]' |
    grep -E "node_is\(|op_find\(|schema\.name|$names" | grep -v 'pass/graph/simplify\.c:')
# Only operators themselves, and simplify and update, which are formulas, make nodes by name.
makes='graph_(call|unary|binary|args|generate)\('
found+=$(grep -rnE "$makes" "$root/compiler/pass/group" "$root/compiler/gen" --include='*.[ch]')
[ -z "$found" ] && exit 0
echo "what is asked by name belongs into a field of the row (compiler/op/op.h):"
echo "${found//"$root/"/}"
exit 1
