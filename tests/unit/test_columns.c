// Data sets of several columns: their names and numbers, targets that differ in kind, transforms
// that reach all inputs, and the loader's batches of them.
#include "../../runtime/data/loader.h"

#include "../common/calls.h"
#include "loaded_data.h"

enum { ROWS = 24, SIDE = 4, WIDE = 6, FEATURES = 3 };

static uint8_t bytes[1 << 16];

static int set_up(void **state) {
    float features[ROWS][FEATURES], amount[ROWS];
    uint8_t small[ROWS][SIDE * SIDE], wide[ROWS][WIDE * WIDE * 3];
    int32_t digit[ROWS], mark[ROWS];
    (void)state;
    setenv("NNC_DATA", scratch_folder(), 1);
    for (int i = 0; i < ROWS; i++) {
        for (int k = 0; k < FEATURES; k++) features[i][k] = (float)(i * (k + 1));
        for (int k = 0; k < SIDE * SIDE; k++) small[i][k] = (uint8_t)(i + k);
        for (int k = 0; k < WIDE * WIDE * 3; k++) wide[i][k] = (uint8_t)(200 - i);
        amount[i] = (float)i / 4;
        digit[i] = i % 3;
        mark[i] = i % 2;
    }
    put_file("age.npy", bytes, make_npy(bytes, "<f4", "(24, 3)", 0, features, sizeof features));
    put_file("small.npy", bytes, make_npy(bytes, "|u1", "(24, 4, 4)", 0, small, sizeof small));
    put_file("2-wide.npy", bytes, make_npy(bytes, "|u1", "(24, 6, 6, 3)", 0, wide, sizeof wide));
    put_file("amount.npy", bytes, make_npy(bytes, "<f4", "(24,)", 0, amount, sizeof amount));
    put_file("digit.npy", bytes, make_npy(bytes, "<i4", "(24,)", 0, digit, sizeof digit));
    put_gzip("mark.npy.gz", bytes, make_npy(bytes, "<i4", "(24,)", 0, mark, sizeof mark));
    return 0;
}

#define LOAD(stages) load_data(stages, COUNT(stages))
#define ALL                                                                                        \
    SOURCE("npy", TEXTS("x", "age.npy", "small.npy", "2-wide.npy"),                                \
           TEXTS("target", "amount.npy", "digit.npy", "mark.npy.gz"))

static void test_names(void **state) {
    static const char *const names[] = {"age", "small", "_2_wide", "amount", "digit", "mark"};
    (void)state;
    const nnrt_call stages[] = {ALL};
    LOAD(stages);
    assert_int_equal(nnrt_data_column_count(&data.info), 6);
    for (int64_t i = 0; i < 6; i++) {
        assert_string_equal(nnrt_data_column(&data.info, i)->name, names[i]);
        assert_int_equal(nnrt_data_find_column(&data.info, names[i]), i);
    }
    assert_int_equal(nnrt_data_find_column(&data.info, "x"), -1);
    assert_true(((float *)data.columns[0])[5 * FEATURES + 1] == 10);
    assert_int_equal(((uint8_t *)data.columns[1])[5 * SIDE * SIDE + 2], 7);
    assert_int_equal(((uint8_t *)data.columns[2])[5 * WIDE * WIDE * 3], 195);
    const nnrt_call one[] = {SOURCE("npy", TEXTS("x", "age.npy"), TEXT("target", "digit.npy"))};
    LOAD(one);
    assert_string_equal(data.info.inputs[0].name, "age"); // a list of one
    assert_string_equal(data.info.targets[0].column.name, "digit");
}

static void test_targets(void **state) {
    (void)state;
    const nnrt_call stages[] = {SOURCE("npy", TEXTS("x", "age.npy"),
                                       TEXTS("target", "amount.npy", "digit.npy", "mark.npy.gz"),
                                       NUMBERS("classes", 0, 5, 0)),
                                TRANSFORM("one_hot", TEXT("columns", "mark"))};
    LOAD(stages);
    const nnrt_target_info *targets = data.info.targets;
    assert_int_equal(data.info.target_count, 3);
    assert_int_equal(targets[0].classes, 0);
    assert_true(targets[0].highest.value == 5.75 && targets[0].highest.row == 23);
    assert_int_equal(targets[1].classes, 5);
    assert_int_equal(targets[1].is_open, 0);
    assert_int_equal(targets[2].classes, 2);
    assert_int_equal(targets[2].one_hot, 1);
    assert_true(((float *)data.columns[1])[3] == 0.75f);
    assert_int_equal(((int32_t *)data.columns[2])[4], 1);
    assert_true(((float *)data.columns[3])[2 * 3 + 1] == 1); // row 3
}

// The shares are those of the first target that is a class.
static void test_stratify(void **state) {
    int64_t counts[3] = {0};
    (void)state;
    const nnrt_call stages[] = {
        ALL, TRANSFORM("split", NUMBER("test", 0.25), NUMBER("stratify", 1), NUMBER("seed", 3))};
    LOAD(stages);
    assert_int_equal(data.test.count, 6);
    for (int i = 0; i < 6; i++) counts[((int32_t *)data.columns[4])[data.test.rows[i]]]++;
    for (int i = 0; i < 3; i++) assert_int_equal(counts[i], 2);
    const nnrt_call none[] = {
        SOURCE("npy", TEXTS("x", "small.npy"), TEXTS("target", "amount.npy", "age.npy")),
        TRANSFORM("split", NUMBER("test", 0.25), NUMBER("stratify", 1))};
    FAILS(none, "none of the targets is a class");
}

static void test_statistics(void **state) {
    (void)state;
    const nnrt_call stages[] = {ALL, PLAIN("standardize")};
    LOAD(stages);
    assert_true(fabsf(data.mean[0][2] - 34.5f) < 1e-4f);
    assert_true(fabsf(data.mean[1][3] - 14.5f) < 1e-4f);
    assert_true(fabsf(data.mean[2][0] - 188.5f) < 1e-3f);
    assert_true(fabsf(data.deviation[0][0] - data.deviation[2][7]) < 1e-4f); // steps of 1 each
    assert_null(data.mean[3]);
}

// Pictures change, whatever their number of channels; other inputs do not.
static void test_pictures(void **state) {
    (void)state;
    const nnrt_call stages[] = {ALL, TRANSFORM("resize", NUMBER("height", 3), NUMBER("width", 5))};
    LOAD(stages);
    assert_int_equal(data.info.inputs[0].size, FEATURES);
    assert_int_equal(data.info.inputs[1].size, 15);
    assert_int_equal(data.info.inputs[2].size, 45);
    assert_true(((float *)data.columns[0])[23 * FEATURES] == 23);
    assert_int_equal(((uint8_t *)data.columns[2])[23 * 45 + 44], 177);
    const nnrt_call none[] = {SOURCE("npy", TEXTS("x", "age.npy", "amount.npy")),
                              TRANSFORM("resize", NUMBER("height", 3), NUMBER("width", 5))};
    FAILS(none, "resize(..): none of the 2 inputs is a picture");
}

// Two inputs of the same pictures are moved alike; what is no picture and the targets stay.
static void test_augmented_batches(void **state) {
    (void)state;
    put_file("twin.npy", bytes, get_file(scratch("small.npy"), bytes, sizeof bytes));
    const nnrt_call stages[] = {SOURCE("npy", TEXTS("x", "small.npy", "age.npy", "twin.npy"),
                                       TEXTS("target", "digit.npy", "amount.npy")),
                                PLAIN("augment"), AUGMENTATION("rotate", NUMBER("degrees", 90))};
    LOAD(stages);
    assert_true(nnrt_loader_is_needed(&data, NNRT_FOR_TRAINING));
    nnrt_loader *loader = nnrt_loader_create(&data, NNRT_FOR_TRAINING, ROWS, 1, 1);
    assert_non_null(loader);
    nnrt_loader_start(loader, data.train.rows, ROWS, ROWS, 0, 1, 1, 1);
    nnrt_batch batch = nnrt_loader_take(loader, 0, 0);
    assert_memory_equal(batch.columns[0], batch.columns[2], ROWS * SIDE * SIDE);
    assert_memory_not_equal(batch.columns[0], data.columns[0], ROWS * SIDE * SIDE);
    assert_memory_equal(batch.columns[1], data.columns[1], ROWS * FEATURES * 4);
    assert_memory_equal(batch.columns[3], data.columns[3], ROWS * 4);
    assert_memory_equal(batch.columns[4], data.columns[4], ROWS * 4);
    nnrt_loader_free(loader);
}

static void test_test_part(void **state) {
    (void)state;
    const nnrt_call stages[] = {SOURCE(
        "npy", TEXTS("x", "age.npy", "small.npy"), TEXTS("target", "digit.npy", "amount.npy"),
        TEXTS("test_x", "age.npy", "small.npy"), TEXTS("test_target", "digit.npy", "amount.npy"))};
    LOAD(stages);
    assert_int_equal(data.row_count, 2 * ROWS);
    assert_int_equal(data.test.count, ROWS);
    assert_int_equal(((uint8_t *)data.columns[1])[(ROWS + 5) * SIDE * SIDE + 2], 7);
    assert_int_equal(((int32_t *)data.columns[2])[ROWS + 4], 1);
    assert_true(((float *)data.columns[3])[ROWS + 3] == 0.75f);
    const nnrt_call swapped[] = {
        SOURCE("npy", TEXTS("x", "age.npy", "small.npy"), TEXTS("test_x", "small.npy", "age.npy"))};
    FAILS(swapped, "samples differ in shape");
    const nnrt_call fewer[] = {
        SOURCE("npy", TEXTS("x", "age.npy", "small.npy"), TEXTS("test_x", "age.npy"))};
    FAILS(fewer, "`x` has 2 files, but `test_x` has 1");
}

static void test_lists_that_do_not_fit(void **state) {
    (void)state;
    put_file("short.npy", bytes, make_npy(bytes, "|u1", "(2,)", 0, "\1\2", 2));
    const nnrt_call rows[] = {SOURCE("npy", TEXTS("x", "age.npy", "short.npy"))};
    FAILS(rows, "age.npy` has 24 rows, but");
    const nnrt_call same[] = {SOURCE("npy", TEXTS("x", "age.npy"), TEXTS("target", "age.npy"))};
    FAILS(same, "would both be `age`");
    const nnrt_call many[] = {
        SOURCE("npy", TEXTS("x", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"),
               TEXTS("target", "m", "n", "o", "p", "q"))};
    FAILS(many, "at most 16 columns, inputs and targets together, not 17");
    const nnrt_call empty[] = {SOURCE("npy", {.name = "x", .texts = (const char *const[]){""}})};
    FAILS(empty, "names no file");
    const nnrt_call classes[] = {SOURCE("npy", TEXTS("x", "age.npy"),
                                        TEXTS("target", "digit.npy", "mark.npy.gz"),
                                        NUMBERS("classes", 3, 2, 2))};
    FAILS(classes, "`classes` has 3 numbers, but there are 2 targets");
    const nnrt_call column[] = {ALL, TRANSFORM("one_hot", TEXT("columns", "0"))};
    FAILS(column, "the data set has 3 inputs");
    const nnrt_call unknown[] = {ALL, TRANSFORM("one_hot", TEXT("columns", "label"))};
    FAILS(unknown, "the targets are `amount`, `digit`, `mark`");
    const nnrt_call missing[] = {SOURCE("npy", TEXTS("x", "age.npy", "gone.npy"))};
    assert_int_equal(nnrt_data_load(missing, 1, ".", &data), NNRT_DATA_MISSING);
    assert_message("`gone.npy` not found");
    assert_int_equal(data.info.input_count, 2); // their names are known
    assert_string_equal(data.info.inputs[1].name, "gone");
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, free_data)
    const struct CMUnitTest tests[] = {
        TEST(test_names),     TEST(test_targets),
        TEST(test_stratify),  TEST(test_statistics),
        TEST(test_pictures),  TEST(test_augmented_batches),
        TEST(test_test_part), TEST(test_lists_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
