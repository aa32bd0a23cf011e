// One row a schedule, beside its functions. Names and defaults are those of
// keras/src/optimizers/schedules/learning_rate_schedule.py (Keras 3), but for durations: their unit
// is the argument that they are given by, `epochs` or `steps`.
#include "schedule.h"

#include "../base/call.h"

#include <math.h>

// ---- Arguments that several have.

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

enum { INITIAL_RATE }; // the first of each

// The one of `epochs` and `steps`, which follows it, that is given.
static int duration_of(nnrt_schedule *s, const nnrt_call *call, int epochs, int64_t epoch_steps) {
    const nnrt_option *option = &call->options[epochs];
    s->by_epochs = option->numbers || !isnan(option->number);
    s->unit = s->by_epochs ? (double)epoch_steps : 1;
    return s->by_epochs ? epochs : epochs + 1;
}

static void read_duration(nnrt_schedule *s, const nnrt_call *call, int epochs,
                          int64_t epoch_steps) {
    int duration = duration_of(s, call, epochs, epoch_steps);
    s->length = nnrt_call_number_at(call, duration) * s->unit;
}

// ---- A number.

static const ArgDef constant_args[] = {
    [INITIAL_RATE] = RATE("value", NULL, "the rate of every step"), {0}};

static double constant(const nnrt_schedule *s, double step) {
    (void)step;
    return s->initial;
}

// ---- Decays.

enum { EXPONENTIAL_RATE = 1, EXPONENTIAL_EPOCHS, EXPONENTIAL_STEPS, EXPONENTIAL_STAIRCASE };

static const ArgDef exponential_args[] = {
    INITIAL,
    OF_ONE("rate", NULL, "decay_rate", "factor of the rate over the duration"),
    DURATION("decay_steps", "how long the rate takes to shrink by `rate`"),
    STAIRCASE,
    {0},
};

static void open_exponential(nnrt_schedule *s, const nnrt_call *call, int64_t epoch_steps) {
    read_duration(s, call, EXPONENTIAL_EPOCHS, epoch_steps);
    s->factor = nnrt_call_number_at(call, EXPONENTIAL_RATE);
    s->staircase = nnrt_call_is_on(call, EXPONENTIAL_STAIRCASE);
}

// How many durations are over.
static double durations(const nnrt_schedule *s, double step) {
    double share = step / s->length;
    return s->staircase ? floor(share) : share;
}

static double exponential_decay(const nnrt_schedule *s, double step) {
    return s->initial * pow(s->factor, durations(s, step));
}

enum { STEP_DROP = 1, STEP_EPOCHS };

static const ArgDef step_args[] = {
    INITIAL,
    OF_ONE("drop", "0.5", "factor gamma", "factor of the rate at the end of each duration"),
    DURATION("step_size", "how long a rate lasts"),
    {0},
};

static void open_step(nnrt_schedule *s, const nnrt_call *call, int64_t epoch_steps) {
    read_duration(s, call, STEP_EPOCHS, epoch_steps);
    s->factor = nnrt_call_number_at(call, STEP_DROP);
    s->staircase = 1;
}

enum { INVERSE_RATE = 1, INVERSE_EPOCHS, INVERSE_STEPS, INVERSE_STAIRCASE };

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

static void open_inverse_time(nnrt_schedule *s, const nnrt_call *call, int64_t epoch_steps) {
    read_duration(s, call, INVERSE_EPOCHS, epoch_steps);
    s->factor = nnrt_call_number_at(call, INVERSE_RATE);
    s->staircase = nnrt_call_is_on(call, INVERSE_STAIRCASE);
}

static double inverse_time_decay(const nnrt_schedule *s, double step) {
    return s->initial / (1 + s->factor * durations(s, step));
}

// ---- piecewise.

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

static void open_piecewise(nnrt_schedule *s, const nnrt_call *call, int64_t epoch_steps) {
    s->boundaries = &call->options[duration_of(s, call, PIECEWISE_EPOCHS, epoch_steps)];
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

// ---- polynomial_decay.

enum {
    POLYNOMIAL_EPOCHS = 1,
    POLYNOMIAL_STEPS,
    POLYNOMIAL_END,
    POLYNOMIAL_POWER,
    POLYNOMIAL_CYCLE
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

static void open_polynomial(nnrt_schedule *s, const nnrt_call *call, int64_t epoch_steps) {
    read_duration(s, call, POLYNOMIAL_EPOCHS, epoch_steps);
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

// ---- Half waves.

// From 1 to `alpha` while `share` goes from 0 to 1.
static double half_wave(const nnrt_schedule *s, double share, double height) {
    return (1 - s->alpha) * 0.5 * height * (1 + cos(M_PI * share)) + s->alpha;
}

enum { COSINE_EPOCHS = 1, COSINE_STEPS, COSINE_ALPHA, COSINE_TARGET, COSINE_WARMUP };

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

static void open_cosine(nnrt_schedule *s, const nnrt_call *call, int64_t epoch_steps) {
    double warmup = nnrt_call_number_at(call, COSINE_WARMUP);
    read_duration(s, call, COSINE_EPOCHS, epoch_steps);
    s->alpha = nnrt_call_number_at(call, COSINE_ALPHA);
    s->warmup_target = nnrt_call_number_at(call, COSINE_TARGET);
    s->warmup = isnan(warmup) ? 0 : warmup * s->unit;
}

static double cosine(const nnrt_schedule *s, double step) {
    if (step < s->warmup) return (s->warmup_target - s->initial) * (step / s->warmup) + s->initial;
    double top = isnan(s->warmup_target) ? s->initial : s->warmup_target;
    return top * half_wave(s, fmin(step - s->warmup, s->length) / s->length, 1);
}

enum { RESTARTS_EPOCHS = 1, RESTARTS_STEPS, RESTARTS_T, RESTARTS_M, RESTARTS_ALPHA };

static const ArgDef cosine_restarts_args[] = {
    INITIAL,
    DURATION("first_decay_steps", "how long the rate falls the first time"),
    FACTOR_FROM_1("t_mul", "2", "factor of the duration at each restart"),
    OF_ONE("m_mul", "1", NULL, "factor of the first rate at each restart"),
    ALPHA,
    {0},
};

static void open_restarts(nnrt_schedule *s, const nnrt_call *call, int64_t epoch_steps) {
    read_duration(s, call, RESTARTS_EPOCHS, epoch_steps);
    s->length_factor = nnrt_call_number_at(call, RESTARTS_T);
    s->initial_factor = nnrt_call_number_at(call, RESTARTS_M);
    s->alpha = nnrt_call_number_at(call, RESTARTS_ALPHA);
}

// The restarts are counted, where Keras computes their number with logarithms.
static double cosine_restarts(const nnrt_schedule *s, double step) {
    double length = s->length, height = 1;
    if (s->length_factor == 1) {
        height = pow(s->initial_factor, floor(step / length));
        step = fmod(step, length);
    }
    while (step >= length) {
        step -= length;
        length *= s->length_factor;
        height *= s->initial_factor;
    }
    return s->initial * half_wave(s, step / length, height);
}

// ---- The rows.

const nnrt_schedule_row nnrt_schedule_rows[] = {
    {.schema = {"constant", "keeps one rate", constant_args, NULL},
     .is_number = 1,
     .rate = constant},
    {.schema = {"exponential_decay", "multiplies the rate by a factor again and again",
                exponential_args, "ExponentialDecay ExponentialLR"},
     .open = open_exponential,
     .rate = exponential_decay},
    {.schema = {"step_decay", "lowers the rate in steps of equal length", step_args,
                "StepLR StepDecay"},
     .open = open_step,
     .rate = exponential_decay},
    {.schema = {"piecewise", "changes the rate at given times", piecewise_args,
                "PiecewiseConstantDecay piecewise_constant MultiStepLR"},
     .has_boundaries = 1,
     .open = open_piecewise,
     .rate = piecewise},
    {.schema = {"polynomial_decay", "lowers the rate along a line or a power of it",
                polynomial_args, "PolynomialDecay PolynomialLR linear_decay"},
     .open = open_polynomial,
     .rate = polynomial_decay},
    {.schema = {"inverse_time_decay", "divides the rate by what grows with time", inverse_time_args,
                "InverseTimeDecay"},
     .open = open_inverse_time,
     .rate = inverse_time_decay},
    {.schema = {"cosine", "lowers the rate along half a wave", cosine_args,
                "CosineDecay cosine_decay CosineAnnealingLR cosine_annealing"},
     .has_warmup = 1,
     .open = open_cosine,
     .rate = cosine},
    {.schema = {"cosine_restarts", "lowers the rate along half waves, each from the top again",
                cosine_restarts_args, "CosineDecayRestarts CosineAnnealingWarmRestarts"},
     .open = open_restarts,
     .rate = cosine_restarts},
    {.schema = {0}},
};

void nnrt_schedule_open(nnrt_schedule *schedule, const nnrt_call *call, int64_t epoch_steps,
                        double initial) {
    const nnrt_schedule_row *row = &nnrt_schedule_rows[call->row];
    *schedule = (nnrt_schedule){.rate = row->rate};
    schedule->initial = initial > 0 ? initial : nnrt_call_number_at(call, INITIAL_RATE);
    if (row->open) row->open(schedule, call, epoch_steps);
}

double nnrt_schedule_rate(const nnrt_schedule *schedule, int64_t step) {
    return schedule->rate(schedule, (double)step);
}
