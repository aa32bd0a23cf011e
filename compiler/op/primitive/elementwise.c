// Elementwise primitives: element i of the result depends on element i of the inputs, which are
// broadcast as NumPy does. Each has its computation twice, in lanes for generated code and in
// double precision as the reference, and its gradient as graph nodes. Activations are in
// activation.c.
#include "../op.h"

#include <math.h>

// The computation of an operator NAME: its lanes (with `b` and `in`) and its reference (with `in`).
#define LANES(name, expression)                                                                    \
    static Lane name##_lower(LaneBuilder *b, const Node *node, const Lane *in) {                   \
        (void)b, (void)node;                                                                       \
        return expression;                                                                         \
    }
#define REFERENCE(name, expression)                                                                \
    static double name##_evaluate(const Node *node, const double *in, const EvalPoint *at) {       \
        (void)node, (void)at;                                                                      \
        return expression;                                                                         \
    }

static Node *call_select(Graph *graph, Node *condition, Node *if_true, Node *if_false) {
    return graph_call(graph, "where", (Node *[]){condition, if_true, if_false}, 3, NULL);
}

// ---- Arithmetic.

LANES(add, lane_add(b, in[0], in[1]))
REFERENCE(add, in[0] + in[1])
static void add_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    (void)graph, (void)node;
    dinputs[0] = dinputs[1] = dy;
}

LANES(subtract, lane_subtract(b, in[0], in[1]))
REFERENCE(subtract, in[0] - in[1])
static void subtract_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    (void)node;
    dinputs[0] = dy;
    dinputs[1] = graph_unary(graph, "negate", dy);
}

LANES(multiply, lane_multiply(b, in[0], in[1]))
REFERENCE(multiply, in[0] * in[1])
static void multiply_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    dinputs[0] = graph_multiply(graph, dy, node->inputs[1]);
    dinputs[1] = graph_multiply(graph, dy, node->inputs[0]);
}

// d(x / y) = dx / y - (x / y) dy / y
LANES(divide, lane_divide(b, in[0], in[1]))
REFERENCE(divide, in[0] / in[1])
static void divide_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *over = graph_divide(graph, dy, node->inputs[1]);
    dinputs[0] = over;
    dinputs[1] = graph_unary(graph, "negate", graph_multiply(graph, over, node));
}

LANES(negate, lane_negate(b, in[0]))
REFERENCE(negate, -in[0])
static void negate_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    (void)node;
    dinputs[0] = graph_unary(graph, "negate", dy);
}

// ---- The smaller, the larger, the size. Where both are equal the gradient goes to the first.

LANES(minimum, lane_minimum(b, in[0], in[1]))
REFERENCE(minimum, in[1] < in[0] ? in[1] : in[0])
static void minimum_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *second = graph_binary(graph, "less", node->inputs[1], node->inputs[0]);
    dinputs[0] = call_select(graph, second, graph_constant(graph, 0), dy);
    dinputs[1] = call_select(graph, second, dy, graph_constant(graph, 0));
}

LANES(maximum, lane_maximum(b, in[0], in[1]))
REFERENCE(maximum, in[0] < in[1] ? in[1] : in[0])
static void maximum_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *second = graph_binary(graph, "less", node->inputs[0], node->inputs[1]);
    dinputs[0] = call_select(graph, second, graph_constant(graph, 0), dy);
    dinputs[1] = call_select(graph, second, dy, graph_constant(graph, 0));
}

LANES(abs, lane_absolute(b, in[0]))
REFERENCE(abs, fabs(in[0]))
static void abs_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    dinputs[0] = graph_multiply(graph, dy, graph_unary(graph, "sign", node->inputs[0]));
}

static Lane sign_lower(LaneBuilder *b, const Node *node, const Lane *in) {
    (void)node;
    Lane zero = lane_constant(b, 0);
    Lane negative = lane_select(b, lane_less(b, in[0], zero), lane_constant(b, -1), zero);
    return lane_select(b, lane_less(b, zero, in[0]), lane_constant(b, 1), negative);
}
REFERENCE(sign, (double)((in[0] > 0) - (in[0] < 0)))

// ---- Powers, exponentials and logarithms.

LANES(square, lane_multiply(b, in[0], in[0]))
REFERENCE(square, in[0] * in[0])
static void square_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    dinputs[0] = graph_multiply(graph, dy, graph_scale(graph, node->inputs[0], 2));
}

LANES(sqrt, lane_sqrt(b, in[0]))
REFERENCE(sqrt, sqrt(in[0]))
static void sqrt_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    dinputs[0] = graph_divide(graph, graph_scale(graph, dy, 0.5), node);
}

LANES(exp, lane_exp(b, in[0]))
REFERENCE(exp, exp(in[0]))
static void exp_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    dinputs[0] = graph_multiply(graph, dy, node);
}

LANES(expm1, lane_expm1(b, in[0]))
REFERENCE(expm1, expm1(in[0]))
static void expm1_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *power = graph_add(graph, node, graph_constant(graph, 1));
    dinputs[0] = graph_multiply(graph, dy, power);
}

LANES(log, lane_log(b, in[0]))
REFERENCE(log, log(in[0]))
static void log_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    dinputs[0] = graph_divide(graph, dy, node->inputs[0]);
}

LANES(log1p, lane_log1p(b, in[0]))
REFERENCE(log1p, log1p(in[0]))
static void log1p_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *below = graph_add(graph, node->inputs[0], graph_constant(graph, 1));
    dinputs[0] = graph_divide(graph, dy, below);
}

// ---- pow: exp(y log |x|); a negative x has a power where y is whole, of x's sign where y is odd.

static Lane pow_lower(LaneBuilder *b, const Node *node, const Lane *in) {
    (void)node;
    Lane x = in[0], y = in[1], zero = lane_constant(b, 0);
    Lane size = lane_exp(b, lane_multiply(b, y, lane_log(b, lane_absolute(b, x))));
    Lane half = lane_multiply(b, y, lane_constant(b, 0.5));
    LaneMask is_even = lane_equal(b, lane_floor(b, half), half);
    LaneMask is_whole = lane_equal(b, lane_floor(b, y), y);
    Lane signed_size = lane_select(b, is_even, size, lane_negate(b, size));
    Lane negative = lane_select(b, is_whole, signed_size, lane_constant(b, NAN));
    Lane power = lane_select(b, lane_less(b, x, zero), negative, size);
    return lane_select(b, lane_equal(b, y, zero), lane_constant(b, 1), power);
}
REFERENCE(pow, pow(in[0], in[1]))

// dx = y x^(y - 1), dy = x^y log(x): 0 where the logarithm is none.
static void pow_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *x = node->inputs[0], *y = node->inputs[1], *zero = graph_constant(graph, 0);
    Node *less = graph_subtract(graph, y, graph_constant(graph, 1));
    Node *slope = graph_multiply(graph, y, graph_binary(graph, "pow", x, less));
    dinputs[0] = graph_multiply(graph, dy, slope);
    Node *log = call_select(graph, graph_binary(graph, "less", zero, x),
                            graph_unary(graph, "log", x), zero);
    dinputs[1] = graph_multiply(graph, dy, graph_multiply(graph, node, log));
}

enum { LARGEST_PRODUCT = 8 };

// x^n as a product, n >= 1.
static Node *product_of(Graph *graph, Node *x, int n) {
    if (n == 1) return x;
    Node *square = graph_unary(graph, "square", product_of(graph, x, n / 2));
    return n % 2 ? graph_multiply(graph, square, x) : square;
}

// Exponents that are known and small: products and roots, which are exact and have gradients at 0.
static Node *pow_expand(Graph *graph, Node *node) {
    Node *x = node->inputs[0], *one = graph_constant(graph, 1);
    double exponent, size;
    if (!node_is_constant(node->inputs[1], &exponent)) return NULL;
    size = fabs(exponent);
    if (exponent == 0) return graph_broadcast(graph, one, node->type);
    bool is_product = floor(size) == size && size <= LARGEST_PRODUCT;
    if (!is_product && size != 0.5) return NULL;
    Node *power = is_product ? product_of(graph, x, (int)size) : graph_unary(graph, "sqrt", x);
    return exponent < 0 ? graph_divide(graph, one, power) : power;
}

// ---- clip: the gradient passes from `low` to `high`, both included.

static bool clip_shape(Graph *graph, Node *node) {
    double low = args_number(node->args, "low"), high = args_number(node->args, "high");
    if (low <= high) return op_shape_same(graph, node);
    op_shape_error(graph, node, "clip keeps numbers from `low` to `high`, but %s is more than %s",
                   text_of_number(graph->arena, low), text_of_number(graph->arena, high));
    op_shape_help(graph, "write the smaller number first");
    return false;
}

static Node *clip_expand(Graph *graph, Node *node) {
    Node *low = graph_constant(graph, args_number(node->args, "low"));
    Node *high = graph_constant(graph, args_number(node->args, "high"));
    Node *bounded = graph_binary(graph, "minimum", node->inputs[0], high);
    return graph_binary(graph, "maximum", bounded, low);
}

static const ArgDef clip_args[] = {
    {.name = "low",
     .type = ARG_FLOAT,
     .keras_name = "x_min clip_value_min min min_value",
     .doc = "what smaller numbers become"},
    {.name = "high",
     .type = ARG_FLOAT,
     .keras_name = "x_max clip_value_max max max_value",
     .doc = "what larger numbers become"},
    {0},
};

// 2 / sqrt(pi) * exp(-x^2)
LANES(erf, lane_erf(b, in[0]))
REFERENCE(erf, erf(in[0]))
static void erf_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *square = graph_unary(graph, "square", node->inputs[0]);
    Node *bell = graph_unary(graph, "exp", graph_unary(graph, "negate", square));
    dinputs[0] = graph_multiply(graph, dy, graph_scale(graph, bell, M_2_SQRTPI));
}

// ---- Comparisons give 1 or 0: those of samples are kept in bytes.

static bool truth_shape(Graph *graph, Node *node) {
    if (!op_shape_broadcast(graph, node)) return false;
    if (node->type.batched) node->type.dtype = DTYPE_U8;
    return true;
}

static Lane lane_truth(LaneBuilder *b, LaneMask mask) {
    return lane_select(b, mask, lane_constant(b, 1), lane_constant(b, 0));
}

LANES(less, lane_truth(b, lane_less(b, in[0], in[1])))
REFERENCE(less, in[0] < in[1])

LANES(less_equal, lane_truth(b, lane_less_equal(b, in[0], in[1])))
REFERENCE(less_equal, in[0] <= in[1])

LANES(greater, lane_truth(b, lane_less(b, in[1], in[0])))
REFERENCE(greater, in[0] > in[1])

LANES(equal, lane_truth(b, lane_equal(b, in[0], in[1])))
REFERENCE(equal, in[0] == in[1])

LANES(where, lane_select(b, lane_equal(b, in[0], lane_constant(b, 0)), in[2], in[1]))
REFERENCE(where, in[0] != 0 ? in[1] : in[2])
static void where_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *zero = graph_constant(graph, 0);
    dinputs[1] = call_select(graph, node->inputs[0], dy, zero);
    dinputs[2] = call_select(graph, node->inputs[0], zero, dy);
}

// ---- Identities with another purpose.

LANES(pass, in[0])
REFERENCE(pass, in[0])

// The type was given by graph_broadcast.
static bool broadcast_shape(Graph *graph, Node *node) {
    Type joined;
    if (type_broadcast(&node->inputs[0]->type, &node->type, &joined) &&
        type_equal(&joined, &node->type))
        return true;
    return op_shape_error(graph, node, "%s cannot be repeated to %s",
                          type_text(graph->arena, &node->inputs[0]->type),
                          type_text(graph->arena, &node->type));
}

static void broadcast_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    (void)graph, (void)node;
    dinputs[0] = dy;
}

// ---- one_hot

static bool one_hot_shape(Graph *graph, Node *node) {
    const Type *label = &node->inputs[0]->type;
    int64_t classes = args_int(node->args, "classes");
    node->type = *label;
    node->type.dtype = DTYPE_F32;
    if (!label->rank || type_last(label) != 1) node->type.rank++;
    if (node->type.rank > SHAPE_MAX_RANK)
        return op_shape_error(graph, node, "one_hot adds a dimension, but %s has %d already",
                              type_text(graph->arena, label), label->rank);
    node->type.dims[node->type.rank - 1] = classes;
    return true;
}

// Labels [28, 28] are [28, 28, 1], so that each meets the values of its classes.
static Node *one_hot_expand(Graph *graph, Node *node) {
    Type label = node->type;
    label.dims[label.rank - 1] = 1;
    if (node->inputs[0]->type.rank == label.rank || label.rank == 1) return NULL;
    Node *apart = graph_reshape(graph, node->inputs[0], label.rank, label.dims);
    return graph_call(graph, "one_hot", &apart, 1, node->args);
}

LANES(one_hot, lane_truth(b, lane_equal(b, lane_column(b), in[0])))
REFERENCE(one_hot, in[0] == (double)at->column)

static const ArgDef one_hot_args[] = {
    {.name = "classes",
     .type = ARG_INT,
     .minimum = 1,
     .maximum = 1 << 24, // lane_column is exact to there
     .counts_classes = true,
     .keras_name = "num_classes depth",
     .doc = "how many classes there are"},
    {0},
};

// ---- Rows.

// ((a + b) + c) + d
static Node *chain_expand(Graph *graph, Node *node) {
    if (node->input_count == 2) return NULL;
    Node *value = node->inputs[0];
    for (int i = 1; i < node->input_count; i++)
        value = graph_binary(graph, node->op->schema.name, value, node->inputs[i]);
    return value;
}

#define ELEMENTWISE(name_, doc_, shape_, inputs_, keras_)                                          \
    .schema = {.name = #name_, .doc = doc_, .keras_name = keras_}, .min_inputs = inputs_,          \
    .max_inputs = inputs_, .fuse = FUSE_ELEMENTWISE, .shape = shape_, .flops = op_flops_elements,  \
    .lower = name_##_lower, .evaluate_element = name_##_evaluate
#define UNARY(name_, doc_, keras_)                                                                 \
    ELEMENTWISE(name_, doc_, op_shape_same, 1, keras_), .gradient = name_##_gradient
#define BINARY(name_, doc_, keras_)                                                                \
    ELEMENTWISE(name_, doc_, op_shape_broadcast, 2, keras_), .gradient = name_##_gradient
// Of two values; a layer of more becomes a chain.
#define MERGE(name_, doc_, keras_)                                                                 \
    .schema = {.name = #name_, .doc = doc_, .keras_name = keras_}, .surface = true,                \
    .min_inputs = 2, .max_inputs = -1, .fuse = FUSE_ELEMENTWISE, .shape = op_shape_broadcast,      \
    .expand = chain_expand, .flops = op_flops_elements, .lower = name_##_lower,                    \
    .evaluate_element = name_##_evaluate, .gradient = name_##_gradient
#define COMPARISON(name_, doc_)                                                                    \
    ELEMENTWISE(name_, doc_, truth_shape, 2, NULL),                                                \
        .no_gradient = "a comparison is constant almost everywhere"
#define IDENTITY(name_, doc_, shape_)                                                              \
    .schema = {.name = name_, .doc = doc_}, .min_inputs = 1, .max_inputs = 1,                      \
    .fuse = FUSE_ELEMENTWISE, .shape = shape_, .flops = op_flops_none, .lower = pass_lower,        \
    .evaluate_element = pass_evaluate

const OpDef op_elementwise[] = {
    {MERGE(add, "adds values", "Add"), .adds_up = true},
    {BINARY(subtract, "subtracts the second value from the first", "Subtract"), .surface = true},
    {MERGE(multiply, "multiplies values", "Multiply")},
    {BINARY(divide, "divides the first value by the second", NULL)},
    {MERGE(minimum, "takes the smallest of values", "Minimum")},
    {MERGE(maximum, "takes the largest of values", "Maximum")},
    {UNARY(negate, "changes the sign", NULL)},
    {UNARY(abs, "takes the distance from zero", "Abs absolute"), .surface = true},
    {ELEMENTWISE(sign, "gives -1, 0 or 1", op_shape_same, 1, NULL),
     .no_gradient = "the sign is constant almost everywhere"},
    {UNARY(square, "multiplies a value by itself", NULL), .surface = true},
    {UNARY(sqrt, "takes the square root", NULL), .surface = true},
    {UNARY(exp, "raises e to the value", NULL), .surface = true, .is_slow = true},
    {UNARY(expm1, "raises e to the value and subtracts 1, without cancellation", NULL),
     .is_slow = true},
    {UNARY(log, "takes the natural logarithm", NULL), .surface = true, .is_slow = true},
    {UNARY(log1p, "takes the natural logarithm of 1 + x, without cancellation", NULL),
     .is_slow = true},
    {UNARY(erf, "computes the error function", NULL), .is_slow = true},
    {BINARY(pow, "raises the first value to the power of the second", "power"), .surface = true,
     .is_slow = true, .expand = pow_expand},
    {.schema = {"clip", "keeps a value between two numbers", clip_args, "clip_by_value clamp"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = clip_shape,
     .expand = clip_expand},
    {COMPARISON(less, "gives 1 where the first value is smaller, else 0")},
    {COMPARISON(less_equal, "gives 1 where the first value is not larger, else 0")},
    {COMPARISON(greater, "gives 1 where the first value is larger, else 0")},
    {COMPARISON(equal, "gives 1 where the values are equal, else 0")},
    {ELEMENTWISE(where, "takes the second value where the first is not 0, else the third",
                 op_shape_broadcast, 3, "select"),
     .surface = true, .gradient = where_gradient},
    {.schema = {"one_hot", "gives 1 at the class's place and 0 elsewhere", one_hot_args,
                "OneHot to_categorical"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_ELEMENTWISE,
     .reads_column = true,
     .shape = one_hot_shape,
     .expand = one_hot_expand,
     .no_gradient = "labels are not trained",
     .flops = op_flops_elements,
     .lower = one_hot_lower,
     .evaluate_element = one_hot_evaluate},
    {IDENTITY("stop_gradient", "passes its input on, but no gradient back", op_shape_same),
     .surface = true, .stops_gradient = true, .no_gradient = "this is what it is for"},
    {IDENTITY("point", "passes its input on: where a gradient is asked for", op_shape_same),
     .is_point = true, .gradient = broadcast_gradient},
    {IDENTITY("load", "gathers a data column into a dense block of float32", op_shape_same),
     .no_gradient = "it is made after gradients are, where kernels want such a block"},
    {IDENTITY("broadcast", "repeats a value along new dimensions, and makes it f32",
              broadcast_shape),
     .gradient = broadcast_gradient},
    {.schema = {0}},
};
