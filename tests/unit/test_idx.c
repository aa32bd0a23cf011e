// The IDX reader: element types, gzip, and every way a file can be wrong.
#include "../../runtime/formats/idx.h"

#include <sys/stat.h>

#include "data_files.h"

static uint8_t bytes[1 << 16];

static void opens(const char *path) {
    nnrt_array array;
    if (nnrt_idx_open(&array, path) != NNRT_OK) fail_msg("%s", nnrt_error());
}

static void fails(const char *path, const char *part) {
    nnrt_array array;
    assert_int_equal(nnrt_idx_open(&array, path), NNRT_ERROR);
    assert_message(path);
    assert_message(part);
}

static void reads_pictures(const char *path) {
    nnrt_array array;
    uint8_t values[5 * 7 * 3 + NNRT_ALIGNMENT];
    assert_int_equal(nnrt_idx_open(&array, path), NNRT_OK);
    assert_int_equal(array.rank, 3);
    assert_int_equal(array.rows, 5);
    assert_int_equal(array.row_size, 21);
    assert_int_equal(nnrt_array_read(&array, NNRT_U8, values), NNRT_OK);
    for (int i = 0; i < 105; i++) assert_int_equal(values[i], i);
    float floats[105];
    assert_int_equal(nnrt_array_read(&array, NNRT_F32, floats), NNRT_OK);
    assert_true(floats[104] == 104);
}

static void test_plain_and_gzip(void **state) {
    (void)state;
    size_t size = make_idx(bytes, 5, 7, 3);
    reads_pictures(put_file("x", bytes, size));
    reads_pictures(put_gzip("x.gz", bytes, size));
}

// One value of each type, -2 or 2, big-endian.
static void test_types(void **state) {
    static const struct {
        uint8_t code, size, value[8];
        float expected;
    } rows[] = {{0x08, 1, {2}, 2},
                {0x09, 1, {0xfe}, -2},
                {0x0B, 2, {0xff, 0xfe}, -2},
                {0x0C, 4, {0xff, 0xff, 0xff, 0xfe}, -2},
                {0x0D, 4, {0xc0, 0, 0, 0}, -2},
                {0x0E, 8, {0xc0, 0, 0, 0, 0, 0, 0, 0}, -2}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        nnrt_array array;
        float value;
        memcpy(bytes, (uint8_t[]){0, 0, rows[i].code, 1, 0, 0, 0, 1}, 8);
        memcpy(bytes + 8, rows[i].value, rows[i].size);
        assert_int_equal(nnrt_idx_open(&array, put_file("t", bytes, 8 + rows[i].size)), NNRT_OK);
        assert_int_equal(nnrt_array_read(&array, NNRT_F32, &value), NNRT_OK);
        assert_true(value == rows[i].expected);
    }
}

static void test_wrong_header(void **state) {
    (void)state;
    size_t size = make_idx(bytes, 5, 7, 3);
    bytes[0] = 1;
    fails(put_file("x", bytes, size), "01 00 08 03");
    fails(put_file("x", "<!DOCTYPE html>", 15), "HTML page");
    fails(put_file("x", "\x93NUMPY\1\0", 8), "npy(..)");
    fails(put_file("x", "", 0), "ends after 0 bytes");
    bytes[0] = 0;
    bytes[2] = 0x0A; // not a type
    fails(put_file("x", bytes, size), "not an IDX file");
    bytes[2] = 8;
    bytes[3] = 0;
    fails(put_file("x", bytes, size), "0 dimensions");
    bytes[3] = 200;
    fails(put_file("x", bytes, size), "200 dimensions");
    make_idx(bytes, 0, 7, 3);
    fails(put_file("x", bytes, 16), "[0, 7, 3]");
}

static void test_wrong_size(void **state) {
    (void)state;
    size_t size = make_idx(bytes, 5, 7, 3);
    for (size_t i = 0; i < size; i++) fails(put_file("x", bytes, i), "truncated");
    fails(put_file("x", bytes, size + 1), "longer than its header");
    fails(put_gzip("x.gz", bytes, size - 1), "truncated");
    fails(put_gzip("x.gz", bytes, size + 1), "longer than its header");
    memset(bytes + 4, 0xff, 12); // 2^96 elements
    fails(put_file("x", bytes, size), "too large");
    fails(put_gzip("x.gz", bytes, size), "too large");
    memcpy(bytes + 4, (uint8_t[]){0, 0xff, 0xff, 0xff, 0, 0, 1, 0, 0, 0, 0, 1}, 12); // 4 GB
    fails(put_gzip("x.gz", bytes, size), "more than");
}

static void test_damaged_gzip(void **state) {
    uint8_t packed[1 << 12];
    (void)state;
    size_t size = make_idx(bytes, 50, 7, 3);
    size_t packed_size = get_file(put_gzip("x.gz", bytes, size), packed, sizeof packed);
    for (size_t i = 30; i + 1 < packed_size; i += 7) fails(put_file("x.gz", packed, i), "damaged");
    packed[packed_size - 8] ^= 1; // the checksum
    const char *path = put_file("x.gz", packed, packed_size);
    nnrt_array array;
    uint8_t values[50 * 21 + NNRT_ALIGNMENT];
    nnrt_status status = nnrt_idx_open(&array, path);
    if (!status) status = nnrt_array_read(&array, NNRT_U8, values);
    assert_int_equal(status, NNRT_ERROR);
    assert_message("incorrect data check");
}

static void test_no_file(void **state) {
    (void)state;
    fails(scratch_folder(), "a folder");
    fails(scratch("absent"), "No such file");
    const char *pipe = scratch("pipe");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    fails(pipe, "a device or pipe");
    fails("/dev/zero", "a device or pipe");
}

// A file that changes between its inspection and its reading.
static void test_changed_file(void **state) {
    nnrt_array array;
    uint8_t values[105 + NNRT_ALIGNMENT];
    (void)state;
    size_t size = make_idx(bytes, 5, 7, 3);
    const char *path = put_file("x", bytes, size);
    assert_int_equal(nnrt_idx_open(&array, path), NNRT_OK);
    put_file("x", bytes, size - 1);
    assert_int_equal(nnrt_array_read(&array, NNRT_U8, values), NNRT_ERROR);
    assert_message("truncated");
    put_file("x", bytes, size + 1);
    assert_int_equal(nnrt_array_read(&array, NNRT_U8, values), NNRT_ERROR);
    assert_message("longer");
}

static void try_reading(const char *path) {
    nnrt_array array;
    nnrt_status status = nnrt_idx_open(&array, path);
    if (status == NNRT_OK) {
        void *values = nnrt_array_allocate(NNRT_F32, array.rows * array.row_size);
        if (values) status = nnrt_array_read(&array, NNRT_F32, values);
        free(values);
    }
    if (status != NNRT_OK) assert_message(path);
}

static void test_random_damage(void **state) {
    uint8_t packed[1 << 12];
    (void)state;
    size_t size = make_idx(bytes, 50, 7, 3);
    damage("x", bytes, size, 200, try_reading);
    size_t packed_size = get_file(put_gzip("x.gz", bytes, size), packed, sizeof packed);
    damage("x.gz", packed, packed_size, 200, try_reading);
    bytes[2] = 0x0D; // float32: a quarter as many
    bytes[7] = 12;
    opens(put_file("f", bytes, 16 + 12 * 21 * 4));
    damage("f", bytes, 16 + 12 * 21 * 4, 200, try_reading);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_and_gzip), cmocka_unit_test(test_types),
        cmocka_unit_test(test_wrong_header),   cmocka_unit_test(test_wrong_size),
        cmocka_unit_test(test_damaged_gzip),   cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_changed_file),   cmocka_unit_test(test_random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
