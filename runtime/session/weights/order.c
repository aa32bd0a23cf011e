// From the order of files to that of kernels and back: rows of a matrix to panels of columns.
#include "weights.h"

#include <string.h>

// Columns that follow each other in a row of a panel.
typedef struct stretch {
    int64_t place, first, count; // floats: in the weights, in the matrix
} stretch;

// Ends with those of the last panel.
static int next_stretch(const nnrt_storage *s, int64_t row, int64_t columns, stretch *own) {
    int64_t column = own->first + own->count, panel = column / s->panel;
    if (column >= columns) return 0;
    int64_t left = columns - column;
    own->first = column;
    own->count = left < s->panel ? left : s->panel;
    own->place = s->offset + panel * s->panel_stride + row * s->row_stride;
    return 1;
}

static int64_t row_count(const nnrt_parameter *parameter) {
    int64_t count = 1;
    for (int64_t i = 0; i < parameter->rank; i++) count *= parameter->shape[i];
    return count / parameter->columns;
}

static void put_stretch(const nnrt_storage *s, const stretch *own, float *weights,
                        const float *values) {
    float *to = weights + own->place;
    if (s->column_stride == 1)
        memcpy(to, values + own->first, (size_t)own->count * sizeof *to);
    else
        for (int64_t i = 0; i < own->count; i++) to[i * s->column_stride] = values[own->first + i];
}

static void get_stretch(const nnrt_storage *s, const stretch *own, const float *weights,
                        float *values) {
    const float *from = weights + own->place;
    if (s->column_stride == 1)
        memcpy(values + own->first, from, (size_t)own->count * sizeof *from);
    else
        for (int64_t i = 0; i < own->count; i++)
            values[own->first + i] = from[i * s->column_stride];
}

void nnrt_weights_put(const nnrt_parameter *parameter, float *weights, const float *values) {
    nnrt_weights_put_rows(parameter, weights, values, 0, row_count(parameter));
}

void nnrt_weights_put_rows(const nnrt_parameter *parameter, float *weights, const float *values,
                           int64_t first, int64_t count) {
    const nnrt_storage *storage = &parameter->storage;
    int64_t columns = parameter->columns;
    for (int64_t row = first; row < first + count; row++, values += columns)
        for (stretch at = {0}; next_stretch(storage, row, columns, &at);)
            put_stretch(storage, &at, weights, values);
}

void nnrt_weights_get(const nnrt_parameter *parameter, const float *weights, float *values) {
    const nnrt_storage *storage = &parameter->storage;
    int64_t rows = row_count(parameter), columns = parameter->columns;
    for (int64_t row = 0; row < rows; row++, values += columns)
        for (stretch at = {0}; next_stretch(storage, row, columns, &at);)
            get_stretch(storage, &at, weights, values);
}
