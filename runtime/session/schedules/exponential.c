// exponential_decay and step_decay: powers of a factor.
#include "row.h"

enum { EXPONENTIAL_RATE = 1, EXPONENTIAL_EPOCHS, EXPONENTIAL_STEPS, EXPONENTIAL_STAIRCASE };

static const ArgDef exponential_args[] = {
    NNRT_RATE_INITIAL,
    NNRT_RATE_OF_ONE("rate", NULL, "decay_rate", "factor of the rate over the duration"),
    NNRT_RATE_DURATION("decay_steps", "how long the rate takes to shrink by `rate`"),
    NNRT_RATE_STAIRCASE,
    {0},
};

static void open_exponential(nnrt_schedule *s, const nnrt_call *call, int64_t epoch_steps) {
    nnrt_schedule_read_length(s, call, EXPONENTIAL_EPOCHS, epoch_steps);
    s->factor = nnrt_call_number_at(call, EXPONENTIAL_RATE);
    s->staircase = nnrt_call_is_on(call, EXPONENTIAL_STAIRCASE);
}

static double exponential_decay(const nnrt_schedule *s, double step) {
    return s->initial * pow(s->factor, nnrt_schedule_lengths(s, step));
}

enum { STEP_DROP = 1, STEP_EPOCHS };

static const ArgDef step_args[] = {
    NNRT_RATE_INITIAL,
    NNRT_RATE_OF_ONE("drop", "0.5", "factor gamma",
                     "factor of the rate at the end of each duration"),
    NNRT_RATE_DURATION("step_size", "how long a rate lasts"),
    {0},
};

static void open_step(nnrt_schedule *s, const nnrt_call *call, int64_t epoch_steps) {
    nnrt_schedule_read_length(s, call, STEP_EPOCHS, epoch_steps);
    s->factor = nnrt_call_number_at(call, STEP_DROP);
    s->staircase = 1;
}

const nnrt_schedule_row nnrt_schedule_exponential[] = {
    {.schema = {"exponential_decay", "multiplies the rate by a factor again and again",
                exponential_args, "ExponentialDecay ExponentialLR"},
     .open = open_exponential,
     .rate = exponential_decay},
    {.schema = {"step_decay", "lowers the rate in steps of equal length", step_args,
                "StepLR StepDecay"},
     .open = open_step,
     .rate = exponential_decay},
    {.schema = {0}},
};
