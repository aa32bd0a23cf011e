// polynomial_decay: a power of the share of the way that is left.
#include "row.h"

enum {
    POLYNOMIAL_EPOCHS = 1,
    POLYNOMIAL_STEPS,
    POLYNOMIAL_END,
    POLYNOMIAL_POWER,
    POLYNOMIAL_CYCLE
};

static const ArgDef polynomial_args[] = {
    NNRT_RATE_INITIAL,
    NNRT_RATE_DURATION("decay_steps", "how long the rate falls"),
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

static void open_polynomial(nnrt_schedule *s, const nnrt_call *call, int64_t epoch_steps) {
    nnrt_schedule_read_length(s, call, POLYNOMIAL_EPOCHS, epoch_steps);
    s->end = nnrt_call_number_at(call, POLYNOMIAL_END);
    s->power = nnrt_call_number_at(call, POLYNOMIAL_POWER);
    s->cycle = nnrt_call_is_on(call, POLYNOMIAL_CYCLE);
}

static double polynomial_decay(const nnrt_schedule *s, double step) {
    double length = s->length;
    if (s->cycle && step > 0)
        length *= ceil(step / length);
    else if (!s->cycle)
        step = fmin(step, length);
    return (s->initial - s->end) * pow(1 - step / length, s->power) + s->end;
}

const nnrt_schedule_row nnrt_schedule_polynomial[] = {
    {.schema = {"polynomial_decay", "lowers the rate along a line or a power of it",
                polynomial_args, "PolynomialDecay PolynomialLR linear_decay"},
     .open = open_polynomial,
     .rate = polynomial_decay},
    {.schema = {0}},
};
