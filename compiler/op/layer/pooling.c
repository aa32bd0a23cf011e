// Pooling layers, as Keras's (keras/src/layers/pooling): windows of a picture [height, width,
// channels] or of a sequence [steps, channels], or all of it. One name does for both.
#include "../window.h"
#include "layer.h"

static bool pool_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    int dims = x->rank == 2 ? 1 : 2;
    int64_t places[2];
    Window window;
    if (!window_expects_places(graph, node)) return false;
    if (!window_of_layer(graph, node, "size", dims, &window, places)) return false;
    int64_t shape[] = {places[0], places[1], type_last(x)};
    node->type = type_make(DTYPE_F32, x->batched, dims + 1, shape + 2 - dims);
    return true;
}

static Node *pool(Graph *graph, Node *node, const char *op) {
    Window window;
    int64_t places[2];
    Node *x = window_as_picture(graph, node->inputs[0]);
    Args *args = graph_args(graph, op);
    window_of_layer(graph, node, "size", node->type.rank - 1, &window, places);
    window_write(graph, &window, args);
    args_set_numbers(args, graph->arena, "size",
                     (double[]){(double)window.size[0], (double)window.size[1]}, 2);
    Node *y = graph_call(graph, op, &x, 1, args);
    return node->type.rank == 3 ? y : graph_reshape(graph, y, node->type.rank, node->type.dims);
}

static Node *max_pool_expand(Graph *graph, Node *node) {
    return pool(graph, node, "pool_max");
}

static Node *average_pool_expand(Graph *graph, Node *node) {
    return pool(graph, node, "pool_average");
}

// ---- Of all places.

static bool global_shape(Graph *graph, Node *node) {
    const Type *x = &node->inputs[0]->type;
    bool keeps = args_bool(node->args, "keepdims");
    if (x->rank < 2) return window_expects_places(graph, node);
    node->type = type_make(DTYPE_F32, x->batched, x->rank, x->dims);
    for (int i = 0; i < x->rank - 1; i++) node->type.dims[i] = 1;
    if (!keeps) node->type = type_make(DTYPE_F32, x->batched, 1, &x->dims[x->rank - 1]);
    return true;
}

// Reduces the places [n, channels] of a picture.
static Node *pool_all(Graph *graph, Node *node, ReduceKind kind) {
    int64_t channels = type_last(&node->type);
    int64_t places = type_elements(&node->inputs[0]->type) / channels;
    Node *flat = graph_reshape(graph, node->inputs[0], 2, (int64_t[]){places, channels});
    Node *y = op_reduce_axis(graph, flat, 0, kind);
    if (kind == REDUCE_SUM) y = graph_scale(graph, y, 1.0 / (double)places);
    return graph_reshape(graph, y, node->type.rank, node->type.dims);
}

// The mean of the steps that count: of none it is 0.
static Node *masked_average(Graph *graph, Node *node, Node *mask) {
    Node *steps = op_where_counts(graph, mask, node->inputs[0]);
    Node *sum = op_reduce_axis(graph, steps, 0, REDUCE_SUM);
    Node *count = op_reduce_axis(graph, op_mask_as(graph, mask, 2), 0, REDUCE_SUM);
    count = graph_binary(graph, "maximum", count, graph_constant(graph, 1));
    return graph_reshape(graph, graph_divide(graph, sum, count), node->type.rank, node->type.dims);
}

static Node *global_average_expand(Graph *graph, Node *node) {
    Node *mask = op_taken_mask(node);
    if (mask) return masked_average(graph, node, mask);
    return pool_all(graph, node, REDUCE_SUM);
}

// The mean of a sequence leaves out what does not count, and has no steps itself.
static Node *global_average_mask(Graph *graph, Node *node) {
    Node *x = node->inputs[0];
    if (x->mask && x->type.rank == 2) op_take_mask(graph, node, x->mask);
    return NULL;
}

static Node *global_max_expand(Graph *graph, Node *node) {
    return pool_all(graph, node, REDUCE_MAX);
}

static const ArgDef pool_args[] = {
    LAYER_SIZES("size", "2", "pool_size", "height and width of the window"),
    LAYER_SIZES("stride", "none", "strides", "cells from one window to the next; none: the size"),
    {.name = "padding",
     .type = ARG_WORD,
     .default_text = "valid",
     .choices = "valid same",
     .doc = "valid: whole windows only; same: as many places as the stride divides"},
    {0},
};

static const ArgDef global_args[] = {
    {.name = "keepdims",
     .type = ARG_BOOL,
     .default_text = "false",
     .doc = "keep the reduced dimensions as 1"},
    {0},
};

#define POOLING(shape_, expand_)                                                                   \
    .surface = true, .min_inputs = 1, .max_inputs = 1, .fuse = FUSE_COMPOSITE, .shape = shape_,    \
    .expand = expand_

const OpDef op_pooling[] = {
    {.schema = {"max_pool", "takes the largest number of each window", pool_args,
                "MaxPooling2D MaxPool2D MaxPooling1D MaxPool1D"},
     POOLING(pool_shape, max_pool_expand)},
    {.schema = {"average_pool", "takes the mean of each window", pool_args,
                "AveragePooling2D AvgPool2D AveragePooling1D AvgPool1D"},
     POOLING(pool_shape, average_pool_expand)},
    {.schema = {"global_average_pool", "takes the mean of each channel", global_args,
                "GlobalAveragePooling2D GlobalAvgPool2D GlobalAveragePooling1D GlobalAvgPool1D"},
     POOLING(global_shape, global_average_expand),
     .mask = global_average_mask},
    {.schema = {"global_max_pool", "takes the largest number of each channel", global_args,
                "GlobalMaxPooling2D GlobalMaxPool2D GlobalMaxPooling1D GlobalMaxPool1D"},
     POOLING(global_shape, global_max_expand)},
    {.schema = {0}},
};
