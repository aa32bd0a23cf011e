// Data sets: sources of files, transforms, and the checks between files.
#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>

#include "../common/calls.h"
#include "loaded_data.h"

static uint8_t bytes[1 << 16];
static nnrt_data_info info;

static int set_up(void **state) {
    (void)state;
    setenv("NNC_DATA", scratch_folder(), 1);
    setenv("XDG_CACHE_HOME", "/no/cache", 1);
    return 0;
}

// Inspects and loads: both must tell the same.
static void load(const nnrt_call *stages, int64_t count) {
    nnrt_data_free(&data);
    if (nnrt_data_inspect(stages, count, "/no/folder", &info)) fail_msg("%s", nnrt_error());
    if (nnrt_data_load(stages, count, "/no/folder", &data)) fail_msg("%s", nnrt_error());
    assert_memory_equal(&data.info.inputs[0].shape, &info.inputs[0].shape,
                        sizeof info.inputs[0].shape);
    assert_int_equal(data.info.targets[0].column.size, info.targets[0].column.size);
    assert_int_equal(data.info.targets[0].classes, info.targets[0].classes);
    assert_int_equal(data.train.count, info.train_rows);
    assert_int_equal(data.validation.count, info.validation_rows);
    assert_int_equal(data.test.count, info.test_rows);
    assert_string_equal(data.info.fingerprint, info.fingerprint);
    assert_int_equal((uintptr_t)data.columns[0] % 64, 0);
    for (int i = 0; i < 64; i++) // may be read, is zero
        assert_int_equal(
            ((uint8_t *)data.columns[0])[data.row_count * info.inputs[0].size *
                                             (info.inputs[0].dtype == NNRT_U8 ? 1 : 4) +
                                         i],
            0);
}

#define LOAD(stages) load(stages, COUNT(stages))

// ---- Files for the tests

// 20 rows of 3 columns: row number, its square, its remainder by 3 with 5 added.
static void put_table(void) {
    double table[20][3];
    float target[20];
    int64_t labels[20];
    for (int i = 0; i < 20; i++) {
        table[i][0] = i;
        table[i][1] = i * i;
        table[i][2] = i % 3 + 5;
        target[i] = (float)i / 2;
        labels[i] = i % 4;
    }
    put_file("x.npy", bytes, make_npy(bytes, "<f8", "(20, 3)", 0, table, sizeof table));
    put_file("y.npy", bytes, make_npy(bytes, "<f4", "(20,)", 0, target, sizeof target));
    put_file("label.npy", bytes, make_npy(bytes, "<i8", "(20,)", 0, labels, sizeof labels));
}

// The four files of a small MNIST, in `folder`.
static void put_set(const char *folder, int train, int test) {
    char name[64];
    mkdir(scratch(folder), 0700);
    snprintf(name, sizeof name, "%s/train-images-idx3-ubyte.gz", folder);
    put_gzip(name, bytes, make_idx(bytes, train, 28, 28));
    snprintf(name, sizeof name, "%s/train-labels-idx1-ubyte", folder);
    put_file(name, bytes, make_idx(bytes, train, 0, 0));
    snprintf(name, sizeof name, "%s/t10k-images-idx3-ubyte", folder);
    put_file(name, bytes, make_idx(bytes, test, 28, 28));
    snprintf(name, sizeof name, "%s/t10k-labels-idx1-ubyte.gz", folder);
    put_gzip(name, bytes, make_idx(bytes, test, 0, 0));
}

#define TABLE SOURCE("npy", TEXT("x", "x.npy"), TEXT("target", "y.npy"), NUMBER("classes", NAN))
#define LABELLED SOURCE("npy", TEXT("x", "x.npy"), TEXT("target", "label.npy"))

// ---- Sources

static void test_regression_table(void **state) {
    (void)state;
    put_table();
    const nnrt_call stages[] = {TABLE};
    LOAD(stages);
    assert_string_equal(info.inputs[0].name, "x");
    assert_int_equal(info.inputs[0].dtype, NNRT_F32);
    assert_int_equal(info.inputs[0].rank, 1);
    assert_int_equal(info.inputs[0].size, 3);
    assert_int_equal(info.targets[0].column.dtype, NNRT_F32);
    assert_int_equal(info.targets[0].column.rank, 0);
    assert_int_equal(info.targets[0].classes, 0);
    assert_int_equal(info.train_rows, 20);
    assert_true(((float *)data.columns[0])[19 * 3 + 1] == 361);
    assert_true(((float *)data.columns[1])[19] == 9.5f);
}

static void test_labels(void **state) {
    (void)state;
    put_table();
    const nnrt_call stages[] = {LABELLED};
    LOAD(stages);
    assert_int_equal(info.targets[0].column.dtype, NNRT_I32);
    assert_int_equal(info.targets[0].classes, 4);
    assert_int_equal(((int32_t *)data.columns[1])[7], 3);
    const nnrt_call more[] = {
        SOURCE("npy", TEXT("x", "x.npy"), TEXT("target", "label.npy"), NUMBERS("classes", 6))};
    LOAD(more);
    assert_int_equal(info.targets[0].classes, 6);
    const nnrt_call fewer[] = {
        SOURCE("npy", TEXT("x", "x.npy"), TEXT("target", "label.npy"), NUMBERS("classes", 3))};
    FAILS(fewer, "label 3 in row 3 (counted from 0) is out of range: the set has 3 classes");
    const nnrt_call fractions[] = {
        SOURCE("npy", TEXT("x", "x.npy"), TEXT("target", "y.npy"), NUMBERS("classes", 30))};
    FAILS(fractions, "label 0.5 in row 1");
    const int16_t negative[20] = {0, 1, -1};
    put_file("label.npy", bytes, make_npy(bytes, "<i2", "(20,)", 0, negative, sizeof negative));
    LOAD(stages); // numbers: a loss that wants labels says why
    assert_int_equal(info.targets[0].column.dtype, NNRT_F32);
    assert_int_equal(info.targets[0].classes, 0);
    assert_string_equal(info.targets[0].not_labels,
                        "row 2 (counted from 0) has -1: labels are 0, 1, 2 ... "
                        "below 1048576");
    assert_true(info.targets[0].lowest.value == -1 && info.targets[0].lowest.row == 2 &&
                info.targets[0].highest.value == 1);
    int16_t signs[20];
    for (int i = 0; i < 20; i++) signs[i] = i % 3 ? 1 : -1;
    put_file("label.npy", bytes, make_npy(bytes, "<i2", "(20,)", 0, signs, sizeof signs));
    LOAD(stages); // of a hinge loss
    assert_int_equal(info.targets[0].column.dtype, NNRT_F32);
    assert_int_equal(info.targets[0].classes, 0);
    assert_true(((float *)data.columns[1])[0] == -1 && ((float *)data.columns[1])[1] == 1);
}

static void test_no_target(void **state) {
    (void)state;
    put_table();
    const nnrt_call stages[] = {SOURCE("npy", TEXT("x", "x.npy"), TEXT("target", NULL))};
    LOAD(stages);
    assert_int_equal(info.targets[0].column.size, 0);
    assert_null(data.columns[1]);
}

static void test_one_hot_file(void **state) {
    float rows[20][5] = {{0}};
    (void)state;
    put_table();
    for (int i = 0; i < 20; i++) rows[i][i % 5] = 1;
    put_file("y.npy", bytes, make_npy(bytes, "<f4", "(20, 5)", 0, rows, sizeof rows));
    const nnrt_call stages[] = {TABLE,
                                TRANSFORM("split", NUMBER("test", 0.25), NUMBER("stratify", 1))};
    LOAD(stages);
    assert_int_equal(info.targets[0].classes, 5);
    assert_int_equal(info.targets[0].one_hot, 1);
    for (int i = 0; i < 5; i++) assert_int_equal(data.test.rows[i], 15 + i);
    rows[3][0] = 0.5f;
    put_file("y.npy", bytes, make_npy(bytes, "<f4", "(20, 5)", 0, rows, sizeof rows));
    const nnrt_call table[] = {TABLE};
    LOAD(table);
    assert_int_equal(info.targets[0].one_hot, 0);
    assert_int_equal(info.targets[0].classes, 0);
    assert_int_equal(info.targets[0].column.size, 5);
}

static void test_test_part(void **state) {
    (void)state;
    put_file("x", bytes, make_idx(bytes, 12, 2, 3));
    put_file("y", bytes, make_idx(bytes, 12, 0, 0));
    put_file("tx", bytes, make_idx(bytes, 7, 2, 3));
    put_file("ty", bytes, make_idx(bytes, 7, 0, 0));
    const nnrt_call stages[] = {SOURCE("idx", TEXT("x", "x"), TEXT("target", "y"),
                                       TEXT("test_x", "tx"), TEXT("test_target", "ty"))};
    LOAD(stages);
    assert_int_equal(info.inputs[0].dtype, NNRT_U8);
    assert_int_equal(data.row_count, 19);
    assert_int_equal(data.train.count, 12);
    assert_int_equal(data.test.count, 7);
    assert_int_equal(data.test.rows[0], 12);
    assert_int_equal(((uint8_t *)data.columns[0])[12 * 6 + 5], 5);
    const nnrt_call half[] = {
        SOURCE("idx", TEXT("x", "x"), TEXT("target", "y"), TEXT("test_x", "tx"))};
    FAILS(half, "go together");
    put_file("tx", bytes, make_idx(bytes, 7, 3, 3));
    FAILS(stages, "differ in shape");
    make_idx(bytes, 7, 0, 0);
    bytes[8 + 6] = 10;
    put_file("tx", bytes, make_idx(bytes, 7, 2, 3));
    size_t size = make_idx(bytes, 7, 0, 0);
    bytes[8 + 6] = 10;
    put_file("ty", bytes, size);
    LOAD(stages);
    assert_int_equal(info.targets[0].column.dtype, NNRT_F32);
    assert_non_null(
        strstr(info.targets[0].not_labels, "row 6 (counted from 0) of the test part has 10"));
    assert_true(info.targets[0].highest.value == 10 && info.targets[0].highest.row == 6 &&
                info.targets[0].highest.is_test);
}

// Whole numbers at places may be labels; one value a class may stand at each place.
static void test_places(void **state) {
    int32_t labels[4 * 6];
    float shares[4][2][2] = {
        {{1, 0}, {0, 1}}, {{0, 1}, {0, 1}}, {{1, 0}, {1, 0}}, {{0, 1}, {1, 0}}};
    double x[4] = {0};
    (void)state;
    for (int i = 0; i < 24; i++) labels[i] = i % 5;
    put_file("x.npy", bytes, make_npy(bytes, "<f8", "(4, 1)", 0, x, sizeof x));
    put_file("y.npy", bytes, make_npy(bytes, "<i4", "(4, 2, 3)", 0, labels, sizeof labels));
    const nnrt_call stages[] = {SOURCE("npy", TEXT("x", "x.npy"), TEXT("target", "y.npy"))};
    LOAD(stages);
    assert_int_equal(info.targets[0].place_classes, 5);
    assert_int_equal(info.targets[0].classes, 0);
    assert_int_equal(info.targets[0].column.rank, 2);
    const nnrt_call given[] = {
        SOURCE("npy", TEXT("x", "x.npy"), TEXT("target", "y.npy"), NUMBERS("classes", 4))};
    FAILS(given, "label 4 in row 0 (counted from 0) is out of range");
    labels[7] = -1;
    put_file("y.npy", bytes, make_npy(bytes, "<i4", "(4, 2, 3)", 0, labels, sizeof labels));
    LOAD(stages);
    assert_int_equal(info.targets[0].place_classes, 0);
    assert_non_null(strstr(info.targets[0].not_labels, "row 1 (counted from 0) has -1"));
    put_file("y.npy", bytes, make_npy(bytes, "<f4", "(4, 2, 2)", 0, shares, sizeof shares));
    LOAD(stages);
    assert_int_equal(info.targets[0].one_hot, 1);
    assert_int_equal(info.targets[0].classes, 2);
    shares[3][1][0] = 0.5F;
    put_file("y.npy", bytes, make_npy(bytes, "<f4", "(4, 2, 2)", 0, shares, sizeof shares));
    LOAD(stages);
    assert_int_equal(info.targets[0].one_hot, 0);
    assert_true(info.targets[0].uneven.value == 0.5 && info.targets[0].uneven.row == 3);
}

static void test_files_that_do_not_fit(void **state) {
    (void)state;
    put_file("x", bytes, make_idx(bytes, 12, 2, 3));
    put_file("y", bytes, make_idx(bytes, 13, 0, 0));
    const nnrt_call stages[] = {SOURCE("idx", TEXT("x", "x"), TEXT("target", "y"))};
    FAILS(stages, "has 12 rows, but");
    const nnrt_call swapped[] = {SOURCE("idx", TEXT("x", "y"), TEXT("target", "x"))};
    FAILS(swapped, "swapped");
    const nnrt_call missing[] = {SOURCE("idx", TEXT("x", "absent"), TEXT("target", "y"))};
    assert_int_equal(nnrt_data_load(missing, 1, ".", &data), NNRT_DATA_MISSING);
    assert_message("`absent` not found");
}

// ---- Built-in sets

static void test_built_in_set(void **state) {
    (void)state;
    put_set("mnist", 30, 10);
    const nnrt_call stages[] = {PLAIN_SOURCE("mnist"), TRANSFORM("scale", NUMBER("a", 1.0 / 255))};
    LOAD(stages);
    assert_string_equal(info.inputs[0].name, "image");
    assert_string_equal(info.targets[0].column.name, "label");
    assert_int_equal(info.inputs[0].dtype, NNRT_U8);
    assert_int_equal(info.inputs[0].shape[1], 28);
    assert_int_equal(info.targets[0].classes, 10);
    assert_string_equal(info.targets[0].class_names[9], "9");
    assert_int_equal(data.train.count, 30);
    assert_int_equal(data.test.count, 10);
    assert_true(info.scale == 1.0 / 255);
    assert_int_equal(((int32_t *)data.columns[1])[29], 9);
    assert_int_equal(((uint8_t *)data.columns[0])[784], 784 % 256);
}

static void test_built_in_set_without_files(void **state) {
    (void)state;
    setenv("NNC_DATA", "/no/data", 1);
    const nnrt_call stages[] = {
        PLAIN_SOURCE("mnist"), TRANSFORM("split", NUMBER("validation", 0.1), NUMBER("stratify", 1)),
        TRANSFORM("one_hot", TEXT("columns", "label"))};
    assert_int_equal(nnrt_data_inspect(stages, 3, ".", &info), NNRT_DATA_MISSING);
    assert_message("NNC_DATA");
    assert_message("/no/data");
    assert_int_equal(info.train_rows, 54000);
    assert_int_equal(info.validation_rows, 6000);
    assert_int_equal(info.test_rows, 10000);
    assert_int_equal(info.targets[0].column.size, 10);
    assert_int_equal(info.targets[0].one_hot, 1);
    assert_int_equal(info.inputs[0].size, 784);
    assert_int_equal(nnrt_data_load(stages, 3, ".", &data), NNRT_DATA_MISSING);
    const nnrt_call wrong[] = {PLAIN_SOURCE("mnist"), TRANSFORM("take", NUMBER("n", 60001))};
    assert_int_equal(nnrt_data_inspect(wrong, 2, ".", &info), NNRT_ERROR);
    assert_message("60000 rows");
}

static void test_swapped_set(void **state) {
    (void)state;
    const nnrt_call stages[] = {PLAIN_SOURCE("mnist")};
    put_set("mnist", 30, 10);
    put_file("mnist/train-labels-idx1-ubyte", bytes, make_idx(bytes, 10, 0, 0));
    FAILS(stages, "training and test swapped");
    put_set("mnist", 30, 10);
    put_file("mnist/t10k-images-idx3-ubyte", bytes, make_idx(bytes, 10, 0, 0));
    FAILS(stages, "expected pictures");
    put_set("mnist", 30, 10);
    put_file("mnist/train-labels-idx1-ubyte", bytes, make_idx(bytes, 30, 28, 28));
    FAILS(stages, "expected labels");
    size_t size = make_idx(bytes, 30, 0, 0);
    bytes[8 + 17] = 10;
    put_file("mnist/train-labels-idx1-ubyte", bytes, size);
    FAILS(stages, "label 10 in row 17");
    put_set("mnist", 30, 10);
    put_file("mnist/t10k-images-idx3-ubyte", bytes, make_idx(bytes, 10, 28, 27));
    FAILS(stages, "[10, 28, 27]");
}

// ---- Transforms

// Every row is in one part, once.
static void assert_partition(void) {
    int seen[64] = {0};
    const nnrt_part *parts[] = {&data.train, &data.validation, &data.test};
    for (int i = 0; i < 3; i++)
        for (int64_t j = 0; j < parts[i]->count; j++) seen[parts[i]->rows[j]]++;
    for (int64_t i = 0; i < data.row_count; i++) assert_int_equal(seen[i], 1);
}

static void test_split(void **state) {
    (void)state;
    put_table();
    const nnrt_call last[] = {TABLE, TRANSFORM("split", NUMBER("test", 0.2),
                                               NUMBER("validation", 0.25), NUMBER("seed", NAN))};
    LOAD(last);
    assert_partition();
    assert_int_equal(data.train.count, 11);
    assert_int_equal(data.validation.count, 5); // of all 20, not of what `test` left
    for (uint32_t i = 0; i < 4; i++) assert_int_equal(data.test.rows[i], 16 + i);
    for (uint32_t i = 0; i < 5; i++) assert_int_equal(data.validation.rows[i], 11 + i);
    const nnrt_call shuffled[] = {TABLE, TRANSFORM("split", NUMBER("test", 0.2),
                                                   NUMBER("validation", 0.25), NUMBER("seed", 7))};
    LOAD(shuffled);
    assert_partition();
    uint32_t rows[4];
    memcpy(rows, data.test.rows, sizeof rows);
    assert_true(rows[0] != 16 || rows[1] != 17 || rows[2] != 18 || rows[3] != 19);
    LOAD(shuffled);
    assert_memory_equal(rows, data.test.rows, sizeof rows);
    const nnrt_call other[] = {TABLE, TRANSFORM("split", NUMBER("test", 0.2), NUMBER("seed", 8))};
    LOAD(other);
    assert_memory_not_equal(rows, data.test.rows, sizeof rows);
}

// As many rows as Keras's validation_split: n - floor(n * (1 - fraction)).
static void test_split_sizes(void **state) {
    static const struct {
        double n, fraction;
        int64_t rest;
    } rows[] = {{1000, 0.5, 500}, {392, 0.2, 313}, {60000, 0.1, 54000}, {10, 0.9, 1}, {3, 0.01, 2}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const nnrt_call stages[] = {SOURCE("moons", NUMBER("n", rows[i].n)),
                                    TRANSFORM("split", NUMBER("validation", rows[i].fraction))};
        assert_int_equal(nnrt_data_inspect(stages, 2, ".", &info), NNRT_OK);
        assert_int_equal(info.train_rows, rows[i].rest);
        assert_int_equal(info.train_rows + info.validation_rows, (int64_t)rows[i].n);
    }
}

static void test_stratify(void **state) {
    (void)state;
    int8_t labels[20];
    put_table();
    for (int i = 0; i < 20; i++) labels[i] = i >= 10 ? 2 : i >= 5; // 5, 5, 10
    put_file("label.npy", bytes, make_npy(bytes, "|i1", "(20,)", 0, labels, sizeof labels));
    for (int seed = 0; seed < 20; seed++) {
        const nnrt_call stages[] = {LABELLED, TRANSFORM("split", NUMBER("test", 0.2),
                                                        NUMBER("seed", seed ? seed : NAN),
                                                        NUMBER("stratify", 1))};
        LOAD(stages);
        assert_partition();
        int counts[3] = {0};
        for (int i = 0; i < 4; i++) counts[labels[data.test.rows[i]]]++;
        assert_int_equal(counts[0], 1);
        assert_int_equal(counts[1], 1);
        assert_int_equal(counts[2], 2);
    }
    const nnrt_call regression[] = {TABLE,
                                    TRANSFORM("split", NUMBER("test", 0.2), NUMBER("stratify", 1))};
    FAILS(regression, "not a class");
}

static void test_wrong_splits(void **state) {
    (void)state;
    put_table();
    put_set("mnist", 30, 10);
    const nnrt_call own[] = {PLAIN_SOURCE("mnist"), TRANSFORM("split", NUMBER("test", 0.5))};
    FAILS(own, "have a test part already, of 10 rows");
    const nnrt_call all[] = {SOURCE("moons", NUMBER("n", 3)),
                             TRANSFORM("split", NUMBER("test", 0.99))};
    FAILS(all, "left for training");
    const nnrt_call twice[] = {TABLE, TRANSFORM("split", NUMBER("test", 0.5)),
                               TRANSFORM("split", NUMBER("test", 0.5))};
    FAILS(twice, "already");
    const nnrt_call none[] = {TABLE,
                              TRANSFORM("split", NUMBER("test", 0), NUMBER("validation", 0))};
    LOAD(none);
    assert_int_equal(data.train.count, 20);
}

static void test_take(void **state) {
    (void)state;
    put_table();
    const nnrt_call stages[] = {TABLE, TRANSFORM("take", NUMBER("n", 10)),
                                TRANSFORM("split", NUMBER("validation", 0.2))};
    LOAD(stages);
    assert_int_equal(data.train.count, 8);
    assert_int_equal(data.validation.count, 2);
    const nnrt_call many[] = {TABLE, TRANSFORM("take", NUMBER("n", 21))};
    FAILS(many, "has 20 rows");
}

static void test_scale(void **state) {
    (void)state;
    put_table();
    const nnrt_call stages[] = {TABLE, TRANSFORM("scale", NUMBER("a", 0.5), NUMBER("offset", 1)),
                                TRANSFORM("scale", NUMBER("a", 4))};
    LOAD(stages);
    assert_true(info.scale == 2 && info.offset == 4);
    assert_true(((float *)data.columns[0])[3] == 1); // untouched
    const nnrt_call late[] = {TABLE, PLAIN("standardize"), TRANSFORM("scale", NUMBER("a", 4))};
    FAILS(late, "put it before");
}

static void test_standardize(void **state) {
    (void)state;
    put_table();
    const nnrt_call stages[] = {TABLE, TRANSFORM("scale", NUMBER("a", 2), NUMBER("offset", 3)),
                                PLAIN("standardize"), TRANSFORM("take", NUMBER("n", 4))};
    LOAD(stages);
    assert_int_equal(info.standardize, 1);
    assert_true(data.mean[0][0] == 2 * 1.5f + 3); // 0 1 2 3
    assert_true(fabs(data.deviation[0][0] - 2 * sqrt(1.25)) < 1e-6);
    assert_true(data.mean[0][1] == 2 * 3.5f + 3); // 0 1 4 9
    const nnrt_call constant[] = {TABLE, PLAIN("standardize"), TRANSFORM("take", NUMBER("n", 1))};
    LOAD(constant);
    assert_true(data.deviation[0][0] == 1 && data.deviation[0][2] == 1);
}

static void test_one_hot_target(void **state) {
    (void)state;
    put_table();
    const nnrt_call stages[] = {LABELLED, TRANSFORM("one_hot", TEXT("columns", "target"))};
    LOAD(stages);
    assert_int_equal(info.targets[0].column.dtype, NNRT_F32);
    assert_int_equal(info.targets[0].column.rank, 1);
    assert_int_equal(info.targets[0].column.size, 4);
    assert_int_equal(info.targets[0].one_hot, 1);
    for (int i = 0; i < 80; i++) assert_true(((float *)data.columns[1])[i] == (i / 4 % 4 == i % 4));
    const nnrt_call twice[] = {LABELLED, TRANSFORM("one_hot", TEXT("columns", "label")),
                               TRANSFORM("one_hot", TEXT("columns", "label"))};
    FAILS(twice, "already");
    const nnrt_call regression[] = {TABLE, TRANSFORM("one_hot", TEXT("columns", "target"))};
    FAILS(regression, "not a class label");
    const nnrt_call unknown[] = {TABLE, TRANSFORM("one_hot", TEXT("columns", "origin"))};
    FAILS(unknown, "no column `origin`");
}

static void test_one_hot_column(void **state) {
    (void)state;
    put_table();
    const nnrt_call stages[] = {TABLE, TRANSFORM("one_hot", TEXT("columns", "2")),
                                PLAIN("standardize")};
    LOAD(stages);
    assert_int_equal(info.inputs[0].size, 5);
    const float expected[] = {4, 16, 0, 1, 0}; // row 4: 4 % 3 + 5 = 6
    assert_memory_equal((float *)data.columns[0] + 4 * 5, expected, sizeof expected);
    assert_true(data.mean[0][0] == 9.5f);
    for (int i = 2; i < 5; i++) assert_true(data.mean[0][i] == 0 && data.deviation[0][i] == 1);
    const nnrt_call both[] = {TABLE, TRANSFORM("one_hot", TEXT("columns", "2")),
                              TRANSFORM("one_hot", TEXT("columns", "0")),
                              TRANSFORM("take", NUMBER("n", 2))};
    LOAD(both); // row numbers 0 and 1, then the square, then 5 and 6
    assert_int_equal(info.inputs[0].size, 5);
    const float fourth[] = {0, 0, 16, 0, 1}; // not among the categories: all 0
    assert_memory_equal((float *)data.columns[0] + 4 * 5, fourth, sizeof fourth);
    const nnrt_call outside[] = {TABLE, TRANSFORM("one_hot", TEXT("columns", "3"))};
    FAILS(outside, "have 3 columns, 0 to 2");
    const nnrt_call twice[] = {TABLE, TRANSFORM("one_hot", TEXT("columns", "1")),
                               TRANSFORM("one_hot", TEXT("columns", "1"))};
    FAILS(twice, "already");
}

static void test_fingerprint(void **state) {
    char first[65];
    (void)state;
    put_table();
    const nnrt_call stages[] = {LABELLED};
    LOAD(stages);
    strcpy(first, info.fingerprint);
    const uint8_t labels[20] = {0, 0, 3};
    put_file("label.npy", bytes, make_npy(bytes, "|u1", "(20,)", 0, labels, sizeof labels));
    LOAD(stages);
    assert_string_not_equal(first, info.fingerprint);
}

// Another program cuts the compressed file again and again while it is read: an error that names
// it, never a signal.
static void *cut_and_restore(void *argument) {
    _Atomic int *is_over = argument;
    char path[PATH_SIZE], *content;
    enum { CAPACITY = 2 << 20 };
    snprintf(path, sizeof path, "%s", scratch("cut.gz"));
    content = malloc(CAPACITY);
    size_t size = get_file(path, content, CAPACITY);
    while (!*is_over) {
        FILE *file = fopen(path, "r+b");
        if (!file || ftruncate(fileno(file), 4096)) break;
        usleep(200);
        fwrite(content, 1, size, file);
        fclose(file);
        usleep(200);
    }
    free(content);
    return NULL;
}

static void test_cut_while_read(void **state) {
    enum { ROWS = 60, SIDE = 120, SIZE = ROWS * SIDE * SIDE };
    static uint8_t content[SIZE + 64];
    static _Atomic int is_over;
    nnrt_random random = nnrt_random_make(1, NNRT_RANDOM_BENCH, 0);
    char name[PATH_SIZE];
    pthread_t cutter;
    (void)state;
    size_t size = make_idx(content, ROWS, SIDE, SIDE);
    for (size_t i = 16; i < size; i++) content[i] = (uint8_t)nnrt_random_bits(&random);
    snprintf(name, sizeof name, "%s", put_gzip("cut.gz", content, size));
    const nnrt_call stages[] = {SOURCE("idx", TEXT("x", name))};
    assert_int_equal(pthread_create(&cutter, NULL, cut_and_restore, &is_over), 0);
    for (int i = 0; i < 60; i++) {
        nnrt_data_free(&data);
        if (nnrt_data_load(stages, 1, ".", &data)) assert_message("cut.gz");
    }
    is_over = 1;
    pthread_join(cutter, NULL);
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, free_data)
    const struct CMUnitTest tests[] = {
        TEST(test_cut_while_read), TEST(test_regression_table),
        TEST(test_labels),         TEST(test_no_target),
        TEST(test_one_hot_file),   TEST(test_test_part),
        TEST(test_places),         TEST(test_files_that_do_not_fit),
        TEST(test_built_in_set),   TEST(test_built_in_set_without_files),
        TEST(test_swapped_set),    TEST(test_split),
        TEST(test_split_sizes),    TEST(test_stratify),
        TEST(test_wrong_splits),   TEST(test_take),
        TEST(test_scale),          TEST(test_standardize),
        TEST(test_one_hot_target), TEST(test_one_hot_column),
        TEST(test_fingerprint),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
