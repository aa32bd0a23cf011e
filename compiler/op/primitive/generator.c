// Tensors of random numbers: `normal` and `uniform`, drawn anew for each sample and step, and the
// generators under them and under the noise of dropout.c. See generator.h.
#include "generator.h"

#include "random.h"

#include <math.h>

// ---- Streams.

static bool drawn_shape(Graph *graph, Node *node);

// The stream of a generator, or of what becomes one; -1: it is none.
static int stream_of(const Node *node) {
    if (node->op->shape == drawn_shape) return node->stream;
    bool is_generator = node->args && schema_arg_index(node->args->schema, "stream") >= 0;
    return is_generator ? (int)args_int(node->args, "stream") : -1;
}

static int free_stream(const Graph *graph) {
    int last = -1;
    for (int i = 0; i < graph->nodes.count; i++) {
        int stream = stream_of(graph->nodes.items[i]);
        if (stream > last) last = stream;
    }
    return last + 1;
}

Args *generator_args(Graph *graph, const char *op) {
    Args *args = graph_args(graph, op);
    args_set_number(args, "stream", free_stream(graph));
    return args;
}

// Those of one seed are alike wherever they stand, so that its numbers stay when others come.
Lane generator_lanes(LaneBuilder *b, const Node *node, uint32_t which) {
    const ArgValue *seed = args_get(node->args, "seed");
    if (seed->is_set) return lane_random_seeded(b, (uint64_t)seed->number, which);
    return lane_random(b, (uint32_t)args_int(node->args, "stream") + which);
}

double generator_number(const Node *node, const EvalPoint *at, uint32_t which) {
    uint32_t keys[2];
    const ArgValue *seed = args_get(node->args, "seed");
    if (seed->is_set)
        random_keys((uint64_t)seed->number, which, keys);
    else
        random_keys(at->context->seed, (uint32_t)args_int(node->args, "stream") + which, keys);
    return random_uniform(keys, (uint32_t)at->element);
}

// ---- normal_noise: Box and Muller 1958, sqrt(-2 ln u) cos(2 pi v) of two uniform numbers. u is 1
// minus a number in [0, 1), so that its logarithm is finite.

static Lane noise_lower(LaneBuilder *b, const Node *node, const Lane *inputs) {
    (void)inputs;
    double stddev = args_number(node->args, "stddev");
    Lane u = lane_subtract(b, lane_constant(b, 1), generator_lanes(b, node, 0));
    Lane v = generator_lanes(b, node, GENERATOR_SECOND);
    Lane square = lane_multiply(b, lane_log(b, u), lane_constant(b, -2 * stddev * stddev));
    return lane_multiply(b, lane_sqrt(b, square), lane_cos_turns(b, v));
}

static double noise_evaluate(const Node *node, const double *inputs, const EvalPoint *at) {
    (void)inputs;
    double u = 1 - generator_number(node, at, 0);
    double v = generator_number(node, at, GENERATOR_SECOND);
    return args_number(node->args, "stddev") * sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static const ArgDef noise_args[] = {
    {.name = "stddev",
     .type = ARG_FLOAT,
     .default_text = "1",
     .maximum = INFINITY,
     .doc = "standard deviation"},
    GENERATOR_ARGS,
    {0},
};

// ---- uniform_noise: in [0, 1).

static Lane even_lower(LaneBuilder *b, const Node *node, const Lane *inputs) {
    (void)inputs;
    return generator_lanes(b, node, 0);
}

static double even_evaluate(const Node *node, const double *inputs, const EvalPoint *at) {
    (void)inputs;
    return generator_number(node, at, 0);
}

static const ArgDef even_args[] = {
    GENERATOR_ARGS,
    {0},
};

// ---- normal(100), uniform(2, 3): a tensor of that shape for each sample. Its stream is known from
// the beginning, so that all functions that are made of a model draw the same numbers.

static bool drawn_shape(Graph *graph, Node *node) {
    const ArgValue *value = args_get(node->args, "dims");
    int64_t dims[SHAPE_MAX_RANK];
    if (value->count > SHAPE_MAX_RANK)
        return op_shape_error(graph, node, "a tensor has at most %d dimensions, not %d",
                              SHAPE_MAX_RANK, value->count);
    for (int i = 0; i < value->count; i++) dims[i] = (int64_t)value->numbers[i];
    node->type = type_make(DTYPE_F32, true, value->count, dims);
    node->stream = free_stream(graph);
    return true;
}

static Node *draw(Graph *graph, const Node *node, const char *generator) {
    Args *args = graph_args(graph, generator);
    args_copy_common(args, node->args); // `stddev` and `seed`
    args_set_number(args, "stream", node->stream);
    return graph_generate(graph, generator, node->type, args);
}

// factor * number + offset.
static Node *scaled(Graph *graph, Node *x, double factor, double offset) {
    if (factor != 1) x = graph_scale(graph, x, factor);
    return offset == 0 ? x : graph_add(graph, x, graph_constant(graph, offset));
}

static Node *normal_expand(Graph *graph, Node *node) {
    return scaled(graph, draw(graph, node, "normal_noise"), 1, args_number(node->args, "mean"));
}

static Node *uniform_expand(Graph *graph, Node *node) {
    double low = args_number(node->args, "low"), high = args_number(node->args, "high");
    return scaled(graph, draw(graph, node, "uniform_noise"), high - low, low);
}

#define DIMS                                                                                       \
    {.name = "dims",                                                                               \
     .type = ARG_INTS,                                                                             \
     .minimum = 1,                                                                                 \
     .maximum = INT32_MAX,                                                                         \
     .keras_name = "shape size",                                                                   \
     .doc = "the shape for one sample, without the batch",                                         \
     .variadic = true}
#define SEED                                                                                       \
    {.name = "seed",                                                                               \
     .type = ARG_INT,                                                                              \
     .default_text = "none",                                                                       \
     .maximum = INT32_MAX,                                                                         \
     .doc = "draw the same numbers in every step; none: others in each"}

static const ArgDef normal_args[] = {
    DIMS,
    {.name = "mean",
     .type = ARG_FLOAT,
     .default_text = "0",
     .keras_name = "loc",
     .doc = "mean of the numbers"},
    {.name = "stddev",
     .type = ARG_FLOAT,
     .default_text = "1",
     .maximum = INFINITY,
     .keras_name = "std scale",
     .doc = "standard deviation"},
    SEED,
    {0},
};

static const ArgDef uniform_args[] = {
    DIMS,
    {.name = "low",
     .type = ARG_FLOAT,
     .default_text = "0",
     .keras_name = "minval",
     .doc = "the smallest number"},
    {.name = "high",
     .type = ARG_FLOAT,
     .default_text = "1",
     .keras_name = "maxval",
     .doc = "numbers are below it"},
    SEED,
    {0},
};

#define DRAWN(expand_)                                                                             \
    .surface = true, .fuse = FUSE_COMPOSITE, .shape = drawn_shape, .expand = expand_
#define GENERATOR(name_)                                                                           \
    .fuse = FUSE_ELEMENTWISE, .shape = op_shape_given, .no_gradient = "it has no inputs",          \
    .flops = op_flops_elements, .lower = name_##_lower, .evaluate_element = name_##_evaluate

const OpDef op_generator[] = {
    {.schema = {"normal", "draws normal numbers, others for each sample and step", normal_args,
                "randn"},
     DRAWN(normal_expand)},
    {.schema = {"uniform", "draws evenly from an interval, others for each sample and step",
                uniform_args, "rand"},
     DRAWN(uniform_expand)},
    {.schema = {"normal_noise", "draws from a normal distribution", noise_args, NULL},
     GENERATOR(noise)},
    {.schema = {"uniform_noise", "draws evenly between 0 and 1", even_args, NULL}, GENERATOR(even)},
    {.schema = {0}},
};
