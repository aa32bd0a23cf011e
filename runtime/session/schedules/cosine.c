// cosine and cosine_restarts: half waves.
#include "row.h"

// From 1 to `alpha` while `share` goes from 0 to 1.
static double half_wave(const nnrt_schedule *s, double share, double height) {
    return (1 - s->alpha) * 0.5 * height * (1 + cos(M_PI * share)) + s->alpha;
}

enum { COSINE_EPOCHS = 1, COSINE_STEPS, COSINE_ALPHA, COSINE_TARGET, COSINE_WARMUP };

static const ArgDef cosine_args[] = {
    NNRT_RATE_INITIAL,
    NNRT_RATE_DURATION("decay_steps", "how long the rate falls"),
    NNRT_RATE_ALPHA,
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
    nnrt_schedule_read_length(s, call, COSINE_EPOCHS, epoch_steps);
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
    NNRT_RATE_INITIAL,
    NNRT_RATE_DURATION("first_decay_steps", "how long the rate falls the first time"),
    NNRT_RATE_FACTOR_FROM_1("t_mul", "2", "factor of the duration at each restart"),
    NNRT_RATE_OF_ONE("m_mul", "1", NULL, "factor of the first rate at each restart"),
    NNRT_RATE_ALPHA,
    {0},
};

static void open_restarts(nnrt_schedule *s, const nnrt_call *call, int64_t epoch_steps) {
    nnrt_schedule_read_length(s, call, RESTARTS_EPOCHS, epoch_steps);
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

const nnrt_schedule_row nnrt_schedule_cosine[] = {
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
