#include "roof.h"

#include "../base/clock.h"

#include <stdlib.h>

enum {
    PEAK_ROUNDS = 1 << 18,
    PEAK_TRIES = 12,
    MEMORY_TRIES = 4,
    MEMORY_BYTES = 128 << 20, // more than caches hold
    ALIGNMENT = 64
};

typedef float vector __attribute__((vector_size(16))); // memory is slower than the narrowest

typedef struct trial {
    const nnrt_program *program;
    nnrt_team *team;
    vector *memory;
    double peak_seconds, narrow_seconds, memory_seconds; // the shortest; 0: none yet
} trial;

static void keep_shortest(double *shortest, double seconds) {
    if (*shortest == 0 || seconds < *shortest) *shortest = seconds;
}

static void try_peak(trial *t, nnrt_peak *peak, double *seconds, int thread, int threads) {
    float result[ALIGNMENT / sizeof(float)];
    for (int i = 0; peak && i < PEAK_TRIES; i++) {
        nnrt_team_meet(t->team, thread, threads);
        double start = nnrt_seconds();
        peak(PEAK_ROUNDS, result);
        nnrt_team_meet(t->team, thread, threads);
        if (thread == 0) keep_shortest(seconds, nnrt_seconds() - start);
    }
}

// Of each half of the memory, a worker's part: x = x / 2 + y. The first time only takes the pages.
static void try_memory(trial *t, int thread, int threads) {
    int64_t half = MEMORY_BYTES / 2 / (int64_t)sizeof(vector);
    int64_t first = half * thread / threads, end = half * (thread + 1) / threads;
    vector *x = t->memory, *y = x + half;
    for (int64_t i = first; i < end; i++) x[i] = y[i] = (vector){1, 1, 1, 1};
    for (int try = 0; try < MEMORY_TRIES; try++) {
        nnrt_team_meet(t->team, thread, threads);
        double start = nnrt_seconds();
        for (int64_t i = first; i < end; i++) x[i] = x[i] * 0.5f + y[i];
        nnrt_team_meet(t->team, thread, threads);
        if (thread == 0) keep_shortest(&t->memory_seconds, nnrt_seconds() - start);
    }
}

static void run_trials(void *argument, int thread, int threads) {
    trial *t = argument;
    try_peak(t, t->program->peak, &t->peak_seconds, thread, threads);
    try_peak(t, t->program->narrow_peak, &t->narrow_seconds, thread, threads);
    if (t->memory) try_memory(t, thread, threads);
}

nnrt_roof nnrt_roof_measure(const nnrt_program *program, nnrt_team *team, int workers) {
    trial t = {.program = program, .team = team};
    nnrt_roof roof = {.workers = workers};
    t.memory = aligned_alloc(ALIGNMENT, MEMORY_BYTES);
    nnrt_team_run(team, workers, run_trials, &t);
    free(t.memory);
    if (t.peak_seconds > 0)
        roof.flops = program->peak_flops * PEAK_ROUNDS * workers / t.peak_seconds;
    if (t.narrow_seconds > 0)
        roof.narrow_flops = program->narrow_peak_flops * PEAK_ROUNDS * workers / t.narrow_seconds;
    if (t.memory_seconds > 0) roof.bytes = 1.5 * MEMORY_BYTES / t.memory_seconds;
    return roof;
}
