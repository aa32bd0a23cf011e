// Pooling of pictures [height, width, channels]: the largest number or the mean of each window,
// channel by channel, and their gradients. Padding counts for nothing: it is never the largest, and
// a mean is that of the real cells (Keras, keras/src/backend/numpy/nn.py). Every window has a real
// cell, because the padding on a side is smaller than the window. The layers are in pooling.c.
#include "../window.h"

#include <math.h>

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

// Of a picture, and which cell of each window.
static bool take_shape(Graph *graph, Node *node) {
    if (!pool_shape(graph, node)) return false;
    Type argmax = node->inputs[1]->type;
    argmax.dtype = DTYPE_F32;
    return type_equal(&argmax, &node->type) || report(graph, node);
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

static void take_numbered(const Pooling *p, int64_t place, int64_t channel,
                          const double *const *inputs, double *output) {
    int64_t at = place * p->channels + channel;
    int64_t cell = cell_of_number(p, place, (int64_t)inputs[1][at]);
    output[at] = inputs[0][cell * p->channels + channel];
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
EVALUATE(take, &node->inputs[0]->type, take_numbered)
EVALUATE(average, &node->inputs[0]->type, take_mean)
EVALUATE(average_gradient, &node->type, give_mean)

// ---- Generated code.

static const Type *picture_type(const Node *node) {
    bool is_back = node_is(node, "pool_scatter") || node_is(node, "pool_average_gradient");
    return is_back ? &node->type : &node->inputs[0]->type;
}

static Pooling pooling_at(const Node *node) {
    const Type *picture = picture_type(node);
    Pooling p;
    pooling_of(node->args, picture->dims, picture->dims[2], &p);
    return p;
}

static bool is_padded(const Pooling *p) {
    for (int axis = 0; axis < 2; axis++)
        if (p->window.before[axis] || p->window.after[axis]) return true;
    return false;
}

// A walk over pairs of indices along height and width: the cells of a window, or the windows that
// have a cell. `visit` puts the next values of `carried` there.
typedef struct Walk Walk;
typedef void Visit(LaneBuilder *b, const Walk *walk, Lane *carried);

struct Walk {
    Node *node;
    const Pooling *p;
    int64_t count[2];
    LanePlace index[2];
    int carried_count;
    Visit *visit;
    bool sums_lines; // each line is summed for itself, so that long sums stay exact
};

static void walk_column(LaneBuilder *b, LanePlace index, Lane *carried, void *state) {
    Walk *walk = state;
    walk->index[1] = index;
    walk->visit(b, walk, carried);
}

static void walk_line(LaneBuilder *b, LanePlace index, Lane *carried, void *state) {
    Walk *walk = state;
    walk->index[0] = index;
    Lane before = carried[0];
    if (walk->sums_lines) carried[0] = lane_constant(b, -0.0);
    lane_repeat(b, walk->count[1], carried, walk->carried_count, walk_column, walk);
    if (walk->sums_lines) carried[0] = lane_add(b, before, carried[0]);
}

static void walk_all(LaneBuilder *b, Walk *walk, Lane *carried) {
    lane_repeat(b, walk->count[0], carried, walk->carried_count, walk_line, walk);
}

// ---- The cells of the window at the position.

static Walk walk_of_cells(Node *node, const Pooling *p, int carried_count, Visit *visit) {
    return (Walk){.node = node,
                  .p = p,
                  .count = {p->window.size[0], p->window.size[1]},
                  .carried_count = carried_count,
                  .visit = visit};
}

// The place in the picture of cell `cell` along an axis.
static LanePlace cell_place(LaneBuilder *b, const Pooling *p, int axis, LanePlace cell) {
    LanePlace start = lane_place_multiply(b, lane_place(b, axis), p->window.stride[axis]);
    LanePlace offset = lane_place_add(b, cell, lane_place_number(b, -p->window.before[axis]));
    return lane_place_add(b, start, offset);
}

// A cell of the window at the position; `outside` in the padding.
static Lane fetch_cell(LaneBuilder *b, Node *node, const Pooling *p, const LanePlace cell[2],
                       double outside) {
    LanePlace places[] = {cell_place(b, p, 0, cell[0]), cell_place(b, p, 1, cell[1]),
                          lane_place(b, 2)};
    return lane_fetch(b, node, 0, places, is_padded(p) ? lane_constant(b, outside) : NULL);
}

static Lane fetch_first_cell(LaneBuilder *b, Node *node, const Pooling *p) {
    LanePlace zero = lane_place_number(b, 0);
    return fetch_cell(b, node, p, (LanePlace[]){zero, zero}, -INFINITY);
}

static void visit_largest(LaneBuilder *b, const Walk *walk, Lane *carried) {
    Lane cell = fetch_cell(b, walk->node, walk->p, walk->index, -INFINITY);
    LaneMask is_larger = lane_less(b, carried[0], cell);
    carried[0] = lane_select(b, is_larger, cell, carried[0]);
    if (walk->carried_count == 1) return;
    int64_t width = walk->p->window.size[1];
    LanePlace line = lane_place_multiply(b, walk->index[0], width);
    Lane number = lane_place_value(b, lane_place_add(b, line, walk->index[1]));
    carried[1] = lane_select(b, is_larger, number, carried[1]);
}

static Lane max_gather(LaneBuilder *b, Node *node) {
    Pooling p = pooling_at(node);
    Lane best = fetch_first_cell(b, node, &p);
    Walk walk = walk_of_cells(node, &p, 1, visit_largest);
    walk_all(b, &walk, &best);
    return best;
}

static Lane argmax_gather(LaneBuilder *b, Node *node) {
    Pooling p = pooling_at(node);
    Lane carried[] = {fetch_first_cell(b, node, &p), lane_constant(b, 0)};
    Walk walk = walk_of_cells(node, &p, 2, visit_largest);
    walk_all(b, &walk, carried);
    return carried[1];
}

static void visit_numbered(LaneBuilder *b, const Walk *walk, Lane *carried) {
    int64_t width = walk->p->window.size[1];
    LanePlace line = lane_place_multiply(b, walk->index[0], width);
    Lane number = lane_place_value(b, lane_place_add(b, line, walk->index[1]));
    Lane cell = fetch_cell(b, walk->node, walk->p, walk->index, 0);
    carried[0] = lane_select(b, lane_equal(b, carried[1], number), cell, carried[0]);
}

static Lane take_gather(LaneBuilder *b, Node *node) {
    Pooling p = pooling_at(node);
    LanePlace here[] = {lane_place(b, 0), lane_place(b, 1), lane_place(b, 2)};
    Lane carried[] = {lane_constant(b, 0), lane_fetch(b, node, 1, here, NULL)};
    Walk walk = walk_of_cells(node, &p, 2, visit_numbered);
    walk_all(b, &walk, carried);
    return carried[0];
}

// How many of the cells of the window at a place along an axis are real.
static Lane real_count(LaneBuilder *b, const Pooling *p, int axis, LanePlace place) {
    const Window *w = &p->window;
    LanePlace start = lane_place_multiply(b, place, w->stride[axis]);
    start = lane_place_add(b, start, lane_place_number(b, -w->before[axis]));
    LanePlace end = lane_place_add(b, start, lane_place_number(b, w->size[axis]));
    start = lane_place_maximum(b, start, 0);
    end = lane_place_minimum(b, end, p->size[axis]);
    return lane_place_value(b, lane_place_add(b, end, lane_place_multiply(b, start, -1)));
}

// One over the real cells of the window at a place.
static Lane share_of_cell(LaneBuilder *b, const Pooling *p, const LanePlace places[2]) {
    double all = (double)(p->window.size[0] * p->window.size[1]);
    if (!is_padded(p)) return lane_constant(b, 1 / all);
    Lane lines = real_count(b, p, 0, places[0]), columns = real_count(b, p, 1, places[1]);
    return lane_divide(b, lane_constant(b, 1), lane_multiply(b, lines, columns));
}

static void visit_sum(LaneBuilder *b, const Walk *walk, Lane *carried) {
    carried[0] = lane_add(b, carried[0], fetch_cell(b, walk->node, walk->p, walk->index, 0));
}

static Lane average_gather(LaneBuilder *b, Node *node) {
    Pooling p = pooling_at(node);
    Lane sum = lane_constant(b, -0.0);
    Walk walk = walk_of_cells(node, &p, 1, visit_sum);
    walk.sums_lines = true;
    walk_all(b, &walk, &sum);
    LanePlace places[] = {lane_place(b, 0), lane_place(b, 1)};
    return lane_multiply(b, sum, share_of_cell(b, &p, places));
}

// ---- The windows that have the cell at the position.

// One of them: its place and the cell's number in it along an axis.
typedef struct Covering {
    LanePlace place, cell;
    LaneTruth covers; // NULL: it surely does
} Covering;

static int64_t covering_count(const Pooling *p, int axis) {
    const Window *w = &p->window;
    return (w->size[axis] + w->stride[axis] - 1) / w->stride[axis];
}

static Covering covering(LaneBuilder *b, const Pooling *p, int axis, LanePlace number) {
    const Window *w = &p->window;
    LanePlace before = lane_place_number(b, w->before[axis]);
    LanePlace at = lane_place_add(b, lane_place(b, axis), before);
    LanePlace last = lane_place_divide(b, at, w->stride[axis]);
    LanePlace rest = lane_place_remainder(b, at, w->stride[axis]);
    LanePlace earlier = lane_place_multiply(b, number, w->stride[axis]);
    Covering c = {.place = lane_place_add(b, last, lane_place_multiply(b, number, -1)),
                  .cell = lane_place_add(b, rest, earlier)};
    bool is_sure = w->size[axis] % w->stride[axis] == 0;
    c.covers = is_sure ? NULL : lane_place_within(b, c.cell, 0, w->size[axis]);
    return c;
}

static Lane if_covered(LaneBuilder *b, const Covering *h, const Covering *w, Lane value) {
    Lane zero = lane_constant(b, 0);
    if (h->covers) value = lane_choose(b, h->covers, value, zero);
    return w->covers ? lane_choose(b, w->covers, value, zero) : value;
}

// What one window gives to the cell.
typedef Lane Give(LaneBuilder *b, Node *node, const Pooling *p, const Covering *h,
                  const Covering *w);

static void add_given(LaneBuilder *b, const Walk *walk, Lane *carried, Give *give) {
    Covering h = covering(b, walk->p, 0, walk->index[0]);
    Covering w = covering(b, walk->p, 1, walk->index[1]);
    Lane part = if_covered(b, &h, &w, give(b, walk->node, walk->p, &h, &w));
    carried[0] = lane_add(b, carried[0], part);
}

static Lane sum_coverings(LaneBuilder *b, Node *node, Visit *visit) {
    Pooling p = pooling_at(node);
    Lane sum = lane_constant(b, -0.0);
    Walk walk = {.node = node,
                 .p = &p,
                 .count = {covering_count(&p, 0), covering_count(&p, 1)},
                 .carried_count = 1,
                 .visit = visit,
                 .sums_lines = true};
    walk_all(b, &walk, &sum);
    return sum;
}

static Lane give_if_largest(LaneBuilder *b, Node *node, const Pooling *p, const Covering *h,
                            const Covering *w) {
    LanePlace places[] = {h->place, w->place, lane_place(b, 2)};
    LanePlace number =
        lane_place_add(b, lane_place_multiply(b, h->cell, p->window.size[1]), w->cell);
    Lane dy = lane_fetch(b, node, 0, places, lane_constant(b, 0));
    Lane largest = lane_fetch(b, node, 1, places, lane_constant(b, -1));
    LaneMask is_here = lane_equal(b, largest, lane_place_value(b, number));
    return lane_select(b, is_here, dy, lane_constant(b, 0));
}

static void visit_largest_windows(LaneBuilder *b, const Walk *walk, Lane *carried) {
    add_given(b, walk, carried, give_if_largest);
}

static Lane scatter_gather(LaneBuilder *b, Node *node) {
    return sum_coverings(b, node, visit_largest_windows);
}

static Lane give_share(LaneBuilder *b, Node *node, const Pooling *p, const Covering *h,
                       const Covering *w) {
    LanePlace places[] = {h->place, w->place, lane_place(b, 2)};
    Lane dy = lane_fetch(b, node, 0, places, lane_constant(b, 0));
    return lane_multiply(b, dy, share_of_cell(b, p, places));
}

static void visit_shares(LaneBuilder *b, const Walk *walk, Lane *carried) {
    add_given(b, walk, carried, give_share);
}

static Lane average_gradient_gather(LaneBuilder *b, Node *node) {
    return sum_coverings(b, node, visit_shares);
}

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

// The two are linear in their first input, each the other's transpose.
static void scatter_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    Args *args = graph_args(graph, "pool_take");
    args_copy_common(args, node->args);
    dinputs[0] = graph_call(graph, "pool_take", (Node *[]){dy, node->inputs[1]}, 2, args);
}

static void take_gradient(Graph *graph, Node *node, Node *dy, Node **dinputs) {
    const int64_t *dims = node->inputs[0]->type.dims;
    Args *args = graph_args(graph, "pool_scatter");
    args_copy_common(args, node->args);
    args_set_numbers(args, graph->arena, "extent", (double[]){(double)dims[0], (double)dims[1]}, 2);
    dinputs[0] = graph_call(graph, "pool_scatter", (Node *[]){dy, node->inputs[1]}, 2, args);
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
    .min_inputs = inputs_, .max_inputs = inputs_, .fuse = FUSE_GATHER,                             \
    .evaluate = name_##_evaluate, .gather = name_##_gather

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
     .is_constant = true,
     .no_gradient = "a cell's number is constant almost everywhere"},
    {.schema = {"pool_scatter", "sums what windows give to the cell that was largest", unpool_args,
                NULL},
     POOL(scatter, 2),
     .shape = scatter_shape,
     .flops = unpool_flops,
     .gradient = scatter_gradient},
    {.schema = {"pool_take", "takes the cell of each window that was largest", pool_args, NULL},
     POOL(take, 2),
     .shape = take_shape,
     .flops = pool_flops,
     .gradient = take_gradient},
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
