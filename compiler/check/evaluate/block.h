// Blocks: what their parameters stand for, and their bodies unfolded where they are used.
#ifndef NNC_CHECK_BLOCK_H
#define NNC_CHECK_BLOCK_H

#include "layer.h"

// A block as what another layer repeats, with options that stand behind its name or among the
// layer's arguments: `recur(cell(gain = 2), 128)`, `recur(cell, 128, gain = 2)`.
typedef struct Cell {
    const Ast *declaration;
    const Ast *call; // its name, or with options; in `scope`
    Scope *scope;
    AstList options; // the layer's, in `options_scope`
    Scope *options_scope;
} Cell;

// The value of a block that is fed with values and options.
const Value *block_apply(Checker *c, Scope *scope, const Ast *declaration, const Application *call);

// The same in steps: may it be unfolded here?
bool block_is_usable(Checker *c, const Ast *declaration, const Ast *call);
// Evaluates `arguments` from `first` on; positional ones stand for the parameters from `next` on.
// `values` are by parameter, NULL: none yet.
bool block_bind(Checker *c, Scope *scope, const Ast *declaration, const AstList *arguments,
                int first, int next, const Value **values);
int block_parameter(const Ast *declaration, const char *name); // -1: it has none of that name
// The value of its body; parameters without a value have their defaults.
const Value *block_unfold(Checker *c, const Ast *declaration, const Value *const *values,
                          const Ast *call);

#endif
