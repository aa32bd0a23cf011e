// Learning rates against Keras's (tests/fixtures/make_keras_training.py), which computes them in
// single precision, and what Keras does not have: durations in epochs, another initial rate.
#include "../common/cases.h"

#include "../../runtime/session/schedule.h"

static void assert_rate(const nnrt_schedule *schedule, int64_t step, double wanted) {
    double rate = nnrt_schedule_rate(schedule, step);
    if (fabs(rate - wanted) > 1e-9 * fabs(wanted))
        fail_msg("step %d: %.9g, not %.9g", (int)step, rate, wanted);
}

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
    assert_true(cases_walk("schedules", FAMILY_SCHEDULES, compare) >= 24);
}

// ---- Units.

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
    assert_true(nnrt_schedule_rows[call.row].is_number);
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
        cmocka_unit_test(gives_what_keras_gives), cmocka_unit_test(counts_epochs),
        cmocka_unit_test(has_exact_boundaries),   cmocka_unit_test(takes_another_initial_rate),
        cmocka_unit_test(restarts_from_the_top),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
