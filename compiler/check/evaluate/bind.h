// Binding: from the written arguments of a call to the checked values of a Schema's rows.
// Positional arguments come first, then bare words (each goes to the one argument whose choices
// contain it), then named ones.
#ifndef NNC_CHECK_BIND_H
#define NNC_CHECK_BIND_H

#include "value.h"

struct Checker;

// How a call was bound, for `nnc expand`.
typedef struct Bound {
    struct Bound *next; // again, in another use: that of a block, of one loss for several outputs
    const Args *args;
    const Ast *const *given; // by row: what was written for it; NULL: its default
    AstList options;         // named arguments of the block among the arguments
    const Ast *own[2];       // `name = ..` and `frozen = ..` of a layer; NULL: none
    int first;               // the call's arguments before this one are tensors
} Bound;

// The arguments of `call` (AST_CALL, or AST_NAME for none) from `first` on. Every mistake is
// reported; *ok turns false then, and the values concerned keep their defaults. Where *ok is false
// before, a missing argument is not reported.
const Args *bind_call(struct Checker *c, Scope *scope, const Schema *schema, const Ast *call,
                      int first, bool *ok);

// One value for the argument `def` of `callee`. False: reported.
bool bind_value(struct Checker *c, Scope *scope, const ArgDef *def, const char *callee,
                const Ast *expression, ArgValue *value);

// `frozen = ..`, the only argument that models and shared layers in use take. False: another one.
bool bind_frozen(struct Checker *c, Scope *scope, const Ast *call, int first, bool *is_frozen);

// Reports an argument (or an entry of `train`, as `noun` says) that `args` does not have: E0107 if
// it is Keras's name for one (the row is returned), E0103 otherwise (NULL).
const ArgDef *bind_unknown(struct Checker *c, const ArgDef *args, const char *callee,
                           const char *noun, const Ast *assign);

// "at least 0 and below 1"
const char *bind_range_text(Arena *arena, const ArgDef *def);

#endif
