// The values of all epochs, and Keras's history.csv (CSVLogger): `epoch,` and the names in
// alphabetical order, the epoch counted from 0.
#ifndef NNRT_HISTORY_H
#define NNRT_HISTORY_H

#include "log.h"

typedef struct nnrt_history { // a zeroed one is ready
    nnrt_log names;           // of all epochs, in the order in which they came
    double *values;           // [count, NNRT_LOG_VALUES]; NaN: the epoch has none
    int64_t count, capacity;  // epochs
} nnrt_history;

void nnrt_history_add(nnrt_history *history, const nnrt_log *log);
double nnrt_history_value(const nnrt_history *history, int64_t epoch, int64_t name);
nnrt_status nnrt_history_write(const nnrt_history *history, const char *path);
void nnrt_history_free(nnrt_history *history);

#endif
