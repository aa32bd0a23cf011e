// Schemas: defaults, access, comparing and printing of arguments.
#include "../common/graphs.h"

static const ArgDef all_args[] = {
    {.name = "units", .type = ARG_INT},
    {.name = "rate", .type = ARG_FLOAT, .default_text = "0.25"},
    {.name = "bias", .type = ARG_BOOL, .default_text = "true"},
    {.name = "padding", .type = ARG_WORD, .default_text = "valid", .choices = "valid same"},
    {.name = "file", .type = ARG_STRING, .default_text = "a.csv"},
    {.name = "size", .type = ARG_INTS, .default_text = "[2, 3]"},
    {.name = "weights", .type = ARG_FLOATS, .default_text = "none"},
    {.name = "columns", .type = ARG_NAMES, .default_text = "none"},
    {.name = "activation", .type = ARG_ACTIVATION, .default_text = "leaky_relu(0.1)"},
    {.name = "start", .type = ARG_INITIALIZER, .default_text = "glorot_uniform"},
    {.name = "penalty", .type = ARG_REGULARIZER, .default_text = "none"},
    {.name = "learning_rate", .type = ARG_RATE, .default_text = "0.001"},
    {0},
};
static const Schema all_schema = {"everything", "takes all kinds", all_args, NULL};

static void test_defaults(void **state) {
    (void)state;
    Arena *arena = arena_create();
    Args *args = args_default(arena, &all_schema);
    assert_int_equal(args->count, 12);
    assert_false(args_get(args, "units")->is_set);
    assert_true(args_get(args, "rate")->is_default);
    assert_true(args_number(args, "rate") == 0.25);
    assert_true(args_bool(args, "bias"));
    assert_string_equal(args_text(args, "padding"), "valid");
    assert_int_equal(args_get(args, "size")->count, 2);
    assert_true(args_get(args, "size")->numbers[1] == 3);
    assert_false(args_get(args, "columns")->is_set);
    const ArgValue *activation = args_get(args, "activation");
    assert_ptr_equal(activation->callee, &op_find("leaky_relu")->schema);
    assert_true(args_number(activation->args, "negative_slope") == 0.1);
    assert_ptr_equal(args_get(args, "start")->callee,
                     schema_callee(ARG_INITIALIZER, "glorot_uniform"));
    assert_false(args_get(args, "penalty")->is_set);
    assert_null(args_get(args, "learning_rate")->callee);
    assert_true(args_number(args, "learning_rate") == 0.001);
    arena_destroy(arena);
}

static void test_print(void **state) {
    (void)state;
    Arena *arena = arena_create();
    Args *args = args_default(arena, &all_schema);
    Text changed = text_create(arena), all = text_create(arena);
    args_set_number(args, "units", 10);
    args_set_number(args, "rate", 0.25); // written, but the default
    args_set_text(args, "padding", "same");
    args_set_numbers(args, arena, "weights", (double[]){1, 0.5}, 2);
    args_print(&changed, args, false);
    assert_string_equal(changed.data, "units=10, padding=same, weights=[1, 0.5]");
    args_print(&all, args, true);
    assert_string_equal(all.data,
                        "units=10, rate=0.25, bias=true, padding=same, file=\"a.csv\", "
                        "size=[2, 3], weights=[1, 0.5], columns=none, "
                        "activation=leaky_relu(negative_slope=0.1), start=glorot_uniform, "
                        "penalty=none, learning_rate=0.001");
    arena_destroy(arena);
}

static void test_equal(void **state) {
    (void)state;
    Arena *arena = arena_create();
    Args *a = args_default(arena, &all_schema), *b = args_default(arena, &all_schema);
    assert_true(args_equal(a, b));
    assert_true(args_equal(NULL, NULL));
    assert_false(args_equal(a, NULL));
    args_set_numbers(b, arena, "size", (double[]){2, 4}, 2);
    assert_false(args_equal(a, b));
    args_set_numbers(b, arena, "size", (double[]){2, 3}, 2);
    assert_true(args_equal(a, b));
    args_set_number(b->values[8].args, "negative_slope", 0.2);
    assert_false(args_equal(a, b));
    arena_destroy(arena);
}

static void ask_unknown(void *data) {
    args_number(data, "colour");
}

static void test_unknown_argument(void **state) {
    (void)state;
    Arena *arena = arena_create();
    assert_int_equal(schema_arg_index(&all_schema, "colour"), -1);
    assert_int_equal(status_of(ask_unknown, args_default(arena, &all_schema)), 70);
    arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_unknown_argument),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
