// Files that the compiler writes: names, what is refused, and that a file is replaced as a whole.
#include "../../compiler/driver/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct Fixture {
    Arena *arena;
    SourceSet *sources;
    DiagSink *sink;
    char root[32];
} Fixture;

static int set_up(void **state) {
    Fixture *fixture = calloc(1, sizeof *fixture);
    fixture->arena = arena_create();
    fixture->sources = sources_create(fixture->arena);
    fixture->sink = diag_create(fixture->arena, fixture->sources);
    strcpy(fixture->root, "/tmp/nnc-test-XXXXXX");
    assert_non_null(mkdtemp(fixture->root));
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    Fixture *fixture = *state;
    assert_int_equal(system(arena_format(fixture->arena, "rm -rf %s", fixture->root)), 0);
    arena_destroy(fixture->arena);
    free(fixture);
    return 0;
}

static char *in_root(const Fixture *fixture, const char *name) {
    return arena_format(fixture->arena, "%s/%s", fixture->root, name);
}

static bool write_text(const Fixture *fixture, const char *path, const char *content) {
    Text text = text_create(fixture->arena);
    text_put(&text, content);
    return output_write(path, &text, fixture->sink);
}

static void assert_content(const char *path, const char *expected) {
    char content[64] = {0};
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t size = fread(content, 1, sizeof content - 1, file);
    fclose(file);
    assert_int_equal(size, strlen(expected));
    assert_string_equal(content, expected);
}

static void test_stem(void **state) {
    Arena *arena = ((Fixture *)*state)->arena;
    assert_string_equal(output_stem(arena, "fashion.nn", NULL), "fashion");
    assert_string_equal(output_stem(arena, "models/v1.2/net.nn", NULL), "net");
    assert_string_equal(output_stem(arena, "net", NULL), "net");
    assert_string_equal(output_stem(arena, ".nn", NULL), ".nn");
    assert_string_equal(output_stem(arena, "models/net.nn", "b"), "net-b");
    assert_string_equal(output_stem(arena, "-", NULL), "program");
}

static void test_refused(void **state) {
    Fixture *fixture = *state;
    char *source = in_root(fixture, "net"), *other = in_root(fixture, "other");
    assert_true(write_text(fixture, source, "model"));
    const char *error;
    assert_true(sources_load(fixture->sources, source, &error) >= 0);
    assert_true(output_check(fixture->arena, other, fixture->sources, fixture->sink));
    assert_int_equal(diag_error_count(fixture->sink), 0);
    const char *const refused[] = {source, fixture->root, "/dev/null",
                                   in_root(fixture, "no/folder")};
    for (int i = 0; i < 4; i++) {
        assert_false(output_check(fixture->arena, refused[i], fixture->sources, fixture->sink));
        assert_int_equal(diag_error_count(fixture->sink), i + 1);
    }
}

// The source under another name is the source still.
static void test_link_to_the_source(void **state) {
    Fixture *fixture = *state;
    char *source = in_root(fixture, "net.nn"), *name = in_root(fixture, "link");
    assert_true(write_text(fixture, source, "model"));
    const char *error;
    assert_true(sources_load(fixture->sources, source, &error) >= 0);
    assert_int_equal(symlink("net.nn", name), 0);
    assert_false(output_check(fixture->arena, name, fixture->sources, fixture->sink));
}

static void test_replaced_as_a_whole(void **state) {
    Fixture *fixture = *state;
    char *path = in_root(fixture, "file"), *name = in_root(fixture, "link");
    assert_true(write_text(fixture, path, "a long first version"));
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(symlink("file", name), 0);
    assert_true(write_text(fixture, name, "second"));
    assert_content(path, "second");
    struct stat status;
    assert_int_equal(lstat(name, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
}

static void test_full_device(void **state) {
    Fixture *fixture = *state;
    assert_false(write_text(fixture, "/dev/full", "text"));
    assert_false(write_text(fixture, in_root(fixture, "no/folder"), "text"));
    assert_int_equal(diag_error_count(fixture->sink), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_stem, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_link_to_the_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replaced_as_a_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full_device, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
