#include "roof.h"

#include "../base/clock.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    PEAK_ROUNDS = 1 << 18,
    PEAK_TRIES = 12,
    MEMORY_TRIES = 4,
    MEMORY_BYTES = 128 << 20, // more than caches hold
    CACHE_TRIES = 4,
    CACHE_READ = 8 << 20, // in a try
    ALIGNMENT = 64
};

typedef float vector __attribute__((vector_size(16))); // memory is slower than the narrowest
typedef float line __attribute__((vector_size(64)));   // caches are not

typedef struct trial {
    const nnrt_program *program;
    nnrt_team *team;
    vector *memory;
    double peak_seconds, narrow_seconds, memory_seconds; // the shortest; 0: none yet
    int64_t blocks[NNRT_CACHES];       // bytes that a worker reads again and again; 0: none
    double cache_seconds[NNRT_CACHES]; // of CACHE_READ
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

// ---- Caches.

// Vectors of the processor's own width, as a compiler that has to take wider ones apart passes them
// through memory; eight sums, so that none waits for the one before.
#define ADD_LINES(vector, from, lines)                                                             \
    do {                                                                                           \
        const vector *next = (from);                                                               \
        int64_t vectors = (lines) * (int64_t)(sizeof(line) / sizeof(vector));                      \
        vector a = {0}, b = a, c = a, d = a, e = a, f = a, g = a, h = a;                           \
        for (int64_t i = 0; i + 8 <= vectors; i += 8) {                                            \
            a += next[i], b += next[i + 1], c += next[i + 2], d += next[i + 3];                    \
            e += next[i + 4], f += next[i + 5], g += next[i + 6], h += next[i + 7];                \
        }                                                                                          \
        a = ((a + b) + (c + d)) + ((e + f) + (g + h));                                             \
        __asm__ volatile("" : : "r"(&a) : "memory"); /* that no round is left out */               \
    } while (0)

typedef void add_function(const void *from, int64_t lines);

static void add_lines_plain(const void *from, int64_t lines) {
    ADD_LINES(vector, from, lines);
}

#if defined(__x86_64__)
typedef float half_line __attribute__((vector_size(32)));

__attribute__((target("avx2"))) static void add_lines_avx2(const void *from, int64_t lines) {
    ADD_LINES(half_line, from, lines);
}

__attribute__((target("avx512f"))) static void add_lines_avx512(const void *from, int64_t lines) {
    ADD_LINES(line, from, lines);
}
#endif

static add_function *widest(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return add_lines_avx512;
    if (__builtin_cpu_supports("avx2")) return add_lines_avx2;
#endif
    return add_lines_plain;
}

// Of the worker's part of the memory, a block that the cache holds and the one before it does not.
static void try_cache(trial *t, int cache, int thread, int threads) {
    const line *own = (const line *)((const char *)t->memory +
                                     MEMORY_BYTES / threads / ALIGNMENT * thread * ALIGNMENT);
    int64_t lines = t->blocks[cache] / (int64_t)sizeof(line);
    int64_t rounds = CACHE_READ / t->blocks[cache];
    add_function *add = widest();
    for (int try = 0; try < CACHE_TRIES; try++) {
        nnrt_team_meet(t->team, thread, threads);
        double start = nnrt_seconds();
        for (int64_t i = 0; i < rounds; i++) add(own, lines);
        nnrt_team_meet(t->team, thread, threads);
        if (thread == 0 && try) keep_shortest(&t->cache_seconds[cache], nnrt_seconds() - start);
    }
}

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t size_of_cache(int name) {
    long size = sysconf(name);
    return size > 0 ? size : 0;
}

// The block is half of a cache, or of a worker's part of it; none where it would fit the cache
// before, or is more than a worker has of the memory.
static void find_blocks(trial *t, const int64_t *sizes, int workers) {
    for (int i = NNRT_SECOND_CACHE; i < NNRT_CACHES; i++) {
        int64_t part = i == NNRT_THIRD_CACHE ? sizes[i] / workers : sizes[i];
        int64_t block = smaller(part / 2, 4 * sizes[i - 1]);
        if (sizes[i - 1] > 0 && block > sizes[i - 1] && block <= MEMORY_BYTES / workers &&
            block <= CACHE_READ)
            t->blocks[i] = block / ALIGNMENT * ALIGNMENT;
    }
}

static void run_trials(void *argument, int thread, int threads) {
    trial *t = argument;
    try_peak(t, t->program->peak, &t->peak_seconds, thread, threads);
    try_peak(t, t->program->narrow_peak, &t->narrow_seconds, thread, threads);
    if (!t->memory) return;
    try_memory(t, thread, threads);
    for (int i = 0; i < NNRT_CACHES; i++)
        if (t->blocks[i]) try_cache(t, i, thread, threads);
}

nnrt_roof nnrt_roof_measure(const nnrt_program *program, nnrt_team *team, int workers) {
    trial t = {.program = program, .team = team};
    nnrt_roof roof = {.workers = workers};
    t.memory = aligned_alloc(ALIGNMENT, MEMORY_BYTES);
    static const int names[] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE,
                                _SC_LEVEL3_CACHE_SIZE};
    for (int i = 0; i < NNRT_CACHES; i++) roof.cache_sizes[i] = size_of_cache(names[i]);
    find_blocks(&t, roof.cache_sizes, workers);
    nnrt_team_run(team, workers, run_trials, &t);
    free(t.memory);
    if (t.peak_seconds > 0)
        roof.flops = program->peak_flops * PEAK_ROUNDS * workers / t.peak_seconds;
    if (t.narrow_seconds > 0)
        roof.narrow_flops = program->narrow_peak_flops * PEAK_ROUNDS * workers / t.narrow_seconds;
    for (int i = 0; i < NNRT_CACHES; i++)
        if (t.cache_seconds[i] > 0)
            roof.cache_bytes[i] =
                (double)(CACHE_READ / t.blocks[i] * t.blocks[i]) * workers / t.cache_seconds[i];
    if (t.memory_seconds > 0) roof.bytes = 1.5 * MEMORY_BYTES / t.memory_seconds;
    return roof;
}
