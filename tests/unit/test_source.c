// Sources: lines, columns, what may be loaded and what not.
#include "../common/front.h"

#include <sys/stat.h>
#include <unistd.h>

static void assert_place(const Front *front, int file, uint32_t offset, int line, int column) {
    Place place = sources_place(front->sources, (uint32_t)file, offset);
    assert_int_equal(place.line, line);
    assert_int_equal(place.column, column);
}

static void test_places(void **state) {
    (void)state;
    Front front = front_create();
    int file = sources_add(front.sources, "a.nn",
                           "ab\nc\xc3\xa9"
                           "d\r\n\nx",
                           11);
    assert_place(&front, file, 0, 1, 1);
    assert_place(&front, file, 2, 1, 3); // the line break
    assert_place(&front, file, 3, 2, 1);
    assert_place(&front, file, 4, 2, 2); // é
    assert_place(&front, file, 6, 2, 3); // d: columns are characters
    assert_place(&front, file, 9, 3, 1);
    assert_place(&front, file, 10, 4, 1);
    assert_place(&front, file, 11, 4, 2); // the end
    assert_place(&front, file, 99, 4, 2);
    assert_place(&front, file, 0, 1, 1); // backwards
    assert_place(&front, 7, 0, 0, 0);
    assert_string_equal(sources_place(front.sources, (uint32_t)file, 0).path, "a.nn");
    assert_int_equal(sources_count(front.sources), 1);
    assert_int_equal(sources_get(front.sources, 0)->line_count, 4);
    assert_null(sources_get(front.sources, SPAN_NONE.file));
    front_destroy(&front);
}

// A byte-order mark takes no column.
static void test_mark(void **state) {
    (void)state;
    Front front = front_create();
    int file = sources_add(front.sources, "a.nn", "\xEF\xBB\xBFxy\nz", 7);
    assert_place(&front, file, 0, 1, 1);
    assert_place(&front, file, 3, 1, 1);
    assert_place(&front, file, 4, 1, 2);
    assert_place(&front, file, 6, 2, 1);
    front_destroy(&front);
}

static void test_several_files(void **state) {
    (void)state;
    Front front = front_create();
    int first = sources_add(front.sources, "a.nn", "one", 3);
    int second = sources_add(front.sources, "b.nn", "", 0);
    assert_place(&front, first, 2, 1, 3);
    assert_place(&front, second, 0, 1, 1);
    assert_place(&front, first, 2, 1, 3);
    assert_string_equal(sources_get(front.sources, 1)->text, "");
    front_destroy(&front);
}

static void test_join(void **state) {
    (void)state;
    Span joined = span_join((Span){1, 4, 6}, (Span){1, 8, 9});
    assert_int_equal(joined.lo, 4);
    assert_int_equal(joined.hi, 9);
    joined = span_join((Span){1, 8, 9}, (Span){1, 4, 20});
    assert_int_equal(joined.lo, 4);
    assert_int_equal(joined.hi, 20);
    assert_int_equal(span_join((Span){1, 8, 9}, (Span){2, 4, 20}).hi, 9);
}

static void write_file(const char *path, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < size; i++) fputc(i % 64 == 63 ? '\n' : '#', file);
    assert_int_equal(fclose(file), 0);
}

static void test_load(void **state) {
    const char *folder = *state, *error = NULL;
    Front front = front_create();
    char *path = arena_format(front.arena, "%s/plain.nn", folder);
    write_file(path, 200000);
    int file = sources_load(front.sources, path, &error);
    assert_int_equal(file, 0);
    const Source *source = sources_get(front.sources, 0);
    assert_int_equal(source->size, 200000);
    assert_int_equal(source->text[source->size], '\0');
    assert_int_equal(source->line_count, 200000 / 64 + 1);
    // A file whose size the system does not state.
    file = sources_load(front.sources, "/proc/self/status", &error);
    assert_int_equal(file, 1);
    assert_true(sources_get(front.sources, 1)->size > 100);
    unlink(path);
    front_destroy(&front);
}

static void test_too_large(void **state) {
    const char *folder = *state, *error = NULL;
    Front front = front_create();
    char *path = arena_format(front.arena, "%s/large.nn", folder);
    write_file(path, 0);
    assert_int_equal(truncate(path, SOURCE_MAX_SIZE), 0);
    assert_int_equal(sources_load(front.sources, path, &error), 0);
    assert_false(sources_get(front.sources, 0)->is_too_large);
    assert_int_equal(truncate(path, SOURCE_MAX_SIZE + 1), 0);
    assert_int_equal(sources_load(front.sources, path, &error), 1);
    assert_true(sources_get(front.sources, 1)->is_too_large);
    assert_int_equal(sources_get(front.sources, 1)->size, 0);
    unlink(path);
    front_destroy(&front);
}

static void assert_refused(Front *front, const char *path, const char *words) {
    const char *error = NULL;
    assert_int_equal(sources_load(front->sources, path, &error), -1);
    assert_non_null(error);
    assert_non_null(strstr(error, words));
}

static void test_refused(void **state) {
    const char *folder = *state;
    Front front = front_create();
    char *pipe_path = arena_format(front.arena, "%s/pipe", folder);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    assert_refused(&front, pipe_path, "not a regular file"); // and does not wait for a writer
    assert_refused(&front, folder, "folder");
    assert_refused(&front, "/dev/zero", "not a regular file");
    assert_refused(&front, arena_format(front.arena, "%s/absent.nn", folder), "no such file");
    assert_refused(&front, arena_format(front.arena, "%s/pipe/x.nn", folder), "ot a directory");
    assert_int_equal(sources_count(front.sources), 0);
    unlink(pipe_path);
    front_destroy(&front);
}

static int make_folder(void **state) {
    static char folder[] = "/tmp/nnc-source-XXXXXX";
    *state = mkdtemp(folder);
    return *state ? 0 : -1;
}

static int remove_folder(void **state) {
    return rmdir(*state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),        cmocka_unit_test(test_mark),
        cmocka_unit_test(test_several_files), cmocka_unit_test(test_join),
        cmocka_unit_test(test_load),          cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
