// csv_log: Keras's CSVLogger, with its line ends; epochs count from 1 as everywhere. The file
// is there from the first epoch's end on.
#include "row.h"

#include "../../files/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CSV_PATH, CSV_APPEND };

static const ArgDef csv_args[] = {
    {.name = "path",
     .type = ARG_STRING,
     .keras_name = "filename filepath",
     .doc = "the file, from the current folder"},
    NNRT_CALLBACK_SWITCH("append", "go on at the end of the file"),
    {0},
};

typedef struct csv_log {
    nnrt_log keys; // the columns
    int is_due;    // its file is still to be opened
    FILE *file;
    int64_t size; // of the file, with the epochs that are done; 0: it is not opened yet
} csv_log;

static nnrt_status fail_csv(const nnrt_callback *callback) {
    return nnrt_fail(NNRT_ERROR, "cannot write `%s`: %s", nnrt_callback_path(callback->call),
                     nnrt_file_reason(errno));
}

// An older file is emptied when the first epoch is to be written, not before; a pipe, which has
// nothing to lose, is opened before training.
static nnrt_status open_csv(nnrt_callback *callback, const nnrt_callbacks *all) {
    const char *path = nnrt_callback_path(callback->call);
    csv_log *own = callback->own;
    struct stat status;
    (void)all;
    own->is_due = stat(path, &status) != 0 || !S_ISFIFO(status.st_mode);
    if (own->is_due) return NNRT_OK;
    int pipe = nnrt_file_open_in_place(path);
    own->file = pipe < 0 ? NULL : fdopen(pipe, "a");
    return own->file ? NNRT_OK : fail_csv(callback);
}

static nnrt_status open_file(nnrt_callback *callback) {
    csv_log *own = callback->own;
    const char *path = nnrt_callback_path(callback->call);
    own->is_due = 0;
    own->file = fopen(path, nnrt_call_is_on(callback->call, CSV_APPEND) ? "ae" : "we");
    return own->file ? NNRT_OK : fail_csv(callback);
}

static void put_head(const csv_log *own) {
    struct stat status;
    if (fstat(fileno(own->file), &status) == 0 && status.st_size > 0) return; // it has one
    fprintf(own->file, "epoch");
    for (int64_t i = 0; i < own->keys.count; i++)
        fprintf(own->file, ",%s", own->keys.values[i].name);
    fprintf(own->file, "\r\n");
}

static nnrt_status end_csv_epoch(nnrt_callback *callback, nnrt_callbacks *all, nnrt_moment *at) {
    csv_log *own = callback->own;
    (void)all;
    if (own->is_due && open_file(callback)) return NNRT_ERROR;
    if (!own->file) return NNRT_OK; // it failed before
    if (!own->keys.count) {
        own->keys = *at->log;
        nnrt_log_sort(&own->keys);
        put_head(own);
    }
    fprintf(own->file, "%" PRId64, at->number);
    for (int64_t i = 0; i < own->keys.count; i++) {
        char text[NNRT_JSON_NUMBER] = "NA";
        double value = nnrt_log_value(at->log, own->keys.values[i].name);
        if (!isnan(value)) nnrt_number_text(text, value);
        fprintf(own->file, ",%s", text);
    }
    fprintf(own->file, "\r\n");
    if (fflush(own->file) == 0) {
        own->size = ftell(own->file);
        return NNRT_OK;
    }
    nnrt_status status = fail_csv(callback);
    fclose(own->file);
    own->file = NULL;
    return status;
}

static void close_csv(nnrt_callback *callback) {
    csv_log *own = callback->own;
    if (own->file) fclose(own->file);
}

static void add_state(nnrt_callback *callback, const nnrt_callbacks *all, nnrt_state *state) {
    csv_log *own = callback->own;
    (void)all;
    nnrt_state_integer(state, "size", &own->size);
}

// Epochs that the training comes to again are taken away. What is no file, or is shorter (somebody
// else changed it), is only added to.
static nnrt_status go_on(nnrt_callback *callback) {
    csv_log *own = callback->own;
    const char *path = nnrt_callback_path(callback->call);
    struct stat status;
    if (!own->is_due || own->size <= 0) return NNRT_OK;
    own->is_due = 0;
    own->file = fopen(path, "ae");
    if (!own->file) return fail_csv(callback);
    int is_longer = fstat(fileno(own->file), &status) == 0 && S_ISREG(status.st_mode) &&
                    status.st_size > own->size;
    if (is_longer && ftruncate(fileno(own->file), own->size) != 0) return fail_csv(callback);
    return NNRT_OK;
}

const nnrt_callback_row nnrt_callback_csv_log[] = {
    {.schema = {"csv_log", "writes the values of each epoch to a file", csv_args,
                "CSVLogger csv_logger"},
     .writes = NNRT_WRITES_LOG,
     .own_size = sizeof(csv_log),
     .open = open_csv,
     .epoch = end_csv_epoch,
     .state = add_state,
     .restored = go_on,
     .close = close_csv},
    {.schema = {0}},
};
