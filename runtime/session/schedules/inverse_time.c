// inverse_time_decay: a divisor that grows with time.
#include "row.h"

enum { INVERSE_RATE = 1, INVERSE_EPOCHS, INVERSE_STEPS, INVERSE_STAIRCASE };

static const ArgDef inverse_time_args[] = {
    NNRT_RATE_INITIAL,
    {.name = "rate",
     .type = ARG_FLOAT,
     .maximum = INFINITY,
     .minimum_open = true,
     .keras_name = "decay_rate",
     .doc = "what the divisor gains over the duration"},
    NNRT_RATE_DURATION("decay_steps", "how long the divisor takes to grow by `rate`"),
    NNRT_RATE_STAIRCASE,
    {0},
};

static void open_inverse_time(nnrt_schedule *s, const nnrt_call *call, int64_t epoch_steps) {
    nnrt_schedule_read_length(s, call, INVERSE_EPOCHS, epoch_steps);
    s->factor = nnrt_call_number_at(call, INVERSE_RATE);
    s->staircase = nnrt_call_is_on(call, INVERSE_STAIRCASE);
}

static double inverse_time_decay(const nnrt_schedule *s, double step) {
    return s->initial / (1 + s->factor * nnrt_schedule_lengths(s, step));
}

const nnrt_schedule_row nnrt_schedule_inverse_time[] = {
    {.schema = {"inverse_time_decay", "divides the rate by what grows with time", inverse_time_args,
                "InverseTimeDecay"},
     .open = open_inverse_time,
     .rate = inverse_time_decay},
    {.schema = {0}},
};
