// `fit --dry-run`: everything that a training needs is touched once, in the order of a training, so
// that what would end it after hours ends it now. Nothing is left behind.
#include "fit.h"

#include "../../base/clock.h"
#include "../../files/folder.h"
#include "../../state/checkpoint.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct rehearsal {
    nnrt_fit *f;
    const nnrt_training *training; // of the stage at work
    char text[512];                // what a stage found; "": there was nothing to do
    nnrt_json json;
} rehearsal;

__attribute__((format(printf, 2, 3))) static void say(rehearsal *r, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(r->text, sizeof r->text, format, arguments);
    va_end(arguments);
}

// ---- The stages.

static nnrt_status touch_data(rehearsal *r) {
    nnrt_status status = nnrt_session_use_data(r->f->session, r->training);
    if (status) return status;
    const nnrt_data *data = &r->f->session->data;
    say(r, "%" PRId64 " samples to train on, %" PRId64 " to validate, %" PRId64 " to test",
        data->train.count, data->validation.count, data->test.count);
    return NNRT_OK;
}

static nnrt_status touch_weights(rehearsal *r) {
    const nnrt_options *options = r->f->options;
    const char *from = r->f->resume.is_found ? r->f->checkpoint : options->weights;
    if (!from) from = options->carried ? "those that the program carries" : "initial ones";
    say(r, "%.200s", from);
    return r->f->resume.is_found ? NNRT_OK : nnrt_fit_start_weights(r->f->session);
}

// Those of callbacks, too.
static nnrt_status touch_outputs(rehearsal *r) {
    nnrt_status status = nnrt_fit_check_outputs(r->f);
    say(r, "all that is written can be written");
    return status;
}

static nnrt_status check_losses(const nnrt_pass *pass) {
    return isfinite(nnrt_pass_loss(pass))
               ? NNRT_OK
               : nnrt_fail(NNRT_NOT_FINITE,
                           "the loss of the first step is not finite; `fit` says which value is "
                           "the first one that is not");
}

static nnrt_status touch_step(rehearsal *r) {
    nnrt_fit *f = r->f;
    nnrt_trainer *trainer = &f->trainer;
    nnrt_status status = nnrt_trainer_open(trainer, f->session, r->training, f->call.batch,
                                           f->call.learning_rate, 1);
    if (status) return status;
    trainer->seed = (uint64_t)f->call.seed;
    trainer->shuffle = f->call.shuffle;
    nnrt_trainer_start_epoch(trainer, 0, 1);
    nnrt_pass_advance(&trainer->pass, 0);
    status = trainer->loader ? nnrt_loader_status(trainer->loader) : NNRT_OK;
    nnrt_pass_settle(&trainer->pass);
    if (!status) status = check_losses(&trainer->pass);
    say(r, "%" PRId64 " samples of a batch, loss %.6g", nnrt_pass_samples(&trainer->pass),
        nnrt_pass_loss(&trainer->pass));
    return status;
}

// Of a checkpoint, or what one would hold.
static nnrt_status with_temporary(rehearsal *r, const char *path,
                                  nnrt_status (*use)(rehearsal *r, const char *temporary)) {
    char temporary[PATH_MAX];
    struct stat at;
    if (stat(path, &at) == 0 && !S_ISREG(at.st_mode)) return NNRT_OK; // a pipe, a device
    if (snprintf(temporary, sizeof temporary, "%s.dry-run-%ld", path, (long)getpid()) >=
        (int)sizeof temporary)
        return nnrt_fail(NNRT_USAGE, "`%.200s` is too long a name", path);
    nnrt_status status = use(r, temporary);
    unlink(temporary);
    return status;
}

static nnrt_status write_checkpoint(rehearsal *r, const char *path) {
    nnrt_state state = {0};
    nnrt_snapshot snapshot = {0};
    nnrt_safetensors file;
    nnrt_weights_info info = nnrt_fit_weights_info(r->f);
    nnrt_trainer_gather(&r->f->trainer);
    nnrt_trainer_state(&r->f->trainer, &state);
    nnrt_status status = nnrt_state_check(&state);
    if (!status) status = nnrt_snapshot_open(&snapshot, &state);
    if (!status) nnrt_snapshot_take(&snapshot);
    if (!status) status = nnrt_checkpoint_write(path, r->f->session->program, &info, &snapshot, 0);
    if (!status) status = nnrt_checkpoint_open(&file, path);
    if (!status) {
        status = nnrt_checkpoint_compare(&file, &state);
        say(r, "%.1f MB of state", (double)state.bytes * 1e-6);
        nnrt_safetensors_close(&file);
    }
    nnrt_snapshot_close(&snapshot);
    nnrt_state_clear(&state);
    return status;
}

static nnrt_status touch_checkpoint(rehearsal *r) {
    const char *path = r->f->checkpoint;
    return path ? with_temporary(r, path, write_checkpoint) : NNRT_OK;
}

static nnrt_status evaluate_part(rehearsal *r, const nnrt_part *part) {
    nnrt_fit *f = r->f;
    nnrt_part first = *part;
    nnrt_log log = {0};
    char text[NNRT_LOG_TEXT];
    if (!part->count) return NNRT_OK;
    if (first.count > r->training->batch) first.count = r->training->batch;
    nnrt_status status = nnrt_evaluator_open(&f->evaluator, f->session, r->training, 0);
    if (status) return status;
    status = nnrt_evaluator_run(&f->evaluator, &first, "", &log);
    nnrt_evaluator_close(&f->evaluator);
    nnrt_log_text(&log, text, sizeof text);
    say(r, "%" PRId64 " samples%.400s", first.count, text);
    return status;
}

static nnrt_status touch_validation(rehearsal *r) {
    return evaluate_part(r, &r->f->session->data.validation);
}

static nnrt_status touch_test(rehearsal *r) {
    return evaluate_part(r, &r->f->session->data.test);
}

// A folder of its own, so that no picture of an earlier training is in the way.
static nnrt_status touch_samples(rehearsal *r) {
    nnrt_samples pictures = {.session = r->f->session, .training = r->training};
    char path[PATH_MAX];
    if (!r->training->samples.run) return NNRT_OK;
    nnrt_status status = nnrt_sample_files_folder(r->f->session, pictures.folder);
    size_t length = strlen(pictures.folder);
    if (!status && length + 32 > sizeof pictures.folder)
        status = nnrt_fail(NNRT_USAGE, "`%.200s` is too long a name", pictures.folder);
    if (status) return status;
    snprintf(pictures.folder + length, sizeof pictures.folder - length, ".dry-run-%ld",
             (long)getpid());
    status = nnrt_samples_save(&pictures, 1);
    nnrt_sample_files_path(pictures.folder, 1, path);
    unlink(path);
    rmdir(pictures.folder);
    say(r, "%" PRId64 " pictures", r->training->sample_count);
    return status;
}

static nnrt_status write_weights(rehearsal *r, const char *path) {
    nnrt_session *session = r->f->session;
    nnrt_weights_info info = nnrt_fit_weights_info(r->f);
    struct stat at;
    nnrt_status status = nnrt_weights_save(path, session->program, session->weights.values, &info);
    if (!status) status = nnrt_weights_check(path, session->program);
    if (!status && stat(path, &at) == 0) say(r, "%.1f MB, read again", (double)at.st_size * 1e-6);
    return status;
}

static nnrt_status touch_saving(rehearsal *r) {
    return with_temporary(r, r->f->save_path, write_weights);
}

static const struct stage {
    const char *name;
    int of_each; // training block
    nnrt_status (*touch)(rehearsal *r);
} stages[] = {
    {"data", 1, touch_data},
    {"weights", 0, touch_weights},
    {"outputs", 0, touch_outputs},
    {"step", 1, touch_step},
    {"checkpoint", 1, touch_checkpoint},
    {"validation", 1, touch_validation},
    {"test", 1, touch_test},
    {"samples", 1, touch_samples},
    {"save", 0, touch_saving},
};
enum { STAGE_COUNT = sizeof stages / sizeof *stages };

// ---- All of them.

static void report(rehearsal *r, const struct stage *stage, double seconds, nnrt_status status) {
    const char *result = status ? "failed" : *r->text ? r->text : "there is none";
    if (!r->f->options->json) {
        printf("%-11s %s (%.3g s)\n", stage->name, result, seconds);
        return;
    }
    nnrt_json_open(&r->json, NULL, '{');
    nnrt_json_string(&r->json, "stage", stage->name);
    nnrt_json_integer(&r->json, "training", r->training - r->f->session->program->trainings + 1);
    nnrt_json_string(&r->json, "result", result);
    nnrt_json_number(&r->json, "seconds", seconds);
    nnrt_json_close(&r->json, '}');
}

static nnrt_status run_stages(rehearsal *r, int is_first, int is_last) {
    const nnrt_program *program = r->f->session->program;
    nnrt_status status = NNRT_OK;
    if (program->training_count > 1 && !r->f->options->json)
        printf("training %" PRId64 " of %" PRId64 "\n", r->training - program->trainings + 1,
               program->training_count);
    for (int i = 0; i < STAGE_COUNT && !status; i++) {
        int is_due = stages[i].of_each || (stages[i].touch == touch_saving ? is_last : is_first);
        double start = nnrt_seconds();
        r->text[0] = 0;
        if (!is_due) continue;
        status = stages[i].touch(r);
        report(r, &stages[i], nnrt_seconds() - start, status);
    }
    return status;
}

nnrt_status nnrt_fit_dry_run(nnrt_fit *f) {
    const nnrt_program *program = f->session->program;
    rehearsal r = {.f = f};
    double start = nnrt_seconds();
    nnrt_status status = NNRT_OK;
    if (f->options->json) nnrt_json_open(&r.json, NULL, '[');
    for (int64_t i = f->resume.training; i < program->training_count && !status; i++) {
        r.training = &program->trainings[i];
        status = run_stages(&r, i == f->resume.training,
                            r.training == nnrt_session_training(f->session));
        nnrt_trainer_close(&f->trainer);
    }
    nnrt_folders_remove_made();
    if (f->options->json) {
        nnrt_json_close(&r.json, ']');
        nnrt_json_print(&r.json);
    } else if (!status) {
        printf("all of it works (%.3g s); nothing was left behind\n", nnrt_seconds() - start);
    }
    return status;
}
