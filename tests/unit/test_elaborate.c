// From bodies to graphs: arrows, copies, recipes, shared layers, blocks, models as layers, raw
// data.
#include "../../compiler/check/check.h"
#include "../common/check.h"

static void expect_layers(const char *source, const char *expected) {
    Checked checked = check_clean(source);
    const Graph *graph = checked.program->main->forward;
    Text out = text_create(checked.front.arena);
    for (int i = 0; i < graph->weights->layers.count; i++)
        text_format(
            &out, "%s%s", i ? " " : "",
            weights_layer_name(checked.front.arena, graph->weights->layers.items[i], graph->name));
    assert_string_equal(out.data, expected);
    check_end(&checked);
}

static void expect_parameters(const char *source, int64_t expected) {
    Checked checked = check_clean(source);
    assert_int_equal(check_parameter_count(&checked), expected);
    check_end(&checked);
}

static void test_names_as_keras_numbers_them(void **state) {
    (void)state;
    expect_layers("model m(x: [4]) { x -> dense(3) -> relu -> dense(3) -> dense(2) -> relu }",
                  "dense relu dense_1 dense_2 relu_1");
    expect_layers("model m(x: [4]) = x -> flatten -> (dense(5, relu) -> dropout(0.2)) * 2",
                  "flatten dense dropout dense_1 dropout_1");
}

static void test_copies(void **state) {
    (void)state;
    expect_parameters("model m(x: [4]) { x -> dense(4) * 3 }", 3 * 20);
    expect_parameters("model m(x: [4]) { x -> 3 * dense(4) }", 3 * 20);
    expect_parameters("model m(x: [4]) { x -> dense(4) * (1 - 1) -> dense(4) * 2 * 2 }", 4 * 20);
    check_fails("model m(x: [4]) { x -> dense(4) * 1.5 }", 1, "a whole number");
    check_fails("model m(x: [4]) { x -> dense(4) * -1 }", 1, "expected 0 or more");
    check_fails("model m(x: [4]) { x -> dense(4) * 1000000 }", 1, "more than 65536 layers");
    check_fails("model m(x: [4]) { x -> flatten * 1e18 }", 1, "a whole number");
}

// A recipe makes new weights at each use, a shared layer does not.
static void test_recipes_and_shared_layers(void **state) {
    (void)state;
    expect_parameters("model m(x: [4]) { f = dense(4) -> dense(4)  x -> f -> f }", 80);
    expect_parameters("model m(x: [4]) { layer f = dense(4) -> dense(4)  x -> f -> f * 3 }", 40);
    expect_layers("model m(a: [4], b: [4]) { layer tower = dense(4)\n(a -> tower) + (b -> tower) }",
                  "tower");
    expect_layers("model m(x: [4]) { layer f = dense(4) -> relu  x -> f -> dense(4) -> f }",
                  "f/dense f/relu dense");
    expect_layers("block two(x) { x -> dense(4) -> dense(4) }\n"
                  "model m(x: [4]) { layer f = two  x -> f -> f }",
                  "f/dense f/dense_1");
    check_fails("model m(a: [4], b: [5]) { layer f = dense(4)\n(a -> f) + (b -> f) }", 1,
                "error[E0204]");
}

// The second use has the parameters of the first.
static void test_shared_weights(void **state) {
    (void)state;
    Checked checked =
        check_clean("model m(a: [4], b: [4]) { layer f = dense(3)  return a -> f, b -> f }");
    const NodeList *outputs = &checked.program->main->forward->outputs;
    const Node *first = outputs->items[0], *second = outputs->items[1];
    assert_int_equal(outputs->count, 2);
    assert_int_equal(first->input_count, 3);
    assert_ptr_not_equal(first, second);
    assert_ptr_not_equal(first->inputs[0], second->inputs[0]);
    assert_ptr_equal(first->inputs[1], second->inputs[1]);
    assert_ptr_equal(first->inputs[2], second->inputs[2]);
    check_end(&checked);
}

static void test_blocks(void **state) {
    (void)state;
    const char *blocks = "block level(x, n, depth = 2) { x -> dense(n, relu) * depth }\n"
                         "block residual(x, n) { y = x -> dense(n)\n"
                         "  shortcut = if n == 4 { x } else { x -> dense(n) }\n  y + shortcut }\n";
    Front front = front_create();
    expect_parameters(
        arena_format(
            front.arena,
            "%smodel m(x: [4]) { x -> level(4) -> level(n = 3, depth = 1) -> residual(3) }",
            blocks),
        2 * 20 + 15 + 2 * 12);
    expect_parameters(
        arena_format(front.arena,
                     "%smodel m(x: [4]) { residual(x, 4) -> residual(4) -> level(4, 0) }", blocks),
        2 * 20);
    front_destroy(&front);
    check_fails("block f(x, n) { x -> dense(n) }\nmodel m(x: [4]) { x -> f }", 1, "`f` needs `n`");
    check_fails("block f(x, n) { x -> dense(n) }\nmodel m(x: [4]) { x -> f(m = 3) }", 1,
                "error[E0103]");
    check_fails("block f(x) { x -> g }\nblock g(x) { x -> f }\nmodel m(x: [4]) { x -> f }", 1,
                "the block `f` uses itself");
}

static void test_models_as_layers(void **state) {
    (void)state;
    expect_parameters("model inner(x: [4]) { x -> dense(4) }\n"
                      "model m(x: [4]) { (x -> inner -> inner) + inner(x) -> dense(1) }",
                      20 + 5);
    expect_layers("model inner(x) { x -> dense(4) }\nmodel m(x: [4]) { x -> inner -> dense(1) }",
                  "inner/dense dense");
    check_fails("model inner(x: [5]) { x -> dense(4) }\nmodel m(x: [4]) { x -> inner }", 1,
                "the model `inner` takes [5], not [4]");
    check_fails("model a(x: [4]) { x -> b }\nmodel b(x: [4]) { x -> a }", 1, "uses itself");
}

static void test_tensor_arithmetic(void **state) {
    (void)state;
    Checked checked = check_clean("model m(a: [4], b: [4]) { 2 * (a - b) / -(a * b + 1) }");
    const char *graph = check_graph(&checked);
    const char *operators[] = {"subtract(%", "multiply(%", "add(%", "negate(%", "divide(%"};
    for (int i = 0; i < 5; i++) assert_non_null(strstr(graph, operators[i]));
    assert_int_equal(checked.program->main->forward->weights->layers.count, 0);
    check_end(&checked);
    check_fails("model m(a: [4], b: [3]) { a - b }", 1, "error[E0204]");
    check_fails("model m(a: [4]) { a == relu }", 1, "`==` cannot take");
}

// Pictures stay bytes; the dataset's arithmetic is in the graph.
static void test_raw_data(void **state) {
    (void)state;
    Checked checked =
        check("dataset d = fashion_mnist -> scale(1/255, offset = -0.5)\n"
              "model m(image: [28, 28, 1]) { image -> flatten -> dense(10, softmax) }\n"
              "train m on d { loss = crossentropy optimizer = sgd }");
    assert_int_equal(checked.errors, 0);
    const Graph *graph = checked.program->main->forward;
    const Type *input = &graph->inputs.items[0]->type, *target = &graph->targets.items[0]->type;
    assert_int_equal(input->dtype, DTYPE_U8);
    assert_int_equal(input->rank, 2);
    assert_int_equal(target->dtype, DTYPE_I32);
    assert_int_equal(target->rank, 0);
    assert_non_null(strstr(check_graph(&checked), "= reshape("));
    assert_non_null(strstr(check_graph(&checked), "constant(-0.5)"));
    check_end(&checked);
}

static void test_statistics_are_hidden_parameters(void **state) {
    (void)state;
    Checked checked =
        check_clean("model m(x) { x -> dense(1, sigmoid) }\n"
                    "train m on circles -> standardize { loss = crossentropy optimizer = sgd }");
    const Graph *graph = checked.program->main->forward;
    assert_int_equal(graph->weights->layers.count, 1);
    assert_int_equal(graph->weights->parameters.count, 4);
    assert_string_equal(graph->weights->parameters.items[0]->name, "standardize/mean");
    assert_string_equal(graph->weights->parameters.items[1]->name, "standardize/deviation");
    for (int i = 0; i < 2; i++) {
        assert_false(graph->weights->parameters.items[i]->trainable);
        assert_null(graph->weights->parameters.items[i]->layer);
        assert_int_equal(graph->weights->parameters.items[i]->type.dims[0], 2);
    }
    check_end(&checked);
}

static void test_the_model_that_is_meant(void **state) {
    (void)state;
    Checked checked =
        check_clean("model a(x) { x -> dense(1, sigmoid) }\nmodel _b(x: [3]) { x -> dense(1) }\n"
                    "train a on moons { loss = crossentropy optimizer = sgd }");
    assert_string_equal(checked.program->main->name, "a");
    assert_int_equal(checked.program->models.count, 2);
    check_end(&checked);
    checked = check_clean("model a(x: [3]) { x -> dense(1) }\nmodel b(x: [3]) { x -> dense(1) }");
    assert_string_equal(checked.program->main->name, "b");
    check_end(&checked);
}

// `nnc expand` says the same in more words.
// Else the language would know a name and say that it does not.
static void test_planned_names_are_unknown(void **state) {
    (void)state;
    for (int i = 0; planned_name(i); i++) {
        const char *name = planned_name(i);
        for (int k = 0; k < FAMILY_COUNT; k++)
            if (family_word(&vocabulary[k], name))
                fail_msg("`%s` is supported: its row in check/planned.c has to go", name);
    }
}

static void test_expanded_programs_mean_the_same(void **state) {
    (void)state;
    Checked checked = check_clean(
        "param width = 8\nparam act = tanh\n"
        "dataset points = moons(100, noise = 0.1) -> scale(2) -> split(test = 0.5)\n"
        "block level(x, n, f = relu) { x -> dense(n, f) -> (dropout(0.1) -> dense(n, act)) * 2 }\n"
        "model m(x) { layer t = dense(width)  y = x -> t\n"
        "  z = if width > 4 { y -> level(width, f = elu(0.5)) } else { -y }\n"
        "  (y + z) / 2 -> level(3) -> dense(1, sigmoid) }\n"
        "train m on points { loss = crossentropy(label_smoothing = 0.1) optimizer = adam\n"
        "  metrics = [accuracy, auc] regularize = l1(0.1) }");
    const char *expanded = check_expand(&checked);
    Checked again = check_clean(expanded);
    assert_string_equal(check_graph(&again), check_graph(&checked));
    const Training *before = checked.program->main->trainings.items[0];
    const Training *after = again.program->main->trainings.items[0];
    const TrainStep *step = before->steps.items[0], *same = after->steps.items[0];
    assert_ptr_equal(before->losses.items[0].def, after->losses.items[0].def);
    assert_true(args_equal(before->losses.items[0].args, after->losses.items[0].args));
    assert_true(args_equal(step->optimizer_args, same->optimizer_args));
    assert_true(args_equal(step->regularizer_args, same->regularizer_args));
    assert_int_equal(before->batch, after->batch);
    check_end(&again);
    check_end(&checked);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_as_keras_numbers_them),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_recipes_and_shared_layers),
        cmocka_unit_test(test_shared_weights),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_models_as_layers),
        cmocka_unit_test(test_planned_names_are_unknown),
        cmocka_unit_test(test_tensor_arithmetic),
        cmocka_unit_test(test_raw_data),
        cmocka_unit_test(test_statistics_are_hidden_parameters),
        cmocka_unit_test(test_the_model_that_is_meant),
        cmocka_unit_test(test_expanded_programs_mean_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
