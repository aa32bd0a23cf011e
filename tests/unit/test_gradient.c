// Pass gradient as a whole: networks against central differences, what gets no gradient, and how
// broadcasts are undone.
#include "../common/graphs.h"

typedef struct Fixture {
    Arena *arena;
    Graph *graph;
} Fixture;

static int set_up(void **state) {
    Arena *arena = arena_create();
    Fixture *fixture = ARENA_NEW(arena, Fixture);
    fixture->arena = arena;
    fixture->graph = graph_create(weights_create(arena), "net", GRAPH_TRAIN, NULL);
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    arena_destroy(((Fixture *)*state)->arena);
    return 0;
}

static Node *dense(Graph *graph, Node *x, int units, const char *activation) {
    Args *args = graph_args(graph, "dense");
    args_set_number(args, "units", units);
    graph->current_layer = weights_layer(graph->weights, "dense", NULL, (Span){0});
    Node *node = graph_call(graph, "dense", &x, 1, args);
    if (activation) node = graph_unary(graph, activation, node);
    graph->current_layer = NULL;
    return node;
}

static void finish(Graph *graph, Node *output, Type target, const char *loss) {
    const OpDef *op = op_find(loss);
    vec_push(graph->arena, &graph->outputs, output);
    vec_push(graph->arena, &graph->targets, graph_input(graph, "target", target));
    LossStep training = {.loss = {.def = op, .args = args_default(graph->arena, &op->schema)}};
    attach_loss(graph, &training);
    graph_verify(graph, "attach_loss");
}

static void expect_right(const Graph *graph) {
    for (uint64_t seed = 1; seed <= 3; seed++) {
        GradientCheck check = {.seed = seed, .places = 48, .tolerance = 1e-6};
        Arena *arena = arena_create();
        graph_check_gradients(graph, arena, &check);
        if (!(check.worst < 1e-6)) fail_msg("wrong by %g at %s", check.worst, check.where);
        assert_null(check.undecided);
        arena_destroy(arena);
    }
}

// ---- Whole networks.

static void test_networks(void **state) {
    static const struct {
        const char *hidden, *last, *loss;
    } cases[] = {
        {"tanh", "softmax", "sparse_categorical_crossentropy"},
        {"sigmoid", NULL, "mse"},
        {"elu", "sigmoid", "binary_crossentropy"},
        {"gelu", "softmax", "categorical_crossentropy"},
        {"swish", "softplus", "poisson"},
        {"softsign", "softmax", "kl_divergence"},
    };
    (void)state;
    for (int i = 0; i < COUNT_OF(cases); i++) {
        Arena *arena = arena_create();
        Graph *graph = graph_create(weights_create(arena), "net", GRAPH_TRAIN, NULL);
        Node *x = data_input(graph, "image", BATCHED(3, 2));
        Node *hidden = dense(graph, graph_unary(graph, "flatten", x), 5, cases[i].hidden);
        Node *output = dense(graph, hidden, 4, cases[i].last);
        bool sparse = strncmp(cases[i].loss, "sparse", 6) == 0;
        Type target = sparse ? type_make(DTYPE_U8, true, 0, NULL) : BATCHED(4);
        finish(graph, output, target, cases[i].loss);
        expect_right(graph);
        arena_destroy(arena);
    }
}

// A value used twice, by layers that share weights, and sequences, whose bias sums over time too.
static void test_shared(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Node *x = data_input(graph, "x", BATCHED(3, 4));
    Node *w = weights(graph, "w", UNBATCHED(4, 4), true);
    Node *bias = weights(graph, "b", UNBATCHED(4), true);
    Node *once =
        graph_unary(graph, "tanh", graph_add(graph, graph_matmul(graph, x, w, false), bias));
    Node *twice = graph_add(graph, graph_matmul(graph, once, w, false), bias);
    finish(graph, graph_add(graph, graph_multiply(graph, once, twice), once), BATCHED(3, 4), "mse");
    expect_right(graph);
    Node **gradients = pass_gradients((pass_expand(graph), graph));
    assert_true(type_equal(&gradients[0]->type, &w->type));
    assert_true(type_equal(&gradients[1]->type, &bias->type));
}

// The bias of a sequence is one sum over samples and time.
static void test_bias_is_one_sum(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Node *x = data_input(graph, "x", BATCHED(3, 4));
    Node *y = graph_add(graph, x, weights(graph, "b", UNBATCHED(4), true));
    finish(graph, y, BATCHED(3, 4), "mse");
    pass_expand(graph);
    Node **gradients = pass_gradients(graph);
    assert_true(node_is(gradients[0], "batch_sum"));
    assert_int_equal(args_int(gradients[0]->args, "keep"), 1);
}

// ---- What gets none.

static void test_without_gradient(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *x = data_input(graph, "x", BATCHED(4));
    Node *used = weights(graph, "used", UNBATCHED(4), true);
    Node *frozen = weights(graph, "frozen", UNBATCHED(4), false);
    weights(graph, "unused", UNBATCHED(4), true);
    Node *stopped = weights(graph, "stopped", UNBATCHED(4), true);
    Node *signs = weights(graph, "signs", UNBATCHED(4), true);
    Node *y = graph_multiply(graph, graph_multiply(graph, x, used), frozen);
    y = graph_add(graph, y, graph_unary(graph, "stop_gradient", stopped));
    y = graph_add(graph, y, graph_unary(graph, "sign", signs));
    graph->loss = graph_batch_sum(graph, y, 0);
    Node **gradients = pass_gradients(graph);
    assert_non_null(gradients[0]);
    for (int i = 1; i < 5; i++) assert_null(gradients[i]);
}

// Differences take the value behind a stop_gradient as it was: d(w * stop(w)) = w.
static void test_stop_gradient(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Node *w = weights(graph, "w", UNBATCHED(6), true);
    Node *stopped = graph_unary(graph, "stop_gradient", graph_unary(graph, "exp", w));
    graph->loss = graph_unary(graph, "reduce_all_sum", graph_multiply(graph, w, stopped));
    expect_right(graph);
}

static void differentiate(void *graph) {
    pass_gradients(graph);
}

// A product without a gradient rule must stop the compiler, not count as constant.
static void test_second_derivative(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Node *x = data_input(graph, "x", BATCHED(4));
    Node *y = graph_multiply(graph, x, weights(graph, "w", UNBATCHED(4), true));
    graph->loss = graph_unary(graph, "reduce_all_sum", graph_binary(graph, "matmul_weights", x, y));
    assert_int_equal(status_of(differentiate, graph), 70);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_networks),         TEST(test_shared),        TEST(test_bias_is_one_sum),
        TEST(test_without_gradient), TEST(test_stop_gradient), TEST(test_second_derivative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
