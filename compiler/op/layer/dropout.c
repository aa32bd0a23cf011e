// Noise while training. Dropout drops each number with probability `rate` and scales the others by
// 1 / (1 - rate), so that the expected value stays (inverted dropout, as Keras's Dropout layer);
// spatial_dropout does so with whole channels, gaussian_noise adds normal numbers, gaussian_dropout
// multiplies by them, alpha_dropout keeps mean and variance of selu's values. Outside training they
// do nothing.
#include "../primitive/generator.h"

#include <math.h>

static Node *dropout_inference(Graph *graph, Node *node) {
    (void)graph;
    return node->inputs[0];
}

static Node *generate(Graph *graph, const char *op, Type type, const char *name, double number) {
    Args *args = generator_args(graph, op);
    args_set_number(args, name, number);
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
    Lane uniform = generator_lanes(b, node, 0);
    LaneMask is_dropped = lane_less(b, uniform, lane_constant(b, rate));
    return lane_select(b, is_dropped, lane_constant(b, 0), lane_constant(b, kept_scale(rate)));
}

static double mask_evaluate(const Node *node, const double *inputs, const EvalPoint *at) {
    (void)inputs;
    double rate = args_number(node->args, "rate");
    return generator_number(node, at, 0) < (float)rate ? 0 : kept_scale(rate);
}

#define RATE(default_value, text)                                                                  \
    {.name = "rate",                                                                               \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (default_value),                                                              \
     .maximum = 1,                                                                                 \
     .doc = (text)}

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

static const ArgDef gaussian_args[] = {
    {.name = "stddev", .type = ARG_FLOAT, .maximum = INFINITY, .doc = "standard deviation"},
    {0},
};

static const ArgDef mask_args[] = {
    RATE("0", "share of zeros"),
    GENERATOR_ARGS,
    {0},
};

const OpDef op_dropout[] = {
    {.schema = {"dropout", "drops numbers at random while training", dropout_args, "Dropout"},
     .surface = true,
     .is_noise = true,
     .is_of_places = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = op_shape_same,
     .expand = dropout_expand,
     .mask = op_mask_same,
     .inference = dropout_inference},
    {.schema = {"spatial_dropout", "drops whole channels at random while training", dropout_args,
                "SpatialDropout2D SpatialDropout1D"},
     .surface = true,
     .is_noise = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = spatial_shape,
     .expand = spatial_expand,
     .mask = op_mask_same,
     .inference = dropout_inference},
    {.schema = {"gaussian_noise", "adds normal random numbers while training", gaussian_args,
                "GaussianNoise"},
     .surface = true,
     .is_noise = true,
     .is_of_places = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = op_shape_same,
     .expand = gaussian_noise_expand,
     .mask = op_mask_same,
     .inference = dropout_inference},
    {.schema = {"gaussian_dropout", "multiplies by normal random numbers around 1 while training",
                noisy_args, "GaussianDropout"},
     .surface = true,
     .is_noise = true,
     .is_of_places = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = op_shape_same,
     .expand = gaussian_dropout_expand,
     .mask = op_mask_same,
     .inference = dropout_inference},
    {.schema =
         {"alpha_dropout",
          "drops numbers to the lower limit of selu while training, and keeps mean and variance",
          noisy_args, "AlphaDropout"},
     .surface = true,
     .is_noise = true,
     .is_of_places = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = op_shape_same,
     .expand = alpha_dropout_expand,
     .mask = op_mask_same,
     .inference = dropout_inference},
    {.schema = {"dropout_mask", "draws 0 with probability `rate`, else 1 / (1 - rate)", mask_args,
                NULL},
     .fuse = FUSE_ELEMENTWISE,
     .shape = op_shape_given,
     .no_gradient = "it has no inputs",
     .flops = op_flops_elements,
     .lower = mask_lower,
     .evaluate_element = mask_evaluate},
    {.schema = {0}},
};
