#include "history.h"

#include "file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

nnrt_status nnrt_history_open(nnrt_history *history, int64_t epochs) {
    memset(history, 0, sizeof *history);
    // Grows to what is needed: the number of epochs may be "as many as it takes".
    history->capacity = epochs < 1024 ? epochs : 1024;
    history->epochs = calloc((size_t)history->capacity + 1, sizeof *history->epochs);
    return history->epochs ? NNRT_OK : nnrt_fail(NNRT_ERROR, "out of memory");
}

void nnrt_history_add(nnrt_history *history, const nnrt_log *log) {
    if (history->count == history->capacity) {
        int64_t capacity = history->capacity * 2 + 1;
        nnrt_log *epochs = realloc(history->epochs, (size_t)capacity * sizeof *epochs);
        if (!epochs) return; // the older epochs stay
        history->epochs = epochs;
        history->capacity = capacity;
    }
    history->epochs[history->count++] = *log;
}

void nnrt_history_free(nnrt_history *history) {
    free(history->epochs);
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

static void write_value(nnrt_file *file, const nnrt_log *log, const char *name) {
    char text[NNRT_JSON_NUMBER] = "NA"; // Keras's word for a missing one
    for (int64_t i = 0; i < log->count; i++)
        if (strcmp(log->values[i].name, name) == 0) nnrt_number_text(text, log->values[i].value);
    nnrt_file_print(file, ",%s", text);
}

nnrt_status nnrt_history_write(const nnrt_history *history, const char *path) {
    int64_t order[NNRT_LOG_VALUES];
    nnrt_file *file = nnrt_file_create(path);
    if (!file) return NNRT_ERROR;
    const nnrt_log *first = &history->epochs[0];
    sort_names(first, order);
    nnrt_file_print(file, "epoch");
    for (int64_t i = 0; i < first->count; i++)
        nnrt_file_print(file, ",%s", first->values[order[i]].name);
    nnrt_file_print(file, "\n");
    for (int64_t epoch = 0; epoch < history->count; epoch++) {
        nnrt_file_print(file, "%" PRId64, epoch);
        for (int64_t i = 0; i < first->count; i++)
            write_value(file, &history->epochs[epoch], first->values[order[i]].name);
        nnrt_file_print(file, "\n");
    }
    return nnrt_file_commit(file);
}
