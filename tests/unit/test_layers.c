// The rules of dense, dropout and `crossentropy` that numbers of Keras do not show: which shapes
// they take, what they become in each mode, and how dropout's masks are distributed.
#include "../../compiler/op/op.h"
#include "../../compiler/pass/pass.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static Node *input_of(Graph *graph, int rank, const int64_t *dims) {
    Node *node = graph_input(graph, "x", type_make(DTYPE_F32, true, rank, dims));
    vec_push(graph->arena, &graph->inputs, node);
    return node;
}

// ---- dense

static Node *dense_of(Graph *graph, Node *x, int64_t units) {
    Args *args = graph_args(graph, "dense");
    args_set_number(args, "units", (double)units);
    graph->current_layer = weights_layer(graph->weights, "dense", NULL, (Span){0});
    return graph_call(graph, "dense", &x, 1, args);
}

static void dense_works_on_the_last_dimension(void **state) {
    (void)state;
    Arena *arena = arena_create();
    Graph *graph = graph_create(weights_create(arena), "test", GRAPH_TRAIN, NULL);
    Node *vector = dense_of(graph, input_of(graph, 1, (int64_t[]){13}), 5);
    assert_string_equal(type_text(arena, &vector->type), "[5]");
    Node *sequence = dense_of(graph, input_of(graph, 2, (int64_t[]){7, 13}), 5);
    assert_string_equal(type_text(arena, &sequence->type), "[7, 5]");
    assert_int_equal(graph->weights->parameters.count, 4);
    assert_string_equal(graph->weights->parameters.items[2]->name, "dense_1/kernel");
    assert_string_equal(type_text(arena, &graph->weights->parameters.items[2]->type), "[13, 5]");
    assert_string_equal(graph->weights->parameters.items[2]->initializer->name, "glorot_uniform");
    assert_string_equal(type_text(arena, &graph->weights->parameters.items[3]->type), "[5]");
    arena_destroy(arena);
}

// As Keras's Dense: each pixel with the same kernel.
static void dense_of_a_picture_works_on_its_places(void **state) {
    (void)state;
    Arena *arena = arena_create();
    Graph *graph = graph_create(weights_create(arena), "test", GRAPH_TRAIN, NULL);
    Node *node = dense_of(graph, input_of(graph, 3, (int64_t[]){24, 20, 32}), 10);
    assert_string_equal(type_text(arena, &node->type), "[24, 20, 10]");
    assert_string_equal(type_text(arena, &graph->weights->parameters.items[0]->type), "[32, 10]");
    assert_string_equal(type_text(arena, &graph->weights->parameters.items[1]->type), "[10]");
    arena_destroy(arena);
}

static char *printed(DiagSink *sink) {
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    diag_print(sink, out, DIAG_TEXT, false);
    fclose(out);
    return text;
}

// ---- dropout

static const char *noise = "dropout"; // or a layer like it

static Node *dropout_of(Graph *graph, Node *x, double rate) {
    Args *args = graph_args(graph, noise);
    args_set_number(args, "rate", rate);
    return graph_call(graph, noise, &x, 1, args);
}

// Dropout twice, on ones: the outputs are the masks.
static void run_dropout(Arena *arena, GraphMode mode, double rate, int64_t rows, int64_t width,
                        int64_t step, EvalTensor masks[2]) {
    Graph *graph = graph_create(weights_create(arena), "test", mode, NULL);
    Node *x = input_of(graph, 1, &width);
    for (int i = 0; i < 2; i++) vec_push(arena, &graph->outputs, dropout_of(graph, x, rate));
    pass_expand(graph);
    pass_simplify(graph);
    EvalTensor ones = {ARENA_ARRAY(arena, double, rows *width), rows, width};
    for (int64_t i = 0; i < rows * width; i++) ones.data[i] = 1;
    EvalBindings bindings = {.inputs = &ones,
                             .context = {.rows = rows, .seed = 7 + (uint64_t)step, .step = step}};
    graph_evaluate(graph, arena, &bindings, graph->outputs.items, 2, masks, false);
}

static void dropout_drops_a_share_and_scales_the_rest(void **state) {
    (void)state;
    const double rate = 0.2;
    const int64_t rows = 64, width = 257, count = rows * width;
    Arena *arena = arena_create();
    EvalTensor masks[2], later[2];
    run_dropout(arena, GRAPH_TRAIN, rate, rows, width, 1, masks);
    run_dropout(arena, GRAPH_TRAIN, rate, rows, width, 2, later);
    double dropped = 0, both = 0, both_later = 0;
    for (int64_t i = 0; i < count; i++) {
        double value = masks[0].data[i];
        assert_true(value == 0 || fabs(value - 1.25) < 1e-12);
        dropped += value == 0;
        both += value == 0 && masks[1].data[i] == 0;
        both_later += value == 0 && later[0].data[i] == 0;
    }
    // Five standard deviations; masks of two layers or two steps are independent.
    double n = (double)count, square = rate * rate;
    assert_true(fabs(dropped - n * rate) < 5 * sqrt(n * rate * (1 - rate)));
    assert_true(fabs(both - n * square) < 5 * sqrt(n * square * (1 - square)));
    assert_true(fabs(both_later - n * square) < 5 * sqrt(n * square * (1 - square)));
    arena_destroy(arena);
}

// Of ones: what is kept is a + b, what is dropped b - a 1.758..., with Keras's a and b.
static void alpha_dropout_keeps_mean_and_variance(void **state) {
    (void)state;
    const double rate = 0.3, limit = -1.7580993408473766;
    const int64_t rows = 64, width = 257, count = rows * width;
    const double a = pow((1 - rate) * (1 + rate * limit * limit), -0.5), b = -a * limit * rate;
    Arena *arena = arena_create();
    EvalTensor masks[2];
    noise = "alpha_dropout";
    run_dropout(arena, GRAPH_TRAIN, rate, rows, width, 1, masks);
    noise = "dropout";
    double dropped = 0;
    for (int64_t i = 0; i < count; i++) {
        double value = masks[0].data[i];
        bool is_dropped = fabs(value - (a * limit + b)) < 1e-9;
        assert_true(is_dropped || fabs(value - (a + b)) < 1e-9);
        dropped += is_dropped;
    }
    double n = (double)count;
    assert_true(fabs(dropped - n * rate) < 5 * sqrt(n * rate * (1 - rate)));
    arena_destroy(arena);
}

// Of ones: mean 1, variance rate / (1 - rate).
static void gaussian_dropout_has_the_deviation_of_dropout(void **state) {
    (void)state;
    const double rate = 0.3;
    const int64_t rows = 64, width = 257, count = rows * width;
    Arena *arena = arena_create();
    EvalTensor masks[2];
    noise = "gaussian_dropout";
    run_dropout(arena, GRAPH_TRAIN, rate, rows, width, 1, masks);
    noise = "dropout";
    double sum = 0, squares = 0, n = (double)count, variance = rate / (1 - rate);
    for (int64_t i = 0; i < count; i++) {
        sum += masks[0].data[i] - 1;
        squares += (masks[0].data[i] - 1) * (masks[0].data[i] - 1);
    }
    assert_true(fabs(sum / n) < 5 * sqrt(variance / n));
    assert_true(fabs(squares / n - variance) < 5 * variance * sqrt(2 / n));
    arena_destroy(arena);
}

static void expect_all(const EvalTensor *tensor, double value) {
    for (int64_t i = 0; i < tensor->rows * tensor->size; i++) assert_true(tensor->data[i] == value);
}

static void dropout_has_its_extremes(void **state) {
    (void)state;
    Arena *arena = arena_create();
    EvalTensor masks[2];
    run_dropout(arena, GRAPH_TRAIN, 0, 3, 5, 1, masks);
    expect_all(&masks[0], 1);
    run_dropout(arena, GRAPH_TRAIN, 1, 3, 5, 1, masks);
    expect_all(&masks[0], 0);
    run_dropout(arena, GRAPH_EVALUATE, 0.5, 3, 5, 1, masks);
    expect_all(&masks[0], 1);
    run_dropout(arena, GRAPH_PREDICT, 0.5, 3, 5, 1, masks);
    expect_all(&masks[0], 1);
    arena_destroy(arena);
}

// ---- crossentropy

// The value of `loss` of activation(x) for the target 1 of two units (or one).
static double loss_of(Arena *arena, const char *loss, const char *activation, int64_t units,
                      int target_rank) {
    Graph *graph = graph_create(weights_create(arena), "test", GRAPH_TRAIN, NULL);
    Node *x = input_of(graph, 1, &units);
    Node *target = graph_input(graph, "target", type_make(DTYPE_I32, true, target_rank, &units));
    vec_push(arena, &graph->targets, target);
    Node *prediction = graph_unary(graph, activation, x);
    vec_push(arena, &graph->outputs, graph_binary(graph, loss, prediction, target));
    pass_expand(graph);
    double values[] = {0.3, -1.2}, labels[] = {1, 0};
    EvalTensor input = {values, 1, units}, label = {labels, 1, target_rank ? units : 1}, result;
    EvalBindings bindings = {.inputs = &input, .targets = &label, .context = {.rows = 1}};
    graph_evaluate(graph, arena, &bindings, graph->outputs.items, 1, &result, false);
    return result.data[0];
}

static void crossentropy_picks_its_kind(void **state) {
    (void)state;
    Arena *arena = arena_create();
    const double logistic[] = {log1p(exp(-0.3)), log1p(exp(-1.2))};
    double log_sum = log(exp(0.3) + exp(-1.2));
    double binary = loss_of(arena, "crossentropy", "sigmoid", 1, 1);
    assert_true(fabs(binary - logistic[0]) < 1e-12);
    double logits = loss_of(arena, "crossentropy", "linear", 1, 1);
    assert_true(fabs(logits - logistic[0]) < 1e-12);
    double labels = loss_of(arena, "crossentropy", "sigmoid", 2, 1);
    assert_true(fabs(labels - (logistic[0] + logistic[1]) / 2) < 1e-12);
    double categorical = loss_of(arena, "crossentropy", "softmax", 2, 1);
    assert_true(fabs(categorical - (log_sum - 0.3)) < 1e-12);
    double sparse = loss_of(arena, "crossentropy", "softmax", 2, 0);
    assert_true(fabs(sparse - (log_sum + 1.2)) < 1e-12);
    double sparse_logits = loss_of(arena, "crossentropy", "linear", 2, 0);
    assert_true(fabs(sparse_logits - (log_sum + 1.2)) < 1e-12);
    arena_destroy(arena);
}

static void losses_refuse_other_shapes(void **state) {
    (void)state;
    Arena *arena = arena_create();
    SourceSet *sources = sources_create(arena);
    sources_add(sources, "a.nn", "mse", 3);
    DiagSink *sink = diag_create(arena, sources);
    Graph *graph = graph_create(weights_create(arena), "test", GRAPH_TRAIN, sink);
    graph->current_span = (Span){0, 0, 3};
    Node *five = input_of(graph, 1, (int64_t[]){5}), *three = input_of(graph, 1, (int64_t[]){3});
    assert_true(graph_binary(graph, "mse", five, three)->poisoned);
    assert_true(graph_binary(graph, "sparse_categorical_crossentropy", five, three)->poisoned);
    assert_true(graph_binary(graph, "crossentropy", five, three)->poisoned);
    char *text = printed(sink);
    assert_non_null(strstr(text, "mse compares number by number, but the prediction is [5] and"));
    free(text);
    arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_works_on_the_last_dimension),
        cmocka_unit_test(dense_of_a_picture_works_on_its_places),
        cmocka_unit_test(dropout_drops_a_share_and_scales_the_rest),
        cmocka_unit_test(dropout_has_its_extremes),
        cmocka_unit_test(alpha_dropout_keeps_mean_and_variance),
        cmocka_unit_test(gaussian_dropout_has_the_deviation_of_dropout),
        cmocka_unit_test(crossentropy_picks_its_kind),
        cmocka_unit_test(losses_refuse_other_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
