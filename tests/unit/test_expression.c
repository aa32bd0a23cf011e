// Arithmetic, choices and params, seen through the width of a layer.
#include "../common/check.h"

static void expect_units(const char *before, const char *expression, int64_t expected) {
    Front front = front_create();
    char *source =
        arena_format(front.arena, "%s\nmodel m(x: [4]) { x -> dense(%s) }", before, expression);
    Checked checked = check_clean(source);
    assert_int_equal(checked.program->main->forward->outputs.items[0]->type.dims[0], expected);
    check_end(&checked);
    front_destroy(&front);
}

static void expect_error(const char *expression, const char *expected) {
    Front front = front_create();
    check_fails(arena_format(front.arena, "model m(x: [4]) { x -> dense(%s) }", expression), 1,
                expected);
    front_destroy(&front);
}

static void test_arithmetic(void **state) {
    (void)state;
    expect_units("", "1 + 2 * 3", 7);
    expect_units("", "(1 + 2) * 3", 9);
    expect_units("", "7 * 7 * 128", 6272);
    expect_units("", "10 - 3 - 2", 5);
    expect_units("", "784 / 2 / 2", 196);
    expect_units("", "-3 + 5", 2);
    expect_units("", "--3", 3);
    expect_units("param n = 4", "4 * n + n / 2", 18);
}

// Numbers that are whole in the end count as whole; a fraction, and a literal written as one, do
// not.
static void test_whole_numbers(void **state) {
    (void)state;
    expect_error("5 / 2", "not the number 2.5");
    expect_units("", "2.0 * 2", 4);
    expect_error("2.0", "help: write it without point and exponent: `2`");
    expect_error("1e3", "help: write it without point and exponent: `1000`");
    expect_units("", "5 / 2 * 2", 5);
}

static void test_overflow(void **state) {
    (void)state;
    expect_error("3 / 0", "division by zero");
    expect_error("3 / (2 - 2)", "division by zero");
    expect_error("1e200 * 1e200", "too large for a number");
    expect_error("9007199254740993", "whole number");
}

static void test_choices(void **state) {
    (void)state;
    expect_units("param deep = true", "if deep { 3 } else { 4 }", 3);
    expect_units("param n = 5", "if n > 4 { 1 } else { 2 }", 1);
    expect_units("param n = 5", "if n <= 4 { 1 } else { 2 }", 2);
    expect_units("param n = 5", "if n == 5 { 1 } else { 2 }", 1);
    expect_units("param act = relu", "if act == relu { 1 } else { 2 }", 1);
    expect_units("param act = relu", "if act != tanh { 1 } else { 2 }", 1);
    expect_units("", "if true == false { 1 } else { a = 2  b = a * 3  b }", 6);
    expect_error("if 1 { 3 } else { 4 }", "the condition of `if` is true or false");
    expect_error("if 1 < relu { 3 } else { 4 }", "`<` cannot take");
}

static void test_definitions(void **state) {
    (void)state;
    const Definition definitions[] = {{"n", "3"}, {"act", "tanh"}, {"deep", "false"}, {"n", "9"}};
    Checked checked = check_with("param n = 4\nparam act = relu\nparam deep = true\n"
                                 "model m(x: [4]) { x -> dense(if deep { 1 } else { n }, act) }",
                                 definitions, 4);
    assert_string_equal(checked.messages, "");
    const Node *output = checked.program->main->forward->outputs.items[0];
    assert_int_equal(output->type.dims[0], 9);
    assert_string_equal(args_get(output->args, "activation")->callee->name, "tanh");
    check_end(&checked);
}

static void expect_definition_error(const char *name, const char *value, const char *expected) {
    const Definition definition = {name, value};
    Checked checked =
        check_with("param units = 4\nmodel m(x: [4]) { x -> dense(units) }", &definition, 1);
    assert_int_equal(checked.errors, 1);
    assert_non_null(strstr(checked.messages, expected));
    check_end(&checked);
}

static void test_wrong_definitions(void **state) {
    (void)state;
    expect_definition_error("unit", "3", "did you mean `-D units=3`?");
    expect_definition_error("units", "relu", "gives the layer `relu`, but `units` is the number 4");
    expect_definition_error("units", "0", "error[E0202]");
    expect_definition_error("units", "1e2", "error[E0201]");
    expect_definition_error("units", "nan", "there is no value `nan`");
    expect_definition_error("units", "", "-D:1:");
    expect_definition_error("units", "3 param more = 4", "gives more than one value");
}

static void test_unknown_names(void **state) {
    (void)state;
    check_fails("param width = 3\nmodel m(x: [4]) { x -> dense(wdith + 1) }", 1,
                "did you mean `width`?");
    check_fails("model m(x: [4]) { y -> dense(1) }", 1, "there is no value `y`");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arithmetic),    cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_overflow),      cmocka_unit_test(test_choices),
        cmocka_unit_test(test_definitions),   cmocka_unit_test(test_wrong_definitions),
        cmocka_unit_test(test_unknown_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
