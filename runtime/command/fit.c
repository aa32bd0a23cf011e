// `fit` (and `init`): the training blocks in order, epoch by epoch, with validation, reports, and
// the weights saved at the end or when a signal asks to stop.
#include "../base/clock.h"
#include "../base/interrupt.h"
#include "../base/text/print.h"
#include "../files/file.h"
#include "../formats/carried.h"
#include "../report/history.h"
#include "../report/outputs.h"
#include "../report/profile_report.h"
#include "../report/progress.h"
#include "../report/sample_files.h"
#include "../report/samples.h"
#include "../train/callbacks.h"
#include "../train/trainer.h"
#include "command.h"
#include "evaluate.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const double chunk_seconds = 0.025;

typedef struct fit {
    nnrt_session *session;
    const nnrt_options *options;
    const char *save_path;
    nnrt_trainer trainer;
    nnrt_evaluator evaluator;
    int has_evaluator;
    nnrt_progress progress;
    nnrt_callbacks callbacks;
    nnrt_history history;
    nnrt_samples pictures;   // of `samples = ...`
    nnrt_file *step_log;     // NULL: none
    nnrt_profile **profiles; // [training block][NNRT_MAX_TURNS], with --profile; NULL: none
    nnrt_roof roof;
    int64_t epochs, steps; // done, over all training blocks
    int64_t samples;
    double seconds, step_seconds; // in all; in training steps
    double waited;                // of the latter, for batches to be made
    nnrt_log test;
    int64_t best_epoch; // whose weights were restored, from 1; 0: none
    int64_t started;    // nnrt_weights_now()
    int is_unfinished, was_interrupted, was_stopped, log_failed;
    int has_older; // weights of an older run are kept beside the new ones
} fit;

// ---- One epoch.

static void log_step(fit *f, int64_t step, double loss) {
    nnrt_file_print(f->step_log, "%" PRId64 ",%.9g\n", f->steps + step + 1,
                    isnan(loss) ? (double)NAN : loss); // no sign
}

static void log_steps(fit *f, int64_t from) {
    const nnrt_pass *pass = &f->trainer.pass;
    for (int64_t step = from; f->step_log && step < pass->step; step++)
        log_step(f, step, nnrt_pass_step_loss(pass, step));
}

static nnrt_status fail_not_finite(const fit *f, int64_t step, int64_t turn) {
    const nnrt_trainer *trainer = &f->trainer;
    const nnrt_training *training = trainer->training;
    int64_t best = nnrt_callbacks_best(&f->callbacks);
    char saved[PATH_MAX + 64] = "the weights were not saved", which[300] = "";
    if (best)
        snprintf(saved, sizeof saved, "the weights of the best epoch, %" PRId64 ", are in `%s`",
                 best, f->save_path);
    if (training->step_count > 1)
        snprintf(which, sizeof which, " of step `%s`", training->steps[turn].name);
    return nnrt_fail(
        NNRT_NOT_FINITE,
        "the loss%s became %s in epoch %" PRId64 ", step %" PRId64 " of %" PRId64
        "; %s. Try a smaller learning rate "
        "(--learning-rate, now %g), scaled or standardized data, or clip_norm",
        which, isnan(nnrt_pass_step_loss(&trainer->pass, step)) ? "NaN" : "infinite",
        trainer->pass.epoch + 1, step + 1, nnrt_step_count(trainer->pass.count, trainer->batch),
        saved, nnrt_schedule_rate(&trainer->schedules[turn], trainer->pass.steps_before + step));
}

static nnrt_status run_steps(fit *f) {
    nnrt_pass *pass = &f->trainer.pass;
    for (;;) {
        int64_t from = pass->step;
        double start = nnrt_seconds();
        if (!nnrt_pass_advance(pass, chunk_seconds)) return NNRT_OK;
        f->step_seconds += nnrt_seconds() - start;
        log_steps(f, from);
        nnrt_status loaded = pass->loader ? nnrt_loader_status(pass->loader) : NNRT_OK;
        if (loaded) return loaded;
        int64_t turn, bad = nnrt_trainer_not_finite(&f->trainer, from, &turn);
        if (bad >= 0) return fail_not_finite(f, bad, turn);
        if (nnrt_progress_due(&f->progress)) {
            nnrt_log log = {0};
            nnrt_log_add(&log, "", f->trainer.training, pass, &f->trainer.metrics);
            nnrt_progress_step(&f->progress, pass->step, &log);
        }
        // An epoch that is complete counts as one.
        if (nnrt_interrupted()) return pass->step < pass->steps ? NNRT_INTERRUPTED : NNRT_OK;
    }
}

static nnrt_status validate(fit *f, nnrt_log *log) {
    const nnrt_part *part = &f->session->data.validation;
    if (!f->has_evaluator || !part->count) return NNRT_OK;
    return nnrt_evaluator_run(&f->evaluator, part, "val_", log);
}

static nnrt_weights_info weights_info(const fit *f) {
    nnrt_weights_info info = f->session->info;
    info.seed = (uint64_t)f->options->seed;
    info.epoch += f->epochs;
    info.step += f->steps;
    info.started = f->started;
    info.is_unfinished = f->is_unfinished;
    return info;
}

// As of callbacks: the first failure is said, and does not end the training.
static void save_samples(fit *f, int64_t epoch) {
    if (!nnrt_samples_save(&f->pictures, epoch)) return;
    f->pictures.training = NULL;
    f->log_failed = 1;
    fprintf(stderr, "warning: %s; training goes on without `samples`\n", nnrt_error());
}

static nnrt_status end_epoch(fit *f, int64_t epoch) {
    nnrt_trainer *trainer = &f->trainer;
    nnrt_weights_info info = weights_info(f);
    nnrt_log log = {0};
    nnrt_log_add(&log, "", trainer->training, &trainer->pass, &trainer->metrics);
    nnrt_status status = validate(f, &log);
    if (!status) save_samples(f, f->callbacks.epochs_before + epoch + 1);
    if (!status) nnrt_callbacks_log(&f->callbacks, trainer->steps_done, &log);
    if (!status) nnrt_progress_end(&f->progress, trainer->pass.step, &log);
    nnrt_status kept = nnrt_history_add(&f->history, &log);
    if (!status) status = kept;
    if (!status) f->was_stopped = nnrt_callbacks_epoch(&f->callbacks, epoch, &log, &info);
    return status;
}

// `epoch` is of the training block.
static nnrt_status run_epoch(fit *f, int64_t epoch) {
    nnrt_trainer *trainer = &f->trainer;
    int64_t number = f->callbacks.epochs_before + epoch;
    int64_t limit = f->options->steps ? f->options->steps - f->steps : 0;
    nnrt_trainer_start_epoch(trainer, number, limit);
    nnrt_progress_epoch(&f->progress, number, nnrt_step_count(trainer->pass.count, trainer->batch));
    nnrt_status status = run_steps(f);
    f->progress.waited = nnrt_loader_waited(trainer->loader);
    f->waited += f->progress.waited;
    f->steps += trainer->pass.step;
    f->samples += nnrt_pass_samples(&trainer->pass);
    nnrt_trainer_end_epoch(trainer);
    if (status) return status;
    f->epochs++;
    return end_epoch(f, epoch);
}

// ---- One training block.

static nnrt_status open_callbacks(fit *f, const nnrt_training *training, int64_t first_epoch) {
    f->callbacks = (nnrt_callbacks){.session = f->session,
                                    .training = training,
                                    .schedules = f->trainer.schedules,
                                    .progress = &f->progress,
                                    .epochs_before = first_epoch};
    return nnrt_callbacks_open(&f->callbacks);
}

static nnrt_profile **profiles_of(const fit *f, const nnrt_training *training) {
    return f->profiles + (training - f->session->program->trainings) * NNRT_MAX_TURNS;
}

static nnrt_status open_profile(fit *f, const nnrt_training *training) {
    nnrt_profile **own = profiles_of(f, training);
    for (int64_t i = 0; i < training->step_count; i++) {
        own[i] =
            nnrt_profile_create(&training->steps[i].train, f->trainer.pace.workers[0], &f->roof);
        if (!own[i]) return NNRT_ERROR;
    }
    nnrt_trainer_profile(&f->trainer, own);
    return NNRT_OK;
}

static nnrt_status open_training(fit *f, const nnrt_training *training) {
    const nnrt_options *options = f->options;
    nnrt_status status = nnrt_session_use_data(f->session, training);
    if (!status)
        status = nnrt_trainer_open(&f->trainer, f->session, training, options->batch,
                                   options->learning_rate, 1);
    if (status) return status;
    f->trainer.seed = (uint64_t)options->seed;
    f->trainer.shuffle = !options->no_shuffle;
    if (f->profiles) status = open_profile(f, training);
    if (!status) status = nnrt_samples_open(&f->pictures, f->session, training);
    if (status) return status;
    const nnrt_data *data = &f->session->data;
    if (!data->validation.count && !data->test.count) return NNRT_OK;
    status = nnrt_evaluator_open(&f->evaluator, f->session, training, 0);
    f->has_evaluator = !status;
    return status;
}

static void close_training(fit *f) {
    if (f->has_evaluator) nnrt_evaluator_close(&f->evaluator);
    f->has_evaluator = 0;
    f->log_failed |= f->callbacks.has_failed;
    nnrt_callbacks_close(&f->callbacks);
    nnrt_trainer_close(&f->trainer);
}

static int enough_steps(const fit *f) {
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
static void announce(const fit *f, const nnrt_training *training, int64_t epochs) {
    const nnrt_program *program = f->session->program;
    char trained[1024];
    if (program->training_count < 2) return;
    describe_trained(program, training, trained, sizeof trained);
    nnrt_progress_note(&f->progress, "training %" PRId64 " of %" PRId64 ": %" PRId64 " epochs, %s",
                       (int64_t)(training - program->trainings) + 1, program->training_count,
                       epochs, trained);
}

// The best weights are restored in any case, so that a signal does not cost them.
static nnrt_status end_training(fit *f, const nnrt_training *training, nnrt_status status) {
    const nnrt_part *test = &f->session->data.test;
    int is_last = training == nnrt_session_training(f->session);
    nnrt_progress_break(&f->progress);
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

// `first_epoch`: of those before this block, so that epochs have numbers of their own.
static nnrt_status run_training(fit *f, const nnrt_training *training, int64_t first_epoch) {
    int64_t epochs = f->options->epochs ? f->options->epochs : training->epochs;
    nnrt_status status = open_training(f, training);
    nnrt_progress_open(&f->progress, f->options, first_epoch + epochs);
    if (!status) status = open_callbacks(f, training, first_epoch);
    if (!status) announce(f, training, epochs);
    f->was_stopped = 0;
    for (int64_t epoch = 0; epoch < epochs && !status && !f->was_stopped && !enough_steps(f);
         epoch++)
        status = nnrt_interrupted() ? NNRT_INTERRUPTED : run_epoch(f, epoch);
    return end_training(f, training, status);
}

static nnrt_status run_trainings(fit *f) {
    const nnrt_program *program = f->session->program;
    nnrt_status status = NNRT_OK;
    double start = nnrt_seconds();
    for (int64_t i = 0; i < program->training_count && !status; i++)
        status = run_training(f, &program->trainings[i], f->epochs);
    f->seconds = nnrt_seconds() - start;
    return status;
}

// ---- Files and the final report.

static nnrt_status save_weights(fit *f) {
    nnrt_session *session = f->session;
    struct stat before, after;
    char older[PATH_MAX];
    int has_name = nnrt_file_older_name(f->save_path, older, sizeof older);
    int was_there = has_name && stat(f->save_path, &before) == 0;
    session->info = weights_info(f);
    nnrt_status status =
        nnrt_weights_save(f->save_path, session->program, session->weights.values, &session->info);
    f->has_older = !status && was_there && stat(older, &after) == 0 &&
                   before.st_dev == after.st_dev && before.st_ino == after.st_ino;
    return status;
}

// Before hours of training, not after them.
static nnrt_status open_sample_folder(const nnrt_session *session) {
    char folder[NNRT_SAMPLE_FOLDER];
    if (!nnrt_sample_files_any(session->program)) return NNRT_OK;
    nnrt_status status = nnrt_sample_files_folder(session, folder);
    return status ? status : nnrt_sample_files_open(folder);
}

static nnrt_status check_outputs(fit *f) {
    const nnrt_options *options = f->options;
    nnrt_status status = nnrt_outputs_check(f->session);
    if (!status) status = nnrt_file_probe(f->save_path);
    if (!status) status = open_sample_folder(f->session);
    if (!status) status = nnrt_callbacks_check(f->session);
    if (!status)
        status = nnrt_history_open(&f->history, f->session, options->history, options->json != 0);
    if (status || !options->step_log) return status;
    f->step_log = nnrt_file_create(options->step_log);
    if (!f->step_log) return NNRT_ERROR;
    nnrt_file_print(f->step_log, "step,loss\n");
    return nnrt_file_flush(f->step_log);
}

static nnrt_status write_logs(fit *f) {
    nnrt_status written = f->step_log ? nnrt_file_commit(f->step_log) : NNRT_OK;
    f->step_log = NULL;
    nnrt_status status = nnrt_history_commit(&f->history);
    return status ? status : written;
}

static void put_values(const nnrt_history *history, int64_t epoch, nnrt_json *json) {
    for (int64_t i = 0; i < history->names.count; i++)
        nnrt_json_number(json, history->names.values[i].name,
                         nnrt_history_value(history, epoch, i));
}

static void put_epochs(const fit *f, nnrt_json *json) {
    const nnrt_history *history = &f->history;
    nnrt_json_open(json, "losses", '[');
    int64_t first = nnrt_history_first(history);
    for (int64_t i = first; i < history->count; i++)
        nnrt_json_number(json, NULL, nnrt_history_value(history, i, 0));
    nnrt_json_close(json, ']');
    nnrt_json_open(json, "metrics", '{'); // of the last epoch
    if (history->count) put_values(history, history->count - 1, json);
    nnrt_json_close(json, '}');
    nnrt_json_open(json, "history", '[');
    for (int64_t i = first; i < history->count; i++) {
        nnrt_json_open(json, NULL, '{');
        put_values(history, i, json);
        nnrt_json_close(json, '}');
    }
    nnrt_json_close(json, ']');
}

static nnrt_status put_profiles(const fit *f, nnrt_json *json) {
    const nnrt_program *program = f->session->program;
    nnrt_status status = NNRT_OK;
    nnrt_json_open(json, "profile", '[');
    for (int64_t i = 0; i < program->training_count; i++) {
        const nnrt_training *training = &program->trainings[i];
        nnrt_profile *const *own = profiles_of(f, training);
        for (int64_t k = 0; k < training->step_count && own[k] && !status; k++)
            status =
                nnrt_profile_json(json, own[k], program, k ? training->steps[k].name : "train");
    }
    nnrt_json_close(json, ']');
    return status;
}

static nnrt_status print_training_profiles(const fit *f, const nnrt_training *training) {
    const nnrt_program *program = f->session->program;
    nnrt_profile *const *own = profiles_of(f, training);
    nnrt_status status = NNRT_OK;
    char title[128] = "training", step[64] = "";
    for (int64_t i = 0; i < training->step_count && own[i] && !status; i++) {
        if (training->step_count > 1)
            snprintf(step, sizeof step, ", step %s", training->steps[i].name);
        if (program->training_count > 1)
            snprintf(title, sizeof title, "training %" PRId64 " of %" PRId64 "%s",
                     (int64_t)(training - program->trainings) + 1, program->training_count, step);
        else
            snprintf(title, sizeof title, "training%s", step);
        status = nnrt_profile_print(own[i], program, title);
    }
    return status;
}

static nnrt_status print_profiles(const fit *f) {
    const nnrt_program *program = f->session->program;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < program->training_count && !status; i++)
        status = print_training_profiles(f, &program->trainings[i]);
    return status;
}

static nnrt_status print_json(const fit *f) {
    nnrt_status status = NNRT_OK;
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    put_epochs(f, &json);
    if (f->test.count) {
        nnrt_json_open(&json, "test", '{');
        nnrt_log_json(&f->test, &json);
        nnrt_json_close(&json, '}');
    }
    nnrt_json_integer(&json, "epochs", f->epochs);
    nnrt_json_integer(&json, "steps", f->steps);
    nnrt_json_integer(&json, "samples", f->samples);
    nnrt_json_number(&json, "seconds", f->seconds);
    nnrt_json_number(&json, "samples_per_second",
                     f->step_seconds > 0 ? (double)f->samples / f->step_seconds : 0);
    if (nnrt_loader_is_needed(&f->session->data, NNRT_FOR_TRAINING))
        nnrt_json_number(&json, "data_share",
                         f->step_seconds > 0 ? f->waited / f->step_seconds : 0);
    nnrt_json_integer(&json, "seed", f->options->seed);
    nnrt_json_integer(&json, "threads", nnrt_team_size(f->session->team));
    nnrt_json_string(&json, "weights", f->steps ? f->save_path : NULL);
    nnrt_json_boolean(&json, "interrupted", f->was_interrupted);
    nnrt_json_boolean(&json, "stopped_early", f->was_stopped);
    if (f->best_epoch) nnrt_json_integer(&json, "restored_epoch", f->best_epoch);
    if (f->profiles) status = put_profiles(f, &json);
    nnrt_json_close(&json, '}');
    if (status)
        nnrt_json_free(&json);
    else
        nnrt_json_print(&json);
    return status;
}

// ---- The end, whatever its reason: what was trained is saved, then the reason is given.

// " (those of an older run are kept as `w.safetensors~`)", or nothing.
static const char *tell_older(const fit *f, char text[PATH_MAX + 64]) {
    char name[PATH_MAX];
    text[0] = 0;
    if (f->has_older && nnrt_file_older_name(f->save_path, name, sizeof name))
        snprintf(text, PATH_MAX + 64, " (the older ones are kept in `%s`)", name);
    return text;
}

static nnrt_status report_interruption(const fit *f) {
    char which[64] = "the weights", older[PATH_MAX + 64];
    if (!f->steps)
        return nnrt_fail(NNRT_INTERRUPTED,
                         "interrupted before the first step; there is nothing to save");
    if (f->best_epoch)
        snprintf(which, sizeof which, "the weights of the best epoch, %" PRId64 ",", f->best_epoch);
    return nnrt_fail(NNRT_INTERRUPTED,
                     "interrupted after step %" PRId64 " (%" PRId64
                     " whole epochs); %s are saved in `%s`%s",
                     f->steps, f->epochs, which, f->save_path, tell_older(f, older));
}

static nnrt_status report_end(const fit *f) {
    char older[PATH_MAX + 64];
    nnrt_progress_note(&f->progress, "weights saved to %s%s", f->save_path, tell_older(f, older));
    if (nnrt_carried_weights().bytes)
        nnrt_progress_note(&f->progress,
                           "predict and evaluate go on using the weights that the program carries; "
                           "--weights %s uses the new ones",
                           f->save_path);
    if (f->profiles && !f->options->json && print_profiles(f)) return NNRT_ERROR;
    nnrt_status printed = nnrt_print_end();
    char message[1024];
    snprintf(message, sizeof message, "%s",
             printed ? nnrt_error()
                     : "a file of `callbacks` or `samples` could not be written, as said above");
    if (!printed && !f->log_failed) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "%s; the weights are saved in `%s`%s", message, f->save_path,
                     older);
}

// A failure keeps its message, whose first line stands alone.
static nnrt_status report_failure(const fit *f, nnrt_status status, const char *reason) {
    char older[PATH_MAX + 64];
    int line = (int)strcspn(reason, "\n");
    return nnrt_fail(
        status,
        "%.*s; the weights after step %" PRId64 " (%" PRId64 " whole epochs) are saved in `%s`%s%s",
        line, reason, f->steps, f->epochs, f->save_path, tell_older(f, older), reason + line);
}

// Are there weights to be saved, and are they numbers?
static int has_weights(const fit *f, nnrt_status status) {
    return status == NNRT_NOT_FINITE ? f->best_epoch > 0 : f->steps > 0;
}

// What could not be saved, with its message; the weights matter most.
static nnrt_status save_all(fit *f, nnrt_status status, char *problem, size_t size) {
    nnrt_status saved = has_weights(f, status) ? save_weights(f) : NNRT_OK;
    if (saved) snprintf(problem, size, "%s", nnrt_error());
    nnrt_status logged = write_logs(f);
    if (saved && logged) fprintf(stderr, "warning: %s\n", nnrt_error());
    if (logged && !saved && has_weights(f, status))
        snprintf(problem, size, "%s; the weights are saved in `%s`", nnrt_error(), f->save_path);
    else if (logged && !saved)
        snprintf(problem, size, "%s", nnrt_error());
    return saved ? saved : logged;
}

static nnrt_status finish(fit *f, nnrt_status status) {
    char reason[PATH_MAX + 1024], problem[PATH_MAX + 1024];
    snprintf(reason, sizeof reason, "%s", nnrt_error());
    f->is_unfinished = status != NNRT_OK;
    f->was_interrupted = status == NNRT_INTERRUPTED;
    nnrt_status saved = save_all(f, status, problem, sizeof problem);
    if (status && !f->was_interrupted) {
        if (saved) fprintf(stderr, "warning: %s\n", problem);
        int is_told = saved || status == NNRT_NOT_FINITE || !f->steps;
        return is_told ? nnrt_fail(status, "%s", reason) : report_failure(f, status, reason);
    }
    if (saved) return nnrt_fail(NNRT_ERROR, "%s", problem);
    nnrt_status printed = f->options->json ? print_json(f) : NNRT_OK;
    if (printed) return printed;
    return f->was_interrupted ? report_interruption(f) : report_end(f);
}

// ---- The commands.

static nnrt_status start_weights(nnrt_session *session) {
    const nnrt_options *options = session->options;
    if (options->weights) return nnrt_session_load_weights(session, options->weights, NULL);
    if (options->carried) return nnrt_session_load_carried(session, NULL);
    return nnrt_session_initialize(session, (uint64_t)options->seed);
}

static nnrt_status start_profiles(fit *f) {
    const nnrt_session *session = f->session;
    if (!f->options->profile) return NNRT_OK;
    size_t count = (size_t)session->program->training_count * NNRT_MAX_TURNS;
    f->profiles = calloc(count, sizeof(nnrt_profile *));
    if (!f->profiles) return nnrt_fail_memory("a profile", count * sizeof(nnrt_profile *));
    f->roof = nnrt_roof_measure(session->program, session->team, nnrt_team_size(session->team));
    return NNRT_OK;
}

static void free_profiles(fit *f) {
    int64_t count = f->session->program->training_count * NNRT_MAX_TURNS;
    for (int64_t i = 0; f->profiles && i < count; i++) nnrt_profile_free(f->profiles[i]);
    free(f->profiles);
}

static const char *save_path(const nnrt_session *session) {
    return session->options->save ? session->options->save : session->weights_path;
}

nnrt_status nnrt_command_fit(nnrt_session *session) {
    fit f = {.session = session, .options = session->options, .save_path = save_path(session)};
    if (!nnrt_session_training(session))
        return nnrt_fail(NNRT_ERROR,
                         "`%s` has no `train` block, so there is nothing to fit; `predict`, "
                         "`bench`, `init` and `info` need none",
                         session->program->source_path);
    nnrt_interrupt_catch();
    f.started = nnrt_weights_now();
    nnrt_status status = nnrt_session_use_data(session, session->program->trainings);
    if (!status) status = start_weights(session);
    if (!status) status = check_outputs(&f);
    if (!status) status = start_profiles(&f);
    if (!status) status = finish(&f, run_trainings(&f));
    nnrt_file_abandon(f.step_log);
    nnrt_history_free(&f.history);
    free_profiles(&f);
    return status;
}

nnrt_status nnrt_command_init(nnrt_session *session) {
    const char *path = save_path(session);
    if (!session->options->save && access(path, F_OK) == 0)
        return nnrt_fail(NNRT_USAGE,
                         "`%s` exists and may hold trained weights; say where the initial ones go: "
                         "`init --save FILE`",
                         path);
    nnrt_status status = start_weights(session);
    session->info.started = nnrt_weights_now();
    if (!status)
        status = nnrt_weights_save(path, session->program, session->weights.values, &session->info);
    if (!status) printf("initial weights saved to %s\n", path);
    return status;
}
