#include "trainer.h"

#include "../base/random.h"

#include <inttypes.h>
#include <math.h>
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
    if (!training->metric_count) return NNRT_OK;
    if (!training->train.output_count)
        return nnrt_fail(NNRT_BUG, "the training step has no outputs for its metrics");
    trainer->metrics = nnrt_metrics_create(
        training->metrics, training->metric_count, training->train.outputs,
        nnrt_session_target(trainer->session), nnrt_team_size(trainer->session->team));
    return trainer->metrics ? NNRT_OK : nnrt_failure();
}

static nnrt_status open_loader(nnrt_trainer *trainer) {
    const nnrt_session *session = trainer->session;
    if (!nnrt_loader_is_needed(&session->data, NNRT_FOR_TRAINING)) return NNRT_OK;
    trainer->loader = nnrt_loader_create(&session->data, NNRT_FOR_TRAINING, trainer->batch,
                                         nnrt_team_size(session->team), -1);
    return trainer->loader ? NNRT_OK : NNRT_ERROR;
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
    if (!status)
        status = nnrt_schedule_open(&trainer->schedule, &training->learning_rate,
                                    nnrt_step_count(samples, trainer->batch), learning_rate);
    if (!status && with_metrics) status = open_metrics(trainer);
    if (!status) status = open_loader(trainer);
    if (!status) status = nnrt_session_start_slots(session, training);
    if (!status) {
        trainer->rows = malloc((size_t)samples * sizeof *trainer->rows);
        trainer->losses = malloc((size_t)nnrt_step_count(samples, trainer->batch) * sizeof(double));
        if (!trainer->rows || !trainer->losses)
            status = nnrt_fail_memory("the order of the samples",
                                      (size_t)samples * sizeof *trainer->rows);
    }
    if (!status) {
        trainer->context = nnrt_session_context(session, &training->train);
        if (!trainer->context.arena) status = NNRT_ERROR;
    }
    int workers = nnrt_team_size(session->team);
    if (workers > training->train.threads) workers = (int)training->train.threads;
    nnrt_pace_start(&trainer->pace, workers < 1 ? 1 : workers);
    if (status) nnrt_trainer_close(trainer);
    return status;
}

void nnrt_trainer_close(nnrt_trainer *trainer) {
    nnrt_loader_free(trainer->loader);
    nnrt_metrics_free(trainer->metrics);
    free(trainer->rows);
    free(trainer->losses);
    memset(trainer, 0, sizeof *trainer);
}

static void after_step(void *argument, const nnrt_context *context) {
    nnrt_trainer *trainer = argument;
    const nnrt_output *output = trainer->training->train.outputs;
    nnrt_view view = nnrt_view_make(output, nnrt_session_target(trainer->session));
    nnrt_view_batch(&view, &trainer->training->train, context,
                    trainer->session->program->input_count);
    nnrt_metrics_update(trainer->metrics, (int)context->thread, &view);
}

void nnrt_trainer_profile(nnrt_trainer *trainer, nnrt_profile *profile) {
    trainer->profile = trainer->pass.profile = profile;
}

void nnrt_trainer_start_epoch(nnrt_trainer *trainer, int64_t epoch, int64_t step_limit) {
    const nnrt_part *part = &trainer->session->data.train;
    nnrt_loader_stop(trainer->loader);
    memcpy(trainer->rows, part->rows, (size_t)part->count * sizeof *part->rows);
    if (trainer->shuffle) {
        nnrt_random random = nnrt_random_make(trainer->seed, NNRT_RANDOM_SHUFFLE, (uint32_t)epoch);
        nnrt_random_shuffle(&random, trainer->rows, part->count);
    }
    nnrt_metrics_reset(trainer->metrics);
    nnrt_pass *pass = &trainer->pass;
    *pass = (nnrt_pass){.function = &trainer->training->train,
                        .team = trainer->session->team,
                        .pace = &trainer->pace,
                        .context = trainer->context,
                        .rows = trainer->rows,
                        .count = part->count,
                        .batch = trainer->batch,
                        .losses = trainer->losses,
                        .schedule = &trainer->schedule,
                        .seed = trainer->seed,
                        .epoch = epoch,
                        .steps_before = trainer->steps_done,
                        .profile = trainer->profile,
                        .argument = trainer};
    pass->after = trainer->metrics ? after_step : NULL;
    pass->steps = nnrt_step_count(pass->count, pass->batch);
    if (step_limit && pass->steps > step_limit) pass->steps = step_limit;
    nnrt_pass_load(pass, trainer->loader);
}

void nnrt_trainer_end_epoch(nnrt_trainer *trainer) {
    trainer->steps_done += trainer->pass.step;
}

int64_t nnrt_trainer_not_finite(const nnrt_trainer *trainer, int64_t from) {
    for (int64_t step = from; step < trainer->pass.step; step++)
        if (!isfinite(trainer->losses[step])) return step;
    return -1;
}
