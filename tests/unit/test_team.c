// The worker team: nobody passes a barrier early, for any number of workers, more than there are
// CPUs included; and passes over samples cover each sample once whatever the pace does.
#include "../../runtime/session/steps.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MEETINGS = 300, MOST = 17 };

typedef struct meetings {
    nnrt_team *team;
    _Atomic int arrived[MOST], early, workers;
    int sleeper;
} meetings;

static void meet(void *argument, int thread, int threads) {
    meetings *m = argument;
    m->workers++;
    for (int i = 1; i <= MEETINGS; i++) {
        if (m->sleeper && i % 100 == 0 && thread == threads - 1) usleep(2000); // others fall asleep
        m->arrived[thread] = i;
        nnrt_team_meet(m->team, thread, threads);
        for (int other = 0; other < threads; other++) m->early += m->arrived[other] < i;
        nnrt_team_meet(m->team, thread, threads);
    }
}

static void nobody_passes_early(void **state) {
    static const int sizes[] = {1, 2, 3, 4, 5, 8, MOST};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        nnrt_team *team = nnrt_team_create(sizes[i]);
        assert_non_null(team);
        assert_int_equal(nnrt_team_size(team), sizes[i]);
        for (int active = sizes[i]; active >= 1; active = active / 2) {
            meetings m = {.team = team, .sleeper = active == sizes[i]};
            nnrt_team_run(team, active, meet, &m);
            assert_int_equal(m.early, 0);
            assert_int_equal(m.workers, active);
        }
        meetings m = {.team = team}; // and up again
        nnrt_team_run(team, MOST + 5, meet, &m);
        assert_int_equal(m.early, 0);
        assert_int_equal(m.workers, sizes[i]);
        nnrt_team_free(team);
    }
}

// ---- Workers on one CPU.

typedef struct crowd {
    nnrt_team *team;
    cpu_set_t allowed[MOST]; // of each worker, at the end
} crowd;

// All workers come to one CPU, which none is bound to, and wait for each other there.
static void share_a_cpu(void *argument, int thread, int threads) {
    crowd *c = argument;
    cpu_set_t allowed, one;
    sched_getaffinity(0, sizeof allowed, &allowed);
    int cpu = 0;
    while (!CPU_ISSET(cpu, &allowed)) cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
    sched_setaffinity(0, sizeof allowed, &allowed);
    for (int i = 0; i < 20; i++) nnrt_team_meet(c->team, thread, threads);
    sched_getaffinity(0, sizeof c->allowed[thread], &c->allowed[thread]);
}

// Breaks where a worker that leaves a shared CPU stays bound to the one that it goes to.
static void workers_are_bound_to_no_cpu(void **state) {
    cpu_set_t allowed;
    (void)state;
    sched_getaffinity(0, sizeof allowed, &allowed);
    int threads = nnrt_cpu_count() < MOST ? nnrt_cpu_count() : MOST;
    nnrt_team *team = nnrt_team_create(threads);
    crowd c = {.team = team};
    for (int i = 0; i < 50; i++) nnrt_team_run(team, threads, share_a_cpu, &c);
    for (int i = 0; i < threads; i++) assert_true(CPU_EQUAL(&c.allowed[i], &allowed));
    nnrt_team_free(team);
}

// 2^31 and 2^32 tasks, and barriers in a task: workers slept for ever where counters wrap.
static void counters_wrap(void **state) {
    static const uint32_t borders[] = {0x7fffffff, 0xffffffff};
    (void)state;
    alarm(60); // a worker that sleeps must end the test
    for (int border = 0; border < 2; border++) {
        nnrt_team *team = nnrt_team_create_at(4, borders[border] - 50);
        assert_non_null(team);
        for (int i = 0; i < 100; i++) {
            meetings m = {.team = team, .sleeper = i == 0};
            if (i == 48 || i == 51) usleep(3000); // all of them sleep over the border
            nnrt_team_run(team, 1 + i % 4, meet, &m);
            assert_int_equal(m.early, 0);
            assert_int_equal(m.workers, 1 + i % 4);
        }
        nnrt_team_free(team);
    }
    alarm(0);
}

static void idle_teams_end(void **state) {
    (void)state;
    for (int i = 0; i < 20; i++) {
        nnrt_team *team = nnrt_team_create(4);
        assert_non_null(team);
        if (i % 4 == 0) usleep(1000);
        nnrt_team_free(team);
    }
    nnrt_team_free(NULL);
}

// ---- Passes.

enum { SAMPLES = 1003, BATCH = 10 };

static _Atomic int visits[SAMPLES];
static _Atomic int wrong;

static void visit(const nnrt_context *c) {
    int64_t first = c->rows * c->thread / c->threads, end = c->rows * (c->thread + 1) / c->threads;
    for (int64_t row = first; row < end; row++) visits[c->index[row]]++;
    int is_last = c->index[0] + BATCH >= SAMPLES;
    int next_is_whole = c->index[0] + 2 * BATCH <= SAMPLES;
    if (next_is_whole != (c->next_index != NULL)) wrong++;
    if (c->rows != (is_last ? SAMPLES % BATCH : BATCH)) wrong++;
    if (c->step != (double)(c->index[0] / BATCH + 1 + 7)) wrong++;
    nnrt_barrier(c);
    if (c->thread == 0) *c->loss = (double)c->rows;
    nnrt_barrier(c);
}

static void count_calls(void *argument, const nnrt_context *context) {
    if (context->thread == 0) ++*(int *)argument;
}

static void passes_cover_all_samples(void **state) {
    static uint32_t rows[SAMPLES + BATCH];
    static double losses[SAMPLES];
    nnrt_function function = {.run = visit, .threads = 3};
    (void)state;
    for (uint32_t i = 0; i < SAMPLES; i++) rows[i] = i;
    for (int threads = 1; threads <= 3; threads++) {
        nnrt_team *team = nnrt_team_create(threads);
        nnrt_pace pace;
        int calls = 0;
        nnrt_pace_start(&pace, threads);
        nnrt_pass pass = {.team = team,
                          .pace = &pace,
                          .rows = rows,
                          .count = SAMPLES,
                          .batch = BATCH,
                          .losses = losses,
                          .steps_before = 7,
                          .after = count_calls,
                          .argument = &calls};
        nnrt_pass_add(&pass, &(nnrt_turn){.function = &function, .repeat = 1, .values = 1});
        pass.steps = nnrt_step_count(SAMPLES, BATCH);
        memset((void *)visits, 0, sizeof visits);
        while (nnrt_pass_advance(&pass, 1e-5)) continue;
        assert_int_equal(calls, 101);
        for (int i = 0; i < SAMPLES; i++) assert_int_equal(visits[i], 1);
        assert_int_equal(nnrt_pass_samples(&pass), SAMPLES);
        // (100 batches of loss 10 and 10 samples, one of loss 3 and 3 samples) / samples
        assert_true(nnrt_pass_loss(&pass) == (100.0 * 10 * 10 + 3 * 3) / SAMPLES);
        nnrt_team_free(team);
    }
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_passes_early),
        cmocka_unit_test(workers_are_bound_to_no_cpu),
        cmocka_unit_test(counters_wrap),
        cmocka_unit_test(idle_teams_end),
        cmocka_unit_test(passes_cover_all_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
