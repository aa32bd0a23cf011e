// The reference evaluator: values of primitives on numbers worked out by hand.
#include "../../compiler/op/primitive/random.h"
#include "../common/graphs.h"

typedef struct Fixture {
    Arena *arena;
    Graph *graph;
    EvalBindings bindings;
    EvalTensor values[4]; // of the inputs
} Fixture;

static int set_up(void **state) {
    Arena *arena = arena_create();
    Fixture *fixture = ARENA_NEW(arena, Fixture);
    fixture->arena = arena;
    fixture->graph = graph_create(weights_create(arena), "numbers", GRAPH_TRAIN, NULL);
    fixture->bindings.inputs = fixture->values;
    fixture->bindings.context =
        (EvalContext){.rows = 2, .seed = 99, .step = 4, .learning_rate = 0.125};
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    arena_destroy(((Fixture *)*state)->arena);
    return 0;
}

// An input whose numbers are 1, 2, 3 ...
static Node *counting(Fixture *fixture, Type type) {
    int index = fixture->graph->inputs.count;
    Node *node = data_input(fixture->graph, "x", type);
    int64_t rows = type.batched ? 2 : 1, size = type_elements(&type);
    fixture->values[index] = tensor_of(fixture->arena, rows, size, NULL);
    for (int64_t i = 0; i < rows * size; i++) fixture->values[index].data[i] = (double)(i + 1);
    return node;
}

static EvalTensor value_of(Fixture *fixture, Node *node) {
    return evaluate_one(fixture->graph, fixture->arena, &fixture->bindings, node);
}

#define EXPECT(node, ...)                                                                          \
    do {                                                                                           \
        EvalTensor value_ = value_of(fixture, (node));                                             \
        EXPECT_VALUES(&value_, __VA_ARGS__);                                                       \
    } while (0)

static void test_broadcasting(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *x = counting(fixture, BATCHED(2, 2)), *row = counting(fixture, UNBATCHED(2));
    Node *column = counting(fixture, UNBATCHED(2, 1)), *sample = counting(fixture, BATCHED(1));
    EXPECT(graph_multiply(graph, x, row), 1, 4, 3, 8, 5, 12, 7, 16);
    EXPECT(graph_multiply(graph, column, x), 1, 2, 6, 8, 5, 6, 14, 16);
    EXPECT(graph_subtract(graph, x, sample), 0, 1, 2, 3, 3, 4, 5, 6);
    EXPECT(graph_add(graph, row, graph_constant(graph, 10)), 11, 12);
    EXPECT(graph_broadcast(graph, row, BATCHED(2, 2)), 1, 2, 1, 2, 1, 2, 1, 2);
}

static void test_reductions(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *x = counting(fixture, BATCHED(2, 3)), *w = counting(fixture, UNBATCHED(2, 2));
    Args *axis = graph_args(graph, "axis_sum");
    args_set_number(axis, "axis", 0);
    EXPECT(graph_unary(graph, "row_sum", x), 6, 15, 24, 33);
    EXPECT(graph_unary(graph, "row_max", x), 3, 6, 9, 12);
    EXPECT(graph_call(graph, "axis_sum", &x, 1, axis), 5, 7, 9, 17, 19, 21);
    EXPECT(graph_unary(graph, "reduce_all_sum", w), 10);
    EXPECT(graph_unary(graph, "batch_sum", x), 8, 10, 12, 14, 16, 18);
    EXPECT(graph_batch_sum(graph, x, 1), 22, 26, 30);
    EXPECT(graph_batch_sum(graph, x, 0), 78);
}

static void test_products(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *x = counting(fixture, BATCHED(3)), *w = counting(fixture, UNBATCHED(3, 2));
    Node *y = counting(fixture, BATCHED(2));
    EXPECT(graph_matmul(graph, x, w, false), 22, 28, 49, 64);
    EXPECT(graph_matmul(graph, y, w, true), 5, 11, 17, 11, 25, 39);
    EXPECT(graph_binary(graph, "matmul_weights", x, y), 13, 18, 17, 24, 21, 30);
}

static void test_choices(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *x = counting(fixture, BATCHED(2)), *label = counting(fixture, BATCHED(1));
    Node *two = graph_constant(graph, 2);
    EXPECT(graph_binary(graph, "less", x, two), 1, 0, 0, 0);
    EXPECT(graph_binary(graph, "greater", x, two), 0, 0, 1, 1);
    EXPECT(graph_binary(graph, "equal", x, two), 0, 1, 0, 0);
    EXPECT(graph_binary(graph, "minimum", x, two), 1, 2, 2, 2);
    Node *condition = graph_binary(graph, "equal", x, two);
    EXPECT(graph_call(graph, "where", (Node *[]){condition, x, two}, 3, NULL), 2, 2, 2, 2);
    EXPECT(graph_call(graph, "where", (Node *[]){condition, two, x}, 3, NULL), 1, 2, 3, 4);
    EXPECT(graph_one_hot(graph, label, 3), 0, 1, 0, 0, 0, 1);
    EXPECT(graph_unary(graph, "sign", graph_subtract(graph, x, two)), -1, 0, 1, 1);
}

static void test_scalars(void **state) {
    Fixture *fixture = *state;
    EXPECT(graph_scalar(fixture->graph, "learning_rate"), 0.125);
    EXPECT(graph_scalar(fixture->graph, "step"), 4);
    EXPECT(graph_scalar(fixture->graph, "rows"), 2);
}

// The mask is the function of op/primitive/random.h, by the element's place in the batch.
static void test_random(void **state) {
    Fixture *fixture = *state;
    Args *args = graph_args(fixture->graph, "dropout_mask");
    args_set_number(args, "rate", 0.25);
    args_set_number(args, "stream", 3);
    Node *mask = graph_generate(fixture->graph, "dropout_mask", BATCHED(50), args);
    EvalTensor value = value_of(fixture, mask);
    uint32_t keys[2];
    random_keys(99, 3, keys);
    for (uint32_t i = 0; i < 100; i++)
        assert_true(value.data[i] == (random_uniform(keys, i) < 0.25f ? 0 : 1 / 0.75));
}

static Node *drawn(Graph *graph, const char *op, double seed) {
    Args *args = graph_args(graph, op);
    args_set_numbers(args, graph->arena, "dims", (double[]){5000}, 1);
    if (seed >= 0) args_set_number(args, "seed", seed);
    Node *node = graph_call(graph, op, NULL, 0, args);
    assert_true(node->type.batched && node->type.rank == 1);
    return node->op->expand(graph, node);
}

static double moment(const EvalTensor *value, int power) {
    double sum = 0;
    for (int64_t i = 0; i < value->rows * value->size; i++) sum += pow(value->data[i], power);
    return sum / (double)(value->rows * value->size);
}

static bool are_equal(const EvalTensor *a, const EvalTensor *b) {
    return memcmp(a->data, b->data, sizeof *a->data * (size_t)(a->rows * a->size)) == 0;
}

// Each draws its own numbers, others in each step; those of a seed are always the same.
static void test_drawn_tensors(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *first = drawn(graph, "normal", -1), *second = drawn(graph, "normal", -1);
    Node *even = drawn(graph, "uniform", -1), *seeded = drawn(graph, "normal", 7);
    EvalTensor one = value_of(fixture, first), two = value_of(fixture, second);
    EvalTensor flat = value_of(fixture, even), known = value_of(fixture, seeded);
    assert_true(fabs(moment(&one, 1)) < 0.04 && fabs(moment(&one, 2) - 1) < 0.06);
    assert_true(fabs(moment(&flat, 1) - 0.5) < 0.012 && fabs(moment(&flat, 2) - 1 / 3.0) < 0.013);
    assert_false(are_equal(&one, &two));
    assert_false(are_equal(&one, &known));
    fixture->bindings.context.seed = 100;
    EvalTensor later = value_of(fixture, first), again = value_of(fixture, seeded);
    assert_false(are_equal(&one, &later));
    assert_true(are_equal(&known, &again));
}

// Effects come after all values: w and v swap.
static void test_assign(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *w = weights(graph, "w", UNBATCHED(2), true);
    Slot *slot = graph_slot(graph, w->parameter, "v", 0);
    graph_assign_parameter(graph, w->parameter, graph_slot_node(graph, slot));
    graph_assign_slot(graph, slot, w);
    EvalTensor parameter = tensor_of(fixture->arena, 1, 2, (double[]){1, 2});
    EvalTensor state_value = tensor_of(fixture->arena, 1, 2, (double[]){3, 4});
    fixture->bindings.parameters = &parameter;
    fixture->bindings.slots = &state_value;
    EvalTensor old;
    graph_evaluate(graph, fixture->arena, &fixture->bindings, &w, 1, &old, true);
    EXPECT_VALUES(&old, 1, 2);
    EXPECT_VALUES(&parameter, 3, 4);
    EXPECT_VALUES(&state_value, 1, 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_broadcasting),  TEST(test_reductions), TEST(test_products),
        TEST(test_choices),       TEST(test_scalars),    TEST(test_random),
        TEST(test_drawn_tensors), TEST(test_assign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
