// Learning rates against Keras's (tests/fixtures/make_keras_training.py), which computes them in
// single precision, and what Keras does not have: durations in epochs, another initial rate.
#include "../common/cases.h"

#include "../../runtime/session/schedules/schedule.h"

static void assert_rate(const nnrt_schedule *schedule, int64_t step, double wanted) {
    double rate = nnrt_schedule_rate(schedule, step);
    if (fabs(rate - wanted) > 1e-9 * fabs(wanted))
        fail_msg("step %d: %.9g, not %.9g", (int)step, rate, wanted);
}

#define OPEN(schedule, name, epoch_steps, rate, ...)                                               \
    nnrt_schedule schedule;                                                                        \
    const nnrt_option schedule##_options[] = {__VA_ARGS__};                                        \
    const nnrt_call schedule##_call =                                                              \
        call_make(FAMILY_SCHEDULES, name, schedule##_options,                                      \
                  sizeof schedule##_options / sizeof *schedule##_options);                         \
    nnrt_schedule_open(&schedule, &schedule##_call, epoch_steps, rate)

#define NUMBER(option, value) {.name = (option), .number = (value)}
#define NUMBERS(option, ...)                                                                       \
    {.name = (option),                                                                             \
     .number = NAN,                                                                                \
     .numbers = (const double[]){__VA_ARGS__},                                                     \
     .count = sizeof((double[]){__VA_ARGS__}) / sizeof(double)}

// ---- As Keras.

static void compare(const Case *fixture, char *line, int number) {
    nnrt_schedule schedule;
    char *rest;
    (void)number;
    int64_t step = strtoll(line, &rest, 10);
    double wanted = atof(rest);
    nnrt_schedule_open(&schedule, &fixture->call, 1000, 0);
    double rate = nnrt_schedule_rate(&schedule, step);
    double difference = fabs(rate - wanted) / fmax(fabs(wanted), 1e-5);
    // Keras's cosines near their end are the difference of numbers near 1.
    if (difference > 2e-4 || (difference > 2e-6 && wanted > 0.05 * schedule.initial))
        fail_msg("schedules:%d: %s at step %d: %.9g, Keras has %.9g", fixture->line,
                 fixture->call.name, (int)step, rate, wanted);
}

static void gives_what_keras_gives(void **state) {
    (void)state;
    assert_true(cases_walk("schedules", FAMILY_SCHEDULES, compare) >= 31);
}

// Behind a warm-up every schedule is what it is alone, as many steps later; before, the rate is on
// a line from the first one to the schedule's.
static void compare_behind_warmup(const Case *fixture, char *line, int number) {
    const nnrt_option options[] = {{.name = "rate", .number = NAN, .call = &fixture->call},
                                   {.name = "steps", .number = 10},
                                   {.name = "start", .number = 0.002}};
    nnrt_call call = call_make(FAMILY_SCHEDULES, "warmup", options, 3);
    nnrt_schedule alone, behind;
    (void)number;
    if (strcmp(fixture->call.name, "warmup") == 0) return;
    nnrt_schedule_open(&alone, &fixture->call, 1000, 0);
    nnrt_schedule_open(&behind, &call, 1000, 0);
    int64_t step = strtoll(line, NULL, 10);
    assert_rate(&behind, step + 10, nnrt_schedule_rate(&alone, step));
    double first = nnrt_schedule_rate(&alone, 0);
    for (int64_t i = 0; i < 10; i++)
        assert_rate(&behind, i, 0.002 + (first - 0.002) * (double)i / 10);
}

static void warms_up_before_any(void **state) {
    (void)state;
    cases_walk("schedules", FAMILY_SCHEDULES, compare_behind_warmup);
}

// Keras's own warm-up of its cosine; and another rate goes to what the warm-up leads to.
static void warms_up_as_cosine_does(void **state) {
    (void)state;
    OPEN(keras, "cosine", 5, 0, NUMBER("initial", 0.01), NUMBER("steps", 50),
         NUMBER("warmup_target", 0.1), NUMBER("warmup", 10));
    OPEN(plain, "cosine", 5, 0, NUMBER("initial", 0.1), NUMBER("steps", 50));
    const nnrt_option options[] = {{.name = "rate", .number = NAN, .call = &plain_call},
                                   NUMBER("epochs", 2),
                                   NUMBER("start", 0.01)};
    const nnrt_call call = call_make(FAMILY_SCHEDULES, "warmup", options, 3);
    nnrt_schedule schedule;
    nnrt_schedule_open(&schedule, &call, 5, 0);
    for (int64_t step = 0; step < 100; step++)
        assert_rate(&schedule, step, nnrt_schedule_rate(&keras, step));
    nnrt_schedule_open(&schedule, &call, 5, 4);
    assert_rate(&schedule, 10, 4);
    assert_rate(&schedule, 5, 2.005);
}

// ---- Units.

// A step decay of two epochs changes with the first step of the third.
static void counts_epochs(void **state) {
    (void)state;
    OPEN(steps, "step_decay", 5, 0, NUMBER("initial", 1), NUMBER("drop", 0.5), NUMBER("epochs", 2),
         NUMBER("steps", NAN));
    assert_rate(&steps, 0, 1);
    assert_rate(&steps, 9, 1);
    assert_rate(&steps, 10, 0.5);
    assert_rate(&steps, 20, 0.25);
    OPEN(half, "exponential_decay", 10, 0, NUMBER("initial", 1), NUMBER("rate", 0.5),
         NUMBER("epochs", 0.5), NUMBER("steps", NAN));
    assert_rate(&half, 5, 0.5);
    OPEN(warm, "cosine", 10, 0, NUMBER("initial", 0), NUMBER("epochs", 4), NUMBER("steps", NAN),
         NUMBER("warmup", 1), NUMBER("warmup_target", 1));
    assert_rate(&warm, 5, 0.5);
    assert_rate(&warm, 10, 1);
    assert_rate(&warm, 30, 0.5);
}

// The boundary of epochs is the end of that epoch; that of steps is the last step before.
static void has_exact_boundaries(void **state) {
    (void)state;
    OPEN(epochs, "piecewise", 5, 0, NUMBER("initial", 1), NUMBERS("rates", 0.1, 0.01),
         NUMBERS("epochs", 2, 3), NUMBER("steps", NAN));
    assert_rate(&epochs, 9, 1);
    assert_rate(&epochs, 10, 0.1);
    assert_rate(&epochs, 14, 0.1);
    assert_rate(&epochs, 15, 0.01);
    OPEN(steps, "piecewise", 5, 0, NUMBER("initial", 1), NUMBERS("rates", 0.1),
         NUMBER("epochs", NAN), NUMBERS("steps", 2));
    assert_rate(&steps, 2, 1);
    assert_rate(&steps, 3, 0.1);
}

static void takes_another_initial_rate(void **state) {
    (void)state;
    OPEN(steps, "step_decay", 5, 4, NUMBER("initial", 1), NUMBER("drop", 0.5), NUMBER("steps", 10));
    assert_rate(&steps, 0, 4);
    assert_rate(&steps, 10, 2);
    const nnrt_option value = NUMBER("value", 0.3);
    const nnrt_call call = {.options = &value, .option_count = 1}; // the row of a number
    assert_true(nnrt_schedule_row_of(&call)->is_number);
    nnrt_schedule number;
    nnrt_schedule_open(&number, &call, 5, 0);
    assert_rate(&number, 12345, 0.3);
}

static void restarts_from_the_top(void **state) {
    (void)state;
    OPEN(restarts, "cosine_restarts", 5, 0, NUMBER("initial", 1), NUMBER("steps", 10),
         NUMBER("t_mul", 2), NUMBER("m_mul", 0.5));
    assert_rate(&restarts, 10, 0.5);
    assert_rate(&restarts, 20, 0.25);
    assert_rate(&restarts, 30, 0.25);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_keras_gives),  cmocka_unit_test(counts_epochs),
        cmocka_unit_test(has_exact_boundaries),    cmocka_unit_test(takes_another_initial_rate),
        cmocka_unit_test(restarts_from_the_top),   cmocka_unit_test(warms_up_before_any),
        cmocka_unit_test(warms_up_as_cosine_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
