// How many workers run a step, on machines that are made up: what a sample costs with each number
// of them, and what it takes to wake one that sleeps.
#include "../../runtime/session/pace.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

typedef struct Machine {
    double cost[2];    // seconds a sample, of two workers and of one
    double wake_up;    // of the second one, after a chunk without it
    double stall;      // of both, ten times a second: a neighbour of low priority
    int64_t longest;   // samples of a chunk
    double other_from; // from this second on two workers cost `other`; 0: never
    double other;
} Machine;

typedef struct Run {
    double now, by_two; // seconds; of samples by two workers
} Run;

static double seconds_of(const Machine *m, const Run *run, int choice, int64_t samples) {
    double cost = m->cost[choice];
    if (choice == 0 && m->other_from > 0 && run->now >= m->other_from) cost = m->other;
    double seconds = cost * (double)samples, from = floor(10 * run->now);
    return seconds + (choice == 0 && floor(10 * (run->now + seconds)) > from ? m->stall : 0);
}

static void one_chunk(const Machine *m, nnrt_pace *pace, Run *run) {
    int choice = nnrt_pace_choose(pace, run->now);
    if (nnrt_pace_begin(pace, choice)) {
        run->now += m->wake_up;
        nnrt_pace_woken(pace, m->wake_up);
    }
    double wanted = nnrt_pace_seconds(pace, choice, 0.025), cost = nnrt_pace_cost(pace, choice);
    double fitting = cost > 0 ? wanted / cost : 1;
    int64_t samples = fitting < 1                    ? 1
                      : fitting < (double)m->longest ? (int64_t)fitting
                                                     : m->longest;
    double seconds = seconds_of(m, run, choice, samples);
    run->now += seconds;
    if (choice == 0) run->by_two += seconds;
    nnrt_pace_learn(pace, choice, samples, seconds, run->now);
}

// The share of the time from `from` to `to` seconds in which two workers ran.
static double share_of_two(const Machine *m, double from, double to) {
    nnrt_pace pace;
    Run run = {0};
    nnrt_pace_start(&pace, 2);
    while (run.now < from) one_chunk(m, &pace, &run);
    run.by_two = 0;
    double begin = run.now;
    while (run.now < to) one_chunk(m, &pace, &run);
    return run.by_two / (run.now - begin);
}

// Breaks where a trial is one chunk: an epoch of two steps of 20 microseconds, the first of these,
// is shorter than it takes to wake the second worker.
static void faster_workers_are_kept(void **state) {
    (void)state;
    static const Machine machines[] = {
        {.cost = {0.22e-6, 0.34e-6}, .wake_up = 100e-6, .longest = 128},
        {.cost = {5e-6, 9e-6}, .wake_up = 100e-6, .longest = 60000},
    };
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++)
        assert_true(share_of_two(&machines[i], 0.5, 3) > 0.9);
}

// Breaks where chunks count by how long they took: a neighbour that has a CPU once in a while keeps
// it for longer than many steps take.
static void rare_stalls_do_not_count(void **state) {
    (void)state;
    Machine m = {.cost = {0.6e-6, 1e-6}, .wake_up = 1e-3, .stall = 4e-3, .longest = 256};
    assert_true(share_of_two(&m, 0.5, 5) > 0.9);
    m.longest = 60000;
    assert_true(share_of_two(&m, 0.5, 5) > 0.9);
}

// Trials take little where both are four times as slow, in chunks long and short.
static void slow_workers_are_left_out(void **state) {
    (void)state;
    Machine m = {.cost = {4e-6, 1e-6}, .wake_up = 100e-6, .longest = 60000};
    assert_true(share_of_two(&m, 0.5, 10) < 0.05);
    m.longest = 64;
    assert_true(share_of_two(&m, 0.5, 10) < 0.05);
}

// A neighbour comes and stays.
static void neighbours_are_noticed(void **state) {
    (void)state;
    Machine m = {.cost = {5e-6, 9e-6}, .longest = 60000, .other_from = 3, .other = 30e-6};
    assert_true(share_of_two(&m, 0.5, 3) > 0.9);
    assert_true(share_of_two(&m, 4, 20) < 0.1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faster_workers_are_kept),
        cmocka_unit_test(rare_stalls_do_not_count),
        cmocka_unit_test(slow_workers_are_left_out),
        cmocka_unit_test(neighbours_are_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
