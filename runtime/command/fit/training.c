// One training block after the other.
#include "fit.h"

#include "../../base/clock.h"
#include "../../base/interrupt.h"
#include "../../session/models.h"
#include "../cost/cost.h"

#include <inttypes.h>
#include <stdio.h>

static nnrt_status open_callbacks(nnrt_fit *f, const nnrt_training *training, int64_t first_epoch) {
    f->callbacks = (nnrt_callbacks){.session = f->session,
                                    .training = training,
                                    .trainer = &f->trainer,
                                    .schedules = f->trainer.schedules,
                                    .progress = &f->progress,
                                    .history = &f->history,
                                    .epochs_before = first_epoch};
    return nnrt_callbacks_open(&f->callbacks);
}

nnrt_profile **nnrt_fit_profiles(const nnrt_fit *f, const nnrt_training *training) {
    return f->profiles + (training - f->session->program->trainings) * NNRT_MAX_TURNS;
}

static nnrt_status open_profile(nnrt_fit *f, const nnrt_training *training) {
    nnrt_profile **own = nnrt_fit_profiles(f, training);
    for (int64_t i = 0; i < training->step_count; i++) {
        own[i] =
            nnrt_profile_create(&training->steps[i].train, f->trainer.pace.workers[0], &f->roof);
        if (!own[i]) return NNRT_ERROR;
    }
    nnrt_trainer_profile(&f->trainer, own);
    return NNRT_OK;
}

static nnrt_status open_training(nnrt_fit *f, const nnrt_training *training) {
    nnrt_status status = nnrt_session_use_data(f->session, training);
    if (!status)
        status = nnrt_trainer_open(&f->trainer, f->session, training, f->call.batch,
                                   f->call.learning_rate, 1);
    if (status) return status;
    f->trainer.seed = (uint64_t)f->call.seed;
    f->trainer.shuffle = f->call.shuffle;
    if (f->profiles) status = open_profile(f, training);
    if (!status) status = nnrt_samples_open(&f->pictures, f->session, training);
    if (status) return status;
    const nnrt_data *data = &f->session->data;
    if (!data->validation.count && !data->test.count) return NNRT_OK;
    status = nnrt_evaluator_open(&f->evaluator, f->session, training, 0);
    f->has_evaluator = !status;
    f->evaluator.progress = &f->progress;
    return status;
}

static void close_training(nnrt_fit *f) {
    if (f->has_evaluator) nnrt_evaluator_close(&f->evaluator);
    f->has_evaluator = 0;
    nnrt_fit_stop_keeping(f);
    nnrt_recall_close(&f->recall);
    nnrt_checkup_free(f->checkup);
    f->checkup = NULL;
    f->log_failed |= f->callbacks.has_failed | f->keeping.has_failed;
    nnrt_callbacks_close(&f->callbacks);
    nnrt_trainer_close(&f->trainer);
    nnrt_session_drop_arenas(f->session); // the next block has its own
}

static int enough_steps(const nnrt_fit *f) {
    return f->options->steps && f->steps >= f->options->steps;
}

// What a block trains: a share of its model, or so much in each of its own steps.
static void describe_trained(const nnrt_program *program, const nnrt_training *training, char *text,
                             size_t size) {
    size_t length = 0;
    if (training->loss_count) {
        snprintf(text, size, "%" PRId64 " of %" PRId64 " parameters are trained",
                 training->steps[0].trainable,
                 nnrt_model_parameters(&program->models[training->model]));
        return;
    }
    for (int64_t i = 0; i < training->step_count && length < size; i++)
        length += (size_t)snprintf(text + length, size - length,
                                   "%sstep %.64s trains %" PRId64 " parameters", i ? ", " : "",
                                   training->steps[i].name, training->steps[i].trainable);
}

// Which block this is, where there are several.
static void announce(const nnrt_fit *f, const nnrt_training *training, int64_t epochs) {
    const nnrt_program *program = f->session->program;
    char trained[1024];
    if (f->run->folder[0] && f->training == f->resume.training)
        nnrt_progress_note(&f->progress, "run %s", f->run->folder);
    if (program->training_count < 2) return;
    describe_trained(program, training, trained, sizeof trained);
    nnrt_progress_note(&f->progress, "training %" PRId64 " of %" PRId64 ": %" PRId64 " epochs, %s",
                       (int64_t)(training - program->trainings) + 1, program->training_count,
                       epochs, trained);
}

// Averages take the weights' place, and the best weights are restored, in any case, so that a
// signal does not cost them.
static nnrt_status end_training(nnrt_fit *f, const nnrt_training *training, nnrt_status status) {
    const nnrt_part *test = &f->session->data.test;
    int is_last = training == nnrt_session_training(f->session);
    nnrt_progress_break(&f->progress);
    if (f->checkup && (!status || status == NNRT_INTERRUPTED)) {
        nnrt_status told = nnrt_fit_tell_checkup(f); // of the last weights, not of the best ones
        if (told) status = told;
    }
    if (f->trainer.training) nnrt_trainer_swap_averages(&f->trainer);
    f->best_epoch = nnrt_callbacks_end(&f->callbacks);
    if (!status && is_last && f->has_evaluator && test->count) {
        status = nnrt_evaluator_run(&f->evaluator, test, "", &f->test);
        char text[NNRT_LOG_TEXT];
        nnrt_log_text(&f->test, text, sizeof text);
        if (!status) nnrt_progress_note(&f->progress, "test%s", text);
    }
    close_training(f);
    return status;
}

static nnrt_status run_epochs(nnrt_fit *f, int64_t epochs) {
    nnrt_status status = NNRT_OK;
    while (f->epoch < epochs && !status && !f->was_stopped && !enough_steps(f)) {
        if (nnrt_interrupted()) return NNRT_INTERRUPTED;
        nnrt_fit_keep(f, 0);
        status = nnrt_fit_epoch(f);
        if (status) return status;
        f->epoch++;
        nnrt_trainer_reset(&f->trainer);
    }
    return status;
}

// After the last epoch: what nobody has looked at yet.
static nnrt_status check_weights(nnrt_fit *f) {
    if (nnrt_recall_is_finite(f->session)) return NNRT_OK;
    f->trainer.pass.step = f->trainer.pass.steps;
    return nnrt_fit_not_finite(f, -1, 0);
}

// --verbose: what the block takes, for who sees notes. Its time is not the training's.
static nnrt_status forecast(nnrt_fit *f, const nnrt_training *training, nnrt_forecast *out) {
    if (!f->options->verbose || !f->progress.has_notes) return NNRT_OK;
    nnrt_status status = nnrt_session_use_data(f->session, training);
    double begun = nnrt_seconds();
    if (!status) status = nnrt_forecast_apart(out, f->session, training, f->call.batch);
    f->begun += nnrt_seconds() - begun;
    return status;
}

static void note_line(void *owner, const char *line) {
    nnrt_progress_note(owner, "%s", line);
}

static void tell_cost(nnrt_fit *f, int64_t epochs, const nnrt_forecast *forecast) {
    nnrt_cost cost = nnrt_cost_of(f->session, f->trainer.training, f->trainer.batch, epochs);
    cost.forecast = *forecast;
    nnrt_cost_tell(&cost, note_line, &f->progress);
}

// `first_epoch`: of those before this block, so that epochs have numbers of their own.
static nnrt_status run_training(nnrt_fit *f, const nnrt_training *training, int64_t first_epoch) {
    int64_t epochs = f->call.epochs ? f->call.epochs : training->epochs;
    int is_last = training == nnrt_session_training(f->session);
    nnrt_forecast measured = {0};
    nnrt_progress_open(&f->progress, f->options, first_epoch + epochs);
    nnrt_status status = forecast(f, training, &measured);
    if (!status) status = open_training(f, training);
    if (!status) status = open_callbacks(f, training, first_epoch);
    f->was_stopped = 0;
    if (!status) status = nnrt_fit_start_keeping(f);
    if (!status) status = nnrt_recall_open(&f->recall, &f->trainer, f->options->doctor != 0);
    if (!status && f->options->doctor) status = nnrt_fit_open_checkup(f);
    if (status) return end_training(f, training, status);
    announce(f, training, epochs);
    if (f->options->verbose) tell_cost(f, epochs, &measured);
    nnrt_interrupt_wait();
    status = run_epochs(f, epochs);
    if (!status) status = check_weights(f);
    int is_end = !status && (is_last || enough_steps(f));
    if (is_end || status == NNRT_INTERRUPTED) nnrt_fit_keep(f, 1);
    return end_training(f, training, status);
}

nnrt_status nnrt_fit_trainings(nnrt_fit *f) {
    const nnrt_program *program = f->session->program;
    nnrt_status status = NNRT_OK;
    f->begun = nnrt_seconds();
    f->epoch = f->resume.epoch;
    for (f->training = f->resume.training; f->training < program->training_count && !status;
         f->training++) {
        int64_t done = f->resume.is_open ? f->resume.epochs : f->epochs;
        status = run_training(f, &program->trainings[f->training], done - f->epoch);
        f->epoch = 0;
    }
    f->seconds = nnrt_seconds() - f->begun;
    return status;
}
