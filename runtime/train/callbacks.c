#include "callbacks.h"

#include "../base/call.h"
#include "../files/file.h"
#include "../report/outputs.h"
#include "../report/pattern.h"
#include "monitor.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct moment { // the end of an epoch
    int64_t epoch, number;
    const nnrt_log *log;
    const nnrt_weights_info *info;
    double value; // of what is monitored
    int stop;     // out
} moment;

typedef struct kind {
    const char *name;
    nnrt_status (*open)(nnrt_callback *callback, const nnrt_callbacks *all);
    nnrt_status (*epoch)(nnrt_callback *callback, nnrt_callbacks *all, moment *at);
} kind;

struct nnrt_callback {
    const kind *kind;
    const nnrt_call *call;
    nnrt_stopping stopping; // early_stopping
    nnrt_plateau plateau;   // reduce_on_plateau
    nnrt_monitor monitor;   // checkpoint
    nnrt_block best;        // weights; values NULL: not restored
    nnrt_log keys;          // csv_log: the columns
    int is_due;             // its file is still to be opened
    FILE *file;
};

static int is_on(const nnrt_call *call, const char *name) {
    return nnrt_call_number(call, name, 0) != 0;
}

static nnrt_monitor read_monitor(const nnrt_call *call) {
    return (nnrt_monitor){.is_max = strcmp(nnrt_call_text(call, "mode", "min"), "max") == 0,
                          .min_delta = fabs(nnrt_call_number(call, "min_delta", 0)),
                          .best = NAN};
}

// ---- early_stopping.

static nnrt_status open_stopping(nnrt_callback *callback, const nnrt_callbacks *all) {
    const nnrt_call *call = callback->call;
    callback->stopping =
        (nnrt_stopping){.monitor = read_monitor(call),
                        .baseline = nnrt_call_number(call, "baseline", NAN),
                        .patience = (int64_t)nnrt_call_number(call, "patience", 0),
                        .start_from_epoch = (int64_t)nnrt_call_number(call, "start_from_epoch", 0),
                        .best_epoch = -1};
    if (!is_on(call, "restore_best_weights")) return NNRT_OK;
    return nnrt_block_allocate(&callback->best, all->session->program->weights_size,
                               "the best weights");
}

static size_t weights_bytes(const nnrt_callbacks *all) {
    return (size_t)all->session->program->weights_size * sizeof(float);
}

static nnrt_status end_stopping_epoch(nnrt_callback *callback, nnrt_callbacks *all, moment *at) {
    int what = nnrt_stopping_epoch(&callback->stopping, at->epoch, at->value);
    if ((what & NNRT_STOPPING_KEEP) && callback->best.values)
        memcpy(callback->best.values, all->session->weights.values, weights_bytes(all));
    if (!(what & NNRT_STOPPING_STOP)) return NNRT_OK;
    at->stop = 1;
    nnrt_progress_note(all->progress, "Epoch %" PRId64 ": early stopping", at->number);
    return NNRT_OK;
}

// ---- reduce_on_plateau.

static nnrt_status open_plateau(nnrt_callback *callback, const nnrt_callbacks *all) {
    const nnrt_call *call = callback->call;
    (void)all;
    callback->plateau = (nnrt_plateau){.monitor = read_monitor(call),
                                       .factor = nnrt_call_number(call, "factor", 0.1),
                                       .minimum = nnrt_call_number(call, "min_learning_rate", 0),
                                       .patience = (int64_t)nnrt_call_number(call, "patience", 10),
                                       .cooldown = (int64_t)nnrt_call_number(call, "cooldown", 0)};
    return NNRT_OK;
}

static nnrt_status end_plateau_epoch(nnrt_callback *callback, nnrt_callbacks *all, moment *at) {
    double *rate = &all->schedules[0].initial, before = *rate;
    if (!nnrt_plateau_epoch(&callback->plateau, at->value, rate)) return NNRT_OK;
    for (int64_t i = 1; i < all->training->step_count; i++)
        all->schedules[i].initial *= *rate / before;
    nnrt_progress_note(all->progress,
                       "Epoch %" PRId64 ": reduce_on_plateau reducing learning rate to %g.",
                       at->number, *rate);
    return NNRT_OK;
}

// ---- checkpoint.

static nnrt_status open_checkpoint(nnrt_callback *callback, const nnrt_callbacks *all) {
    (void)all;
    callback->monitor = read_monitor(callback->call);
    callback->monitor.best = nnrt_call_number(callback->call, "baseline", NAN);
    return NNRT_OK;
}

// The folders above a file, as Keras makes them.
static nnrt_status make_folders(const char *path) {
    char folder[PATH_MAX];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
            return nnrt_fail(NNRT_ERROR, "cannot make the folder `%s`: %s", folder,
                             strerror(errno));
    }
    return NNRT_OK;
}

static void say_saving(const nnrt_callbacks *all, const nnrt_callback *callback, const moment *at,
                       double before, const char *path) {
    const char *name = nnrt_call_text(callback->call, "monitor", "");
    char from[32] = "None";
    if (!isnan(before)) snprintf(from, sizeof from, "%.5f", before);
    if (is_on(callback->call, "save_best_only"))
        nnrt_progress_note(all->progress,
                           "Epoch %" PRId64 ": %s improved from %s to %.5f, saving model to %s",
                           at->number, name, from, at->value, path);
    else
        nnrt_progress_note(all->progress, "Epoch %" PRId64 ": saving model to %s", at->number,
                           path);
}

static nnrt_status end_checkpoint_epoch(nnrt_callback *callback, nnrt_callbacks *all, moment *at) {
    const nnrt_session *session = all->session;
    char path[PATH_MAX];
    nnrt_placeholder placeholder;
    double before = callback->monitor.best;
    int only_best = is_on(callback->call, "save_best_only");
    if (only_best && !nnrt_monitor_improve(&callback->monitor, at->value)) return NNRT_OK;
    const char *pattern = nnrt_call_text(callback->call, "path", "");
    nnrt_status status = nnrt_pattern_path(pattern, at->number, at->log, path, sizeof path);
    if (!status && nnrt_placeholder_next(pattern, &placeholder) > 0)
        status =
            nnrt_outputs_check_name(session, all->training, callback->call, at->number, at->log);
    if (!status) status = make_folders(path);
    if (!status)
        status = nnrt_weights_save(path, session->program, session->weights.values, at->info);
    if (!status) say_saving(all, callback, at, before, path);
    return status;
}

// ---- csv_log: Keras's CSVLogger, with its line ends; epochs count from 1 as everywhere. The file
// is there from the first epoch's end on.

static nnrt_status fail_csv(const nnrt_callback *callback) {
    return nnrt_fail(NNRT_ERROR, "cannot write `%s`: %s",
                     nnrt_call_text(callback->call, "path", ""), nnrt_file_reason(errno));
}

// An older file is emptied when the first epoch is to be written, not before; a pipe, which has
// nothing to lose, is opened before training.
static nnrt_status open_csv(nnrt_callback *callback, const nnrt_callbacks *all) {
    const char *path = nnrt_call_text(callback->call, "path", "");
    struct stat status;
    (void)all;
    callback->is_due = stat(path, &status) != 0 || !S_ISFIFO(status.st_mode);
    if (callback->is_due) return NNRT_OK;
    int pipe = nnrt_file_open_in_place(path);
    callback->file = pipe < 0 ? NULL : fdopen(pipe, "a");
    return callback->file ? NNRT_OK : fail_csv(callback);
}

static nnrt_status open_file(nnrt_callback *callback) {
    const char *path = nnrt_call_text(callback->call, "path", "");
    callback->is_due = 0;
    callback->file = fopen(path, is_on(callback->call, "append") ? "ae" : "we");
    return callback->file ? NNRT_OK : fail_csv(callback);
}

static void put_head(const nnrt_callback *callback) {
    struct stat status;
    if (fstat(fileno(callback->file), &status) == 0 && status.st_size > 0) return; // it has one
    fprintf(callback->file, "epoch");
    for (int64_t i = 0; i < callback->keys.count; i++)
        fprintf(callback->file, ",%s", callback->keys.values[i].name);
    fprintf(callback->file, "\r\n");
}

static nnrt_status end_csv_epoch(nnrt_callback *callback, nnrt_callbacks *all, moment *at) {
    (void)all;
    if (callback->is_due && open_file(callback)) return NNRT_ERROR;
    if (!callback->file) return NNRT_OK; // it failed before
    if (!callback->keys.count) {
        callback->keys = *at->log;
        nnrt_log_sort(&callback->keys);
        put_head(callback);
    }
    fprintf(callback->file, "%" PRId64, at->number);
    for (int64_t i = 0; i < callback->keys.count; i++) {
        char text[NNRT_JSON_NUMBER] = "NA";
        double value = nnrt_log_value(at->log, callback->keys.values[i].name);
        if (!isnan(value)) nnrt_number_text(text, value);
        fprintf(callback->file, ",%s", text);
    }
    fprintf(callback->file, "\r\n");
    if (fflush(callback->file) == 0) return NNRT_OK;
    nnrt_status status = fail_csv(callback);
    fclose(callback->file);
    callback->file = NULL;
    return status;
}

// ---- All of them.

static const kind kinds[] = {
    {"early_stopping", open_stopping, end_stopping_epoch},
    {"reduce_on_plateau", open_plateau, end_plateau_epoch},
    {"checkpoint", open_checkpoint, end_checkpoint_epoch},
    {"csv_log", open_csv, end_csv_epoch},
    {NULL, NULL, NULL},
};

nnrt_status nnrt_callbacks_open(nnrt_callbacks *callbacks) {
    const nnrt_training *training = callbacks->training;
    nnrt_status status = NNRT_OK;
    callbacks->items = calloc((size_t)training->callback_count + 1, sizeof *callbacks->items);
    if (!callbacks->items)
        return nnrt_fail_memory("callbacks",
                                (size_t)training->callback_count * sizeof *callbacks->items);
    for (int64_t i = 0; i < training->callback_count && !status; i++) {
        nnrt_callback *callback = &callbacks->items[callbacks->count++];
        callback->call = &training->callbacks[i];
        for (const kind *row = kinds; row->name && !callback->kind; row++)
            if (nnrt_call_is(callback->call, row->name)) callback->kind = row;
        status = callback->kind
                     ? callback->kind->open(callback, callbacks)
                     : nnrt_fail(NNRT_BUG, "the callback `%s` is unknown", callback->call->name);
    }
    if (status) nnrt_callbacks_close(callbacks);
    return status;
}

void nnrt_callbacks_close(nnrt_callbacks *callbacks) {
    for (int64_t i = 0; i < callbacks->count; i++) {
        nnrt_block_free(&callbacks->items[i].best);
        if (callbacks->items[i].file) fclose(callbacks->items[i].file);
    }
    free(callbacks->items);
    callbacks->items = NULL;
    callbacks->count = 0;
}

void nnrt_callbacks_log(const nnrt_callbacks *callbacks, int64_t step, nnrt_log *log) {
    for (int64_t i = 0; i < callbacks->count; i++) {
        if (!nnrt_call_is(callbacks->items[i].call, "reduce_on_plateau")) continue;
        nnrt_log_put(log, "learning_rate", nnrt_schedule_rate(&callbacks->schedules[0], step));
        return;
    }
}

int nnrt_callbacks_epoch(nnrt_callbacks *callbacks, int64_t epoch, const nnrt_log *log,
                         const nnrt_weights_info *info) {
    moment at = {
        .epoch = epoch, .number = callbacks->epochs_before + epoch + 1, .log = log, .info = info};
    for (int64_t i = 0; i < callbacks->count; i++) {
        nnrt_callback *callback = &callbacks->items[i];
        at.value = nnrt_log_value(log, nnrt_call_text(callback->call, "monitor", ""));
        if (!callback->kind->epoch(callback, callbacks, &at)) continue;
        // Hours of training are worth more than one file.
        callbacks->has_failed = 1;
        fprintf(stderr, "warning: %s; training goes on\n", nnrt_error());
    }
    return at.stop;
}

// The last one that restores decides, as the calls' order would.
static const nnrt_callback *find_best(const nnrt_callbacks *callbacks) {
    const nnrt_callback *found = NULL;
    for (int64_t i = 0; i < callbacks->count; i++) {
        const nnrt_callback *callback = &callbacks->items[i];
        if (callback->best.values && callback->stopping.best_epoch >= 0) found = callback;
    }
    return found;
}

int64_t nnrt_callbacks_best(const nnrt_callbacks *callbacks) {
    const nnrt_callback *best = find_best(callbacks);
    return best ? callbacks->epochs_before + best->stopping.best_epoch + 1 : 0;
}

int64_t nnrt_callbacks_end(nnrt_callbacks *callbacks) {
    int64_t number = nnrt_callbacks_best(callbacks);
    if (!number) return 0;
    memcpy(callbacks->session->weights.values, find_best(callbacks)->best.values,
           weights_bytes(callbacks));
    nnrt_progress_note(callbacks->progress,
                       "Restoring model weights from the end of the best epoch: %" PRId64 ".",
                       number);
    return number;
}

// ---- Before training.

static nnrt_status check_monitor(const nnrt_session *session, const nnrt_training *training,
                                 const nnrt_call *call) {
    const char *name = nnrt_call_text(call, "monitor", "");
    int is_used = !nnrt_call_is(call, "checkpoint") || is_on(call, "save_best_only");
    if (!is_used || strncmp(name, "val_", 4) != 0 || nnrt_session_has_validation(session, training))
        return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "`%s` monitors `%s`, but the data set `%s` has no validation part; add "
                     "`-> split(validation = 0.1)` to it and compile again",
                     call->name, name, session->program->datasets[training->dataset].name);
}

// Instead of the name that a folder with a placeholder has: a file beside it.
static void stay_above(const char *pattern, const nnrt_placeholder *placeholder, char *path) {
    size_t length = (size_t)(placeholder->name - 1 - pattern);
    while (length && pattern[length - 1] != '/') length--;
    snprintf(path + length, PATH_MAX - length, "probe");
}

// A log is written in place, if it is there.
static nnrt_status check_log(const char *path) {
    if (access(path, F_OK) != 0) return nnrt_file_probe(path);
    if (access(path, W_OK) == 0) {
        struct stat status;
        if (stat(path, &status) == 0 && !S_ISDIR(status.st_mode)) return NNRT_OK;
        errno = EISDIR;
    }
    return nnrt_fail(NNRT_ERROR, "cannot write `%s`: %s", path, strerror(errno));
}

// Folders whose names are not known yet are made later.
static nnrt_status check_path(const nnrt_call *call) {
    const char *pattern = nnrt_call_text(call, "path", NULL);
    nnrt_placeholder placeholder;
    nnrt_log none = {0};
    char path[PATH_MAX];
    if (!pattern) return NNRT_OK;
    if (!nnrt_call_is(call, "checkpoint")) return check_log(pattern);
    nnrt_status status = nnrt_pattern_path(pattern, 1, &none, path, sizeof path);
    if (status) return status;
    if (nnrt_placeholder_next(pattern, &placeholder) > 0 && strchr(placeholder.end, '/'))
        stay_above(pattern, &placeholder, path);
    status = make_folders(path);
    return status ? status : nnrt_file_probe(path);
}

nnrt_status nnrt_callbacks_check(const nnrt_session *session) {
    const nnrt_program *program = session->program;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < program->training_count; i++) {
        const nnrt_training *training = &program->trainings[i];
        for (int64_t k = 0; k < training->callback_count && !status; k++) {
            status = check_monitor(session, training, &training->callbacks[k]);
            if (!status) status = check_path(&training->callbacks[k]);
        }
    }
    return status;
}
