// Train blocks: resolution of `crossentropy`, defaults, and whether model, data, loss and metrics
// fit.
#include "../common/check.h"

#include "../../compiler/op/op.h"
#include "../../compiler/op/vocabulary.h"
#include "../../runtime/metrics/row.h"

// A model for two classes in the plane, or for ten classes of pictures.
static char *source_of(Arena *arena, const char *data, const char *last, const char *entries) {
    bool is_picture = strstr(data, "mnist") != NULL;
    return arena_format(arena,
                        "dataset data = %s\nmodel net(x) { x -> %s%s }\n"
                        "train net on data { optimizer = sgd %s }",
                        data, is_picture ? "flatten -> " : "", last, entries);
}

static Checked train(const char *data, const char *last, const char *entries) {
    Front front = front_create();
    Checked checked = check(source_of(front.arena, data, last, entries));
    if (checked.errors) print_error("%s\n", checked.messages);
    assert_int_equal(checked.errors, 0);
    front_destroy(&front);
    return checked;
}

static void expect_loss(const char *data, const char *last, const char *name, bool from_logits) {
    Checked checked = train(data, last, "loss = crossentropy");
    const Training *training = checked.program->main->trainings.items[0];
    assert_string_equal(training->losses.items[0].def->schema.name, name);
    assert_int_equal(args_bool(training->losses.items[0].args, "from_logits"), from_logits);
    check_end(&checked);
}

static void test_crossentropy(void **state) {
    (void)state;
    const char *hot = "fashion_mnist -> one_hot(label)";
    expect_loss("circles", "dense(1, sigmoid)", "binary_crossentropy", false);
    expect_loss("circles", "dense(1)", "binary_crossentropy", true);
    expect_loss("circles", "dense(2, softmax)", "sparse_categorical_crossentropy", false);
    expect_loss("circles", "dense(2) -> softmax", "sparse_categorical_crossentropy", false);
    expect_loss("fashion_mnist", "dense(10, softmax)", "sparse_categorical_crossentropy", false);
    expect_loss("fashion_mnist", "dense(10)", "sparse_categorical_crossentropy", true);
    expect_loss(hot, "dense(10, softmax)", "categorical_crossentropy", false);
    expect_loss(hot, "dense(10)", "categorical_crossentropy", true);
    expect_loss(hot, "dense(10, sigmoid)", "binary_crossentropy", false);
}

static void test_defaults(void **state) {
    (void)state;
    Checked checked = train("circles", "dense(1, sigmoid)", "loss = crossentropy");
    const Training *training = checked.program->main->trainings.items[0];
    assert_int_equal(training->batch, 32);
    assert_int_equal(training->epochs, 1);
    assert_int_equal(training->losses.items[0].metrics.count, 0);
    assert_null(training->steps.items[0]->regularizer);
    assert_true(args_number(training->steps.items[0]->optimizer_args, "learning_rate") == 0.01);
    assert_ptr_equal(training->dataset, checked.program->datasets.items[0]);
    check_end(&checked);
}

static void test_entries(void **state) {
    (void)state;
    Checked checked = train("circles", "dense(1, sigmoid)",
                            "loss = binary_crossentropy(label_smoothing = 0.1) epochs = 2 * 3 "
                            "batch = 5 metrics = accuracy regularize = l2");
    const Training *training = checked.program->main->trainings.items[0];
    assert_int_equal(training->batch, 5);
    assert_int_equal(training->epochs, 6);
    assert_int_equal(training->losses.items[0].metrics.count, 1);
    assert_string_equal(training->losses.items[0].metrics.items[0].call.schema->name, "accuracy");
    assert_string_equal(training->steps.items[0]->regularizer->name, "l2");
    assert_true(args_number(training->losses.items[0].args, "label_smoothing") == 0.1);
    check_end(&checked);
}

static void test_several_blocks_run_in_order(void **state) {
    (void)state;
    Checked checked =
        check_clean("dataset d = circles\nmodel net(x) { x -> dense(1, sigmoid) }\n"
                    "train net on d { loss = crossentropy optimizer = adam epochs = 3 }\n"
                    "train net on d { loss = crossentropy optimizer = sgd epochs = 4 }");
    assert_int_equal(checked.program->main->trainings.count, 2);
    assert_int_equal(checked.program->main->trainings.items[0]->epochs, 3);
    assert_int_equal(checked.program->main->trainings.items[1]->epochs, 4);
    check_end(&checked);
}

static void expect_error(const char *data, const char *last, const char *entries,
                         const char *expected) {
    Front front = front_create();
    check_fails(source_of(front.arena, data, last, entries), 1, expected);
    front_destroy(&front);
}

static void test_incomplete_and_unknown(void **state) {
    (void)state;
    expect_error("circles", "dense(1)", "", "error[E0301]: this `train` block has no `loss`");
    expect_error("circles", "dense(1)", "loss = crossentropy epoch = 3",
                 "did you mean `epochs = 3`?");
    expect_error("circles", "dense(1)", "los = crossentropy",
                 "did you mean `loss = crossentropy`?");
    expect_error("circles", "dense(1)", "loss = crossentropy batch_size = 3", "write `batch = 3`");
    expect_error("circles", "dense(1)", "loss = crossentropy batch = 0", "error[E0202]");
    expect_error("circles", "dense(1)", "loss = crossentropy callbacks = [early_stopping]",
                 "add `-> split(validation = 0.1)` to `data`");
    expect_error("circles", "dense(1)", "loss = crossentropy metrics = acc", "write `accuracy`");
    expect_error("circles", "dense(1)", "loss = \"mse\"", "names stand without quotes: `mse`");
    expect_error("circles", "dense(1)", "loss = mse + mae", "this is not a loss");
    expect_error("circles", "dense(1)", "loss = crossentropy loss = mse", "error[E0104]");
}

static void test_loss_and_last_layer(void **state) {
    (void)state;
    const char *sparse = "loss = sparse_categorical_crossentropy";
    expect_error("mnist", "dense(10)", sparse, "error[E0303]");
    expect_error("mnist", "dense(10, sigmoid)", sparse, "error[E0303]");
    expect_error("mnist", "dense(10, relu)", sparse, "error[E0303]");
    expect_error("mnist", "dense(10, softmax)",
                 "loss = sparse_categorical_crossentropy(from_logits = true)", "error[E0303]");
    expect_error("circles", "dense(1, softmax)", "loss = crossentropy",
                 "softmax over one unit is always 1");
    expect_error("circles", "dense(2, softmax)", "loss = binary_crossentropy", "error[E0303]");
    expect_error("circles", "dense(1)", "loss = binary_crossentropy", "(from_logits = true)");
}

static void test_loss_and_target(void **state) {
    (void)state;
    expect_error("mnist", "dense(10, softmax)", "loss = categorical_crossentropy", "error[E0304]");
    expect_error("mnist -> one_hot(label)", "dense(10, softmax)",
                 "loss = sparse_categorical_crossentropy", "or remove `one_hot`");
    expect_error("mnist", "dense(1, sigmoid)", "loss = binary_crossentropy", "error[E0304]");
    expect_error("mnist", "dense(10)", "loss = mse", "error[E0304]");
}

static void test_class_count(void **state) {
    (void)state;
    expect_error("mnist", "dense(9, softmax)", "loss = crossentropy", "write `dense(10, softmax)`");
    expect_error("mnist", "dense(11)", "loss = crossentropy", "write `dense(10)`");
    expect_error("mnist", "dense(1, sigmoid)", "loss = crossentropy", "but `data` has 10 classes");
    expect_error("circles", "dense(2, sigmoid)", "loss = binary_crossentropy", "error[E0302]");
}

static void test_metrics(void **state) {
    (void)state;
    expect_error("mnist", "dense(10)", "loss = crossentropy metrics = precision", "error[E0305]");
    expect_error("mnist", "dense(10)", "loss = crossentropy metrics = mae", "error[E0305]");
    expect_error("mnist", "dense(10)", "loss = crossentropy metrics = categorical_accuracy",
                 "error[E0305]");
    expect_error("circles", "dense(1)", "loss = crossentropy metrics = top_k", "error[E0305]");
    expect_error("circles", "dense(1)", "loss = crossentropy metrics = [auc, auc]", "error[E0102]");
}

// Every loss of the registry can be named.
static void test_every_loss(void **state) {
    (void)state;
    for (int i = 0; op_at(i); i++) {
        if (!op_at(i)->is_loss) continue;
        Front front = front_create();
        char *entry = arena_format(front.arena, "loss = %s", op_at(i)->schema.name);
        Checked checked = check(source_of(front.arena, "circles", "dense(1)", entry));
        assert_null(strstr(checked.messages, "E0101"));
        check_end(&checked);
        front_destroy(&front);
    }
}

static void test_every_optimizer_and_metric(void **state) {
    (void)state;
    Front front = front_create();
    for (const OptimizerDef *row = optimizer_rows; row->schema.name; row++)
        check_fails(arena_format(front.arena,
                                 "model m(x) { x -> dense(1) }\ntrain m on moons { loss = "
                                 "crossentropy optimizer = %s(0.5, clip_norm = 1) }",
                                 row->schema.name),
                    0, NULL);
    const Schema *metric;
    for (Words words = {.family = &vocabulary[FAMILY_METRICS]}; (metric = words_next(&words));) {
        char *entry = arena_format(front.arena, "loss = crossentropy metrics = %s", metric->name);
        Checked checked = check(source_of(front.arena, "moons", "dense(1)", entry));
        assert_int_equal(checked.errors, ((const nnrt_metric_row *)metric)->needs_classes);
        check_end(&checked);
    }
    front_destroy(&front);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crossentropy),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_several_blocks_run_in_order),
        cmocka_unit_test(test_incomplete_and_unknown),
        cmocka_unit_test(test_loss_and_last_layer),
        cmocka_unit_test(test_loss_and_target),
        cmocka_unit_test(test_class_count),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_every_loss),
        cmocka_unit_test(test_every_optimizer_and_metric),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
