#include "history.h"

#include "file.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

// Room for one epoch more; 0 when memory ran out.
static int make_room(nnrt_history *history) {
    if (history->count < history->capacity) return 1;
    int64_t capacity = history->capacity ? history->capacity * 2 : FIRST_CAPACITY;
    size_t size = (size_t)capacity * NNRT_LOG_VALUES * sizeof *history->values;
    double *values = realloc(history->values, size);
    if (!values) return 0;
    history->values = values;
    history->capacity = capacity;
    return 1;
}

// Later training blocks may have names of their own. NULL: there are too many.
static double *find_value(nnrt_history *history, double *values, const char *name) {
    int64_t i = 0;
    while (i < history->names.count && strcmp(history->names.values[i].name, name) != 0) i++;
    if (i == history->names.count) nnrt_log_put(&history->names, name, 0);
    return i < history->names.count ? &values[i] : NULL;
}

void nnrt_history_add(nnrt_history *history, const nnrt_log *log) {
    if (!log->count || !make_room(history)) return; // the older epochs stay
    double *values = history->values + history->count++ * NNRT_LOG_VALUES;
    for (int64_t i = 0; i < NNRT_LOG_VALUES; i++) values[i] = NAN;
    for (int64_t i = 0; i < log->count; i++) {
        double *value = find_value(history, values, log->values[i].name);
        if (value) *value = log->values[i].value;
    }
}

double nnrt_history_value(const nnrt_history *history, int64_t epoch, int64_t name) {
    return history->values[epoch * NNRT_LOG_VALUES + name];
}

void nnrt_history_free(nnrt_history *history) {
    free(history->values);
    memset(history, 0, sizeof *history);
}

static nnrt_log sorted_names(const nnrt_history *history) {
    nnrt_log names = history->names;
    for (int64_t i = 0; i < names.count; i++) names.values[i].value = (double)i; // its place
    nnrt_log_sort(&names);
    return names;
}

static void write_epoch(nnrt_file *file, const nnrt_history *history, int64_t epoch,
                        const nnrt_log *names) {
    nnrt_file_print(file, "%" PRId64, epoch);
    for (int64_t i = 0; i < names->count; i++) {
        char text[NNRT_JSON_NUMBER] = "NA"; // Keras's word for a missing one
        double value = nnrt_history_value(history, epoch, (int64_t)names->values[i].value);
        if (!isnan(value)) nnrt_number_text(text, value);
        nnrt_file_print(file, ",%s", text);
    }
    nnrt_file_print(file, "\n");
}

nnrt_status nnrt_history_write(const nnrt_history *history, const char *path) {
    nnrt_file *file = nnrt_file_create(path);
    if (!file) return NNRT_ERROR;
    nnrt_log names = sorted_names(history);
    nnrt_file_print(file, "epoch");
    for (int64_t i = 0; i < names.count; i++) nnrt_file_print(file, ",%s", names.values[i].name);
    nnrt_file_print(file, "\n");
    for (int64_t epoch = 0; epoch < history->count; epoch++)
        write_epoch(file, history, epoch, &names);
    return nnrt_file_commit(file);
}
