#include "causes.h"

#include <math.h>

// Instructions of a vector, each as long as a multiply-add. A value is loaded or stored once in two
// as a rule, which other units do; a copy is a load and a store, of which a core does one a cycle;
// a partial sum is a load, a conversion and an addition in double precision.
enum { OF_A_VALUE = 1, OF_A_FUNCTION = 20, OF_A_CONVERSION = 2, OF_A_MOVE = 2, OF_A_SUM = 4 };

typedef struct view {
    const nnrt_roof *roof;
    const nnrt_group *group;
    double steps, samples; // of all steps
    double workers, rows;  // the mean numbers; samples of a step
} view;

static double total(const view *v, const nnrt_count *amount) {
    return amount->sample * v->samples + amount->step * v->steps;
}

static double quotient(double x, double y) {
    return y > 0 ? x / y : 0;
}

// All workers share the work; as many as ran do so much a second.
static double speed(const view *v, double of_all) {
    return v->roof->workers > 0 ? of_all * v->workers / v->roof->workers : 0;
}

static double seconds_of(const view *v, const nnrt_count *amount, double instructions) {
    return quotient(instructions * total(v, amount), speed(v, v->roof->flops) / 2);
}

static void count_instructions(const view *v, double *seconds) {
    const nnrt_effort *e = &v->group->effort;
    int is_narrow = v->group->in_bfloat16 && v->roof->narrow_flops > 0;
    double flops = is_narrow ? v->roof->narrow_flops : v->roof->flops;
    seconds[NNRT_CAUSE_PRODUCTS] = quotient(total(v, &e->products), speed(v, flops));
    seconds[NNRT_CAUSE_VALUES] = seconds_of(v, &e->values, OF_A_VALUE);
    seconds[NNRT_CAUSE_FUNCTIONS] = seconds_of(v, &e->functions, OF_A_FUNCTION);
    seconds[NNRT_CAUSE_CONVERTED] = seconds_of(v, &e->converted, OF_A_CONVERSION);
    seconds[NNRT_CAUSE_MOVED] = seconds_of(v, &e->moved, OF_A_MOVE);
    seconds[NNRT_CAUSE_JOINED] = seconds_of(v, &e->joined, OF_A_SUM);
}

// ---- Bytes.

// Bytes that a worker has touched since it touched these, and these themselves.
static double distance(const view *v, const nnrt_touch *touch) {
    double own = v->rows / v->workers;
    if (touch->window && (double)touch->window < own) own = (double)touch->window;
    return own * (touch->between.sample + touch->bytes.sample) + touch->between.step +
           touch->bytes.step;
}

// NNRT_CAUSES: the first cache.
static nnrt_cause place_of(const view *v, const nnrt_touch *touch) {
    const int64_t *sizes = v->roof->cache_sizes;
    double bytes = distance(v, touch);
    int is_foreign = touch->is_foreign && v->workers > 1.5;
    if (touch->is_data) return NNRT_CAUSE_MEMORY;
    if (!is_foreign && bytes <= (double)sizes[NNRT_FIRST_CACHE]) return NNRT_CAUSES;
    if (!is_foreign && bytes <= (double)sizes[NNRT_SECOND_CACHE]) return NNRT_CAUSE_SECOND_CACHE;
    int fits = bytes * v->workers <= (double)sizes[NNRT_THIRD_CACHE] || is_foreign;
    return fits && sizes[NNRT_THIRD_CACHE] ? NNRT_CAUSE_THIRD_CACHE : NNRT_CAUSE_MEMORY;
}

static double speed_of_place(const view *v, nnrt_cause place) {
    const nnrt_roof *roof = v->roof;
    double bytes = place == NNRT_CAUSE_SECOND_CACHE  ? roof->cache_bytes[NNRT_SECOND_CACHE]
                   : place == NNRT_CAUSE_THIRD_CACHE ? roof->cache_bytes[NNRT_THIRD_CACHE]
                                                     : roof->bytes;
    return speed(v, bytes > 0 ? bytes : roof->bytes);
}

static void count_bytes(const view *v, const nnrt_function *function, int64_t group,
                        double *seconds) {
    for (int64_t i = 0; i < function->touch_count; i++) {
        const nnrt_touch *touch = &function->touches[i];
        if (touch->group != group) continue;
        nnrt_cause place = place_of(v, touch);
        if (place == NNRT_CAUSES) continue;
        double bytes = total(v, &touch->bytes) * (touch->is_whole ? v->workers : 1);
        seconds[place] += quotient(bytes, speed_of_place(v, place));
    }
}

// ---- Together.

static double sum_between(const double *seconds, nnrt_cause first, nnrt_cause last) {
    double sum = 0;
    for (int i = (int)first; i <= (int)last; i++) sum += seconds[i];
    return sum;
}

nnrt_causes nnrt_causes_of(const nnrt_profile *profile, const nnrt_profile_result *result,
                           const nnrt_profile_row *row) {
    const nnrt_function *function = nnrt_profile_function(profile);
    view v = {.roof = nnrt_profile_roof(profile),
              .group = &function->groups[row->group],
              .steps = (double)result->steps,
              .samples = (double)result->samples,
              .workers = fmax(result->workers, 1)};
    v.rows = quotient(v.samples, v.steps);
    nnrt_causes causes = {.full_lanes = v.group->effort.full_lanes};
    double *seconds = causes.seconds;
    count_instructions(&v, seconds);
    count_bytes(&v, function, row->group, seconds);
    double instructions = sum_between(seconds, NNRT_CAUSE_PRODUCTS, NNRT_CAUSE_JOINED);
    double bytes = sum_between(seconds, NNRT_CAUSE_SECOND_CACHE, NNRT_CAUSE_MEMORY);
    seconds[NNRT_CAUSE_REST] = fmax(row->seconds - fmax(instructions, bytes), 0);
    for (int i = 0; i < NNRT_CAUSES; i++)
        if (seconds[i] > seconds[causes.largest]) causes.largest = (nnrt_cause)i;
    return causes;
}

static const struct {
    const char *name, *field;
} names[NNRT_CAUSES] = {
    [NNRT_CAUSE_PRODUCTS] = {"multiply-adds", "products"},
    [NNRT_CAUSE_VALUES] = {"other arithmetic", "values"},
    [NNRT_CAUSE_FUNCTIONS] = {"exp and the like", "functions"},
    [NNRT_CAUSE_CONVERTED] = {"conversions", "converted"},
    [NNRT_CAUSE_MOVED] = {"packing", "moved"},
    [NNRT_CAUSE_JOINED] = {"joining partial sums", "joined"},
    [NNRT_CAUSE_SECOND_CACHE] = {"L2", "second_cache"},
    [NNRT_CAUSE_THIRD_CACHE] = {"L3 and other cores", "third_cache"},
    [NNRT_CAUSE_MEMORY] = {"memory", "memory"},
    [NNRT_CAUSE_REST] = {"rest", "rest"},
};

const char *nnrt_cause_name(nnrt_cause cause) {
    return names[cause].name;
}

const char *nnrt_cause_field(nnrt_cause cause) {
    return names[cause].field;
}
