// The .npy reader and writer.
#include "../../runtime/formats/npy.h"

#include <sys/stat.h>

#include "data_files.h"

static uint8_t bytes[1 << 16];

static void fails(const char *path, const char *part) {
    nnrt_array array;
    assert_int_equal(nnrt_npy_open(&array, path), NNRT_ERROR);
    assert_message(path);
    assert_message(part);
}

// Writes a file with this header text, in this version.
static const char *put_header(const char *header, int version, const void *elements, size_t size) {
    size_t length = strlen(header), start = version == 1 ? 10 : 12;
    memcpy(bytes, "\x93NUMPY", 6);
    memcpy(bytes + 6,
           (uint8_t[]){(uint8_t)version, 0, (uint8_t)length, (uint8_t)(length >> 8), 0, 0}, 6);
    memcpy(bytes + start, header, length);
    memcpy(bytes + start + length, elements, size);
    return put_file("x.npy", bytes, start + length + size);
}

static void reads(const char *path, int64_t count, const float *expected) {
    nnrt_array array;
    float values[64];
    if (nnrt_npy_open(&array, path)) fail_msg("%s", nnrt_error());
    assert_int_equal(array.rows * array.row_size, count);
    assert_int_equal(nnrt_array_read(&array, NNRT_F32, values), NNRT_OK);
    for (int64_t i = 0; i < count; i++) assert_true(values[i] == expected[i]);
}

static void test_versions(void **state) {
    static const float values[6] = {1, 2, 3, 4, 5, -6.5f};
    (void)state;
    for (int version = 1; version <= 3; version++)
        reads(put_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n",
                         version, values, sizeof values),
              6, values);
    reads(
        put_header("{'shape':(6,),'fortran_order':False,'descr':'<f4'}", 1, values, sizeof values),
        6, values);
}

static void test_types(void **state) {
    static const struct {
        const char *type;
        uint8_t size, value[8];
        float expected;
    } rows[] = {{"|b1", 1, {1}, 1},
                {"|u1", 1, {200}, 200},
                {"|i1", 1, {0xfe}, -2},
                {"<i2", 2, {0xfe, 0xff}, -2},
                {">i2", 2, {0xff, 0xfe}, -2},
                {"<i4", 4, {0xfe, 0xff, 0xff, 0xff}, -2},
                {"<u2", 2, {0xfe, 0xff}, 65534},
                {">u2", 2, {0xff, 0xfe}, 65534},
                {"<u4", 4, {0, 1, 0, 0xff}, 4278190336},
                {">u4", 4, {0xff, 0, 1, 0}, 4278190336},
                {"<u8", 8, {0, 0, 0, 0, 0, 0, 0, 0x80}, 0x1p63f},
                {"<f2", 2, {0x01, 0xc0}, -2.001953125f},
                {">f2", 2, {0xc0, 0x01}, -2.001953125f},
                {"<f2", 2, {0xff, 0x7b}, 65504},
                {"<f2", 2, {0x01, 0x80}, -0x1p-24f}, // a denormal number
                {"<f2", 2, {0x00, 0x04}, 0x1p-14f},
                {"<i8", 8, {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, -2},
                {"<f4", 4, {0, 0, 0, 0xc0}, -2},
                {"<f8", 8, {0, 0, 0, 0, 0, 0, 0, 0xc0}, -2},
                {">f8", 8, {0xc0, 0, 0, 0, 0, 0, 0, 0}, -2}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t size = make_npy(bytes, rows[i].type, "(1,)", 0, rows[i].value, rows[i].size);
        reads(put_file("t.npy", bytes, size), 1, &rows[i].expected);
    }
}

static void test_half_not_finite(void **state) {
    static const uint8_t infinite[2] = {0x00, 0xfc}, nan[2] = {0x01, 0x7c};
    nnrt_array array;
    float value[1 + NNRT_ALIGNMENT / 4];
    (void)state;
    for (int i = 0; i < 2; i++) {
        size_t size = make_npy(bytes, "<f2", "(1,)", 0, i ? nan : infinite, 2);
        assert_int_equal(nnrt_npy_open(&array, put_file("h.npy", bytes, size)), NNRT_OK);
        assert_int_equal(nnrt_array_read(&array, NNRT_F32, value), NNRT_ERROR);
        assert_message(i ? "nan as float32" : "-inf as float32");
    }
}

// Python 2 wrote "(3L, 1L)" on Windows.
static void test_long_numbers(void **state) {
    static const float values[3] = {1, 2, 3};
    (void)state;
    reads(put_file("l.npy", bytes, make_npy(bytes, "<f4", "(3L, 1L)", 0, values, sizeof values)), 3,
          values);
}

static void test_column_major(void **state) {
    static const float stored[6] = {1, 4, 2, 5, 3, 6}, expected[6] = {1, 2, 3, 4, 5, 6};
    (void)state;
    reads(put_file("f.npy", bytes, make_npy(bytes, "<f4", "(2, 3)", 1, stored, sizeof stored)), 6,
          expected);
    static const uint8_t small[6] = {1, 4, 2, 5, 3, 6};
    nnrt_array array;
    uint8_t values[6 + NNRT_ALIGNMENT];
    size_t size = make_npy(bytes, "|u1", "(2, 3)", 1, small, sizeof small);
    assert_int_equal(nnrt_npy_open(&array, put_file("u.npy", bytes, size)), NNRT_OK);
    assert_int_equal(nnrt_array_read(&array, NNRT_U8, values), NNRT_OK);
    for (int i = 0; i < 6; i++) assert_int_equal(values[i], i + 1);
}

static void test_refused_types(void **state) {
    (void)state;
    fails(put_header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", 1, "", 0),
          "pickle");
    fails(put_header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }\n", 1, "",
                     0),
          "structured array");
    const char *const types[] = {"<c8", "<U3", "|S5",  "<M8[D]", "f4",
                                 "|f4", "<u1", "<f16", "|f2",    ""};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char header[128];
        snprintf(header, sizeof header,
                 "{'descr': '%s', 'fortran_order': False, 'shape': (1,), }\n", types[i]);
        fails(put_header(header, 1, "", 0), "astype");
    }
}

static void test_wrong_header(void **state) {
    static const char *const headers[] = {
        "",
        "{}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1.5,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': [1], }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,",
        "{'descr': '<f4'"};
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        fails(put_header(headers[i], 1, "1234", 4), "header is damaged");
    fails(put_header("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 1, "1234", 4),
          "single number");
    fails(put_header("{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }", 1, "", 0),
          "empty");
    fails(put_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1), }",
                     1, "1234", 4),
          "more than 9 dimensions");
    fails(
        put_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000, 1000000)}",
                   1, "", 0),
        "too large");
    fails(put_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000,)}", 1, "", 0),
          "promises");
}

static void test_other_files(void **state) {
    (void)state;
    fails(put_file("x.npy", "<html><body>404", 15), "HTML page");
    fails(put_file("x.npy", "PK\3\4\0\0\0\0", 8), "archive (.npz)");
    fails(put_file("x.npy", "\0\0\10\3\0\0\0\5", 8), "idx(..)");
    fails(put_file("x.npy", "1,2,3\n4,5,6", 11), "31 2c 32 2c");
    fails(put_file("x.npy", "\x93NUMPY\4\0\0\0", 10), "version 4.0");
    fails(put_file("x.npy", "\x93NUMPY\2\0\377\377\377\377", 12), "claims");
    fails(put_file("x.npy", "\x93NUMPY", 6), "truncated");
}

static void test_not_finite(void **state) {
    static const float values[4] = {1, 2, 3, NAN};
    nnrt_array array;
    float read[4];
    (void)state;
    size_t size = make_npy(bytes, "<f4", "(2, 2)", 0, values, sizeof values);
    assert_int_equal(nnrt_npy_open(&array, put_file("n.npy", bytes, size)), NNRT_OK);
    assert_int_equal(nnrt_array_read(&array, NNRT_F32, read), NNRT_ERROR);
    assert_message("element 1 of row 1");
}

static void test_write(void **state) {
    static const float values[6] = {1, -2, 3e-30f, 4, 5, 6};
    static const int64_t matrix[] = {2, 3}, vector[] = {6};
    nnrt_array array;
    (void)state;
    const char *path = scratch("out.npy");
    assert_int_equal(nnrt_npy_write(path, 2, matrix, values), NNRT_OK);
    reads(path, 6, values);
    assert_int_equal(nnrt_npy_write(path, 1, vector, values), NNRT_OK); // replaces the older one
    reads(path, 6, values);
    assert_int_equal(nnrt_npy_open(&array, path), NNRT_OK);
    assert_int_equal(array.rank, 1);
    assert_int_equal(array.offset % 64, 0);
    assert_int_equal(nnrt_npy_write("/dev/full", 1, vector, values), NNRT_ERROR);
    assert_message("/dev/full");
    assert_int_equal(nnrt_npy_write("/no/such/folder/x.npy", 1, vector, values), NNRT_ERROR);
    assert_message("/no/such/folder");
}

static void try_reading(const char *path) {
    nnrt_array array;
    nnrt_status status = nnrt_npy_open(&array, path);
    if (status == NNRT_OK) {
        void *values = nnrt_array_allocate(NNRT_F32, array.rows * array.row_size);
        if (values) status = nnrt_array_read(&array, NNRT_F32, values);
        free(values);
    }
    if (status != NNRT_OK) assert_message(path);
}

static void test_random_damage(void **state) {
    static const double values[40] = {1, 2, 3};
    (void)state;
    size_t size = make_npy(bytes, "<f8", "(10, 4)", 0, values, sizeof values);
    damage("x.npy", bytes, size, 200, try_reading);
    size = make_npy(bytes, "|u1", "(20, 16)", 1, values, sizeof values);
    damage("x.npy", bytes, size, 200, try_reading);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),        cmocka_unit_test(test_types),
        cmocka_unit_test(test_half_not_finite), cmocka_unit_test(test_long_numbers),
        cmocka_unit_test(test_column_major),    cmocka_unit_test(test_refused_types),
        cmocka_unit_test(test_wrong_header),    cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_not_finite),      cmocka_unit_test(test_write),
        cmocka_unit_test(test_random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
