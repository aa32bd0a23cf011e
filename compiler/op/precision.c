// Products that round their operands to bfloat16.
#include "op.h"

#include <math.h>

bool op_is_in_bfloat16(const Node *node) {
    return op_product_kind(node) != PRODUCT_NONE && args_bool(node->args, "bfloat16");
}

bool op_rounds_rows(const Node *node) {
    return node->op->fuse == FUSE_SCATTER && args_bool(node->args, "bfloat16");
}

void op_set_bfloat16(Graph *graph, Node *node, bool is_rounded) {
    Args *args = args_default(graph->arena, &node->op->schema);
    args_copy_common(args, node->args);
    args_set_number(args, "bfloat16", is_rounded);
    node->args = args;
}

double op_round(double number) {
    union {
        float number;
        uint32_t bits;
    } word = {.number = (float)number};
    if (isnan(number)) return number;
    word.bits = (word.bits + 0x7fff + (word.bits >> 16 & 1)) & 0xffff0000;
    return word.number;
}
