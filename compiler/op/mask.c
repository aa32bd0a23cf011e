// Masks: which steps of a sequence count. The mask of a value [steps, ..] is a value [steps] of
// whole numbers, 1 where the step counts and 0 where it is padding, as Keras's `_keras_mask`. It is
// a fact of the layers' graph: each row says what it does with the masks of its inputs
// (OpDef.mask), and a layer that reads one has it among its inputs, so that nothing behind pass
// expand knows of masks.
#include "op.h"

bool op_mask_fits(const Type *value, const Type *mask) {
    return value->batched && value->rank > 0 && value->dims[0] == mask->dims[0];
}

Node *op_mask_same(Graph *graph, Node *node) {
    Node *mask = node->inputs[0]->mask;
    (void)graph;
    return mask && op_mask_fits(&node->type, &mask->type) ? mask : NULL;
}

// Keras's default of merging layers: a step counts where it does in one of the values; without a
// mask of one there is none.
Node *op_mask_of_any(Graph *graph, Node *const *inputs, int count) {
    Node *joined = NULL;
    for (int i = 0; i < count; i++) {
        Node *mask = inputs[i]->mask;
        if (!mask) return NULL;
        bool is_same = !joined || joined == mask;
        joined = is_same ? mask : graph_binary(graph, "maximum", joined, mask);
    }
    return joined;
}

// Inputs that have no steps, because they are the same for all of them, do not matter.
Node *op_mask_elementwise(Graph *graph, Node *node) {
    Node **inputs = ARENA_ARRAY(graph->arena, Node *, node->input_count + 1);
    int count = 0;
    for (int i = 0; i < node->input_count; i++) {
        const Type *type = &node->inputs[i]->type;
        bool has_steps = type->batched && type->rank == node->type.rank && type->rank > 0 &&
                         (type->dims[0] > 1 || node->type.dims[0] == 1);
        if (has_steps) inputs[count++] = node->inputs[i];
    }
    Node *mask = op_mask_of_any(graph, inputs, count);
    return mask && op_mask_fits(&node->type, &mask->type) ? mask : NULL;
}

void op_take_mask(Graph *graph, Node *node, Node *mask) {
    op_append_input(graph, node, mask);
    node->mask_count++;
}

Node *op_taken_mask(const Node *node) {
    return node->mask_count ? node->inputs[node->input_count - node->mask_count] : NULL;
}

Node *op_mask_as(Graph *graph, Node *mask, int rank) {
    int64_t dims[SHAPE_MAX_RANK] = {mask->type.dims[0]};
    for (int i = 1; i < rank; i++) dims[i] = 1;
    return rank == 1 ? mask : graph_reshape(graph, mask, rank, dims);
}

Node *op_where_counts(Graph *graph, Node *mask, Node *x) {
    Node *inputs[] = {op_mask_as(graph, mask, x->type.rank), x, graph_constant(graph, 0)};
    return graph_call(graph, "where", inputs, 3, NULL);
}
