// What callbacks decide at the end of an epoch, without what they do. As Keras 3:
// keras/src/callbacks/monitor_callback.py, early_stopping.py, reduce_lr_on_plateau.py; but a NaN
// improves nothing, not even the first time.
#ifndef NNRT_MONITOR_H
#define NNRT_MONITOR_H

#include <stdint.h>

typedef struct nnrt_monitor {
    int is_max;       // larger values are better
    double min_delta; // what an improvement is at least
    double best;      // NaN: none yet
} nnrt_monitor;

// Takes `value` as the best if it is better than the best before.
int nnrt_monitor_improve(nnrt_monitor *monitor, double value);

typedef struct nnrt_stopping {
    nnrt_monitor monitor;
    double baseline; // NaN: none
    int64_t patience, start_from_epoch;
    int64_t wait, best_epoch; // epochs since the last improvement; -1: no epoch counts yet
} nnrt_stopping;

enum { NNRT_STOPPING_KEEP = 1, NNRT_STOPPING_STOP = 2 };

// After `epoch` (from 0): KEEP when its weights are the best so far, STOP when training shall end.
int nnrt_stopping_epoch(nnrt_stopping *stopping, int64_t epoch, double value);

typedef struct nnrt_plateau {
    nnrt_monitor monitor;
    double factor, minimum; // of the learning rate
    int64_t patience, cooldown;
    int64_t wait, cooling; // epochs; of the cooldown, still to come
} nnrt_plateau;

// Lowers *rate where it is time; true if it did.
int nnrt_plateau_epoch(nnrt_plateau *plateau, double value, double *rate);

#endif
