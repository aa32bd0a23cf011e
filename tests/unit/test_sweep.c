// What a sweep makes of lists, and where values go in a resolved program. Fails where a comma
// within brackets or quotes divides a value, or a rate is set beside the place that `fit
// --learning-rate` sets.
#include "../../compiler/command/sweep/best.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void splits_to(const char *list, const char *const *wanted) {
    Arena *arena = arena_create();
    AxisValues values = axis_split(arena, list);
    int count = 0;
    while (wanted[count]) count++;
    assert_int_equal(values.count, count);
    for (int i = 0; i < count; i++) assert_string_equal(values.items[i], wanted[i]);
    arena_destroy(arena);
}

#define SPLITS(list, ...) splits_to(list, (const char *const[]){__VA_ARGS__, NULL})

static void lists_are_split_at_their_own_commas(void **state) {
    (void)state;
    SPLITS("64", "64");
    SPLITS("64, 128 ,256", "64", "128", "256");
    SPLITS("[1, 2],[3]", "[1, 2]", "[3]");
    SPLITS("adam(1e-4, beta_1 = 0.8),sgd(0.1)", "adam(1e-4, beta_1 = 0.8)", "sgd(0.1)");
    SPLITS("\"a,b\",\"c\\\",d\"", "\"a,b\"", "\"c\\\",d\"");
    SPLITS("a,,b", "a", "", "b");
    SPLITS("a)b,c", "a)b", "c"); // a mistake that the compiler tells
}

static void becomes(const char *program, const char *entry, const char *value, const char *wanted) {
    Arena *arena = arena_create();
    assert_string_equal(best_set(arena, program, entry, value), wanted);
    arena_destroy(arena);
}

static void rates_go_where_fit_sets_them(void **state) {
    (void)state;
    becomes("train a on b {\n    optimizer = sgd(learning_rate = 0.1, momentum = 0)  # why\n}\n",
            "learning_rate", "3e-4",
            "train a on b {\n    optimizer = sgd(learning_rate = 3e-4, momentum = 0)  # why\n}\n");
    // A schedule's first rate, behind a warm-up.
    becomes(
        "train a on b { optimizer = adam(learning_rate = warmup(rate = exponential_decay(initial "
        "= 1e-3, rate = 0.9), steps = 5)) }",
        "learning_rate", "7",
        "train a on b { optimizer = adam(learning_rate = warmup(rate = exponential_decay(initial "
        "= 7, rate = 0.9), steps = 5)) }");
    // By names: where they are used, or the optimizer that they stand for, once.
    becomes("param rate = 0.1\ntrain a on b { optimizer = sgd(learning_rate = rate) }",
            "learning_rate", "7",
            "param rate = 0.1\ntrain a on b { optimizer = sgd(learning_rate = 7) }");
    becomes("param by = sgd(learning_rate = 0.1)\ntrain a on b { optimizer = by }\ntrain a on b { "
            "optimizer = by }",
            "learning_rate", "7",
            "param by = sgd(learning_rate = 7)\ntrain a on b { optimizer = by }\ntrain a on b { "
            "optimizer = by }");
    // Each step has an optimizer.
    becomes(
        "train a, b on c { step one updates a with adam(learning_rate = 1) { minimize mse(x, y) } "
        "step two updates b with sgd(learning_rate = 2) { minimize mse(x, y) } }",
        "learning_rate", "7",
        "train a, b on c { step one updates a with adam(learning_rate = 7) { minimize mse(x, y) } "
        "step two updates b with sgd(learning_rate = 7) { minimize mse(x, y) } }");
}

static void entries_of_all_blocks_are_set(void **state) {
    (void)state;
    becomes("param n = 3\ntrain a on b { epochs = n  batch = 8 }\ntrain a on b { epochs = 20 }",
            "epochs", "5",
            "param n = 3\ntrain a on b { epochs = 5  batch = 8 }\ntrain a on b { epochs = 5 }");
    becomes("model epochs(x) { x }\n", "epochs", "5", "model epochs(x) { x }\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_split_at_their_own_commas),
        cmocka_unit_test(rates_go_where_fit_sets_them),
        cmocka_unit_test(entries_of_all_blocks_are_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
