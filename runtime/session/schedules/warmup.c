// warmup: a line up to the first rate of another schedule, which begins behind it. Goyal et al.
// 2017, arXiv:1706.02677, section 2.2; as PyTorch's SequentialLR of a LinearLR and another one.
#include "row.h"

enum { WARMUP_THEN, WARMUP_EPOCHS, WARMUP_STEPS, WARMUP_START };

static const ArgDef warmup_args[] = {
    [WARMUP_THEN] = {.name = "rate",
                     .type = ARG_RATE,
                     .maximum = INFINITY,
                     .keras_name = "schedule",
                     .doc = "what follows, from its first rate on: a number or a schedule"},
    NNRT_RATE_DURATION("warmup_steps", "how long the rate rises"),
    [WARMUP_START] = {.name = "start",
                      .type = ARG_FLOAT,
                      .default_text = "0",
                      .maximum = INFINITY,
                      .keras_name = "initial",
                      .by_name = true,
                      .doc = "the rate of the first step"},
    {0},
};

// The schedule becomes the one that follows, with a rise before it.
static void open_warmup(nnrt_schedule *s, const nnrt_call *call, int64_t epoch_steps) {
    const nnrt_call *then = call->options[WARMUP_THEN].call;
    double initial = s->initial;
    nnrt_schedule_read_length(s, call, WARMUP_EPOCHS, epoch_steps);
    double rise = s->length;
    if (then)
        nnrt_schedule_open(s, then, epoch_steps, isnan(initial) ? 0 : initial);
    else
        *s = (nnrt_schedule){.rate = nnrt_schedule_constant->rate, .initial = initial};
    s->rise = rise;
    s->rise_start = nnrt_call_number_at(call, WARMUP_START);
}

const nnrt_schedule_row nnrt_schedule_warmup[] = {
    {.schema = {"warmup", "raises the rate along a line before another schedule", warmup_args,
                "WarmUp linear_warmup LinearLR"},
     .leads = 1,
     .open = open_warmup},
    {.schema = {0}},
};
