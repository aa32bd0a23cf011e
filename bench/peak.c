// Measures what the machine's cores can do: fused multiply-adds on registers alone, in GFLOP/s.
//
//   cc -O2 -march=native -pthread bench/peak.c -o peak && ./peak THREADS
//
// Prints the best of several rounds of all threads together: the roof that measurements are a
// percentage of.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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

static void multiply_add(void) {
    Vector sum[ACCUMULATORS], factor = SPLAT(0.999f), term = SPLAT(0.001f);
    for (int i = 0; i < ACCUMULATORS; i++) sum[i] = SPLAT((float)i);
    for (int step = 0; step < STEPS; step++) {
#pragma GCC unroll 12
        for (int i = 0; i < ACCUMULATORS; i++) sum[i] = MULTIPLY_ADD(sum[i], factor, term);
    }
    float total = 0;
    for (int i = 0; i < ACCUMULATORS; i++) total += sum[i][0];
    sink = total;
}

// Thread 0 keeps the shortest round in *argument.
static void *rounds(void *argument) {
    double *best = argument;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&barrier);
        double start = seconds_now();
        multiply_add();
        pthread_barrier_wait(&barrier);
        double taken = seconds_now() - start;
        if (best && (*best == 0 || taken < *best)) *best = taken;
    }
    return NULL;
}

int main(int count, char **words) {
    int threads = count > 1 ? atoi(words[1]) : 1;
    if (threads < 1 || threads > MAX_THREADS) {
        fprintf(stderr, "usage: peak THREADS (1 to %d)\n", MAX_THREADS);
        return 2;
    }
    pthread_t team[MAX_THREADS];
    double best = 0;
    pthread_barrier_init(&barrier, NULL, (unsigned)threads);
    for (int i = 1; i < threads; i++)
        if (pthread_create(&team[i], NULL, rounds, NULL)) return 1;
    rounds(&best);
    for (int i = 1; i < threads; i++) pthread_join(team[i], NULL);
    double lanes = sizeof(Vector) / sizeof(float);
    printf("%.1f\n", 2.0 * lanes * ACCUMULATORS * STEPS * threads / best * 1e-9);
    return 0;
}
