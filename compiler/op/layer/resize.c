// Layers that make pictures [height, width, channels] and sequences [steps, channels] larger or
// smaller: pad (Keras's ZeroPadding), crop (Cropping) and upsample (UpSampling).
#include "../window.h"
#include "layer.h"

#include <string.h>

static int window_dims(const Node *node) {
    return node->inputs[0]->type.rank == 2 ? 1 : 2;
}

// ---- pad, crop

// Replaces one side by the argument of its name.
static void set_side(const Node *node, const char *name, int64_t *side) {
    const ArgValue *value = args_get(node->args, name);
    if (value->is_set) *side = (int64_t)value->number;
}

static bool has_side(const Node *node) {
    static const char *const names[] = {"top", "bottom", "left", "right"};
    for (int i = 0; i < 4; i++)
        if (args_get(node->args, names[i])->is_set) return true;
    return false;
}

// Lines at the top, bottom, left and right. One number: all sides; two: height and width, or the
// two ends of a sequence. Where only sides are named, the others are 0.
static bool read_sides(Graph *graph, Node *node, int64_t sides[4]) {
    const ArgValue *value = args_get(node->args, "amount");
    int dims = window_dims(node), count = value->count;
    bool is_given = !value->is_default || !has_side(node);
    if (count != 1 && count != 2 && count != 2 * dims) {
        op_shape_error(graph, node, "`amount` of %s has %d numbers", node->op->schema.name, count);
        op_shape_help(graph, dims == 1 ? "it takes one number, or two (before, after)"
                                       : "it takes one number, two (height, width) or four (top, "
                                         "bottom, left, right)");
        return false;
    }
    for (int i = 0; i < 4; i++) {
        int place = count == 1 ? 0 : count == 4 ? i : dims == 1 ? i % 2 : i / 2;
        sides[i] = is_given && (dims == 2 || i >= 2) ? (int64_t)value->numbers[place] : 0;
    }
    set_side(node, "top", &sides[0]);
    set_side(node, "bottom", &sides[1]);
    set_side(node, "left", &sides[2]);
    set_side(node, "right", &sides[3]);
    return true;
}

static bool report_vertical(Graph *graph, Node *node) {
    op_shape_error(graph, node, "a sequence has no `top` and no `bottom`");
    op_shape_help(graph, "`left` is its beginning, `right` its end");
    return false;
}

static bool report_crop(Graph *graph, Node *node, int axis, int64_t extent, const int64_t *sides) {
    op_shape_error(graph, node, "crop leaves nothing of %s",
                   shape_text(graph->arena, &node->inputs[0]->type));
    op_shape_label(graph, "too much");
    op_shape_note(graph, "%s: %lld - %lld - %lld = %lld",
                  window_dims(node) == 1 ? "steps"
                  : axis                 ? "width"
                                         : "height",
                  (long long)extent, (long long)sides[0], (long long)sides[1],
                  (long long)(extent - sides[0] - sides[1]));
    return false;
}

static bool border_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    int dims = window_dims(node);
    bool is_crop = node_is(node, "crop");
    int64_t sides[4];
    if (!window_expects_places(graph, node)) return false;
    if (!read_sides(graph, node, sides)) return false;
    if (dims == 1 && (sides[0] || sides[1])) return report_vertical(graph, node);
    op_shape_same(graph, node);
    for (int i = 0; i < dims; i++) {
        int axis = i + 2 - dims;
        int64_t lines = sides[2 * axis] + sides[2 * axis + 1];
        if (is_crop && lines >= x->dims[i])
            return report_crop(graph, node, axis, x->dims[i], &sides[2 * axis]);
        node->type.dims[i] += is_crop ? -lines : lines;
    }
    return true;
}

static Node *from_picture(Graph *graph, Node *node, Node *picture) {
    if (node->type.rank == 3) return picture;
    return graph_reshape(graph, picture, node->type.rank, node->type.dims);
}

static Node *border_expand(Graph *graph, Node *node) {
    int64_t sides[4];
    double amount[4];
    double sign = node_is(node, "crop") ? -1 : 1;
    read_sides(graph, node, sides);
    for (int i = 0; i < 4; i++) amount[i] = sign * (double)sides[i];
    Node *x = window_as_picture(graph, node->inputs[0]);
    Args *args = graph_args(graph, "pad_zeros");
    args_set_numbers(args, graph->arena, "amount", amount, 4);
    return from_picture(graph, node, graph_call(graph, "pad_zeros", &x, 1, args));
}

// ---- upsample

static bool is_bilinear(const Node *node) {
    return strcmp(args_text(node->args, "interpolation"), "bilinear") == 0;
}

static bool upsample_shape(Graph *graph, Node *node) {
    int dims = window_dims(node);
    int64_t size[2];
    if (!window_expects_places(graph, node)) return false;
    if (dims == 1 && is_bilinear(node)) {
        op_shape_error(graph, node, "`bilinear` is for pictures, but this value is %s",
                       shape_text(graph->arena, &node->inputs[0]->type));
        op_shape_label(graph, "needs [h, w, c]");
        return false;
    }
    if (!window_pair(graph, node, "size", dims, size)) return false;
    op_shape_same(graph, node);
    for (int i = 0; i < dims; i++) node->type.dims[i] *= size[i + 2 - dims];
    return true;
}

// One axis after the other.
static Node *interpolate(Graph *graph, Node *x, int axis, int64_t size) {
    if (size == 1) return x;
    Args *args = graph_args(graph, "interpolate");
    args_set_number(args, "axis", axis);
    args_set_number(args, "size", (double)size);
    return graph_call(graph, "interpolate", &x, 1, args);
}

static Node *upsample_expand(Graph *graph, Node *node) {
    int64_t size[2];
    window_pair(graph, node, "size", window_dims(node), size);
    if (is_bilinear(node))
        return interpolate(graph, interpolate(graph, node->inputs[0], 0, size[0]), 1, size[1]);
    Node *x = window_as_picture(graph, node->inputs[0]);
    Args *args = graph_args(graph, "upsample_nearest");
    args_set_numbers(args, graph->arena, "size", (double[]){(double)size[0], (double)size[1]}, 2);
    return from_picture(graph, node, graph_call(graph, "upsample_nearest", &x, 1, args));
}

#define AMOUNT(default_, keras_)                                                                   \
    {.name = "amount",                                                                             \
     .type = ARG_INTS,                                                                             \
     .default_text = (default_),                                                                   \
     .maximum = INT32_MAX,                                                                         \
     .keras_name = (keras_),                                                                       \
     .doc = "lines on all sides, (height, width) or (top, bottom, left, right)",                   \
     .variadic = true}
#define SIDE(name_)                                                                                \
    {.name = (name_),                                                                              \
     .type = ARG_INT,                                                                              \
     .default_text = "none",                                                                       \
     .maximum = INT32_MAX,                                                                         \
     .doc = "lines on this side"}
#define SIDES SIDE("top"), SIDE("bottom"), SIDE("left"), SIDE("right")

static const ArgDef pad_args[] = {AMOUNT("1", "padding"), SIDES, {0}};
static const ArgDef crop_args[] = {AMOUNT("0", "cropping"), SIDES, {0}};

static const ArgDef upsample_args[] = {
    LAYER_SIZES("size", "2", NULL, "rows and columns that each cell becomes"),
    {.name = "interpolation",
     .type = ARG_WORD,
     .default_text = "nearest",
     .choices = "nearest bilinear",
     .doc = "nearest: equal ones; bilinear: pictures, linear between the centres of cells"},
    {0},
};

#define RESIZE(name_)                                                                              \
    .surface = true, .min_inputs = 1, .max_inputs = 1, .fuse = FUSE_COMPOSITE,                     \
    .shape = name_##_shape, .expand = name_##_expand

const OpDef op_resize[] = {
    {.schema = {"pad", "adds lines of zeros", pad_args, "ZeroPadding2D ZeroPadding1D"},
     RESIZE(border)},
    {.schema = {"crop", "cuts lines off", crop_args, "Cropping2D Cropping1D"}, RESIZE(border)},
    {.schema = {"upsample", "makes rows and columns more", upsample_args,
                "UpSampling2D UpSampling1D"},
     RESIZE(upsample)},
    {.schema = {0}},
};
