#include "synthetic.h"

#include "../base/numbers/random.h"
#include "../formats/array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 16384, MAX_VALUES = 1 << 26 };

// Whole numbers below `limit`, or [0, 1) for float columns that hold no class.
static void *make_column(const nnrt_column *column, int64_t rows, uint32_t limit,
                         nnrt_random *random) {
    int64_t count = rows * column->size;
    void *values = nnrt_array_allocate(column->dtype, count);
    for (int64_t i = 0; values && i < count; i++) {
        uint32_t number = limit ? nnrt_random_below(random, limit) : 0;
        if (column->dtype == NNRT_U8)
            ((uint8_t *)values)[i] = (uint8_t)number;
        else if (column->dtype == NNRT_I32)
            ((int32_t *)values)[i] = (int32_t)number;
        else
            ((float *)values)[i] = limit ? (float)number : (float)nnrt_random_uniform(random);
    }
    return values;
}

// How many classes a target may name without leaving the model's outputs.
static uint32_t target_limit(const nnrt_function *function, int64_t number,
                             const nnrt_column *target) {
    if (!function->output_count) return target->dtype == NNRT_F32 ? 0 : 2;
    const nnrt_output *output =
        &function->outputs[number < function->output_count ? number : function->output_count - 1];
    if (target->size == output->size) return target->dtype == NNRT_F32 ? 0 : 2;
    return output->rank ? (uint32_t)output->shape[output->rank - 1] : 2;
}

static int64_t choose_rows(const nnrt_training *training) {
    int64_t rows = ROWS > training->batch ? ROWS : training->batch;
    for (int64_t i = 0; i < training->step_count; i++) {
        const nnrt_function *function = &training->steps[i].train;
        int64_t size = 0;
        for (int64_t k = 0; k < function->input_count; k++) size += function->columns[k].size;
        if (size > 0 && rows > MAX_VALUES / size) rows = MAX_VALUES / size;
    }
    return rows < training->batch ? training->batch : rows;
}

// The column becomes the data set's next input or target, unless it is there.
static nnrt_status add_column(nnrt_data *data, nnrt_column column, int is_target, uint32_t limit,
                              nnrt_random *random) {
    nnrt_data_info *info = &data->info;
    if (!column.source || nnrt_data_find_column(info, column.source) >= 0) return NNRT_OK;
    column.name = column.source;
    if (is_target)
        info->targets[info->target_count++].column = column;
    else
        info->inputs[info->input_count++] = column;
    void *values = make_column(&column, data->row_count, limit, random);
    data->columns[nnrt_data_column_count(info) - 1] = values;
    return values ? NNRT_OK : NNRT_ERROR;
}

// What the steps read of the data set becomes its columns: the inputs of all, then the targets.
static nnrt_status fill_columns(nnrt_data *data, const nnrt_training *training) {
    nnrt_random random = nnrt_random_make(0, NNRT_RANDOM_BENCH, 0);
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < training->step_count; i++) {
        const nnrt_function *function = &training->steps[i].train;
        for (int64_t k = 0; k < function->input_count && !status; k++) {
            const nnrt_column *column = &function->columns[k];
            uint32_t limit = column->limit               ? (uint32_t)column->limit
                             : column->dtype == NNRT_F32 ? 0
                                                         : 256;
            status = add_column(data, *column, 0, limit, &random);
        }
    }
    for (int64_t i = 0; i < training->step_count; i++) {
        const nnrt_function *function = &training->steps[i].train;
        for (int64_t k = function->input_count; k < function->column_count && !status; k++) {
            uint32_t limit = target_limit(&training->steps[i].evaluate, k - function->input_count,
                                          &function->columns[k]);
            status = add_column(data, function->columns[k], 1, limit, &random);
        }
    }
    return status;
}

nnrt_status nnrt_synthetic_fill(nnrt_session *session, const nnrt_training *training) {
    nnrt_data *data = &session->data;
    nnrt_augment augment = data->info.augment;
    int64_t rows = choose_rows(training);
    memset(data, 0, sizeof *data);
    data->info.augment = augment;
    data->row_count = data->train.count = rows;
    data->train.rows = malloc((size_t)rows * sizeof *data->train.rows);
    if (!data->train.rows || fill_columns(data, training))
        return nnrt_fail_memory("made-up data", (size_t)rows * sizeof *data->train.rows);
    for (int64_t i = 0; i < rows; i++) data->train.rows[i] = (uint32_t)i;
    return NNRT_OK;
}

nnrt_status nnrt_synthetic_stand_in(nnrt_session *session, const nnrt_training *training,
                                    int *is_made_up) {
    nnrt_status status = nnrt_session_use_data(session, training);
    if (status != NNRT_DATA_MISSING) return status;
    fprintf(stderr, "note: %.*s; measuring with made-up data of the same shape\n",
            (int)strcspn(nnrt_error(), "\n"), nnrt_error());
    *is_made_up = 1;
    return nnrt_synthetic_fill(session, training);
}

void nnrt_synthetic_free(nnrt_session *session) {
    for (int i = 0; i < NNRT_MAX_COLUMNS; i++) free(session->data.columns[i]);
    free(session->data.train.rows);
    memset(&session->data, 0, sizeof session->data);
}
