// Files whose bytes were changed, cut out, repeated or put in, of every format that is read: each
// is read, or refused by a message; a crash or a sanitizer shows the rest. What is done to a file
// follows from its number, so that a failure comes back. NNC_DAMAGED: how many files of a format.
#include "../../runtime/data/data.h"
#include "../../runtime/formats/idx.h"
#include "../../runtime/formats/npy.h"
#include "../../runtime/formats/pictures/picture.h"
#include "../../runtime/formats/weights/safetensors.h"
#include "../common/calls.h"
#include "picture_files.h"

enum { CAPACITY = 1 << 14, SMALL = 1 << 20 };

typedef nnrt_status Reader(const char *path);

// ---- What is done to the bytes.

static uint8_t whole[CAPACITY], bytes[2 * CAPACITY];
static nnrt_random dice;

static size_t roll(size_t count) {
    return count ? nnrt_random_below(&dice, (uint32_t)count) : 0;
}

static size_t insert(size_t size, size_t at, const void *from, size_t length) {
    if (size + length > sizeof bytes) return size;
    memmove(bytes + at + length, bytes + at, size - at);
    memcpy(bytes + at, from, length);
    return size + length;
}

static size_t cut_out(size_t size, size_t at, size_t length) {
    if (length > size - at) length = size - at;
    memmove(bytes + at, bytes + at + length, size - at - length);
    return size - length;
}

// Bytes that mean something to one format or another.
static size_t insert_special(size_t size, size_t at) {
    static const char *const texts[] = {"\"",   ",",     "\n",         "\r",   "\"\"",
                                        "1e99", "-",     "4294967295", "\xFF", "\xC3\xA9",
                                        "nan",  "[1,2]", "{}",         "\t;",  "2001-02-30"};
    const char *text = texts[roll(sizeof texts / sizeof *texts)];
    return insert(size, at, text, strlen(text));
}

static size_t change(size_t size) {
    static const uint8_t extremes[] = {0, 1, 0x7F, 0x80, 0xFF};
    uint8_t copy[64];
    size_t at = roll(size), length = 1 + roll(sizeof copy);
    if (!size) return insert_special(size, 0);
    switch (roll(7)) {
    case 0: bytes[at] ^= (uint8_t)(1 << roll(8)); return size;
    case 1: bytes[at] = extremes[roll(sizeof extremes)]; return size;
    case 2: return at; // the file ends there
    case 3: return cut_out(size, at, length);
    case 4:
        if (length > size - at) length = size - at;
        memcpy(copy, bytes + at, length);
        return insert(size, roll(size), copy, length);
    case 5:
        for (size_t i = at; i < size && i < at + 4; i++) bytes[i] = (uint8_t)roll(256);
        return size;
    default: return insert_special(size, at);
    }
}

static int64_t file_count(void) {
    const char *text = getenv("NNC_DAMAGED");
    return text ? atoll(text) : 1500;
}

static void read_damaged(const char *path, const char *name, Reader *read) {
    size_t size = get_file(path, whole, sizeof whole);
    assert_true(size > 0 && size < sizeof whole);
    if (read(path)) fail_msg("%s", nnrt_error());
    for (int64_t i = 0; i < file_count(); i++) {
        dice = nnrt_random_make((uint64_t)i, NNRT_RANDOM_BENCH, 0);
        memcpy(bytes, whole, size);
        size_t left = size;
        for (size_t k = 1 + roll(4); k > 0; k--) left = change(left);
        nnrt_fail(NNRT_OK, "-");
        nnrt_status status = read(put_file(name, bytes, left));
        remove(scratch(name)); // another file is made faster than this one is written anew
        if (status && strlen(nnrt_error()) < 2)
            fail_msg("file %lld is refused without a word", (long long)i);
    }
}

// ---- The readers.

static nnrt_status read_array(const nnrt_array *array) {
    if (array->rows * array->row_size > SMALL) return NNRT_OK;
    float *values = nnrt_array_allocate(NNRT_F32, array->rows * array->row_size);
    nnrt_status status = nnrt_array_read(array, NNRT_F32, values);
    free(values);
    return status;
}

static nnrt_status read_npy(const char *path) {
    nnrt_array array;
    nnrt_status status = nnrt_npy_open(&array, path);
    return status ? status : read_array(&array);
}

static nnrt_status read_idx(const char *path) {
    nnrt_array array;
    nnrt_status status = nnrt_idx_open(&array, path);
    return status ? status : read_array(&array);
}

#ifdef NNC_TESTS_HAVE_PICTURES
static nnrt_status read_picture(const char *path) {
    nnrt_picture picture;
    nnrt_status status = nnrt_picture_read(path, 3, &picture);
    if (!status) nnrt_picture_free(&picture);
    return status;
}
#endif

static nnrt_status read_tensors(const char *path) {
    nnrt_safetensors file;
    nnrt_status status = nnrt_safetensors_open(&file, path);
    if (status) return status;
    for (int64_t i = 0; i < file.count && !status; i++) {
        float values[64];
        if (file.tensors[i].elements <= 64 && !strcmp(file.tensors[i].dtype, "F32"))
            status = nnrt_safetensors_read(&file, &file.tensors[i], values);
    }
    nnrt_safetensors_close(&file);
    return status;
}

// With what tells words from numbers, a target, and what is missing.
static nnrt_status read_table(const char *path) {
    static nnrt_call stages[3];
    static const char *const target[] = {"pay"}, *const missing[] = {"?"};
    const char *files[] = {path};
    if (!stages[0].name) {
        const nnrt_option given[] = {
            {.name = "target", .texts = target, .number = NAN, .count = 1},
            {.name = "missing", .texts = missing, .number = NAN, .count = 1},
        };
        stages[0] = call_make(FAMILY_SOURCES, "csv", given, 2);
        stages[1] = call_make(FAMILY_TRANSFORMS, "drop_missing", given, 0);
        stages[2] = call_make(FAMILY_TRANSFORMS, "one_hot", given, 0);
    }
    call_set(&stages[0], &(nnrt_option){.name = "file", .texts = files, .number = NAN, .count = 1});
    nnrt_data data;
    nnrt_status status = nnrt_data_load(stages, 3, "/", &data);
    nnrt_data_free(&data);
    return status;
}

// All of its arrays.
static nnrt_status read_archive(const char *path) {
    static const char *const inputs[] = {"left", "right"}, *const target[] = {"price"};
    const nnrt_option given[] = {{.name = "x", .texts = inputs, .number = NAN, .count = 2},
                                 {.name = "target", .texts = target, .number = NAN, .count = 1}};
    static nnrt_call call;
    if (!call.name) call = call_make(FAMILY_SOURCES, "npz", given, 2);
    call_set(&call, &(nnrt_option){.name = "file", .text = path, .number = NAN});
    nnrt_data data;
    nnrt_status status = nnrt_data_load(&call, 1, "/", &data);
    nnrt_data_free(&data);
    return status;
}

// ---- The files.

static void test_tables(void **state) {
    static const char text[] =
        "age,job,\"gain\",pay\n31,clerk,0.5,high\n45,\"smith, \"\"old\"\"\",?,"
        "low\r\n-7.25e1,clerk,3,high\n12,,4,low\n";
    (void)state;
    read_damaged(put_file("whole.csv", text, sizeof text - 1), "damaged.csv", read_table);
    read_damaged(put_gzip("whole.csv.gz", text, sizeof text - 1), "damaged.csv.gz", read_table);
}

static void test_arrays(void **state) {
    static const float values[12] = {1, 2, 3, 4, 5, -6.5f};
    static uint8_t idx[1024];
    const char *path = scratch("whole.npy");
    (void)state;
    assert_int_equal(nnrt_npy_write(path, 2, (const int64_t[]){4, 3}, values), NNRT_OK);
    read_damaged(path, "damaged.npy", read_npy);
    read_damaged(put_file("whole.idx", idx, make_idx(idx, 4, 5, 6)), "damaged.idx", read_idx);
}

static void test_archives(void **state) {
    (void)state;
#if !__has_include(<minizip/unzip.h>)
    skip();
#endif
    read_damaged(NNC_SOURCE_DIR "/tests/data/columns.npz", "damaged.npz", read_archive);
}

#ifdef NNC_TESTS_HAVE_PICTURES
static void test_pictures(void **state) {
    static uint8_t pixels[12 * 14 * 3];
    (void)state;
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * i % 251);
    read_damaged(put_png("whole.png", 12, 14, 3, pixels), "damaged.png", read_picture);
    read_damaged(put_jpeg("whole.jpg", 12, 14, JCS_RGB, 3, pixels), "damaged.jpg", read_picture);
}
#endif

static void test_tensors(void **state) {
    static const char header[] = "{\"__metadata__\":{\"model\":\"net\"},"
                                 "\"dense/kernel\":{\"dtype\":\"F32\",\"shape\":[2,3],"
                                 "\"data_offsets\":[0,24]},"
                                 "\"dense/bias\":{\"dtype\":\"F32\",\"shape\":[3],"
                                 "\"data_offsets\":[24,36]}}";
    uint8_t file[8 + sizeof header + 36] = {sizeof header - 1};
    (void)state;
    memcpy(file + 8, header, sizeof header - 1);
    read_damaged(put_file("whole.safetensors", file, sizeof file - 1), "damaged.safetensors",
                 read_tensors);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),   cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_archives),
#ifdef NNC_TESTS_HAVE_PICTURES
        cmocka_unit_test(test_pictures),
#endif
        cmocka_unit_test(test_tensors),
    };
    return cmocka_run_group_tests_name("damaged_files", tests, NULL, scratch_remove);
}
