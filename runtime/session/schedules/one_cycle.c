// one_cycle: up to the largest rate and down to almost nothing, once. Smith and Topin 2018,
// arXiv:1708.07120. Names, defaults and numbers are those of PyTorch's OneCycleLR
// (torch/optim/lr_scheduler.py, with cycle_momentum=False); behind its end the last rate stays.
#include "row.h"

enum {
    CYCLE_EPOCHS = 1,
    CYCLE_STEPS,
    CYCLE_RISE,
    CYCLE_ANNEAL,
    CYCLE_DIV,
    CYCLE_FINAL_DIV,
    CYCLE_THREE_PHASES
};
enum { ANNEAL_COS, ANNEAL_LINEAR }; // the choices of `anneal`, in their order

#define DIVISOR(argument, value, keras, text)                                                      \
    {.name = (argument),                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (value),                                                                      \
     .minimum = 1,                                                                                 \
     .maximum = INFINITY,                                                                          \
     .keras_name = (keras),                                                                        \
     .by_name = true,                                                                              \
     .doc = (text)}

static const ArgDef one_cycle_args[] = {
    [NNRT_RATE_FIRST] = NNRT_RATE("peak", "max_lr max_learning_rate", "the largest rate"),
    NNRT_RATE_DURATION("total_steps", "how long the cycle is"),
    {.name = "rise",
     .type = ARG_FLOAT,
     .default_text = "0.3",
     .maximum = 1,
     .minimum_open = true,
     .maximum_open = true,
     .keras_name = "pct_start",
     .by_name = true,
     .doc = "the share of the cycle in which the rate rises"},
    [CYCLE_ANNEAL] = {.name = "anneal",
                      .type = ARG_WORD,
                      .default_text = "cos",
                      .choices = "cos linear",
                      .keras_name = "anneal_strategy",
                      .by_name = true,
                      .doc = "half waves or lines"},
    DIVISOR("div", "25", "div_factor", "the peak divided by the first rate"),
    DIVISOR("final_div", "10000", "final_div_factor", "the first rate divided by the last one"),
    {.name = "three_phase",
     .type = ARG_BOOL,
     .default_text = "false",
     .by_name = true,
     .doc = "fall to the first rate as long as it rose, then to the last one"},
    {0},
};

static void open_one_cycle(nnrt_schedule *s, const nnrt_call *call, int64_t epoch_steps) {
    nnrt_schedule_read_length(s, call, CYCLE_EPOCHS, epoch_steps);
    s->share = nnrt_call_number_at(call, CYCLE_RISE);
    s->is_linear = nnrt_call_word_at(call, one_cycle_args, CYCLE_ANNEAL) == ANNEAL_LINEAR;
    s->divisor = nnrt_call_number_at(call, CYCLE_DIV);
    s->end_divisor = nnrt_call_number_at(call, CYCLE_FINAL_DIV);
    s->staircase = nnrt_call_is_on(call, CYCLE_THREE_PHASES);
}

static double between(const nnrt_schedule *s, double from, double to, double share) {
    if (s->is_linear) return from + (to - from) * share;
    return to + (from - to) / 2 * (1 + cos(M_PI * share));
}

// The phases end at these steps; the rate is what it was at the end of the one before.
static double one_cycle(const nnrt_schedule *s, double step) {
    double first = s->initial / s->divisor, last = s->length - 1, rise = s->share * s->length;
    double ends[] = {rise - 1, s->staircase ? 2 * rise - 2 : last, last};
    double rates[] = {first, s->initial, s->staircase ? first : first / s->end_divisor,
                      first / s->end_divisor};
    double begin = 0;
    int count = s->staircase ? 3 : 2;
    for (int i = 0; i < count; i++) {
        if (step <= ends[i] && ends[i] > begin)
            return between(s, rates[i], rates[i + 1], (step - begin) / (ends[i] - begin));
        begin = ends[i];
    }
    return rates[count];
}

const nnrt_schedule_row nnrt_schedule_one_cycle[] = {
    {.schema = {"one_cycle", "raises the rate to its peak and lowers it to almost nothing",
                one_cycle_args, "OneCycleLR OneCycle onecycle"},
     .open = open_one_cycle,
     .rate = one_cycle},
    {.schema = {0}},
};
