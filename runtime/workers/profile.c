#include "profile.h"

#include "../base/clock.h"
#include "watch.h"

#include <stdlib.h>

enum { CACHE_LINE = 64, COUNTERS_A_LINE = CACHE_LINE / sizeof(uint64_t) };

struct nnrt_account {                   // on cache lines of its own
    _Alignas(CACHE_LINE) uint64_t last; // mark
    uint64_t *ticks;                    // by slot, then between steps
    int64_t between;                    // the slot
    int64_t steps, samples;
    nnrt_group_done *done; // of one that watches; NULL: of one that measures
    void *owner;
};

struct nnrt_profile {
    const nnrt_function *function;
    nnrt_roof roof;
    int workers;
    nnrt_account *accounts; // by worker
    uint64_t *ticks;        // of all
    uint64_t first_tick;    // both clocks at the start, which tell how long a tick is
    double first_second;
};

// The counter of the processor costs a fraction of a look at the clock.
static inline uint64_t now(void) {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return (uint64_t)(nnrt_seconds() * 1e9);
#endif
}

nnrt_profile *nnrt_profile_create(const nnrt_function *function, int workers,
                                  const nnrt_roof *roof) {
    nnrt_profile *profile = calloc(1, sizeof *profile);
    int64_t slots = 2 * function->group_count + 1;
    int64_t stride = (slots + COUNTERS_A_LINE - 1) / COUNTERS_A_LINE * COUNTERS_A_LINE;
    if (profile) {
        profile->accounts = aligned_alloc(CACHE_LINE, sizeof(nnrt_account) * (size_t)workers);
        profile->ticks = calloc((size_t)(stride * workers), sizeof *profile->ticks);
    }
    if (!profile || !profile->accounts || !profile->ticks) {
        nnrt_profile_free(profile);
        nnrt_fail_memory("a profile", 0);
        return NULL;
    }
    profile->function = function;
    profile->workers = workers;
    profile->roof = *roof;
    for (int i = 0; i < workers; i++)
        profile->accounts[i] =
            (nnrt_account){.ticks = profile->ticks + i * stride, .between = slots - 1};
    profile->first_second = nnrt_seconds();
    profile->first_tick = now();
    return profile;
}

void nnrt_profile_free(nnrt_profile *profile) {
    if (!profile) return;
    free(profile->accounts);
    free(profile->ticks);
    free(profile);
}

nnrt_account *nnrt_profile_account(const nnrt_profile *profile, int thread) {
    return &profile->accounts[thread];
}

const nnrt_function *nnrt_profile_function(const nnrt_profile *profile) {
    return profile->function;
}

const nnrt_roof *nnrt_profile_roof(const nnrt_profile *profile) {
    return &profile->roof;
}

// ---- Marks.

void nnrt_profile_mark(const nnrt_context *context, int64_t slot) {
    nnrt_account *account = context->account;
    if (account->done) {
        if (slot % 2 == 0) account->done(account->owner, context, slot / 2);
        return;
    }
    uint64_t tick = now();
    // Counters of two processors may differ a little.
    if (tick > account->last) account->ticks[slot] += tick - account->last;
    account->last = tick;
}

void nnrt_profile_skip(const nnrt_context *context) {
    context->account->last = now();
}

void nnrt_profile_between(const nnrt_context *context) {
    nnrt_profile_mark(context, context->account->between);
}

void nnrt_profile_count(const nnrt_context *context) {
    context->account->steps++;
    context->account->samples += context->rows;
}

// ---- Watching.

nnrt_account *nnrt_account_watch(nnrt_group_done *done, void *owner) {
    nnrt_account *account = aligned_alloc(CACHE_LINE, sizeof *account);
    if (!account) {
        nnrt_fail_memory("the watch of a step", sizeof *account);
        return NULL;
    }
    *account = (nnrt_account){.done = done, .owner = owner};
    return account;
}

void nnrt_account_free(nnrt_account *account) {
    free(account);
}

// ---- Results.

// Since the profile was made; a millisecond at least, so that the quotient is good.
static double seconds_a_tick(const nnrt_profile *profile) {
    double seconds;
    do seconds = nnrt_seconds() - profile->first_second;
    while (seconds < 1e-3);
    return seconds / (double)(now() - profile->first_tick);
}

static double sum_of_slot(const nnrt_profile *profile, int64_t slot) {
    double sum = 0;
    for (int i = 0; i < profile->workers; i++) sum += (double)profile->accounts[i].ticks[slot];
    return sum;
}

static double sum_of_worker(const nnrt_profile *profile, int worker) {
    const nnrt_account *account = &profile->accounts[worker];
    double sum = 0;
    for (int64_t slot = 0; slot <= account->between; slot++) sum += (double)account->ticks[slot];
    return sum;
}

static nnrt_profile_row group_row(const nnrt_profile *profile, int64_t index, double scale,
                                  const nnrt_profile_result *result) {
    const nnrt_group *group = &profile->function->groups[index];
    double steps = (double)result->steps, samples = (double)result->samples;
    double flops = group->sample_flops * samples + group->step_flops * steps;
    return (nnrt_profile_row){
        .group = index,
        .line = group->line,
        .seconds = scale * sum_of_slot(profile, 2 * index),
        .waiting = scale * sum_of_slot(profile, 2 * index + 1),
        .flops = flops,
        .narrow_flops = group->in_bfloat16 ? flops : 0,
        .bytes = group->sample_bytes * samples + group->step_bytes * steps,
    };
}

static void add_to_line(nnrt_profile_result *result, const nnrt_profile_row *row) {
    int64_t i = 0;
    while (i < result->line_count && result->lines[i].line != row->line) i++;
    if (i == result->line_count) {
        result->lines[result->line_count++] = *row;
        return;
    }
    nnrt_profile_row *line = &result->lines[i];
    line->seconds += row->seconds;
    line->waiting += row->waiting;
    line->flops += row->flops;
    line->narrow_flops += row->narrow_flops;
    line->bytes += row->bytes;
}

static int by_time(const void *a, const void *b) {
    const nnrt_profile_row *x = a, *y = b;
    if (x->seconds != y->seconds) return x->seconds < y->seconds ? 1 : -1;
    return x->group < y->group ? -1 : x->group > y->group;
}

nnrt_status nnrt_profile_read(const nnrt_profile *profile, nnrt_profile_result *result) {
    int64_t count = profile->function->group_count;
    *result = (nnrt_profile_result){.steps = profile->accounts[0].steps,
                                    .samples = profile->accounts[0].samples,
                                    .group_count = count};
    result->groups = calloc((size_t)count + 1, sizeof *result->groups);
    result->lines = calloc((size_t)count + 1, sizeof *result->lines);
    if (!result->groups || !result->lines) {
        nnrt_profile_result_free(result);
        return nnrt_fail_memory("a profile", 0);
    }
    double all = 0, first = sum_of_worker(profile, 0); // worker 0 is always there
    for (int i = 0; i < profile->workers; i++) all += sum_of_worker(profile, i);
    double scale = all > 0 ? seconds_a_tick(profile) * first / all : 0;
    result->seconds = scale * all;
    result->workers = first > 0 ? all / first : 0;
    if (result->workers > profile->workers) result->workers = profile->workers;
    result->between = scale * sum_of_slot(profile, 2 * count);
    for (int64_t i = 0; i < count; i++) {
        result->groups[i] = group_row(profile, i, scale, result);
        result->waiting += result->groups[i].waiting;
        add_to_line(result, &result->groups[i]);
    }
    qsort(result->groups, (size_t)count, sizeof *result->groups, by_time);
    qsort(result->lines, (size_t)result->line_count, sizeof *result->lines, by_time);
    return NNRT_OK;
}

void nnrt_profile_result_free(nnrt_profile_result *result) {
    free(result->groups);
    free(result->lines);
    result->groups = result->lines = NULL;
}
