// Binding of arguments: positional ones, bare words, names, defaults, types and ranges.
#include "../common/check.h"

#include "../../compiler/op/op.h"

static const Args *last_args(const Checked *checked) {
    return checked->program->main->forward->outputs.items[0]->args;
}

// A model of one layer; `call` must be right.
static Checked layer(const char *call) {
    Front front = front_create();
    char *source = arena_format(front.arena, "model m(x: [4]) { x -> %s }", call);
    Checked checked = check_clean(source);
    front_destroy(&front);
    return checked;
}

static void expect_args(const char *call, const char *expected) {
    Checked checked = layer(call);
    Text out = text_create(checked.front.arena);
    args_print(&out, last_args(&checked), false);
    assert_string_equal(out.data, expected);
    check_end(&checked);
}

static void test_each_way_of_writing(void **state) {
    (void)state;
    expect_args("dense(7)", "units=7");
    expect_args("dense(units = 7)", "units=7");
    expect_args("dense(7, relu)", "units=7, activation=relu");
    expect_args("dense(7, activation = relu)", "units=7, activation=relu");
}

static void test_callees(void **state) {
    (void)state;
    expect_args("dense(7, leaky_relu(0.1))", "units=7, activation=leaky_relu(negative_slope=0.1)");
    expect_args("dense(7, kernel_initializer = 0.5)",
                "units=7, kernel_initializer=constant(value=0.5)");
    expect_args("dense(7, kernel_regularizer = l2(0.5))", "units=7, kernel_regularizer=l2(l2=0.5)");
    expect_args("dense(7, kernel_regularizer = none, activation = none)", "units=7");
}

static void test_lists(void **state) {
    (void)state;
    expect_args("reshape(2, 2)", "shape=[2, 2]");
    expect_args("reshape([2, 2])", "shape=[2, 2]");
    expect_args("reshape(shape = [4, 1])", "shape=[4, 1]");
    expect_args("reshape(4)", "shape=[4]");
    expect_args("reshape(shape = 4)", "shape=[4]");
}

static void test_defaults_are_marked(void **state) {
    (void)state;
    Checked checked = layer("dense(7, bias = true)");
    assert_false(args_get(last_args(&checked), "units")->is_default);
    assert_false(args_get(last_args(&checked), "bias")->is_default);
    assert_true(args_get(last_args(&checked), "kernel_initializer")->is_default);
    check_end(&checked);
}

static void test_a_param_may_hold_a_word(void **state) {
    (void)state;
    Checked checked = check_clean("param act = tanh\n"
                                  "model m(x: [4]) { f = elu(0.5)  x -> dense(3, act) -> act "
                                  "-> dense(2, activation = f) }");
    assert_string_equal(args_get(last_args(&checked), "activation")->callee->name, "elu");
    check_end(&checked);
}

// A local value with the name of a choice does not hide it.
static void test_names_of_choices(void **state) {
    (void)state;
    Checked checked = check_clean("model m(relu: [4]) { tanh = relu -> dense(3, relu)\n"
                                  "tanh -> dense(2, tanh) }");
    assert_string_equal(args_get(last_args(&checked), "activation")->callee->name, "tanh");
    check_end(&checked);
}

static void expect_error(const char *call, const char *expected) {
    Front front = front_create();
    check_fails(arena_format(front.arena, "model m(x: [4]) { x -> %s }", call), 1, expected);
    front_destroy(&front);
}

static void test_mistakes(void **state) {
    (void)state;
    expect_error("dense(4, unit = 3)", "error[E0103]: `dense` has no argument `unit`");
    expect_error("dense(4, units = 3)", "error[E0104]");
    expect_error("dense(4, relu, tanh)", "error[E0104]");
    expect_error("dense", "error[E0105]: `dense` needs `units`");
    expect_error("flatten(1)", "error[E0106]: `flatten` takes no arguments");
    expect_error("dense(4, use_bias = true)", "help: write `bias = true`");
    expect_error("dense(4, relux)", "help: did you mean `relu`?");
    expect_error("dense(4, zeros)", "error[E0108]: `zeros` fits several arguments");
    expect_error("dense(4, ReLU)", "error[E0107]: `ReLU` is called `relu` here");
    expect_error("dense(relu, 4)", "error[E0004]: a positional argument after a bare word");
}

static void test_types_and_ranges(void **state) {
    (void)state;
    expect_error("dense(2.5)", "error[E0201]: `units` of `dense` is a whole number");
    expect_error("dense(4.0)", "help: write it without point and exponent: `4`");
    expect_error("dense(\"4\")", "not the text \"4\"");
    expect_error("dense(true)", "not `true`");
    expect_error("dense(4, bias = 1)", "help: write `true`");
    expect_error("dense(4, \"relu\")", "help: words stand without quotes: `relu`");
    expect_error("dense(0)", "error[E0202]");
    expect_error("dropout(-0.5)", "at least 0");
    expect_error("dropout(1.5)", "not 1.5");
    expect_error("reshape(2, 2.5)", "not the number 2.5");
    expect_error("dense(1/0)", "error[E0202]: division by zero");
}

// Python's and Keras's names, in any case.
static void test_keras_names(void **state) {
    (void)state;
    expect_error("Dense(4)", "error[E0107]: `Dense` is called `dense` here");
    expect_error("DENSE(4)", "error[E0107]");
    expect_error("LeakyReLU", "error[E0107]: `LeakyReLU` is called `leaky_relu` here");
    expect_error("dense(4, bias = True)", "help: did you mean `true`?");
}

// A vector, a sequence or a picture: what the layer takes.
static const char *fitting_input(Arena *arena, const char *layer) {
    static const char *const shapes[] = {"64", "8, 64", "8, 8, 64"};
    for (int i = 0; i < 2; i++) {
        Checked checked =
            check(arena_format(arena, "model m(x: [%s]) { x -> %s }", shapes[i], layer));
        bool fits = !strstr(checked.messages, "E0203");
        check_end(&checked);
        if (fits) return shapes[i];
    }
    return shapes[2];
}

// Every row's required arguments are reported, and its defaults can be read and printed.
static void test_every_surface_row(void **state) {
    (void)state;
    for (int i = 0; op_at(i); i++) {
        const OpDef *op = op_at(i);
        if (!op->surface || op->min_inputs > 1 || op->max_inputs == 0) continue;
        bool needs = op->schema.args && op->schema.args[0].name && !op->schema.args[0].default_text;
        Front front = front_create();
        const char *shape = fitting_input(front.arena, op->schema.name);
        char *source =
            arena_format(front.arena, "model m(x: [%s]) { x -> %s }", shape, op->schema.name);
        check_fails(source, needs ? 1 : 0, needs ? "error[E0105]" : NULL);
        source = arena_format(front.arena, "model m(x: [%s]) { x -> %s(nonsense = 1) }", shape,
                              op->schema.name);
        check_fails(source, 1, "error[E0103]");
        front_destroy(&front);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_way_of_writing),
        cmocka_unit_test(test_callees),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_defaults_are_marked),
        cmocka_unit_test(test_a_param_may_hold_a_word),
        cmocka_unit_test(test_names_of_choices),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_types_and_ranges),
        cmocka_unit_test(test_keras_names),
        cmocka_unit_test(test_every_surface_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
