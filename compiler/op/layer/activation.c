// Activations: elementwise functions of one value (and softmax, over the last dimension). They
// stand in a model (`-> relu`) and where an activation is asked for (`dense(10, relu)`); some are
// also building blocks of losses. The formulas and defaults are those of keras/src/activations and
// keras/src/backend/tensorflow/nn.py (Keras 3), except that leaky_relu has the slope 0.3 of Keras's
// layer wherever it stands.
//
// A function is composite where its parts give an exact gradient, and a primitive row where a
// formula of its own is better: from the output (sigmoid, tanh, elu), or without cancellation and
// overflow (softplus, softsign).
#include "layer.h"

#include <math.h>

#define ACTIVATION .surface = true, .is_activation = true, .min_inputs = 1, .max_inputs = 1
#define PRIMITIVE .fuse = FUSE_ELEMENTWISE, .shape = op_shape_same, .flops = op_flops_elements
#define COMPOSITE .fuse = FUSE_COMPOSITE, .shape = op_shape_same

static Node *call_with_number(Graph *graph, const char *op, Node *x, const char *argument,
                              double number) {
    Args *args = graph_args(graph, op);
    args_set_number(args, argument, number);
    return graph_call(graph, op, &x, 1, args);
}

static Node *call_select(Graph *graph, Node *condition, Node *if_true, Node *if_false) {
    return graph_call(graph, "where", (Node *[]){condition, if_true, if_false}, 3, NULL);
}

// ---- linear

static Node *linear_expand(Graph *graph, Node *node) {
    (void)graph;
    return node->inputs[0];
}

// ---- relu: min(x, max_value) above the threshold, negative_slope * (x - threshold) below.

typedef struct Relu {
    double slope, threshold, maximum;
} Relu;

static Relu relu_arguments(const Node *node) {
    const ArgValue *maximum = args_get(node->args, "max_value");
    return (Relu){.slope = args_number(node->args, "negative_slope"),
                  .threshold = args_number(node->args, "threshold"),
                  .maximum = maximum->is_set ? maximum->number : INFINITY};
}

static Lane relu_lower(LaneBuilder *b, const Node *node, const Lane *inputs) {
    Relu relu = relu_arguments(node);
    Lane x = inputs[0];
    Lane zero = lane_constant(b, 0), threshold = lane_constant(b, relu.threshold);
    Lane above = isinf(relu.maximum) ? x : lane_minimum(b, x, lane_constant(b, relu.maximum));
    if (relu.slope == 0 && relu.threshold == 0) return lane_maximum(b, above, zero);
    Lane below = zero;
    if (relu.slope != 0)
        below = lane_multiply(b, lane_subtract(b, x, threshold), lane_constant(b, relu.slope));
    return lane_select(b, lane_less(b, threshold, x), above, below);
}

static double relu_evaluate(const Node *node, const double *inputs, const EvalPoint *at) {
    (void)at;
    Relu relu = relu_arguments(node);
    double x = inputs[0];
    return x > relu.threshold ? fmin(x, relu.maximum) : relu.slope * (x - relu.threshold);
}

// 1 in between, negative_slope below the threshold, 0 above max_value. At those two points it is
// what it is in Keras on TensorFlow, which builds relu of other functions: relu6 has 0 at 6, a clip
// has 1 at its end, and a threshold passes nothing at itself. Without a threshold and a maximum the
// sign of the output tells as much as that of the input, which then need not be kept.
static void relu_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Relu relu = relu_arguments(node);
    bool bounded = !isinf(relu.maximum), is_simple = relu.threshold == 0 && !bounded;
    Node *x = is_simple ? node : node->inputs[0];
    Node *zero = graph_constant(graph, 0), *threshold = graph_constant(graph, relu.threshold);
    Node *above = dy;
    if (bounded) {
        Node *maximum = graph_constant(graph, relu.maximum);
        bool is_relu6 = relu.maximum == 6 && relu.threshold == 0;
        above = is_relu6 ? call_select(graph, graph_binary(graph, "less", x, maximum), dy, zero)
                         : call_select(graph, graph_binary(graph, "greater", x, maximum), zero, dy);
    }
    Node *below = relu.slope == 0 ? zero : graph_scale(graph, dy, relu.slope);
    if (relu.slope != 0 && !is_simple)
        below = call_select(graph, graph_binary(graph, "less", x, threshold), below, zero);
    dinputs[0] = call_select(graph, graph_binary(graph, "greater", x, threshold), above, below);
}

static const ArgDef relu_args[] = {
    {.name = "negative_slope",
     .type = ARG_FLOAT,
     .default_text = "0",
     .maximum = INFINITY,
     .keras_name = "alpha",
     .doc = "slope below the threshold"},
    {.name = "max_value",
     .type = ARG_FLOAT,
     .default_text = "none",
     .maximum = INFINITY,
     .doc = "largest output"},
    {.name = "threshold",
     .type = ARG_FLOAT,
     .default_text = "0",
     .maximum = INFINITY,
     .doc = "inputs up to here are damped"},
    {0},
};

// ---- leaky_relu, hard_sigmoid: relu with arguments.

static Node *leaky_relu_expand(Graph *graph, Node *node) {
    return call_with_number(graph, "relu", node->inputs[0], "negative_slope",
                            args_number(node->args, "negative_slope"));
}

static const ArgDef leaky_relu_args[] = {
    {.name = "negative_slope",
     .type = ARG_FLOAT,
     .default_text = "0.3",
     .maximum = INFINITY,
     .keras_name = "alpha",
     .doc = "slope below zero"},
    {0},
};

// relu6(x + 3) / 6, as in Keras 3 (Keras 2 had 0.2 x + 0.5).
static Node *hard_sigmoid_expand(Graph *graph, Node *node) {
    Node *shifted = graph_add(graph, node->inputs[0], graph_constant(graph, 3));
    return graph_scale(graph, call_with_number(graph, "relu", shifted, "max_value", 6), 1.0 / 6);
}

static Node *relu6_expand(Graph *graph, Node *node) {
    return call_with_number(graph, "relu", node->inputs[0], "max_value", 6);
}

static Node *hard_swish_expand(Graph *graph, Node *node) {
    Node *x = node->inputs[0];
    return graph_multiply(graph, x, graph_unary(graph, "hard_sigmoid", x));
}

// ---- elu: x above zero, alpha * (exp(x) - 1) below. Clevert et al. 2016, arXiv:1511.07289.

static Lane elu_lower(LaneBuilder *b, const Node *node, const Lane *inputs) {
    Lane x = inputs[0], zero = lane_constant(b, 0);
    Lane below = lane_expm1(b, lane_minimum(b, x, zero));
    double alpha = args_number(node->args, "alpha");
    if (alpha != 1) below = lane_multiply(b, below, lane_constant(b, alpha));
    return lane_select(b, lane_less(b, zero, x), x, below);
}

static double elu_evaluate(const Node *node, const double *inputs, const EvalPoint *at) {
    (void)at;
    double x = inputs[0];
    return x > 0 ? x : args_number(node->args, "alpha") * expm1(x);
}

// 1 above zero; up to zero, as TensorFlow, alpha * exp(x), which is the output + alpha.
static void elu_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *alpha = graph_constant(graph, args_number(node->args, "alpha"));
    Node *is_above = graph_binary(graph, "greater", node, graph_constant(graph, 0));
    Node *below = graph_multiply(graph, dy, graph_add(graph, node, alpha));
    dinputs[0] = call_select(graph, is_above, dy, below);
}

static const ArgDef elu_args[] = {
    {.name = "alpha",
     .type = ARG_FLOAT,
     .default_text = "1",
     .maximum = INFINITY,
     .doc = "the output tends to -alpha for small inputs"},
    {0},
};

// ---- selu: scale * elu(x, alpha). Klambauer et al. 2017, arXiv:1706.02515, equation 14.

static const double selu_scale = 1.0507009873554805, selu_alpha = 1.6732632423543772;

static Lane selu_lower(LaneBuilder *b, const Node *node, const Lane *inputs) {
    Lane x = inputs[0], zero = lane_constant(b, 0);
    Lane below = lane_multiply(b, lane_expm1(b, lane_minimum(b, x, zero)),
                               lane_constant(b, selu_scale * selu_alpha));
    Lane above = lane_multiply(b, x, lane_constant(b, selu_scale));
    (void)node;
    return lane_select(b, lane_less(b, zero, x), above, below);
}

static double selu_evaluate(const Node *node, const double *inputs, const EvalPoint *at) {
    double x = inputs[0];
    (void)node, (void)at;
    return selu_scale * (x > 0 ? x : selu_alpha * expm1(x));
}

// The scale from zero on, as TensorFlow (elu has its alpha at zero); below, output + scale * alpha.
static void selu_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *is_below = graph_binary(graph, "less", node, graph_constant(graph, 0));
    Node *slope = graph_add(graph, node, graph_constant(graph, selu_scale * selu_alpha));
    Node *below = graph_multiply(graph, dy, slope);
    dinputs[0] = call_select(graph, is_below, below, graph_scale(graph, dy, selu_scale));
}

// ---- gelu: x * P(X <= x) for a standard normal X. Hendrycks and Gimpel 2016, arXiv:1606.08415.

static Node *gelu_expand(Graph *graph, Node *node) {
    Node *x = node->inputs[0], *probability;
    if (args_bool(node->args, "approximate")) {
        const double sqrt_2_over_pi = 0.7978845608028654;
        Node *square = graph_unary(graph, "square", x);
        Node *factor = graph_add(graph, graph_scale(graph, square, 0.044715 * sqrt_2_over_pi),
                                 graph_constant(graph, sqrt_2_over_pi));
        probability = graph_unary(graph, "tanh", graph_multiply(graph, x, factor));
    } else {
        probability = graph_unary(graph, "erf", graph_scale(graph, x, M_SQRT1_2));
    }
    probability = graph_add(graph, probability, graph_constant(graph, 1));
    return graph_multiply(graph, graph_scale(graph, x, 0.5), probability);
}

static const ArgDef gelu_args[] = {
    {.name = "approximate",
     .type = ARG_BOOL,
     .default_text = "false",
     .doc = "use the tanh approximation"},
    {0},
};

// ---- sigmoid: 1 / (1 + exp(-x)), gradient y (1 - y).

static Lane sigmoid_lower(LaneBuilder *b, const Node *node, const Lane *inputs) {
    (void)node;
    return lane_sigmoid(b, inputs[0]);
}

static double sigmoid_evaluate(const Node *node, const double *inputs, const EvalPoint *at) {
    (void)node, (void)at;
    return 1 / (1 + exp(-inputs[0]));
}

static void sigmoid_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *rest = graph_subtract(graph, graph_constant(graph, 1), node);
    dinputs[0] = graph_multiply(graph, dy, graph_multiply(graph, node, rest));
}

// ---- tanh: gradient 1 - y^2.

static Lane tanh_lower(LaneBuilder *b, const Node *node, const Lane *inputs) {
    (void)node;
    return lane_tanh(b, inputs[0]);
}

static double tanh_evaluate(const Node *node, const double *inputs, const EvalPoint *at) {
    (void)node, (void)at;
    return tanh(inputs[0]);
}

static void tanh_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *square = graph_unary(graph, "square", node);
    Node *slope = graph_subtract(graph, graph_constant(graph, 1), square);
    dinputs[0] = graph_multiply(graph, dy, slope);
}

// ---- softplus: log(1 + exp(x)) as max(x, 0) + log(1 + exp(-|x|)), which cannot overflow; gradient
// sigmoid(x).

static Lane softplus_lower(LaneBuilder *b, const Node *node, const Lane *inputs) {
    (void)node;
    Lane x = inputs[0];
    Lane tail = lane_log1p(b, lane_exp(b, lane_negate(b, lane_absolute(b, x))));
    return lane_add(b, lane_maximum(b, x, lane_constant(b, 0)), tail);
}

static double softplus_evaluate(const Node *node, const double *inputs, const EvalPoint *at) {
    (void)node, (void)at;
    return fmax(inputs[0], 0) + log1p(exp(-fabs(inputs[0])));
}

static void softplus_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    dinputs[0] = graph_multiply(graph, dy, graph_unary(graph, "sigmoid", node->inputs[0]));
}

// ---- softsign: x / (1 + |x|), gradient 1 / (1 + |x|)^2.

static Lane softsign_lower(LaneBuilder *b, const Node *node, const Lane *inputs) {
    (void)node;
    Lane below = lane_add(b, lane_absolute(b, inputs[0]), lane_constant(b, 1));
    return lane_divide(b, inputs[0], below);
}

static double softsign_evaluate(const Node *node, const double *inputs, const EvalPoint *at) {
    (void)node, (void)at;
    return inputs[0] / (1 + fabs(inputs[0]));
}

static void softsign_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *magnitude = graph_unary(graph, "abs", node->inputs[0]);
    Node *below = graph_add(graph, magnitude, graph_constant(graph, 1));
    dinputs[0] = graph_divide(graph, dy, graph_unary(graph, "square", below));
}

// ---- swish: x * sigmoid(x). Ramachandran et al. 2017, arXiv:1710.05941.

static Node *swish_expand(Graph *graph, Node *node) {
    Node *x = node->inputs[0];
    return graph_multiply(graph, x, graph_unary(graph, "sigmoid", x));
}

// ---- mish: x * tanh(softplus(x)). Misra 2019, arXiv:1908.08681.

static Node *mish_expand(Graph *graph, Node *node) {
    Node *x = node->inputs[0];
    return graph_multiply(graph, x, graph_unary(graph, "tanh", graph_unary(graph, "softplus", x)));
}

static Node *exponential_expand(Graph *graph, Node *node) {
    return graph_unary(graph, "exp", node->inputs[0]);
}

// ---- softmax: exp(x) / sum(exp(x)) over the dimensions of `axis`. The maximum is subtracted so
// that exp cannot overflow; it cancels, so no gradient goes through it. The cross-entropies of
// loss.c are made of the same nodes, which then exist once. keras/src/activations/activations.py.

// The dimensions of the argument, each once, from the last to the first. Returns how many; 0: there
// is none such (E0203).
static int softmax_axes(Graph *graph, Node *node, int *axes) {
    const ArgValue *value = args_get(node->args, "axis");
    bool is_meant[SHAPE_MAX_RANK] = {false};
    int count = 0, axis;
    for (int i = 0; i < value->count; i++) {
        if (!layer_axis(graph, node, value->numbers[i], &axis)) return 0;
        is_meant[axis] = true;
    }
    for (int i = SHAPE_MAX_RANK - 1; i >= 0; i--)
        if (is_meant[i]) axes[count++] = i;
    return count;
}

static bool softmax_shape(Graph *graph, Node *node) {
    int axes[SHAPE_MAX_RANK];
    if (node->inputs[0]->type.rank > 0)
        return softmax_axes(graph, node, axes) && op_shape_same(graph, node);
    return op_shape_error(graph, node, "%s expects a vector, but this value is %s",
                          node->op->schema.name, shape_text(graph->arena, &node->inputs[0]->type));
}

static Node *over_axes(Graph *graph, Node *node, Node *x, ReduceKind kind) {
    int axes[SHAPE_MAX_RANK], count = softmax_axes(graph, node, axes);
    for (int i = 0; i < count; i++) x = op_reduce_axis(graph, x, axes[i], kind);
    return x;
}

static Node *less_maximum(Graph *graph, Node *node, Node *x) {
    Node *maximum = over_axes(graph, node, x, REDUCE_MAX);
    return graph_subtract(graph, x, graph_unary(graph, "stop_gradient", maximum));
}

static Node *softmax_expand(Graph *graph, Node *node) {
    Node *power = graph_unary(graph, "exp", less_maximum(graph, node, node->inputs[0]));
    return graph_divide(graph, power, over_axes(graph, node, power, REDUCE_SUM));
}

// x - log(sum(exp(x))), of the same nodes.
static Node *log_softmax_expand(Graph *graph, Node *node) {
    Node *shifted = less_maximum(graph, node, node->inputs[0]);
    Node *sum = over_axes(graph, node, graph_unary(graph, "exp", shifted), REDUCE_SUM);
    return graph_subtract(graph, shifted, graph_unary(graph, "log", sum));
}

static const ArgDef softmax_args[] = {
    {.name = "axis",
     .type = ARG_INTS,
     .default_text = "-1",
     .minimum = -SHAPE_MAX_RANK,
     .maximum = SHAPE_MAX_RANK,
     .doc = "the dimensions over which values sum to 1: from 1 (0 is the batch), or from the end"},
    {0},
};

const OpDef op_activation[] = {
    {.schema = {"linear", "passes its input on unchanged", NULL, "identity"},
     ACTIVATION,
     COMPOSITE,
     .expand = linear_expand},
    {.schema = {"relu", "cuts off below zero: max(x, 0)", relu_args, "ReLU"},
     ACTIVATION,
     PRIMITIVE,
     .gradient = relu_gradient,
     .lower = relu_lower,
     .evaluate_element = relu_evaluate},
    {.schema = {"leaky_relu", "passes x above zero and negative_slope * x below", leaky_relu_args,
                "LeakyReLU"},
     ACTIVATION,
     COMPOSITE,
     .expand = leaky_relu_expand},
    {.schema = {"relu6", "cuts off below 0 and above 6", NULL, "ReLU6"},
     ACTIVATION,
     COMPOSITE,
     .expand = relu6_expand},
    {.schema = {"elu", "passes x above zero and alpha * (exp(x) - 1) below", elu_args, "ELU"},
     ACTIVATION,
     PRIMITIVE,
     .is_slow = true,
     .gradient = elu_gradient,
     .lower = elu_lower,
     .evaluate_element = elu_evaluate},
    {.schema = {"selu", "scales elu so that layers keep mean 0 and variance 1", NULL, "SELU"},
     ACTIVATION,
     PRIMITIVE,
     .is_slow = true,
     .gradient = selu_gradient,
     .lower = selu_lower,
     .evaluate_element = selu_evaluate},
    {.schema = {"gelu", "weights x by the probability that a normal variable is below it",
                gelu_args, "GELU"},
     ACTIVATION,
     COMPOSITE,
     .expand = gelu_expand},
    {.schema = {"sigmoid", "squashes into 0..1: 1 / (1 + exp(-x))", NULL, "logistic"},
     ACTIVATION,
     PRIMITIVE,
     .flat_high = 1,
     .is_slow = true,
     .gradient = sigmoid_gradient,
     .lower = sigmoid_lower,
     .evaluate_element = sigmoid_evaluate},
    {.schema = {"hard_sigmoid", "approximates sigmoid by straight lines: relu6(x + 3) / 6", NULL,
                NULL},
     ACTIVATION,
     COMPOSITE,
     .expand = hard_sigmoid_expand},
    {.schema = {"hard_swish", "weights x by hard_sigmoid(x)", NULL,
                "hard_silu HardSwish Hardswish"},
     ACTIVATION,
     COMPOSITE,
     .expand = hard_swish_expand},
    {.schema = {"mish", "weights x by the tanh of its softplus", NULL, "Mish"},
     ACTIVATION,
     COMPOSITE,
     .expand = mish_expand},
    {.schema = {"exponential", "computes exp(x)", NULL, NULL},
     ACTIVATION,
     COMPOSITE,
     .expand = exponential_expand},
    {.schema = {"tanh", "squashes into -1..1", NULL, NULL},
     ACTIVATION,
     PRIMITIVE,
     .flat_low = -1,
     .flat_high = 1,
     .is_slow = true,
     .gradient = tanh_gradient,
     .lower = tanh_lower,
     .evaluate_element = tanh_evaluate},
    {.schema = {"softplus", "smooths relu: log(1 + exp(x))", NULL, NULL},
     ACTIVATION,
     PRIMITIVE,
     .is_slow = true,
     .gradient = softplus_gradient,
     .lower = softplus_lower,
     .evaluate_element = softplus_evaluate},
    {.schema = {"softsign", "squashes into -1..1: x / (1 + |x|)", NULL, NULL},
     ACTIVATION,
     PRIMITIVE,
     .is_slow = true,
     .gradient = softsign_gradient,
     .lower = softsign_lower,
     .evaluate_element = softsign_evaluate},
    {.schema = {"swish", "weights x by its sigmoid", NULL, "silu SiLU"},
     ACTIVATION,
     COMPOSITE,
     .expand = swish_expand},
    {.schema = {"softmax", "turns scores into probabilities that sum to 1", softmax_args,
                "Softmax"},
     ACTIVATION,
     .gives_shares = true,
     .fuse = FUSE_COMPOSITE,
     .shape = softmax_shape,
     .expand = softmax_expand},
    {.schema = {"log_softmax", "gives the logarithm of softmax", softmax_args, "LogSoftmax"},
     ACTIVATION,
     .fuse = FUSE_COMPOSITE,
     .shape = softmax_shape,
     .expand = log_softmax_expand},
    {.schema = {0}},
};
