// `scale` and `standardize`. Columns of tables change here, in the order of the stages; for arrays
// and pictures they are marks: the compiled program computes them, so that predictions take raw
// data.
#include <math.h>

#include "../stage.h"
#include "../table/learnt.h"
#include "../table/windows.h"
#include "columns.h"

// ---- scale

enum { SCALE_FACTOR, SCALE_OFFSET };

static int holds_pictures(const nnrt_table *table) {
    for (int64_t i = 0; i < table->field_count; i++) {
        const nnrt_field *field = &table->fields[i];
        int is_array = field->role == NNRT_FEATURE && field->kind == NNRT_TENSORS;
        if (is_array && field->column.dtype == NNRT_U8) return 1;
    }
    return 0;
}

static int any_is_category(const nnrt_table *table) {
    for (int64_t i = 0; i < table->field_count; i++)
        if (table->fields[i].is_category) return 1;
    return 0;
}

static nnrt_status mark_scale(nnrt_table *table, double scale, double offset) {
    if (table->is_standardized)
        return nnrt_fail(NNRT_ERROR, "`scale` stands after `standardize`: put it before");
    if (any_is_category(table))
        return nnrt_fail(NNRT_ERROR, "`scale` stands after `one_hot`, whose columns stay 0 and 1: "
                                     "use `standardize` instead");
    table->scale *= scale;
    table->offset = table->offset * scale + offset;
    return NNRT_OK;
}

static nnrt_status scale(const nnrt_column_work *work) {
    double factor = nnrt_call_number_at(work->call, SCALE_FACTOR);
    double offset = nnrt_call_number_at(work->call, SCALE_OFFSET), *values = work->field->values;
    int is_beyond = 0;
    for (int64_t row = 0; row < work->table->row_count; row++) {
        values[row] = values[row] * factor + offset;
        is_beyond |= isinf(values[row]);
    }
    return is_beyond ? nnrt_columns_check_finite(work) : NNRT_OK;
}

static nnrt_status apply_scale(nnrt_table *table, const nnrt_call *call) {
    double factor = nnrt_call_number_at(call, SCALE_FACTOR);
    double offset = nnrt_call_number_at(call, SCALE_OFFSET);
    if (!isfinite(factor) || !isfinite(offset))
        return nnrt_fail(NNRT_ERROR, "scale(%g, offset = %g): both must be finite numbers", factor,
                         offset);
    if (!nnrt_columns_are_there(table)) return mark_scale(table, factor, offset);
    if (!holds_pictures(table)) return nnrt_columns_change_inputs(table, call, scale);
    nnrt_status status = mark_scale(table, factor, offset);
    for (int64_t i = 0; i < table->field_count; i++) // tokens stay whole
        table->fields[i].is_final |= table->fields[i].column.dtype == NNRT_I32;
    if (status || !nnrt_columns_hold_numbers(table)) return status;
    return nnrt_columns_change_inputs(table, call, scale);
}

// ---- standardize

enum { STANDARDIZE_COLUMNS, STANDARDIZE_TARGET };

// Mean and deviation of what the training part has, of the whole of it and not estimated for a
// larger one, as Keras's Normalization and scikit-learn's StandardScaler. Distances from a value
// of the column keep their digits where the mean is far larger than they are; those of a column of
// one value are 0.
static int64_t find_moments(const nnrt_column_work *work, double *mean, double *deviation) {
    const nnrt_part *train = &work->table->train;
    const double *values = work->field->values;
    long double sum = 0, squares = 0;
    double first = NAN;
    int64_t count = 0;
    for (int64_t i = 0; i < train->count; i++) {
        double value = values[train->rows[i]];
        if (isnan(value)) continue;
        if (!count++) first = value;
        sum += (long double)value - (long double)first;
    }
    long double middle = (long double)first + sum / (long double)count;
    for (int64_t i = 0; i < train->count; i++) {
        long double distance = (long double)values[train->rows[i]] - middle;
        if (distance == distance) squares += distance * distance;
    }
    *mean = (double)middle;
    *deviation = (double)sqrtl(squares / (long double)count);
    if (*deviation == 0) *deviation = 1;
    return count;
}

static nnrt_status standardize(const nnrt_column_work *work) {
    double mean, deviation, *values = work->field->values;
    const json_t *state = nnrt_learnt_state(work->table, work->field->column.name);
    if (state) {
        int is_whole = nnrt_learnt_read(state, "mean", &mean) &&
                       nnrt_learnt_read(state, "deviation", &deviation) && deviation > 0;
        if (!is_whole) return nnrt_learnt_fail_damaged(work->call->name, work->field->column.name);
    } else if (!find_moments(work, &mean, &deviation)) {
        return nnrt_columns_fail_empty(work);
    }
    for (int64_t row = 0; row < work->table->row_count; row++)
        values[row] = (values[row] - mean) / deviation;
    if (work->field->role == NNRT_TARGET) {
        work->field->target.mean = mean;
        work->field->target.deviation = deviation;
    }
    return nnrt_learnt_put(work->table, work->field->column.name,
                           json_pack("{s:f, s:f}", "mean", mean, "deviation", deviation));
}

static nnrt_status standardize_targets(nnrt_table *table, const nnrt_call *call) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < table->field_count && !status; i++)
        if (table->fields[i].role == NNRT_TARGET)
            status = nnrt_columns_change_field(table, call, &table->fields[i], standardize);
    return status;
}

static nnrt_status mark_standardize(nnrt_table *table, const nnrt_call *call) {
    int64_t named;
    nnrt_call_texts_at(call, STANDARDIZE_COLUMNS, &named);
    if (named)
        return nnrt_fail(NNRT_ERROR, "standardize(..): arrays have no columns that could be named\n"
                                     "write `standardize`: each element of all inputs");
    if (nnrt_call_is_on(call, STANDARDIZE_TARGET))
        return nnrt_fail(NNRT_ERROR, "standardize(target = true): the target is an array\n"
                                     "columns of tables, of `csv` for example, can be targets "
                                     "whose predictions come back in their units");
    table->is_standardized = 1;
    return NNRT_OK;
}

static nnrt_status apply_standardize(nnrt_table *table, const nnrt_call *call) {
    int64_t named = 0;
    int are_pictures = holds_pictures(table) && !nnrt_columns_hold_numbers(table);
    if (!nnrt_columns_are_there(table) || are_pictures) return mark_standardize(table, call);
    nnrt_call_texts_at(call, STANDARDIZE_COLUMNS, &named);
    nnrt_status status = nnrt_windows_add_targets(table);
    if (status) return status;
    if (named || nnrt_columns_hold_numbers(table)) // categories stay
        status = nnrt_columns_change(table, call, STANDARDIZE_COLUMNS, standardize);
    if (status || !nnrt_call_is_on(call, STANDARDIZE_TARGET)) return status;
    return standardize_targets(table, call);
}

// ---- Rows.

static const ArgDef scale_args[] = {
    [SCALE_FACTOR] = {.name = "a",
                      .type = ARG_FLOAT,
                      .keras_name = "scale factor rescale",
                      .doc = "what each value is multiplied with"},
    [SCALE_OFFSET] = {.name = "offset",
                      .type = ARG_FLOAT,
                      .default_text = "0",
                      .doc = "what is added then"},
    {0},
};

static const ArgDef standardize_args[] = {
    [STANDARDIZE_COLUMNS] = NNRT_ALL_OR_NAMED,
    [STANDARDIZE_TARGET] = {.name = "target",
                            .type = ARG_BOOL,
                            .default_text = "false",
                            .by_name = true,
                            .doc = "of a table, too: the loss compares standardized numbers, "
                                   "metrics and predictions are in the column's units"},
    {0},
};

int nnrt_transform_scales(const nnrt_call *transform, double *factor, double *offset) {
    if (nnrt_transform_does(transform) != NNRT_SCALES) return 0;
    *factor = nnrt_call_number_at(transform, SCALE_FACTOR);
    *offset = nnrt_call_number_at(transform, SCALE_OFFSET);
    return 1;
}

const nnrt_transform nnrt_number_transforms[] = {
    {.schema = {"scale", "multiplies and adds", scale_args, "Rescaling rescale"},
     .timing = NNRT_OF_VALUES,
     .touches = NNRT_TOUCHES_NUMBERS,
     .does = NNRT_SCALES,
     .apply = apply_scale},
    {.schema = {"standardize", "subtracts the mean and divides by the deviation", standardize_args,
                "Normalization StandardScaler"},
     .timing = NNRT_FITTED,
     .touches = NNRT_TOUCHES_NUMBERS,
     .does = NNRT_STANDARDIZES,
     .apply = apply_standardize},
    {.schema = {0}}};
