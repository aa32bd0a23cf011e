// Going on from a checkpoint.
#include "fit.h"

#include "../../base/clock.h"
#include "../../doctor/saved_step.h"
#include "../../files/file.h"
#include "../../files/system.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int64_t most = INT64_C(1) << 53; // of what is counted

// ---- Finding it.

static nnrt_status open_older(nnrt_fit *f, const char *older, nnrt_status status) {
    char problem[NNRT_MESSAGE];
    snprintf(problem, sizeof problem, "%s", nnrt_error());
    if (status == NNRT_USAGE || access(older, F_OK) != 0) return status;
    if (nnrt_checkpoint_open(&f->resume.file, older))
        return nnrt_fail(NNRT_ERROR, "%s; nor is the one before of use: %s", problem, nnrt_error());
    fprintf(stderr, "warning: %s; going on from `%s`, the one before\n", problem, older);
    f->resume.is_older = 1;
    return NNRT_OK;
}

static nnrt_status open_newest(nnrt_fit *f) {
    const char *path = f->checkpoint;
    char older[PATH_MAX];
    if (!nnrt_file_older_name(path, older, sizeof older)) return NNRT_OK;
    int is_there = nnrt_system_is_there(path);
    int older_is_there = is_there ? 0 : nnrt_system_is_there(older);
    if (is_there < 0 || older_is_there < 0) // not to begin anew what is there
        return nnrt_fail(NNRT_ERROR, "cannot look for the checkpoint `%s`: %s", path,
                         strerror(errno));
    if (!is_there && !older_is_there) return NNRT_OK;
    nnrt_status status = nnrt_checkpoint_open(&f->resume.file, is_there ? path : older);
    if (status && is_there) status = open_older(f, older, status);
    f->resume.is_open = f->resume.is_found = !status;
    return status;
}

// ---- Is it of this program?

static size_t line_length(const char *text) {
    return strcspn(text, "\n");
}

// The first lines that differ.
static void first_difference(const char **a, const char **b) {
    while (**a && **b) {
        size_t length = line_length(*a);
        if (line_length(*b) != length || strncmp(*a, *b, length) != 0) return;
        *a += length + ((*a)[length] == '\n');
        *b += length + ((*b)[length] == '\n');
    }
}

static nnrt_status check_program(nnrt_fit *f) {
    const char *was = nnrt_safetensors_metadata(&f->resume.file, "source");
    const char *now = f->session->program->expanded_text;
    if (!was || !now || strcmp(was, now) == 0) return NNRT_OK;
    f->resume.is_changed = 1;
    if (f->options->changed) return NNRT_OK;
    first_difference(&was, &now);
    was += strspn(was, " ");
    now += strspn(now, " ");
    return nnrt_fail(NNRT_ERROR,
                     "the program has changed since the checkpoint `%s` was written: `%.*s` was "
                     "`%.*s`; if that is meant, `--changed` goes on",
                     f->resume.file.path, (int)line_length(now), now, (int)line_length(was), was);
}

static nnrt_status compare_weights(nnrt_fit *f) {
    nnrt_session *session = f->session;
    const nnrt_program *program = session->program;
    nnrt_state weights = {0};
    for (int64_t i = 0; i < program->parameter_count; i++)
        nnrt_state_parameter(&weights, NULL, &program->parameters[i], session->weights.values);
    nnrt_status status = nnrt_state_check(&weights);
    if (!status) status = nnrt_checkpoint_compare(&f->resume.file, &weights);
    nnrt_state_clear(&weights);
    return status;
}

// ---- How it was called.

static int sets_rate(const nnrt_options *options) {
    return options->learning_rate > 0 && !(options->is_one_of_several && options->rates);
}

static nnrt_status check_call(const nnrt_fit *f) {
    const nnrt_options *options = f->options;
    if (options->has_seed && options->seed != f->call.seed)
        return nnrt_fail(NNRT_USAGE, "`--seed %" PRId64 "`: the training of `%s` has seed %" PRId64,
                         options->seed, f->resume.file.path, f->call.seed);
    if (options->no_shuffle && f->call.shuffle)
        return nnrt_fail(NNRT_USAGE, "`--no-shuffle`: the training of `%s` shuffles its samples",
                         f->resume.file.path);
    return NNRT_OK;
}

// What the command line says goes before what it said then; a program that has changed goes before
// it, too.
static nnrt_status read_call(nnrt_fit *f) {
    const nnrt_safetensors *file = &f->resume.file;
    const nnrt_options *options = f->options;
    nnrt_fit_call *call = &f->call;
    nnrt_status status = nnrt_checkpoint_integer(file, "call/seed", 0, INT64_MAX, &call->seed);
    if (!status) status = nnrt_checkpoint_integer(file, "call/shuffle", 0, 1, &call->shuffle);
    if (!status) status = nnrt_checkpoint_integer(file, "call/epochs", 0, most, &call->epochs);
    if (!status) status = nnrt_checkpoint_integer(file, "call/batch", 0, most, &call->batch);
    if (!status) status = nnrt_checkpoint_real(file, "call/learning_rate", &call->learning_rate);
    if (!status) status = check_call(f);
    if (f->resume.is_changed) call->epochs = call->batch = 0;
    if (f->resume.is_changed) call->learning_rate = 0;
    if (options->epochs) call->epochs = options->epochs;
    if (options->batch) call->batch = options->batch;
    if (sets_rate(options)) call->learning_rate = options->learning_rate;
    return status;
}

// Where it goes on.
static nnrt_status read_place(nnrt_fit *f) {
    nnrt_fit_resume *resume = &f->resume;
    const nnrt_safetensors *file = &resume->file;
    const nnrt_program *program = f->session->program;
    nnrt_status status = nnrt_checkpoint_integer(file, "training", 0, most, &resume->training);
    if (!status && resume->training >= program->training_count)
        return nnrt_fail(NNRT_ERROR,
                         "the checkpoint `%s` is of `train` block %" PRId64
                         " of its program; this one has %" PRId64,
                         file->path, resume->training + 1, program->training_count);
    if (!status) status = nnrt_checkpoint_integer(file, "epoch", 0, most, &resume->epoch);
    if (!status)
        status = nnrt_checkpoint_integer(file, "done/epochs", resume->epoch, most, &resume->epochs);
    if (!status) status = nnrt_checkpoint_integer(file, "batch", 1, most, &resume->batch);
    if (!status)
        status = nnrt_checkpoint_integer(file, "data", INT64_MIN, INT64_MAX, &resume->data);
    return status;
}

nnrt_status nnrt_fit_find(nnrt_fit *f) {
    const nnrt_options *options = f->options;
    f->call = (nnrt_fit_call){.seed = options->seed,
                              .shuffle = !options->no_shuffle,
                              .epochs = options->epochs,
                              .batch = options->batch,
                              .learning_rate = options->learning_rate};
    f->keeping.value = f->keeping.best = f->keeping.written = NAN;
    if (!options->resume) return NNRT_OK;
    nnrt_status status = open_newest(f);
    if (status || !f->resume.is_found) return status;
    status = nnrt_saved_step_refuse(&f->resume.file, options->called);
    if (!status) status = compare_weights(f);
    if (!status) status = check_program(f);
    if (!status) status = read_call(f);
    if (!status) status = read_place(f);
    if (!status) status = nnrt_session_load_weights(f->session, f->resume.file.path, NULL);
    return status;
}

// ---- The rest.

static nnrt_status check_data(nnrt_fit *f, int *is_other) {
    *is_other = f->resume.data != nnrt_fit_data_sum(f);
    if (!*is_other || f->options->changed) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "the data set `%s` has changed since the checkpoint `%s` was written; if that "
                     "is meant, `--changed` goes on",
                     nnrt_session_dataset(f->session)->name, f->resume.file.path);
}

// Another program, or other data, may tell others of an epoch.
static int has_other_values(const nnrt_fit *f) {
    return f->options->changed && nnrt_history_differs(&f->history, &f->resume.file);
}

// What was read already, or is said otherwise now, stays.
static void ignore_known(nnrt_fit *f, int begins_anew) {
    nnrt_state *state = &f->keeping.state;
    nnrt_state_ignore(state, "training");
    nnrt_state_ignore(state, "call/");
    nnrt_state_ignore(state, "batch");
    nnrt_state_ignore(state, "shuffle");
    nnrt_state_ignore(state, "data");
    nnrt_state_ignore(state, "history/names");
    if (has_other_values(f)) {
        nnrt_state_ignore(state, "history/values");
        nnrt_state_ignore(state, "history/sample");
    }
    if (sets_rate(f->options) || f->resume.is_changed)
        for (int64_t i = 0; i < f->trainer.training->step_count; i++)
            nnrt_state_ignore(state, "steps/%" PRId64 "/learning_rate", i);
    if (!begins_anew) return;
    for (int64_t i = 0; i < f->trainer.training->step_count; i++)
        nnrt_state_ignore(state, "steps/%" PRId64 "/states/", i);
    nnrt_state_ignore(state, "losses");
    nnrt_state_ignore(state, "metrics/");
}

// With other batches the running epoch begins again, with the weights as they are: its steps count,
// what they summed up does not.
static void begin_epoch_anew(nnrt_fit *f) {
    nnrt_trainer *trainer = &f->trainer;
    f->steps += trainer->pass.step;
    trainer->steps_done += trainer->pass.step;
    nnrt_trainer_reset(trainer);
}

static nnrt_status check_counts(const nnrt_fit *f) {
    const nnrt_trainer *trainer = &f->trainer;
    int is_right = trainer->pass.step >= 0 && trainer->pass.step <= most &&
                   trainer->steps_done >= 0 && trainer->steps_done <= most && f->samples >= 0;
    is_right = is_right && f->steps >= 0 && f->steps <= most && f->epochs == f->resume.epochs &&
               f->epoch == f->resume.epoch;
    return is_right
               ? NNRT_OK
               : nnrt_fail(NNRT_ERROR, "the checkpoint `%s` counts wrongly", f->resume.file.path);
}

static void tell(const nnrt_fit *f) {
    nnrt_progress_note(
        &f->progress, "resuming from %s: epoch %" PRId64 ", after step %" PRId64 " of %" PRId64,
        f->resume.file.path, f->callbacks.epochs_before + f->epoch + 1, f->trainer.pass.step,
        nnrt_step_count(f->session->data.train.count, f->trainer.batch));
}

static nnrt_status put_log(nnrt_fit *f) {
    return f->step_log ? nnrt_checkpoint_copy(&f->resume.file, "step_log", f->step_log) : NNRT_OK;
}

static nnrt_status restore(nnrt_fit *f) {
    nnrt_fit_resume *resume = &f->resume;
    int is_other;
    nnrt_status status = check_data(f, &is_other);
    if (status) return status;
    int begins_anew = is_other || resume->batch != f->trainer.batch;
    ignore_known(f, begins_anew);
    status = nnrt_checkpoint_compare(&resume->file, &f->keeping.state);
    if (!status) status = nnrt_checkpoint_restore(&resume->file, &f->keeping.state);
    if (!status && has_other_values(f)) status = nnrt_history_take(&f->history, &resume->file);
    if (!status) status = check_counts(f);
    if (status) return status;
    if (begins_anew)
        begin_epoch_anew(f);
    else
        nnrt_trainer_restored(&f->trainer);
    status = nnrt_callbacks_restored(&f->callbacks);
    if (!status) status = nnrt_history_restored(&f->history);
    if (!status) status = nnrt_run_restored(f->run);
    if (!status) status = put_log(f);
    f->begun = nnrt_seconds() - f->seconds;
    return status;
}

nnrt_status nnrt_fit_restore(nnrt_fit *f) {
    if (f->options->resume && !f->resume.is_found && !f->steps)
        nnrt_progress_note(&f->progress, "there is no %s yet: the training begins", f->checkpoint);
    if (!f->resume.is_open) return NNRT_OK;
    nnrt_status status = restore(f);
    if (status) f->steps = 0; // nothing is to be saved
    if (!status) tell(f);
    nnrt_safetensors_close(&f->resume.file);
    f->resume.is_open = 0;
    return status;
}
