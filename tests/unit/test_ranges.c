// Transforms of columns of numbers against what NumPy and scikit-learn compute
// (tests/fixtures/make_tables.py): limits, logarithms, bins, mean and deviation, whose statistics
// are those of the training part.
#include "../../runtime/data/data.h"
#include "../common/calls.h"
#include "data_files.h"

#include <math.h>

enum { ROWS = 40, COLUMNS = 2 };
#define FIXTURES NNC_SOURCE_DIR "/tests/fixtures/tables"

static nnrt_call make(FamilyKind family, const char *name, const nnrt_option *options) {
    int64_t count = 0;
    while (options[count].name) count++;
    return call_make(family, name, options, count);
}

#define OPTIONS(...) ((const nnrt_option[]){__VA_ARGS__, {0}})

static void load_stages(const char *file, const nnrt_call *transforms, int64_t transform_count,
                        nnrt_data *data) {
    nnrt_call stages[8] = {
        make(FAMILY_SOURCES, "csv", OPTIONS(TEXT("file", file), TEXT("target", "y")))};
    int64_t count = 1;
    for (int64_t i = 0; i < transform_count; i++) stages[count++] = transforms[i];
    stages[count++] = make(FAMILY_TRANSFORMS, "split", OPTIONS(NUMBER("test", 0.25)));
    if (nnrt_data_load(stages, count, FIXTURES, data)) fail_msg("%s: %s", file, nnrt_error());
}

static void load(const char *file, const nnrt_call *transform, nnrt_data *data) {
    load_stages(file, transform, transform != NULL, data);
}

static void assert_stages(const char *source, const char *expected, const nnrt_call *transforms,
                          int64_t count) {
    nnrt_data is, wanted;
    load_stages(source, transforms, count, &is);
    load(expected, NULL, &wanted);
    assert_int_equal(is.info.inputs[0].size, COLUMNS);
    assert_int_equal(is.test.count, ROWS / 4);
    const float *x = is.columns[0], *y = wanted.columns[0];
    for (int i = 0; i < ROWS * COLUMNS; i++)
        if (!(fabsf(x[i] - y[i]) <= 1e-6F * fmaxf(1, fabsf(y[i]))))
            fail_msg("%s, row %d, column %d: %g, not %g", expected, i / COLUMNS + 1, i % COLUMNS,
                     (double)x[i], (double)y[i]);
    nnrt_data_free(&is);
    nnrt_data_free(&wanted);
}

#define BECOMES(expected, name, ...)                                                               \
    assert_stages("numbers.csv", expected,                                                         \
                  (const nnrt_call[]){make(FAMILY_TRANSFORMS, name, OPTIONS(__VA_ARGS__))}, 1)

static void test_limits(void **state) {
    (void)state;
    BECOMES("normalize.csv", "normalize", NUMBER("min", 0));
    BECOMES("normalize-b.csv", "normalize", NUMBER("min", -1), NUMBER("max", 2),
            TEXTS("columns", "b"));
    BECOMES("clip.csv", "clip", NUMBER("low", -5), NUMBER("high", 30));
}

static void test_logarithm(void **state) {
    (void)state;
    BECOMES("log.csv", "log", TEXTS("columns", "b"), NUMBER("plus", 1));
}

static void test_bins(void **state) {
    (void)state;
    BECOMES("bins-width.csv", "bins", NUMBER("n", 5), TEXTS("columns", "a"));
    BECOMES("bins-quantile.csv", "bins", NUMBER("n", 4), TEXTS("columns", "a", "b"),
            TEXT("by", "quantile"));
    BECOMES("bins-edges.csv", "bins", NUMBERS("edges", 10, 20, 60), TEXTS("columns", "b"));
}

// Numbers far from 0 keep their digits; stages work in the order in which they stand.
static void test_standardize(void **state) {
    (void)state;
    const nnrt_call all = call_make(FAMILY_TRANSFORMS, "standardize", &(nnrt_option){0}, 0);
    const nnrt_call three[] = {
        make(FAMILY_TRANSFORMS, "log", OPTIONS(TEXTS("columns", "b"), NUMBER("plus", 1))),
        make(FAMILY_TRANSFORMS, "standardize", OPTIONS(TEXTS("columns", "b"))),
        make(FAMILY_TRANSFORMS, "clip",
             OPTIONS(NUMBER("low", -1), NUMBER("high", 1.5), TEXTS("columns", "b")))};
    assert_stages("numbers.csv", "standardize.csv", &all, 1);
    assert_stages("seconds.csv", "standardize-seconds.csv", &all, 1);
    assert_stages("numbers.csv", "standardize-b.csv", three, 3);
}

// The new name is known to later stages, the old one is not.
static void test_rename(void **state) {
    (void)state;
    nnrt_data data;
    const nnrt_call stages[] = {
        make(FAMILY_SOURCES, "csv", OPTIONS(TEXT("file", "numbers.csv"), TEXT("target", "y"))),
        make(FAMILY_TRANSFORMS, "rename", OPTIONS(TEXT("old", "a"), TEXT("new", "c"))),
        make(FAMILY_TRANSFORMS, "rename", OPTIONS(NUMBER("old", 2), TEXT("new", "goal"))),
        make(FAMILY_TRANSFORMS, "drop", OPTIONS(TEXTS("columns", "c"))),
        make(FAMILY_TRANSFORMS, "drop", OPTIONS(TEXTS("columns", "a")))};
    assert_int_equal(nnrt_data_load(stages, 4, FIXTURES, &data), NNRT_OK);
    assert_int_equal(data.info.inputs[0].size, 1);
    assert_string_equal(data.info.targets[0].column.name, "goal");
    nnrt_data_free(&data);
    assert_int_equal(nnrt_data_load(stages, 5, FIXTURES, &data), NNRT_ERROR);
    assert_message("there is no column `a`");
}

// Another order of the same rows, the same one for the same seed.
static void test_shuffle(void **state) {
    (void)state;
    nnrt_data first, second, other;
    const nnrt_call one = make(FAMILY_TRANSFORMS, "shuffle", OPTIONS(NUMBER("seed", 1)));
    const nnrt_call two = make(FAMILY_TRANSFORMS, "shuffle", OPTIONS(NUMBER("seed", 2)));
    load("numbers.csv", &one, &first);
    load("numbers.csv", &one, &second);
    load("numbers.csv", &two, &other);
    size_t bytes = (size_t)first.train.count * sizeof *first.train.rows;
    assert_int_equal(first.train.count, ROWS * 3 / 4);
    assert_memory_equal(first.train.rows, second.train.rows, bytes);
    assert_memory_not_equal(first.train.rows, other.train.rows, bytes);
    int64_t sum = 0;
    for (int64_t i = 0; i < first.train.count; i++) sum += first.train.rows[i];
    for (int64_t i = 0; i < first.test.count; i++) sum += first.test.rows[i];
    assert_int_equal(sum, ROWS * (ROWS - 1) / 2);
    nnrt_data_free(&first);
    nnrt_data_free(&second);
    nnrt_data_free(&other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),  cmocka_unit_test(test_logarithm),
        cmocka_unit_test(test_bins),    cmocka_unit_test(test_rename),
        cmocka_unit_test(test_shuffle), cmocka_unit_test(test_standardize)};
    return cmocka_run_group_tests_name("ranges", tests, NULL, NULL);
}
