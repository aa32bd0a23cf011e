// Texts to numbers of tokens and back, for programs that write. What a model reads must be what it
// was trained on: another number for a token, a blank too many between words, half a character on
// the terminal, a damaged vocabulary that is believed fail here.
#include "../common/calls.h"

#include "../../runtime/command/generation/text_out.h"
#include "../../runtime/data/text/spelling.h"

#include <stdlib.h>

static nnrt_spelling *open_spelling(const char *unit, const char *learnt) {
    static nnrt_call source; // lives as long as the data set
    source = SOURCE("text", {.name = "file", .text = "a.txt"}, {.name = "unit", .text = unit});
    nnrt_dataset dataset = {.name = "tale", .stages = &source, .stage_count = 1};
    return nnrt_spelling_open(&dataset, "tokens", learnt);
}

static void check_numbers(const nnrt_spelling *spelling, const char *text, const int32_t *wanted,
                          int64_t wanted_count) {
    int32_t *numbers;
    int64_t count, unknown;
    assert_int_equal(nnrt_spelling_read(spelling, "the prompt", text, (int64_t)strlen(text),
                                        &numbers, &count, &unknown),
                     NNRT_OK);
    assert_int_equal(count, wanted_count);
    for (int64_t i = 0; i < count; i++) assert_int_equal(numbers[i], wanted[i]);
    free(numbers);
}

#define CHECK_NUMBERS(spelling, text, ...)                                                         \
    check_numbers(spelling, text, (const int32_t[]){__VA_ARGS__},                                  \
                  (int64_t)(sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t)))

static void check_written(nnrt_spelling *spelling, const int32_t *numbers, int64_t count,
                          const char *wanted) {
    nnrt_text_out out = {.is_silent = 1, .keeps = 1};
    for (int64_t i = 0; i < count; i++) {
        int64_t length;
        const char *bytes =
            nnrt_spelling_write(spelling, i ? numbers[i - 1] : -1, numbers[i], &length);
        assert_int_equal(nnrt_text_out_put(&out, bytes, length), NNRT_OK);
    }
    assert_int_equal(nnrt_text_out_end(&out), NNRT_OK);
    assert_string_equal(out.text, wanted);
    nnrt_text_out_free(&out);
}

static void fails_saying(const nnrt_spelling *spelling, const char *text, const char *said) {
    int32_t *numbers;
    int64_t count, unknown;
    assert_int_equal(nnrt_spelling_read(spelling, "the prompt", text, (int64_t)strlen(text),
                                        &numbers, &count, &unknown),
                     NNRT_ERROR);
    assert_null(numbers);
    assert_non_null(strstr(nnrt_error(), said));
}

static void spells_characters(void **state) {
    (void)state;
    nnrt_spelling *s =
        open_spelling("char", "[{\"vocabulary\":{\"tokens\":[\"\\n\",\" \",\"a\",\"\u00fc\"]}}]");
    assert_non_null(s);
    assert_int_equal(nnrt_spelling_count(s), 4);
    assert_int_equal(nnrt_spelling_unknown(s), -1);
    CHECK_NUMBERS(s, "a \u00fc\r\na\n", 2, 1, 3, 0, 2, 0); // \r\n is a line's end
    check_written(s, (const int32_t[]){2, 3, 0, 1}, 4, "a\u00fc\n ");
    fails_saying(s, "a\u00fcb", "character `b`, its character 3");
    fails_saying(s, "a\xC3", "byte 0xC3, as its character 2");
    fails_saying(s, "a\ra", "byte 0x0D, as its character 2");
    nnrt_spelling_free(s);
}

static void spells_words(void **state) {
    static const char learnt[] =
        "[{\"vocabulary\":{\"tokens\":[\"[UNK]\",\"the\",\"\\n\",\"fox\"]}}]";
    int32_t *numbers;
    int64_t count, unknown;
    (void)state;
    nnrt_spelling *s = open_spelling("word", learnt);
    assert_non_null(s);
    assert_int_equal(nnrt_spelling_unknown(s), 0);
    CHECK_NUMBERS(s, "  the\tfox \n\nthe fo", 1, 3, 2, 2, 1, 0);
    check_written(s, (const int32_t[]){1, 3, 2, 1, 3, 3}, 6, "the fox\nthe fox fox");
    assert_int_equal(nnrt_spelling_read(s, "the prompt", "a b fox", 7, &numbers, &count, &unknown),
                     NNRT_OK);
    assert_int_equal(count, 3);
    assert_int_equal(unknown, 2);
    free(numbers);
    nnrt_spelling_free(s);
}

static void spells_bytes(void **state) {
    (void)state;
    nnrt_spelling *s = open_spelling("byte", "[]");
    assert_non_null(s);
    assert_int_equal(nnrt_spelling_count(s), 256);
    CHECK_NUMBERS(s, "a\xC3\xBC", 'a', 0xC3, 0xBC);
    check_written(s, (const int32_t[]){'a', 0xC3, 0xBC, 'b'}, 4, "a\u00fcb");
    // What is no UTF-8, in the middle and at the end, and NUL.
    check_written(s, (const int32_t[]){0xC3, 'a', 0xE2, 0x82}, 4, "\uFFFDa\uFFFD\uFFFD");
    check_written(s, (const int32_t[]){0xE2, 0x82, 0xAC, 0, 0xFF, 0xF0, 0x9F, 'x'}, 8,
                  "\u20AC\uFFFD\uFFFD\uFFFD\uFFFDx");
    nnrt_spelling_free(s);
}

static void believes_no_damage(void **state) {
    static const char *const damaged[] = {
        "",
        "[]",
        "[{}]",
        "{\"vocabulary\":{\"tokens\":[\"a\"]}}",
        "[{\"vocabulary\":{\"tokens\":[]}}]",
        "[{\"vocabulary\":{\"tokens\":[\"a\",1]}}]",
        "[{\"vocabulary\":{\"tokens\":[\"a\",\"b\",\"a\"]}}]",
        "[{\"vocabulary\":{\"others\":[\"a\"]}}]",
        "[{\"vocabulary\":{\"tokens\":\"a\"}}]",
    };
    (void)state;
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        assert_null(open_spelling("char", damaged[i]));
        assert_non_null(strstr(nnrt_error(), "vocabulary that the weights have is damaged"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spells_characters),
        cmocka_unit_test(spells_words),
        cmocka_unit_test(spells_bytes),
        cmocka_unit_test(believes_no_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
