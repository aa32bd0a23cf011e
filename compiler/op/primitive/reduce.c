// Reductions. The result of a reduction within samples keeps the reduced dimension as 1, so that it
// broadcasts against what it was made of.
#include "../op.h"

#include <math.h>

#define REDUCTION(evaluate_)                                                                       \
    .min_inputs = 1, .max_inputs = 1, .flops = reduce_flops, .evaluate = evaluate_

static double reduce_flops(const Node *node) {
    return (double)type_elements(&node->inputs[0]->type);
}

static void repeat_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    dinputs[0] = graph_broadcast(graph, dy, node->inputs[0]->type);
}

// ---- Over the last dimension.

static bool reduce_last_shape(Graph *graph, Node *node) {
    op_shape_same(graph, node);
    if (node->type.rank) node->type.dims[node->type.rank - 1] = 1;
    return true;
}

static void row_sum_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                             const EvalContext *context) {
    (void)context;
    int64_t n = type_last(&node->inputs[0]->type);
    for (int64_t i = 0; i < output->rows * output->size; i++) {
        output->data[i] = 0;
        for (int64_t k = 0; k < n; k++) output->data[i] += inputs[0].data[i * n + k];
    }
}

static void row_max_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                             const EvalContext *context) {
    (void)context;
    int64_t n = type_last(&node->inputs[0]->type);
    for (int64_t i = 0; i < output->rows * output->size; i++) {
        output->data[i] = inputs[0].data[i * n];
        for (int64_t k = 1; k < n; k++)
            if (output->data[i] < inputs[0].data[i * n + k])
                output->data[i] = inputs[0].data[i * n + k];
    }
}

// Shared evenly by all elements that are the largest, as TensorFlow does.
static void row_max_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *is_largest = graph_binary(graph, "equal", node->inputs[0], node);
    Node *share = graph_divide(graph, dy, graph_unary(graph, "row_sum", is_largest));
    dinputs[0] = graph_multiply(graph, is_largest, share);
}

// ---- Over one other dimension of each sample.

static bool axis_shape(Graph *graph, Node *node) {
    int64_t axis = args_int(node->args, "axis");
    op_shape_same(graph, node);
    if (axis < 0 || axis >= node->type.rank - 1)
        return op_shape_error(graph, node, "%s needs a dimension %lld before the last one",
                              node->op->schema.name, (long long)axis);
    node->type.dims[axis] = 1;
    return true;
}

// What is reduced to one element lies `inner` places apart.
static void axis_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                          const EvalContext *context) {
    (void)context;
    const Type *type = &node->inputs[0]->type;
    int64_t axis = args_int(node->args, "axis"), n = type->dims[axis], inner = 1;
    bool is_sum = node->op->reduce == REDUCE_SUM;
    for (int i = (int)axis + 1; i < type->rank; i++) inner *= type->dims[i];
    for (int64_t i = 0; i < output->rows * output->size; i++) {
        const double *from = inputs[0].data + i / inner * n * inner + i % inner;
        double result = from[0];
        for (int64_t k = 1; k < n; k++)
            result = is_sum ? result + from[k * inner] : fmax(result, from[k * inner]);
        output->data[i] = result;
    }
}

// Shared evenly, as for row_max.
static void axis_max_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *is_largest = graph_binary(graph, "equal", node->inputs[0], node);
    int axis = (int)args_int(node->args, "axis");
    Node *count = op_reduce_axis(graph, is_largest, axis, REDUCE_SUM);
    dinputs[0] = graph_multiply(graph, is_largest, graph_divide(graph, dy, count));
}

// ---- Over everything.

static bool reduce_all_shape(Graph *graph, Node *node) {
    if (node->inputs[0]->type.batched)
        return op_shape_error(graph, node, "reduce_all_sum expects a value without samples");
    node->type = type_scalar();
    return true;
}

static void reduce_all_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                                const EvalContext *context) {
    (void)node, (void)context;
    output->data[0] = 0;
    for (int64_t i = 0; i < inputs[0].size; i++) output->data[0] += inputs[0].data[i];
}

// ---- Over the samples, and leading dimensions: gradients of biases.

static bool batch_sum_shape(Graph *graph, Node *node) {
    const Type *from = &node->inputs[0]->type;
    const ArgValue *keep = args_get(node->args, "keep");
    int rank = keep->is_set ? (int)keep->number : from->rank;
    if (!from->batched || rank < 0 || rank > from->rank)
        return op_shape_error(graph, node, "batch_sum cannot keep %d dimensions of %s", rank,
                              type_full_text(graph->arena, from));
    node->type = type_make(DTYPE_F32, false, rank, from->dims + from->rank - rank);
    return true;
}

static void batch_sum_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                               const EvalContext *context) {
    (void)node, (void)context;
    for (int64_t i = 0; i < output->size; i++) output->data[i] = 0;
    for (int64_t i = 0; i < inputs[0].rows * inputs[0].size; i++)
        output->data[i % output->size] += inputs[0].data[i];
}

Node *op_reduce_axis(Graph *graph, Node *x, int axis, ReduceKind kind) {
    bool is_sum = kind == REDUCE_SUM;
    if (axis == x->type.rank - 1) return graph_unary(graph, is_sum ? "row_sum" : "row_max", x);
    const char *op = is_sum ? "axis_sum" : "axis_max";
    Args *args = graph_args(graph, op);
    args_set_number(args, "axis", axis);
    return graph_call(graph, op, &x, 1, args);
}

static int axis_kept(const Node *node, int input, int axis) {
    (void)input;
    return axis == args_int(node->args, "axis") ? -1 : axis;
}

static const ArgDef axis_args[] = {
    {.name = "axis",
     .type = ARG_INT,
     .minimum = 0,
     .maximum = SHAPE_MAX_RANK - 2,
     .doc = "the dimension that becomes 1, from 0; not the last"},
    {0},
};

static const ArgDef batch_sum_args[] = {
    {.name = "keep",
     .type = ARG_INT,
     .default_text = "none",
     .minimum = 0,
     .maximum = SHAPE_MAX_RANK,
     .doc = "how many last dimensions stay; none: all"},
    {0},
};

const OpDef op_reduce[] = {
    {.schema = {"row_sum", "sums over the last dimension", NULL, NULL},
     REDUCTION(row_sum_evaluate),
     .fuse = FUSE_REDUCTION,
     .reduce = REDUCE_SUM,
     .shape = reduce_last_shape,
     .gradient = repeat_gradient},
    {.schema = {"row_max", "takes the largest along the last dimension", NULL, NULL},
     REDUCTION(row_max_evaluate),
     .fuse = FUSE_REDUCTION,
     .reduce = REDUCE_MAX,
     .shape = reduce_last_shape,
     .gradient = row_max_gradient},
    {.schema = {"axis_sum", "sums over a dimension that is not the last", axis_args, NULL},
     REDUCTION(axis_evaluate),
     .fuse = FUSE_REDUCE_AXIS,
     .reduce = REDUCE_SUM,
     .shape = axis_shape,
     .kept_axis = axis_kept,
     .gradient = repeat_gradient},
    {.schema = {"axis_max", "takes the largest along a dimension that is not the last", axis_args,
                NULL},
     REDUCTION(axis_evaluate),
     .fuse = FUSE_REDUCE_AXIS,
     .reduce = REDUCE_MAX,
     .shape = axis_shape,
     .kept_axis = axis_kept,
     .gradient = axis_max_gradient},
    {.schema = {"reduce_all_sum", "sums all elements of a value without samples", NULL, NULL},
     REDUCTION(reduce_all_evaluate),
     .fuse = FUSE_REDUCE_ALL,
     .reduce = REDUCE_SUM,
     .shape = reduce_all_shape,
     .gradient = repeat_gradient},
    {.schema = {"batch_sum", "sums over the samples and all but the last dimensions",
                batch_sum_args, NULL},
     REDUCTION(batch_sum_evaluate),
     .fuse = FUSE_REDUCE_BATCH,
     .reduce = REDUCE_SUM,
     .shape = batch_sum_shape,
     .gradient = repeat_gradient},
    {.schema = {0}},
};
