// What the files of schedules share. A schedule is a row, beside its functions, of a table in one
// of them. Names and defaults are those of keras/src/optimizers/schedules/learning_rate_schedule.py
// (Keras 3), but for durations: their unit is the argument that they are given by, `epochs` or
// `steps`.
#ifndef NNRT_SCHEDULE_ROW_H
#define NNRT_SCHEDULE_ROW_H

#include "schedule.h"

#include "../../base/call.h"

#include <math.h>

// Ended by a row without name. A table more is a line in nnrt_schedule_tables
// (session/schedules/schedule.c).
extern const nnrt_schedule_row nnrt_schedule_constant[], nnrt_schedule_exponential[],
    nnrt_schedule_inverse_time[], nnrt_schedule_piecewise[], nnrt_schedule_polynomial[],
    nnrt_schedule_cosine[], nnrt_schedule_one_cycle[], nnrt_schedule_warmup[];

// The one of `epochs` and `steps`, which follows it, that is given; sets the schedule's unit.
int nnrt_schedule_duration_of(nnrt_schedule *schedule, const nnrt_call *call, int epochs,
                              int64_t epoch_steps);
// Its length, in steps.
void nnrt_schedule_read_length(nnrt_schedule *schedule, const nnrt_call *call, int epochs,
                               int64_t epoch_steps);
// How many lengths are over; with staircase, whole ones.
double nnrt_schedule_lengths(const nnrt_schedule *schedule, double step);

enum { NNRT_RATE_FIRST }; // the first argument of each

// ---- Arguments that several have.

#define NNRT_RATE(argument, keras, text)                                                           \
    {.name = (argument),                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .maximum = INFINITY,                                                                          \
     .keras_name = (keras),                                                                        \
     .doc = (text)}
#define NNRT_RATE_INITIAL NNRT_RATE("initial", "initial_learning_rate", "the first rate")
#define NNRT_RATE_DURATION(keras, text)                                                            \
    {.name = "epochs",                                                                             \
     .type = ARG_FLOAT,                                                                            \
     .default_text = "none",                                                                       \
     .maximum = INFINITY,                                                                          \
     .minimum_open = true,                                                                         \
     .by_name = true,                                                                              \
     .doc = text ", in epochs; this or `steps`"},                                                  \
        {.name = "steps",                                                                          \
         .type = ARG_INT,                                                                          \
         .default_text = "none",                                                                   \
         .minimum = 1,                                                                             \
         .maximum = INFINITY,                                                                      \
         .keras_name = (keras),                                                                    \
         .by_name = true,                                                                          \
         .doc = text ", in batches"}
#define NNRT_RATE_OF_ONE(argument, value, keras, text)                                             \
    {.name = (argument),                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (value),                                                                      \
     .maximum = 1,                                                                                 \
     .minimum_open = true,                                                                         \
     .keras_name = (keras),                                                                        \
     .doc = (text)}
#define NNRT_RATE_STAIRCASE                                                                        \
    {.name = "staircase",                                                                          \
     .type = ARG_BOOL,                                                                             \
     .default_text = "false",                                                                      \
     .by_name = true,                                                                              \
     .doc = "keep the rate until the whole duration is over"}
#define NNRT_RATE_ALPHA                                                                            \
    {.name = "alpha",                                                                              \
     .type = ARG_FLOAT,                                                                            \
     .default_text = "0",                                                                          \
     .maximum = 1,                                                                                 \
     .by_name = true,                                                                              \
     .doc = "share of the rate that is left at the end"}
#define NNRT_RATE_FACTOR_FROM_1(argument, value, text)                                             \
    {.name = (argument),                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (value),                                                                      \
     .minimum = 1,                                                                                 \
     .maximum = 1e6,                                                                               \
     .by_name = true,                                                                              \
     .doc = (text)}

#endif
