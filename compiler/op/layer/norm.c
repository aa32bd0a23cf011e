// Normalization: batch_norm, layer_norm, rms_norm and group_norm, as Keras 3's
// (keras/src/layers/normalization).
//
// batch_norm, Ioffe and Szegedy 2015, arXiv:1502.03167. While training it takes the mean and the
// (biased) variance of each channel over samples and places, and keeps moving averages of them,
// which it takes outside training. Everything about a channel is a vector [c]. The mean is
// subtracted from the data first: a product with the mean in it would round a large one's digits
// away, which are all that is left.
//   scale = gamma / sqrt(variance + epsilon), y = (x - mean) * scale + beta
//
// layer_norm, Ba et al. 2016, arXiv:1607.06450, and group_norm, Wu and He 2018, arXiv:1803.08494,
// do the same within each sample, in training and outside.
#include "../primitive/moments.h"
#include "layer.h"

#include <math.h>

// gamma and beta, where a layer has them, and the moving statistics.
typedef struct NormWeights {
    Node *gamma, *beta, *mean, *variance;
} NormWeights;

static NormWeights weights_of(const Node *node, bool has_statistics) {
    NormWeights w = {0};
    int next = 1;
    if (args_bool(node->args, "scale")) w.gamma = node->inputs[next++];
    if (args_bool(node->args, "center")) w.beta = node->inputs[next++];
    if (has_statistics) w.mean = node->inputs[next++], w.variance = node->inputs[next];
    return w;
}

static void add_affine(Graph *graph, Node *node, Type type) {
    if (args_bool(node->args, "scale"))
        layer_add_weights(graph, node, "gamma", "gamma", type, true);
    if (args_bool(node->args, "center")) layer_add_weights(graph, node, "beta", "beta", type, true);
}

static bool check_starts(Graph *graph, Node *node, int rank) {
    return layer_check_initializer(graph, node, "gamma_initializer", rank) &&
           layer_check_initializer(graph, node, "beta_initializer", rank);
}

// gamma / sqrt(variance + epsilon)
static Node *scale_of(Graph *graph, Node *node, Node *gamma, Node *variance) {
    Node *inverse = moments_inverse(graph, variance, args_number(node->args, "epsilon"));
    return gamma ? graph_multiply(graph, gamma, inverse) : inverse;
}

// ---- batch_norm

static bool one_axis_shape(Graph *graph, Node *node) {
    int axis;
    return layer_axis(graph, node, args_number(node->args, "axis"), &axis) &&
           check_starts(graph, node, 1) && op_shape_same(graph, node);
}

static bool batch_norm_shape(Graph *graph, Node *node) {
    return one_axis_shape(graph, node) &&
           layer_check_initializer(graph, node, "moving_mean_initializer", 1) &&
           layer_check_initializer(graph, node, "moving_variance_initializer", 1);
}

static Type channel_type(Graph *graph, Node *node) {
    int axis;
    layer_axis(graph, node, args_number(node->args, "axis"), &axis);
    return type_make(DTYPE_F32, false, 1, &node->inputs[0]->type.dims[axis]);
}

static void batch_norm_parameters(Graph *graph, Node *node) {
    Type type = channel_type(graph, node);
    add_affine(graph, node, type);
    layer_add_weights(graph, node, "moving_mean", "moving_mean", type, false);
    layer_add_weights(graph, node, "moving_variance", "moving_variance", type, false);
}

// What is assigned to the parameter in this step already, by an earlier use of the layer, or NULL.
static Node *find_assign(const Graph *graph, const Parameter *parameter) {
    for (int i = 0; i < graph->assigns.count; i++)
        if (graph->assigns.items[i]->parameter == parameter) return graph->assigns.items[i];
    return NULL;
}

// new = old * momentum + batch * (1 - momentum); a second use goes on from the first one's result.
static void update_average(Graph *graph, Node *node, Node *average, Node *batch) {
    double momentum = args_number(node->args, "momentum");
    Node *before = find_assign(graph, average->parameter);
    Node *old = before ? before->inputs[0] : average;
    Node *sum = graph_add(graph, graph_scale(graph, old, momentum),
                          graph_scale(graph, batch, 1 - momentum));
    if (before)
        before->inputs[0] = sum;
    else
        graph_assign_parameter(graph, average->parameter, sum);
}

static Node *normalize_batch(Graph *graph, Node *node, Node *x, const NormWeights *w) {
    Node *moments = moments_of(graph, x);
    Node *variance = moments_statistic(graph, moments, MOMENT_VARIANCE);
    update_average(graph, node, w->mean, moments_statistic(graph, moments, MOMENT_MEAN));
    update_average(graph, node, w->variance, variance);
    Node *scale = scale_of(graph, node, w->gamma, variance);
    Node *rest = moments_statistic(graph, moments, MOMENT_REST);
    Node *offset = graph_unary(graph, "negate", graph_multiply(graph, rest, scale));
    if (w->beta) offset = graph_add(graph, w->beta, offset);
    return moments_normalize(graph, x, moments, args_number(node->args, "epsilon"), scale, offset);
}

// Of the steps that count; no steps have mean and variance 0 (Keras's `_moments` with a mask).
typedef struct Statistics {
    Node *mean, *variance, *centered; // centered: x - mean
} Statistics;

static Statistics statistics_of_counting(Graph *graph, Node *x, Node *counts) {
    static const double NO_ZERO = 1e-7; // beside the count
    Node *ones[] = {counts, graph_filled(graph, x->type, 1), graph_constant(graph, 0)};
    Node *all = graph_batch_sum(graph, graph_call(graph, "where", ones, 3, NULL), 1);
    Node *count = graph_add(graph, all, graph_constant(graph, NO_ZERO));
    Node *counting[] = {counts, x, graph_constant(graph, 0)};
    Node *sum = graph_batch_sum(graph, graph_call(graph, "where", counting, 3, NULL), 1);
    Statistics s = {.mean = graph_divide(graph, sum, count)};
    s.centered = graph_subtract(graph, x, s.mean);
    counting[1] = graph_unary(graph, "square", s.centered);
    sum = graph_batch_sum(graph, graph_call(graph, "where", counting, 3, NULL), 1);
    s.variance = graph_divide(graph, sum, count);
    return s;
}

static Node *normalize_counting(Graph *graph, Node *node, Node *x, Node *counts,
                                const NormWeights *w) {
    Statistics s = statistics_of_counting(graph, x, counts);
    update_average(graph, node, w->mean, s.mean);
    update_average(graph, node, w->variance, s.variance);
    Node *y = graph_multiply(graph, s.centered, scale_of(graph, node, w->gamma, s.variance));
    return w->beta ? graph_add(graph, y, w->beta) : y;
}

static Node *batch_norm_mask(Graph *graph, Node *node) {
    Node *mask = op_mask_same(graph, node);
    if (mask) op_take_mask(graph, node, mask);
    return mask;
}

static Node *normalize_by_averages(Graph *graph, Node *node, Node *x, const NormWeights *w) {
    Node *scale = scale_of(graph, node, w->gamma, w->variance);
    Node *y = graph_multiply(graph, graph_subtract(graph, x, w->mean), scale);
    return w->beta ? graph_add(graph, y, w->beta) : y;
}

// A layer that is not trained (is frozen) is as it is outside training.
static Node *batch_norm_expand(Graph *graph, Node *node) {
    int axis;
    layer_axis(graph, node, args_number(node->args, "axis"), &axis);
    NormWeights w = weights_of(node, true);
    Node *x = layer_axis_to_end(graph, node->inputs[0], axis), *y;
    bool is_trained = graph->mode == GRAPH_TRAIN && !graph_is_frozen(graph, node->layer);
    Node *mask = op_taken_mask(node);
    if (mask) mask = layer_axis_to_end(graph, op_mask_as(graph, mask, x->type.rank), axis);
    if (is_trained && mask)
        y = normalize_counting(graph, node, x, mask, &w);
    else if (is_trained)
        y = normalize_batch(graph, node, x, &w);
    else
        y = normalize_by_averages(graph, node, x, &w);
    return layer_axis_from_end(graph, y, axis);
}

// ---- Within a sample.

// The mean over the dimensions in `axes`, which become 1.
static Node *mean_over(Graph *graph, Node *x, const bool *axes) {
    double count = 1;
    Node *sum = x;
    for (int i = 0; i < x->type.rank; i++) {
        if (!axes[i]) continue;
        count *= (double)x->type.dims[i];
        sum = op_reduce_axis(graph, sum, i, REDUCE_SUM);
    }
    return graph_scale(graph, sum, 1 / count);
}

// (x - mean) / sqrt(variance + epsilon) * gamma + beta; gamma and beta fit x. What float32 lacks to
// a large mean is found as the mean of what is left, which as a number is 0 and has no gradient.
static Node *normalize_within(Graph *graph, Node *node, Node *x, const bool *axes, Node *gamma,
                              Node *beta) {
    double epsilon = args_number(node->args, "epsilon");
    Node *centered = graph_subtract(graph, x, mean_over(graph, x, axes));
    Node *rest = graph_unary(graph, "stop_gradient", mean_over(graph, centered, axes));
    Node *square = mean_over(graph, graph_unary(graph, "square", centered), axes);
    Node *variance = graph_subtract(graph, square, graph_unary(graph, "square", rest));
    Node *inverse = moments_inverse(graph, variance, epsilon);
    Node *y = graph_multiply(graph, graph_subtract(graph, centered, rest), inverse);
    if (gamma) y = graph_multiply(graph, y, gamma);
    return beta ? graph_add(graph, y, beta) : y;
}

// ---- layer_norm

// Sets axes[i] for the dimensions that the argument names.
static bool read_axes(Graph *graph, Node *node, bool *axes) {
    const ArgValue *value = args_get(node->args, "axis");
    for (int i = 0; i < value->count; i++) {
        int axis;
        if (!layer_axis(graph, node, value->numbers[i], &axis)) return false;
        axes[axis] = true;
    }
    return true;
}

static bool layer_norm_shape(Graph *graph, Node *node) {
    bool axes[SHAPE_MAX_RANK] = {false};
    int count = 0;
    if (!read_axes(graph, node, axes)) return false;
    for (int i = 0; i < SHAPE_MAX_RANK; i++) count += axes[i];
    return check_starts(graph, node, count) && op_shape_same(graph, node);
}

// The dimensions that are normalized: of gamma and beta.
static Type layer_norm_type(Graph *graph, Node *node) {
    bool axes[SHAPE_MAX_RANK] = {false};
    const Type *x = &node->inputs[0]->type;
    Type type = {.dtype = DTYPE_F32};
    read_axes(graph, node, axes);
    for (int i = 0; i < x->rank; i++)
        if (axes[i]) type.dims[type.rank++] = x->dims[i];
    return type;
}

static void layer_norm_parameters(Graph *graph, Node *node) {
    add_affine(graph, node, layer_norm_type(graph, node));
}

// NormWeights of some dimensions under the value's rank, with 1 for the others.
static Node *spread(Graph *graph, Node *weights, const Type *x, const bool *axes) {
    int64_t dims[SHAPE_MAX_RANK];
    if (!weights) return NULL;
    for (int i = 0; i < x->rank; i++) dims[i] = axes[i] ? x->dims[i] : 1;
    return graph_reshape(graph, weights, x->rank, dims);
}

static Node *layer_norm_expand(Graph *graph, Node *node) {
    bool axes[SHAPE_MAX_RANK] = {false};
    const Type *x = &node->inputs[0]->type;
    NormWeights w = weights_of(node, false);
    read_axes(graph, node, axes);
    return normalize_within(graph, node, node->inputs[0], axes, spread(graph, w.gamma, x, axes),
                            spread(graph, w.beta, x, axes));
}

// ---- group_norm

// As many as there are channels for -1. False: they do not divide.
static bool count_groups(Graph *graph, Node *node, int64_t channels, int64_t *groups) {
    *groups = args_int(node->args, "groups");
    if (*groups == -1) *groups = channels;
    if (*groups > 0 && channels % *groups == 0) return true;
    op_shape_error(graph, node, "group_norm cannot divide %lld channels into %lld groups",
                   (long long)channels, (long long)*groups);
    if (*groups > 0)
        op_shape_note(graph, "%lld = %lld * %lld + %lld", (long long)channels, (long long)*groups,
                      (long long)(channels / *groups), (long long)(channels % *groups));
    op_shape_help(graph, "choose a number of groups that divides %lld, or -1 for one a channel",
                  (long long)channels);
    return false;
}

static bool group_norm_shape(Graph *graph, Node *node) {
    int64_t groups;
    if (!one_axis_shape(graph, node)) return false;
    return count_groups(graph, node, channel_type(graph, node).dims[0], &groups);
}

static void group_norm_parameters(Graph *graph, Node *node) {
    add_affine(graph, node, channel_type(graph, node));
}

// As [places, groups, channels of a group], of which places and channels are normalized.
static Node *group_norm_expand(Graph *graph, Node *node) {
    static const bool axes[] = {true, false, true};
    int axis;
    int64_t groups;
    layer_axis(graph, node, args_number(node->args, "axis"), &axis);
    Node *x = layer_axis_to_end(graph, node->inputs[0], axis);
    int64_t channels = type_last(&x->type);
    count_groups(graph, node, channels, &groups);
    int64_t dims[] = {type_elements(&x->type) / channels, groups, channels / groups};
    NormWeights w = weights_of(node, false);
    Node *gamma = w.gamma ? graph_reshape(graph, w.gamma, 2, dims + 1) : NULL;
    Node *beta = w.beta ? graph_reshape(graph, w.beta, 2, dims + 1) : NULL;
    Node *grouped = graph_reshape(graph, x, 3, dims);
    Node *y = normalize_within(graph, node, grouped, axes, gamma, beta);
    return layer_axis_from_end(graph, graph_reshape(graph, y, x->type.rank, x->type.dims), axis);
}

// ---- rms_norm: x / sqrt(mean(x^2) + epsilon) * scale. Zhang and Sennrich 2019, arXiv:1910.07467;
// keras/src/layers/normalization/rms_normalization.py.

static bool rms_norm_shape(Graph *graph, Node *node) {
    bool axes[SHAPE_MAX_RANK] = {false};
    int count = 0;
    if (!read_axes(graph, node, axes)) return false;
    for (int i = 0; i < SHAPE_MAX_RANK; i++) count += axes[i];
    return layer_check_initializer(graph, node, "scale_initializer", count) &&
           op_shape_same(graph, node);
}

static void rms_norm_parameters(Graph *graph, Node *node) {
    layer_add_weights(graph, node, "scale", "scale", layer_norm_type(graph, node), true);
}

static Node *rms_norm_expand(Graph *graph, Node *node) {
    bool axes[SHAPE_MAX_RANK] = {false};
    Node *x = node->inputs[0];
    read_axes(graph, node, axes);
    Node *square = mean_over(graph, graph_unary(graph, "square", x), axes);
    Node *inverse = moments_inverse(graph, square, args_number(node->args, "epsilon"));
    Node *scale = spread(graph, node->inputs[1], &x->type, axes);
    return graph_multiply(graph, graph_multiply(graph, x, inverse), scale);
}

// ---- Rows.

#define AXIS(type_, doc_)                                                                          \
    {.name = "axis",                                                                               \
     .type = type_,                                                                                \
     .default_text = "-1",                                                                         \
     .minimum = -SHAPE_MAX_RANK,                                                                   \
     .maximum = SHAPE_MAX_RANK,                                                                    \
     .doc = doc_}
#define CHANNEL_AXIS                                                                               \
    AXIS(ARG_INT, "the dimension of the channels: from 1 (0 is the batch), or from the end")
#define EPSILON                                                                                    \
    {.name = "epsilon",                                                                            \
     .type = ARG_FLOAT,                                                                            \
     .default_text = "0.001",                                                                      \
     .maximum = INFINITY,                                                                          \
     .doc = "added to the variance, against division by zero"}
#define AFFINE                                                                                     \
    {.name = "center",                                                                             \
     .type = ARG_BOOL,                                                                             \
     .default_text = "true",                                                                       \
     .doc = "add beta, which is trained"},                                                         \
        {.name = "scale",                                                                          \
         .type = ARG_BOOL,                                                                         \
         .default_text = "true",                                                                   \
         .doc = "multiply by gamma, which is trained"}
#define AFFINE_WEIGHTS                                                                             \
    LAYER_INITIALIZER("beta_initializer", "zeros", "how beta starts"),                             \
        LAYER_INITIALIZER("gamma_initializer", "ones", "how gamma starts"),                        \
        LAYER_REGULARIZER("beta_regularizer", "penalty on beta, added to the loss"),               \
        LAYER_REGULARIZER("gamma_regularizer", "penalty on gamma, added to the loss"),             \
        LAYER_CONSTRAINT("beta_constraint", "what beta is kept to after each step"),               \
        LAYER_CONSTRAINT("gamma_constraint", "what gamma is kept to after each step")

static const ArgDef batch_norm_args[] = {
    CHANNEL_AXIS,
    {.name = "momentum",
     .type = ARG_FLOAT,
     .default_text = "0.99",
     .maximum = 1,
     .doc = "what the moving averages keep of their past"},
    EPSILON,
    AFFINE,
    AFFINE_WEIGHTS,
    LAYER_INITIALIZER("moving_mean_initializer", "zeros", "how the moving mean starts"),
    LAYER_INITIALIZER("moving_variance_initializer", "ones", "how the moving variance starts"),
    {0},
};

static const ArgDef layer_norm_args[] = {
    AXIS(ARG_INTS, "the dimensions normalized: from 1 (0 is the batch), or from the end"),
    EPSILON,
    AFFINE,
    AFFINE_WEIGHTS,
    {0},
};

static const ArgDef rms_norm_args[] = {
    AXIS(ARG_INTS, "the dimensions normalized: from 1 (0 is the batch), or from the end"),
    {.name = "epsilon",
     .type = ARG_FLOAT,
     .default_text = "1e-6",
     .maximum = INFINITY,
     .doc = "added to the mean square, against division by zero"},
    LAYER_INITIALIZER("scale_initializer", "ones", "how the scale starts"),
    LAYER_REGULARIZER("scale_regularizer", "penalty on the scale, added to the loss"),
    LAYER_CONSTRAINT("scale_constraint", "what the scale is kept to after each step"),
    {0},
};

static const ArgDef group_norm_args[] = {
    {.name = "groups",
     .type = ARG_INT,
     .default_text = "32",
     .minimum = -1,
     .maximum = INT32_MAX,
     .doc = "parts of the channels; -1: one a channel"},
    CHANNEL_AXIS,
    EPSILON,
    AFFINE,
    AFFINE_WEIGHTS,
    {0},
};

#define NORM(name_, mask_)                                                                         \
    .surface = true, .min_inputs = 1, .max_inputs = 1, .fuse = FUSE_COMPOSITE,                     \
    .shape = name_##_shape, .parameters = name_##_parameters, .mask = mask_,                       \
    .expand = name_##_expand

const OpDef op_norm[] = {
    {.schema = {"batch_norm", "normalizes each channel over the batch", batch_norm_args,
                "BatchNormalization BatchNorm"},
     NORM(batch_norm, batch_norm_mask),
     .not_in_cells = "its statistics are those of whole batches"},
    {.schema = {"layer_norm", "normalizes within each sample", layer_norm_args,
                "LayerNormalization LayerNorm"},
     NORM(layer_norm, op_mask_same)},
    {.schema = {"rms_norm", "divides by the root mean square within each sample", rms_norm_args,
                "RMSNormalization RMSNorm"},
     NORM(rms_norm, op_mask_same)},
    {.schema = {"group_norm", "normalizes groups of channels within each sample", group_norm_args,
                "GroupNormalization GroupNorm"},
     NORM(group_norm, op_mask_same)},
    {.schema = {0}},
};
