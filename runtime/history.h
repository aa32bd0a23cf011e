// The values of all epochs, and Keras's history.csv (CSVLogger): `epoch,` and the names in
// alphabetical order, the epoch counted from 0.
#ifndef NNRT_HISTORY_H
#define NNRT_HISTORY_H

#include "log.h"

typedef struct nnrt_history {
    nnrt_log *epochs;
    int64_t count, capacity;
} nnrt_history;

nnrt_status nnrt_history_open(nnrt_history *history, int64_t epochs);
void nnrt_history_add(nnrt_history *history, const nnrt_log *log); // up to the given number
nnrt_status nnrt_history_write(const nnrt_history *history, const char *path);
void nnrt_history_free(nnrt_history *history);

#endif
