// Running text: tokens and their vocabularies by hand, windows over them, parts, encodings.
#include "../../runtime/data/data.h"
#include "../common/calls.h"
#include "data_files.h"

static nnrt_data data;

#define RUNNING(...) SOURCE("text", TEXT("file", "a.txt"), __VA_ARGS__)
#define WINDOWS(n) TRANSFORM("windows", NUMBER("n", n))
#define LOAD(...) load(STAGES(__VA_ARGS__))

static nnrt_status load(const nnrt_call *stages, int64_t count) {
    nnrt_data_free(&data);
    return nnrt_data_load(stages, count, scratch_folder(), &data);
}

static void put(const char *name, const char *text) {
    put_file(name, text, strlen(text));
}

// The tokens of a sample's column, joined.
static const char *joined(int64_t column, uint32_t sample) {
    static char text[256];
    int32_t tokens[32];
    assert_int_equal(nnrt_data_sample(&data, column, sample, tokens), NNRT_OK);
    *text = 0;
    for (int64_t i = 0; i < nnrt_data_column(&data.info, column)->size; i++)
        strcat(text, data.info.input_words[0][tokens[i]]);
    return text;
}

static void assert_vocabulary(const char *const *words, int64_t count) {
    assert_int_equal(data.info.input_categories[0], count);
    for (int64_t i = 0; i < count; i++) assert_string_equal(data.info.input_words[0][i], words[i]);
}

// Characters are code points, in their order; \r\n is a line's end, the mark is passed over.
static void test_characters(void **state) {
    static const char *const words[] = {"\n", "a", "b", "é", "ü"};
    (void)state;
    put("a.txt", "\xEF\xBB\xBF"
                 "bé\r\naüa\nb");
    assert_int_equal(LOAD(RUNNING(TEXT("unit", "char")), WINDOWS(3)), NNRT_OK);
    assert_vocabulary(words, 5);
    assert_int_equal(data.train.count, 2); // 8 tokens: 3 + 1, then 3 + 1 from the fourth
    assert_string_equal(joined(0, 0), "bé\n");
    assert_string_equal(joined(1, 0), "é\na");
    assert_string_equal(joined(0, 1), "aüa");
    assert_string_equal(joined(1, 1), "üa\n");
    assert_int_equal(data.info.inputs[0].dtype, NNRT_I32);
    assert_int_equal(data.info.targets[0].place_classes, 5);
    assert_int_equal(LOAD(RUNNING(TEXT("unit", "char")),
                          TRANSFORM("windows", NUMBER("n", 3), NUMBER("stride", 1))),
                     NNRT_OK);
    assert_int_equal(data.train.count, 5);
    assert_string_equal(joined(0, 4), "üa\n");
}

// Words by frequency, then by bytes; number 0 is for those that the training part lacks.
static void test_words(void **state) {
    static const char *const words[] = {"[UNK]", "\n", "to", "be", "not", "or"};
    (void)state;
    put("a.txt", "to be\tor  not to\n\nwhat be\n");
    assert_int_equal(
        LOAD(RUNNING(TEXT("unit", "word")), TRANSFORM("split", NUMBER("test", 0.3)), WINDOWS(2)),
        NNRT_OK); // 10 tokens, of which the last three are the test part
    assert_vocabulary(words, 6);
    assert_int_equal(data.test.count, 1);
    assert_string_equal(joined(0, data.test.rows[0]), "[UNK]be");
    assert_int_equal(LOAD(RUNNING(TEXT("unit", "word"), NUMBER("vocabulary", 3)), WINDOWS(2)),
                     NNRT_OK);
    assert_int_equal(data.info.input_categories[0], 3);
}

static void test_bytes(void **state) {
    (void)state;
    put("a.txt", "a\r\n\xFF");
    assert_int_equal(LOAD(RUNNING(TEXT("unit", "byte")), WINDOWS(3)), NNRT_OK);
    assert_int_equal(data.info.input_categories[0], 256);
    int32_t tokens[3];
    assert_int_equal(nnrt_data_sample(&data, 1, 0, tokens), NNRT_OK);
    assert_int_equal(tokens[2], 255);
}

// Neither a window nor its target reaches into another part, wherever `split` stands.
static void test_borders(void **state) {
    char text[401];
    (void)state;
    for (int i = 0; i < 400; i++) text[i] = "abc"[i / 20 % 3];
    text[400] = 0;
    put("a.txt", text);
    for (int is_first = 0; is_first < 2; is_first++) {
        nnrt_call split = TRANSFORM("split", NUMBER("test", 0.2), NUMBER("validation", 0.1));
        nnrt_call windows = WINDOWS(7);
        assert_int_equal(LOAD(RUNNING(TEXT("unit", "char")), is_first ? split : windows,
                              is_first ? windows : split),
                         NNRT_OK);
        assert_int_equal(data.info.input_categories[0], 3);
        assert_true(data.train.count > 30 && data.validation.count > 3 && data.test.count > 9);
        for (int64_t i = 0; i < data.test.count; i++)
            assert_true(data.test.rows[i] > data.validation.rows[data.validation.count - 1]);
    }
    assert_int_equal(data.train.count + data.validation.count + data.test.count, 57 - 2);
}

// A character of another part that the training part lacks is an error, or number 0.
static void test_unknown(void **state) {
    (void)state;
    put("a.txt", "abab");
    put("b.txt", "ab\nba");
    put("c.txt", "ba$a");
    assert_int_equal(
        LOAD(RUNNING(TEXT("unit", "char"), TEXT("validation", "b.txt"), TEXT("test", "c.txt")),
             WINDOWS(2)),
        NNRT_ERROR);
    assert_message("the validation part has the character");
    assert_int_equal(LOAD(RUNNING(TEXT("unit", "char"), TEXT("test", "c.txt")), WINDOWS(2)),
                     NNRT_ERROR);
    assert_message("the test part has the character `$`, in its line 1");
    assert_int_equal(
        LOAD(RUNNING(TEXT("unit", "char"), TEXT("test", "c.txt"), NUMBER("unknown", 1)),
             WINDOWS(2)),
        NNRT_OK);
    assert_int_equal(data.info.input_categories[0], 3);
    assert_string_equal(joined(1, data.test.rows[0]), "a[UNK]");
}

static void test_encodings(void **state) {
    (void)state;
    put("a.txt", "good\nb\xE9te\n");
    assert_int_equal(LOAD(RUNNING(TEXT("unit", "char")), WINDOWS(2)), NNRT_ERROR);
    assert_message("a.txt`, line 2: byte 2, 0xE9, is not UTF-8");
    put_file("a.txt",
             "\xFF\xFE"
             "a\0",
             4);
    assert_int_equal(LOAD(RUNNING(TEXT("unit", "char")), WINDOWS(2)), NNRT_ERROR);
    assert_message("iconv -f UTF-16");
    put_file("a.txt", "ab\n\0", 4);
    assert_int_equal(LOAD(RUNNING(TEXT("unit", "char")), WINDOWS(2)), NNRT_ERROR);
    assert_message("line 2: byte 1 is NUL");
    static const char *const wrong[] = {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        put("a.txt", wrong[i]);
        assert_int_equal(LOAD(RUNNING(TEXT("unit", "char")), WINDOWS(1)), NNRT_ERROR);
        assert_message("line 1: byte 1, 0x");
    }
    put("a.txt", "");
    assert_int_equal(LOAD(RUNNING(TEXT("unit", "char")), WINDOWS(2)), NNRT_ERROR);
    assert_message("is empty");
}

// Lines longer than the reader's buffer, and gzip.
static void test_long_lines(void **state) {
    enum { SIZE = 3 << 20 };
    char *text = malloc(SIZE);
    (void)state;
    assert_non_null(text);
    memset(text, 'x', SIZE);
    memcpy(text + SIZE - 3, "\xE2\x82\xAC", 3);
    put_gzip("a.txt", text, SIZE);
    free(text);
    assert_int_equal(LOAD(RUNNING(TEXT("unit", "char")), WINDOWS(1)), NNRT_OK);
    assert_int_equal(data.train.count, SIZE - 3);
    assert_string_equal(joined(1, SIZE - 4), "€");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_characters), cmocka_unit_test(test_words),
        cmocka_unit_test(test_bytes),      cmocka_unit_test(test_borders),
        cmocka_unit_test(test_unknown),    cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_long_lines),
    };
    int failed = cmocka_run_group_tests(tests, NULL, scratch_remove);
    nnrt_data_free(&data);
    return failed;
}
