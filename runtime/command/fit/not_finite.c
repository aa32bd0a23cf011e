// A loss or a weight is no number any more: which value was the first, and a file that shows it
// again.
#include "fit.h"

#include "../../doctor/range.h"
#include "../../doctor/saved_step.h"
#include "../../report/outputs.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct trouble {
    nnrt_fit *f;
    int64_t epoch, step, turn;       // that was noticed; turn -1: a weight
    int64_t first_epoch, first_step; // of the first value that is not finite
    char what[128];                  // "the loss of step `judge` became NaN"
    nnrt_finding finding;
    nnrt_saved_step saved;
    char path[PATH_MAX]; // of the file; "": there is none
    char why_not[512];   // why there is none
} trouble;

// "model.safetensors" -> "model.not-finite.safetensors"; beside weights that are no file (`--save
// /dev/null`) as without --save.
static int name_file(const nnrt_fit *f, char path[PATH_MAX]) {
    static const char ending[] = ".safetensors";
    struct stat at;
    int is_device = stat(f->save_path, &at) == 0 && !S_ISREG(at.st_mode);
    const char *beside = is_device ? f->session->weights_path : f->save_path;
    size_t length = strlen(beside), end = sizeof ending - 1;
    if (length > end && strcmp(beside + length - end, ending) == 0) length -= end;
    int used = snprintf(path, PATH_MAX, "%.*s.not-finite%s", (int)length, beside, ending);
    return used > 0 && used < PATH_MAX;
}

static void describe(trouble *t) {
    const nnrt_trainer *trainer = &t->f->trainer;
    const nnrt_training *training = trainer->training;
    char which[300] = "";
    if (t->turn < 0) {
        snprintf(t->what, sizeof t->what, "weights became infinite or NaN");
        return;
    }
    if (training->step_count > 1)
        snprintf(which, sizeof which, " of step `%.60s`", training->steps[t->turn].name);
    snprintf(t->what, sizeof t->what, "the loss%s became %s", which,
             isnan(nnrt_pass_step_loss(&trainer->pass, t->step)) ? "NaN" : "infinite");
}

// ---- Going back.

static void explain_nothing(trouble *t, const char *why) {
    snprintf(t->why_not, sizeof t->why_not, "%s", why);
}

static nnrt_status find_step(trouble *t) {
    nnrt_recall *recall = &t->f->recall;
    int64_t epoch = t->epoch, step;
    nnrt_status status = nnrt_recall_find(recall, &epoch, t->step, &step);
    if (status || step < 0) return status ? status : NNRT_ERROR;
    t->first_epoch = epoch;
    t->first_step = step;
    return nnrt_recall_go_to(recall, epoch, step);
}

// Back to the step in which the first value became not finite: that whose loss did, or one before,
// whose weights did.
static nnrt_status go_back(trouble *t) {
    if (t->turn < 0) return find_step(t);
    nnrt_status status = nnrt_recall_go_to(&t->f->recall, t->epoch, t->step);
    return status || nnrt_recall_is_sound(&t->f->trainer) ? status : find_step(t);
}

static nnrt_status keep_step(trouble *t) {
    nnrt_fit *f = t->f;
    nnrt_weights_info info = nnrt_fit_weights_info(f);
    info.is_unfinished = 1;
    if (!name_file(f, t->path)) return nnrt_fail(NNRT_ERROR, "its name would be too long");
    char *const path = t->path;
    nnrt_status status = nnrt_outputs_check_files(f->session, "the step", &path, 1);
    if (status) return status;
    nnrt_recall_restore(&f->recall);
    return nnrt_saved_step_write(&t->saved, t->path, &f->trainer, &info);
}

// What came of it is said in words; a failure here is not what ended the training.
static void look_back(trouble *t) {
    nnrt_fit *f = t->f;
    if (!nnrt_recall_can(&f->recall, t->epoch, t->step)) {
        explain_nothing(t,
                        f->recall.trainer ? "no earlier state is in memory to go back to"
                        : f->options->doctor
                            ? "a copy of the state does not fit into memory"
                            : "the state is too large to be copied unasked: `fit --doctor` does");
        return;
    }
    nnrt_status status = go_back(t);
    if (!status) status = nnrt_saved_step_note(&t->saved, &f->trainer, f->training);
    if (!status) status = nnrt_finding_search(&f->trainer, &t->finding, &t->saved.columns);
    if (status == NNRT_INTERRUPTED) {
        explain_nothing(t, "interrupted while going back to it");
    } else if (status) {
        explain_nothing(t, "it did not happen again");
    } else if (keep_step(t)) {
        t->path[0] = 0;
        explain_nothing(t, nnrt_error());
    }
}

// ---- What is said.

static void say_saved(const trouble *t, char *text, size_t size) {
    int64_t best = nnrt_callbacks_best(&t->f->callbacks);
    if (best)
        snprintf(text, size, "the weights of the best epoch, %" PRId64 ", are in `%.1000s`", best,
                 t->f->save_path);
    else
        snprintf(text, size, "the weights were not saved");
}

static void say_file(const trouble *t, char *text, size_t size) {
    if (t->path[0])
        snprintf(text, size,
                 "\n  the batch and the state before it are in `%.1000s`; `%.200s replay %.1000s` "
                 "shows this again",
                 t->path, t->f->options->called, t->path);
    else
        snprintf(text, size, "\n  the step is not kept: %.500s", t->why_not);
}

static nnrt_status say(trouble *t) {
    nnrt_fit *f = t->f;
    char saved[1200], advice[256], text[NNRT_FINDING_TEXT] = "", file[2600], where[128] = "";
    const nnrt_pass *pass = &f->trainer.pass;
    uint32_t numbers[NNRT_FINDING_SAMPLES];
    nnrt_finding finding = t->finding;
    for (int64_t i = 0; i < finding.sample_count; i++) {
        numbers[i] = (uint32_t)t->saved.numbers[finding.samples[i]];
        finding.samples[i] = (uint32_t)i;
    }
    say_saved(t, saved, sizeof saved);
    nnrt_finding_text(&finding, f->session->program, numbers, text, sizeof text);
    nnrt_finding_advice(&t->finding, advice, sizeof advice);
    say_file(t, file, sizeof file);
    if (t->first_epoch != t->epoch || t->first_step != t->step)
        snprintf(where, sizeof where, "\n  that was in epoch %" PRId64 ", step %" PRId64,
                 t->first_epoch + 1, t->first_step + 1);
    int64_t turn = t->turn < 0 ? 0 : t->turn;
    double rate = nnrt_schedule_rate(&f->trainer.schedules[turn], pass->steps_before + t->step);
    return nnrt_fail(NNRT_NOT_FINITE,
                     "%s in epoch %" PRId64 ", step %" PRId64 " of %" PRId64 "; %s%s%s%s\n"
                     "  what helps: %s (learning rate now %g)",
                     t->what, t->epoch + 1, t->step + 1, nnrt_step_count(pass->count, pass->batch),
                     saved, text, where, file, advice, rate);
}

// They were so before all steps.
static nnrt_status fail_start(const nnrt_fit *f) {
    const nnrt_session *session = f->session;
    const char *name = "";
    for (int64_t i = 0; i < session->program->parameter_count && !*name; i++) {
        const nnrt_parameter *parameter = &session->program->parameters[i];
        const float *values = session->weights.values + parameter->storage.offset;
        if (nnrt_range_of_parameter(parameter, values).bad) name = parameter->name;
    }
    return nnrt_fail(NNRT_NOT_FINITE,
                     "the weights that the training begins with are not finite: `%s` has infinite "
                     "numbers or NaN; nothing was trained",
                     name);
}

// Of a block whose last epoch began at step 0 the last step is one of the epoch before.
static void find_last(trouble *t) {
    const nnrt_pass *pass = &t->f->trainer.pass;
    t->step = pass->step - 1;
    if (t->step >= 0) return;
    t->epoch--;
    t->step = nnrt_step_count(pass->count, pass->batch) - 1;
}

nnrt_status nnrt_fit_not_finite(nnrt_fit *f, int64_t step, int64_t turn) {
    const nnrt_pass *pass = &f->trainer.pass;
    if (step < 0 && f->recall.trainer && !f->recall.is_taken) return fail_start(f);
    trouble *t = calloc(1, sizeof *t);
    if (!t) return nnrt_fail(NNRT_NOT_FINITE, "the loss or a weight is not finite");
    *t = (trouble){.f = f, .epoch = pass->epoch, .step = step, .turn = step < 0 ? -1 : turn};
    if (step < 0) find_last(t);
    t->first_epoch = t->epoch;
    t->first_step = t->step;
    describe(t);
    nnrt_progress_break(&f->progress);
    look_back(t);
    nnrt_status status = say(t);
    nnrt_saved_step_free(&t->saved);
    free(t);
    return status;
}
