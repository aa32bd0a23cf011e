// The summary of small graphs made by hand, byte for byte as Keras prints it, and as JSON.
#include "../../compiler/command/show/summary.h"

#include "../../compiler/op/op.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static Arena *arena;

static int set_up(void **state) {
    (void)state;
    arena = arena_create();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_destroy(arena);
    return 0;
}

static Node *add_layer(Graph *graph, const char *op_name, Node *const *inputs, int count,
                       const Args *args) {
    graph->current_layer = weights_layer(graph->weights, op_name, NULL, SPAN_NONE);
    Node *node = graph_call(graph, op_name, inputs, count, args);
    graph->current_layer = NULL;
    return node;
}

static Node *add_dense(Graph *graph, Node *x, double units) {
    Args *args = graph_args(graph, "dense");
    args_set_number(args, "units", units);
    return add_layer(graph, "dense", &x, 1, args);
}

static Model *model_of(Graph *graph) {
    Model *model = ARENA_NEW(arena, Model);
    model->name = graph->name;
    model->forward = graph;
    return model;
}

static Node *add_input(Graph *graph, const char *name, int rank, const int64_t *dims) {
    Node *input = graph_input(graph, name, type_make(DTYPE_U8, true, rank, dims));
    vec_push(arena, &graph->inputs, input);
    return input;
}

// The first network of the book.
static Model *first_network(void) {
    Graph *graph = graph_create(weights_create(arena), "mlp", GRAPH_TRAIN, NULL);
    Node *image = add_input(graph, "image", 2, (int64_t[]){28, 28});
    Node *flat = add_layer(graph, "flatten", &image, 1, NULL);
    vec_push(arena, &graph->outputs, add_dense(graph, add_dense(graph, flat, 10), 10));
    return model_of(graph);
}

static void test_table(void **state) {
    (void)state;
    Text text = text_create(arena);
    summary_print(&text, first_network(),
                  &(GenSizes){.weights = 31840,
                              .gradients = 31840,
                              .activations = 1234567,
                              .int8_products = 1,
                              .int8_weights = 7840},
                  NULL);
    assert_string_equal(text.data,
                        "Model: \"mlp\"\n"
                        "_________________________________________________________________\n"
                        "Layer (type)                 Output Shape              Param #   \n"
                        "=================================================================\n"
                        "flatten (Flatten)            (None, 784)               0         \n"
                        "_________________________________________________________________\n"
                        "dense (Dense)                (None, 10)                7850      \n"
                        "_________________________________________________________________\n"
                        "dense_1 (Dense)              (None, 10)                110       \n"
                        "=================================================================\n"
                        "Total params: 7,960\n"
                        "Trainable params: 7,960\n"
                        "Non-trainable params: 0\n"
                        "_________________________________________________________________\n"
                        "Weights: 31,840 bytes (31.09 KB)\n"
                        "Gradients: 31,840 bytes (31.09 KB)\n"
                        "Optimizer state: 0 bytes\n"
                        "Activations: 1,234,567 bytes (1.18 MB)\n"
                        "Predictions in int8: 1 product, weights of 7,840 bytes (7.66 KB)\n"
                        "_________________________________________________________________\n");
}

static void test_branched_table(void **state) {
    (void)state;
    Graph *graph = graph_create(weights_create(arena), "fork", GRAPH_TRAIN, NULL);
    Node *x = add_input(graph, "x", 1, (int64_t[]){4});
    Node *branches[] = {add_dense(graph, x, 8), add_dense(graph, x, 8)};
    Node *sum = add_layer(graph, "add", branches, 2, NULL);
    vec_push(arena, &graph->outputs, sum);
    Text text = text_create(arena);
    summary_print(&text, model_of(graph), NULL, NULL);
    assert_non_null(strstr(text.data, "\nx (InputLayer)                  [(None, 4)]          0"));
    assert_non_null(strstr(text.data, "\ndense (Dense)                   (None, 8)            40"
                                      "          x[0][0]                          \n"));
    assert_non_null(strstr(text.data, " 0           dense[0][0]                      \n"));
    assert_non_null(strstr(text.data, "          dense_1[0][0]                    \n"));
    assert_null(strstr(text.data, "bytes"));
}

static void test_json(void **state) {
    (void)state;
    Text text = text_create(arena);
    summary_print_json(&text, first_network(), NULL, false);
    assert_string_equal(
        text.data,
        "{\"model\": \"mlp\", \"layers\": ["
        "{\"name\": \"flatten\", \"type\": \"Flatten\", \"output_shape\": [null, 784], \"params\": 0}, "
        "{\"name\": \"dense\", \"type\": \"Dense\", \"output_shape\": [null, 10], \"params\": 7850}, "
        "{\"name\": \"dense_1\", \"type\": \"Dense\", \"output_shape\": [null, 10], \"params\": 110}"
        "], \"params\": 7960, \"trainable\": 7960, \"non_trainable\": 0, \"batch\": null, "
        "\"weight_bytes\": null, \"gradient_bytes\": null, \"optimizer_bytes\": null, "
        "\"activation_bytes\": null, "
        "\"data_bytes\": null, \"disk_bytes\": null, \"peak_bytes\": null}");
}

static void test_counts(void **state) {
    (void)state;
    assert_string_equal(summary_count(arena, 0), "0");
    assert_string_equal(summary_count(arena, 999), "999");
    assert_string_equal(summary_count(arena, 1000), "1,000");
    assert_string_equal(summary_count(arena, 143667240), "143,667,240");
}

static void test_class_names(void **state) {
    (void)state;
    assert_string_equal(summary_class_name(arena, "dense"), "Dense");
    assert_string_equal(summary_class_name(arena, "no_such_layer"), "NoSuchLayer");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_branched_table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_json, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_class_names, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
