// The values of all epochs, and Keras's history.csv (CSVLogger): `epoch,` and the names in
// alphabetical order, the epoch counted from 0.
#ifndef NNRT_HISTORY_H
#define NNRT_HISTORY_H

#include "log.h"

typedef struct nnrt_history { // a zeroed one is ready
    nnrt_log names;           // the first epoch's
    double *values;           // [count, names.count]
    int64_t count, capacity;  // epochs
} nnrt_history;

// Names that the first epoch did not have are dropped.
void nnrt_history_add(nnrt_history *history, const nnrt_log *log);
double nnrt_history_value(const nnrt_history *history, int64_t epoch, int64_t name);
nnrt_status nnrt_history_write(const nnrt_history *history, const char *path);
void nnrt_history_free(nnrt_history *history);

#endif
