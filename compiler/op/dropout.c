// Noise while training. Dropout drops each number with probability `rate` and scales the others by
// 1 / (1 - rate), so that the expected value stays (inverted dropout, as Keras's Dropout layer);
// spatial_dropout does so with whole channels, gaussian_noise adds normal numbers, gaussian_dropout
// multiplies by them, alpha_dropout keeps mean and variance of selu's values. Outside training they
// do nothing.
//
// The random numbers are operators of their own, without inputs: functions of the seed, the step, a
// stream number and the element's place. Forward and backward pass can therefore make them anew
// instead of keeping them.
#include "op.h"
#include "random.h"

#include <math.h>

static Node *dropout_inference(Graph *graph, Node *node) {
    (void)graph;
    return node->inputs[0];
}

// A number that no other generator of the graph has.
static int free_stream(const Graph *graph) {
    int count = 0;
    for (int i = 0; i < graph->nodes.count; i++)
        count += node_is(graph->nodes.items[i], "dropout_mask") ||
                 node_is(graph->nodes.items[i], "normal_noise");
    return count;
}

static Node *generate(Graph *graph, const char *op, Type type, const char *name, double number) {
    Args *args = graph_args(graph, op);
    args_set_number(args, name, number);
    args_set_number(args, "stream", free_stream(graph));
    return graph_generate(graph, op, type, args);
}

static Node *drop(Graph *graph, Node *node, Type mask) {
    Node *x = node->inputs[0];
    double rate = args_number(node->args, "rate");
    if (rate == 0) return x;
    return graph_multiply(graph, x, generate(graph, "dropout_mask", mask, "rate", rate));
}

static Node *dropout_expand(Graph *graph, Node *node) {
    return drop(graph, node, node->type);
}

// ---- spatial_dropout: one decision for all places of a channel. Tompson et al. 2015,
// arXiv:1411.4280; Keras's SpatialDropout.

static bool spatial_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    if (x->rank >= 2) return op_shape_same(graph, node);
    op_shape_error(graph, node,
                   "spatial_dropout expects places with channels, but this value is %s",
                   shape_text(graph->arena, x));
    op_shape_label(graph, "needs [h, w, c]");
    op_shape_help(graph, "`dropout` drops single numbers");
    return false;
}

static Node *spatial_expand(Graph *graph, Node *node) {
    Type mask = node->type;
    for (int i = 0; i < mask.rank - 1; i++) mask.dims[i] = 1;
    return drop(graph, node, mask);
}

// ---- gaussian_noise

static Node *gaussian_noise_expand(Graph *graph, Node *node) {
    Node *x = node->inputs[0];
    double stddev = args_number(node->args, "stddev");
    if (stddev == 0) return x;
    return graph_add(graph, x, generate(graph, "normal_noise", node->type, "stddev", stddev));
}

// ---- gaussian_dropout: times 1 + normal noise of the deviation that dropout would have.
// Srivastava et al. 2014, section 10; keras/src/layers/regularization/gaussian_dropout.py.

static Node *gaussian_dropout_expand(Graph *graph, Node *node) {
    Node *x = node->inputs[0];
    double rate = args_number(node->args, "rate");
    if (rate == 0) return x;
    Node *noise = generate(graph, "normal_noise", node->type, "stddev", sqrt(rate / (1 - rate)));
    return graph_multiply(graph, x, graph_add(graph, noise, graph_constant(graph, 1)));
}

// ---- alpha_dropout: a (x or, where dropped, selu's lower limit) + b, with the a and b that keep
// mean 0 and variance 1. Klambauer et al. 2017, arXiv:1706.02515, section 3;
// keras/src/layers/regularization/alpha_dropout.py.

static Node *alpha_dropout_expand(Graph *graph, Node *node) {
    const double limit = -1.0507009873554805 * 1.6732632423543772;
    Node *x = node->inputs[0];
    double rate = args_number(node->args, "rate");
    if (rate == 0) return x;
    double a = 1 / sqrt((1 - rate) * (1 + rate * limit * limit)), b = -a * limit * rate;
    Node *mask = generate(graph, "dropout_mask", node->type, "rate", rate);
    Node *kept = graph_multiply(graph, graph_subtract(graph, x, graph_constant(graph, limit)),
                                graph_scale(graph, mask, a * (1 - rate)));
    return graph_add(graph, kept, graph_constant(graph, a * limit + b));
}

// What a number that is kept is multiplied by.
static double kept_scale(double rate) {
    return rate < 1 ? 1 / (1 - rate) : 0;
}

static Lane mask_lower(LaneBuilder *b, const Node *node, const Lane *inputs) {
    (void)inputs;
    double rate = args_number(node->args, "rate");
    Lane uniform = lane_random(b, (uint32_t)args_int(node->args, "stream"));
    LaneMask is_dropped = lane_less(b, uniform, lane_constant(b, rate));
    return lane_select(b, is_dropped, lane_constant(b, 0), lane_constant(b, kept_scale(rate)));
}

static double uniform_at(const EvalPoint *at, uint32_t stream) {
    uint32_t keys[2];
    random_keys(at->context->seed, stream, keys);
    return random_uniform(keys, (uint32_t)at->element);
}

static double mask_evaluate(const Node *node, const double *inputs, const EvalPoint *at) {
    (void)inputs;
    double rate = args_number(node->args, "rate");
    uint32_t stream = (uint32_t)args_int(node->args, "stream");
    return uniform_at(at, stream) < (float)rate ? 0 : kept_scale(rate);
}

// ---- normal_noise: Box and Muller 1958, sqrt(-2 ln u) cos(2 pi v) of two uniform numbers. u is 1
// minus a number in [0, 1), so that its logarithm is finite.

enum { SECOND_STREAM = 1 << 30 }; // no graph has so many generators

static Lane noise_lower(LaneBuilder *b, const Node *node, const Lane *inputs) {
    (void)inputs;
    uint32_t stream = (uint32_t)args_int(node->args, "stream");
    double stddev = args_number(node->args, "stddev");
    Lane u = lane_subtract(b, lane_constant(b, 1), lane_random(b, stream));
    Lane v = lane_random(b, stream + SECOND_STREAM);
    Lane square = lane_multiply(b, lane_log(b, u), lane_constant(b, -2 * stddev * stddev));
    return lane_multiply(b, lane_sqrt(b, square), lane_cos_turns(b, v));
}

static double noise_evaluate(const Node *node, const double *inputs, const EvalPoint *at) {
    (void)inputs;
    uint32_t stream = (uint32_t)args_int(node->args, "stream");
    double u = 1 - uniform_at(at, stream), v = uniform_at(at, stream + SECOND_STREAM);
    return args_number(node->args, "stddev") * sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

#define RATE(default_value, text)                                                                  \
    {.name = "rate",                                                                               \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (default_value),                                                              \
     .maximum = 1,                                                                                 \
     .doc = (text)}

#define STREAM                                                                                     \
    {.name = "stream", .type = ARG_INT, .default_text = "0", .doc = "which random numbers"}

static const ArgDef dropout_args[] = {
    RATE(NULL, "share of the numbers that are dropped"),
    {0},
};

// Rates below 1: with 1 nothing of the value would be left to scale.
static const ArgDef noisy_args[] = {
    {.name = "rate",
     .type = ARG_FLOAT,
     .maximum = 1,
     .maximum_open = true,
     .doc = "as much noise as dropout of this share makes"},
    {0},
};

#define STDDEV(default_value)                                                                      \
    {.name = "stddev",                                                                             \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (default_value),                                                              \
     .maximum = INFINITY,                                                                          \
     .doc = "standard deviation"}

static const ArgDef gaussian_args[] = {
    STDDEV(NULL),
    {0},
};

static const ArgDef mask_args[] = {
    RATE("0", "share of zeros"),
    STREAM,
    {0},
};

static const ArgDef noise_args[] = {
    STDDEV("1"),
    STREAM,
    {0},
};

const OpDef op_dropout[] = {
    {.schema = {"dropout", "drops numbers at random while training", dropout_args, "Dropout"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = op_shape_same,
     .expand = dropout_expand,
     .inference = dropout_inference},
    {.schema = {"spatial_dropout", "drops whole channels at random while training", dropout_args,
                "SpatialDropout2D SpatialDropout1D"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = spatial_shape,
     .expand = spatial_expand,
     .inference = dropout_inference},
    {.schema = {"gaussian_noise", "adds normal random numbers while training", gaussian_args,
                "GaussianNoise"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = op_shape_same,
     .expand = gaussian_noise_expand,
     .inference = dropout_inference},
    {.schema = {"gaussian_dropout", "multiplies by normal random numbers around 1 while training",
                noisy_args, "GaussianDropout"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = op_shape_same,
     .expand = gaussian_dropout_expand,
     .inference = dropout_inference},
    {.schema =
         {"alpha_dropout",
          "drops numbers to the lower limit of selu while training, and keeps mean and variance",
          noisy_args, "AlphaDropout"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = op_shape_same,
     .expand = alpha_dropout_expand,
     .inference = dropout_inference},
    {.schema = {"dropout_mask", "draws 0 with probability `rate`, else 1 / (1 - rate)", mask_args,
                NULL},
     .fuse = FUSE_ELEMENTWISE,
     .shape = op_shape_given,
     .no_gradient = "it has no inputs",
     .flops = op_flops_elements,
     .lower = mask_lower,
     .evaluate_element = mask_evaluate},
    {.schema = {"normal_noise", "draws from a normal distribution", noise_args, NULL},
     .fuse = FUSE_ELEMENTWISE,
     .shape = op_shape_given,
     .no_gradient = "it has no inputs",
     .flops = op_flops_elements,
     .lower = noise_lower,
     .evaluate_element = noise_evaluate},
    {.schema = {0}},
};
