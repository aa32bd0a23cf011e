// Pooling of pictures [height, width, channels]: the largest number or the mean of each window,
// channel by channel, and their gradients. Padding counts for nothing: it is never the largest, and
// a mean is that of the real cells (Keras, keras/src/backend/numpy/nn.py). Every window has a real
// cell, because the padding on a side is smaller than the window. The layers are in pooling.c.
#include "window.h"

enum { ARGMAX_MAX_BYTE = 255 };

// One pooling: of a picture of `size` to `places`, or back.
typedef struct Pooling {
    Window window;
    int64_t size[2], places[2], channels;
} Pooling;

// False: the arguments do not fit the picture.
static bool pooling_of(const Args *args, const int64_t *size, int64_t channels, Pooling *p) {
    int64_t window[2];
    if (!window_numbers(args, "size", window, 2)) return false;
    *p = (Pooling){.window = window_read(args, window[0], window[1]), .channels = channels};
    for (int axis = 0; axis < 2; axis++) {
        p->size[axis] = size[axis];
        p->places[axis] = window_places(&p->window, axis, size[axis]);
        if (p->places[axis] < 1 || p->window.before[axis] >= window[axis] ||
            p->window.after[axis] >= window[axis])
            return false;
    }
    return true;
}

// What the reference computes of the cells of one window in one channel.
typedef struct Cells {
    int64_t top, bottom, left, right; // real ones, up to before bottom and right
    int64_t start[2];                 // the window's first cell, in the padding perhaps
} Cells;

static Cells cells_at(const Pooling *p, int64_t place) {
    Cells cells;
    int64_t h = place / p->places[1], w = place % p->places[1];
    window_real(&p->window, 0, h, p->size[0], &cells.top, &cells.bottom);
    window_real(&p->window, 1, w, p->size[1], &cells.left, &cells.right);
    cells.start[0] = h * p->window.stride[0] - p->window.before[0];
    cells.start[1] = w * p->window.stride[1] - p->window.before[1];
    return cells;
}

// The first largest cell, in the picture.
static int64_t largest_cell(const Pooling *p, int64_t place, int64_t channel, const double *x) {
    Cells cells = cells_at(p, place);
    int64_t best = cells.top * p->size[1] + cells.left;
    for (int64_t h = cells.top; h < cells.bottom; h++)
        for (int64_t w = cells.left; w < cells.right; w++)
            if (x[(h * p->size[1] + w) * p->channels + channel] > x[best * p->channels + channel])
                best = h * p->size[1] + w;
    return best;
}

// A cell of the picture as a number within the window, row by row; and back.
static int64_t number_in_window(const Pooling *p, int64_t place, int64_t cell) {
    Cells cells = cells_at(p, place);
    int64_t h = cell / p->size[1] - cells.start[0], w = cell % p->size[1] - cells.start[1];
    return h * p->window.size[1] + w;
}

static int64_t cell_of_number(const Pooling *p, int64_t place, int64_t number) {
    Cells cells = cells_at(p, place);
    int64_t h = cells.start[0] + number / p->window.size[1];
    int64_t w = cells.start[1] + number % p->window.size[1];
    return h * p->size[1] + w;
}

// ---- Shapes and flops.

static bool report(Graph *graph, Node *node) {
    return op_shape_error(graph, node, "%s does not fit %s", node->op->schema.name,
                          type_text(graph->arena, &node->inputs[0]->type));
}

static bool pool_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    Pooling p;
    if (x->rank != 3 || !pooling_of(node->args, x->dims, x->dims[2], &p))
        return report(graph, node);
    node->type =
        type_make(DTYPE_F32, x->batched, 3, (int64_t[]){p.places[0], p.places[1], p.channels});
    return true;
}

static bool argmax_shape(Graph *graph, Node *node) {
    int64_t size[2];
    if (!pool_shape(graph, node)) return false;
    window_numbers(node->args, "size", size, 2);
    node->type.dtype = size[0] * size[1] > ARGMAX_MAX_BYTE ? DTYPE_I32 : DTYPE_U8;
    return true;
}

// From the places back to a picture of `extent`.
static bool unpool_shape(Graph *graph, Node *node) {
    const Type *dy = &node->inputs[0]->type;
    int64_t dims[3];
    Pooling p;
    if (dy->rank != 3 || !window_numbers(node->args, "extent", dims, 2) ||
        !pooling_of(node->args, dims, dy->dims[2], &p) || p.places[0] != dy->dims[0] ||
        p.places[1] != dy->dims[1])
        return report(graph, node);
    dims[2] = dy->dims[2];
    node->type = type_make(DTYPE_F32, dy->batched, 3, dims);
    return true;
}

static bool scatter_shape(Graph *graph, Node *node) {
    Type dy = node->inputs[0]->type, argmax = node->inputs[1]->type;
    dy.dtype = argmax.dtype = DTYPE_F32;
    if (!type_equal(&dy, &argmax)) return report(graph, node);
    return unpool_shape(graph, node);
}

// One for each cell of each window.
static double window_cells(const Node *node, const Type *places) {
    int64_t size[2] = {1, 1};
    window_numbers(node->args, "size", size, 2);
    return (double)type_elements(places) * (double)(size[0] * size[1]);
}

static double pool_flops(const Node *node) {
    return window_cells(node, &node->type);
}

static double unpool_flops(const Node *node) {
    return window_cells(node, &node->inputs[0]->type);
}

// ---- Reference evaluation.

// Computes what place `place` of one sample and channel gives or takes.
typedef void AtPlace(const Pooling *p, int64_t place, int64_t channel, const double *const *inputs,
                     double *output);

static void evaluate_places(const Node *node, const Type *picture, const EvalTensor *inputs,
                            EvalTensor *output, AtPlace *at_place) {
    Pooling p;
    pooling_of(node->args, picture->dims, picture->dims[2], &p);
    for (int64_t i = 0; i < output->rows * output->size; i++) output->data[i] = 0;
    for (int64_t row = 0; row < output->rows; row++) {
        const double *samples[2] = {0};
        for (int k = 0; k < node->input_count; k++)
            samples[k] = inputs[k].data + row * inputs[k].size;
        for (int64_t place = 0; place < p.places[0] * p.places[1]; place++)
            for (int64_t c = 0; c < p.channels; c++)
                at_place(&p, place, c, samples, output->data + row * output->size);
    }
}

static void take_largest(const Pooling *p, int64_t place, int64_t channel,
                         const double *const *inputs, double *output) {
    int64_t cell = largest_cell(p, place, channel, inputs[0]);
    output[place * p->channels + channel] = inputs[0][cell * p->channels + channel];
}

static void number_largest(const Pooling *p, int64_t place, int64_t channel,
                           const double *const *inputs, double *output) {
    int64_t cell = largest_cell(p, place, channel, inputs[0]);
    output[place * p->channels + channel] = (double)number_in_window(p, place, cell);
}

static void give_largest(const Pooling *p, int64_t place, int64_t channel,
                         const double *const *inputs, double *output) {
    int64_t at = place * p->channels + channel;
    int64_t cell = cell_of_number(p, place, (int64_t)inputs[1][at]);
    output[cell * p->channels + channel] += inputs[0][at];
}

static double real_cells(const Cells *cells) {
    return (double)((cells->bottom - cells->top) * (cells->right - cells->left));
}

static void take_mean(const Pooling *p, int64_t place, int64_t channel, const double *const *inputs,
                      double *output) {
    Cells cells = cells_at(p, place);
    double sum = 0;
    for (int64_t h = cells.top; h < cells.bottom; h++)
        for (int64_t w = cells.left; w < cells.right; w++)
            sum += inputs[0][(h * p->size[1] + w) * p->channels + channel];
    output[place * p->channels + channel] = sum / real_cells(&cells);
}

static void give_mean(const Pooling *p, int64_t place, int64_t channel, const double *const *inputs,
                      double *output) {
    Cells cells = cells_at(p, place);
    double share = inputs[0][place * p->channels + channel] / real_cells(&cells);
    for (int64_t h = cells.top; h < cells.bottom; h++)
        for (int64_t w = cells.left; w < cells.right; w++)
            output[(h * p->size[1] + w) * p->channels + channel] += share;
}

#define EVALUATE(name, picture, at_place)                                                          \
    static void name##_evaluate(const Node *node, const EvalTensor *inputs, EvalTensor *output,    \
                                const EvalContext *context) {                                      \
        (void)context;                                                                             \
        evaluate_places(node, picture, inputs, output, at_place);                                  \
    }
EVALUATE(max, &node->inputs[0]->type, take_largest)
EVALUATE(argmax, &node->inputs[0]->type, number_largest)
EVALUATE(scatter, &node->type, give_largest)
EVALUATE(average, &node->inputs[0]->type, take_mean)
EVALUATE(average_gradient, &node->type, give_mean)

// ---- Gradients.

// To the first largest cell of each window, as TensorFlow and PyTorch do.
static void max_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Node *x = node->inputs[0];
    Args *which = graph_args(graph, "pool_argmax"), *args = graph_args(graph, "pool_scatter");
    args_copy_common(which, node->args);
    args_copy_common(args, node->args);
    args_set_numbers(args, graph->arena, "extent",
                     (double[]){(double)x->type.dims[0], (double)x->type.dims[1]}, 2);
    Node *inputs[] = {dy, graph_call(graph, "pool_argmax", &x, 1, which)};
    dinputs[0] = graph_call(graph, "pool_scatter", inputs, 2, args);
}

static void average_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    const int64_t *dims = node->inputs[0]->type.dims;
    Args *args = graph_args(graph, "pool_average_gradient");
    args_copy_common(args, node->args);
    args_set_numbers(args, graph->arena, "extent", (double[]){(double)dims[0], (double)dims[1]}, 2);
    dinputs[0] = graph_call(graph, "pool_average_gradient", &dy, 1, args);
}

// It is linear, with the mean as its transpose.
static void average_gradient_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Args *args = graph_args(graph, "pool_average");
    args_copy_common(args, node->args);
    dinputs[0] = graph_call(graph, "pool_average", &dy, 1, args);
}

#define SIZE WINDOW_PAIR("size", NULL, "height and width of the window")

static const ArgDef pool_args[] = {
    SIZE,
    WINDOW_STRIDE,
    WINDOW_PADDING,
    {0},
};

static const ArgDef unpool_args[] = {
    SIZE,
    WINDOW_STRIDE,
    WINDOW_PADDING,
    WINDOW_PAIR("extent", NULL, "height and width of the picture"),
    {0},
};

#define POOL(name_, inputs_)                                                                       \
    .min_inputs = inputs_, .max_inputs = inputs_, .fuse = FUSE_GATHER, .evaluate = name_##_evaluate

const OpDef op_pool[] = {
    {.schema = {"pool_max", "takes the largest number of each window", pool_args, NULL},
     POOL(max, 1),
     .shape = pool_shape,
     .flops = pool_flops,
     .gradient = max_gradient},
    {.schema = {"pool_argmax", "numbers the cells of each window and gives the first largest one",
                pool_args, NULL},
     POOL(argmax, 1),
     .shape = argmax_shape,
     .flops = pool_flops,
     .no_gradient = "a cell's number is constant almost everywhere"},
    {.schema = {"pool_scatter", "sums what windows give to the cell that was largest", unpool_args,
                NULL},
     POOL(scatter, 2),
     .shape = scatter_shape,
     .flops = unpool_flops,
     .no_gradient = "only gradients are made of it, and those are not differentiated again"},
    {.schema = {"pool_average", "takes the mean of each window's real cells", pool_args, NULL},
     POOL(average, 1),
     .shape = pool_shape,
     .flops = pool_flops,
     .gradient = average_gradient},
    {.schema = {"pool_average_gradient", "sums what windows give evenly to their real cells",
                unpool_args, NULL},
     POOL(average_gradient, 1),
     .shape = unpool_shape,
     .flops = unpool_flops,
     .gradient = average_gradient_gradient},
    {.schema = {0}},
};
