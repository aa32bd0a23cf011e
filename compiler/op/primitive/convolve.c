// Convolutions of pictures [height, width, channels] with weights [kernel height, kernel width,
// channels / groups, filters], and their gradients, which are convolutions too. As in every
// framework the kernel is not mirrored:
//   y[oh, ow, n] = sum over i, j, c of x[oh * sh + i * dh - top, ow * sw + j * dw - left, c]
//                                      * w[i, j, c, n]
// where x is 0 outside. With groups, filter n sees the channels of group n / (filters / groups).
// Dumoulin and Visin 2016, arXiv:1603.07285, draws the cases; the layers are in conv.c.
#include "../window.h"

// One convolution: what its three operators have in common.
typedef struct Geometry {
    Window window;
    int64_t size[2];                       // of the picture
    int64_t places[2];                     // of the result
    int64_t channels, filters;             // of all groups
    int64_t group_channels, group_filters; // of one
} Geometry;

static Geometry geometry_of(const Args *args, const Type *picture, const Type *weights) {
    int64_t groups = args_int(args, "groups");
    Geometry g = {.window = window_read(args, weights->dims[0], weights->dims[1]),
                  .size = {picture->dims[0], picture->dims[1]},
                  .group_channels = weights->dims[2],
                  .filters = weights->dims[3]};
    g.channels = g.group_channels * groups;
    g.group_filters = g.filters / groups;
    for (int axis = 0; axis < 2; axis++)
        g.places[axis] = window_places(&g.window, axis, g.size[axis]);
    return g;
}

static bool are_weights(const Type *weights, int64_t groups) {
    return weights->rank == 4 && !weights->batched && weights->dims[3] % groups == 0;
}

static bool fits(const Geometry *g) {
    return g->places[0] > 0 && g->places[1] > 0;
}

static bool report(Graph *graph, Node *node) {
    return op_shape_error(graph, node, "%s cannot combine %s with %s", node->op->schema.name,
                          type_text(graph->arena, &node->inputs[0]->type),
                          type_text(graph->arena, &node->inputs[1]->type));
}

// A multiplication and an addition for each weight at each place, padding included.
static double convolution_flops(const Geometry *g) {
    return 2.0 * (double)(g->places[0] * g->places[1] * g->filters) *
           (double)(g->window.size[0] * g->window.size[1] * g->group_channels);
}

// ---- The reference: every product of a convolution, in one order.

// Places of one product in a sample's picture and result and in the weights.
typedef void Product(double *sum, int64_t picture, int64_t weight, int64_t result, const double *a,
                     const double *b);

static void forward(double *sum, int64_t picture, int64_t weight, int64_t result, const double *x,
                    const double *w) {
    sum[result] += x[picture] * w[weight];
}

static void backward_data(double *sum, int64_t picture, int64_t weight, int64_t result,
                          const double *dy, const double *w) {
    sum[picture] += dy[result] * w[weight];
}

static void backward_weights(double *sum, int64_t picture, int64_t weight, int64_t result,
                             const double *x, const double *dy) {
    sum[weight] += x[picture] * dy[result];
}

// The products of one weight, for all channels of its group and one sample.
static void products_of_cell(const Geometry *g, int64_t pixel, int64_t cell, int64_t place,
                             Product *product, double *sum, const double *a, const double *b) {
    for (int64_t n = 0; n < g->filters; n++) {
        int64_t first = n / g->group_filters * g->group_channels;
        for (int64_t c = 0; c < g->group_channels; c++)
            product(sum, pixel * g->channels + first + c,
                    (cell * g->group_channels + c) * g->filters + n, place * g->filters + n, a, b);
    }
}

// The picture's cell under weight `k` of a window, or -1 in the padding.
static int64_t cell_under(const Geometry *g, int axis, int64_t place, int64_t k) {
    const Window *w = &g->window;
    int64_t at = place * w->stride[axis] + k * w->dilation[axis] - w->before[axis];
    return at < g->size[axis] ? at : -1;
}

static void all_products(const Geometry *g, Product *product, double *sum, const double *a,
                         const double *b) {
    const int64_t *size = g->window.size;
    for (int64_t place = 0; place < g->places[0] * g->places[1]; place++) {
        for (int64_t cell = 0; cell < size[0] * size[1]; cell++) {
            int64_t h = cell_under(g, 0, place / g->places[1], cell / size[1]);
            int64_t w = cell_under(g, 1, place % g->places[1], cell % size[1]);
            if (h >= 0 && w >= 0)
                products_of_cell(g, h * g->size[1] + w, cell, place, product, sum, a, b);
        }
    }
}

static void clear(EvalTensor *tensor) {
    for (int64_t i = 0; i < tensor->rows * tensor->size; i++) tensor->data[i] = 0;
}

// An operand as the product takes it.
static EvalTensor operand(Arena *arena, const Node *node, const EvalTensor *tensor) {
    EvalTensor own = *tensor;
    int64_t count = tensor->rows * tensor->size;
    if (!op_is_in_bfloat16(node)) return own;
    own.data = ARENA_ARRAY(arena, double, count + 1);
    for (int64_t i = 0; i < count; i++) own.data[i] = op_round(tensor->data[i]);
    return own;
}

// All products of all samples. Products in bfloat16 take a copy, so that others wait for nothing.
static void evaluate(const Node *node, const Geometry *g, Product *product,
                     const EvalTensor *inputs, EvalTensor *output) {
    Arena *arena = arena_create();
    EvalTensor a = operand(arena, node, &inputs[0]), b = operand(arena, node, &inputs[1]);
    clear(output);
    for (int64_t row = 0; row < a.rows; row++)
        all_products(g, product, output->data + (output->rows > 1 ? row * output->size : 0),
                     a.data + row * a.size, b.data + (b.rows > 1 ? row * b.size : 0));
    arena_destroy(arena);
}

// ---- convolve

static bool convolve_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type, *w = &node->inputs[1]->type;
    int64_t groups = args_int(node->args, "groups");
    if (x->rank != 3 || !are_weights(w, groups) || x->dims[2] != w->dims[2] * groups)
        return report(graph, node);
    Geometry g = geometry_of(node->args, x, w);
    if (!fits(&g)) return report(graph, node);
    node->type =
        type_make(DTYPE_F32, x->batched, 3, (int64_t[]){g.places[0], g.places[1], g.filters});
    return true;
}

static Node *call_with_pair(Graph *graph, const char *op, Node *a, Node *b, const Args *like,
                            const char *name, const int64_t *pair) {
    Args *args = graph_args(graph, op);
    args_copy_common(args, like);
    args_set_numbers(args, graph->arena, name, (double[]){(double)pair[0], (double)pair[1]}, 2);
    return graph_call(graph, op, (Node *[]){a, b}, 2, args);
}

static void convolve_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *x = node->inputs[0], *w = node->inputs[1];
    dinputs[0] = call_with_pair(graph, "convolve_data", dy, w, node->args, "size", x->type.dims);
    dinputs[1] =
        call_with_pair(graph, "convolve_weights", x, dy, node->args, "kernel", w->type.dims);
}

static double convolve_flops(const Node *node) {
    Geometry g = geometry_of(node->args, &node->inputs[0]->type, &node->inputs[1]->type);
    return convolution_flops(&g);
}

// Sums of whole numbers, then a product in float32.
static void convolve_int8_evaluate(const Node *node, const Geometry *g, const EvalTensor *inputs,
                                   EvalTensor *output, const EvalContext *context) {
    Arena *arena = arena_create();
    Int8Operands operands = op_quantize(arena, node, inputs, context);
    evaluate(node, g, forward, (EvalTensor[]){operands.left, operands.right}, output);
    for (int64_t i = 0; i < output->rows * output->size; i++)
        output->data[i] = (float)output->data[i] * operands.scales[i % g->filters];
    arena_destroy(arena);
}

static void convolve_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                              const EvalContext *context) {
    Geometry g = geometry_of(node->args, &node->inputs[0]->type, &node->inputs[1]->type);
    if (op_is_in_int8(node))
        convolve_int8_evaluate(node, &g, inputs, output, context);
    else
        evaluate(node, &g, forward, inputs, output);
}

// ---- convolve_data

static bool convolve_data_shape(Graph *graph, Node *node) {
    const Type *dy = &node->inputs[0]->type, *w = &node->inputs[1]->type;
    int64_t groups = args_int(node->args, "groups"), dims[3];
    if (dy->rank != 3 || !are_weights(w, groups) || dy->dims[2] != w->dims[3] ||
        !window_numbers(node->args, "size", dims, 2))
        return report(graph, node);
    dims[2] = w->dims[2] * groups;
    node->type = type_make(DTYPE_F32, dy->batched, 3, dims);
    Geometry g = geometry_of(node->args, &node->type, w);
    return (g.places[0] == dy->dims[0] && g.places[1] == dy->dims[1]) || report(graph, node);
}

// It is linear, with the convolution as its transpose.
static void convolve_data_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *d = node->inputs[0], *w = node->inputs[1];
    Args *args = graph_args(graph, "convolve");
    args_copy_common(args, node->args);
    dinputs[0] = graph_call(graph, "convolve", (Node *[]){dy, w}, 2, args);
    dinputs[1] =
        call_with_pair(graph, "convolve_weights", dy, d, node->args, "kernel", w->type.dims);
}

static double convolve_data_flops(const Node *node) {
    Geometry g = geometry_of(node->args, &node->type, &node->inputs[1]->type);
    return convolution_flops(&g);
}

static void convolve_data_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                                   const EvalContext *context) {
    (void)context;
    Geometry g = geometry_of(node->args, &node->type, &node->inputs[1]->type);
    evaluate(node, &g, backward_data, inputs, output);
}

// ---- convolve_weights

static bool convolve_weights_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type, *dy = &node->inputs[1]->type;
    int64_t groups = args_int(node->args, "groups"), dims[4];
    if (x->rank != 3 || dy->rank != 3 || x->batched != dy->batched || x->dims[2] % groups ||
        dy->dims[2] % groups || !window_numbers(node->args, "kernel", dims, 2))
        return report(graph, node);
    dims[2] = x->dims[2] / groups;
    dims[3] = dy->dims[2];
    node->type = type_make(DTYPE_F32, false, 4, dims);
    Geometry g = geometry_of(node->args, x, &node->type);
    return (g.places[0] == dy->dims[0] && g.places[1] == dy->dims[1]) || report(graph, node);
}

// Of one sample, although the result is not batched.
static double convolve_weights_flops(const Node *node) {
    Geometry g = geometry_of(node->args, &node->inputs[0]->type, &node->type);
    return convolution_flops(&g);
}

static void convolve_weights_evaluate(const Node *node, const EvalTensor *inputs,
                                      EvalTensor *output, const EvalContext *context) {
    (void)context;
    Geometry g = geometry_of(node->args, &node->inputs[0]->type, &node->type);
    evaluate(node, &g, backward_weights, inputs, output);
}

// ---- Over the steps of a loop: their pictures stand one below the other, with lines of zeros
// between them, so that no window reaches from one into the next.

// `steps` is [steps, height, width, channels]; each picture becomes so many lines, of which
// `before` are zeros above it.
static Node *one_below_another(Graph *graph, Node *steps, int64_t before, int64_t lines) {
    const int64_t *dims = steps->type.dims;
    int64_t wide[] = {dims[0], dims[1], dims[2] * dims[3]};
    int64_t below[] = {dims[0] * lines, dims[2], dims[3]};
    Node *x = graph_reshape(graph, steps, 3, wide);
    if (lines != dims[1]) {
        Args *args = graph_args(graph, "pad_zeros");
        double after = (double)(lines - before - dims[1]), amount[] = {0, 0, (double)before, after};
        args_set_numbers(args, graph->arena, "amount", amount, 4);
        x = graph_call(graph, "pad_zeros", &x, 1, args);
    }
    return graph_reshape(graph, x, 3, below);
}

static Node *convolve_weights_over_steps(Graph *graph, const Node *node, Node *const *inputs) {
    Geometry g = geometry_of(node->args, &node->inputs[0]->type, &node->type);
    Window *w = &g.window;
    int64_t stride = w->stride[0], height = w->before[0] + g.size[0] + w->after[0];
    int64_t places = (height + stride - 1) / stride; // of a picture with its lines of zeros
    if (places < g.places[0]) places = g.places[0];
    Node *pictures = one_below_another(graph, inputs[0], w->before[0], places * stride);
    Node *results = one_below_another(graph, inputs[1], 0, places);
    int64_t beyond = window_span(w, 0) - stride; // of the window at the last place
    w->before[0] = 0;
    w->after[0] = beyond > 0 ? beyond : 0;
    Args *args = graph_args(graph, "convolve_weights");
    args_copy_common(args, node->args);
    window_write(graph, w, args);
    return graph_call(graph, "convolve_weights", (Node *[]){pictures, results}, 2, args);
}

#define GROUPS                                                                                     \
    {.name = "groups",                                                                             \
     .type = ARG_INT,                                                                              \
     .default_text = "1",                                                                          \
     .minimum = 1,                                                                                 \
     .maximum = INT32_MAX,                                                                         \
     .doc = "parts of the channels that are convolved apart"}

static const ArgDef convolve_args[] = {
    WINDOW_STRIDE, WINDOW_DILATION, WINDOW_PADDING, GROUPS, OP_BFLOAT16, OP_RANGE, {0},
};

static const ArgDef convolve_data_args[] = {
    WINDOW_STRIDE,
    WINDOW_DILATION,
    WINDOW_PADDING,
    GROUPS,
    WINDOW_PAIR("size", NULL, "height and width of the picture"),
    OP_BFLOAT16,
    {0},
};

static const ArgDef convolve_weights_args[] = {
    WINDOW_STRIDE,
    WINDOW_DILATION,
    WINDOW_PADDING,
    GROUPS,
    WINDOW_PAIR("kernel", NULL, "height and width of the kernel"),
    OP_BFLOAT16,
    {0},
};

// ---- lay_out_kernel: the weights for convolve_data, made after gradients are.

static Node *lay_out_kernel(Graph *graph, const Node *node, Node *weights) {
    Args *args = graph_args(graph, "lay_out_kernel");
    args_copy_common(args, node->args);
    return graph_call(graph, "lay_out_kernel", &weights, 1, args);
}

// ---- Along a dimension whose windows end at their own place.

static int64_t convolve_places_before(const Node *node, int axis) {
    const int64_t *dims = node->inputs[1]->type.dims;
    Window window = window_read(node->args, dims[0], dims[1]);
    if (axis > 1 || window.stride[axis] != 1 || window.after[axis]) return -1;
    int64_t before = window_span(&window, axis) - 1;
    return window.before[axis] == before ? before : -1;
}

static Node *convolve_at_last(Graph *graph, const Node *node, Node *const *inputs, int axis) {
    const int64_t *dims = node->inputs[1]->type.dims;
    Window window = window_read(node->args, dims[0], dims[1]);
    Args *args = graph_args(graph, "convolve");
    window.before[axis] = 0;
    window_write(graph, &window, args);
    args_set_number(args, "groups", args_number(node->args, "groups"));
    return graph_call(graph, "convolve", inputs, 2, args);
}

#define CONVOLUTION(name_, kind_)                                                                  \
    .min_inputs = 2, .max_inputs = 2, .fuse = FUSE_CONTRACTION,                                    \
    .contraction = {.kind = PRODUCT_##kind_, .has_windows = true}, .shape = name_##_shape,         \
    .flops = name_##_flops, .evaluate = name_##_evaluate

const OpDef op_convolve[] = {
    {.schema = {"convolve", "sums windows of a picture with weights [kh, kw, c / groups, n]",
                convolve_args, NULL},
     CONVOLUTION(convolve, FORWARD),
     .places_before = convolve_places_before,
     .at_last = convolve_at_last,
     .gradient = convolve_gradient},
    {.schema = {"convolve_data", "spreads values over windows: the gradient of convolve's picture",
                convolve_data_args, NULL},
     CONVOLUTION(convolve_data, DATA),
     .lay_out_weights = lay_out_kernel,
     .gradient = convolve_data_gradient},
    {.schema = {"convolve_weights", "sums over all windows: the gradient of convolve's weights",
                convolve_weights_args, NULL},
     CONVOLUTION(convolve_weights, WEIGHTS),
     .over_steps = convolve_weights_over_steps,
     .no_gradient = "only gradients of weights are made of it, which end there"},
    {.schema = {"lay_out_kernel", "keeps weights in the order in which convolve_data reads them",
                convolve_data_args, NULL},
     .min_inputs = 1,
     .max_inputs = 1,
     .fuse = FUSE_LAYOUT,
     .laid_out = LAID_OUT_KERNEL,
     .shape = op_shape_same,
     .flops = op_flops_none,
     .evaluate = op_evaluate_same,
     .no_gradient = "it is made after gradients are"},
    {.schema = {0}},
};
