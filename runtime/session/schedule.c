#include "schedule.h"

#include "../base/call.h"

#include <math.h>

static double constant(const nnrt_schedule *s, double step) {
    (void)step;
    return s->initial;
}

// How many durations are over.
static double durations(const nnrt_schedule *s, double step) {
    double share = step / s->length;
    return s->staircase ? floor(share) : share;
}

static double exponential_decay(const nnrt_schedule *s, double step) {
    return s->initial * pow(s->factor, durations(s, step));
}

static double inverse_time_decay(const nnrt_schedule *s, double step) {
    return s->initial / (1 + s->factor * durations(s, step));
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

static double polynomial_decay(const nnrt_schedule *s, double step) {
    double length = s->length;
    if (s->cycle && step > 0)
        length *= ceil(step / length);
    else if (!s->cycle)
        step = fmin(step, length);
    return (s->initial - s->end) * pow(1 - step / length, s->power) + s->end;
}

// From 1 to `alpha` while `share` goes from 0 to 1.
static double half_wave(const nnrt_schedule *s, double share, double height) {
    return (1 - s->alpha) * 0.5 * height * (1 + cos(M_PI * share)) + s->alpha;
}

static double cosine(const nnrt_schedule *s, double step) {
    if (step < s->warmup) return (s->warmup_target - s->initial) * (step / s->warmup) + s->initial;
    double top = isnan(s->warmup_target) ? s->initial : s->warmup_target;
    return top * half_wave(s, fmin(step - s->warmup, s->length) / s->length, 1);
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

static const struct {
    const char *name;
    double (*rate)(const nnrt_schedule *schedule, double step);
    const char *factor; // the option that `factor` is
} kinds[] = {
    {"constant", constant, ""},
    {"exponential_decay", exponential_decay, "rate"},
    {"step_decay", exponential_decay, "drop"},
    {"inverse_time_decay", inverse_time_decay, "rate"},
    {"piecewise", piecewise, ""},
    {"polynomial_decay", polynomial_decay, ""},
    {"cosine", cosine, ""},
    {"cosine_restarts", cosine_restarts, ""},
};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

static int is_given(const nnrt_call *call, const char *name) {
    const nnrt_option *option = nnrt_call_find(call, name);
    return option && (option->numbers || !isnan(option->number));
}

static void read_options(nnrt_schedule *s, const nnrt_call *call, int64_t epoch_steps) {
    s->by_epochs = is_given(call, "epochs");
    const char *unit = s->by_epochs ? "epochs" : "steps";
    s->unit = s->by_epochs ? (double)epoch_steps : 1;
    s->length = nnrt_call_number(call, unit, 1) * s->unit;
    s->boundaries = nnrt_call_find(call, unit);
    s->rates = nnrt_call_find(call, "rates");
    s->staircase = nnrt_call_is(call, "step_decay") || nnrt_call_number(call, "staircase", 0) != 0;
    s->cycle = nnrt_call_number(call, "cycle", 0) != 0;
    s->alpha = nnrt_call_number(call, "alpha", 0);
    s->end = nnrt_call_number(call, "end", 0.0001);
    s->power = nnrt_call_number(call, "power", 1);
    s->warmup = nnrt_call_number(call, "warmup", 0) * s->unit;
    s->warmup_target = nnrt_call_number(call, "warmup_target", NAN);
    s->length_factor = nnrt_call_number(call, "t_mul", 2);
    s->initial_factor = nnrt_call_number(call, "m_mul", 1);
}

nnrt_status nnrt_schedule_open(nnrt_schedule *schedule, const nnrt_call *call, int64_t epoch_steps,
                               double initial) {
    *schedule = (nnrt_schedule){.call = call};
    const char *name = nnrt_call_is(call, "constant") ? "value" : "initial";
    schedule->initial = initial > 0 ? initial : nnrt_call_number(call, name, 0.01);
    read_options(schedule, call, epoch_steps);
    for (int i = 0; i < KIND_COUNT && !schedule->rate; i++) {
        if (!nnrt_call_is(call, kinds[i].name)) continue;
        schedule->rate = kinds[i].rate;
        schedule->factor = nnrt_call_number(call, kinds[i].factor, 1);
    }
    if (schedule->rate) return NNRT_OK;
    return nnrt_fail(NNRT_BUG, "the learning-rate schedule `%s` is unknown",
                     call->name ? call->name : "");
}

double nnrt_schedule_rate(const nnrt_schedule *schedule, int64_t step) {
    return schedule->rate(schedule, (double)step);
}

int nnrt_schedule_is_constant(const nnrt_schedule *schedule) {
    return schedule->rate == constant;
}
