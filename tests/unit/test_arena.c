// Arenas: alignment, zeroes, large blocks, marks, and the end when memory runs out.
#include "../common/front.h"

#include <jansson.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_zero(const unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (bytes[i]) return false;
    return true;
}

static void test_aligned_and_zeroed(void **state) {
    (void)state;
    Arena *arena = arena_create();
    for (size_t size = 0; size < 3000; size++) {
        unsigned char *bytes = arena_alloc(arena, size);
        assert_int_equal((uintptr_t)bytes % 16, 0);
        assert_true(is_zero(bytes, size));
        if (size) memset(bytes, 0xAA, size);
    }
    arena_destroy(arena);
}

static void test_objects_do_not_overlap(void **state) {
    (void)state;
    enum { COUNT = 500 };
    Arena *arena = arena_create();
    unsigned char *objects[COUNT];
    for (int i = 0; i < COUNT; i++) {
        objects[i] = arena_alloc(arena, (size_t)(i * 37 + 1));
        memset(objects[i], i & 0xff, (size_t)(i * 37 + 1));
    }
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < i * 37 + 1; j++) assert_int_equal(objects[i][j], i & 0xff);
    arena_destroy(arena);
}

static void test_large_block(void **state) {
    (void)state;
    Arena *arena = arena_create();
    unsigned char *large = arena_alloc(arena, 10 << 20);
    assert_true(is_zero(large, 10 << 20));
    large[(10 << 20) - 1] = 1;
    assert_string_equal(arena_strdup(arena, "small"), "small");
    arena_destroy(arena);
}

static void test_strings(void **state) {
    (void)state;
    Arena *arena = arena_create();
    assert_string_equal(arena_copy(arena, "abcdef", 3), "abc");
    assert_string_equal(arena_copy(arena, NULL, 0), "");
    assert_string_equal(arena_format(arena, "%d-%s", 7, "x"), "7-x");
    assert_string_equal(arena_format(arena, "%s", ""), "");
    assert_int_equal(strlen(arena_format(arena, "%200000d", 1)), 200000);
    arena_destroy(arena);
    arena_destroy(NULL);
}

static void test_release(void **state) {
    (void)state;
    Arena *arena = arena_create();
    char *kept = arena_strdup(arena, "kept");
    for (int round = 0; round < 3; round++) {
        ArenaMark mark = arena_mark(arena);
        unsigned char *scratch = arena_alloc(arena, 100);
        assert_true(is_zero(scratch, 100)); // also in later rounds
        memset(scratch, 0xAA, 100);
        memset(arena_alloc(arena, 1 << 20), 0xAA, 1 << 20);
        arena_release(arena, mark);
    }
    assert_string_equal(kept, "kept");
    arena_destroy(arena);
}

// Runs `action` in a child whose messages are lost; returns its exit status.
static int status_of(void (*action)(void)) {
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr)) _exit(99);
        action();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static Arena *exhausted; // reachable to the end, so that the leak checker is content

static void ask_for_everything(void) {
    arena_alloc(exhausted, SIZE_MAX - 4);
}

static void ask_for_half(void) {
    arena_alloc(exhausted, SIZE_MAX / 2);
}

static void multiply_beyond(void) {
    arena_array(exhausted, 16, SIZE_MAX / 8);
}

static void test_out_of_memory(void **state) {
    (void)state;
    exhausted = arena_create();
    assert_int_equal(status_of(ask_for_everything), 1);
    assert_int_equal(status_of(ask_for_half), 1);
    assert_int_equal(status_of(multiply_beyond), 1);
    arena_destroy(exhausted);
}

static char printed[2000];

static void ask_as_json(void) {
    if (!freopen(printed, "w", stdout)) _exit(99);
    arena_report_json(true);
    ask_for_half();
}

// --diagnostics=json holds for this message, too: an object on standard output.
static void test_out_of_memory_as_json(void **state) {
    (void)state;
    char text[2000] = "";
    exhausted = arena_create();
    snprintf(printed, sizeof printed, "arena-%d.json", (int)getpid());
    assert_int_equal(status_of(ask_as_json), 1);
    FILE *file = fopen(printed, "r");
    assert_non_null(file);
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    unlink(printed);
    json_t *object = json_loadb(text, length, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(object, "code")), "E9001");
    assert_string_equal(json_string_value(json_object_get(object, "severity")), "error");
    assert_int_equal(json_array_size(json_object_get(object, "helps")), 1);
    json_decref(object);
    arena_destroy(exhausted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aligned_and_zeroed),
        cmocka_unit_test(test_objects_do_not_overlap),
        cmocka_unit_test(test_large_block),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_out_of_memory_as_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
