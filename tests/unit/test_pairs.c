// Pairs of samples: how many, of which rows, and what is refused.
#include "../../runtime/data/data.h"
#include "../common/calls.h"
#include "data_files.h"

enum { ROWS = 60 };

static nnrt_data data;

#define MAKE(family, name, ...)                                                                    \
    call_make(family, name, (const nnrt_option[]){__VA_ARGS__, {0}},                               \
              sizeof((const nnrt_option[]){__VA_ARGS__}) / sizeof(nnrt_option))
#define POINTS MAKE(FAMILY_SOURCES, "blobs", NUMBER("n", ROWS))
#define PAIRS(share, seed)                                                                         \
    MAKE(FAMILY_TRANSFORMS, "pairs", NUMBER("same", share), NUMBER("seed", seed))
#define SPLIT(share) MAKE(FAMILY_TRANSFORMS, "split", NUMBER("test", share), NUMBER("seed", 3))
#define LOAD(...)                                                                                  \
    load((const nnrt_call[]){__VA_ARGS__},                                                         \
         (int64_t)(sizeof((const nnrt_call[]){__VA_ARGS__}) / sizeof(nnrt_call)))

static nnrt_status load(const nnrt_call *stages, int64_t count) {
    nnrt_data_free(&data);
    return nnrt_data_load(stages, count, ".", &data);
}

// The row of the points that a sample is.
static int64_t find(const nnrt_data *points, const float sample[2]) {
    const float *x = points->columns[0];
    for (int64_t i = 0; i < points->row_count; i++)
        if (memcmp(x + 2 * i, sample, 2 * sizeof *x) == 0) return i;
    fail_msg("a sample that is none of the points");
    return -1;
}

// Returns how many pairs of a part are of one class.
static int64_t count_same(const nnrt_data *points, const nnrt_part *part, const nnrt_part *from) {
    const int32_t *same = data.columns[2], *label = data.columns[3];
    const int32_t *labels = points->columns[1];
    int64_t count = 0;
    for (int64_t i = 0; i < part->count; i++) {
        uint32_t pair = part->rows[i];
        float left[2], right[2];
        assert_int_equal(nnrt_data_sample(&data, 0, pair, left), NNRT_OK);
        assert_int_equal(nnrt_data_sample(&data, 1, pair, right), NNRT_OK);
        int64_t a = find(points, left), b = find(points, right);
        assert_int_equal(a, from->rows[i]); // each row once on the left
        assert_true(a != b);
        assert_int_equal(label[pair], labels[a]);
        assert_int_equal(same[pair], labels[a] == labels[b]);
        int is_inside = 0; // the right one is of the same part
        for (int64_t k = 0; k < from->count; k++) is_inside |= from->rows[k] == b;
        assert_true(is_inside);
        count += same[pair];
    }
    return count;
}

static void test_share(void **state) {
    nnrt_data points;
    (void)state;
    assert_int_equal(nnrt_data_load((const nnrt_call[]){POINTS, SPLIT(0.4)}, 2, ".", &points),
                     NNRT_OK);
    assert_int_equal(LOAD(POINTS, SPLIT(0.4), PAIRS(0.25, 7)), NNRT_OK);
    assert_int_equal(data.info.input_count, 2);
    assert_string_equal(data.info.inputs[0].name, "left");
    assert_string_equal(data.info.inputs[1].name, "right");
    assert_string_equal(data.info.targets[0].column.name, "same");
    assert_string_equal(data.info.targets[1].column.name, "label");
    assert_int_equal(data.info.targets[0].classes, 2);
    assert_int_equal(data.train.count, 36);
    assert_int_equal(data.test.count, 24);
    assert_int_equal(count_same(&points, &data.train, &points.train), 9);
    assert_int_equal(count_same(&points, &data.test, &points.test), 6);
    assert_null(data.columns[0]); // samples are made, not copied
    assert_false(nnrt_data_is_held(&data));
    assert_true(nnrt_data_is_in_memory(&data));
    nnrt_data_free(&points);
}

static void test_seed(void **state) {
    float first[ROWS][2], again[2];
    int differ = 0;
    (void)state;
    assert_int_equal(LOAD(POINTS, PAIRS(0.5, 1)), NNRT_OK);
    for (uint32_t i = 0; i < ROWS; i++) nnrt_data_sample(&data, 1, i, first[i]);
    assert_int_equal(LOAD(POINTS, PAIRS(0.5, 1)), NNRT_OK);
    for (uint32_t i = 0; i < ROWS; i++) {
        nnrt_data_sample(&data, 1, i, again);
        assert_memory_equal(first[i], again, sizeof again);
    }
    assert_int_equal(LOAD(POINTS, PAIRS(0.5, 2)), NNRT_OK);
    for (uint32_t i = 0; i < ROWS; i++) {
        nnrt_data_sample(&data, 1, i, again);
        differ += memcmp(first[i], again, sizeof again) != 0;
    }
    assert_true(differ > ROWS / 2);
}

// What is behind `pairs` takes pairs: a part of them, and the statistics of each column.
static void test_behind(void **state) {
    (void)state;
    assert_int_equal(LOAD(POINTS, PAIRS(1, 1), SPLIT(0.5),
                          call_make(FAMILY_TRANSFORMS, "standardize", &(nnrt_option){0}, 0)),
                     NNRT_OK);
    assert_int_equal(data.train.count, ROWS / 2);
    assert_int_equal(data.test.count, ROWS / 2);
    for (int64_t i = 0; i < ROWS; i++) assert_int_equal(((const int32_t *)data.columns[2])[i], 1);
    double sum = 0;
    for (int64_t i = 0; i < data.train.count; i++) {
        float left[2];
        nnrt_data_sample(&data, 0, data.train.rows[i], left);
        sum += (double)left[0];
    }
    assert_true(fabs(sum / (double)data.train.count - (double)data.mean[0][0]) < 1e-6);
}

static void test_mistakes(void **state) {
    (void)state;
    put_file("one.csv", "a,y\n1,0\n2,0\n", 12);
    const nnrt_call one =
        MAKE(FAMILY_SOURCES, "csv", TEXT("file", scratch("one.csv")), TEXT("target", "y"));
    assert_int_equal(LOAD(one, PAIRS(0.5, 0)), NNRT_ERROR);
    assert_non_null(strstr(nnrt_error(), "takes data of one input"));
    assert_int_equal(LOAD(POINTS, PAIRS(0.5, 0), PAIRS(0.5, 0)), NNRT_ERROR);
    assert_non_null(strstr(nnrt_error(), "takes data of one input"));
    assert_int_equal(LOAD(POINTS, MAKE(FAMILY_TRANSFORMS, "take", NUMBER("n", 1)), PAIRS(0.5, 0)),
                     NNRT_ERROR);
    assert_non_null(strstr(nnrt_error(), "all rows of a part are of one class"));
}

static int tear_down(void **state) {
    nnrt_data_free(&data);
    return scratch_remove(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_behind),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests_name("pairs", tests, NULL, tear_down);
}
