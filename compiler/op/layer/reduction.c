// Reductions as functions and layers (keras.ops.sum and its like): over the dimensions in `axis`,
// or over all of them, within each sample.
#include "layer.h"

// The dimensions that are reduced.
static bool read_axes(Graph *graph, Node *node, bool *axes) {
    const ArgValue *value = args_get(node->args, "axis");
    for (int i = 0; !value->is_set && i < node->inputs[0]->type.rank; i++) axes[i] = true;
    for (int i = 0; i < value->count; i++) {
        int axis;
        if (!layer_axis(graph, node, value->numbers[i], &axis)) return false;
        axes[axis] = true;
    }
    return true;
}

static bool reduce_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    bool axes[SHAPE_MAX_RANK] = {false}, keeps = args_bool(node->args, "keep");
    if (!read_axes(graph, node, axes)) return false;
    node->type = (Type){.dtype = DTYPE_F32, .batched = x->batched};
    for (int i = 0; i < x->rank; i++)
        if (!axes[i] || keeps) node->type.dims[node->type.rank++] = axes[i] ? 1 : x->dims[i];
    return true;
}

// Reduces `x`, which is of the type of the layer's input, to the layer's type.
static Node *reduce(Graph *graph, Node *node, Node *x, ReduceKind kind) {
    bool axes[SHAPE_MAX_RANK] = {false};
    read_axes(graph, node, axes);
    for (int i = 0; i < node->inputs[0]->type.rank; i++)
        if (axes[i] && x->type.dims[i] > 1) x = op_reduce_axis(graph, x, i, kind);
    return graph_reshape(graph, x, node->type.rank, node->type.dims);
}

static Node *sum_expand(Graph *graph, Node *node) {
    return reduce(graph, node, node->inputs[0], REDUCE_SUM);
}

static Node *mean_expand(Graph *graph, Node *node) {
    double count =
        (double)type_elements(&node->inputs[0]->type) / (double)type_elements(&node->type);
    return graph_scale(graph, sum_expand(graph, node), 1 / count);
}

static Node *max_expand(Graph *graph, Node *node) {
    return reduce(graph, node, node->inputs[0], REDUCE_MAX);
}

static Node *min_expand(Graph *graph, Node *node) {
    Node *negated = graph_unary(graph, "negate", node->inputs[0]);
    return graph_unary(graph, "negate", reduce(graph, node, negated, REDUCE_MAX));
}

static const ArgDef reduce_args[] = {
    {.name = "axis",
     .type = ARG_INTS,
     .default_text = "none",
     .minimum = -SHAPE_MAX_RANK,
     .maximum = SHAPE_MAX_RANK,
     .by_name = true, // `max(x, 0)` would be taken for the larger of two
     .doc = "dimensions reduced: from 1 (0 is the batch), or from the end; none: all"},
    {.name = "keep",
     .short_name = "keepdims",
     .type = ARG_BOOL,
     .default_text = "false",
     .doc = "keep the reduced dimensions as 1"},
    {0},
};

#define REDUCTION(name_, doc_)                                                                     \
    .schema = {#name_, doc_, reduce_args, NULL}, .former_name = "reduce_" #name_, .surface = true, \
    .min_inputs = 1, .max_inputs = 1, .fuse = FUSE_COMPOSITE, .shape = reduce_shape,               \
    .expand = name_##_expand

const OpDef op_reduction[] = {
    {REDUCTION(sum, "sums over dimensions")},
    {REDUCTION(mean, "takes the mean over dimensions")},
    {REDUCTION(max, "takes the largest number over dimensions"), .of_several = "maximum"},
    {REDUCTION(min, "takes the smallest number over dimensions"), .of_several = "minimum"},
    {.schema = {0}},
};
