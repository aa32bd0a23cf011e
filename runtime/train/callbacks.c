// The callbacks of a training block, whatever they are; each is a row in a file of callbacks/.
#include "../base/call.h"
#include "../files/file.h"
#include "../files/folder.h"
#include "../report/pattern.h"
#include "callbacks/row.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const nnrt_callback_row *const nnrt_callback_tables[] = {
    nnrt_callback_early_stopping, nnrt_callback_checkpoint,       nnrt_callback_reduce_on_plateau,
    nnrt_callback_csv_log,        nnrt_callback_json_log,         nnrt_callback_history,
    nnrt_callback_tensorboard,    nnrt_callback_swap_ema,         nnrt_callback_swa,
    nnrt_callback_max_time,       nnrt_callback_terminate_on_nan, NULL,
};

const nnrt_callback_row *nnrt_callback_row_of(const nnrt_call *call) {
    return nnrt_call_row(call, (const void *const *)nnrt_callback_tables,
                         sizeof(nnrt_callback_row));
}

int nnrt_callback_every(const nnrt_call *call, nnrt_every *every) {
    int place = nnrt_callback_row_of(call)->every;
    *every = (nnrt_every){0};
    if (!place) return 0;
    const char *text = nnrt_call_text_at(call, place);
    double steps = nnrt_call_number_at(call, place);
    if (text) return nnrt_every_parse(text, every);
    if (!isnan(steps)) every->steps = (int64_t)steps;
    return !isnan(steps);
}

int nnrt_callback_is_max(const nnrt_call *call) {
    const nnrt_callback_row *row = nnrt_callback_row_of(call);
    return row->mode &&
           nnrt_call_word_at(call, row->schema.args, row->mode) == NNRT_MAXIMUM_IS_BEST;
}

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
        callback->own = calloc(1, callback->row->own_size + 1);
        status = callback->own ? callback->row->open(callback, callbacks)
                               : nnrt_fail_memory("callbacks", callback->row->own_size);
    }
    if (status) nnrt_callbacks_close(callbacks);
    return status;
}

void nnrt_callbacks_close(nnrt_callbacks *callbacks) {
    for (int64_t i = callbacks->count - 1; i >= 0; i--) { // what `open` found is put back
        nnrt_callback *callback = &callbacks->items[i];
        if (callback->own && callback->row->close) callback->row->close(callback);
        free(callback->own);
    }
    free(callbacks->items);
    callbacks->items = NULL;
    callbacks->count = 0;
}

void nnrt_callbacks_state(nnrt_callbacks *callbacks, nnrt_state *state) {
    for (int64_t i = 0; i < callbacks->count; i++) {
        nnrt_callback *callback = &callbacks->items[i];
        if (!callback->row->state) continue;
        const char *name = callback->row->schema.name;
        const char *monitored = nnrt_callback_monitored(callback->call); // its best value is of it
        size_t outside = nnrt_state_enter(state, "callbacks/%" PRId64 "-%s%s%s", i, name,
                                          monitored ? "-" : "", monitored ? monitored : "");
        callback->row->state(callback, callbacks, state);
        nnrt_state_leave(state, outside);
    }
}

void nnrt_callback_weights_state(const nnrt_callbacks *all, nnrt_state *state, const char *name,
                                 float *values) {
    const nnrt_program *program = all->session->program;
    size_t outside = nnrt_state_enter(state, "%s", name);
    for (int64_t i = 0; i < program->parameter_count; i++) {
        const nnrt_parameter *parameter = &program->parameters[i];
        char own[1024];
        snprintf(own, sizeof own, "%s", parameter->name);
        nnrt_state_parameter(state, own, parameter, values + parameter->storage.offset);
    }
    nnrt_state_leave(state, outside);
}

nnrt_status nnrt_callbacks_restored(nnrt_callbacks *callbacks) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < callbacks->count && !status; i++)
        if (callbacks->items[i].row->restored)
            status = callbacks->items[i].row->restored(&callbacks->items[i]);
    return status;
}

void nnrt_callbacks_log(const nnrt_callbacks *callbacks, int64_t step, nnrt_log *log) {
    for (int64_t i = 0; i < callbacks->count; i++)
        if (callbacks->items[i].row->log) callbacks->items[i].row->log(callbacks, step, log);
}

int nnrt_callbacks_epoch(nnrt_callbacks *callbacks, int64_t epoch, const nnrt_log *log,
                         const nnrt_weights_info *info) {
    nnrt_moment at = {
        .epoch = epoch, .number = callbacks->epochs_before + epoch + 1, .log = log, .info = info};
    for (int64_t i = 0; i < callbacks->count; i++) {
        nnrt_callback *callback = &callbacks->items[i];
        const char *monitored = nnrt_callback_monitored(callback->call);
        at.value = monitored ? nnrt_log_value(log, monitored) : NAN;
        int has_failed = callback->row->epoch(callback, callbacks, &at) != NNRT_OK;
        // Hours of training are worth more than one file.
        if (has_failed && !callback->was_told)
            fprintf(stderr, "warning: %s; training goes on\n", nnrt_error());
        callback->was_told = has_failed;
        callbacks->has_failed |= has_failed;
    }
    for (int64_t i = callbacks->count - 1; i >= 0; i--) {
        nnrt_callback *callback = &callbacks->items[i];
        if (callback->row->after) callback->row->after(callback, callbacks);
    }
    return at.stop;
}

void nnrt_callbacks_look(nnrt_callbacks *callbacks) {
    for (int64_t i = 0; i < callbacks->count; i++) {
        nnrt_callback *callback = &callbacks->items[i];
        if (callback->row->look) callback->row->look(callback, callbacks);
    }
}

// The last one that restores decides, as the calls' order would.
static nnrt_callback *find_best(const nnrt_callbacks *callbacks) {
    nnrt_callback *found = NULL;
    for (int64_t i = 0; i < callbacks->count; i++) {
        nnrt_callback *callback = &callbacks->items[i];
        if (callback->row->best && callback->row->best(callback) >= 0) found = callback;
    }
    return found;
}

int64_t nnrt_callbacks_best(const nnrt_callbacks *callbacks) {
    const nnrt_callback *best = find_best(callbacks);
    return best ? callbacks->epochs_before + best->row->best(best) + 1 : 0;
}

int64_t nnrt_callbacks_end(nnrt_callbacks *callbacks) {
    for (int64_t i = 0; i < callbacks->count; i++) {
        nnrt_callback *callback = &callbacks->items[i];
        if (callback->row->finish) callback->row->finish(callback, callbacks);
    }
    nnrt_callback *best = find_best(callbacks);
    for (int64_t i = 0; i < callbacks->count; i++) {
        nnrt_callback *callback = &callbacks->items[i];
        if (!callback->row->end || !callback->row->end(callback)) continue;
        callbacks->has_failed = 1;
        if (!callback->was_told) fprintf(stderr, "warning: %s\n", nnrt_error());
    }
    if (best) best->row->restore(best, callbacks);
    return nnrt_callbacks_best(callbacks);
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

// A folder is made, if it is not there; its files have names that are new.
static nnrt_status check_folder(const char *path) {
    char probe[PATH_MAX];
    if (snprintf(probe, sizeof probe, "%s/probe", path) >= (int)sizeof probe)
        return nnrt_fail(NNRT_USAGE, "`%s` is too long for a folder", path);
    nnrt_status status = nnrt_callback_make_folders(probe);
    return status ? status : nnrt_file_probe(probe);
}

nnrt_status nnrt_callback_make_folders(const char *path) {
    char folder[PATH_MAX];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        int error = nnrt_folder_make(folder);
        if (error && error != EEXIST)
            return nnrt_fail(NNRT_ERROR, "cannot make the folder `%s`: %s", folder,
                             strerror(error));
    }
    return NNRT_OK;
}

// Folders whose names are not known yet are made later.
static nnrt_status check_path(const nnrt_call *call) {
    const char *pattern = nnrt_callback_path(call);
    nnrt_placeholder placeholder;
    nnrt_log none = {0};
    char path[PATH_MAX];
    if (!pattern) return NNRT_OK;
    nnrt_callback_file writes = nnrt_callback_row_of(call)->writes;
    if (writes == NNRT_WRITES_LOG) return check_log(pattern);
    if (writes == NNRT_WRITES_FILE) return nnrt_file_probe(pattern);
    if (writes == NNRT_WRITES_FOLDER) return check_folder(pattern);
    nnrt_status status = nnrt_pattern_path(pattern, 1, &none, path, sizeof path);
    if (status) return status;
    if (nnrt_placeholder_next(pattern, &placeholder) > 0 && strchr(placeholder.end, '/'))
        stay_above(pattern, &placeholder, path);
    status = nnrt_callback_make_folders(path);
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
