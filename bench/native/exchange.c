// Measures what a core pays for changing lines that another one has read, as the workers of a
// training do in every step with values, gradients and weights.
//
//   cc -O2 -march=native -pthread bench/native/exchange.c -o exchange && ./exchange [CPU CPU]
//
// In turns, one thread writes 32 kB, then both read them. Prints, for ways to write, nanoseconds a
// line of writing, and of reading by the writer and by the other. A machine that moves its virtual
// processors is worth several runs: which caches the two share decides.
#define _GNU_SOURCE
#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LINES = 512, LINE = 64, ROUNDS = 2000, COLD = 200 };

typedef enum Way { UNSHARED, PLAIN, ASKED_TO_WRITE, FLUSHED, PAST_CACHES, WAYS } Way;

static const char *const names[WAYS] = {"the other does not read", "plain stores",
                                        "asked for to write first", "flushed first",
                                        "past the caches"};
static char *lines;
static Way way;
static int cpus[2];
static double spent[3]; // seconds: writing, reading by the writer, by the other
static _Atomic long arrived, turns;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void wait_for_both(void) {
    long turn = atomic_load(&turns);
    if (atomic_fetch_add(&arrived, 1) == 1) {
        atomic_store(&arrived, 0);
        atomic_fetch_add(&turns, 1);
    }
    while (atomic_load(&turns) == turn) _mm_pause();
}

static void write_lines(int round) {
    __m256i value = _mm256_set1_epi32(round);
    for (int i = 0; i < LINES && way == ASKED_TO_WRITE; i++)
        __builtin_prefetch(lines + i * LINE, 1, 3);
    for (int i = 0; i < LINES && way == FLUSHED; i++) _mm_clflushopt(lines + i * LINE);
    for (int i = 0; i < 2 * LINES; i++) {
        __m256i *place = (__m256i *)(void *)(lines + i * LINE / 2);
        if (way == PAST_CACHES)
            _mm256_stream_si256(place, value);
        else
            _mm256_store_si256(place, value);
    }
    _mm_mfence();
}

static void read_lines(void) {
    __m256i sum = _mm256_setzero_si256();
    for (int i = 0; i < LINES; i++)
        sum = _mm256_xor_si256(
            sum, _mm256_load_si256((const __m256i *)(const void *)(lines + i * LINE)));
    __asm__ volatile("" ::"x"(sum));
}

static void *work(void *argument) {
    int other = argument != NULL;
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(cpus[other], &own);
    if (sched_setaffinity(0, sizeof own, &own)) perror("sched_setaffinity");
    for (int round = 0; round < ROUNDS; round++) {
        wait_for_both();
        double start = now();
        if (!other) write_lines(round);
        if (!other && round >= COLD) spent[0] += now() - start;
        wait_for_both();
        start = now();
        if (!other || way != UNSHARED) read_lines();
        if (round >= COLD) spent[1 + other] += now() - start;
    }
    return NULL;
}

int main(int count, char **words) {
    for (int i = 0; i < 2; i++) cpus[i] = count > 2 ? atoi(words[1 + i]) : i;
    lines = aligned_alloc(4096, LINES * LINE);
    if (!lines) return 1;
    puts("ns a line: written, read by the writer, read by the other");
    for (int i = 0; i < WAYS; i++) {
        way = (Way)i;
        spent[0] = spent[1] = spent[2] = 0;
        pthread_t writer, other;
        if (pthread_create(&writer, NULL, work, NULL)) return 1;
        if (pthread_create(&other, NULL, work, lines)) return 1;
        pthread_join(writer, NULL);
        pthread_join(other, NULL);
        double to_line = 1e9 / (ROUNDS - COLD) / LINES;
        printf("%-26s %6.1f %6.1f %6.1f\n", names[i], spent[0] * to_line, spent[1] * to_line,
               spent[2] * to_line);
    }
    free(lines);
    return 0;
}
