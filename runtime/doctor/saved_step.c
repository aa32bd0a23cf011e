#include "saved_step.h"

#include "../state/checkpoint.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const int64_t most = INT64_C(1) << 53; // of what is counted

void nnrt_saved_step_free(nnrt_saved_step *saved) {
    free(saved->numbers);
    nnrt_batch_copy_free(&saved->columns);
    *saved = (nnrt_saved_step){0};
}

nnrt_status nnrt_saved_step_note(nnrt_saved_step *saved, const nnrt_trainer *trainer,
                                 int64_t training) {
    const nnrt_pass *pass = &trainer->pass;
    int64_t first = pass->step * pass->batch, left = pass->count - first;
    *saved = (nnrt_saved_step){.training = training,
                               .epoch = pass->epoch,
                               .step = pass->step,
                               .steps = nnrt_step_count(pass->count, pass->batch),
                               .steps_before = pass->steps_before,
                               .seed = (int64_t)pass->seed,
                               .batch = pass->batch,
                               .count = left < pass->batch ? left : pass->batch};
    for (int64_t i = 0; i < pass->turn_count; i++)
        saved->rates[i] =
            nnrt_schedule_rate(pass->turns[i].schedule, pass->steps_before + pass->step);
    saved->numbers = malloc((size_t)saved->count * sizeof *saved->numbers);
    if (!saved->numbers) return nnrt_fail_memory("a copy of a batch", 0);
    for (int64_t i = 0; i < saved->count; i++) saved->numbers[i] = pass->rows[first + i];
    return NNRT_OK;
}

// ---- As a list.

static void list_numbers(nnrt_saved_step *saved, nnrt_state *state) {
    nnrt_state_integer(state, "training", &saved->training);
    nnrt_state_integer(state, "epoch", &saved->epoch);
    nnrt_state_integer(state, "step", &saved->step);
    nnrt_state_integer(state, "steps", &saved->steps);
    nnrt_state_integer(state, "steps_before", &saved->steps_before);
    nnrt_state_integer(state, "seed", &saved->seed);
    nnrt_state_integer(state, "batch", &saved->batch);
    nnrt_state_integer(state, "samples", &saved->count);
}

static void list_batch(nnrt_saved_step *saved, nnrt_state *state, int64_t turns) {
    nnrt_batch_copy *copy = &saved->columns;
    nnrt_state_numbers(state, "learning_rates", NNRT_STATE_F64, saved->rates, turns, 1, NULL);
    nnrt_state_numbers(state, "rows", NNRT_STATE_I64, saved->numbers, saved->count, 1, NULL);
    size_t outside = nnrt_state_enter(state, "columns");
    for (int64_t i = 0; i < copy->column_count; i++)
        nnrt_state_numbers(state, copy->columns[i].name, NNRT_STATE_U8, copy->columns[i].values,
                           saved->count, copy->columns[i].bytes, NULL);
    nnrt_state_leave(state, outside);
}

static nnrt_status list(nnrt_saved_step *saved, nnrt_trainer *trainer, nnrt_state *state) {
    nnrt_trainer_model_state(trainer, state);
    size_t outside = nnrt_state_enter(state, "replay");
    list_numbers(saved, state);
    list_batch(saved, state, trainer->pass.turn_count);
    nnrt_state_leave(state, outside);
    return nnrt_state_check(state);
}

nnrt_status nnrt_saved_step_write(nnrt_saved_step *saved, const char *path, nnrt_trainer *trainer,
                                  const nnrt_weights_info *info) {
    nnrt_state state = {0};
    nnrt_snapshot snapshot = {0};
    nnrt_status status = list(saved, trainer, &state);
    if (!status) status = nnrt_snapshot_open(&snapshot, &state);
    if (!status) nnrt_snapshot_take(&snapshot);
    if (!status)
        status = nnrt_checkpoint_write(path, trainer->session->program, info, &snapshot, 0);
    nnrt_snapshot_close(&snapshot);
    nnrt_state_clear(&state);
    return status;
}

// ---- Reading.

static int is_saved_step(const nnrt_safetensors *file) {
    return nnrt_safetensors_find(file, NNRT_STATE_PREFIX "replay/step") != NULL;
}

// Its weights are often near the end of what float32 can hold, as may be those of the last
// checkpoint.
nnrt_status nnrt_saved_step_refuse(const nnrt_safetensors *file, const char *called) {
    if (!is_saved_step(file)) return NNRT_OK;
    return nnrt_fail(
        NNRT_USAGE,
        "`%s` is no checkpoint: it keeps the step in which a training became not finite, and `%s "
        "replay %s` shows that again; to go on, `--checkpoint FILE --resume` takes a checkpoint of "
        "that training, better that of its best epoch (`..-best.safetensors`) than its last one, "
        "with a smaller `--learning-rate X`, or with `--changed` where the program was mended",
        file->path, called, file->path);
}

static nnrt_status read_numbers(nnrt_saved_step *saved, const nnrt_safetensors *file,
                                const nnrt_program *program) {
    if (!is_saved_step(file))
        return nnrt_fail(NNRT_USAGE,
                         "`%s` is no saved step but a checkpoint; `fit --checkpoint %s --resume` "
                         "goes on from it",
                         file->path, file->path);
    nnrt_status status = nnrt_checkpoint_integer(file, "replay/training", 0,
                                                 program->training_count - 1, &saved->training);
    if (!status)
        status = nnrt_checkpoint_integer(file, "replay/epoch", 0, UINT32_MAX, &saved->epoch);
    if (!status) status = nnrt_checkpoint_integer(file, "replay/steps", 1, most, &saved->steps);
    if (!status)
        status = nnrt_checkpoint_integer(file, "replay/step", 0, saved->steps - 1, &saved->step);
    if (!status)
        status =
            nnrt_checkpoint_integer(file, "replay/steps_before", 0, most, &saved->steps_before);
    if (!status)
        status = nnrt_checkpoint_integer(file, "replay/seed", INT64_MIN, INT64_MAX, &saved->seed);
    if (!status)
        status = nnrt_checkpoint_integer(file, "replay/batch", 1, UINT32_MAX, &saved->batch);
    if (!status)
        status = nnrt_checkpoint_integer(file, "replay/samples", 1, saved->batch, &saved->count);
    return status;
}

static int has_column(const nnrt_batch_copy *copy, const char *name) {
    for (int64_t i = 0; i < copy->column_count; i++)
        if (strcmp(copy->columns[i].name, name) == 0) return 1;
    return 0;
}

static nnrt_status make_columns(nnrt_saved_step *saved, const nnrt_function *function) {
    nnrt_batch_copy *copy = &saved->columns;
    for (int64_t i = 0; i < function->column_count; i++) {
        const nnrt_column *column = &function->columns[i];
        if (!column->source || has_column(copy, column->source)) continue;
        int64_t bytes = column->size * (column->dtype == NNRT_U8 ? 1 : 4);
        // Vectors of a column are read behind its end.
        unsigned char *values = calloc((size_t)saved->count + 1, (size_t)bytes + 64);
        if (!values) return nnrt_fail_memory("a batch", (size_t)(saved->count * bytes));
        copy->columns[copy->column_count].name = column->source;
        copy->columns[copy->column_count].bytes = bytes;
        copy->columns[copy->column_count++].values = values;
    }
    return NNRT_OK;
}

static nnrt_status read_batch(nnrt_saved_step *saved, const nnrt_safetensors *file,
                              nnrt_trainer *trainer) {
    nnrt_state state = {0};
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < trainer->pass.turn_count && !status; i++)
        status = make_columns(saved, trainer->pass.turns[i].function);
    saved->numbers = calloc((size_t)saved->count, sizeof *saved->numbers);
    if (!status && !saved->numbers) status = nnrt_fail_memory("a batch", 0);
    if (!status) status = list(saved, trainer, &state);
    if (!status) status = nnrt_checkpoint_compare(file, &state);
    if (!status) status = nnrt_checkpoint_restore(file, &state);
    nnrt_state_clear(&state);
    return status;
}

// Numbers of rows are read where they lead, so those of the file are looked at before.
static nnrt_status check_rows(const nnrt_saved_step *saved, const nnrt_column *column,
                              const void *values) {
    for (int64_t i = 0; i < saved->count * column->size && column->limit; i++) {
        double number = column->dtype == NNRT_U8    ? ((const uint8_t *)values)[i]
                        : column->dtype == NNRT_I32 ? ((const int32_t *)values)[i]
                                                    : (double)((const float *)values)[i];
        if (!(number >= 0 && number < (double)column->limit))
            return nnrt_fail(
                NNRT_ERROR,
                "the saved step does not fit this program: its column `%.100s` has %g, "
                "which is not below %" PRId64,
                column->source, number, column->limit);
    }
    return NNRT_OK;
}

static const void *values_of(const nnrt_saved_step *saved, const char *source) {
    for (int64_t i = 0; source && i < saved->columns.column_count; i++)
        if (strcmp(saved->columns.columns[i].name, source) == 0)
            return saved->columns.columns[i].values;
    return NULL;
}

// The pass has the one step, whose random numbers and counts are those that it had.
static nnrt_status make_pass(const nnrt_saved_step *saved, nnrt_trainer *trainer) {
    nnrt_pass *pass = &trainer->pass;
    nnrt_status status = NNRT_OK;
    trainer->rows = malloc((size_t)saved->count * sizeof *trainer->rows);
    if (!trainer->rows) return nnrt_fail_memory("a batch", 0);
    for (int64_t i = 0; i < saved->count; i++) trainer->rows[i] = (uint32_t)i;
    pass->rows = trainer->rows;
    pass->count = saved->count;
    pass->seed = (uint64_t)saved->seed;
    pass->epoch = saved->epoch;
    pass->steps_before = saved->steps_before;
    pass->skipped = saved->step;
    pass->steps = 1;
    for (int64_t i = 0; i < pass->turn_count; i++) {
        nnrt_turn *turn = &pass->turns[i];
        turn->schedule = NULL;
        turn->context.learning_rate = saved->rates[i];
        for (int64_t k = 0; k < turn->function->column_count && !status; k++) {
            const nnrt_column *column = &turn->function->columns[k];
            turn->context.columns[k] = values_of(saved, column->source);
            if (turn->context.columns[k])
                status = check_rows(saved, column, turn->context.columns[k]);
        }
    }
    return status;
}

static nnrt_status check_batch(const nnrt_saved_step *saved, const char *path,
                               const nnrt_training *training) {
    if (saved->batch <= training->batch) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "the step in `%s` is of batches of %" PRId64
                     ", but this program's have %" PRId64
                     " at most: it is another program's step, or `batch` was changed",
                     path, saved->batch, training->batch);
}

nnrt_status nnrt_saved_step_read(nnrt_saved_step *saved, const char *path, nnrt_session *session,
                                 nnrt_trainer *trainer) {
    nnrt_safetensors file;
    *saved = (nnrt_saved_step){0};
    memset(trainer, 0, sizeof *trainer);
    nnrt_status status = nnrt_checkpoint_open(&file, path);
    if (status) return status;
    status = read_numbers(saved, &file, session->program);
    const nnrt_training *training =
        session->program->trainings + (status ? 0 : saved->training); // else of no use
    if (!status) status = check_batch(saved, path, training);
    if (!status) status = nnrt_trainer_open_saved(trainer, session, training, saved->batch);
    if (!status) status = read_batch(saved, &file, trainer);
    if (!status) status = make_pass(saved, trainer);
    nnrt_safetensors_close(&file);
    if (!status) return NNRT_OK;
    nnrt_trainer_close(trainer);
    nnrt_saved_step_free(saved);
    return status;
}
