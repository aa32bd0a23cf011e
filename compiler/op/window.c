// The geometry of sliding windows; see window.h.
#include "window.h"

#include "../base/integer.h"

#include <string.h>

bool window_numbers(const Args *args, const char *name, int64_t *numbers, int count) {
    const ArgValue *value = args_get(args, name);
    if (value->count != count) return false;
    for (int i = 0; i < count; i++) numbers[i] = (int64_t)value->numbers[i];
    return true;
}

Window window_read(const Args *args, int64_t height, int64_t width) {
    Window window = {.size = {height, width}, .stride = {1, 1}, .dilation = {1, 1}};
    int64_t padding[4] = {0};
    window_numbers(args, "stride", window.stride, 2);
    window_numbers(args, "padding", padding, 4);
    if (schema_arg_index(args->schema, "dilation") >= 0)
        window_numbers(args, "dilation", window.dilation, 2);
    for (int axis = 0; axis < 2; axis++) {
        window.before[axis] = padding[2 * axis];
        window.after[axis] = padding[2 * axis + 1];
    }
    return window;
}

int64_t window_span(const Window *window, int axis) {
    return (window->size[axis] - 1) * window->dilation[axis] + 1;
}

int64_t window_places(const Window *window, int axis, int64_t extent) {
    int64_t room = extent + window->before[axis] + window->after[axis] - window_span(window, axis);
    return room < 0 ? 0 : room / window->stride[axis] + 1;
}

void window_real(const Window *window, int axis, int64_t place, int64_t extent, int64_t *first,
                 int64_t *end) {
    int64_t start = place * window->stride[axis] - window->before[axis];
    int64_t stop = start + window->size[axis];
    *first = start < 0 ? 0 : start;
    *end = stop > extent ? extent : stop;
}

// ---- For layers.

static bool is_channels(int64_t count) {
    return count == 1 || count == 3;
}

// [1, 28, 28] and [32, 28, 28, 1] as other libraries write them. False: it is neither.
static bool help_layout(Graph *graph, const Type *x) {
    enum { SMALLEST = 5 }; // side of what is surely a picture
    int first = x->rank - 3;
    bool is_sequence_of = x->rank == 4 && is_channels(x->dims[3]);
    bool is_first =
        x->rank == 3 && is_channels(x->dims[0]) && x->dims[1] >= SMALLEST && x->dims[2] >= SMALLEST;
    if (!is_first && !is_sequence_of) return false;
    Type own = type_make(DTYPE_F32, true, 3, x->dims + first);
    if (is_first) own.dims[0] = x->dims[1], own.dims[1] = x->dims[2], own.dims[2] = x->dims[0];
    op_shape_help(graph,
                  is_first ? "channels stand last: `%s`"
                           : "shapes are written without the batch: `%s`",
                  type_text(graph->arena, &own));
    return true;
}

// What made a vector of a picture; NULL: nothing did.
static const Node *find_flatten(const Node *x) {
    while (strcmp(x->op->schema.name, "flatten") != 0) {
        bool keeps = x->input_count == 1 && x->inputs[0]->type.rank == 1;
        if (!keeps || x->layer == NULL) return NULL;
        x = x->inputs[0];
    }
    return x;
}

static bool help_flatten(Graph *graph, const Node *node) {
    if (!find_flatten(node->inputs[0])) return false;
    op_shape_help(graph, "put it before `flatten`, or remove that `flatten`");
    return true;
}

static void help_with_channel(Graph *graph, const Type *x) {
    Text shape = text_create(graph->arena);
    for (int i = 0; i < x->rank; i++) text_format(&shape, "%lld, ", (long long)x->dims[i]);
    op_shape_help(graph, "put `-> reshape(%s1)` before it, for one channel", shape.data);
}

bool window_expects(Graph *graph, Node *node, int dims) {
    const Type *x = &node->inputs[0]->type;
    if (x->rank == dims + 1) return true;
    const char *wanted =
        dims == 2 ? "a picture [height, width, channels]" : "a sequence [steps, channels]";
    op_shape_error(graph, node, "%s expects %s, but this value is %s", node->op->schema.name,
                   wanted, shape_text(graph->arena, x));
    op_shape_label(graph, dims == 2 ? "needs [h, w, c]" : "needs [n, c]");
    if (help_layout(graph, x) || help_flatten(graph, node)) return false;
    if (x->rank == dims) help_with_channel(graph, x);
    if (dims == 1 && x->rank == 3) op_shape_help(graph, "`conv2d` takes pictures");
    return false;
}

bool window_expects_places(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    if (x->rank == 2 || x->rank == 3) return true;
    op_shape_error(graph, node,
                   "%s expects a picture [height, width, channels] or a sequence [steps, "
                   "channels], but this value is %s",
                   node->op->schema.name, shape_text(graph->arena, x));
    op_shape_label(graph, "needs [h, w, c] or [n, c]");
    if (help_layout(graph, x) || help_flatten(graph, node)) return false;
    if (x->rank == 1) help_with_channel(graph, x);
    return false;
}

Node *window_as_picture(Graph *graph, Node *x) {
    const Type *type = &x->type;
    if (type->rank != 2) return x;
    return graph_reshape(graph, x, 3, (int64_t[]){1, type->dims[0], type->dims[1]});
}

static bool report_length(Graph *graph, Node *node, const char *name, int count, int dims) {
    op_shape_error(graph, node, "`%s` of %s has %d numbers", name, node->op->schema.name, count);
    if (dims == 1)
        op_shape_help(graph, "it takes one number");
    else
        op_shape_help(graph, "it takes one number, or one for the height and one for the width");
    return false;
}

bool window_pair(Graph *graph, Node *node, const char *name, int dims, int64_t pair[2]) {
    const ArgValue *value = args_get(node->args, name);
    if (value->count != 1 && value->count != dims)
        return report_length(graph, node, name, value->count, dims);
    pair[1] = (int64_t)value->numbers[value->count - 1];
    pair[0] = dims == 1 ? 1 : (int64_t)value->numbers[0];
    return true;
}

void window_pad_same(Window *window, int axis, int64_t extent) {
    int64_t stride = window->stride[axis], places = (extent + stride - 1) / stride;
    int64_t total = (places - 1) * stride + window_span(window, axis) - extent;
    if (total < 0) total = 0;
    window->before[axis] = total / 2;
    window->after[axis] = total - total / 2;
}

// Numbers: one for all sides; one for each dimension; or all of them, before and after.
static bool pad_by_numbers(Graph *graph, Node *node, const ArgValue *value, int dims,
                           Window *window) {
    int count = value->count;
    if (count != 1 && count != 2 && count != 2 * dims) {
        op_shape_error(graph, node, "`padding` of %s has %d numbers", node->op->schema.name, count);
        op_shape_help(graph, dims == 2 ? "it takes one number, two (height, width) or four (top, "
                                         "bottom, left, right)"
                                       : "it takes one number, or two (before, after)");
        return false;
    }
    bool each_side = count == 2 * dims;
    for (int axis = 2 - dims; axis < 2; axis++) {
        int place = axis - (2 - dims), first = each_side ? 2 * place : count == 1 ? 0 : place;
        window->before[axis] = (int64_t)value->numbers[first];
        window->after[axis] = (int64_t)value->numbers[each_side ? first + 1 : first];
    }
    return true;
}

static bool pad(Graph *graph, Node *node, int dims, const int64_t *extent, Window *window) {
    const ArgValue *value = args_get(node->args, "padding");
    if (!value->text) return pad_by_numbers(graph, node, value, dims, window);
    for (int axis = 0; axis < 2; axis++) {
        if (strcmp(value->text, "same") == 0) window_pad_same(window, axis, extent[axis]);
        if (strcmp(value->text, "causal") == 0)
            window->before[axis] = window_span(window, axis) - 1;
    }
    return true;
}

// "5x5", or "5" of a sequence.
static char *size_text(Arena *arena, const int64_t *size, int dims) {
    return dims == 1 ? arena_format(arena, "%lld", (long long)size[1])
                     : arena_format(arena, "%lldx%lld", (long long)size[0], (long long)size[1]);
}

// `size` is the name of the argument.
static bool report_fit(Graph *graph, Node *node, const char *size, int dims, int axis,
                       const Window *window, int64_t extent) {
    const char *name = strcmp(size, "size") == 0 ? "window" : size;
    int64_t span = window_span(window, axis), stride = window->stride[axis];
    int64_t padding = window->before[axis] + window->after[axis];
    const Type *x = &node->inputs[0]->type;
    const char *layer = graph->current_layer ? graph->current_layer->name : node->op->schema.name;
    op_shape_error(graph, node, "the %s %s of `%s` does not fit %s", name,
                   size_text(graph->arena, window->size, dims), layer, shape_text(graph->arena, x));
    op_shape_label(graph, "too large");
    op_shape_note(graph, "%s: (%lld + padding %lld - %s %lld) / stride %lld + 1 = %lld",
                  dims == 1 ? "steps"
                  : axis    ? "width"
                            : "height",
                  (long long)extent, (long long)padding, name, (long long)span, (long long)stride,
                  (long long)divide_down(extent + padding - span, stride) + 1);
    if (window->dilation[axis] > 1)
        op_shape_note(graph, "with dilation %lld, %lld weights cover (%lld - 1) * %lld + 1 = %lld",
                      (long long)window->dilation[axis], (long long)window->size[axis],
                      (long long)window->size[axis], (long long)window->dilation[axis],
                      (long long)span);
    if (!help_layout(graph, x))
        op_shape_help(graph, "make it smaller, or add the word `same`, which pads");
    return false;
}

// Pictures with their padding are computed in memory.
static bool padded_fits(Graph *graph, Node *node, const Window *window, const int64_t *extent) {
    const double most = 1 << 28; // elements: 1 GB
    const Type *x = &node->inputs[0]->type;
    double sides[2], padding = 0;
    for (int axis = 0; axis < 2; axis++) {
        double around = (double)window->before[axis] + (double)window->after[axis];
        sides[axis] = (double)extent[axis] + around;
        padding += around;
    }
    if (!padding || sides[0] * sides[1] * (double)type_last(x) <= most) return true;
    const char *height = x->rank == 2 ? "" : arena_format(graph->arena, "%.0fx", sides[0]);
    op_shape_error(graph, node, "with its padding, %s becomes %s%.0fx%lld",
                   shape_text(graph->arena, x), height, sides[1], (long long)type_last(x));
    op_shape_label(graph, "too large");
    op_shape_note(graph, "that has more than %.0f elements", most);
    op_shape_help(graph, "make the dilation or the padding smaller");
    return false;
}

// A stride without a default is the size.
static bool read_stride(Graph *graph, Node *node, int dims, Window *window) {
    window->stride[0] = window->size[0];
    window->stride[1] = window->size[1];
    if (!args_get(node->args, "stride")->is_set) return true;
    return window_pair(graph, node, "stride", dims, window->stride);
}

bool window_of_layer(Graph *graph, Node *node, const char *size, int dims, Window *window,
                     int64_t places[2]) {
    const Type *x = &node->inputs[0]->type;
    int64_t extent[] = {dims == 1 ? 1 : x->dims[0], x->dims[dims - 1]};
    *window = (Window){.dilation = {1, 1}};
    if (!window_pair(graph, node, size, dims, window->size)) return false;
    if (!read_stride(graph, node, dims, window)) return false;
    if (schema_arg_index(node->args->schema, "dilation") >= 0 &&
        !window_pair(graph, node, "dilation", dims, window->dilation))
        return false;
    if (!pad(graph, node, dims, extent, window)) return false;
    for (int axis = 0; axis < 2; axis++) {
        places[axis] = window_places(window, axis, extent[axis]);
        if (places[axis] < 1)
            return report_fit(graph, node, size, dims, axis, window, extent[axis]);
    }
    return padded_fits(graph, node, window, extent);
}

void window_write(Graph *graph, const Window *window, Args *args) {
    double padding[4], stride[2], dilation[2];
    for (int axis = 0; axis < 2; axis++) {
        padding[2 * axis] = (double)window->before[axis];
        padding[2 * axis + 1] = (double)window->after[axis];
        stride[axis] = (double)window->stride[axis];
        dilation[axis] = (double)window->dilation[axis];
    }
    args_set_numbers(args, graph->arena, "stride", stride, 2);
    args_set_numbers(args, graph->arena, "padding", padding, 4);
    if (schema_arg_index(args->schema, "dilation") >= 0)
        args_set_numbers(args, graph->arena, "dilation", dilation, 2);
}
