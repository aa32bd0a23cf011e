#include "synthetic.h"

#include "../base/random.h"
#include "../formats/array.h"

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

// How many classes the target may name without leaving the model's outputs.
static uint32_t target_limit(const nnrt_training *training, const nnrt_column *target) {
    const nnrt_function *function = &training->steps[0].evaluate;
    const nnrt_output *output = function->outputs;
    if (!function->output_count || target->size == output->size)
        return target->dtype == NNRT_F32 ? 0 : 2;
    return output->rank ? (uint32_t)output->shape[output->rank - 1] : 2;
}

static int64_t choose_rows(const nnrt_column *input, int64_t batch) {
    int64_t rows = ROWS > batch ? ROWS : batch;
    if (input->size > 0 && rows > MAX_VALUES / input->size) rows = MAX_VALUES / input->size;
    return rows < batch ? batch : rows;
}

nnrt_status nnrt_synthetic_fill(nnrt_session *session, const nnrt_training *training) {
    const nnrt_function *function = &training->steps[0].train;
    const nnrt_column *input = function->columns, *target = nnrt_training_target(training);
    nnrt_data *data = &session->data;
    nnrt_random random = nnrt_random_make(0, NNRT_RANDOM_BENCH, 0);
    if (function->input_count != 1 || function->column_count > 2)
        return nnrt_fail(NNRT_ERROR, "`bench` needs a model with one input and one target");
    nnrt_augment augment = data->info.augment;
    memset(data, 0, sizeof *data);
    data->info =
        (nnrt_data_info){.input_count = 1, .target_count = target ? 1 : 0, .augment = augment};
    data->info.inputs[0] = *input;
    data->info.inputs[0].name = input->source;
    if (target) {
        data->info.targets[0].column = *target;
        data->info.targets[0].column.name = target->source;
    }
    int64_t rows = choose_rows(input, training->batch);
    data->columns[0] = make_column(input, rows, input->dtype == NNRT_F32 ? 0 : 256, &random);
    if (target)
        data->columns[1] = make_column(target, rows, target_limit(training, target), &random);
    data->train.rows = malloc((size_t)rows * sizeof *data->train.rows);
    if (!data->columns[0] || (target && !data->columns[1]) || !data->train.rows)
        return nnrt_fail_memory("made-up data", (size_t)rows * sizeof *data->train.rows);
    for (int64_t i = 0; i < rows; i++) data->train.rows[i] = (uint32_t)i;
    data->row_count = data->train.count = rows;
    return NNRT_OK;
}

void nnrt_synthetic_free(nnrt_session *session) {
    for (int i = 0; i < NNRT_MAX_COLUMNS; i++) free(session->data.columns[i]);
    free(session->data.train.rows);
    memset(&session->data, 0, sizeof session->data);
}
