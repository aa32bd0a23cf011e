#include "trainer.h"

#include "../base/numbers/random.h"
#include "../data/locality.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static nnrt_status check_batch(const nnrt_training *training, int64_t batch) {
    if (batch <= training->batch) return NNRT_OK;
    return nnrt_fail(NNRT_USAGE,
                     "`--batch %" PRId64 "` is more than the program was compiled for (%" PRId64
                     "); set `batch = %" PRId64 "` in its `train` block",
                     batch, training->batch, batch);
}

static nnrt_status open_metrics(nnrt_trainer *trainer) {
    const nnrt_training *training = trainer->training;
    return nnrt_output_metrics_open(&trainer->metrics, trainer->session, training,
                                    &training->steps[0].train,
                                    nnrt_team_size(trainer->session->team));
}

static nnrt_status open_loader(nnrt_trainer *trainer) {
    const nnrt_session *session = trainer->session;
    if (!nnrt_loader_is_needed(&session->data, NNRT_FOR_TRAINING)) return NNRT_OK;
    trainer->loader = nnrt_loader_create(&session->data, NNRT_FOR_TRAINING, trainer->batch,
                                         nnrt_team_size(session->team), -1);
    return trainer->loader ? NNRT_OK : NNRT_ERROR;
}

// One turn of the pass for each step.
static nnrt_status open_turns(nnrt_trainer *trainer, double learning_rate) {
    const nnrt_training *training = trainer->training;
    int64_t steps = nnrt_step_count(trainer->session->data.train.count, trainer->batch);
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < training->step_count && !status; i++) {
        const nnrt_train_step *step = &training->steps[i];
        nnrt_turn turn;
        nnrt_schedule_open(&trainer->schedules[i], &step->learning_rate, steps, learning_rate);
        status = nnrt_turn_open(&turn, trainer->session, &step->train, step->report_count);
        if (!status && step->update.run)
            status = nnrt_turn_update(&turn, trainer->session, &step->update, step->accumulate);
        if (status) break;
        turn.schedule = &trainer->schedules[i];
        turn.repeat = step->repeat;
        turn.context.slots = nnrt_session_slots(trainer->session, training, step);
        nnrt_pass_add(&trainer->pass, &turn);
    }
    return status;
}

static nnrt_status allocate_rows(nnrt_trainer *trainer) {
    int64_t samples = trainer->session->data.train.count;
    size_t values = (size_t)nnrt_step_count(samples, trainer->batch) * (size_t)trainer->pass.values;
    trainer->rows = malloc((size_t)samples * sizeof *trainer->rows);
    const nnrt_data *data = &trainer->session->data;
    size_t blocks = (size_t)nnrt_locality_blocks(data, &data->train);
    trainer->blocks = malloc((blocks + 1) * sizeof *trainer->blocks);
    trainer->losses = malloc(values * sizeof(double));
    if (trainer->rows && trainer->blocks && trainer->losses) return NNRT_OK;
    return nnrt_fail_memory("the order of the samples", (size_t)samples * sizeof *trainer->rows);
}

static int64_t useful_threads(const nnrt_training *training) {
    int64_t threads = 1;
    for (int64_t i = 0; i < training->step_count; i++)
        if (training->steps[i].train.threads > threads) threads = training->steps[i].train.threads;
    return threads;
}

nnrt_status nnrt_trainer_open(nnrt_trainer *trainer, nnrt_session *session,
                              const nnrt_training *training, int64_t batch, double learning_rate,
                              int with_metrics) {
    int64_t samples = session->data.train.count;
    memset(trainer, 0, sizeof *trainer);
    trainer->session = session;
    trainer->training = training;
    trainer->batch = batch ? batch : training->batch;
    if (!samples) return nnrt_fail(NNRT_ERROR, "the data set has no training samples");
    if (trainer->batch > samples) trainer->batch = samples; // all of them in one step
    nnrt_status status = check_batch(training, trainer->batch);
    if (!status && with_metrics) status = open_metrics(trainer);
    if (!status) status = open_loader(trainer);
    if (!status) status = nnrt_session_start_slots(session, training);
    if (!status) status = open_turns(trainer, learning_rate);
    if (!status) status = allocate_rows(trainer);
    int workers = nnrt_team_size(session->team);
    if (workers > useful_threads(training)) workers = (int)useful_threads(training);
    nnrt_pace_start(&trainer->pace, workers);
    if (status) nnrt_trainer_close(trainer);
    return status;
}

nnrt_status nnrt_trainer_open_saved(nnrt_trainer *trainer, nnrt_session *session,
                                    const nnrt_training *training, int64_t batch) {
    memset(trainer, 0, sizeof *trainer);
    trainer->session = session;
    trainer->training = training;
    trainer->batch = batch;
    nnrt_status status = check_batch(training, batch);
    if (!status) status = nnrt_session_start_slots(session, training);
    if (!status) status = open_turns(trainer, 0);
    nnrt_pass *pass = &trainer->pass;
    trainer->losses = status ? NULL : calloc((size_t)pass->values, sizeof *trainer->losses);
    if (!status && !trainer->losses) status = nnrt_fail_memory("the losses of a step", 0);
    pass->team = session->team;
    pass->pace = &trainer->pace;
    pass->batch = batch;
    pass->losses = trainer->losses;
    if (status) nnrt_trainer_close(trainer);
    return status;
}

void nnrt_trainer_close(nnrt_trainer *trainer) {
    nnrt_loader_free(trainer->loader);
    nnrt_output_metrics_free(&trainer->metrics);
    free(trainer->rows);
    free(trainer->blocks);
    free(trainer->losses);
    memset(trainer, 0, sizeof *trainer);
}

static void after_step(void *argument, const nnrt_context *context) {
    nnrt_trainer *trainer = argument;
    nnrt_output_metrics_update(&trainer->metrics, &trainer->training->steps[0].train, context);
}

void nnrt_trainer_profile(nnrt_trainer *trainer, nnrt_profile *const *profiles) {
    for (int64_t i = 0; i < trainer->pass.turn_count; i++)
        trainer->pass.turns[i].profile = profiles ? profiles[i] : NULL;
}

void nnrt_trainer_reset(nnrt_trainer *trainer) {
    trainer->pass.step = trainer->pass.first = 0;
    nnrt_output_metrics_reset(&trainer->metrics);
}

void nnrt_trainer_start_epoch(nnrt_trainer *trainer, int64_t epoch, int64_t step_limit) {
    const nnrt_data *data = &trainer->session->data;
    const nnrt_part *part = &data->train;
    nnrt_loader_stop(trainer->loader);
    if (trainer->pass.keeps) {
        nnrt_order_strands(part->rows, part->count, trainer->batch, trainer->rows);
    } else if (trainer->shuffle && trainer->batch < part->count) { // all in one step have no order
        nnrt_random random = nnrt_random_make(trainer->seed, NNRT_RANDOM_SHUFFLE, (uint32_t)epoch);
        nnrt_locality_shuffle(data, part, trainer->batch, &random, trainer->rows, trainer->blocks);
    } else {
        memcpy(trainer->rows, part->rows, (size_t)part->count * sizeof *part->rows);
    }
    nnrt_pass *pass = &trainer->pass;
    pass->team = trainer->session->team;
    pass->pace = &trainer->pace;
    pass->data = data;
    pass->rows = trainer->rows;
    pass->count = part->count;
    pass->batch = trainer->batch;
    pass->losses = trainer->losses;
    pass->seed = trainer->seed;
    pass->epoch = epoch;
    pass->steps_before = trainer->steps_done;
    pass->argument = trainer;
    pass->after = trainer->metrics.has_any ? after_step : NULL;
    if (pass->step == 0) nnrt_pass_forget(pass);
    pass->steps = nnrt_step_count(pass->count, pass->batch);
    if (step_limit && pass->steps > step_limit) pass->steps = step_limit;
    pass->pause = 0;
    pass->first = pass->step;
    nnrt_pass_load(pass, trainer->loader);
}

void nnrt_trainer_end_epoch(nnrt_trainer *trainer) {
    trainer->steps_done += trainer->pass.step;
}

void nnrt_trainer_go_round(nnrt_trainer *trainer) {
    if (trainer->pass.step < trainer->pass.steps) return;
    nnrt_pass_settle(&trainer->pass);
    nnrt_trainer_end_epoch(trainer);
    nnrt_trainer_reset(trainer);
    nnrt_trainer_start_epoch(trainer, trainer->pass.epoch + 1, 0);
}

// ---- Averages.

static void swap_values(float *a, float *b, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        float kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

// An average lies as its parameter does. A step has them of what it changes alone.
void nnrt_trainer_swap_averages(nnrt_trainer *trainer) {
    const nnrt_training *training = trainer->training;
    const nnrt_parameter *parameters = trainer->session->program->parameters;
    if (!trainer->steps_done && !trainer->pass.step) return; // they are none yet
    for (int64_t i = 0; i < training->step_count; i++) {
        const nnrt_train_step *step = &training->steps[i];
        float *slots = nnrt_session_slots(trainer->session, training, step);
        for (int64_t k = 0; k < step->slot_count; k++) {
            const nnrt_slot *slot = &step->slots[k];
            if (!slot->is_average) continue;
            float *weights = trainer->session->weights.values;
            swap_values(weights + parameters[slot->parameter].storage.offset, slots + slot->offset,
                        slot->size);
        }
    }
}

// ---- Losses.

// The first turn of a step whose loss is not finite; -1: none. What is
// reported beside the losses may be anything.
static int64_t bad_turn(const nnrt_pass *pass, int64_t step) {
    const double *values = &pass->losses[step * pass->values];
    for (int64_t t = 0; t < pass->turn_count; t++) {
        if (!isfinite(*values)) return t;
        values += pass->turns[t].values;
    }
    return -1;
}

int64_t nnrt_trainer_not_finite(const nnrt_trainer *trainer, int64_t from, int64_t *turn) {
    for (int64_t step = from; step < trainer->pass.step; step++)
        if ((*turn = bad_turn(&trainer->pass, step)) >= 0) return step;
    return -1;
}

// ---- Its state.

// What its function keeps from batch to batch.
static void add_kept(nnrt_trainer *trainer, nnrt_state *state, int64_t number) {
    const nnrt_turn *turn = &trainer->pass.turns[number];
    size_t outside = nnrt_state_enter(state, "states");
    for (int64_t i = 0; i < turn->function->output_count; i++) {
        const nnrt_output *output = &turn->function->outputs[i];
        char name[32];
        if (!output->is_kept) continue;
        snprintf(name, sizeof name, "%" PRId64, i);
        nnrt_state_numbers(state, name, NNRT_STATE_F32, turn->context.arena + output->offset,
                           (trainer->batch - 1) * output->stride + output->size, 1, NULL);
    }
    nnrt_state_leave(state, outside);
}

static void add_step(nnrt_trainer *trainer, nnrt_state *state, int64_t number) {
    const nnrt_train_step *step = &trainer->training->steps[number];
    const nnrt_program *program = trainer->session->program;
    float *slots = nnrt_session_slots(trainer->session, trainer->training, step);
    size_t outside = nnrt_state_enter(state, "steps/%" PRId64, number);
    nnrt_state_real(state, "learning_rate", &trainer->schedules[number].initial);
    for (int64_t i = 0; i < step->slot_count; i++) {
        const nnrt_slot *slot = &step->slots[i];
        float *place = slots + slot->offset;
        if (slot->parameter >= 0)
            nnrt_state_parameter(state, slot->name, &program->parameters[slot->parameter], place);
        else
            nnrt_state_numbers(state, slot->name, NNRT_STATE_F32, place, slot->size, 1, NULL);
    }
    add_kept(trainer, state, number);
    nnrt_state_leave(state, outside);
}

void nnrt_trainer_model_state(nnrt_trainer *trainer, nnrt_state *state) {
    nnrt_session *session = trainer->session;
    const nnrt_program *program = session->program;
    for (int64_t i = 0; i < program->parameter_count; i++) {
        const nnrt_parameter *parameter = &program->parameters[i];
        nnrt_state_parameter(state, NULL, parameter,
                             session->weights.values + parameter->storage.offset);
    }
    for (int64_t i = 0; i < trainer->training->step_count; i++) add_step(trainer, state, i);
}

void nnrt_trainer_state(nnrt_trainer *trainer, nnrt_state *state) {
    nnrt_pass *pass = &trainer->pass;
    int64_t steps = nnrt_step_count(trainer->session->data.train.count, trainer->batch);
    nnrt_trainer_model_state(trainer, state);
    nnrt_state_integer(state, "batch", &trainer->batch);
    nnrt_state_integer(state, "shuffle", &trainer->shuffle);
    nnrt_state_integer(state, "steps_before", &trainer->steps_done);
    nnrt_state_integer(state, "step", &pass->step);
    nnrt_state_numbers(state, "losses", NNRT_STATE_F64, trainer->losses, steps, pass->values,
                       &pass->step);
    nnrt_output_metrics_state(&trainer->metrics, state);
}

void nnrt_trainer_restored(nnrt_trainer *trainer) {
    trainer->pass.first = trainer->pass.step;
    nnrt_output_metrics_scatter(&trainer->metrics);
}

void nnrt_trainer_gather(nnrt_trainer *trainer) {
    nnrt_pass_settle(&trainer->pass);
    nnrt_output_metrics_gather(&trainer->metrics);
}
