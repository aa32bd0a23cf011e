// The cache of `nnc run`: its hash, its folder, and what pruning removes.
#include "../../compiler/driver/cache.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct Fixture {
    Arena *arena;
    DiagSink *sink;
    char root[32];
} Fixture;

static int set_up(void **state) {
    Fixture *fixture = calloc(1, sizeof *fixture);
    fixture->arena = arena_create();
    fixture->sink = diag_create(fixture->arena, sources_create(fixture->arena));
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

static void make_file(const char *path, mode_t mode) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

// The published values of FNV-1a with 128 bits.
static void test_hash(void **state) {
    Arena *arena = ((Fixture *)*state)->arena;
    assert_string_equal(cache_hash(arena, "", 0), "6c62272e07bb014262b821756295c58d");
    assert_string_equal(cache_hash(arena, "a", 1), "d228cb696f1a8caf78912b704e4a8964");
    assert_string_equal(cache_hash(arena, "foobar", 6), "343e1662793c64bf6f0d3597ba446f18");
}

static void test_folder_is_made(void **state) {
    Fixture *fixture = *state;
    setenv("XDG_CACHE_HOME", arena_format(fixture->arena, "%s/a/b", fixture->root), 1);
    char *folder = cache_folder(fixture->arena, fixture->sink);
    assert_string_equal(folder, arena_format(fixture->arena, "%s/a/b/nnc/programs", fixture->root));
    assert_int_equal(access(folder, W_OK | X_OK), 0);
    assert_string_equal(cache_folder(fixture->arena, fixture->sink), folder);
}

static void test_relative_folder_is_ignored(void **state) {
    Fixture *fixture = *state;
    setenv("XDG_CACHE_HOME", "relative", 1);
    setenv("HOME", fixture->root, 1);
    char *expected = arena_format(fixture->arena, "%s/.cache/nnc/programs", fixture->root);
    assert_string_equal(cache_folder(fixture->arena, fixture->sink), expected);
}

static void test_folder_that_cannot_be_made(void **state) {
    Fixture *fixture = *state;
    char *file = arena_format(fixture->arena, "%s/file", fixture->root);
    make_file(file, 0600);
    setenv("XDG_CACHE_HOME", file, 1);
    assert_null(cache_folder(fixture->arena, fixture->sink));
    assert_int_equal(diag_error_count(fixture->sink), 1);
}

static void test_entry(void **state) {
    Fixture *fixture = *state;
    bool found = true;
    char *path = cache_entry(fixture->arena, fixture->root, "net", "0123", &found);
    assert_false(found);
    assert_string_equal(path, arena_format(fixture->arena, "%s/net-0123", fixture->root));
    char *made = arena_format(fixture->arena, "%s/made", fixture->root);
    make_file(made, 0700);
    assert_true(cache_store(made, path, fixture->sink));
    cache_entry(fixture->arena, fixture->root, "net", "0123", &found);
    assert_true(found);
    assert_int_equal(truncate(path, 10), 0); // without its seal it is not whole
    cache_entry(fixture->arena, fixture->root, "net", "0123", &found);
    assert_false(found);
}

static void test_prune(void **state) {
    Fixture *fixture = *state;
    char *old = arena_format(fixture->arena, "%s/old", fixture->root);
    char *fresh = arena_format(fixture->arena, "%s/fresh", fixture->root);
    make_file(old, 0700);
    make_file(fresh, 0700);
    struct timespec long_ago[] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(AT_FDCWD, old, long_ago, 0), 0);
    cache_prune(fixture->arena, fixture->root, 2000);
    assert_int_equal(access(old, F_OK), -1);
    assert_int_equal(access(fresh, F_OK), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hash, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folder_is_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_relative_folder_is_ignored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folder_that_cannot_be_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_entry, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_prune, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
