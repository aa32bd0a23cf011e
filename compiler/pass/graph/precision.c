// Products in bfloat16: those with weights, or of two activations, that are large enough to be
// worth it round both operands, and so will those that their gradients are made of.
#include "../pass.h"

#include "../../graph/scan.h"
#include "../../op/primitive/pairs.h"

enum { LEAST_SIDE = 32 }; // rows and columns of the weights: a square of AMX has as many pairs

// Of convolutions, transposed ones among them, it is known when kernels are laid out.
static bool is_worth(const Node *node) {
    ProductKind kind = op_product_kind(node);
    if (op_is_convolution(node)) return kind != PRODUCT_WEIGHTS;
    if (kind == PRODUCT_PAIRS) {
        Pairs pairs = pairs_of(node);
        return pairs_fit_bfloat16(&pairs);
    }
    if (!op_is_matrix_product(node) || op_is_table_product(node) ||
        (kind != PRODUCT_FORWARD && kind != PRODUCT_DATA))
        return false;
    const Node *weight = node->inputs[1];
    const Type *type = &weight->type;
    return weight->parameter && type->dims[0] >= LEAST_SIDE && type->dims[1] >= LEAST_SIDE;
}

// Rows of what products have made of a table: they stand for products of its rows, whose gradients
// round theirs.
static bool takes_products(const Node *node) {
    return node->op->takes_rows && node->inputs[1]->op->fuse != FUSE_LEAF &&
           node->inputs[1]->op->fuse != FUSE_MOVEMENT;
}

void pass_round_products(Graph *graph) {
    for (int i = 0; i < graph->nodes.count; i++) {
        Node *node = graph->nodes.items[i];
        if (node->scan) pass_round_products(node->scan->body);
        if (is_worth(node) || takes_products(node)) op_set_bfloat16(graph, node, true);
    }
}
