// Learned tensors: `weight`, one on its own, and prelu, whose slope below zero is learned.
#include "layer.h"

#include <math.h>

// ---- weight: a parameter as a value. It is the same for all samples.

static bool weight_shape(Graph *graph, Node *node) {
    const ArgValue *value = args_get(node->args, "dims");
    int64_t dims[SHAPE_MAX_RANK];
    if (value->count > SHAPE_MAX_RANK)
        return op_shape_error(graph, node, "a weight has at most %d dimensions, not %d",
                              SHAPE_MAX_RANK, value->count);
    for (int i = 0; i < value->count; i++) dims[i] = (int64_t)value->numbers[i];
    node->type = type_make(DTYPE_F32, false, value->count, dims);
    return layer_check_initializer(graph, node, "initializer", value->count);
}

static void weight_parameters(Graph *graph, Node *node) {
    Parameter *parameter = weights_parameter(graph->weights, node->layer, "weight", node->type,
                                             args_get(node->args, "initializer"),
                                             args_get(node->args, "regularizer"), true);
    layer_constrain(graph, node, parameter, "constraint");
    op_append_input(graph, node, graph_parameter_node(graph, parameter));
}

static Node *weight_expand(Graph *graph, Node *node) {
    (void)graph;
    return node->inputs[0];
}

static const ArgDef weight_args[] = {
    {.name = "dims",
     .type = ARG_INTS,
     .minimum = 1,
     .maximum = INT32_MAX,
     .keras_name = "shape",
     .doc = "its shape, without the batch"},
    {.name = "initializer", .type = ARG_INITIALIZER, .doc = "how it starts"},
    LAYER_REGULARIZER("regularizer", "penalty on it, added to the loss"),
    LAYER_CONSTRAINT("constraint", "what it is kept to after each step"),
    {0},
};

// ---- prelu: max(x, 0) - alpha max(-x, 0). He et al. 2015, arXiv:1502.01852;
// keras/src/layers/activations/prelu.py.

static bool prelu_type(Graph *graph, Node *node, Type *type) {
    const ArgValue *shared = args_get(node->args, "shared_axes");
    const Type *x = &node->inputs[0]->type;
    *type = type_make(DTYPE_F32, false, x->rank, x->dims);
    for (int i = 0; shared->is_set && i < shared->count; i++) {
        int axis;
        if (!layer_axis(graph, node, shared->numbers[i], &axis)) return false;
        type->dims[axis] = 1;
    }
    return true;
}

static bool prelu_shape(Graph *graph, Node *node) {
    Type type;
    if (node->inputs[0]->type.rank < 1)
        return op_shape_error(graph, node, "prelu expects a vector, but this value is %s",
                              shape_text(graph->arena, &node->inputs[0]->type));
    return prelu_type(graph, node, &type) &&
           layer_check_initializer(graph, node, "alpha_initializer", type.rank) &&
           op_shape_same(graph, node);
}

static void prelu_parameters(Graph *graph, Node *node) {
    Type type;
    prelu_type(graph, node, &type);
    layer_add_weights(graph, node, "alpha", "alpha", type, true);
}

static Node *prelu_expand(Graph *graph, Node *node) {
    Node *x = node->inputs[0];
    Node *below = graph_unary(graph, "relu", graph_unary(graph, "negate", x));
    return graph_subtract(graph, graph_unary(graph, "relu", x),
                          graph_multiply(graph, node->inputs[1], below));
}

static const ArgDef prelu_args[] = {
    {.name = "shared_axes",
     .type = ARG_INTS,
     .default_text = "none",
     .minimum = -SHAPE_MAX_RANK,
     .maximum = SHAPE_MAX_RANK,
     .doc =
         "dimensions along which one slope is learned, counted as `axis` is: those of the places "
         "of pictures leave one a channel"},
    LAYER_INITIALIZER("alpha_initializer", "zeros", "how the slopes start"),
    LAYER_REGULARIZER("alpha_regularizer", "penalty on the slopes, added to the loss"),
    LAYER_CONSTRAINT("alpha_constraint", "what the slopes are kept to after each step"),
    {0},
};

const OpDef op_learned[] = {
    {.schema = {"weight", "is a learned tensor, the same for all samples", weight_args,
                "Parameter add_weight"},
     .surface = true,
     .fuse = FUSE_COMPOSITE,
     .shape = weight_shape,
     .parameters = weight_parameters,
     .expand = weight_expand},
    {.schema = {"prelu", "passes x above zero and a learned multiple below", prelu_args, "PReLU"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = prelu_shape,
     .parameters = prelu_parameters,
     .mask = op_mask_same,
     .expand = prelu_expand},
    {.schema = {0}},
};
