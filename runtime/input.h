// What `predict` reads: samples from .npy and IDX files and pictures (PNG, JPEG), as the type of
// the model's input column.
#ifndef NNRT_INPUT_H
#define NNRT_INPUT_H

#include "nnrt.h"
#include "status.h"

typedef struct nnrt_input {
    const char *path;
    int64_t rows, is_single; // single: the file holds one sample, not a list of one
    void *values;            // [rows, column->size] of column->dtype; freed with free()
} nnrt_input;

// `may_resize`: pictures, in arrays too, get the column's size.
nnrt_status nnrt_input_read(nnrt_input *input, const nnrt_column *column, int may_resize,
                            const char *path);

enum { NNRT_INPUT_TEXT = 1024 };
// What one input of `predict` may be, for its help: "image: [28, 28] (or [28, 28, 1]), or several
// samples: [n, 28, 28]".
void nnrt_input_describe(const nnrt_column *column, char text[NNRT_INPUT_TEXT]);

#endif
