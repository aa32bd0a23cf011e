// One row a callback, beside its functions. Names and defaults are those of keras/src/callbacks
// (Keras 3).
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

struct nnrt_moment {
    int64_t epoch, number;
    const nnrt_log *log;
    const nnrt_weights_info *info;
    double value; // of what is monitored
    int stop;     // out
};

struct nnrt_callback {
    const nnrt_callback_row *row;
    const nnrt_call *call;
    nnrt_stopping stopping; // early_stopping
    nnrt_plateau plateau;   // reduce_on_plateau
    nnrt_monitor monitor;   // checkpoint
    nnrt_block best;        // weights; values NULL: not restored
    nnrt_log keys;          // csv_log: the columns
    int is_due;             // its file is still to be opened
    FILE *file;
};

// ---- Arguments that several have.

#define MONITOR                                                                                    \
    {.name = "monitor",                                                                            \
     .type = ARG_NAME,                                                                             \
     .default_text = "val_loss",                                                                   \
     .doc = "the value that tells better from worse: loss, a metric, or one of them with val_"}
#define MODE                                                                                       \
    {.name = "mode",                                                                               \
     .type = ARG_WORD,                                                                             \
     .default_text = "auto",                                                                       \
     .choices = "auto min max",                                                                    \
     .doc = "whether less or more of it is better; auto: by what is monitored"}
#define NUMBER(argument, value, text)                                                              \
    {.name = (argument),                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (value),                                                                      \
     .maximum = INFINITY,                                                                          \
     .doc = (text)}
#define EPOCHS(argument, value, text)                                                              \
    {.name = (argument),                                                                           \
     .type = ARG_INT,                                                                              \
     .default_text = (value),                                                                      \
     .maximum = INFINITY,                                                                          \
     .doc = (text)}
#define SWITCH(argument, text)                                                                     \
    {.name = (argument), .type = ARG_BOOL, .default_text = "false", .doc = (text)}
#define BASELINE(keras, text)                                                                      \
    {.name = "baseline",                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .default_text = "none",                                                                       \
     .keras_name = (keras),                                                                        \
     .doc = (text)}

enum {
    MINIMUM_IS_BEST = 1,
    MAXIMUM_IS_BEST
}; // the choices of `mode`, in their order; auto is none

static nnrt_monitor read_monitor(const nnrt_call *call, const ArgDef *args, int mode,
                                 double min_delta) {
    return (nnrt_monitor){.is_max = nnrt_call_word_at(call, args, mode) == MAXIMUM_IS_BEST,
                          .min_delta = fabs(min_delta),
                          .best = NAN};
}

// ---- early_stopping.

enum {
    STOPPING_MONITOR,
    STOPPING_MIN_DELTA,
    STOPPING_PATIENCE,
    STOPPING_MODE,
    STOPPING_BASELINE,
    STOPPING_RESTORE,
    STOPPING_START
};

static const ArgDef stopping_args[] = {
    MONITOR,
    NUMBER("min_delta", "0", "what counts as an improvement is more than this"),
    EPOCHS("patience", "0", "epochs without improvement after which training ends"),
    MODE,
    BASELINE(NULL, "improvements that do not reach it do not make training go on"),
    SWITCH("restore_best_weights", "go back to the best epoch's weights at the end"),
    EPOCHS("start_from_epoch", "0", "epochs that do not count yet"),
    {0},
};

static nnrt_status open_stopping(nnrt_callback *callback, const nnrt_callbacks *all) {
    const nnrt_call *call = callback->call;
    callback->stopping =
        (nnrt_stopping){.monitor = read_monitor(call, stopping_args, STOPPING_MODE,
                                                nnrt_call_number_at(call, STOPPING_MIN_DELTA)),
                        .baseline = nnrt_call_number_at(call, STOPPING_BASELINE),
                        .patience = (int64_t)nnrt_call_number_at(call, STOPPING_PATIENCE),
                        .start_from_epoch = (int64_t)nnrt_call_number_at(call, STOPPING_START),
                        .best_epoch = -1};
    if (!nnrt_call_is_on(call, STOPPING_RESTORE)) return NNRT_OK;
    return nnrt_block_allocate(&callback->best, all->session->program->weights_size,
                               "the best weights");
}

static size_t weights_bytes(const nnrt_callbacks *all) {
    return (size_t)all->session->program->weights_size * sizeof(float);
}

static nnrt_status end_stopping_epoch(nnrt_callback *callback, nnrt_callbacks *all,
                                      nnrt_moment *at) {
    int what = nnrt_stopping_epoch(&callback->stopping, at->epoch, at->value);
    if ((what & NNRT_STOPPING_KEEP) && callback->best.values)
        memcpy(callback->best.values, all->session->weights.values, weights_bytes(all));
    if (!(what & NNRT_STOPPING_STOP)) return NNRT_OK;
    at->stop = 1;
    nnrt_progress_note(all->progress, "Epoch %" PRId64 ": early stopping", at->number);
    return NNRT_OK;
}

// ---- reduce_on_plateau.

enum {
    PLATEAU_MONITOR,
    PLATEAU_FACTOR,
    PLATEAU_PATIENCE,
    PLATEAU_MODE,
    PLATEAU_MIN_DELTA,
    PLATEAU_COOLDOWN,
    PLATEAU_MINIMUM
};

static const ArgDef plateau_args[] = {
    MONITOR,
    {.name = "factor",
     .type = ARG_FLOAT,
     .default_text = "0.1",
     .maximum = 1,
     .minimum_open = true,
     .maximum_open = true,
     .doc = "what the learning rate is multiplied by"},
    {.name = "patience",
     .type = ARG_INT,
     .default_text = "10",
     .maximum = INFINITY,
     .doc = "epochs without improvement after which the rate falls"},
    MODE,
    NUMBER("min_delta", "0.0001", "what counts as an improvement is more than this"),
    EPOCHS("cooldown", "0", "epochs after a fall that do not count"),
    {.name = "min_learning_rate",
     .type = ARG_FLOAT,
     .default_text = "0",
     .maximum = INFINITY,
     .keras_name = "min_lr",
     .doc = "the lowest rate"},
    {0},
};

static nnrt_status open_plateau(nnrt_callback *callback, const nnrt_callbacks *all) {
    const nnrt_call *call = callback->call;
    (void)all;
    callback->plateau =
        (nnrt_plateau){.monitor = read_monitor(call, plateau_args, PLATEAU_MODE,
                                               nnrt_call_number_at(call, PLATEAU_MIN_DELTA)),
                       .factor = nnrt_call_number_at(call, PLATEAU_FACTOR),
                       .minimum = nnrt_call_number_at(call, PLATEAU_MINIMUM),
                       .patience = (int64_t)nnrt_call_number_at(call, PLATEAU_PATIENCE),
                       .cooldown = (int64_t)nnrt_call_number_at(call, PLATEAU_COOLDOWN)};
    return NNRT_OK;
}

static nnrt_status end_plateau_epoch(nnrt_callback *callback, nnrt_callbacks *all,
                                     nnrt_moment *at) {
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

enum {
    CHECKPOINT_PATH,
    CHECKPOINT_MONITOR,
    CHECKPOINT_BEST_ONLY,
    CHECKPOINT_MODE,
    CHECKPOINT_BASELINE
};

static const ArgDef checkpoint_args[] = {
    {.name = "path",
     .type = ARG_STRING,
     .keras_name = "filepath filename",
     .doc = "the file, from the current folder; {epoch:02d} and {val_loss:.2f} are filled in"},
    MONITOR,
    SWITCH("save_best_only", "save an epoch only if it is the best so far"),
    MODE,
    BASELINE("initial_value_threshold", "what the first epoch to be saved must improve on"),
    {0},
};

static nnrt_status open_checkpoint(nnrt_callback *callback, const nnrt_callbacks *all) {
    (void)all;
    callback->monitor = read_monitor(callback->call, checkpoint_args, CHECKPOINT_MODE, 0);
    callback->monitor.best = nnrt_call_number_at(callback->call, CHECKPOINT_BASELINE);
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

static void say_saving(const nnrt_callbacks *all, const nnrt_callback *callback,
                       const nnrt_moment *at, double before, const char *path) {
    const char *name = nnrt_call_text_at(callback->call, CHECKPOINT_MONITOR);
    char from[32] = "None";
    if (!isnan(before)) snprintf(from, sizeof from, "%.5f", before);
    if (nnrt_call_is_on(callback->call, CHECKPOINT_BEST_ONLY))
        nnrt_progress_note(all->progress,
                           "Epoch %" PRId64 ": %s improved from %s to %.5f, saving model to %s",
                           at->number, name, from, at->value, path);
    else
        nnrt_progress_note(all->progress, "Epoch %" PRId64 ": saving model to %s", at->number,
                           path);
}

static nnrt_status end_checkpoint_epoch(nnrt_callback *callback, nnrt_callbacks *all,
                                        nnrt_moment *at) {
    const nnrt_session *session = all->session;
    char path[PATH_MAX];
    nnrt_placeholder placeholder;
    double before = callback->monitor.best;
    int only_best = nnrt_call_is_on(callback->call, CHECKPOINT_BEST_ONLY);
    if (only_best && !nnrt_monitor_improve(&callback->monitor, at->value)) return NNRT_OK;
    const char *pattern = nnrt_callback_path(callback->call);
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

enum { CSV_PATH, CSV_APPEND };

static const ArgDef csv_args[] = {
    {.name = "path",
     .type = ARG_STRING,
     .keras_name = "filename filepath",
     .doc = "the file, from the current folder"},
    SWITCH("append", "go on at the end of the file"),
    {0},
};

static nnrt_status fail_csv(const nnrt_callback *callback) {
    return nnrt_fail(NNRT_ERROR, "cannot write `%s`: %s", nnrt_callback_path(callback->call),
                     nnrt_file_reason(errno));
}

// An older file is emptied when the first epoch is to be written, not before; a pipe, which has
// nothing to lose, is opened before training.
static nnrt_status open_csv(nnrt_callback *callback, const nnrt_callbacks *all) {
    const char *path = nnrt_callback_path(callback->call);
    struct stat status;
    (void)all;
    callback->is_due = stat(path, &status) != 0 || !S_ISFIFO(status.st_mode);
    if (callback->is_due) return NNRT_OK;
    int pipe = nnrt_file_open_in_place(path);
    callback->file = pipe < 0 ? NULL : fdopen(pipe, "a");
    return callback->file ? NNRT_OK : fail_csv(callback);
}

static nnrt_status open_file(nnrt_callback *callback) {
    const char *path = nnrt_callback_path(callback->call);
    callback->is_due = 0;
    callback->file = fopen(path, nnrt_call_is_on(callback->call, CSV_APPEND) ? "ae" : "we");
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

static nnrt_status end_csv_epoch(nnrt_callback *callback, nnrt_callbacks *all, nnrt_moment *at) {
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

const nnrt_callback_row nnrt_callback_rows[] = {
    {.schema = {"early_stopping", "ends the training when a value has stopped improving",
                stopping_args, "EarlyStopping"},
     .monitors = 1,
     .monitor = STOPPING_MONITOR,
     .open = open_stopping,
     .epoch = end_stopping_epoch},
    {.schema = {"checkpoint", "saves the weights after epochs", checkpoint_args,
                "ModelCheckpoint model_checkpoint"},
     .writes = NNRT_WRITES_WEIGHTS,
     .monitors = 1,
     .monitor = CHECKPOINT_MONITOR,
     .best_only = CHECKPOINT_BEST_ONLY,
     .open = open_checkpoint,
     .epoch = end_checkpoint_epoch},
    {.schema = {"reduce_on_plateau", "lowers the learning rate when a value has stopped improving",
                plateau_args, "ReduceLROnPlateau reduce_lr_on_plateau"},
     .lowers_rate = 1,
     .monitors = 1,
     .monitor = PLATEAU_MONITOR,
     .open = open_plateau,
     .epoch = end_plateau_epoch},
    {.schema = {"csv_log", "writes the values of each epoch to a file", csv_args,
                "CSVLogger csv_logger"},
     .writes = NNRT_WRITES_LOG,
     .open = open_csv,
     .epoch = end_csv_epoch},
    {.schema = {0}},
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
        callback->row = nnrt_callback_row_of(callback->call);
        status = callback->row->open(callback, callbacks);
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
        if (!callbacks->items[i].row->lowers_rate) continue;
        nnrt_log_put(log, "learning_rate", nnrt_schedule_rate(&callbacks->schedules[0], step));
        return;
    }
}

int nnrt_callbacks_epoch(nnrt_callbacks *callbacks, int64_t epoch, const nnrt_log *log,
                         const nnrt_weights_info *info) {
    nnrt_moment at = {
        .epoch = epoch, .number = callbacks->epochs_before + epoch + 1, .log = log, .info = info};
    for (int64_t i = 0; i < callbacks->count; i++) {
        nnrt_callback *callback = &callbacks->items[i];
        const char *monitored = nnrt_callback_monitored(callback->call);
        at.value = monitored ? nnrt_log_value(log, monitored) : NAN;
        if (!callback->row->epoch(callback, callbacks, &at)) continue;
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
    const char *name = nnrt_callback_monitored(call);
    if (!name || strncmp(name, "val_", 4) != 0 || nnrt_session_has_validation(session, training))
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
    const char *pattern = nnrt_callback_path(call);
    nnrt_placeholder placeholder;
    nnrt_log none = {0};
    char path[PATH_MAX];
    if (!pattern) return NNRT_OK;
    if (nnrt_callback_row_of(call)->writes == NNRT_WRITES_LOG) return check_log(pattern);
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
