// Types: broadcasting, sizes, texts.
#include "../common/graphs.h"

static void test_texts(void **state) {
    (void)state;
    Arena *arena = arena_create();
    Type picture = BATCHED(24, 24, 32), number = type_scalar();
    Type raw = type_make(DTYPE_U8, true, DIMS(28, 28));
    assert_string_equal(type_text(arena, &picture), "[24, 24, 32]");
    assert_string_equal(type_text(arena, &raw), "u8[28, 28]");
    assert_string_equal(type_full_text(arena, &raw), "u8[B, 28, 28]");
    assert_string_equal(type_full_text(arena, &number), "f32[]");
    assert_string_equal(shape_text(arena, &picture), "24x24x32");
    assert_string_equal(shape_text(arena, &number), "a single number");
    arena_destroy(arena);
}

static void test_sizes(void **state) {
    (void)state;
    Type picture = BATCHED(24, 24, 32), number = type_scalar();
    Type huge = UNBATCHED(INT64_MAX / 2, 3);
    assert_int_equal(type_elements(&picture), 24 * 24 * 32);
    assert_int_equal(type_last(&picture), 32);
    assert_int_equal(type_elements(&number), 1);
    assert_int_equal(type_last(&number), 1);
    assert_true(type_elements(&huge) == INT64_MAX);
}

static void test_equal(void **state) {
    (void)state;
    Type a = BATCHED(2, 3), b = BATCHED(2, 3), c = UNBATCHED(2, 3), d = BATCHED(2, 4);
    Type e = type_make(DTYPE_I32, true, DIMS(2, 3)), f = BATCHED(2);
    assert_true(type_equal(&a, &b));
    assert_false(type_equal(&a, &c));
    assert_false(type_equal(&a, &d));
    assert_false(type_equal(&a, &e));
    assert_false(type_equal(&a, &f));
}

static void expect_broadcast(Type a, Type b, Type expected) {
    Type result;
    assert_true(type_broadcast(&a, &b, &result));
    assert_true(type_equal(&result, &expected));
    assert_true(type_broadcast(&b, &a, &result));
    assert_true(type_equal(&result, &expected));
}

static void test_broadcast(void **state) {
    (void)state;
    Type wrong;
    expect_broadcast(BATCHED(3, 4), UNBATCHED(4), BATCHED(3, 4));
    expect_broadcast(BATCHED(3, 1), UNBATCHED(2, 1, 4), BATCHED(2, 3, 4));
    expect_broadcast(BATCHED(1), UNBATCHED(5, 7), BATCHED(5, 7));
    expect_broadcast(UNBATCHED(4), type_scalar(), UNBATCHED(4));
    expect_broadcast(type_make(DTYPE_U8, true, DIMS(4)), UNBATCHED(4), BATCHED(4));
    Type a = BATCHED(3), b = BATCHED(4), c = BATCHED(4, 3);
    assert_false(type_broadcast(&a, &b, &wrong));
    assert_false(type_broadcast(&c, &b, &wrong));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_broadcast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
