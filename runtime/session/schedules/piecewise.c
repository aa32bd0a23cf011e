// piecewise: rates between boundaries.
#include "row.h"

enum { PIECEWISE_RATES = 1, PIECEWISE_EPOCHS };

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
    NNRT_RATE_INITIAL,
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

static void open_piecewise(nnrt_schedule *s, const nnrt_call *call, int64_t epoch_steps) {
    s->boundaries =
        &call->options[nnrt_schedule_duration_of(s, call, PIECEWISE_EPOCHS, epoch_steps)];
    s->rates = &call->options[PIECEWISE_RATES];
}

// With `steps`, a boundary is the last step before the next rate, as in Keras; with `epochs`, the
// rate changes when so many epochs are done.
static double piecewise(const nnrt_schedule *s, double step) {
    double rate = s->initial;
    for (int64_t i = 0; i < s->boundaries->count; i++) {
        double boundary = s->boundaries->numbers[i] * s->unit;
        if (s->by_epochs ? step >= boundary : step > boundary) rate = s->rates->numbers[i];
    }
    return rate;
}

const nnrt_schedule_row nnrt_schedule_piecewise[] = {
    {.schema = {"piecewise", "changes the rate at given times", piecewise_args,
                "PiecewiseConstantDecay piecewise_constant MultiStepLR"},
     .has_boundaries = 1,
     .open = open_piecewise,
     .rate = piecewise},
    {.schema = {0}},
};
