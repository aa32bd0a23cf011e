// All operator rows, table by table. A new table is one line here and one in op.h.
#include "op.h"

#include <string.h>

const OpDef *const op_tables[] = {
    op_leaf,      op_elementwise, op_matmul,      op_convolve,      op_pool,      op_place,
    op_reduce,    op_reshape,     op_dense,       op_conv,          op_pooling,   op_norm,
    op_merge,     op_resize,      op_reduction,   op_activation,    op_dropout,   op_loss,
    op_effect,    op_learned,     op_interpolate, op_moments,       op_generator, op_derivative,
    op_weighting, op_pairs,       op_embedding,   op_scan,          op_recurrent, op_attention,
    op_position,  op_masking,     op_result,      op_bidirectional, op_recur,     op_steps,
    op_encoding,  op_int8,        NULL,
};

static int row_count(const OpDef *rows) {
    int count = 0;
    while (rows[count].schema.name) count++;
    return count;
}

const OpDef *op_at(int index) {
    // Most ask for one after the other: it goes on from the table of the last answer.
    static _Thread_local int table, first; // of its rows
    if (index < 0) return NULL;
    if (index < first) table = first = 0;
    for (; op_tables[table]; table++) {
        int count = row_count(op_tables[table]);
        if (index < first + count) return &op_tables[table][index - first];
        first += count;
    }
    return NULL;
}

int op_count(void) {
    int count = 0;
    for (int i = 0; op_tables[i]; i++) count += row_count(op_tables[i]);
    return count;
}

static bool is_named(const OpDef *op, const char *name) {
    return strcmp(op->schema.name, name) == 0 ||
           (op->former_name && strcmp(op->former_name, name) == 0);
}

const OpDef *op_find(const char *name) {
    for (int i = 0; op_tables[i]; i++)
        for (const OpDef *op = op_tables[i]; op->schema.name; op++)
            if (is_named(op, name)) return op;
    return NULL;
}
