// All operator rows, family by family, and what other names mean where an argument asks for a
// callable. A new family is one line here and one in op.h.
#include "op.h"
#include "training.h"

#include <string.h>

static const OpDef *const families[] = {
    op_leaf,   op_elementwise, op_matmul,      op_convolve,   op_pool,      op_place,
    op_reduce, op_reshape,     op_dense,       op_conv,       op_pooling,   op_norm,
    op_merge,  op_resize,      op_reduction,   op_activation, op_dropout,   op_loss,
    op_effect, op_learned,     op_interpolate, op_moments,    op_generator, op_derivative,
};

enum { FAMILY_COUNT = sizeof families / sizeof *families };

const OpDef *op_at(int index) {
    for (int i = 0; i < FAMILY_COUNT; i++)
        for (const OpDef *op = families[i]; op->schema.name; op++)
            if (index-- == 0) return op;
    return NULL;
}

int op_count(void) {
    int count = 0;
    for (int i = 0; i < FAMILY_COUNT; i++)
        for (const OpDef *op = families[i]; op->schema.name; op++) count++;
    return count;
}

static bool is_named(const OpDef *op, const char *name) {
    return strcmp(op->schema.name, name) == 0 ||
           (op->former_name && strcmp(op->former_name, name) == 0);
}

const OpDef *op_find(const char *name) {
    for (int i = 0; i < FAMILY_COUNT; i++)
        for (const OpDef *op = families[i]; op->schema.name; op++)
            if (is_named(op, name)) return op;
    return NULL;
}

const Schema *schema_callee(ArgType type, const char *name) {
    const OpDef *op;
    const RegularizerDef *regularizer;
    const ConstraintDef *constraint;
    switch (type) {
    case ARG_ACTIVATION: op = op_find(name); return op && op->is_activation ? &op->schema : NULL;
    case ARG_INITIALIZER: return initializer_find(name);
    case ARG_REGULARIZER:
        regularizer = regularizer_find(name);
        return regularizer ? &regularizer->schema : NULL;
    case ARG_CONSTRAINT:
        constraint = constraint_find(name);
        return constraint ? &constraint->schema : NULL;
    case ARG_RATE: return schedule_find(name);
    default: return NULL;
    }
}
