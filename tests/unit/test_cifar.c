// CIFAR-10 and CIFAR-100, binary. Fails when planes, labels or parts are taken wrongly, or a
// damaged file is read.
#include <sys/stat.h>

#include "../common/calls.h"
#include "data_files.h"

#include "../../runtime/data/data.h"

enum { PLANE = 1024, PIXELS = 3 * PLANE, MAX_FILE = 8 * (PIXELS + 2) };

static nnrt_data data;
static nnrt_data_info info;
static uint8_t bytes[MAX_FILE];

static int set_up(void **state) {
    (void)state;
    setenv("NNC_DATA", scratch_folder(), 1);
    setenv("XDG_CACHE_HOME", "/no/cache", 1);
    return 0;
}

static int tear_down(void **state) {
    char command[PATH_SIZE];
    (void)state;
    nnrt_data_free(&data);
    snprintf(command, sizeof command, "rm -rf %s/*", scratch_folder());
    return system(command);
}

// A pixel's value says where it is.
static uint8_t pixel(int first, int channel, int place) {
    return (uint8_t)(first + 50 * channel + place % 37);
}

// `count` records from number `first` on; labels of one byte (first % 10) or two (3, 42).
static size_t make_records(int first, int count, int labels) {
    size_t size = 0;
    for (int record = first; record < first + count; record++) {
        bytes[size++] = (uint8_t)(labels == 2 ? 3 : record % 10);
        if (labels == 2) bytes[size++] = 42;
        for (int i = 0; i < PIXELS; i++) bytes[size++] = pixel(record, i / PLANE, i % PLANE);
    }
    return size;
}

static void put_ten(const char *folder) {
    char name[64];
    mkdir(scratch(folder), 0700);
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, i < 5 ? "%s/data_batch_%d.bin" : "%s/test_batch.bin", folder,
                 i + 1);
        put_file(name, bytes, make_records(2 * i, 2, 1));
    }
}

static void load(const nnrt_call *stages, int64_t count) {
    nnrt_data_free(&data);
    if (nnrt_data_inspect(stages, count, ".", &info)) fail_msg("%s", nnrt_error());
    if (nnrt_data_load(stages, count, ".", &data)) fail_msg("%s", nnrt_error());
    assert_string_equal(data.info.fingerprint, info.fingerprint);
}

static void fails(const char *part) {
    const nnrt_call stages[] = {PLAIN_SOURCE("cifar10")};
    nnrt_data_free(&data);
    assert_int_equal(nnrt_data_load(stages, 1, ".", &data), NNRT_ERROR);
    assert_message(part);
}

#define LOAD(stages) load(stages, COUNT(stages))

static void check_ten(void) {
    assert_int_equal(info.train_rows, 10);
    assert_int_equal(info.test_rows, 2);
    assert_int_equal(info.targets[0].classes, 10);
    assert_string_equal(info.targets[0].class_names[1], "automobile");
    assert_int_equal(info.inputs[0].dtype, NNRT_U8);
    for (int row = 0; row < 12; row++) {
        const uint8_t *picture = (const uint8_t *)data.columns[0] + row * PIXELS;
        assert_int_equal(((int32_t *)data.columns[1])[row], row % 10);
        for (int i = 0; i < PIXELS; i++) assert_int_equal(picture[i], pixel(row, i % 3, i / 3));
    }
}

static void test_ten(void **state) {
    static const char *const folders[] = {"cifar-10-batches-bin", "cifar10", "cifar-10"};
    const nnrt_call stages[] = {PLAIN_SOURCE("cifar10")};
    (void)state;
    for (int i = 0; i < 3; i++) {
        put_ten(folders[i]);
        LOAD(stages);
        check_ten();
        tear_down(state);
    }
    setenv("NNC_DATA", scratch("here"), 1); // the folder itself
    put_ten("here");
    LOAD(stages);
    check_ten();
}

static void test_compressed(void **state) {
    const nnrt_call stages[] = {PLAIN_SOURCE("cifar10")};
    (void)state;
    put_ten("cifar10");
    unlink(scratch("cifar10/data_batch_2.bin"));
    put_gzip("cifar10/data_batch_2.bin.gz", bytes, make_records(2, 2, 1));
    LOAD(stages);
    check_ten();
}

static void test_hundred(void **state) {
    const nnrt_call fine[] = {SOURCE("cifar100", TEXT("labels", "fine"))};
    const nnrt_call coarse[] = {SOURCE("cifar100", TEXT("labels", "coarse"))};
    (void)state;
    mkdir(scratch("cifar-100-binary"), 0700);
    put_file("cifar-100-binary/train.bin", bytes, make_records(0, 3, 2));
    put_file("cifar-100-binary/test.bin", bytes, make_records(3, 1, 2));
    LOAD(fine);
    assert_int_equal(info.targets[0].classes, 100);
    assert_string_equal(info.targets[0].class_names[0], "apple");
    assert_string_equal(info.targets[0].class_names[42], "leopard");
    assert_string_equal(info.targets[0].class_names[99], "worm");
    assert_int_equal(data.train.count, 3);
    assert_int_equal(((int32_t *)data.columns[1])[2], 42);
    assert_int_equal(((uint8_t *)data.columns[0])[PIXELS + 1], pixel(1, 1, 0));
    LOAD(coarse);
    assert_int_equal(info.targets[0].classes, 20);
    assert_string_equal(info.targets[0].class_names[3], "food_containers");
    assert_string_equal(info.targets[0].class_names[19], "vehicles_2");
    assert_int_equal(((int32_t *)data.columns[1])[3], 3);
}

static void test_without_files(void **state) {
    const nnrt_call stages[] = {PLAIN_SOURCE("cifar10"), PLAIN("augment"),
                                AUGMENTATION("crop", NUMBER("pad", 4)),
                                TRANSFORM("split", NUMBER("validation", 0.1))};
    (void)state;
    assert_int_equal(nnrt_data_inspect(stages, COUNT(stages), ".", &info), NNRT_DATA_MISSING);
    assert_message("cifar-10-binary.tar.gz");
    assert_int_equal(info.train_rows, 45000);
    assert_int_equal(info.validation_rows, 5000);
    assert_int_equal(info.test_rows, 10000);
    assert_int_equal(info.inputs[0].rank, 3);
    assert_int_equal(info.inputs[0].size, PIXELS);
    assert_int_equal(info.targets[0].classes, 10);
    assert_int_equal(info.augment.pad, 4);
}

static void test_damaged(void **state) {
    (void)state;
    put_ten("cifar10");
    put_file("cifar10/data_batch_3.bin", bytes, make_records(4, 2, 1) - 5);
    fails("data_batch_3.bin` is truncated");
    put_file("cifar10/data_batch_3.bin", bytes, 0);
    fails("data_batch_3.bin` is truncated");
    make_records(4, 2, 1);
    bytes[PIXELS + 1] = 10;
    put_file("cifar10/data_batch_3.bin", bytes, (PIXELS + 1) * 2);
    fails("label 10 in record 1");
    unlink(scratch("cifar10/data_batch_3.bin"));
    const nnrt_call stages[] = {PLAIN_SOURCE("cifar10")};
    assert_int_equal(nnrt_data_inspect(stages, 1, ".", &info), NNRT_DATA_MISSING);
    assert_message("data_batch_1.bin but not data_batch_3.bin");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_ten), TEST(test_compressed), TEST(test_hundred),
                                       TEST(test_without_files), TEST(test_damaged)};
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
