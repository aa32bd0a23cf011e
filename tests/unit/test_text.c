// Growable texts, numbers, JSON strings, UTF-8, growable arrays.
#include "../../compiler/base/utf8.h"
#include "../common/front.h"

#include <math.h>

static void test_grows(void **state) {
    (void)state;
    Arena *arena = arena_create();
    Text text = text_create(arena);
    assert_string_equal(text.data, "");
    for (int i = 0; i < 1000; i++) text_format(&text, "%d,", i);
    text_put_bytes(&text, "x\0y", 3);
    assert_int_equal(text.length, 10 * 2 + 90 * 3 + 900 * 4 + 3);
    assert_memory_equal(text.data + text.length - 3, "x\0y", 4);
    text_format(&text, "%*s", 5000, "");
    assert_int_equal(text.length, 3893 + 5000);
    arena_destroy(arena);
}

static void test_numbers(void **state) {
    (void)state;
    static const struct {
        double number;
        const char *text;
    } cases[] = {{0, "0"},
                 {-0.0, "0"},
                 {5, "5"},
                 {-3, "-3"},
                 {784, "784"},
                 {60000, "60000"},
                 {0.1, "0.1"},
                 {1.0 / 3, "0.3333333333333333"},
                 {1e-7, "1e-07"},
                 {2.5e-3, "0.0025"},
                 {1e15, "1e+15"},
                 {1e300, "1e+300"},
                 {123456789012.0, "123456789012"},
                 {INFINITY, "inf"},
                 {-INFINITY, "-inf"},
                 {NAN, "nan"}};
    Arena *arena = arena_create();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(text_of_number(arena, cases[i].number), cases[i].text);
    arena_destroy(arena);
}

static void test_numbers_read_back(void **state) {
    (void)state;
    Arena *arena = arena_create();
    double number = 1.2345678901234567e-310;
    for (int i = 0; i < 600; i++, number *= 10.7) {
        assert_true(strtod(text_of_number(arena, number), NULL) == number);
        assert_true(strtod(text_of_number(arena, -number), NULL) == -number);
    }
    arena_destroy(arena);
}

static const char *json(Arena *arena, const char *string) {
    Text text = text_create(arena);
    text_json_string(&text, string);
    return text.data;
}

static void test_json_strings(void **state) {
    (void)state;
    Arena *arena = arena_create();
    assert_string_equal(json(arena, ""), "\"\"");
    assert_string_equal(json(arena, "a\"b\\c\n\t"), "\"a\\\"b\\\\c\\n\\t\"");
    assert_string_equal(json(arena, "\x01\x1f\x7f"), "\"\\u0001\\u001f\\u007f\"");
    assert_string_equal(json(arena, "é→"), "\"é→\"");
    assert_string_equal(json(arena, "a\xff"
                                    "b\xc3"),
                        "\"a" UTF8_REPLACEMENT "b" UTF8_REPLACEMENT "\"");
    arena_destroy(arena);
}

static void test_utf8(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
    } cases[] = {{"a", 1},
                 {"\xc3\xa9", 2},
                 {"\xe2\x86\x92", 3},
                 {"\xf0\x9f\x98\x80", 4},
                 {"\x80", 0},             // a continuation alone
                 {"\xc3", 0},             // cut off
                 {"\xc0\xaf", 0},         // overlong
                 {"\xe0\x80\xaf", 0},     // overlong
                 {"\xf0\x80\x80\xaf", 0}, // overlong
                 {"\xed\xa0\x80", 0},     // a surrogate
                 {"\xf4\x90\x80\x80", 0}, // above U+10FFFF
                 {"\xff", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(utf8_length(cases[i].bytes, strlen(cases[i].bytes)), cases[i].length);
    assert_int_equal(utf8_length("", 0), 0);
}

static void test_vectors(void **state) {
    (void)state;
    Arena *arena = arena_create();
    VEC(int) numbers = {0};
    for (int i = 0; i < 1000; i++) vec_push(arena, &numbers, i);
    assert_int_equal(numbers.count, 1000);
    for (int i = 0; i < 1000; i++) assert_int_equal(numbers.items[i], i);
    arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_numbers_read_back),
        cmocka_unit_test(test_json_strings),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
