// Where data files are looked for, and what is said when they are nowhere.
#include "../../runtime/files/paths/locate.h"

#include <sys/stat.h>

#include "data_files.h"

static const char *const own_folders[] = {"nice-set", "nice_set", NULL};
static const char *const other_folders[] = {"other-set", NULL};
static const char *const files[] = {"a-idx1-ubyte", "b-idx1-ubyte", NULL};
static const nnrt_file_set set = {"nice_set", own_folders, other_folders, files, "ask for it"};

static char found[PATH_MAX], found_set[2][PATH_MAX];

// Empty folders named data, cache and system, and nothing else in the search path.
static int set_up(void **state) {
    char command[512];
    (void)state;
    const char *folder = scratch_folder();
    snprintf(command, sizeof command,
             "cd %s && rm -rf * && mkdir -p here data more cache/nnc/data home/.cache/nnc/data",
             folder);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof command, "%s/data::%s/more:", folder, folder);
    setenv("NNC_DATA", command, 1);
    setenv("XDG_CACHE_HOME", scratch("cache"), 1);
    setenv("HOME", scratch("home"), 1);
    return 0;
}

static void finds(const char *name, const char *expected) {
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", scratch("here"));
    if (nnrt_locate(folder, name, found)) fail_msg("%s", nnrt_error());
    assert_string_equal(found, scratch(expected));
}

static void test_order(void **state) {
    (void)state;
    put_file("cache/nnc/data/f", "", 0);
    finds("f", "cache/nnc/data/f");
    put_file("more/f", "", 0);
    finds("f", "more/f");
    put_file("data/f", "", 0);
    finds("f", "data/f");
    put_file("here/f", "", 0);
    finds("f", "here/f");
    finds("../data/f", "here/../data/f");
    finds(scratch("more/f"), "more/f");
}

static void test_home(void **state) {
    (void)state;
    unsetenv("XDG_CACHE_HOME");
    put_file("home/.cache/nnc/data/f", "", 0);
    finds("f", "home/.cache/nnc/data/f");
    unsetenv("HOME");
    assert_int_equal(nnrt_locate(NULL, "f", found), NNRT_DATA_MISSING);
}

static void test_missing(void **state) {
    (void)state;
    assert_int_equal(nnrt_locate(scratch("here"), "f", found), NNRT_DATA_MISSING);
    assert_message("`f` not found\n");
    const char *const places[] = {"here", "data", "more", "cache/nnc/data"};
    for (int i = 0; i < 4; i++) assert_message(scratch(places[i]));
    assert_message("/usr/share/datasets");
    assert_message("NNC_DATA");
    assert_int_equal(nnrt_locate(NULL, "/no/such/f", found), NNRT_DATA_MISSING);
    assert_message("`/no/such/f` does not exist");
}

static void test_set(void **state) {
    (void)state;
    assert_int_equal(nnrt_locate_set(scratch("here"), &set, found_set), NNRT_DATA_MISSING);
    assert_message("`nice_set` are not installed");
    assert_message("ask for it");
    mkdir(scratch("more/nice_set"), 0700);
    put_file("more/nice_set/a-idx1-ubyte.gz", "", 0);
    assert_int_equal(nnrt_locate_set(scratch("here"), &set, found_set), NNRT_DATA_MISSING);
    assert_message("b-idx1-ubyte");
    assert_message("incomplete");
    put_file("more/nice_set/b.idx1-ubyte", "", 0); // as some unpackers name it
    assert_int_equal(nnrt_locate_set(scratch("here"), &set, found_set), NNRT_OK);
    assert_string_equal(found_set[0], scratch("more/nice_set/a-idx1-ubyte.gz"));
    assert_string_equal(found_set[1], scratch("more/nice_set/b.idx1-ubyte"));
}

// NNC_DATA may be the set's folder itself, but another set's is not mistaken for it.
static void test_set_without_folder(void **state) {
    (void)state;
    mkdir(scratch("other-set"), 0700);
    put_file("other-set/a-idx1-ubyte", "", 0);
    put_file("other-set/b-idx1-ubyte", "", 0);
    setenv("NNC_DATA", scratch("other-set/"), 1);
    assert_int_equal(nnrt_locate_set(scratch("here"), &set, found_set), NNRT_DATA_MISSING);
    put_file("data/a-idx1-ubyte", "", 0);
    put_file("data/b-idx1-ubyte", "", 0);
    setenv("NNC_DATA", scratch("data"), 1);
    assert_int_equal(nnrt_locate_set(scratch("here"), &set, found_set), NNRT_OK);
    assert_string_equal(found_set[1], scratch("data/b-idx1-ubyte"));
}

static void test_long_paths(void **state) {
    static char name[2 * PATH_MAX];
    (void)state;
    memset(name, 'x', sizeof name - 1);
    assert_int_equal(nnrt_locate(NULL, name, found), NNRT_DATA_MISSING);
    name[0] = '/';
    assert_int_equal(nnrt_locate(NULL, name, found), NNRT_DATA_MISSING);
    setenv("NNC_DATA", name, 1);
    assert_int_equal(nnrt_locate(name, "f", found), NNRT_DATA_MISSING);
    assert_int_equal(nnrt_locate_set(name, &set, found_set), NNRT_DATA_MISSING);
}

static void test_places(void **state) {
    char text[1024], small[8];
    (void)state;
    nnrt_locate_places("here", text, sizeof text);
    assert_ptr_equal(strstr(text, "here\n"), text);
    assert_non_null(strstr(text, "/usr/share/datasets"));
    nnrt_locate_places("here", small, sizeof small);
    assert_true(strlen(small) < sizeof small);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_order, set_up),
        cmocka_unit_test_setup(test_home, set_up),
        cmocka_unit_test_setup(test_missing, set_up),
        cmocka_unit_test_setup(test_set, set_up),
        cmocka_unit_test_setup(test_set_without_folder, set_up),
        cmocka_unit_test_setup(test_long_paths, set_up),
        cmocka_unit_test_setup(test_places, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
