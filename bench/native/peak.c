// Measures what the machine's cores can do: fused multiply-adds on registers alone, in GFLOP/s.
//
//   cc -O2 -march=native -pthread bench/native/peak.c -o peak && ./peak THREADS
//
// Prints the best of several rounds of all threads together, a line for float32 and, where the
// processor multiplies bfloat16, one for that: the roofs that measurements are a percentage of.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__AVX512F__)
#include <immintrin.h>
typedef __m512 Vector;
#define MULTIPLY_ADD(a, b, c) _mm512_fmadd_ps(a, b, c)
#define SPLAT(x) _mm512_set1_ps(x)
#elif defined(__FMA__)
#include <immintrin.h>
typedef __m256 Vector;
#define MULTIPLY_ADD(a, b, c) _mm256_fmadd_ps(a, b, c)
#define SPLAT(x) _mm256_set1_ps(x)
#else
typedef float Vector __attribute__((vector_size(16)));
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#define SPLAT(x) ((Vector){x, x, x, x})
#endif

enum {
    ACCUMULATORS = 12, // latency 4-5 cycles times two units, and all stay in 16 registers
    STEPS = 4 << 20,
    ROUNDS = 12,
    MAX_THREADS = 256
};

static pthread_barrier_t barrier;
static volatile float sink;

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// Operations of one call.
static double multiply_add(void) {
    Vector sum[ACCUMULATORS], factor = SPLAT(0.999f), term = SPLAT(0.001f);
    for (int i = 0; i < ACCUMULATORS; i++) sum[i] = SPLAT((float)i);
    for (int step = 0; step < STEPS; step++) {
#pragma GCC unroll 12
        for (int i = 0; i < ACCUMULATORS; i++) sum[i] = MULTIPLY_ADD(sum[i], factor, term);
    }
    float total = 0;
    for (int i = 0; i < ACCUMULATORS; i++) total += sum[i][0];
    sink = total;
    return 2.0 * sizeof(Vector) / sizeof(float) * ACCUMULATORS * STEPS;
}

#if defined(__AMX_BF16__)
static int has_bfloat16(void) {
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    return !syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA);
}

// Four sums of 16 x 16, each of products of 16 x 32 by 32 x 16, as many as hide the latency.
static double multiply_bfloat16(void) {
    enum { TILE_STEPS = STEPS / 16 };
    static const struct {
        uint8_t palette, start, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } shape = {
        .palette = 1,
        .bytes = {64, 64, 64, 64, 64, 64, 64, 64},
        .rows = {16, 16, 16, 16, 16, 16, 16, 16},
    };
    _tile_loadconfig(&shape); // all tiles are 0 then
    for (int step = 0; step < TILE_STEPS; step++) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_release();
    return 2.0 * 16 * 16 * 32 * 4 * TILE_STEPS;
}
#elif defined(__AVX512BF16__)
static int has_bfloat16(void) {
    return 1;
}

static double multiply_bfloat16(void) {
    __m512 sum[ACCUMULATORS];
    __m512bh factor = _mm512_cvtne2ps_pbh(SPLAT(0.999f), SPLAT(0.999f)), term = factor;
    for (int i = 0; i < ACCUMULATORS; i++) sum[i] = SPLAT((float)i);
    for (int step = 0; step < STEPS; step++) {
#pragma GCC unroll 12
        for (int i = 0; i < ACCUMULATORS; i++) sum[i] = _mm512_dpbf16_ps(sum[i], factor, term);
    }
    float total = 0;
    for (int i = 0; i < ACCUMULATORS; i++) total += sum[i][0];
    sink = total;
    return 2.0 * 32 * ACCUMULATORS * STEPS;
}
#else
static int has_bfloat16(void) {
    return 0;
}

static double multiply_bfloat16(void) {
    return 0;
}
#endif

static double (*multiply)(void);

// Thread 0 keeps the most operations a second of a thread in *argument.
static void *rounds(void *argument) {
    double *best = argument;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&barrier);
        double start = seconds_now();
        double operations = multiply();
        pthread_barrier_wait(&barrier);
        double speed = operations / (seconds_now() - start);
        if (best && speed > *best) *best = speed;
    }
    return NULL;
}

static int measure(const char *name, int threads) {
    pthread_t team[MAX_THREADS];
    double best = 0;
    pthread_barrier_init(&barrier, NULL, (unsigned)threads);
    for (int i = 1; i < threads; i++)
        if (pthread_create(&team[i], NULL, rounds, NULL)) return 1;
    rounds(&best);
    for (int i = 1; i < threads; i++) pthread_join(team[i], NULL);
    pthread_barrier_destroy(&barrier);
    printf("%s %.1f\n", name, best * threads * 1e-9);
    return 0;
}

int main(int count, char **words) {
    int threads = count > 1 ? atoi(words[1]) : 1;
    if (threads < 1 || threads > MAX_THREADS) {
        fprintf(stderr, "usage: peak THREADS (1 to %d)\n", MAX_THREADS);
        return 2;
    }
    multiply = multiply_add;
    if (measure("float32", threads)) return 1;
    multiply = multiply_bfloat16;
    return has_bfloat16() ? measure("bfloat16", threads) : 0;
}
