// Statistics of channels over samples and places, and the normalization by them.
//
// batch_moments gives the mean, what float32 lacks to it, and the (biased) variance of each channel
// in one pass. Generated code (gen/element/sums.c) sums differences from values that are among the
// data, block by block, so that nothing cancels, however large the mean: the variance is that of
// the differences from the mean, as if made in a second pass.
//
// The value of a channel that has been normalized depends on all its samples and places. What comes
// back through mean and variance is added where the normalized value's gradient is made:
//   dx = scale (dy - mean(dy) - z mean(dy z)),  z = (x - mean) / sqrt(variance + epsilon)
// Ioffe and Szegedy 2015, arXiv:1502.03167.
#include "moments.h"

#include <math.h>

// ---- batch_moments

static bool moments_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    if (!x->batched || !x->rank)
        return op_shape_error(graph, node, "batch_moments cannot take %s",
                              type_full_text(graph->arena, x));
    node->type = type_make(DTYPE_F32, false, 2, (int64_t[]){MOMENT_COUNT, type_last(x)});
    return true;
}

static double moments_flops(const Node *node) {
    return 4 * (double)type_elements(&node->inputs[0]->type);
}

static void moments_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                             const EvalContext *context) {
    int64_t channels = type_last(&node->type), all = inputs[0].rows * inputs[0].size;
    double count = (double)(all / channels);
    double *mean = output->data + MOMENT_MEAN * channels;
    double *variance = output->data + MOMENT_VARIANCE * channels;
    (void)context;
    for (int64_t i = 0; i < output->size; i++) output->data[i] = 0;
    for (int64_t i = 0; i < all; i++) mean[i % channels] += inputs[0].data[i] / count;
    for (int64_t i = 0; i < all; i++) {
        double difference = inputs[0].data[i] - mean[i % channels];
        variance[i % channels] += difference * difference / count;
    }
}

// ---- statistic: one of the moments, where the moments lie.

static bool statistic_shape(Graph *graph, Node *node) {
    const Type *moments = &node->inputs[0]->type;
    (void)graph;
    node->type = type_make(DTYPE_F32, false, 1, &moments->dims[moments->rank - 1]);
    return true;
}

static void statistic_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                               const EvalContext *context) {
    int64_t first = args_int(node->args, "number") * output->size;
    (void)context;
    for (int64_t i = 0; i < output->size; i++) output->data[i] = inputs[0].data[first + i];
}

static const ArgDef statistic_args[] = {
    {.name = "number",
     .type = ARG_INT,
     .minimum = 0,
     .maximum = MOMENT_COUNT - 1,
     .doc = "0: mean, 1: what float32 lacks to the mean, 2: variance"},
    {0},
};

Node *moments_of(Graph *graph, Node *x) {
    return graph_unary(graph, "batch_moments", x);
}

Node *moments_statistic(Graph *graph, Node *moments, Moment moment) {
    Args *args = graph_args(graph, "statistic");
    args_set_number(args, "number", moment);
    return graph_call(graph, "statistic", &moments, 1, args);
}

// ---- batch_affine: (x - mean) * scale + offset, of the samples whose mean it is.

enum { X, MEAN, SCALE, OFFSET, INPUTS };

static Lane affine_lower(LaneBuilder *b, const Node *node, const Lane *in) {
    (void)node;
    return lane_fma(b, lane_subtract(b, in[X], in[MEAN]), in[SCALE], in[OFFSET]);
}

static double affine_evaluate(const Node *node, const double *in, const EvalPoint *at) {
    (void)node, (void)at;
    return (in[X] - in[MEAN]) * in[SCALE] + in[OFFSET];
}

Node *moments_inverse(Graph *graph, Node *variance, double epsilon) {
    Node *sum = graph_add(graph, variance, graph_constant(graph, epsilon));
    return graph_divide(graph, graph_constant(graph, 1), graph_unary(graph, "sqrt", sum));
}

// (x - mean) * factor + addend: one node, for their difference is cheaper made again than stored.
static Node *centered_product(Graph *graph, const Node *node, Node *factor, Node *addend) {
    Node *inputs[] = {node->inputs[X], node->inputs[MEAN], factor, addend};
    return graph_call(graph, "batch_affine", inputs, INPUTS, node->args);
}

// Of all that x does to y: dx = dy * scale + (x - mean) * slope + constant, for each channel
//   slope = -scale mean(dy z) / sqrt(variance + epsilon)
//   constant = -scale mean(dy) - rest * slope, with mean + rest as the exact mean.
static void affine_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *x = node->inputs[X], *mean = node->inputs[MEAN], *scale = node->inputs[SCALE];
    Node *moments = mean->inputs[0];
    Node *rest = moments_statistic(graph, moments, MOMENT_REST);
    Node *inverse = moments_inverse(graph, moments_statistic(graph, moments, MOMENT_VARIANCE),
                                    args_number(node->args, "epsilon"));
    double places = (double)(type_elements(&x->type) / type_last(&x->type));
    Node *count = graph_scale(graph, graph_scalar(graph, "rows"), places);
    Node *share = graph_divide(graph, scale, count);
    Node *product = centered_product(graph, node, dy, graph_constant(graph, 0));
    Node *sum = graph_batch_sum(graph, dy, 1), *weighted = graph_batch_sum(graph, product, 1);
    Node *exact = graph_subtract(graph, weighted, graph_multiply(graph, rest, sum));
    Node *slope = graph_unary(
        graph, "negate",
        graph_multiply(graph, graph_multiply(graph, exact, graph_multiply(graph, inverse, inverse)),
                       share));
    Node *constant = graph_unary(
        graph, "negate",
        graph_add(graph, graph_multiply(graph, share, sum), graph_multiply(graph, rest, slope)));
    Node *through_moments = centered_product(graph, node, slope, constant);
    dinputs[X] = graph_add(graph, graph_multiply(graph, dy, scale), through_moments);
    dinputs[SCALE] = product;
    dinputs[OFFSET] = dy;
}

// Mean and variance as sums with gradients of their own, to any order.
void moments_unfold(Graph *graph, Node *affine) {
    Node *x = affine->inputs[X], *moments = affine->inputs[MEAN]->inputs[0];
    double places = (double)(type_elements(&x->type) / type_last(&x->type));
    Node *count = graph_scale(graph, graph_scalar(graph, "rows"), places);
    Node *mean = graph_divide(graph, graph_batch_sum(graph, x, 1), count);
    Node *centered = graph_subtract(graph, x, mean);
    Node *squares = graph_batch_sum(graph, graph_unary(graph, "square", centered), 1);
    Node *variance = graph_divide(graph, squares, count);
    for (int i = graph->nodes.count - 1; i >= 0; i--) {
        Node *node = graph->nodes.items[i];
        if (!node_is(node, "statistic") || node->inputs[0] != moments) continue;
        int64_t number = args_int(node->args, "number");
        Node *same = number == MOMENT_MEAN ? mean : variance;
        if (number != MOMENT_REST) graph_replace(graph, node, same);
    }
    Node *scaled = graph_multiply(graph, centered, affine->inputs[SCALE]);
    graph_replace(graph, affine, graph_add(graph, scaled, affine->inputs[OFFSET]));
}

static const ArgDef affine_args[] = {
    {.name = "epsilon", .type = ARG_FLOAT, .maximum = INFINITY, .doc = "beside the variance"},
    {0},
};

Node *moments_normalize(Graph *graph, Node *x, Node *moments, double epsilon, Node *scale,
                        Node *offset) {
    Args *args = graph_args(graph, "batch_affine");
    args_set_number(args, "epsilon", epsilon);
    Node *inputs[] = {x, moments_statistic(graph, moments, MOMENT_MEAN), scale, offset};
    return graph_call(graph, "batch_affine", inputs, INPUTS, args);
}

#define STATISTIC .min_inputs = 1, .max_inputs = 1, .is_statistic = true
static const char reason[] = "batch_affine's gradient has what comes back through it";

const OpDef op_moments[] = {
    {.schema = {"batch_moments", "takes mean and variance over the samples and places", NULL, NULL},
     STATISTIC,
     .fuse = FUSE_REDUCE_BATCH,
     .reduce = REDUCE_MOMENTS,
     .shape = moments_shape,
     .no_gradient = reason,
     .flops = moments_flops,
     .evaluate = moments_evaluate},
    {.schema = {"statistic", "gives one of the moments", statistic_args, NULL},
     STATISTIC,
     .fuse = FUSE_MOVEMENT,
     .shape = statistic_shape,
     .no_gradient = reason,
     .flops = op_flops_none,
     .evaluate = statistic_evaluate},
    {.schema = {"batch_affine", "normalizes by the moments of the batch", affine_args, NULL},
     .unfold = moments_unfold,
     .min_inputs = INPUTS,
     .max_inputs = INPUTS,
     .fuse = FUSE_ELEMENTWISE,
     .shape = op_shape_broadcast,
     .gradient = affine_gradient,
     .flops = op_flops_elements,
     .lower = affine_lower,
     .evaluate_element = affine_evaluate},
    {.schema = {0}},
};
