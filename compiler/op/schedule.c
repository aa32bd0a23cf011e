// Learning-rate schedules that `learning_rate =` takes besides a number. The rows are what the
// language knows of them; runtime/session/schedule.c computes them. Names and defaults are those of
// keras/src/optimizers/schedules/learning_rate_schedule.py (Keras 3), but for durations: their unit
// is the argument that they are given by, `epochs` or `steps`.
#include "training.h"

#include <math.h>
#include <string.h>

#define RATE(argument, keras, text)                                                                \
    {.name = (argument),                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .maximum = INFINITY,                                                                          \
     .keras_name = (keras),                                                                        \
     .doc = (text)}
#define INITIAL RATE("initial", "initial_learning_rate", "the first rate")
#define DURATION(keras, text)                                                                      \
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
#define OF_ONE(argument, value, keras, text)                                                       \
    {.name = (argument),                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (value),                                                                      \
     .maximum = 1,                                                                                 \
     .minimum_open = true,                                                                         \
     .keras_name = (keras),                                                                        \
     .doc = (text)}
#define STAIRCASE                                                                                  \
    {.name = "staircase",                                                                          \
     .type = ARG_BOOL,                                                                             \
     .default_text = "false",                                                                      \
     .by_name = true,                                                                              \
     .doc = "keep the rate until the whole duration is over"}
#define ALPHA                                                                                      \
    {.name = "alpha",                                                                              \
     .type = ARG_FLOAT,                                                                            \
     .default_text = "0",                                                                          \
     .maximum = 1,                                                                                 \
     .by_name = true,                                                                              \
     .doc = "share of the rate that is left at the end"}
#define FACTOR_FROM_1(argument, value, text)                                                       \
    {.name = (argument),                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (value),                                                                      \
     .minimum = 1,                                                                                 \
     .maximum = 1e6,                                                                               \
     .by_name = true,                                                                              \
     .doc = (text)}

static const ArgDef exponential_args[] = {
    INITIAL,
    OF_ONE("rate", NULL, "decay_rate", "factor of the rate over the duration"),
    DURATION("decay_steps", "how long the rate takes to shrink by `rate`"),
    STAIRCASE,
    {0},
};

static const ArgDef inverse_time_args[] = {
    INITIAL,
    {.name = "rate",
     .type = ARG_FLOAT,
     .maximum = INFINITY,
     .minimum_open = true,
     .keras_name = "decay_rate",
     .doc = "what the divisor gains over the duration"},
    DURATION("decay_steps", "how long the divisor takes to grow by `rate`"),
    STAIRCASE,
    {0},
};

static const ArgDef step_args[] = {
    INITIAL,
    OF_ONE("drop", "0.5", "factor gamma", "factor of the rate at the end of each duration"),
    DURATION("step_size", "how long a rate lasts"),
    {0},
};

#define BOUNDARIES(argument, keras, text)                                                          \
    {.name = (argument),                                                                           \
     .type = ARG_INTS,                                                                             \
     .default_text = "none",                                                                       \
     .minimum = 1,                                                                                 \
     .maximum = INFINITY,                                                                          \
     .keras_name = (keras),                                                                        \
     .by_name = true,                                                                              \
     .doc = (text)}

static const ArgDef piecewise_args[] = {
    INITIAL,
    {.name = "rates",
     .type = ARG_FLOATS,
     .maximum = INFINITY,
     .keras_name = "values",
     .by_name = true,
     .doc = "the rate after each boundary"},
    BOUNDARIES("epochs", NULL, "after how many epochs each next rate begins; this or `steps`"),
    BOUNDARIES("steps", "boundaries", "the index, from 0, of the last batch before each next rate"),
    {0},
};

static const ArgDef polynomial_args[] = {
    INITIAL,
    DURATION("decay_steps", "how long the rate falls"),
    {.name = "end",
     .type = ARG_FLOAT,
     .default_text = "0.0001",
     .maximum = INFINITY,
     .keras_name = "end_learning_rate",
     .by_name = true,
     .doc = "the last rate"},
    {.name = "power",
     .type = ARG_FLOAT,
     .default_text = "1",
     .maximum = INFINITY,
     .minimum_open = true,
     .by_name = true,
     .doc = "of the share that is left; 1: a line"},
    {.name = "cycle",
     .type = ARG_BOOL,
     .default_text = "false",
     .by_name = true,
     .doc = "begin anew, with a longer duration, rather than stay at `end`"},
    {0},
};

static const ArgDef cosine_args[] = {
    INITIAL,
    DURATION("decay_steps", "how long the rate falls"),
    ALPHA,
    {.name = "warmup_target",
     .type = ARG_FLOAT,
     .default_text = "none",
     .maximum = INFINITY,
     .by_name = true,
     .doc = "the rate that is reached from `initial` before it falls"},
    {.name = "warmup",
     .type = ARG_FLOAT,
     .default_text = "none",
     .maximum = INFINITY,
     .minimum_open = true,
     .keras_name = "warmup_steps",
     .by_name = true,
     .doc = "how long that takes, in the unit of the duration"},
    {0},
};

static const ArgDef cosine_restarts_args[] = {
    INITIAL,
    DURATION("first_decay_steps", "how long the rate falls the first time"),
    FACTOR_FROM_1("t_mul", "2", "factor of the duration at each restart"),
    OF_ONE("m_mul", "1", NULL, "factor of the first rate at each restart"),
    ALPHA,
    {0},
};

const Schema schedule_rows[] = {
    {"exponential_decay", "multiplies the rate by a factor again and again", exponential_args,
     "ExponentialDecay ExponentialLR"},
    {"step_decay", "lowers the rate in steps of equal length", step_args, "StepLR StepDecay"},
    {"piecewise", "changes the rate at given times", piecewise_args,
     "PiecewiseConstantDecay piecewise_constant MultiStepLR"},
    {"polynomial_decay", "lowers the rate along a line or a power of it", polynomial_args,
     "PolynomialDecay PolynomialLR linear_decay"},
    {"inverse_time_decay", "divides the rate by what grows with time", inverse_time_args,
     "InverseTimeDecay"},
    {"cosine", "lowers the rate along half a wave", cosine_args,
     "CosineDecay cosine_decay CosineAnnealingLR cosine_annealing"},
    {"cosine_restarts", "lowers the rate along half waves, each from the top again",
     cosine_restarts_args, "CosineDecayRestarts CosineAnnealingWarmRestarts"},
    {0},
};

const Schema *schedule_find(const char *name) {
    for (const Schema *row = schedule_rows; row->name; row++)
        if (strcmp(row->name, name) == 0) return row;
    return NULL;
}
