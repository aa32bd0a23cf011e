#include "monitor.h"

#include <math.h>

static int is_better(const nnrt_monitor *monitor, double value, double than) {
    if (isnan(than)) return !isnan(value);
    return monitor->is_max ? value - monitor->min_delta > than : value + monitor->min_delta < than;
}

int nnrt_monitor_improve(nnrt_monitor *monitor, double value) {
    if (!is_better(monitor, value, monitor->best)) return 0;
    monitor->best = value;
    return 1;
}

int nnrt_stopping_epoch(nnrt_stopping *stopping, int64_t epoch, double value) {
    if (epoch < stopping->start_from_epoch) return 0;
    int keep = stopping->best_epoch < 0; // the first that counts, whatever it is worth
    stopping->wait++;
    if (keep) stopping->best_epoch = epoch;
    if (nnrt_monitor_improve(&stopping->monitor, value)) {
        stopping->best_epoch = epoch;
        // What does not reach the baseline is kept, but waiting goes on.
        int beats =
            isnan(stopping->baseline) || is_better(&stopping->monitor, value, stopping->baseline);
        if (beats) stopping->wait = 0;
        return NNRT_STOPPING_KEEP;
    }
    int stop = stopping->wait >= stopping->patience && epoch > 0;
    return (keep ? NNRT_STOPPING_KEEP : 0) | (stop ? NNRT_STOPPING_STOP : 0);
}

int nnrt_plateau_epoch(nnrt_plateau *plateau, double value, double *rate) {
    if (plateau->cooling) {
        plateau->cooling--;
        plateau->wait = 0;
    }
    if (nnrt_monitor_improve(&plateau->monitor, value)) {
        plateau->wait = 0;
        return 0;
    }
    if (plateau->cooling || ++plateau->wait < plateau->patience) return 0;
    if (*rate <= plateau->minimum) return 0;
    *rate = fmax(*rate * plateau->factor, plateau->minimum);
    plateau->cooling = plateau->cooldown;
    plateau->wait = 0;
    return 1;
}
