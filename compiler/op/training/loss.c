// Losses: composite rows with the inputs (prediction, target). The value is the loss of each place,
// the mean (cross-entropies and kl_divergence: the sum) over the last dimension, which becomes 1;
// pass_attach_loss averages it over the places and the batch. Formulas and defaults are those of
// keras/src/losses/losses.py and keras/src/backend/tensorflow/nn.py (Keras 3).
//
// The cross-entropies take the logits where the prediction is a softmax or sigmoid of them, as
// Keras does on TensorFlow: nothing is clipped then, and the gradient is probability - target.
#include "../op.h"

#include <math.h>
#include <string.h>

static const double EPSILON = 1e-7; // keras.config.epsilon()

static Node *constant(Graph *graph, double value) {
    return graph_constant(graph, value);
}

static Node *mean_last(Graph *graph, Node *x) {
    int64_t count = type_last(&x->type);
    Node *sum = graph_unary(graph, "row_sum", x);
    return count == 1 ? sum : graph_scale(graph, sum, 1.0 / (double)count);
}

static Node *clip(Graph *graph, Node *x, double low, double high) {
    Node *bounded = graph_binary(graph, "minimum", x, constant(graph, high));
    return graph_binary(graph, "maximum", bounded, constant(graph, low));
}

// ---- Shapes. A dimension of 1 at the end may be left out on either side.

static bool dims_equal(const int64_t *a, const int64_t *b, int rank) {
    return memcmp(a, b, sizeof *a * (size_t)rank) == 0;
}

// True if the target has a number for each of the prediction's.
static bool fits_elementwise(const Type *prediction, const Type *target) {
    const Type *longer = prediction->rank > target->rank ? prediction : target;
    const Type *shorter = longer == prediction ? target : prediction;
    if (longer->rank - shorter->rank > 1) return false;
    if (longer->rank > shorter->rank && type_last(longer) != 1) return false;
    return dims_equal(longer->dims, shorter->dims, shorter->rank);
}

// True if the target has a class number for each vector of the prediction.
static bool fits_classes(const Type *prediction, const Type *target) {
    int rank = prediction->rank - 1;
    if (rank < 0) return false;
    bool same_rank = target->rank == prediction->rank && type_last(target) == 1;
    return (same_rank || target->rank == rank) && dims_equal(prediction->dims, target->dims, rank);
}

// The prediction's places: its dimensions with 1 for the last.
static void set_loss_type(Node *node) {
    const Type *prediction = &node->inputs[0]->type, *target = &node->inputs[1]->type;
    bool batched = prediction->batched || target->batched;
    int rank = prediction->rank > 0 ? prediction->rank : 1;
    node->type = type_make(DTYPE_F32, batched, rank, prediction->dims);
    node->type.dims[rank - 1] = 1;
}

static bool elementwise_shape(Graph *graph, Node *node) {
    const Type *prediction = &node->inputs[0]->type, *target = &node->inputs[1]->type;
    set_loss_type(node);
    if (fits_elementwise(prediction, target)) return true;
    return op_shape_error(
        graph, node, "%s compares number by number, but the prediction is %s and the target is %s",
        node->op->schema.name, type_text(graph->arena, prediction),
        type_text(graph->arena, target));
}

// Kullback-Leibler divergence and categorical cross-entropy compare distributions.
static bool distribution_shape(Graph *graph, Node *node) {
    if (node->inputs[0]->type.rank > 0) return elementwise_shape(graph, node);
    return op_shape_error(graph, node, "%s expects a vector, but the prediction is a single number",
                          node->op->schema.name);
}

static bool sparse_shape(Graph *graph, Node *node) {
    const Type *prediction = &node->inputs[0]->type, *target = &node->inputs[1]->type;
    set_loss_type(node);
    if (fits_classes(prediction, target)) return true;
    return op_shape_error(graph, node,
                          "%s expects one class number for each vector of the prediction, "
                          "but the prediction is %s and the target is %s",
                          node->op->schema.name, type_text(graph->arena, prediction),
                          type_text(graph->arena, target));
}

static bool crossentropy_shape(Graph *graph, Node *node) {
    const Type *prediction = &node->inputs[0]->type, *target = &node->inputs[1]->type;
    set_loss_type(node);
    if (fits_classes(prediction, target)) return true;
    return elementwise_shape(graph, node);
}

// The inputs of an elementwise loss with the prediction's rank, at least 1.
typedef struct Pair {
    Node *prediction, *target;
} Pair;

static Node *with_last(Graph *graph, Node *x, int rank) {
    int64_t dims[SHAPE_MAX_RANK];
    memcpy(dims, x->type.dims, sizeof dims);
    if (x->type.rank < rank) dims[rank - 1] = 1;
    return graph_reshape(graph, x, rank, dims);
}

static Pair pair_of(Graph *graph, const Node *node) {
    int rank = node->type.rank;
    Pair pair = {node->inputs[0], node->inputs[1]};
    if (pair.prediction->type.rank != rank)
        pair.prediction = with_last(graph, pair.prediction, rank);
    if (pair.target->type.rank != rank) pair.target = with_last(graph, pair.target, rank);
    return pair;
}

static Node *error_of(Graph *graph, const Node *node) {
    Pair pair = pair_of(graph, node);
    return graph_subtract(graph, pair.prediction, pair.target);
}

// ---- Regression.

static Node *mse_expand(Graph *graph, Node *node) {
    return mean_last(graph, graph_unary(graph, "square", error_of(graph, node)));
}

static Node *mae_expand(Graph *graph, Node *node) {
    return mean_last(graph, graph_unary(graph, "abs", error_of(graph, node)));
}

// e^2 / 2 up to |e| = delta, delta |e| - delta^2 / 2 from there on.
static Node *huber_expand(Graph *graph, Node *node) {
    double delta = args_number(node->args, "delta");
    Node *error = error_of(graph, node);
    Node *size = graph_unary(graph, "abs", error);
    Node *near = graph_scale(graph, graph_unary(graph, "square", error), 0.5);
    Node *far = graph_subtract(graph, graph_scale(graph, size, delta),
                               constant(graph, 0.5 * delta * delta));
    Node *is_far = graph_binary(graph, "greater", size, constant(graph, delta));
    return mean_last(graph, graph_call(graph, "where", (Node *[]){is_far, far, near}, 3, NULL));
}

static const ArgDef huber_args[] = {
    {.name = "delta",
     .type = ARG_FLOAT,
     .default_text = "1",
     .maximum = INFINITY,
     .minimum_open = true,
     .doc = "error from which on the loss grows linearly"},
    {0},
};

static Node *log_cosh_expand(Graph *graph, Node *node) {
    return mean_last(graph, graph_unary(graph, "log_of_cosh", error_of(graph, node)));
}

static Node *poisson_expand(Graph *graph, Node *node) {
    Pair pair = pair_of(graph, node);
    Node *shifted = graph_add(graph, pair.prediction, constant(graph, EPSILON));
    Node *term = graph_multiply(graph, pair.target, graph_unary(graph, "log", shifted));
    return mean_last(graph, graph_subtract(graph, pair.prediction, term));
}

// ---- Classification by margins and by distributions.

// max(1 - target * prediction, 0) for targets -1 and 1. A target 0 stands for -1; Keras reads it so
// only in batches whose every target is 0 or 1, which differs for other targets mixed with zeros.
static Node *hinge_expand(Graph *graph, Node *node) {
    Pair pair = pair_of(graph, node);
    Node *is_zero = graph_binary(graph, "equal", pair.target, constant(graph, 0));
    Node *sign =
        graph_call(graph, "where", (Node *[]){is_zero, constant(graph, -1), pair.target}, 3, NULL);
    Node *margin =
        graph_subtract(graph, constant(graph, 1), graph_multiply(graph, sign, pair.prediction));
    return mean_last(graph, graph_binary(graph, "maximum", margin, constant(graph, 0)));
}

static Node *kl_divergence_expand(Graph *graph, Node *node) {
    Pair pair = pair_of(graph, node);
    Node *target = clip(graph, pair.target, EPSILON, 1);
    Node *ratio = graph_divide(graph, target, clip(graph, pair.prediction, EPSILON, 1));
    Node *term = graph_multiply(graph, target, graph_unary(graph, "log", ratio));
    return graph_unary(graph, "row_sum", term);
}

// ---- Cross-entropies.

// pass_expand leaves activations as they are until the losses are expanded.
static Node *sigmoid_logits(Node *prediction) {
    return node_is(prediction, "sigmoid") ? prediction->inputs[0] : NULL;
}

static Node *softmax_logits(Node *prediction) {
    if (!node_is(prediction, "softmax")) return NULL;
    const ArgValue *axis = args_get(prediction->args, "axis");
    bool is_last =
        axis->count == 1 && (axis->numbers[0] == -1 || axis->numbers[0] == prediction->type.rank);
    return is_last ? prediction->inputs[0] : NULL;
}

// target * (1 - label_smoothing) + label_smoothing / count
static Node *smooth_labels(Graph *graph, const Node *node, Node *target, int64_t count) {
    double smoothing = args_number(node->args, "label_smoothing");
    if (smoothing == 0) return target;
    return graph_add(graph, graph_scale(graph, target, 1 - smoothing),
                     constant(graph, smoothing / (double)count));
}

static Node *binary_from_logits(Graph *graph, Node *logits, Node *target) {
    return mean_last(graph, graph_binary(graph, "logistic_loss", logits, target));
}

// -target log(p) - (1 - target) log(1 - p)
static Node *binary_from_probabilities(Graph *graph, Node *prediction, Node *target) {
    Node *one = constant(graph, 1);
    Node *yes = clip(graph, prediction, EPSILON, 1 - EPSILON);
    Node *no = graph_subtract(graph, one, yes);
    Node *term = graph_add(
        graph, graph_multiply(graph, target, graph_unary(graph, "log", yes)),
        graph_multiply(graph, graph_subtract(graph, one, target), graph_unary(graph, "log", no)));
    return graph_unary(graph, "negate", mean_last(graph, term));
}

static Node *binary_crossentropy_expand(Graph *graph, Node *node) {
    Pair pair = pair_of(graph, node);
    Node *target = smooth_labels(graph, node, pair.target, 2);
    Node *logits = sigmoid_logits(pair.prediction);
    if (!logits && args_bool(node->args, "from_logits")) logits = pair.prediction;
    if (logits) return binary_from_logits(graph, logits, target);
    return binary_from_probabilities(graph, pair.prediction, target);
}

// sum(target * (log(sum(exp(x))) - x)), of the nodes that softmax(x) is made of. `weight` is the
// sum of the target, NULL for 1. The gradient comes out as weight * softmax(x) - target.
static Node *softmax_crossentropy(Graph *graph, Node *x, Node *target, Node *weight) {
    Node *maximum = graph_unary(graph, "stop_gradient", graph_unary(graph, "row_max", x));
    Node *shifted = graph_subtract(graph, x, maximum);
    Node *sum = graph_unary(graph, "row_sum", graph_unary(graph, "exp", shifted));
    Node *log_sum = graph_unary(graph, "log", sum);
    if (weight) log_sum = graph_multiply(graph, weight, log_sum);
    Node *chosen = graph_unary(graph, "row_sum", graph_multiply(graph, target, shifted));
    return graph_subtract(graph, log_sum, chosen);
}

// -sum(target * log(p / sum(p)))
static Node *categorical_from_probabilities(Graph *graph, Node *prediction, Node *target) {
    Node *share = graph_divide(graph, prediction, graph_unary(graph, "row_sum", prediction));
    Node *log = graph_unary(graph, "log", clip(graph, share, EPSILON, 1 - EPSILON));
    Node *sum = graph_unary(graph, "row_sum", graph_multiply(graph, target, log));
    return graph_unary(graph, "negate", sum);
}

static Node *categorical_crossentropy_expand(Graph *graph, Node *node) {
    Pair pair = pair_of(graph, node);
    Node *target = smooth_labels(graph, node, pair.target, type_last(&pair.target->type));
    Node *logits = softmax_logits(pair.prediction);
    if (!logits && args_bool(node->args, "from_logits")) logits = pair.prediction;
    if (!logits) return categorical_from_probabilities(graph, pair.prediction, target);
    return softmax_crossentropy(graph, logits, target, graph_unary(graph, "row_sum", target));
}

// One value a class, of class numbers [..] or [.., 1].
static Node *class_targets(Graph *graph, const Node *prediction, Node *target) {
    int rank = prediction->type.rank;
    if (target->type.rank > 0 && target->type.rank < rank) target = with_last(graph, target, rank);
    return graph_one_hot(graph, target, type_last(&prediction->type));
}

// Probabilities count as logits after a logarithm: -log(p / sum(p)) of the clipped p.
static Node *sparse_categorical_crossentropy_expand(Graph *graph, Node *node) {
    Node *prediction = node->inputs[0];
    Node *target = class_targets(graph, prediction, node->inputs[1]);
    Node *logits = softmax_logits(prediction);
    target = smooth_labels(graph, node, target, type_last(&prediction->type));
    if (!logits && args_bool(node->args, "from_logits")) logits = prediction;
    if (!logits) logits = graph_unary(graph, "log", clip(graph, prediction, EPSILON, 1 - EPSILON));
    return softmax_crossentropy(graph, logits, target, NULL);
}

const char *op_crossentropy(int64_t units, const char *activation, bool is_known, bool is_label,
                            int64_t classes) {
    if (is_label && classes > 2) return "sparse_categorical_crossentropy";
    if (units == 0 || !activation) return NULL;
    if (units == 1) return "binary_crossentropy";
    if (is_label) return "sparse_categorical_crossentropy";
    if (strcmp(activation, "sigmoid") == 0) return "binary_crossentropy";
    return is_known ? "categorical_crossentropy" : "sparse_categorical_crossentropy";
}

// `crossentropy` that nobody settled: by what makes the prediction (logits unless that is a softmax
// or sigmoid) and by the shapes.
static Node *crossentropy_expand(Graph *graph, Node *node) {
    const Node *prediction = node->inputs[0];
    bool is_sigmoid = sigmoid_logits(node->inputs[0]) != NULL;
    bool is_softmax = softmax_logits(node->inputs[0]) != NULL;
    bool is_label = !fits_elementwise(&prediction->type, &node->inputs[1]->type);
    const char *name = op_crossentropy(type_last(&prediction->type),
                                       is_sigmoid ? "sigmoid" : "linear", true, is_label, 0);
    Args *args = graph_args(graph, name);
    args_set_number(args, "from_logits", !is_sigmoid && !is_softmax);
    return graph_call(graph, name, node->inputs, 2, args);
}

#define FROM_LOGITS                                                                                \
    {.name = "from_logits",                                                                        \
     .type = ARG_BOOL,                                                                             \
     .default_text = "false",                                                                      \
     .doc = "the prediction is scores, not probabilities"}

static const ArgDef crossentropy_args[] = {
    FROM_LOGITS,
    {.name = "label_smoothing",
     .type = ARG_FLOAT,
     .default_text = "0",
     .maximum = 1,
     .doc = "share of the target that is spread evenly over the classes"},
    {0},
};

// ---- Building blocks with gradients of their own.

// log(1 + exp(x)) - x * target, the binary cross-entropy of sigmoid(x): as max(x, 0) - x * target +
// log(1 + exp(-|x|)) it neither overflows nor cancels. Gradient: sigmoid(x) - target.
static Lane logistic_loss_lower(LaneBuilder *b, const Node *node, const Lane *inputs) {
    (void)node;
    Lane x = inputs[0];
    Lane linear =
        lane_subtract(b, lane_maximum(b, x, lane_constant(b, 0)), lane_multiply(b, x, inputs[1]));
    Lane tail = lane_log1p(b, lane_exp(b, lane_negate(b, lane_absolute(b, x))));
    return lane_add(b, linear, tail);
}

static double logistic_loss_evaluate(const Node *node, const double *inputs, const EvalPoint *at) {
    (void)node, (void)at;
    double x = inputs[0];
    return fmax(x, 0) - x * inputs[1] + log1p(exp(-fabs(x)));
}

static void logistic_loss_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *x = node->inputs[0];
    Node *difference = graph_subtract(graph, graph_unary(graph, "sigmoid", x), node->inputs[1]);
    dinputs[0] = graph_multiply(graph, dy, difference);
    dinputs[1] = graph_unary(graph, "negate", graph_multiply(graph, dy, x));
}

// log(cosh(x)) as |x| + log(1 + (exp(-2 |x|) - 1) / 2), which cannot overflow; gradient tanh.
static Lane log_of_cosh_lower(LaneBuilder *b, const Node *node, const Lane *inputs) {
    (void)node;
    Lane size = lane_absolute(b, inputs[0]);
    Lane power = lane_expm1(b, lane_multiply(b, size, lane_constant(b, -2)));
    Lane tail = lane_log1p(b, lane_multiply(b, power, lane_constant(b, 0.5)));
    return lane_add(b, size, tail);
}

static double log_of_cosh_evaluate(const Node *node, const double *inputs, const EvalPoint *at) {
    (void)node, (void)at;
    double size = fabs(inputs[0]);
    return size + log1p(expm1(-2 * size) / 2);
}

static void log_of_cosh_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    dinputs[0] = graph_multiply(graph, dy, graph_unary(graph, "tanh", node->inputs[0]));
}

#define LOSS                                                                                       \
    .surface = true, .is_loss = true, .min_inputs = 2, .max_inputs = 2, .fuse = FUSE_COMPOSITE,    \
    .mask = op_mask_same
#define SHARES .target = TARGET_SHARES, .target_high = 1

const OpDef op_loss[] = {
    {.schema = {"mse", "averages squared errors", NULL, "mean_squared_error MeanSquaredError MSE"},
     LOSS,
     .shape = elementwise_shape,
     .expand = mse_expand},
    {.schema = {"mae", "averages absolute errors", NULL,
                "mean_absolute_error MeanAbsoluteError MAE"},
     LOSS,
     .shape = elementwise_shape,
     .expand = mae_expand},
    {.schema = {"huber", "squares small errors and takes large ones as they are", huber_args,
                "Huber huber_loss"},
     LOSS,
     .shape = elementwise_shape,
     .expand = huber_expand},
    {.schema = {"log_cosh", "averages the logarithm of the error's hyperbolic cosine", NULL,
                "logcosh LogCosh"},
     LOSS,
     .shape = elementwise_shape,
     .expand = log_cosh_expand},
    {.schema = {"hinge", "penalizes margins below 1; targets are -1 and 1, or 0 and 1", NULL,
                "Hinge"},
     LOSS,
     .target_low = -1,
     .target_high = 1,
     .unit_classes = 2,
     .shape = elementwise_shape,
     .expand = hinge_expand},
    {.schema = {"kl_divergence", "compares distributions: sum of target * log(target / prediction)",
                NULL, "kld KLD KLDivergence kullback_leibler_divergence"},
     LOSS,
     SHARES,
     .shape = distribution_shape,
     .expand = kl_divergence_expand},
    {.schema = {"poisson", "fits counts: prediction - target * log(prediction)", NULL, "Poisson"},
     LOSS,
     .target_high = INFINITY,
     .shape = elementwise_shape,
     .expand = poisson_expand},
    {.schema = {"binary_crossentropy", "compares probabilities of yes and no", crossentropy_args,
                "BinaryCrossentropy bce"},
     LOSS,
     .target = TARGET_DECISION,
     .target_high = 1,
     .is_classifier = true,
     .unit_classes = 2,
     .shape = elementwise_shape,
     .expand = binary_crossentropy_expand},
    {.schema = {"categorical_crossentropy", "compares class probabilities with one value a class",
                crossentropy_args, "CategoricalCrossentropy"},
     LOSS,
     SHARES,
     .is_classifier = true,
     .shape = distribution_shape,
     .expand = categorical_crossentropy_expand},
    {.schema = {"sparse_categorical_crossentropy",
                "compares class probabilities with class numbers", crossentropy_args,
                "SparseCategoricalCrossentropy"},
     LOSS,
     .target = TARGET_CLASS,
     .is_classifier = true,
     .shape = sparse_shape,
     .expand = sparse_categorical_crossentropy_expand},
    {.schema = {"crossentropy", "picks the cross-entropy that fits the last layer and the target",
                NULL, "cross_entropy"},
     LOSS,
     .target = TARGET_ANY,
     .shape = crossentropy_shape,
     .expand = crossentropy_expand},
    {.schema = {"logistic_loss", "computes the binary cross-entropy of a logit and a target", NULL,
                NULL},
     .min_inputs = 2,
     .max_inputs = 2,
     .fuse = FUSE_ELEMENTWISE,
     .shape = op_shape_broadcast,
     .flops = op_flops_elements,
     .gradient = logistic_loss_gradient,
     .lower = logistic_loss_lower,
     .evaluate_element = logistic_loss_evaluate},
    {.schema = {"log_of_cosh", "computes log(cosh(x))", NULL, NULL},
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_ELEMENTWISE,
     .shape = op_shape_same,
     .flops = op_flops_elements,
     .gradient = log_of_cosh_gradient,
     .lower = log_of_cosh_lower,
     .evaluate_element = log_of_cosh_evaluate},
    {.schema = {0}},
};
