// Choices of tiles: what a file says, what a build asks, and what is written back.
#include "../../compiler/gen/product/tuning.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

static Arena *arena;
static SourceSet *sources;
static DiagSink *sink;

static int set_up(void **state) {
    (void)state;
    arena = arena_create();
    sources = sources_create(arena);
    sink = diag_create(arena, sources);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_destroy(arena);
    return 0;
}

static Tuning *read_text(const char *text, bool *ok) {
    Tuning *tuning = tuning_create(arena);
    uint32_t file = (uint32_t)sources_add(sources, "net.tune", text, strlen(text));
    *ok = tuning_read(tuning, sources, file, sink);
    return tuning;
}

static void test_lines_of_processors(void **state) {
    (void)state;
    bool ok;
    Tuning *tuning = read_text("# comment\n\na: convolve [1] stride=[2] = 6x2\r\n"
                               "b: convolve [1] stride=[2] = 4x2 padded\n"
                               "a: convolve [1] stride=[2] = 12x1",
                               &ok);
    assert_true(ok);
    assert_string_equal(tuning_chosen(tuning, "a", "convolve [1] stride=[2]"), "12x1");
    assert_string_equal(tuning_chosen(tuning, "b", "convolve [1] stride=[2]"), "4x2 padded");
    assert_null(tuning_chosen(tuning, "c", "convolve [1] stride=[2]"));
    assert_null(tuning_chosen(tuning, "a", "convolve [1]"));
}

static void test_broken_lines(void **state) {
    (void)state;
    static const char *const texts[] = {"x",       "a: b",   "a = b", "= a: b",
                                        ": b = c", "a: = c", "a: b ="};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bool ok = true;
        int before = diag_error_count(sink);
        read_text(texts[i], &ok);
        assert_false(ok);
        assert_int_equal(diag_error_count(sink), before + 1);
    }
}

// A change replaces the line that counts; what is written is read back, sorted.
static void test_written_and_read(void **state) {
    (void)state;
    bool ok;
    Tuning *tuning = read_text("b: y = 6x2\nb: x = 6x2\na: z = 6x2\n", &ok);
    tuning_begin_build(tuning, "b");
    tuning_set(tuning, "y", "4x2");
    tuning_set(tuning, "w", "3x2");
    Text text = text_create(arena);
    tuning_print(&text, tuning);
    assert_non_null(strstr(text.data, "\na: z = 6x2\nb: w = 3x2\nb: x = 6x2\nb: y = 4x2\n"));
    Tuning *again = read_text(text.data, &ok);
    assert_true(ok);
    assert_int_equal(again->choices.count, 4);
    assert_string_equal(tuning_chosen(again, "b", "y"), "4x2");
}

static void test_names_of_ways(void **state) {
    (void)state;
    assert_string_equal(way_text(arena, (Way){.rows = 14, .vectors = 2}), "14x2");
    assert_string_equal(way_text(arena, (Way){.rows = 28, .vectors = 1, .is_padded = true}),
                        "28x1 padded");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines_of_processors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_broken_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_written_and_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names_of_ways, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
