// Initializers: fans, distributions (limits, mean, deviation), orthogonality, and that the values
// depend on the seed and the parameter's index alone.
#include "../common/calls.h"

#include "../../runtime/session/weights/initialize.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 300, COLUMNS = 200, COUNT = ROWS * COLUMNS };

static float values[COUNT];

static nnrt_parameter matrix(const char *initializer, const nnrt_option *options, int64_t count) {
    return (nnrt_parameter){.name = "dense/kernel",
                            .rank = 2,
                            .shape = {ROWS, COLUMNS},
                            .initializer =
                                call_make(FAMILY_INITIALIZERS, initializer, options, count)};
}

static void fill_with(const char *initializer, const nnrt_option *options, int64_t count) {
    nnrt_parameter parameter = matrix(initializer, options, count);
    if (nnrt_initialize(&parameter, 0, 1, values)) fail_msg("%s: %s", initializer, nnrt_error());
}

// Fails unless the values have about this mean and deviation and lie within mean +- limit, nearly
// reaching it.
static void expect_values(const char *what, double mean, double deviation, double limit) {
    double sum = 0, squares = 0, farthest = 0;
    for (int i = 0; i < COUNT; i++) {
        double x = (double)values[i] - mean;
        sum += x;
        squares += x * x;
        farthest = fmax(farthest, fabs(x));
    }
    if (fabs(sum / COUNT) > 0.02 * deviation || fabs(sqrt(squares / COUNT) / deviation - 1) > 0.02)
        fail_msg("%s: mean off by %g, deviation %g", what, sum / COUNT, sqrt(squares / COUNT));
    if (limit > 0 && (farthest > limit * 1.000001 || farthest < limit * 0.99))
        fail_msg("%s: limit %g", what, farthest);
}

static void uniform_ones(void **state) {
    nnrt_option ends[] = {{.name = "minval", .number = 1}, {.name = "maxval", .number = 3}};
    (void)state;
    static const struct {
        const char *name;
        double limit_squared;
    } rows[] = {{"glorot_uniform", 6.0 / (ROWS + COLUMNS)},
                {"he_uniform", 6.0 / ROWS},
                {"lecun_uniform", 3.0 / ROWS},
                {"random_uniform", 0.0025}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double limit = sqrt(rows[i].limit_squared);
        fill_with(rows[i].name, NULL, 0);
        expect_values(rows[i].name, 0, limit / sqrt(3), limit);
    }
    fill_with("random_uniform", ends, 2);
    expect_values("random_uniform(1, 3)", 2, 1 / sqrt(3), 1);
}

static void normal_ones(void **state) {
    const double cut = 0.87962566103423978; // deviation of a normal distribution cut at 2
    nnrt_option options[] = {{.name = "mean", .number = 5}, {.name = "stddev", .number = 2}};
    (void)state;
    static const struct {
        const char *name;
        double variance;
    } rows[] = {{"glorot_normal", 2.0 / (ROWS + COLUMNS)},
                {"he_normal", 2.0 / ROWS},
                {"lecun_normal", 1.0 / ROWS}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double deviation = sqrt(rows[i].variance);
        fill_with(rows[i].name, NULL, 0);
        expect_values(rows[i].name, 0, deviation, 2 * deviation / cut);
    }
    fill_with("random_normal", NULL, 0);
    expect_values("random_normal", 0, 0.05, 0);
    fill_with("truncated_normal", NULL, 0);
    expect_values("truncated_normal", 0, 0.05 * cut, 0.1);
    fill_with("truncated_normal", options, 2);
    expect_values("truncated_normal(5, 2)", 5, 2 * cut, 4);
}

static void variance_scaling(void **state) {
    nnrt_option options[] = {{.name = "scale", .number = 3},
                             {.name = "mode", .text = "fan_out", .number = NAN},
                             {.name = "distribution", .text = "uniform", .number = NAN}};
    (void)state;
    fill_with("variance_scaling", options, 3);
    expect_values("uniform", 0, sqrt(3.0 / COLUMNS), sqrt(9.0 / COLUMNS));
    options[1].text = "fan_avg";
    options[2].text = "untruncated_normal";
    fill_with("variance_scaling", options, 3);
    expect_values("untruncated", 0, sqrt(3 / 250.0), 0);
    fill_with("variance_scaling", NULL, 0);
    expect_values("default", 0, sqrt(1.0 / ROWS), 0);
}

static void plain_ones(void **state) {
    nnrt_option value = {.name = "value", .number = 0.3}, gain = {.name = "gain", .number = 2};
    (void)state;
    fill_with("zeros", NULL, 0);
    assert_true(values[0] == 0 && values[COUNT - 1] == 0);
    fill_with("ones", NULL, 0);
    assert_true(values[0] == 1 && values[COUNT - 1] == 1);
    fill_with("constant", &value, 1);
    assert_true(values[0] == 0.3f && values[COUNT - 1] == 0.3f);
    fill_with("identity", &gain, 1);
    for (int i = 0; i < COUNT; i++)
        assert_true(values[i] == (i / COLUMNS == i % COLUMNS ? 2.0f : 0));
}

// Columns (or, where there are fewer rows, rows) of length `gain` at right angles.
static void check_orthogonal(int64_t rows, int64_t columns, double gain) {
    nnrt_option option = {.name = "gain", .number = gain};
    nnrt_parameter parameter = matrix("orthogonal", &option, 1);
    parameter.shape[0] = rows;
    parameter.shape[1] = columns;
    assert_int_equal(nnrt_initialize(&parameter, 0, 1, values), NNRT_OK);
    int64_t count = rows < columns ? rows : columns, length = rows < columns ? columns : rows;
    int64_t step = rows < columns ? columns : 1, next = rows < columns ? 1 : columns;
    for (int64_t i = 0; i < count; i++)
        for (int64_t j = 0; j <= i; j++) {
            double sum = 0;
            for (int64_t k = 0; k < length; k++)
                sum += (double)values[i * step + k * next] * (double)values[j * step + k * next];
            assert_true(fabs(sum - (i == j ? gain * gain : 0)) < 1e-5 * gain * gain);
        }
}

static void orthogonal_ones(void **state) {
    (void)state;
    check_orthogonal(60, 40, 1);
    check_orthogonal(40, 60, 1.5);
    check_orthogonal(50, 50, 1);
    check_orthogonal(1, 7, 1);
    check_orthogonal(7, 1, 1);
}

static void fans(void **state) {
    static const struct {
        int64_t rank, shape[4];
        double in, out;
    } rows[] = {
        {0, {0}, 1, 1}, {1, {7}, 7, 7}, {2, {784, 10}, 784, 10}, {4, {3, 5, 16, 32}, 240, 480}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        nnrt_parameter parameter = {.rank = rows[i].rank};
        double in, out;
        memcpy(parameter.shape, rows[i].shape, sizeof rows[i].shape);
        nnrt_initialize_fans(&parameter, &in, &out);
        assert_true(in == rows[i].in && out == rows[i].out);
    }
}

static void values_depend_on_seed_and_index(void **state) {
    static float again[COUNT];
    nnrt_parameter parameter = matrix("glorot_uniform", NULL, 0);
    (void)state;
    assert_int_equal(nnrt_initialize(&parameter, 1, 9, values), NNRT_OK);
    assert_int_equal(nnrt_initialize(&parameter, 1, 9, again), NNRT_OK);
    assert_memory_equal(values, again, sizeof values);
    assert_int_equal(nnrt_initialize(&parameter, 2, 9, again), NNRT_OK);
    assert_memory_not_equal(values, again, sizeof values);
    assert_int_equal(nnrt_initialize(&parameter, 1, 10, again), NNRT_OK);
    assert_memory_not_equal(values, again, sizeof values);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_ones),
        cmocka_unit_test(normal_ones),
        cmocka_unit_test(variance_scaling),
        cmocka_unit_test(plain_ones),
        cmocka_unit_test(orthogonal_ones),
        cmocka_unit_test(fans),
        cmocka_unit_test(values_depend_on_seed_and_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
