// Convolution layers, as Keras's (keras/src/layers/convolutional): conv2d, conv1d,
// depthwise_conv2d, separable_conv2d and conv2d_transpose. Channels last; kernels in Keras's
// layouts, which are those of `convolve` under another shape: a depthwise kernel [kh, kw, c, m] is
// [kh, kw, 1, c * m], one of conv1d [k, c, n] is [1, k, c, n].
#include "../window.h"
#include "layer.h"

#include <string.h>

enum { CONV_MAX_FILTERS = 1 << 24 };

// ---- Shared by all.

// Dimensions that the layer's windows slide over.
static int window_dims(const Node *node) {
    return node_is(node, "conv1d") ? 1 : 2;
}

static bool check_groups(Graph *graph, Node *node, int64_t channels, int64_t filters,
                         int64_t groups) {
    const char *what = channels % groups ? "channels" : "filters";
    int64_t count = channels % groups ? channels : filters;
    if (count % groups == 0) return true;
    op_shape_error(graph, node, "%s cannot divide %lld %s into %lld groups", node->op->schema.name,
                   (long long)count, what, (long long)groups);
    op_shape_note(graph, "%lld = %lld * %lld + %lld", (long long)count, (long long)groups,
                  (long long)(count / groups), (long long)(count % groups));
    op_shape_help(graph,
                  "choose a number of groups that divides channels (%lld) and filters (%lld)",
                  (long long)channels, (long long)filters);
    return false;
}

static bool check_starts(Graph *graph, Node *node, const char *kernel_argument) {
    bool has_bias = args_bool(node->args, "bias");
    return layer_check_initializer(graph, node, kernel_argument, 4) &&
           (!has_bias || layer_check_initializer(graph, node, "bias_initializer", 1));
}

// [places.., filters]
static void set_output(Node *node, const int64_t places[2], int64_t filters) {
    int dims = window_dims(node);
    int64_t shape[] = {places[0], places[1], filters};
    node->type = type_make(DTYPE_F32, node->inputs[0]->type.batched, dims + 1, shape + 2 - dims);
}

static void add_bias(Graph *graph, Node *node) {
    if (!args_bool(node->args, "bias")) return;
    int64_t filters = type_last(&node->type);
    layer_add_weights(graph, node, "bias", "bias", type_make(DTYPE_F32, false, 1, &filters), true);
}

// The last input, if the layer has a bias.
static Node *bias_of(const Node *node) {
    return args_bool(node->args, "bias") ? node->inputs[node->input_count - 1] : NULL;
}

static Window layer_window(Graph *graph, Node *node) {
    Window window;
    int64_t places[2];
    window_of_layer(graph, node, "kernel", window_dims(node), &window, places);
    return window;
}

static Node *convolve(Graph *graph, Node *x, Node *w, const Window *window, int64_t groups) {
    Args *args = graph_args(graph, "convolve");
    window_write(graph, window, args);
    args_set_number(args, "groups", (double)groups);
    return graph_call(graph, "convolve", (Node *[]){x, w}, 2, args);
}

// ---- conv2d, conv1d

static bool conv_shape(Graph *graph, Node *node) {
    int dims = window_dims(node);
    int64_t groups = args_int(node->args, "groups"), filters = args_int(node->args, "filters");
    int64_t places[2];
    Window window;
    if (!window_expects(graph, node, dims)) return false;
    if (!check_groups(graph, node, type_last(&node->inputs[0]->type), filters, groups))
        return false;
    if (!check_starts(graph, node, "kernel_initializer")) return false;
    if (!window_of_layer(graph, node, "kernel", dims, &window, places)) return false;
    set_output(node, places, filters);
    return true;
}

static void conv_parameters(Graph *graph, Node *node) {
    int dims = window_dims(node);
    Window window = layer_window(graph, node);
    int64_t channels = type_last(&node->inputs[0]->type) / args_int(node->args, "groups");
    int64_t shape[] = {window.size[0], window.size[1], channels, type_last(&node->type)};
    layer_add_weights(graph, node, "kernel", "kernel",
                      type_make(DTYPE_F32, false, dims + 2, shape + 2 - dims), true);
    add_bias(graph, node);
}

// Inputs: x, kernel and, with `bias`, bias.
static Node *conv_expand(Graph *graph, Node *node) {
    Window window = layer_window(graph, node);
    const Type *kernel = &node->inputs[1]->type;
    int64_t shape[] = {window.size[0], window.size[1], kernel->dims[kernel->rank - 2],
                       type_last(kernel)};
    Node *w = node->inputs[1];
    if (kernel->rank < 4) w = graph_reshape(graph, w, 4, shape);
    Node *x = window_as_picture(graph, node->inputs[0]);
    Node *y = convolve(graph, x, w, &window, args_int(node->args, "groups"));
    if (node->type.rank < 3) y = graph_reshape(graph, y, node->type.rank, node->type.dims);
    return layer_finish(graph, node, y, bias_of(node));
}

// ---- depthwise_conv2d, and the first half of separable_conv2d

static bool depthwise_places(Graph *graph, Node *node, int64_t places[2]) {
    Window window;
    return window_expects(graph, node, 2) && check_starts(graph, node, "depthwise_initializer") &&
           window_of_layer(graph, node, "kernel", 2, &window, places);
}

static int64_t depthwise_channels(const Node *node) {
    return type_last(&node->inputs[0]->type) * args_int(node->args, "depth_multiplier");
}

static void add_depthwise_kernel(Graph *graph, Node *node, const char *role) {
    Window window = layer_window(graph, node);
    int64_t shape[] = {window.size[0], window.size[1], type_last(&node->inputs[0]->type),
                       args_int(node->args, "depth_multiplier")};
    layer_add_weights(graph, node, role, "depthwise", type_make(DTYPE_F32, false, 4, shape), true);
}

// Input 1 is the kernel [kh, kw, c, m]; filter c * m + i is the i-th one of channel c.
static Node *convolve_depthwise(Graph *graph, Node *node) {
    Window window = layer_window(graph, node);
    int64_t shape[] = {window.size[0], window.size[1], 1, depthwise_channels(node)};
    Node *w = graph_reshape(graph, node->inputs[1], 4, shape);
    return convolve(graph, node->inputs[0], w, &window, type_last(&node->inputs[0]->type));
}

static bool depthwise_shape(Graph *graph, Node *node) {
    int64_t places[2];
    if (!depthwise_places(graph, node, places)) return false;
    set_output(node, places, depthwise_channels(node));
    return true;
}

static void depthwise_parameters(Graph *graph, Node *node) {
    add_depthwise_kernel(graph, node, "kernel");
    add_bias(graph, node);
}

static Node *depthwise_expand(Graph *graph, Node *node) {
    return layer_finish(graph, node, convolve_depthwise(graph, node), bias_of(node));
}

// ---- separable_conv2d: depthwise, then one by one. Chollet 2016, arXiv:1610.02357.

static bool separable_shape(Graph *graph, Node *node) {
    int64_t places[2];
    if (!depthwise_places(graph, node, places)) return false;
    if (!layer_check_initializer(graph, node, "pointwise_initializer", 4)) return false;
    set_output(node, places, args_int(node->args, "filters"));
    return true;
}

static void separable_parameters(Graph *graph, Node *node) {
    int64_t shape[] = {1, 1, depthwise_channels(node), type_last(&node->type)};
    add_depthwise_kernel(graph, node, "depthwise_kernel");
    layer_add_weights(graph, node, "pointwise_kernel", "pointwise",
                      type_make(DTYPE_F32, false, 4, shape), true);
    add_bias(graph, node);
}

static Node *separable_expand(Graph *graph, Node *node) {
    Window point = {.size = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};
    Node *depthwise = convolve_depthwise(graph, node);
    Node *y = convolve(graph, depthwise, node->inputs[2], &point, 1);
    return layer_finish(graph, node, y, bias_of(node));
}

// ---- conv2d_transpose: the gradient of a convolution that gives the input from the output.
// `valid` gives in * s + max(k - s, 0) cells, `same` in * s (Keras's
// compute_conv_transpose_output_shape).

// The window of that convolution, and the size of the output.
static bool transposed_window(Graph *graph, Node *node, Window *window, int64_t size[2]) {
    const Type *x = &node->inputs[0]->type;
    bool is_same = strcmp(args_text(node->args, "padding"), "same") == 0;
    *window = (Window){0};
    if (!window_pair(graph, node, "kernel", 2, window->size) ||
        !window_pair(graph, node, "stride", 2, window->stride) ||
        !window_pair(graph, node, "dilation", 2, window->dilation))
        return false;
    for (int axis = 0; axis < 2; axis++) {
        int64_t over = window_span(window, axis) - window->stride[axis];
        size[axis] = x->dims[axis] * window->stride[axis];
        if (is_same)
            window_pad_same(window, axis, size[axis]);
        else if (over > 0)
            size[axis] += over;
    }
    return true;
}

static bool transpose_shape(Graph *graph, Node *node) {
    Window window;
    int64_t size[2];
    if (!window_expects(graph, node, 2)) return false;
    if (!check_starts(graph, node, "kernel_initializer")) return false;
    if (!transposed_window(graph, node, &window, size)) return false;
    set_output(node, size, args_int(node->args, "filters"));
    return true;
}

// [kh, kw, out, in]
static void transpose_parameters(Graph *graph, Node *node) {
    Window window;
    int64_t size[2];
    transposed_window(graph, node, &window, size);
    int64_t shape[] = {window.size[0], window.size[1], type_last(&node->type),
                       type_last(&node->inputs[0]->type)};
    layer_add_weights(graph, node, "kernel", "kernel", type_make(DTYPE_F32, false, 4, shape), true);
    add_bias(graph, node);
}

static Node *transpose_expand(Graph *graph, Node *node) {
    Window window;
    int64_t size[2];
    transposed_window(graph, node, &window, size);
    Args *args = graph_args(graph, "convolve_data");
    window_write(graph, &window, args);
    args_set_numbers(args, graph->arena, "size", (double[]){(double)size[0], (double)size[1]}, 2);
    Node *y = graph_call(graph, "convolve_data", node->inputs, 2, args);
    return layer_finish(graph, node, y, bias_of(node));
}

// ---- Rows.

#define FILTERS                                                                                    \
    {.name = "filters",                                                                            \
     .type = ARG_INT,                                                                              \
     .minimum = 1,                                                                                 \
     .maximum = CONV_MAX_FILTERS,                                                                  \
     .doc = "number of outputs of each place"}
#define KERNEL LAYER_SIZES("kernel", NULL, "kernel_size", "height and width of the window")
#define PADDING(choices_, doc_)                                                                    \
    {.name = "padding",                                                                            \
     .type = ARG_WORD_OR_INTS,                                                                     \
     .default_text = "valid",                                                                      \
     .choices = choices_,                                                                          \
     .maximum = INT32_MAX,                                                                         \
     .doc = doc_}
#define PADDING_2D                                                                                 \
    PADDING("valid same", "valid: none; same: as many places as the stride divides; numbers: all " \
                          "sides, [height, width] or [top, bottom, left, right]")
#define GROUPS                                                                                     \
    {.name = "groups",                                                                             \
     .type = ARG_INT,                                                                              \
     .default_text = "1",                                                                          \
     .minimum = 1,                                                                                 \
     .maximum = CONV_MAX_FILTERS,                                                                  \
     .doc = "parts of the channels that are convolved apart"}
#define MULTIPLIER                                                                                 \
    {.name = "depth_multiplier",                                                                   \
     .type = ARG_INT,                                                                              \
     .default_text = "1",                                                                          \
     .minimum = 1,                                                                                 \
     .maximum = CONV_MAX_FILTERS,                                                                  \
     .doc = "filters of each channel"}
#define KERNEL_START LAYER_KERNEL_INITIALIZER("kernel_initializer", "init", "how the kernel starts")
#define DEPTHWISE_START                                                                            \
    LAYER_KERNEL_INITIALIZER("depthwise_initializer", "init", "how the depthwise kernel starts")
#define BIAS_START LAYER_INITIALIZER("bias_initializer", "zeros", "how the bias starts")
#define KERNEL_PENALTY                                                                             \
    LAYER_REGULARIZER("kernel_regularizer", "penalty on the kernel, added to the loss")
#define DEPTHWISE_PENALTY                                                                          \
    LAYER_REGULARIZER("depthwise_regularizer", "penalty on the depthwise kernel, added to the loss")
#define BIAS_PENALTY LAYER_REGULARIZER("bias_regularizer", "penalty on the bias, added to the loss")
#define KERNEL_CONSTRAINT                                                                          \
    LAYER_CONSTRAINT("kernel_constraint", "what the kernel is kept to after each step")
#define DEPTHWISE_CONSTRAINT                                                                       \
    LAYER_CONSTRAINT("depthwise_constraint", "what the depthwise kernel is kept to after each step")
#define POINTWISE_CONSTRAINT                                                                       \
    LAYER_CONSTRAINT("pointwise_constraint", "what the pointwise kernel is kept to after each step")
#define BIAS_CONSTRAINT                                                                            \
    LAYER_CONSTRAINT("bias_constraint", "what the bias is kept to after each step")

static const ArgDef conv2d_args[] = {
    FILTERS,        KERNEL,       LAYER_ACTIVATION,  PADDING_2D,      LAYER_STRIDE("1"),
    LAYER_DILATION, GROUPS,       LAYER_BIAS,        KERNEL_START,    BIAS_START,
    KERNEL_PENALTY, BIAS_PENALTY, KERNEL_CONSTRAINT, BIAS_CONSTRAINT, {0},
};

static const ArgDef conv1d_args[] = {
    FILTERS,
    LAYER_SIZES("kernel", NULL, "kernel_size", "steps of the window"),
    LAYER_ACTIVATION,
    PADDING("valid same causal", "valid: none; same: as many places as the stride divides; causal: "
                                 "at the beginning alone; numbers: both ends, or [before, after]"),
    LAYER_STRIDE("1"),
    LAYER_DILATION,
    GROUPS,
    LAYER_BIAS,
    KERNEL_START,
    BIAS_START,
    KERNEL_PENALTY,
    BIAS_PENALTY,
    KERNEL_CONSTRAINT,
    BIAS_CONSTRAINT,
    {0},
};

static const ArgDef depthwise_args[] = {
    KERNEL,          LAYER_ACTIVATION,
    PADDING_2D,      LAYER_STRIDE("1"),
    LAYER_DILATION,  MULTIPLIER,
    LAYER_BIAS,      DEPTHWISE_START,
    BIAS_START,      DEPTHWISE_PENALTY,
    BIAS_PENALTY,    DEPTHWISE_CONSTRAINT,
    BIAS_CONSTRAINT, {0},
};

static const ArgDef separable_args[] = {
    FILTERS,
    KERNEL,
    LAYER_ACTIVATION,
    PADDING_2D,
    LAYER_STRIDE("1"),
    LAYER_DILATION,
    MULTIPLIER,
    LAYER_BIAS,
    DEPTHWISE_START,
    LAYER_KERNEL_INITIALIZER("pointwise_initializer", NULL, "how the pointwise kernel starts"),
    BIAS_START,
    DEPTHWISE_PENALTY,
    LAYER_REGULARIZER("pointwise_regularizer",
                      "penalty on the pointwise kernel, added to the loss"),
    BIAS_PENALTY,
    DEPTHWISE_CONSTRAINT,
    POINTWISE_CONSTRAINT,
    BIAS_CONSTRAINT,
    {0},
};

static const ArgDef transpose_args[] = {
    FILTERS,
    KERNEL,
    LAYER_ACTIVATION,
    {.name = "padding",
     .type = ARG_WORD,
     .default_text = "valid",
     .choices = "valid same",
     .doc = "same: the output is the input times the stride; valid: and what the kernel has over"},
    LAYER_STRIDE("1"),
    LAYER_DILATION,
    LAYER_BIAS,
    KERNEL_START,
    BIAS_START,
    KERNEL_PENALTY,
    BIAS_PENALTY,
    KERNEL_CONSTRAINT,
    BIAS_CONSTRAINT,
    {0},
};

#define CONVOLUTION(name_)                                                                         \
    .surface = true, .min_inputs = 1, .max_inputs = 1, .fuse = FUSE_COMPOSITE,                     \
    .shape = name_##_shape, .parameters = name_##_parameters, .expand = name_##_expand

const OpDef op_conv[] = {
    {.schema = {"conv2d", "convolves a picture with learned windows", conv2d_args,
                "Conv2D Convolution2D"},
     CONVOLUTION(conv)},
    {.schema = {"conv1d", "convolves a sequence with learned windows", conv1d_args,
                "Conv1D Convolution1D"},
     CONVOLUTION(conv)},
    {.schema = {"depthwise_conv2d", "convolves each channel of a picture by itself", depthwise_args,
                "DepthwiseConv2D"},
     CONVOLUTION(depthwise)},
    {.schema = {"separable_conv2d", "convolves each channel by itself, then mixes channels",
                separable_args, "SeparableConv2D SeparableConvolution2D"},
     CONVOLUTION(separable)},
    {.schema = {"conv2d_transpose", "spreads a picture over learned windows, to a larger one",
                transpose_args, "Conv2DTranspose Convolution2DTranspose"},
     CONVOLUTION(transpose)},
    {.schema = {0}},
};
