// Windows that slide over the first two dimensions of a sample [height, width, channels]: the
// geometry that convolutions and pooling share. Index 0 is the height, 1 the width.
#ifndef NNC_OP_WINDOW_H
#define NNC_OP_WINDOW_H

#include "op.h"

typedef struct Window {
    int64_t size[2], stride[2], dilation[2];
    int64_t before[2], after[2]; // cells of padding: top and left, bottom and right
} Window;

// From the arguments `stride`, `dilation` (where the operator has one) and `padding` of a node.
Window window_read(const Args *args, int64_t height, int64_t width);
// The cells from a window's first to its last: (size - 1) * dilation + 1.
int64_t window_span(const Window *window, int axis);
// How many places the window has along an axis of `extent` cells; less than 1 where it does not
// fit.
int64_t window_places(const Window *window, int axis, int64_t extent);
// The cells of a pooling window at `place` that are not padding: from *first to before *end.
void window_real(const Window *window, int axis, int64_t place, int64_t extent, int64_t *first,
                 int64_t *end);
// Reads `count` whole numbers of a list argument; false if it has another length.
bool window_numbers(const Args *args, const char *name, int64_t *numbers, int count);

// ---- For layers, whose windows slide over pictures [height, width, channels] or sequences [steps,
// channels]; a sequence counts as the picture [1, steps, channels].
// Is input 0 a value of `dims` (1 or 2) dimensions and channels? Reports E0203.
bool window_expects(Graph *graph, Node *node, int dims);
// Is it a picture or a sequence? Reports E0203.
bool window_expects_places(Graph *graph, Node *node);
Node *window_as_picture(Graph *graph, Node *x);
// The list argument `name` for height and width; one number stands for both. Reports E0203.
bool window_pair(Graph *graph, Node *node, const char *name, int dims, int64_t pair[2]);
// The window of a layer with the size argument `size`, `stride` (its default may be the size),
// `padding` and perhaps `dilation`, and the number of its places on input 0. Reports E0203 with the
// arithmetic where it does not fit.
bool window_of_layer(Graph *graph, Node *node, const char *size, int dims, Window *window,
                     int64_t places[2]);
// Keras's `same` (keras/src/ops/operation_utils.py): ceil(extent / stride) places; what is odd of
// the padding stands at the end.
void window_pad_same(Window *window, int axis, int64_t extent);
// The stride, padding and (if it has one) dilation of a primitive's arguments.
void window_write(Graph *graph, const Window *window, Args *args);

// The arguments of primitive rows with windows.
#define WINDOW_PAIR(name_, default_, doc_)                                                         \
    {.name = (name_),                                                                              \
     .type = ARG_INTS,                                                                             \
     .default_text = (default_),                                                                   \
     .minimum = 1,                                                                                 \
     .maximum = INT32_MAX,                                                                         \
     .doc = (doc_)}
#define WINDOW_STRIDE WINDOW_PAIR("stride", "1, 1", "cells from one window to the next")
#define WINDOW_DILATION WINDOW_PAIR("dilation", "1, 1", "cells from one weight to the next")
#define WINDOW_PADDING                                                                             \
    {.name = "padding",                                                                            \
     .type = ARG_INTS,                                                                             \
     .default_text = "0, 0, 0, 0",                                                                 \
     .maximum = INT32_MAX,                                                                         \
     .doc = "cells added at the top, bottom, left and right"}

// The arguments of layers with windows.
#define LAYER_SIZES(name_, default_, keras_, doc_)                                                 \
    {.name = (name_),                                                                              \
     .type = ARG_INTS,                                                                             \
     .default_text = (default_),                                                                   \
     .minimum = 1,                                                                                 \
     .maximum = INT32_MAX,                                                                         \
     .keras_name = (keras_),                                                                       \
     .doc = (doc_)}
#define LAYER_STRIDE(default_)                                                                     \
    LAYER_SIZES("stride", default_, "strides", "cells from one window to the next")
#define LAYER_DILATION                                                                             \
    LAYER_SIZES("dilation", "1", "dilation_rate", "cells from one weight to the next")

#endif
