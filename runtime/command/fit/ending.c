// What `fit` writes: asked about before it works, written at its end, whatever the reason.
#include "fit.h"

#include "../../base/interrupt.h"
#include "../../base/text/print.h"
#include "../../files/file.h"
#include "../../files/temporary.h"
#include "../../formats/weights/carried.h"
#include "../../report/outputs.h"
#include "../../report/pictures/sample_files.h"
#include "../../session/weights/ranges.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

nnrt_weights_info nnrt_fit_weights_info(const nnrt_fit *f) {
    nnrt_weights_info info = f->session->info;
    info.seed = (uint64_t)f->call.seed;
    info.epoch += f->epochs;
    info.step += f->steps;
    info.started = f->started;
    info.is_unfinished = f->is_unfinished;
    return info;
}

static char *tell_history(const nnrt_weights_info *info) {
    const nnrt_fit *f = info->teller;
    return nnrt_history_text(&f->history, info->history, info->epoch - f->epochs + 1);
}

nnrt_weights_info nnrt_fit_told_info(const nnrt_fit *f) {
    nnrt_weights_info info = nnrt_fit_weights_info(f);
    info.tell_history = tell_history;
    info.teller = f;
    return info;
}

// Of what was trained. Weights are saved without them where they cannot be measured.
static void measure_ranges(nnrt_session *session) {
    if (!nnrt_ranges_are_used(session->program)) return;
    if (nnrt_ranges_measure(session))
        fprintf(stderr, "warning: %s; the weights are saved without ranges for int8\n",
                nnrt_error());
}

static nnrt_status save_weights(nnrt_fit *f) {
    nnrt_session *session = f->session;
    measure_ranges(session);
    struct stat before, after;
    char older[PATH_MAX];
    int has_name = nnrt_file_older_name(f->save_path, older, sizeof older);
    int was_there = has_name && stat(f->save_path, &before) == 0;
    session->info = nnrt_fit_told_info(f);
    nnrt_status status =
        nnrt_weights_fingerprint(session->program, session->weights.values, &f->fingerprint);
    if (!status)
        status = nnrt_weights_save(f->save_path, session->program, session->weights.values,
                                   &session->info);
    f->has_older = !status && was_there && stat(older, &after) == 0 &&
                   before.st_dev == after.st_dev && before.st_ino == after.st_ino;
    return status;
}

// Before hours of training, not after them.
static nnrt_status open_sample_folder(const nnrt_session *session) {
    char folder[NNRT_SAMPLE_FOLDER], path[PATH_MAX];
    if (!nnrt_sample_files_any(session->program)) return NNRT_OK;
    nnrt_status status = nnrt_sample_files_folder(session, folder);
    if (!status) status = nnrt_sample_files_open(folder);
    if (status) return status;
    nnrt_sample_files_path(folder, 1, path);
    nnrt_temporary_sweep(path);
    return NNRT_OK;
}

// Do callbacks read the history?
static int is_read(const nnrt_session *session) {
    const nnrt_program *program = session->program;
    int is_read = 0;
    for (int64_t i = 0; i < program->training_count; i++)
        for (int64_t k = 0; k < program->trainings[i].callback_count; k++)
            is_read |= nnrt_callback_row_of(&program->trainings[i].callbacks[k])->reads_history;
    return is_read;
}

nnrt_status nnrt_fit_check_outputs(nnrt_fit *f) {
    const nnrt_options *options = f->options;
    nnrt_status status = nnrt_outputs_check(f->session);
    if (!status) status = nnrt_file_probe(f->save_path);
    if (!status && options->checkpoint) status = nnrt_file_probe(options->checkpoint);
    if (!status) status = open_sample_folder(f->session);
    if (!status) status = nnrt_callbacks_check(f->session);
    if (!status)
        status = nnrt_history_open(&f->history, f->session, options->history,
                                   options->json || f->checkpoint || is_read(f->session),
                                   f->checkpoint != NULL);
    if (status || !options->step_log) return status;
    f->step_log = nnrt_file_create(options->step_log);
    if (!f->step_log) return NNRT_ERROR;
    const char *name = NNRT_STATE_PREFIX "step_log"; // that one has its head
    int goes_on = f->resume.is_open && nnrt_safetensors_find(&f->resume.file, name);
    if (!goes_on) nnrt_file_print(f->step_log, "step,loss\n");
    return nnrt_file_flush(f->step_log);
}

static nnrt_status write_logs(nnrt_fit *f) {
    nnrt_status written = f->step_log ? nnrt_file_commit(f->step_log) : NNRT_OK;
    f->step_log = NULL;
    nnrt_status status = nnrt_history_commit(&f->history);
    return status ? status : written;
}

// ---- The end, whatever its reason: what was trained is saved, then the reason is given.

// " (those of an older run are kept as `w.safetensors~`)", or nothing.
static const char *tell_older(const nnrt_fit *f, char text[PATH_MAX + 64]) {
    char name[PATH_MAX];
    text[0] = 0;
    if (f->has_older && nnrt_file_older_name(f->save_path, name, sizeof name))
        snprintf(text, PATH_MAX + 64, " (the older ones are kept in `%s`)", name);
    return text;
}

// "; `--resume` goes on from `c`", or nothing.
static const char *tell_checkpoint(const nnrt_fit *f, char text[PATH_MAX + 64]) {
    const nnrt_fit_keeping *keeping = &f->keeping;
    text[0] = 0;
    if (keeping->is_kept)
        snprintf(text, PATH_MAX + 64, "; `--resume` goes on from `%s`", f->checkpoint);
    return text;
}

static nnrt_status report_interruption(const nnrt_fit *f) {
    char which[64] = "the weights", older[PATH_MAX + 64], checkpoint[PATH_MAX + 64];
    char what[128] = "interrupted";
    const char *time = nnrt_interrupted_by_time();
    if (time) snprintf(what, sizeof what, "%s is over:", time);
    if (!f->steps)
        return nnrt_fail(NNRT_INTERRUPTED, "%s before the first step; there is nothing to save",
                         what);
    if (f->best_epoch)
        snprintf(which, sizeof which, "the weights of the best epoch, %" PRId64 ",", f->best_epoch);
    return nnrt_fail(NNRT_INTERRUPTED,
                     "%s after step %" PRId64 " (%" PRId64
                     " whole epochs); %s are saved in `%s`%s%s",
                     what, f->steps, f->epochs, which, f->save_path, tell_older(f, older),
                     tell_checkpoint(f, checkpoint));
}

static nnrt_status report_end(const nnrt_fit *f) {
    char older[PATH_MAX + 64];
    nnrt_progress_note(&f->progress, "weights %016" PRIx64, f->fingerprint);
    nnrt_progress_note(&f->progress, "weights saved to %s%s", f->save_path, tell_older(f, older));
    if (nnrt_carried_weights().bytes)
        nnrt_progress_note(&f->progress,
                           "predict and evaluate go on using the weights that the program carries; "
                           "--weights %s uses the new ones",
                           f->save_path);
    if (f->profiles && !f->options->json && nnrt_fit_print_profiles(f)) return NNRT_ERROR;
    nnrt_status printed = nnrt_print_end();
    char message[1024];
    snprintf(message, sizeof message, "%s",
             printed ? nnrt_error()
                     : "a checkpoint, or a file of `callbacks` or `samples`, could not be written, "
                       "as said above");
    if (!printed && !f->log_failed) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "%s; the weights are saved in `%s`%s", message, f->save_path,
                     older);
}

// A failure keeps its message, whose first line stands alone.
static nnrt_status report_failure(const nnrt_fit *f, nnrt_status status, const char *reason) {
    char older[PATH_MAX + 64];
    int line = (int)strcspn(reason, "\n");
    return nnrt_fail(
        status,
        "%.*s; the weights after step %" PRId64 " (%" PRId64 " whole epochs) are saved in `%s`%s%s",
        line, reason, f->steps, f->epochs, f->save_path, tell_older(f, older), reason + line);
}

// Are there weights to be saved, and are they numbers?
static int has_weights(const nnrt_fit *f, nnrt_status status) {
    return status == NNRT_NOT_FINITE ? f->best_epoch > 0 : f->steps > 0;
}

// What could not be saved, with its message; the weights matter most.
static nnrt_status save_all(nnrt_fit *f, nnrt_status status, char *problem, size_t size) {
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

nnrt_status nnrt_fit_finish(nnrt_fit *f, nnrt_status status) {
    char reason[NNRT_MESSAGE], problem[NNRT_MESSAGE];
    snprintf(reason, sizeof reason, "%s", nnrt_error());
    f->is_unfinished = status != NNRT_OK;
    f->was_interrupted = status == NNRT_INTERRUPTED;
    nnrt_status saved = save_all(f, status, problem, sizeof problem);
    nnrt_fit_end_run(f);
    if (status && !f->was_interrupted) {
        if (saved) fprintf(stderr, "warning: %s\n", problem);
        int is_told = saved || status == NNRT_NOT_FINITE || !f->steps;
        return is_told ? nnrt_fail(status, "%s", reason) : report_failure(f, status, reason);
    }
    if (saved) return nnrt_fail(NNRT_ERROR, "%s", problem);
    nnrt_status printed = f->options->json ? nnrt_fit_print_json(f) : NNRT_OK;
    if (printed) return printed;
    return f->was_interrupted ? report_interruption(f) : report_end(f);
}
