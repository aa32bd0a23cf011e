// Pass simplify: each rule on the graph it is for, and values that stay the same on random graphs.
#include "../common/graphs.h"

typedef struct Fixture {
    Arena *arena;
    Graph *graph;
    Node *x; // u8, batched [4, 4]
    Node *y; // f32, batched [3]
} Fixture;

static int set_up(void **state) {
    Arena *arena = arena_create();
    Fixture *fixture = ARENA_NEW(arena, Fixture);
    fixture->arena = arena;
    fixture->graph = graph_create(weights_create(arena), "net", GRAPH_TRAIN, NULL);
    fixture->x = data_input(fixture->graph, "x", type_make(DTYPE_U8, true, DIMS(4, 4)));
    fixture->y = data_input(fixture->graph, "y", BATCHED(3));
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    arena_destroy(((Fixture *)*state)->arena);
    return 0;
}

// Makes `node` the output, simplifies, checks that the value stayed, and returns what it became.
static Node *simplified(Fixture *fixture, Node *node) {
    Graph *graph = fixture->graph;
    graph->outputs.count = 0;
    vec_push(graph->arena, &graph->outputs, node);
    EvalBindings bindings = random_bindings(fixture->arena, graph, 5, 3);
    EvalTensor before = evaluate_one(graph, fixture->arena, &bindings, node);
    pass_simplify(graph);
    graph_verify(graph, "simplify");
    Node *result = graph->outputs.items[0];
    EvalTensor after = evaluate_one(graph, fixture->arena, &bindings, result);
    expect_near(&after, &before, 1e-12);
    assert_true(type_equal(&result->type, &node->type));
    return result;
}

static Node *number(Fixture *fixture, double value) {
    return graph_constant(fixture->graph, value);
}

static void test_constants_fold(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *power =
        graph_unary(graph, "exp", graph_add(graph, number(fixture, 1), number(fixture, -1)));
    Node *result = simplified(fixture, graph_add(graph, fixture->y, graph_scale(graph, power, 3)));
    double value;
    assert_true(node_is(result, "add"));
    assert_true(node_is_constant(result->inputs[0], &value) ||
                node_is_constant(result->inputs[1], &value));
    assert_true(value == 3);
}

// Not finite: kept, so that it happens where it stands.
static void test_infinities_stay(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    graph->outputs.count = 0;
    Node *infinite = graph_divide(graph, number(fixture, 1), number(fixture, 0));
    vec_push(graph->arena, &graph->outputs, graph_multiply(graph, fixture->y, infinite));
    vec_push(graph->arena, &graph->outputs, graph_scale(graph, fixture->y, 0));
    pass_simplify(graph);
    assert_int_equal(count_ops(graph, "divide"), 1);
    assert_int_equal(count_ops(graph, "multiply"), 2); // x * 0 is not 0 for infinite x
}

static void test_neutral(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *y = graph_add(graph, number(fixture, 0), graph_scale(graph, fixture->y, 1));
    y = graph_subtract(graph, graph_divide(graph, y, number(fixture, 1)), number(fixture, 0));
    assert_ptr_equal(simplified(fixture, y), fixture->y);
}

// u8 times 1 is f32: that node converts.
static void test_conversion_stays(void **state) {
    Fixture *fixture = *state;
    Node *result = simplified(fixture, graph_scale(fixture->graph, fixture->x, 1));
    assert_ptr_not_equal(result, fixture->x);
}

static void test_signs(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *minus = graph_unary(graph, "negate", graph_unary(graph, "exp", fixture->y));
    Node *back = graph_unary(graph, "negate", graph_unary(graph, "negate", fixture->y));
    Node *result = simplified(fixture, graph_add(graph, minus, back));
    assert_true(node_is(result, "subtract"));
    assert_int_equal(count_ops(graph, "negate"), 0);
}

static void test_factors_gather(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *rate = graph_scalar(graph, "learning_rate");
    Node *scaled = graph_multiply(graph, rate, graph_scale(graph, fixture->y, 3));
    Node *result = simplified(fixture, graph_scale(graph, scaled, 0.5));
    assert_true(node_is(result, "multiply"));
    assert_ptr_equal(result->inputs[0], fixture->y); // once for each element
    assert_true(node_is_scalar(result->inputs[1]));
    assert_int_equal(count_ops(graph, "multiply"), 2);
}

static void test_division_by_a_number(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *mean = graph_divide(graph, fixture->y, graph_scalar(graph, "rows"));
    Node *result = simplified(fixture, graph_divide(graph, mean, number(fixture, 4)));
    assert_true(node_is(result, "multiply"));
    assert_int_equal(count_ops(graph, "divide"), 1);
}

// scale(1/255) -> flatten -> dense: the product reads the bytes as they lie in memory.
static void test_scale_moves_behind_matmul(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *flat = graph_unary(graph, "flatten", graph_scale(graph, fixture->x, 1 / 255.0));
    Node *w = weights(graph, "w", UNBATCHED(16, 3), true);
    Node *product = graph_matmul(graph, flat, w, false);
    vec_push(graph->arena, &graph->outputs, product);
    pass_expand(graph);
    Node *result = simplified(fixture, graph->outputs.items[0]);
    assert_true(node_is(result, "multiply"));
    Node *matmul = result->inputs[0];
    assert_true(node_is(matmul, "matmul"));
    assert_true(node_is(matmul->inputs[0], "reshape"));
    assert_ptr_equal(matmul->inputs[0]->inputs[0], fixture->x);
}

static void test_scale_moves_behind_matmul_weights(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *scaled = graph_scale(graph, graph_unary(graph, "exp", fixture->y), 0.5);
    Node *result = simplified(fixture, graph_binary(graph, "matmul_weights", scaled, fixture->y));
    assert_true(node_is(result, "multiply"));
    assert_int_equal(count_ops(graph, "multiply"), 1);
}

static void test_parts_of_weights_are_taken_of_products(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *w = weights(graph, "w", UNBATCHED(3, 8), true);
    Args *args = graph_args(graph, "slice");
    args_set_number(args, "axis", 1);
    args_set_number(args, "begin", 2);
    args_set_number(args, "count", 4);
    Node *part = graph_call(graph, "slice", &w, 1, args);
    Node *result = simplified(fixture, graph_matmul(graph, fixture->y, part, false));
    assert_true(node_is(result, "slice"));
    assert_ptr_equal(result->inputs[0]->inputs[1], w);
    // What is multiplied by the columns of the part is another thing.
    Node *other = weights(graph, "other", UNBATCHED(8, 7), true);
    args_set_number(args, "count", 3);
    part = graph_call(graph, "slice", &other, 1, args);
    result = simplified(fixture, graph_matmul(graph, fixture->y, part, true));
    assert_true(node_is(result, "matmul"));
}

static void test_reshapes(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *there = graph_reshape(graph, fixture->x, DIMS(2, 8));
    Node *back = graph_reshape(graph, graph_reshape(graph, there, DIMS(16)), DIMS(4, 4));
    assert_ptr_equal(simplified(fixture, back), fixture->x);
}

static void test_broadcasts_sink(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *rows = graph_scalar(graph, "rows");
    Node *wide = graph_broadcast(graph, graph_divide(graph, number(fixture, 1), rows), BATCHED(3));
    Node *minus = graph_unary(graph, "negate", wide);
    Node *result = simplified(fixture, graph_multiply(graph, minus, fixture->y));
    assert_int_equal(count_ops(graph, "broadcast"), 0);
    assert_true(node_is(result, "multiply"));
    assert_true(node_is_scalar(result->inputs[0]) || node_is_scalar(result->inputs[1]));
    // Where nothing else is wide, one broadcast is left, at the end.
    wide = graph_broadcast(graph, rows, BATCHED(3));
    result = simplified(fixture, graph_unary(graph, "exp", graph_unary(graph, "log", wide)));
    assert_true(node_is(result, "broadcast"));
    assert_int_equal(count_ops(graph, "broadcast"), 1);
}

static void test_equal_nodes_merge(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *w = weights(graph, "w", UNBATCHED(3), true);
    Node *a = graph_unary(graph, "exp", graph_add(graph, fixture->y, w));
    Node *b = graph_unary(graph, "exp", graph_add(graph, w, fixture->y));
    Node *result = simplified(fixture, graph_divide(graph, a, b));
    assert_int_equal(count_ops(graph, "exp"), 1);
    assert_ptr_equal(result->inputs[0], result->inputs[1]);
}

// Masks of different streams are different, whatever else is equal.
static void test_masks_stay_apart(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *sum = NULL;
    for (int i = 0; i < 3; i++) {
        Args *args = graph_args(graph, "dropout_mask");
        args_set_number(args, "rate", 0.5);
        args_set_number(args, "stream", i % 2);
        Node *mask = graph_generate(graph, "dropout_mask", BATCHED(3), args);
        Node *kept = graph_multiply(graph, fixture->y, mask);
        sum = sum ? graph_add(graph, sum, kept) : kept;
    }
    simplified(fixture, sum);
    assert_int_equal(count_ops(graph, "dropout_mask"), 2);
}

// Before the gradients exist a stop_gradient stays, in a training graph.
static void test_stop_gradient(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *stopped = graph_unary(graph, "stop_gradient", fixture->y);
    stopped = simplified(fixture, stopped);
    assert_true(node_is(stopped, "stop_gradient"));
    graph->mode = GRAPH_EVALUATE;
    assert_ptr_equal(simplified(fixture, stopped), fixture->y);
}

static void test_unit_reductions(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *sum = graph_unary(graph, "row_sum", fixture->y);
    Node *again = graph_unary(graph, "row_max", sum);
    assert_true(node_is(simplified(fixture, again), "row_sum"));
}

// As gradients are derived of exp(x) / sum(exp(x)): one division is left, that of the
// probabilities.
static void test_gradient_of_softmax(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *dy = graph_unary(graph, "tanh", graph_scale(graph, fixture->y, 2));
    Node *e = graph_unary(graph, "exp", fixture->y);
    Node *s = graph_unary(graph, "row_sum", e);
    Node *share = graph_divide(graph, dy, s);
    Node *weighted = graph_multiply(graph, graph_divide(graph, e, s), share);
    Node *total = graph_unary(graph, "row_sum", graph_unary(graph, "negate", weighted));
    graph->has_gradients = true;
    simplified(fixture, graph_multiply(graph, e, graph_add(graph, share, total)));
    assert_int_equal(count_ops(graph, "divide"), 1);
    assert_int_equal(count_ops(graph, "negate"), 0);
}

// Another row's sum is no gradient of softmax.
static void test_other_sums_stay(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *e = graph_unary(graph, "exp", fixture->y);
    Node *s = graph_unary(graph, "row_max", e);
    Node *share = graph_divide(graph, graph_unary(graph, "tanh", fixture->y), s);
    Node *weighted = graph_multiply(graph, graph_divide(graph, e, s), share);
    Node *total = graph_unary(graph, "row_sum", graph_unary(graph, "negate", weighted));
    graph->has_gradients = true;
    simplified(fixture, graph_multiply(graph, e, graph_add(graph, share, total)));
    assert_int_equal(count_ops(graph, "divide"), 2);
}

static void test_constants_go_to_the_fewer(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *row = graph_unary(graph, "row_sum", fixture->y);
    Node *result =
        simplified(fixture, graph_multiply(graph, graph_scale(graph, fixture->y, 3), row));
    assert_true(node_is(result, "multiply"));
    assert_ptr_equal(result->inputs[0], fixture->y);
    assert_int_equal(type_elements(&result->inputs[1]->type), 1);
}

// ---- Random graphs.

static uint64_t random_state = 2463534242u;

static int pick(int count) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (int)(random_state >> 33) % count;
}

static Node *random_node(Graph *graph) {
    static const char *const unary[] = {"negate", "tanh", "square", "row_sum", "row_max"};
    static const char *const binary[] = {"add", "subtract", "multiply", "maximum", "less"};
    Node *x = graph->nodes.items[pick(graph->nodes.count)];
    Node *y = graph->nodes.items[pick(graph->nodes.count)];
    static const double numbers[] = {0, 1, -1, 0.5, 2};
    Type joined;
    switch (pick(7)) {
    case 0: return graph_scale(graph, x, numbers[pick(5)]);
    case 1: return graph_add(graph, x, graph_constant(graph, numbers[pick(5)]));
    case 2: return graph_divide(graph, x, graph_constant(graph, 1 + pick(3)));
    case 3: return graph_reshape(graph, x, 1, (int64_t[]){type_elements(&x->type)});
    case 4: return graph_unary(graph, unary[pick(x->type.rank ? 5 : 3)], x);
    case 5:
        return x->type.rank == 2 || !type_broadcast(&x->type, &y->type, &joined)
                   ? x
                   : graph_broadcast(graph, x, joined);
    default:
        return type_broadcast(&x->type, &y->type, &joined)
                   ? graph_binary(graph, binary[pick(5)], x, y)
                   : x;
    }
}

static void test_random_graphs(void **state) {
    (void)state;
    for (int round = 0; round < 200; round++) {
        void *fresh;
        set_up(&fresh);
        Fixture *fixture = fresh;
        Graph *graph = fixture->graph;
        graph_scalar(graph, "rows");
        weights(graph, "w", UNBATCHED(3), true);
        Node *node = fixture->y;
        for (int i = 0; i < 25; i++) node = random_node(graph);
        Node *sum = graph_unary(graph, "tanh", node);
        int before = graph->nodes.count;
        simplified(fixture, sum);
        assert_true(graph->nodes.count <= before);
        tear_down(&fresh);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_constants_fold),
        TEST(test_infinities_stay),
        TEST(test_neutral),
        TEST(test_conversion_stays),
        TEST(test_signs),
        TEST(test_factors_gather),
        TEST(test_division_by_a_number),
        TEST(test_scale_moves_behind_matmul),
        TEST(test_scale_moves_behind_matmul_weights),
        TEST(test_parts_of_weights_are_taken_of_products),
        TEST(test_reshapes),
        TEST(test_broadcasts_sink),
        TEST(test_equal_nodes_merge),
        TEST(test_masks_stay_apart),
        TEST(test_stop_gradient),
        TEST(test_unit_reductions),
        TEST(test_gradient_of_softmax),
        TEST(test_other_sums_stay),
        TEST(test_constants_go_to_the_fewer),
        cmocka_unit_test(test_random_graphs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
