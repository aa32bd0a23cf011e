// The learning rate of each step: a number, or a schedule of the language. Formulas:
// keras/src/optimizers/schedules/learning_rate_schedule.py (Keras 3), in double precision.
#ifndef NNRT_SCHEDULE_H
#define NNRT_SCHEDULE_H

#include "../base/status.h"
#include "../nnrt.h"

typedef struct nnrt_schedule nnrt_schedule;

struct nnrt_schedule {
    double (*rate)(const nnrt_schedule *schedule, double step);
    const nnrt_call *call;
    double initial, length; // the rate of the first step; steps
    double unit;            // steps of one unit of time: those of an epoch, or 1
    // Of some schedules: see compiler/op/schedule.c.
    double factor, alpha, end, power, warmup, warmup_target, length_factor, initial_factor;
    int by_epochs, staircase, cycle;
    const nnrt_option *boundaries, *rates;
};

// `call`: "constant" (option value) or a schedule, which must outlive *schedule. `epoch_steps`: of
// a whole epoch. `initial`: instead of the call's; 0: the call's. A schedule's own unit is that of
// the option which is given: epochs or steps.
nnrt_status nnrt_schedule_open(nnrt_schedule *schedule, const nnrt_call *call, int64_t epoch_steps,
                               double initial);

// `step`: how many were done before it, since the training block began (Keras's `iterations`).
double nnrt_schedule_rate(const nnrt_schedule *schedule, int64_t step);

// Whether the rate is one number, which may be changed (`initial`).
int nnrt_schedule_is_constant(const nnrt_schedule *schedule);

#endif
