// Mean and deviation of inputs, for `standardize`.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "locality.h"
#include "stage.h"
#include "table/row_view.h"

static double get_value(const void *values, int64_t dtype, int64_t i) {
    return dtype == NNRT_U8 ? ((const uint8_t *)values)[i] : (double)((const float *)values)[i];
}

// A training part's rows, from memory or read one after the other into `buffer`.
static nnrt_status read_row(const nnrt_data *data, int64_t input, int64_t i, void *buffer,
                            const void **values) {
    const nnrt_column *column = &data->info.inputs[input];
    const char *held = data->columns[input];
    uint32_t row = data->train.rows[i];
    *values = buffer;
    if (!held) return nnrt_data_sample(data, input, row, buffer);
    *values = held + row * column->size * nnrt_dtype_size(column->dtype);
    return NNRT_OK;
}

// Adds (x - mean)^power of the training part's rows to sums[size]; mean NULL: 0.
static nnrt_status add_rows(const nnrt_data *data, int64_t input, const double *mean, void *buffer,
                            double *sums) {
    const nnrt_column *column = &data->info.inputs[input];
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < data->train.count && !status; i++) {
        const void *values;
        status = read_row(data, input, i, buffer, &values);
        for (int64_t j = 0; j < column->size && !status; j++) {
            double value = get_value(values, column->dtype, j);
            sums[j] += mean ? (value - mean[j]) * (value - mean[j]) : value;
        }
        nnrt_locality_advance(data, 1, data->train.rows, data->train.count, i);
    }
    return status;
}

static void set_statistics(nnrt_data *data, int64_t input, const uint8_t *is_category,
                           const double *mean, const double *squares) {
    const nnrt_data_info *info = &data->info;
    float *means = data->mean[input], *deviations = data->deviation[input];
    for (int64_t i = 0; i < info->inputs[input].size; i++) {
        double deviation = fabs(info->scale) * sqrt(squares[i] / (double)data->train.count);
        int is_kept = is_category && is_category[i];
        means[i] = is_kept ? 0 : (float)(mean[i] * info->scale + info->offset);
        deviations[i] = is_kept || (float)deviation == 0 ? 1 : (float)deviation;
    }
}

static nnrt_status find_of_samples(nnrt_data *data, int64_t input, const uint8_t *is_category) {
    const nnrt_column *column = &data->info.inputs[input];
    int64_t size = column->size;
    double *sums = calloc((size_t)size * 2, sizeof *sums);
    void *buffer = nnrt_array_allocate(column->dtype, size);
    data->mean[input] = nnrt_array_allocate(NNRT_F32, size);
    data->deviation[input] = nnrt_array_allocate(NNRT_F32, size);
    nnrt_status status = sums && buffer && data->mean[input] && data->deviation[input]
                             ? NNRT_OK
                             : nnrt_fail_memory("standardize", (size_t)size * 2 * sizeof *sums);
    if (!status) status = add_rows(data, input, NULL, buffer, sums);
    for (int64_t i = 0; i < size && !status; i++) sums[i] /= (double)data->train.count;
    if (!status) status = add_rows(data, input, sums, buffer, sums + size);
    if (!status) set_statistics(data, input, is_category, sums, sums + size);
    free(buffer);
    free(sums);
    return status;
}

// ---- Of windows: those of the rows that training windows have, each once, repeated by row.

static nnrt_status list_rows(const nnrt_data *data, const nnrt_row_view *view, nnrt_part *part) {
    uint8_t *is_used = calloc((size_t)view->place_count + 1, 1);
    part->rows = malloc((size_t)(view->place_count + 1) * sizeof *part->rows);
    if (!is_used || !part->rows) {
        free(is_used);
        return nnrt_fail_memory("standardize", (size_t)view->place_count * 5);
    }
    for (int64_t i = 0; i < data->train.count; i++)
        memset(is_used + view->first[data->train.rows[i]], 1, (size_t)view->length);
    for (int64_t i = 0; i < view->place_count; i++)
        if (is_used[i]) part->rows[part->count++] = view->rows ? view->rows[i] : (uint32_t)i;
    free(is_used);
    return NNRT_OK;
}

static float *repeat(float *values, int64_t size, int64_t times) {
    float *result = values ? nnrt_array_allocate(NNRT_F32, size * times) : NULL;
    for (int64_t i = 0; result && i < times; i++)
        memcpy(result + i * size, values, (size_t)size * sizeof *values);
    free(values);
    return result;
}

static nnrt_status find_of_windows(nnrt_data *data, int64_t input, const nnrt_row_view *view) {
    const nnrt_field *base = &view->base->field;
    nnrt_data *rows = calloc(1, sizeof *rows);
    if (!rows) return nnrt_fail_memory("standardize", sizeof *rows);
    *rows = (nnrt_data){.info = data->info};
    rows->info.inputs[input] = base->column;
    rows->columns[input] = base->values;
    rows->is_on_disk = data->is_on_disk;
    nnrt_status status = list_rows(data, view, &rows->train);
    if (!status) status = find_of_samples(rows, input, base->is_category);
    data->mean[input] = repeat(rows->mean[input], base->column.size, view->length);
    data->deviation[input] = repeat(rows->deviation[input], base->column.size, view->length);
    free(rows->train.rows);
    free(rows);
    if (!status && (!data->mean[input] || !data->deviation[input])) status = NNRT_ERROR;
    return status;
}

nnrt_status nnrt_statistics_find(nnrt_data *data, int64_t input, const nnrt_field *field) {
    const nnrt_row_view *view = nnrt_row_view_of(field);
    if (view && view->first && view->base->field.values) return find_of_windows(data, input, view);
    return find_of_samples(data, input, field->is_category);
}
