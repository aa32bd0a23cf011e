// The toy sets: geometry, balance, determinism.
#include "../../runtime/data/data.h"
#include "../common/calls.h"
#include "data_files.h"

// Loads "name(n, noise, seed, factor = 0.5)".
static nnrt_data load(const char *name, double n, double noise, double seed) {
    const nnrt_option options[] = {NUMBER("n", n), NUMBER("noise", noise), NUMBER("seed", seed),
                                   NUMBER("factor", 0.5)};
    int64_t count = strcmp(name, "circles") == 0 ? 4 : 3; // which alone takes a factor
    const nnrt_call stages[] = {call_make(FAMILY_SOURCES, name, options, count)};
    nnrt_data data;
    if (nnrt_data_load(stages, 1, ".", &data)) fail_msg("%s", nnrt_error());
    assert_int_equal(data.row_count, (int64_t)n);
    assert_int_equal(data.train.count, (int64_t)n);
    assert_int_equal(data.info.inputs[0].size, 2);
    assert_int_equal(data.info.targets[0].column.dtype, NNRT_I32);
    return data;
}

static const char *const names[] = {"circles", "moons", "spirals", "xor", "blobs"};
static const int64_t classes[] = {2, 2, 2, 2, 3};

static void test_balance_and_order(void **state) {
    (void)state;
    for (int set = 0; set < 5; set++) {
        nnrt_data data = load(names[set], 999, 0.1, 4);
        const int32_t *labels = data.columns[1];
        int64_t counts[3] = {0}, changes = 0;
        assert_int_equal(data.info.targets[0].classes, classes[set]);
        for (int64_t i = 0; i < 999; i++) {
            counts[labels[i]]++;
            changes += i > 0 && labels[i] != labels[i - 1];
        }
        for (int64_t i = 0; i < classes[set]; i++)
            assert_in_range(counts[i], 999 / classes[set] - 60, 999 / classes[set] + 60);
        assert_true(changes > 400); // not sorted by class
        nnrt_data_free(&data);
    }
}

static void test_seeds(void **state) {
    (void)state;
    for (int set = 0; set < 5; set++) {
        nnrt_data first = load(names[set], 50, 0.1, 4), again = load(names[set], 50, 0.1, 4);
        nnrt_data other = load(names[set], 50, 0.1, 5);
        assert_memory_equal(first.columns[0], again.columns[0], 50 * 2 * 4);
        assert_memory_equal(first.columns[1], again.columns[1], 50 * 4);
        assert_string_equal(first.info.fingerprint, again.info.fingerprint);
        assert_memory_not_equal(first.columns[0], other.columns[0], 50 * 2 * 4);
        assert_string_not_equal(first.info.fingerprint, other.info.fingerprint);
        nnrt_data_free(&first);
        nnrt_data_free(&again);
        nnrt_data_free(&other);
    }
}

static void test_circles(void **state) {
    (void)state;
    nnrt_data data = load("circles", 101, 0, 1);
    const float *x = data.columns[0];
    const int32_t *label = data.columns[1];
    for (int i = 0; i < 101; i++)
        assert_true(fabs(hypot(x[2 * i], x[2 * i + 1]) - (label[i] ? 0.5 : 1)) < 1e-6);
    nnrt_data_free(&data);
}

static void test_moons(void **state) {
    (void)state;
    nnrt_data data = load("moons", 100, 0, 1);
    const float *x = data.columns[0];
    const int32_t *label = data.columns[1];
    for (int i = 0; i < 100; i++) {
        double across = label[i] ? 1 - x[2 * i] : x[2 * i];
        double up = label[i] ? 0.5 - x[2 * i + 1] : x[2 * i + 1];
        assert_true(fabs(hypot(across, up) - 1) < 1e-6 && up > -1e-6);
    }
    nnrt_data_free(&data);
}

static void test_spirals_and_xor(void **state) {
    (void)state;
    nnrt_data data = load("spirals", 200, 0, 1);
    const float *x = data.columns[0];
    const int32_t *label = data.columns[1];
    for (int i = 0; i < 200; i++) {
        double radius = hypot(x[2 * i], x[2 * i + 1]);
        double angle = 1.75 * radius / 5 * 2 * M_PI + (label[i] ? M_PI : 0);
        assert_true(fabs(x[2 * i] - radius * sin(angle)) < 1e-4);
    }
    nnrt_data_free(&data);
    data = load("xor", 200, 0, 1);
    x = data.columns[0];
    label = data.columns[1];
    for (int i = 0; i < 200; i++) {
        assert_true(fabsf(x[2 * i]) >= 0.3f && fabsf(x[2 * i + 1]) <= 5.3f);
        assert_int_equal(label[i], (x[2 * i] > 0) != (x[2 * i + 1] > 0));
    }
    nnrt_data_free(&data);
}

// The noise is a standard deviation.
static void test_noise(void **state) {
    (void)state;
    nnrt_data clean = load("moons", 20000, 0, 1), noisy = load("moons", 20000, 0.25, 1);
    const float *a = clean.columns[0], *b = noisy.columns[0];
    double sum = 0, squares = 0;
    for (int i = 0; i < 40000; i++) {
        sum += b[i] - a[i];
        squares += (b[i] - a[i]) * (b[i] - a[i]);
    }
    assert_true(fabs(sum / 40000) < 0.005);
    assert_true(fabs(sqrt(squares / 40000) - 0.25) < 0.005);
    nnrt_data_free(&clean);
    nnrt_data_free(&noisy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_balance_and_order), cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_circles),           cmocka_unit_test(test_moons),
        cmocka_unit_test(test_spirals_and_xor),   cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
