// masking: steps whose every number is `value` are padding, as Keras's Masking
// (keras/src/layers/core/masking.py). They become zeros.
#include "../layer/layer.h"

static bool masking_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    if (x->rank == 2 && x->batched) return op_shape_same(graph, node);
    op_shape_error(graph, node,
                   "masking finds steps of a sequence [steps, values], but this "
                   "value is %s",
                   shape_text(graph->arena, x));
    op_shape_label(graph, "has no steps to mask");
    if (x->rank == 1)
        op_shape_help(graph, "`-> reshape(%lld, 1)` makes %lld steps of one number each",
                      (long long)x->dims[0], (long long)x->dims[0]);
    return false;
}

static Node *masking_mask(Graph *graph, Node *node) {
    Node *x = node->inputs[0];
    Node *value = graph_constant(graph, args_number(node->args, "value"));
    Node *is_padding = graph_binary(graph, "equal", x, value);
    Node *counts = graph_binary(graph, "equal", is_padding, graph_constant(graph, 0));
    Node *mask = graph_unary(graph, "row_max", counts);
    mask = graph_reshape(graph, mask, 1, x->type.dims);
    op_take_mask(graph, node, mask);
    return mask;
}

static Node *masking_expand(Graph *graph, Node *node) {
    return op_where_counts(graph, op_taken_mask(node), node->inputs[0]);
}

static const ArgDef masking_args[] = {
    {.name = "value",
     .type = ARG_FLOAT,
     .default_text = "0",
     .minimum = -3.4e38,
     .maximum = 3.4e38,
     .keras_name = "mask_value",
     .doc = "what all numbers of a step are that does not count"},
    {0},
};

const OpDef op_masking[] = {
    {.schema = {"masking", "leaves steps out that are filled with one number", masking_args,
                "Masking"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = masking_shape,
     .mask = masking_mask,
     .makes_mask = true,
     .expand = masking_expand},
    {.schema = {0}},
};
