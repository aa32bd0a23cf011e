// The fully connected layer: activation(x . kernel + bias) on the last dimension, as Keras's Dense
// (keras/src/layers/core/dense.py): kernel [in, units], bias [units].
#include "layer.h"

enum { DENSE_MAX_UNITS = 1 << 24 };

// A picture [height, width, channels] has its pixels connected, each with the same kernel. Where a
// label of the whole sample was meant, checks_training asks for the forgotten `flatten`.
static bool dense_shape(Graph *graph, Node *node) {
    const Type *input = &node->inputs[0]->type;
    if (input->rank < 1) {
        op_shape_error(graph, node, "dense expects a vector, but this value is %s",
                       shape_text(graph->arena, input));
        op_shape_label(graph, "needs [n]");
        return false;
    }
    if (!layer_check_initializer(graph, node, "kernel_initializer", 2) ||
        (args_bool(node->args, "bias") &&
         !layer_check_initializer(graph, node, "bias_initializer", 1)))
        return false;
    node->type = type_make(DTYPE_F32, input->batched, input->rank, input->dims);
    node->type.dims[input->rank - 1] = args_int(node->args, "units");
    return true;
}

static void dense_parameters(Graph *graph, Node *node) {
    int64_t dims[] = {type_last(&node->inputs[0]->type), type_last(&node->type)};
    layer_add_weights(graph, node, "kernel", "kernel", type_make(DTYPE_F32, false, 2, dims), true);
    if (args_bool(node->args, "bias"))
        layer_add_weights(graph, node, "bias", "bias", type_make(DTYPE_F32, false, 1, &dims[1]),
                          true);
}

// Inputs: x, kernel and, with `bias`, bias.
static Node *dense_expand(Graph *graph, Node *node) {
    Node *value = graph_matmul(graph, node->inputs[0], node->inputs[1], false);
    return layer_finish(graph, node, value, args_bool(node->args, "bias") ? node->inputs[2] : NULL);
}

static const ArgDef dense_args[] = {
    {.name = "units",
     .type = ARG_INT,
     .minimum = 1,
     .maximum = DENSE_MAX_UNITS,
     .doc = "number of outputs"},
    LAYER_ACTIVATION,
    LAYER_BIAS,
    LAYER_KERNEL_INITIALIZER("kernel_initializer", "init", "how the kernel starts"),
    LAYER_INITIALIZER("bias_initializer", "zeros", "how the bias starts"),
    LAYER_REGULARIZER("kernel_regularizer", "penalty on the kernel, added to the loss"),
    LAYER_REGULARIZER("bias_regularizer", "penalty on the bias, added to the loss"),
    LAYER_CONSTRAINT("kernel_constraint", "what the kernel is kept to after each step"),
    LAYER_CONSTRAINT("bias_constraint", "what the bias is kept to after each step"),
    {0},
};

const OpDef op_dense[] = {
    {.schema = {"dense", "connects every input with every output", dense_args,
                "Dense fully_connected Linear"},
     .surface = true,
     .is_of_places = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = dense_shape,
     .parameters = dense_parameters,
     .mask = op_mask_same,
     .expand = dense_expand},
    {.schema = {0}},
};
