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
    size_t size = (size_t)capacity * (size_t)history->names.count * sizeof *history->values;
    double *values = realloc(history->values, size);
    if (!values) return 0;
    history->values = values;
    history->capacity = capacity;
    return 1;
}

void nnrt_history_add(nnrt_history *history, const nnrt_log *log) {
    if (!history->count) history->names = *log;
    if (!log->count || !make_room(history)) return; // the older epochs stay
    for (int64_t i = 0; i < history->names.count; i++) {
        double *value = &history->values[history->count * history->names.count + i];
        *value = NAN;
        for (int64_t j = 0; j < log->count; j++)
            if (strcmp(log->values[j].name, history->names.values[i].name) == 0)
                *value = log->values[j].value;
    }
    history->count++;
}

double nnrt_history_value(const nnrt_history *history, int64_t epoch, int64_t name) {
    return history->values[epoch * history->names.count + name];
}

void nnrt_history_free(nnrt_history *history) {
    free(history->values);
    memset(history, 0, sizeof *history);
}

// The names' places in alphabetical order (insertion sort: they are few).
static void sort_names(const nnrt_log *log, int64_t order[NNRT_LOG_VALUES]) {
    for (int64_t i = 0; i < log->count; i++) {
        int64_t j = i;
        for (; j > 0 && strcmp(log->values[order[j - 1]].name, log->values[i].name) > 0; j--)
            order[j] = order[j - 1];
        order[j] = i;
    }
}

static void write_epoch(nnrt_file *file, const nnrt_history *history, int64_t epoch,
                        const int64_t *order) {
    nnrt_file_print(file, "%" PRId64, epoch);
    for (int64_t i = 0; i < history->names.count; i++) {
        char text[NNRT_JSON_NUMBER] = "NA"; // Keras's word for a missing one
        double value = nnrt_history_value(history, epoch, order[i]);
        if (!isnan(value)) nnrt_number_text(text, value);
        nnrt_file_print(file, ",%s", text);
    }
    nnrt_file_print(file, "\n");
}

nnrt_status nnrt_history_write(const nnrt_history *history, const char *path) {
    int64_t order[NNRT_LOG_VALUES] = {0};
    nnrt_file *file = nnrt_file_create(path);
    if (!file) return NNRT_ERROR;
    sort_names(&history->names, order);
    nnrt_file_print(file, "epoch");
    for (int64_t i = 0; i < history->names.count; i++)
        nnrt_file_print(file, ",%s", history->names.values[order[i]].name);
    nnrt_file_print(file, "\n");
    for (int64_t epoch = 0; epoch < history->count; epoch++)
        write_epoch(file, history, epoch, order);
    return nnrt_file_commit(file);
}
