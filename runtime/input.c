#include "input.h"

#include "array.h"
#include "idx.h"
#include "npy.h"
#include "picture.h"
#include "resize.h"
#include "safetensors.h"
#include "source.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Shapes. Dimensions of 1 do not count: a picture [28, 28] fits an input [28, 28, 1].

static int64_t squeeze(int64_t *out, int64_t rank, const int64_t *shape) {
    int64_t count = 0;
    for (int64_t i = 0; i < rank; i++)
        if (shape[i] != 1) out[count++] = shape[i];
    return count;
}

static int same_shape(int64_t rank, const int64_t *shape, const nnrt_column *column) {
    int64_t a[NNRT_MAX_RANK + 1], b[NNRT_MAX_RANK + 1];
    int64_t n = squeeze(a, rank, shape), m = squeeze(b, column->rank, column->shape);
    return n == m && memcmp(a, b, sizeof *a * (size_t)n) == 0;
}

// One sample or a list of them, whose shape is that of `column`?
static int fits(nnrt_input *input, const nnrt_array *array, const nnrt_column *column) {
    input->is_single = array->rank <= column->rank || column->rank == 0
                           ? same_shape(array->rank, array->shape, column)
                           : 0;
    input->rows = input->is_single ? 1 : array->shape[0];
    return input->is_single || same_shape(array->rank - 1, array->shape + 1, column);
}

// A column like `column`, but of the height and width that the array's dimensions from `first` on
// would be.
static nnrt_column unsized(const nnrt_array *array, int64_t first, const nnrt_column *column) {
    int64_t shape[NNRT_MAX_RANK];
    if (array->rank < first + 2 || column->rank < 2) return *column;
    memcpy(shape, column->shape, sizeof shape);
    shape[0] = array->shape[first];
    shape[1] = array->shape[first + 1];
    return nnrt_source_column(column->name, column->dtype, column->rank, shape);
}

// Also finds the samples' column as the file has them.
static nnrt_status count_rows(nnrt_input *input, const nnrt_array *array, const nnrt_column *column,
                              int may_resize, nnrt_column *stored) {
    char have[NNRT_SHAPE_TEXT], want[NNRT_SHAPE_TEXT];
    *stored = *column;
    int is_fit = fits(input, array, stored);
    int is_list = array->rank > column->rank; // or, if that does not fit, the other one
    for (int i = 0; i < 2 && !is_fit && may_resize; i++) {
        *stored = unsized(array, i ? !is_list : is_list, column);
        is_fit = fits(input, array, stored);
    }
    if (input->rows > UINT32_MAX)
        return nnrt_fail(NNRT_ERROR, "`%s` has too many samples: %" PRId64, input->path,
                         input->rows);
    if (is_fit) return NNRT_OK;
    nnrt_shape_text(have, array->rank, array->shape);
    nnrt_shape_text(want, column->rank, column->shape);
    return nnrt_fail(NNRT_ERROR,
                     "`%s` has the shape %s; the model takes samples of shape %s, one or a list",
                     input->path, have, want);
}

// ---- Types.

static nnrt_status narrow(const nnrt_input *input, const nnrt_column *column, const float *from,
                          int64_t count) {
    int is_byte = column->dtype == NNRT_U8;
    double low = is_byte ? 0 : INT32_MIN, high = is_byte ? 255 : INT32_MAX;
    for (int64_t i = 0; i < count; i++) {
        double value = (double)from[i];
        if (!(value >= low && value <= high) || value != floor(value))
            return nnrt_fail(NNRT_ERROR,
                             "`%s` holds %g (element %" PRId64 "), but the model takes %s, as its "
                             "data set holds them: values before `scale`",
                             input->path, value, i,
                             is_byte ? "whole numbers from 0 to 255" : "whole numbers");
        if (is_byte)
            ((uint8_t *)input->values)[i] = (uint8_t)value;
        else
            ((int32_t *)input->values)[i] = (int32_t)value;
    }
    return NNRT_OK;
}

static nnrt_status read_array(nnrt_input *input, const nnrt_array *array,
                              const nnrt_column *column) {
    int64_t count = input->rows * column->size;
    input->values = nnrt_array_allocate(column->dtype, count);
    if (!input->values) return NNRT_ERROR;
    if (column->dtype == NNRT_F32 ||
        (column->dtype == NNRT_U8 && array->element == NNRT_ELEMENT_U8))
        return nnrt_array_read(array, column->dtype, input->values);
    float *wide = nnrt_array_allocate(NNRT_F32, count);
    if (!wide) return NNRT_ERROR;
    nnrt_status status = nnrt_array_read(array, NNRT_F32, wide);
    if (!status) status = narrow(input, column, wide, count);
    free(wide);
    return status;
}

static nnrt_status read_picture(nnrt_input *input, const nnrt_column *column, int may_resize) {
    uint8_t *pixels = nnrt_array_allocate(NNRT_U8, column->size);
    if (!pixels) return NNRT_ERROR;
    input->values = pixels;
    input->rows = input->is_single = 1;
    nnrt_status status =
        nnrt_read_picture(input->path, column->rank, column->shape, may_resize, pixels);
    if (status || column->dtype == NNRT_U8) return status;
    if (column->dtype != NNRT_F32)
        return nnrt_fail(NNRT_ERROR, "`%s` is a picture; the model takes whole numbers",
                         input->path);
    float *values = nnrt_array_allocate(NNRT_F32, column->size);
    for (int64_t i = 0; values && i < column->size; i++) values[i] = pixels[i];
    free(pixels);
    input->values = values;
    return values ? NNRT_OK : NNRT_ERROR;
}

// Replaces the values, which are as `stored` says, by those of the model's size.
static nnrt_status resize(nnrt_input *input, const nnrt_column *stored, const nnrt_column *column) {
    if (stored->size == column->size && stored->shape[0] == column->shape[0]) return NNRT_OK;
    int64_t count;
    if (__builtin_mul_overflow(input->rows, column->size, &count)) count = INT64_MAX;
    char *values = nnrt_array_allocate(column->dtype, count);
    int64_t bytes = nnrt_dtype_size(column->dtype);
    for (int64_t row = 0; values && row < input->rows; row++)
        nnrt_resize_sample(stored, (char *)input->values + row * stored->size * bytes, column,
                           values + row * column->size * bytes);
    free(input->values);
    input->values = values;
    return values ? NNRT_OK : NNRT_ERROR;
}

static int has_extension(const char *path, const char *extension) {
    size_t length = strlen(path), tail = strlen(extension);
    return length > tail && strcmp(path + length - tail, extension) == 0;
}

nnrt_status nnrt_input_read(nnrt_input *input, const nnrt_column *column, int may_resize,
                            const char *path) {
    nnrt_array array;
    nnrt_column stored;
    memset(input, 0, sizeof *input);
    input->path = path;
    nnrt_status status;
    if (nnrt_is_picture(path) || nnrt_picture_by_name(path) != NNRT_NAME_OTHER) {
        status = read_picture(input, column, may_resize);
    } else {
        int is_npy = has_extension(path, ".npy") || has_extension(path, ".npy.gz");
        status = is_npy ? nnrt_npy_open(&array, path) : nnrt_idx_open(&array, path);
        if (!status) status = count_rows(input, &array, column, may_resize, &stored);
        if (!status) status = read_array(input, &array, &stored);
        if (!status) status = resize(input, &stored, column);
    }
    if (!status) return NNRT_OK;
    free(input->values);
    input->values = NULL;
    return status;
}

void nnrt_input_describe(const nnrt_column *column, char text[NNRT_INPUT_TEXT]) {
    char one[NNRT_SHAPE_TEXT], open[NNRT_SHAPE_TEXT] = "", several[NNRT_SHAPE_TEXT];
    nnrt_shape_text(one, column->rank, column->shape);
    int is_picture = column->rank == 2;
    if (is_picture)
        snprintf(open, sizeof open, " (or [%" PRId64 ", %" PRId64 ", 1])", column->shape[0],
                 column->shape[1]);
    snprintf(several, sizeof several, column->rank ? "[n, %s" : "[n]", one + 1);
    snprintf(text, NNRT_INPUT_TEXT, "%s: %s%s, or several samples: %s", column->name, one, open,
             several);
}
