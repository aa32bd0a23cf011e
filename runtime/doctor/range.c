#include "range.h"

#include "../base/numbers/finite.h"

#include <math.h>
#include <string.h>

static void add(nnrt_range *range, double number) {
    range->count++;
    if (!isfinite(number)) {
        range->bad++;
        range->nans += isnan(number) != 0;
        return;
    }
    int is_first = range->count - range->bad == 1;
    if (is_first || number < range->low) range->low = number;
    if (is_first || number > range->high) range->high = number;
    range->sum += number;
    range->squares += number * number;
    range->zeros += number == 0;
}

static double column_number(const void *column, int64_t dtype, int64_t element) {
    switch (dtype) {
    case NNRT_U8: return ((const uint8_t *)column)[element];
    case NNRT_I32: return ((const int32_t *)column)[element];
    default: return (double)((const float *)column)[element];
    }
}

static void add_column_row(nnrt_range *range, const nnrt_sight *sight, const nnrt_value *value,
                           int64_t row) {
    const nnrt_column *column = &sight->function->columns[value->offset];
    const void *values = sight->context->columns[value->offset];
    int64_t first = (int64_t)sight->context->index[row] * column->size;
    for (int64_t i = 0; values && i < column->size; i++)
        add(range, column_number(values, column->dtype, first + i));
}

// Row after row of the matrix that it is stored as.
static void add_parameter(nnrt_range *range, const nnrt_parameter *parameter, const float *base) {
    const nnrt_storage *at = &parameter->storage;
    int64_t count = 1, columns = parameter->columns ? parameter->columns : 1;
    for (int64_t i = 0; i < parameter->rank; i++) count *= parameter->shape[i];
    for (int64_t i = 0; i < count; i++) {
        int64_t row = i / columns, column = i % columns;
        add(range, (double)base[column / at->panel * at->panel_stride + row * at->row_stride +
                                column % at->panel * at->column_stride]);
    }
}

nnrt_range nnrt_range_of_parameter(const nnrt_parameter *parameter, const float *base) {
    nnrt_range range = {.rows = 1};
    add_parameter(&range, parameter, base);
    range.bad_rows = range.bad > 0;
    return range;
}

const float *nnrt_value_row(const nnrt_context *context, const nnrt_value *value, int64_t row) {
    const float *base = value->place == NNRT_IN_WEIGHTS ? context->weights
                        : value->place == NNRT_IN_SLOTS ? context->slots
                                                        : context->arena;
    return base + value->offset + row * value->stride;
}

int64_t nnrt_value_rows(const nnrt_context *context, const nnrt_value *value) {
    return value->rows ? value->rows : context->rows;
}

static void add_row(nnrt_range *range, const nnrt_sight *sight, const nnrt_value *value,
                    int64_t row) {
    int64_t before = range->bad;
    range->rows++;
    if (value->place == NNRT_IN_COLUMN) {
        add_column_row(range, sight, value, row);
    } else if (value->parameter >= 0) {
        add_parameter(range, &sight->program->parameters[value->parameter],
                      nnrt_value_row(sight->context, value, row));
    } else {
        const float *values = nnrt_value_row(sight->context, value, row);
        for (int64_t i = 0; i < value->size; i++) add(range, (double)values[i]);
    }
    range->bad_rows += range->bad > before;
}

nnrt_range nnrt_range_of(const nnrt_sight *sight, const nnrt_value *value) {
    nnrt_range range = {0};
    for (int64_t row = 0; row < nnrt_value_rows(sight->context, value); row++)
        add_row(&range, sight, value, row);
    return range;
}

nnrt_range nnrt_range_of_row(const nnrt_sight *sight, const nnrt_value *value, int64_t row) {
    nnrt_range range = {0};
    add_row(&range, sight, value, row);
    return range;
}

// Padding may be anything: it is asked about when the fast look says no.
int nnrt_value_is_finite(const nnrt_sight *sight, const nnrt_value *value) {
    int64_t rows = nnrt_value_rows(sight->context, value), row = 0;
    if (value->place == NNRT_IN_COLUMN) return !nnrt_range_of(sight, value).bad;
    while (row < rows && nnrt_are_finite(nnrt_value_row(sight->context, value, row), value->size))
        row++;
    return row == rows || (value->parameter >= 0 && !nnrt_range_of(sight, value).bad);
}

int nnrt_weights_are_finite(const nnrt_program *program, const float *weights) {
    if (nnrt_are_finite(weights, program->weights_size)) return 1;
    for (int64_t i = 0; i < program->parameter_count; i++) {
        const nnrt_parameter *parameter = &program->parameters[i];
        if (nnrt_range_of_parameter(parameter, weights + parameter->storage.offset).bad) return 0;
    }
    return 1;
}

int nnrt_slots_are_finite(const nnrt_program *program, const nnrt_train_step *step,
                          const float *slots) {
    for (int64_t i = 0; i < step->slot_count; i++) {
        const nnrt_slot *slot = &step->slots[i];
        const float *values = slots + slot->offset;
        if (nnrt_are_finite(values, slot->size)) continue;
        if (slot->parameter < 0) return 0;
        if (nnrt_range_of_parameter(&program->parameters[slot->parameter], values).bad) return 0;
    }
    return 1;
}
