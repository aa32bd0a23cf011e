// NumPy's archives, as NumPy writes them (tests/fixtures/make_npz.py): which arrays are taken,
// their numbers, and archives that are refused.
#include "../../runtime/data/data.h"
#include "../common/calls.h"
#include "data_files.h"

#define DATA NNC_SOURCE_DIR "/tests/data/"

static nnrt_data data;

static nnrt_status load(const char *file, const nnrt_option *given, int64_t count) {
    nnrt_call call = call_make(FAMILY_SOURCES, "npz", given, count);

    call_set(&call, &(nnrt_option){.name = "file", .text = file, .number = NAN});
    nnrt_data_free(&data);
    return nnrt_data_load(&call, 1, "/", &data);
}

// Without a word: as Keras names them.
static void test_usual_names(void **state) {
    (void)state;
    if (load(DATA "parts.npz", NULL, 0)) fail_msg("%s", nnrt_error());
    assert_int_equal(data.train.count, 40);
    assert_int_equal(data.test.count, 10);
    assert_string_equal(data.info.inputs[0].name, "x");
    assert_int_equal(data.info.inputs[0].dtype, NNRT_U8);
    assert_int_equal(data.info.targets[0].classes, 3);
    const uint8_t *x = data.columns[0];
    const int32_t *labels = data.columns[1];
    for (int i = 0; i < 600; i++)
        assert_int_equal(x[i], (i < 480 ? i * 7 : (i - 480) * 7 + 1) % 256);
    for (int i = 0; i < 50; i++) assert_int_equal(labels[i], i < 40 ? i % 3 : (i - 40) % 3);
}

static void test_columns(void **state) {
    static const char *const inputs[] = {"left", "right.npy"}, *const target[] = {"price"};
    const nnrt_option given[] = {{.name = "x", .texts = inputs, .number = NAN, .count = 2},
                                 {.name = "target", .texts = target, .number = NAN, .count = 1}};
    (void)state;
    if (load(DATA "columns.npz", given, 2)) fail_msg("%s", nnrt_error());
    assert_int_equal(data.info.input_count, 2);
    assert_string_equal(data.info.inputs[0].name, "left");
    assert_string_equal(data.info.inputs[1].name, "right");
    const float *left = data.columns[0], *right = data.columns[1], *price = data.columns[2];
    for (int i = 0; i < 20; i++) assert_true(left[i] == (float)i);
    for (int i = 0; i < 10; i++) assert_true(right[i] == (float)i);
    assert_true(price[9] == 1 && price[0] == 0);
}

static void assert_refused(const char *file, const char *x, const char *words) {
    const char *inputs[] = {x};
    const nnrt_option given[] = {{.name = "x", .texts = inputs, .number = NAN, .count = 1}};
    assert_int_equal(load(file, given, x ? 1 : 0), NNRT_ERROR);
    if (!strstr(nnrt_error(), words)) fail_msg("`%s` is not in: %s", words, nnrt_error());
}

static void test_mistakes(void **state) {
    static uint8_t bytes[1 << 14];
    size_t size = get_file(DATA "columns.npz", bytes, sizeof bytes);
    (void)state;
    assert_refused(DATA "columns.npz", NULL, "it holds `left`, `right`, `price`");
    assert_refused(DATA "columns.npz", "lift", "has no array `lift`\nit holds `left`");
    assert_refused(DATA "people.csv", NULL, "is no archive");
    assert_refused(put_file("short.npz", bytes, size / 2), "left", "list of its members");
    bytes[250] ^= 1; // in `left`
    assert_refused(put_file("changed.npz", bytes, size), "left",
                   "left.npy` is damaged: its checksum");
    assert_int_equal(load(scratch("changed.npz"), NULL, 0), NNRT_ERROR);
    for (size_t i = 0; i + 10 < size; i++)
        if (memcmp(bytes + i, "PK\1\2", 4) == 0) bytes[i + 8] |= 1;
    assert_refused(put_file("locked.npz", bytes, size), "right", "right.npy` is encrypted");
}

static int tear_down(void **state) {
    nnrt_data_free(&data);
    return scratch_remove(state);
}

int main(void) {
#if !__has_include(<minizip/unzip.h>)
    return 0; // nnc is built without
#endif
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_usual_names),
                                       cmocka_unit_test(test_columns),
                                       cmocka_unit_test(test_mistakes)};
    return cmocka_run_group_tests_name("npz", tests, NULL, tear_down);
}
