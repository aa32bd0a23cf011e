// Matrix products with weights: the forward product, the same with the weights transposed (which is
// the gradient of the data) and the gradient of the weights. Dimensions before the last one are so
// many more rows.
#include "../op.h"

// "[784]" or "[.., 784]"
static char *row_text(Arena *arena, int rank, int64_t columns) {
    return arena_format(arena, rank > 1 ? "[.., %lld]" : "[%lld]", (long long)columns);
}

static bool weights_are_matrix(Graph *graph, Node *node) {
    const Type *w = &node->inputs[1]->type;
    if (w->rank == 2 && !w->batched) return true;
    return op_shape_error(graph, node, "matmul expects a matrix of weights, not %s",
                          type_text(graph->arena, w));
}

static bool matmul_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type, *w = &node->inputs[1]->type;
    if (!weights_are_matrix(graph, node)) return false;
    int from = args_bool(node->args, "transpose") ? 1 : 0;
    if (x->rank < 1 || type_last(x) != w->dims[from])
        return op_shape_error(graph, node, "matmul of %s with weights %s needs %s on its left",
                              type_text(graph->arena, x), type_text(graph->arena, w),
                              row_text(graph->arena, x->rank, w->dims[from]));
    node->type = *x;
    node->type.dtype = DTYPE_F32;
    node->type.dims[x->rank - 1] = w->dims[1 - from];
    return true;
}

static double rounded(double number, bool in_bfloat16) {
    return in_bfloat16 ? op_round(number) : number;
}

static Node *make_product(Graph *graph, const char *op, Node *x, Node *y, bool transpose,
                          bool in_bfloat16) {
    Args *args = graph_args(graph, op);
    if (transpose) args_set_number(args, "transpose", 1);
    args_set_number(args, "bfloat16", in_bfloat16);
    return graph_call(graph, op, (Node *[]){x, y}, 2, args);
}

// y = x w: dx = dy w^T, dw = x^T dy. y = x w^T: dx = dy w, dw = dy^T x.
static void matmul_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *x = node->inputs[0], *w = node->inputs[1];
    bool transpose = args_bool(node->args, "transpose"), narrow = op_is_in_bfloat16(node);
    dinputs[0] = make_product(graph, "matmul", dy, w, !transpose, narrow);
    dinputs[1] = make_product(graph, "matmul_weights", transpose ? dy : x, transpose ? x : dy,
                              false, narrow);
}

// A multiplication and an addition for each weight, for each row of a sample.
static double matmul_flops(const Node *node) {
    const Type *x = &node->inputs[0]->type;
    return 2 * (double)type_elements(x) * (double)type_last(&node->type);
}

// Sums of whole numbers, then a product in float32.
static void int8_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                          const EvalContext *context) {
    int64_t from = type_last(&node->inputs[0]->type), to = type_last(&node->type);
    int64_t rows = inputs[0].rows * inputs[0].size / from;
    Arena *arena = arena_create();
    Int8Operands operands = op_quantize(arena, node, inputs, context);
    for (int64_t at = 0; at < rows * to; at++) {
        double sum = 0;
        for (int64_t i = 0; i < from; i++)
            sum += operands.left.data[at / to * from + i] * operands.right.data[i * to + at % to];
        output->data[at] = (float)sum * operands.scales[at % to];
    }
    arena_destroy(arena);
}

static void matmul_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                            const EvalContext *context) {
    if (op_is_in_int8(node)) {
        int8_evaluate(node, inputs, output, context);
        return;
    }
    bool transpose = args_bool(node->args, "transpose"), narrow = op_is_in_bfloat16(node);
    int64_t from = type_last(&node->inputs[0]->type), to = type_last(&node->type);
    int64_t rows = inputs[0].rows * inputs[0].size / from;
    const double *w = inputs[1].data;
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t j = 0; j < to; j++) {
            double sum = 0;
            for (int64_t i = 0; i < from; i++)
                sum += rounded(inputs[0].data[row * from + i], narrow) *
                       rounded(transpose ? w[j * from + i] : w[i * to + j], narrow);
            output->data[row * to + j] = sum;
        }
    }
}

// ---- matmul_weights

static bool matmul_weights_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type, *dy = &node->inputs[1]->type;
    bool fits = x->rank >= 1 && x->rank == dy->rank && x->batched == dy->batched;
    for (int i = 0; fits && i + 1 < x->rank; i++) fits = x->dims[i] == dy->dims[i];
    if (!fits)
        return op_shape_error(graph, node, "matmul_weights cannot combine %s with %s",
                              type_text(graph->arena, x), type_text(graph->arena, dy));
    node->type = type_make(DTYPE_F32, false, 2, (int64_t[]){type_last(x), type_last(dy)});
    return true;
}

// Of one sample, although the result is not batched.
static double matmul_weights_flops(const Node *node) {
    return 2 * (double)type_elements(&node->inputs[0]->type) *
           (double)type_last(&node->inputs[1]->type);
}

static void matmul_weights_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                                    const EvalContext *context) {
    (void)context;
    int64_t k = type_last(&node->inputs[0]->type), n = type_last(&node->inputs[1]->type);
    int64_t rows = inputs[0].rows * inputs[0].size / k;
    bool narrow = op_is_in_bfloat16(node);
    for (int64_t i = 0; i < k; i++) {
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t row = 0; row < rows; row++)
                sum += rounded(inputs[0].data[row * k + i], narrow) *
                       rounded(inputs[1].data[row * n + j], narrow);
            output->data[i * n + j] = sum;
        }
    }
}

// ---- Weights in other orders, made after gradients are.

// Weights are laid out for a product in bfloat16, or for one by their transpose.
static Node *lay_out_weights(Graph *graph, const Node *node, Node *weights) {
    if (!op_is_in_bfloat16(node)) return graph_call(graph, "lay_out_weights", &weights, 1, NULL);
    Args *args = graph_args(graph, "lay_out_pairs");
    args_set_number(args, "transpose", args_bool(node->args, "transpose"));
    return graph_call(graph, "lay_out_pairs", &weights, 1, args);
}

static void lay_out_pairs_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                                   const EvalContext *context) {
    (void)node;
    (void)context;
    for (int64_t i = 0; i < inputs[0].rows * inputs[0].size; i++)
        output->data[i] = rounded(inputs[0].data[i], true);
}

static const ArgDef matmul_args[] = {
    {.name = "transpose",
     .type = ARG_BOOL,
     .default_text = "false",
     .doc = "multiply by the transposed weights"},
    OP_BFLOAT16,
    OP_RANGE,
    {0},
};

static const ArgDef matmul_weights_args[] = {OP_BFLOAT16, {0}};

static const ArgDef pairs_args[] = {
    {.name = "transpose",
     .type = ARG_BOOL,
     .default_text = "false",
     .doc = "for products by the transposed weights"},
    {0},
};

const OpDef op_matmul[] = {
    {.schema = {"matmul", "multiplies rows [.., k] by weights [k, n]", matmul_args, NULL},
     .min_inputs = 2,
     .max_inputs = 2,
     .fuse = FUSE_CONTRACTION,
     .contraction = {.kind = PRODUCT_FORWARD, .can_transpose = true},
     .shape = matmul_shape,
     .lay_out_weights = lay_out_weights,
     .gradient = matmul_gradient,
     .flops = matmul_flops,
     .evaluate = matmul_evaluate},
    {.schema = {"matmul_weights", "sums x^T dy over all rows: the gradient of matmul's weights",
                matmul_weights_args, NULL},
     .min_inputs = 2,
     .max_inputs = 2,
     .fuse = FUSE_CONTRACTION,
     .contraction = {.kind = PRODUCT_WEIGHTS},
     .shape = matmul_weights_shape,
     .no_gradient = "only gradients of weights are made of it, which end there",
     .flops = matmul_weights_flops,
     .evaluate = matmul_weights_evaluate},
    {.schema = {"lay_out_weights",
                "keeps weights in the order in which products by their transpose read them", NULL,
                NULL},
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_LAYOUT,
     .laid_out = LAID_OUT_TRANSPOSED,
     .shape = op_shape_same,
     .flops = op_flops_none,
     .evaluate = op_evaluate_same,
     .no_gradient = "it is made after gradients are"},
    {.schema = {"lay_out_pairs",
                "rounds weights to bfloat16 and keeps them as products of that read them",
                pairs_args, NULL},
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_LAYOUT,
     .laid_out = LAID_OUT_PAIRS,
     .shape = op_shape_same,
     .flops = op_flops_none,
     .evaluate = lay_out_pairs_evaluate,
     .no_gradient = "it is made after gradients are"},
    {.schema = {0}},
};
