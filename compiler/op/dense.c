// The fully connected layer: activation(x . kernel + bias) on the last dimension, as Keras's Dense
// (keras/src/layers/core/dense.py): kernel [in, units], bias [units].
#include "op.h"
#include "training.h"

enum { DENSE_MAX_UNITS = 1 << 24 };

// Keras takes any rank and works on the last dimension. A vector [n] or a sequence [time, n] is
// what people mean; a picture [height, width, channels] is a forgotten `flatten`.
static bool dense_shape(Graph *graph, Node *node) {
    const Type *input = &node->inputs[0]->type;
    if (input->rank < 1 || input->rank > 2) {
        op_shape_error(graph, node, "dense expects a vector, but this value is %s",
                       shape_text(graph->arena, input));
        op_shape_label(graph, "needs [n]");
        if (input->rank > 2)
            op_shape_help(graph, "put `-> flatten` before it: %s becomes [%lld]",
                          type_text(graph->arena, input), (long long)type_elements(input));
        return false;
    }
    int64_t dims[SHAPE_MAX_RANK] = {input->dims[0]};
    dims[input->rank - 1] = args_int(node->args, "units");
    const Schema *start = args_get(node->args, "bias_initializer")->callee;
    if (args_bool(node->args, "bias") && initializer_needs_matrix(start)) {
        op_shape_error(graph, node, "`%s` fills a matrix, but the bias is a vector", start->name);
        op_shape_help(graph, "choose another `bias_initializer`, `zeros` for example");
        return false;
    }
    node->type = type_make(DTYPE_F32, input->batched, input->rank, dims);
    return true;
}

static void dense_parameters(Graph *graph, Node *node) {
    int64_t kernel_dims[] = {type_last(&node->inputs[0]->type), type_last(&node->type)};
    Parameter *kernel =
        graph_parameter(graph, node->layer, "kernel", type_make(DTYPE_F32, false, 2, kernel_dims),
                        args_get(node->args, "kernel_initializer"),
                        args_get(node->args, "kernel_regularizer"), true);
    op_append_input(graph, node, graph_parameter_node(graph, kernel));
    if (!args_bool(node->args, "bias")) return;
    Parameter *bias = graph_parameter(
        graph, node->layer, "bias", type_make(DTYPE_F32, false, 1, &kernel_dims[1]),
        args_get(node->args, "bias_initializer"), args_get(node->args, "bias_regularizer"), true);
    op_append_input(graph, node, graph_parameter_node(graph, bias));
}

// Inputs: x, kernel and, with `bias`, bias.
static Node *dense_expand(Graph *graph, Node *node) {
    Node *value = graph_matmul(graph, node->inputs[0], node->inputs[1], false);
    if (args_bool(node->args, "bias")) value = graph_add(graph, value, node->inputs[2]);
    const ArgValue *activation = args_get(node->args, "activation");
    if (!activation->is_set) return value;
    return graph_call(graph, activation->callee->name, &value, 1, activation->args);
}

static const ArgDef dense_args[] = {
    {.name = "units",
     .type = ARG_INT,
     .minimum = 1,
     .maximum = DENSE_MAX_UNITS,
     .doc = "number of outputs"},
    {.name = "activation",
     .type = ARG_ACTIVATION,
     .default_text = "none",
     .doc = "function applied to the outputs"},
    {.name = "bias",
     .type = ARG_BOOL,
     .default_text = "true",
     .keras_name = "use_bias",
     .doc = "add a weight of its own to each output"},
    {.name = "kernel_initializer",
     .type = ARG_INITIALIZER,
     .default_text = "glorot_uniform",
     .doc = "how the kernel starts"},
    {.name = "bias_initializer",
     .type = ARG_INITIALIZER,
     .default_text = "zeros",
     .doc = "how the bias starts"},
    {.name = "kernel_regularizer",
     .type = ARG_REGULARIZER,
     .default_text = "none",
     .doc = "penalty on the kernel, added to the loss"},
    {.name = "bias_regularizer",
     .type = ARG_REGULARIZER,
     .default_text = "none",
     .doc = "penalty on the bias, added to the loss"},
    {0},
};

const OpDef op_dense[] = {
    {.schema = {"dense", "connects every input with every output", dense_args,
                "Dense fully_connected Linear"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = dense_shape,
     .parameters = dense_parameters,
     .expand = dense_expand},
    {.schema = {0}},
};
