#ifndef NNC_CHECK_LAYER_H
#define NNC_CHECK_LAYER_H

#include "../check.h"

// Something that is fed with values: `a, b -> concat(axis = 0)` or `concat(a, b, axis = 0)`.
typedef struct Application {
    const Ast *ast; // AST_CALL, or what stands there without arguments
    const Value *const *inputs;
    int count;
    int first;        // the first argument that is not an input
    bool is_doubtful; // an argument with an error may be a tensor or not
} Application;

// The value of `op` where it is applied; an error value after a message. In a graph that is built
// its layer and its node are appended; a dry check makes neither.
const Value *layer_apply(Checker *c, Scope *scope, const OpDef *op, const Application *call);

// The same for arguments that are bound and inputs that are tensors of samples.
const Value *layer_make(Checker *c, const OpDef *op, const Application *call, const Args *args);

// A recurrent layer around a block, in its arguments, in both directions. NULL: reported.
const Value *directions_apply(Checker *c, Layer *layer, const Application *call, const Args *args);

// The node of a recurrent layer around the block in its arguments; NULL: reported. `layer` is NULL
// in a step's own body.
Node *recur_node(Checker *c, const OpDef *op, Layer *layer, const Application *call,
                 const Args *args);

// Whether what stands at that place of a call, from 0, is one of its values, and no argument of
// another kind.
bool layer_takes_input(const OpDef *op, int place);

#endif
