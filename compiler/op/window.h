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

// The arguments of rows with windows.
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

#endif
