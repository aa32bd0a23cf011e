// What callbacks decide, against Keras's callbacks on the same histories
// (tests/fixtures/make_keras_training.py).
#include "../common/cases.h"

#include "../../runtime/train/monitor.h"

static double values[CASE_NUMBERS];
static int value_count;

static double number_of(const nnrt_call *call, const char *name) { // NAN: none is given
    const nnrt_option *option = call_option(call, name);
    if (!option) fail_msg("`%s` has no `%s`", call->name, name);
    return option->number;
}

static nnrt_monitor monitor_of(const nnrt_call *call, double min_delta, double best) {
    const char *mode = call_option(call, "mode")->text;
    return (nnrt_monitor){
        .is_max = strcmp(mode, "max") == 0, .min_delta = fabs(min_delta), .best = best};
}

static nnrt_stopping run_stopping(const Case *fixture, const double *actions, int count) {
    const nnrt_call *call = &fixture->call;
    nnrt_stopping stopping = {.monitor = monitor_of(call, number_of(call, "min_delta"), NAN),
                              .baseline = number_of(call, "baseline"),
                              .patience = (int64_t)number_of(call, "patience"),
                              .start_from_epoch = (int64_t)number_of(call, "start_from_epoch"),
                              .best_epoch = -1};
    for (int epoch = 0; epoch < count; epoch++) {
        int action = nnrt_stopping_epoch(&stopping, epoch, values[epoch]);
        if (action != (int)actions[epoch])
            fail_msg("callbacks:%d: epoch %d: %d, Keras does %d", fixture->line, epoch, action,
                     (int)actions[epoch]);
    }
    return stopping;
}

static void compare_saving(const Case *fixture, const double *actions, int count) {
    const nnrt_call *call = &fixture->call;
    nnrt_monitor monitor = monitor_of(call, 0, number_of(call, "baseline"));
    for (int epoch = 0; epoch < count; epoch++)
        if (nnrt_monitor_improve(&monitor, values[epoch]) != (int)actions[epoch])
            fail_msg("callbacks:%d: epoch %d: Keras does %d", fixture->line, epoch,
                     (int)actions[epoch]);
}

static void compare_rates(const Case *fixture, const double *rates, int count) {
    const nnrt_call *call = &fixture->call;
    nnrt_plateau plateau = {.monitor = monitor_of(call, number_of(call, "min_delta"), NAN),
                            .factor = number_of(call, "factor"),
                            .minimum = number_of(call, "min_learning_rate"),
                            .patience = (int64_t)number_of(call, "patience"),
                            .cooldown = (int64_t)number_of(call, "cooldown")};
    double rate = 0.1;
    for (int epoch = 0; epoch < count; epoch++) {
        nnrt_plateau_epoch(&plateau, values[epoch], &rate);
        if (fabs(rate - rates[epoch]) > 1e-6 * rate)
            fail_msg("callbacks:%d: epoch %d: %g, Keras has %g", fixture->line, epoch, rate,
                     rates[epoch]);
    }
}

// Lines `values`, then `actions` or `rates`, then `best` of early stopping.
static void compare(const Case *fixture, char *line, int number) {
    static nnrt_stopping stopping;
    double numbers[CASE_NUMBERS];
    char *rest = strchr(line, ' ');
    assert_non_null(rest);
    int count = case_numbers(rest, " ", numbers);
    int is_stopping = strcmp(fixture->call.name, "early_stopping") == 0;
    if (number == 0) {
        memcpy(values, numbers, sizeof values);
        value_count = count;
        return;
    }
    assert_true(count <= value_count);
    if (number == 2)
        assert_int_equal(stopping.best_epoch, (int)numbers[0]);
    else if (is_stopping)
        stopping = run_stopping(fixture, numbers, count);
    else if (strcmp(fixture->call.name, "checkpoint") == 0)
        compare_saving(fixture, numbers, count);
    else
        compare_rates(fixture, numbers, count);
}

static void decides_what_keras_decides(void **state) {
    (void)state;
    assert_true(cases_walk("callbacks", FAMILY_CALLBACKS, compare) >= 150);
}

// A NaN is no improvement, and the next number is one.
static void skips_nan(void **state) {
    nnrt_monitor monitor = {.best = NAN};
    (void)state;
    assert_false(nnrt_monitor_improve(&monitor, NAN));
    assert_true(nnrt_monitor_improve(&monitor, 1));
    assert_false(nnrt_monitor_improve(&monitor, NAN));
    assert_true(nnrt_monitor_improve(&monitor, 0.5));
    nnrt_stopping stopping = {.monitor = {.best = NAN}, .baseline = NAN, .best_epoch = -1};
    assert_int_equal(nnrt_stopping_epoch(&stopping, 0, NAN), NNRT_STOPPING_KEEP);
    assert_int_equal(nnrt_stopping_epoch(&stopping, 1, NAN), NNRT_STOPPING_STOP);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decides_what_keras_decides),
        cmocka_unit_test(skips_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
