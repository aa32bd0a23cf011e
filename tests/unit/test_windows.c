// Windows of tables: which rows they have, their targets, parts that share no row, statistics.
#include "../../runtime/data/data.h"
#include "../common/calls.h"
#include "data_files.h"

enum { ROWS = 50 };

static nnrt_data data;

#define SERIES SOURCE("csv", TEXT("file", "series.csv"), TEXT("target", "y"))
#define LOAD(...) load(STAGES(__VA_ARGS__))

static nnrt_status load(const nnrt_call *stages, int64_t count) {
    nnrt_data_free(&data);
    return nnrt_data_load(stages, count, scratch_folder(), &data);
}

// Row i is i, 100 + i, a word, and the target i + 0.5.
static int set_up(void **state) {
    char text[4096], *at = text + sprintf(text, "a,b,wind,y\n");
    (void)state;
    for (int i = 0; i < ROWS; i++)
        at += sprintf(at, "%d,%d,%s,%d.5\n", i, 100 + i, i == 48 ? "storm" : i % 2 ? "N" : "S", i);
    put_file("series.csv", text, strlen(text));
    return 0;
}

// Sample `number` of a part begins with row `first`, and its target is that of row `target`.
static void assert_window(const nnrt_part *part, int64_t number, int first, int target) {
    uint32_t sample = part->rows[number];
    int64_t width = data.info.inputs[0].shape[1];
    float x[256];
    assert_int_equal(nnrt_data_sample(&data, 0, sample, x), NNRT_OK);
    for (int64_t i = 0; i < data.info.inputs[0].shape[0]; i++) {
        assert_true(x[i * width] == (float)(first + i));
        assert_true(x[i * width + 1] == (float)(100 + first + i));
        assert_true(x[i * width + width - 1] == (float)(first + i) + 0.5F); // the target's past
    }
    assert_true(((const float *)data.columns[1])[sample] == (float)target + 0.5F);
}

#define DROP TRANSFORM("drop", TEXT("columns", "wind"))

static void test_rows(void **state) {
    (void)state;
    assert_int_equal(LOAD(SERIES, DROP, TRANSFORM("windows", NUMBER("n", 5))), NNRT_OK);
    assert_int_equal(data.info.inputs[0].rank, 2);
    assert_int_equal(data.info.inputs[0].shape[0], 5);
    assert_int_equal(data.info.inputs[0].shape[1], 3);
    assert_int_equal(data.train.count, ROWS - 5);
    for (int i = 0; i < ROWS - 5; i++) assert_window(&data.train, i, i, i + 5);
    assert_int_equal(
        LOAD(SERIES, DROP,
             TRANSFORM("windows", NUMBER("n", 4), NUMBER("ahead", 3), NUMBER("stride", 4))),
        NNRT_OK);
    assert_int_equal(data.train.count, 11); // the last begins with row 40, its target is in row 46
    for (int i = 0; i < 11; i++) assert_window(&data.train, i, 4 * i, 4 * i + 6);
}

// 45 windows: 9 for testing, from row 36 on; the training windows end before it.
static void test_split_behind(void **state) {
    (void)state;
    assert_int_equal(LOAD(SERIES, DROP, TRANSFORM("windows", NUMBER("n", 5)),
                          TRANSFORM("split", NUMBER("test", 0.2))),
                     NNRT_OK);
    assert_int_equal(data.test.count, 9);
    assert_window(&data.test, 0, 36, 41);
    assert_window(&data.test, 8, 44, 49);
    assert_int_equal(data.train.count, 31);
    assert_window(&data.train, 30, 30, 35);
    assert_int_equal(LOAD(SERIES, DROP, TRANSFORM("windows", NUMBER("n", 5)),
                          TRANSFORM("split", NUMBER("test", 0.2), NUMBER("seed", 1))),
                     NNRT_OK);
    assert_int_equal(data.test.count, 9); // in any order, none lost
    assert_int_equal(data.train.count, 36);
}

static void test_split_before(void **state) {
    (void)state;
    assert_int_equal(LOAD(SERIES, DROP, TRANSFORM("split", NUMBER("test", 0.2)),
                          TRANSFORM("windows", NUMBER("n", 5))),
                     NNRT_OK);
    assert_int_equal(data.train.count, 35);
    assert_window(&data.train, 34, 34, 39);
    assert_int_equal(data.test.count, 5);
    assert_window(&data.test, 0, 40, 45);
}

// What learns sees the rows of training windows alone, with that of the last target, each once:
// rows 0 to 35, and no storm. The past of the target is an input as the others are, the target
// keeps its units.
static void test_learning(void **state) {
    (void)state;
    assert_int_equal(LOAD(SERIES, PLAIN("one_hot"), PLAIN("standardize"),
                          TRANSFORM("windows", NUMBER("n", 5)),
                          TRANSFORM("split", NUMBER("test", 0.2))),
                     NNRT_OK);
    assert_int_equal(data.info.inputs[0].shape[1], 5);
    double deviation = sqrt((36.0 * 36 - 1) / 12); // of 0 to 35
    float x[25];
    assert_int_equal(nnrt_data_sample(&data, 0, data.train.rows[0], x), NNRT_OK);
    for (int i = 0; i < 5; i++) {
        float expected = (float)((i - 17.5) / deviation);
        assert_true(x[5 * i] == expected && x[5 * i + 1] == expected && x[5 * i + 4] == expected);
        assert_true(x[5 * i + 2] == (i % 2) && x[5 * i + 3] == (i % 2 == 0)); // N and S
    }
    assert_true(((const float *)data.columns[1])[data.train.rows[0]] == 5.5F);
    assert_int_equal(LOAD(SERIES, DROP, PLAIN("standardize"),
                          TRANSFORM("keep", TEXT("columns", "a")),
                          TRANSFORM("windows", NUMBER("n", 5))),
                     NNRT_OK);
    assert_int_equal(data.info.inputs[0].shape[1], 2); // the past is kept
    assert_int_equal(LOAD(SERIES, DROP, TRANSFORM("standardize", NUMBER("target", 1)),
                          TRANSFORM("windows", NUMBER("n", 5))),
                     NNRT_OK);
    assert_int_equal(nnrt_data_sample(&data, 0, 5, x), NNRT_OK); // rows 5 to 9
    assert_true(x[2] == ((const float *)data.columns[1])[0]);    // the target of row 5
    assert_true(data.info.targets[0].mean == 25);
}

// A window counts what the row of its target does.
static void test_weights(void **state) {
    (void)state;
    assert_int_equal(LOAD(SERIES, DROP, TRANSFORM("sample_weight", TEXT("column", "b")),
                          TRANSFORM("windows", NUMBER("n", 5), NUMBER("ahead", 2))),
                     NNRT_OK);
    assert_int_equal(data.info.inputs[0].shape[1], 2); // a, and the past of y
    assert_int_equal(data.info.weight_count, 1);
    assert_true(((const float *)data.columns[2])[0] == 106); // row 6
}

static void test_mistakes(void **state) {
    (void)state;
    assert_int_equal(LOAD(SERIES, DROP, TRANSFORM("windows", NUMBER("n", 50))), NNRT_ERROR);
    assert_message("the training part has 50 rows, and a window and its target reach over 51");
    assert_int_equal(LOAD(SERIES, DROP, TRANSFORM("windows", NUMBER("n", 5)),
                          TRANSFORM("windows", NUMBER("n", 5))),
                     NNRT_ERROR);
    assert_message("stands twice");
    assert_int_equal(LOAD(SERIES, TRANSFORM("windows", NUMBER("n", 5)), PLAIN("drop_missing")),
                     NNRT_ERROR);
    assert_message("write it before `windows`");
    assert_int_equal(LOAD(SERIES, DROP, TRANSFORM("windows", NUMBER("n", 40)),
                          TRANSFORM("split", NUMBER("test", 0.5))),
                     NNRT_ERROR);
    assert_message("no window is left that ends before the test part");
}

static int tear_down(void **state) {
    nnrt_data_free(&data);
    return scratch_remove(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),         cmocka_unit_test(test_split_behind),
        cmocka_unit_test(test_split_before), cmocka_unit_test(test_learning),
        cmocka_unit_test(test_weights),      cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests_name("windows", tests, set_up, tear_down);
}
