// Range tests of learning rates beside fastai's functions (tests/fixtures/make_range_tests.py):
// rates, smoothed losses, where a test ends, what each rule suggests. A place that is off by one,
// an average without its correction or another end would differ.
#include "../../runtime/train/range_test.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void close_to(double a, double b) {
    if (!(fabs(a - b) <= 1e-12 * fabs(b))) fail_msg("%.17g is not %.17g", a, b);
}

static double read_number(FILE *file) {
    double number;
    assert_int_equal(fscanf(file, "%lf", &number), 1);
    return number;
}

static void is_as_fastai(const char *name) {
    char path[512];
    nnrt_range_test test;
    snprintf(path, sizeof path, "%s/tests/fixtures/rates/%s.txt", NNC_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    double from = read_number(file), to = read_number(file);
    int64_t steps = (int64_t)read_number(file), count = (int64_t)read_number(file);
    int diverged = (int)read_number(file);
    assert_int_equal(nnrt_range_test_open(&test, from, to, steps), NNRT_OK);
    for (int64_t i = 0; i < count; i++) {
        int goes_on = nnrt_range_test_add(&test, read_number(file));
        if (goes_on != (i + 1 < count)) fail_msg("%s ends after step %lld", name, (long long)i + 1);
        close_to(test.rates[i], read_number(file));
        close_to(test.smoothed[i], read_number(file));
    }
    assert_int_equal(test.has_diverged, diverged);
    nnrt_range_advice advice = nnrt_range_test_advise(&test);
    close_to(advice.valley, read_number(file));
    close_to(advice.steepest, read_number(file));
    close_to(advice.minimum, read_number(file));
    nnrt_range_test_close(&test);
    fclose(file);
}

static void curves_are_as_fastais(void **state) {
    (void)state;
    is_as_fastai("classic");
    is_as_fastai("falling");
    is_as_fastai("large");
}

static nnrt_range_advice advice_of(double (*loss)(int64_t step), int64_t *count, int *diverged) {
    nnrt_range_test test;
    assert_int_equal(nnrt_range_test_open(&test, 1e-7, 10, 100), NNRT_OK);
    while (nnrt_range_test_add(&test, loss(test.count))) {
    }
    nnrt_range_advice advice = nnrt_range_test_advise(&test);
    *count = test.count;
    *diverged = test.has_diverged;
    nnrt_range_test_close(&test);
    return advice;
}

static double rising(int64_t step) {
    return 1 + (double)step / 1000;
}

static double breaking(int64_t step) {
    return step == 3 ? (double)NAN : 1 - (double)step / 10;
}

static double breaking_late(int64_t step) {
    return step == 60 ? (double)INFINITY : 1 - (double)step / 100;
}

static double negative(int64_t step) {
    return -1 - (double)step;
}

static void where_nothing_falls_nothing_is_suggested(void **state) {
    int64_t count;
    int diverged;
    (void)state;
    assert_true(isnan(advice_of(rising, &count, &diverged).valley));
    assert_int_equal(count, 100);
    assert_true(isnan(advice_of(breaking, &count, &diverged).valley));
    assert_int_equal(count, 4);
    assert_int_equal(diverged, 1);
}

// Of a test that ended so, the rest counts; losses below 0 do not end it by being below 0.
static void what_is_not_finite_is_no_part_of_the_curve(void **state) {
    int64_t count;
    int diverged;
    (void)state;
    nnrt_range_advice advice = advice_of(breaking_late, &count, &diverged);
    assert_int_equal(count, 61);
    assert_int_equal(advice.count, 60 - 10 - 5);
    assert_true(advice.valley > 1e-7 && advice.valley < 1);
    advice = advice_of(negative, &count, &diverged);
    assert_int_equal(count, 100);
    assert_int_equal(diverged, 0);
    assert_true(advice.fall > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curves_are_as_fastais),
        cmocka_unit_test(where_nothing_falls_nothing_is_suggested),
        cmocka_unit_test(what_is_not_finite_is_no_part_of_the_curve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
