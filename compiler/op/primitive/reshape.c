// Other shapes for the same elements in the same (row-major) order; nothing is computed. Also on
// data as it lies in memory: a reshaped u8 value is u8.
#include "../op.h"

// "7x7x128"
static char *dims_text(Arena *arena, const ArgValue *dims) {
    Text out = text_create(arena);
    for (int i = 0; i < dims->count; i++)
        text_format(&out, "%s%lld", i ? "x" : "", (long long)dims->numbers[i]);
    return out.data;
}

// The product of the dimensions that are given; -1 if one is out of range or it overflows.
static int64_t given_elements(const ArgValue *dims, int *open_count) {
    int64_t elements = 1;
    *open_count = 0;
    for (int i = 0; i < dims->count; i++) {
        double dim = dims->numbers[i];
        if (dim == -1)
            ++*open_count;
        else if (!(dim >= 1 && dim <= INT32_MAX) ||
                 __builtin_mul_overflow(elements, (int64_t)dim, &elements))
            return -1;
    }
    return elements;
}

static bool report_count(Graph *graph, Node *node, const ArgValue *dims, int64_t wanted,
                         bool open) {
    const Type *from = &node->inputs[0]->type;
    op_shape_error(graph, node, "%s of %lld values cannot become %s", type_text(graph->arena, from),
                   (long long)type_elements(from), dims_text(graph->arena, dims));
    if (open)
        op_shape_note(graph, "%lld is not a multiple of %lld, the product of the other dimensions",
                      (long long)type_elements(from), (long long)wanted);
    else
        op_shape_note(graph, "%s = %lld, but there are %lld values", dims_text(graph->arena, dims),
                      (long long)wanted, (long long)type_elements(from));
    return false;
}

static bool reshape_shape(Graph *graph, Node *node) {
    const Type *from = &node->inputs[0]->type;
    const ArgValue *dims = args_get(node->args, "shape");
    int64_t elements = type_elements(from);
    int open_count;
    if (dims->count > SHAPE_MAX_RANK)
        return op_shape_error(graph, node, "a value has at most %d dimensions, but %d are given",
                              SHAPE_MAX_RANK, dims->count);
    int64_t given = given_elements(dims, &open_count);
    if (given < 0)
        return op_shape_error(graph, node,
                              "%s is not a shape: a dimension is 1 or more, or -1 for "
                              "what remains",
                              dims_text(graph->arena, dims));
    if (open_count > 1)
        return op_shape_error(graph, node, "only one dimension can be -1, but %d are", open_count);
    if (open_count ? elements % given != 0 : elements != given)
        return report_count(graph, node, dims, given, open_count);
    node->type = (Type){.dtype = from->dtype, .batched = from->batched, .rank = dims->count};
    for (int i = 0; i < dims->count; i++)
        node->type.dims[i] = dims->numbers[i] == -1 ? elements / given : (int64_t)dims->numbers[i];
    return true;
}

static void reshape_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    const Type *from = &node->inputs[0]->type;
    dinputs[0] = graph_reshape(graph, dy, from->rank, from->dims);
}

static void reshape_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                             const EvalContext *context) {
    (void)node, (void)context;
    for (int64_t i = 0; i < output->rows * output->size; i++) output->data[i] = inputs[0].data[i];
}

// A dimension that stays as long as it is, behind as many elements.
static int reshape_kept(const Node *node, int input, int axis) {
    const Type *from = &node->inputs[input]->type, *to = &node->type;
    int64_t wanted = 1, before = 1;
    for (int i = 0; i < axis; i++) wanted *= from->dims[i];
    for (int i = 0; i < to->rank; before *= to->dims[i++])
        if (before == wanted && to->dims[i] == from->dims[axis]) return i;
    return -1;
}

// ---- flatten

static bool flatten_shape(Graph *graph, Node *node) {
    const Type *from = &node->inputs[0]->type;
    (void)graph;
    node->type = type_make(from->dtype, from->batched, 1, (int64_t[]){type_elements(from)});
    return true;
}

static Node *flatten_expand(Graph *graph, Node *node) {
    return graph_reshape(graph, node->inputs[0], node->type.rank, node->type.dims);
}

static const ArgDef reshape_args[] = {
    {.name = "shape",
     .type = ARG_INTS,
     .minimum = -1,
     .maximum = INT32_MAX,
     .keras_name = "target_shape",
     .doc = "the dimensions without the batch; one may be -1: what remains",
     .variadic = true},
    {0},
};

const OpDef op_reshape[] = {
    {.schema = {"reshape", "gives the same values another shape", reshape_args, "Reshape"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_MOVEMENT,
     .shape = reshape_shape,
     .gradient = reshape_gradient,
     .kept_axis = reshape_kept,
     .flops = op_flops_none,
     .evaluate = reshape_evaluate},
    {.schema = {"flatten", "makes a vector of all values, row by row", NULL, "Flatten"},
     .surface = true,
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_COMPOSITE,
     .shape = flatten_shape,
     .expand = flatten_expand},
    {.schema = {0}},
};
