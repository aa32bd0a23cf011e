// The learning rate of each step: a number, or a schedule of the language. Formulas:
// keras/src/optimizers/schedules/learning_rate_schedule.py (Keras 3), in double precision.
#ifndef NNRT_SCHEDULE_H
#define NNRT_SCHEDULE_H

#include "../../base/schema.h"
#include "../../nnrt.h"

typedef struct nnrt_schedule nnrt_schedule;

struct nnrt_schedule {
    double (*rate)(const nnrt_schedule *schedule, double step);
    double initial, length; // the rate of the first step; steps
    double unit;            // steps of one unit of time: those of an epoch, or 1
    // Of some schedules.
    double factor, alpha, end, power, warmup, warmup_target, length_factor, initial_factor;
    double share, divisor, end_divisor;
    int by_epochs, staircase, cycle, is_linear;
    const nnrt_option *boundaries, *rates;
    // Of a warm-up in front of it: steps, and the rate of the first; 0: there is none. All the rest
    // is of what follows.
    double rise, rise_start;
};

// A schedule is a row, beside its functions, in a file of schedules/. Its first argument is the
// first rate, or that of the schedule that it leads to.
typedef struct nnrt_schedule_row {
    Schema schema;
    int is_number;      // what a number stands for
    int has_boundaries; // `epochs` and `steps` are lists beside `rates`
    int has_warmup;     // `warmup` and `warmup_target` belong together
    int leads;          // to another schedule, its first argument
    // Reads the options that `rate` needs, by their place; NULL: the first rate is enough.
    void (*open)(nnrt_schedule *schedule, const nnrt_call *call, int64_t epoch_steps);
    double (*rate)(const nnrt_schedule *schedule, double step);
} nnrt_schedule_row;

extern const nnrt_schedule_row *const nnrt_schedule_tables[]; // ended by NULL

const nnrt_schedule_row *nnrt_schedule_row_of(const nnrt_call *call);
const nnrt_schedule_row *nnrt_schedule_number_row(void); // what a number stands for

// `call` must outlive *schedule. `epoch_steps`: of a whole epoch. `initial`: instead of the call's;
// 0: the call's. A schedule's own unit is that of the option which is given: epochs or steps.
void nnrt_schedule_open(nnrt_schedule *schedule, const nnrt_call *call, int64_t epoch_steps,
                        double initial);

// `step`: how many were done before it, since the training block began (Keras's `iterations`).
double nnrt_schedule_rate(const nnrt_schedule *schedule, int64_t step);

#endif
