// Graphs: making nodes, poisoning, order, dead nodes, replacing, cloning, printing, verifying.
#include "../common/graphs.h"

typedef struct Fixture {
    Arena *arena;
    SourceSet *sources;
    DiagSink *sink;
    Graph *graph;
} Fixture;

static int set_up(void **state) {
    Arena *arena = arena_create();
    Fixture *fixture = ARENA_NEW(arena, Fixture);
    fixture->arena = arena;
    fixture->sources = sources_create(arena);
    sources_add(fixture->sources, "net.nn", "image -> reshape(5, 5)\n", 23);
    fixture->sink = diag_create(arena, fixture->sources);
    fixture->graph = graph_create(weights_create(arena), "net", GRAPH_TRAIN, fixture->sink);
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    Fixture *fixture = *state;
    arena_destroy(fixture->arena);
    return 0;
}

// ---- Nodes.

static void test_types_follow(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Node *x = data_input(graph, "x", type_make(DTYPE_U8, true, DIMS(2, 3)));
    Node *sum = graph_add(graph, x, graph_constant(graph, 1));
    Type expected = BATCHED(2, 3);
    assert_true(type_equal(&sum->type, &expected));
    Node *flat = graph_unary(graph, "flatten", x);
    expected = type_make(DTYPE_U8, true, DIMS(6));
    assert_true(type_equal(&flat->type, &expected));
    Node *product = graph_matmul(graph, flat, weights(graph, "w", UNBATCHED(6, 4), true), false);
    expected = BATCHED(4);
    assert_true(type_equal(&product->type, &expected));
    assert_ptr_equal(graph_scalar(graph, "rows"), graph_scalar(graph, "rows"));
    graph_verify(graph, "building");
}

static char *printed_errors(const Fixture *fixture) {
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    diag_print(fixture->sink, file, DIAG_TEXT, false);
    fclose(file);
    char *copy = arena_strdup(fixture->arena, text);
    free(text);
    return copy;
}

// One mistake, one message: what follows from a poisoned node is not checked.
static void test_poison(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *x = data_input(graph, "image", BATCHED(3, 4));
    x->span = (Span){0, 0, 5};
    Args *args = graph_args(graph, "reshape");
    args_set_numbers(args, fixture->arena, "shape", (double[]){5, 5}, 2);
    graph->current_span = (Span){0, 9, 22};
    Node *wrong = graph_call(graph, "reshape", &x, 1, args);
    assert_true(wrong->poisoned);
    Node *after = graph_add(graph, wrong, data_input(graph, "y", BATCHED(7)));
    assert_true(after->poisoned);
    assert_int_equal(diag_error_count(fixture->sink), 1);
    const char *text = printed_errors(fixture);
    assert_non_null(strstr(text, "error[E0203]: [3, 4] of 12 values cannot become 5x5"));
    assert_non_null(strstr(text, "produces [3, 4] here"));
    assert_non_null(strstr(text, "5x5 = 25, but there are 12 values"));
}

static void test_reshape_errors(void **state) {
    static const struct {
        int count;
        double dims[9];
        const char *message;
    } cases[] = {
        {2, {5, -1}, "12 is not a multiple of 5"},
        {2, {-1, -1}, "only one dimension can be -1, but 2 are"},
        {2, {0, 12}, "0x12 is not a shape"},
        {3, {2e9, 2e9, 2e9}, "is not a shape"},
        {9, {1, 1, 1, 1, 1, 1, 1, 1, 12}, "at most 8 dimensions, but 9 are given"},
    };
    (void)state;
    for (int i = 0; i < COUNT_OF(cases); i++) {
        void *fresh;
        set_up(&fresh);
        Fixture *fixture = fresh;
        Node *x = data_input(fixture->graph, "x", BATCHED(3, 4));
        Args *args = graph_args(fixture->graph, "reshape");
        args_set_numbers(args, fixture->arena, "shape", cases[i].dims, cases[i].count);
        assert_true(graph_call(fixture->graph, "reshape", &x, 1, args)->poisoned);
        if (!strstr(printed_errors(fixture), cases[i].message))
            fail_msg("%s", printed_errors(fixture));
        tear_down(&fresh);
    }
}

static void test_broadcast_error(void **state) {
    Fixture *fixture = *state;
    Graph *graph = fixture->graph;
    Node *x = data_input(graph, "x", BATCHED(3, 4)), *y = data_input(graph, "y", BATCHED(5));
    assert_true(graph_subtract(graph, x, y)->poisoned);
    const char *text = printed_errors(fixture);
    assert_non_null(strstr(text, "error[E0204]: subtract cannot combine [3, 4] with [5]"));
    assert_non_null(strstr(text, "4 and 5 are neither equal nor is one of them 1"));
}

static void test_layer_names(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Span span = {0};
    assert_string_equal(weights_layer(graph->weights, "dense", NULL, span)->name, "dense");
    assert_string_equal(weights_layer(graph->weights, "dense", NULL, span)->name, "dense_1");
    assert_string_equal(weights_layer(graph->weights, "dense", "head", span)->name, "head");
    assert_string_equal(weights_layer(graph->weights, "dense", NULL, span)->name, "dense_2");
    assert_string_equal(weights_layer(graph->weights, "dropout", NULL, span)->name, "dropout");
    Slot *slot = graph_slot(graph, NULL, "iterations", 0);
    assert_string_equal(slot->name, "iterations");
}

// ---- Order.

// Two calls in one argument list are made in the order that the C compiler likes.
static void test_sort_forgets_the_order_of_making(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Node *x = data_input(graph, "x", BATCHED(2));
    Node *log = graph_unary(graph, "log", x), *exp = graph_unary(graph, "exp", x);
    Node *unused = graph_unary(graph, "tanh", x);
    Node *sum = graph_add(graph, exp, log);
    vec_push(graph->arena, &graph->outputs, sum);
    Node *const wanted[] = {x, exp, log, sum, unused};
    for (int round = 0; round < 2; round++) {
        graph_sort(graph);
        assert_int_equal(graph->nodes.count, 5);
        for (int i = 0; i < 5; i++) assert_ptr_equal(graph->nodes.items[i], wanted[i]);
    }
}

static void test_sort_after_replacing(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Node *x = data_input(graph, "x", BATCHED(2));
    Node *a = graph_unary(graph, "exp", x);
    Node *sum = graph_add(graph, a, x);
    Node *late = graph_unary(graph, "tanh", x);
    graph_replace(graph, a, late);
    assert_ptr_equal(sum->inputs[0], late);
    graph_sort(graph);
    assert_true(late->id < sum->id);
    graph_verify(graph, "sort");
}

static void test_remove_dead(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Node *x = data_input(graph, "x", BATCHED(2));
    Node *w = weights(graph, "w", UNBATCHED(2), true);
    Node *y = graph_unary(graph, "exp", x);
    graph_multiply(graph, w, y);
    vec_push(graph->arena, &graph->outputs, y);
    graph_remove_dead(graph);
    assert_int_equal(graph->nodes.count, 2);
    assert_null(graph->parameter_nodes.items[0]);
    assert_non_null(graph_parameter_node(graph, graph->weights->parameters.items[0]));
    graph_verify(graph, "remove_dead");
}

static void test_replacements_chain(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Node *x = data_input(graph, "x", BATCHED(2));
    Node *a = graph_unary(graph, "exp", x), *b = graph_unary(graph, "log", x);
    Node *c = graph_unary(graph, "tanh", x);
    Node *user = graph_add(graph, a, b);
    vec_push(graph->arena, &graph->outputs, a);
    a->replacement = b;
    b->replacement = c;
    graph_apply_replacements(graph);
    assert_ptr_equal(user->inputs[0], c);
    assert_ptr_equal(user->inputs[1], c);
    assert_ptr_equal(graph->outputs.items[0], c);
    assert_int_equal(graph->nodes.count, 3);
    graph_verify(graph, "apply");
}

// ---- Cloning and printing.

static Graph *small_network(Fixture *fixture) {
    Graph *graph = fixture->graph;
    Node *x = data_input(graph, "image", type_make(DTYPE_U8, true, DIMS(4, 4)));
    graph->current_layer = weights_layer(graph->weights, "flatten", NULL, (Span){0});
    Node *flat = graph_unary(graph, "flatten", x);
    graph->current_layer = weights_layer(graph->weights, "dense", NULL, (Span){0});
    Args *args = graph_args(graph, "dense");
    args_set_number(args, "units", 3);
    Node *dense = graph_call(graph, "dense", &flat, 1, args);
    graph->current_layer = NULL;
    vec_push(graph->arena, &graph->outputs, graph_unary(graph, "softmax", dense));
    return graph;
}

static void test_print(void **state) {
    Fixture *fixture = *state;
    Text out = text_create(fixture->arena);
    graph_print(&out, small_network(fixture));
    assert_string_equal(out.data, "graph net: train\n"
                                  "layer flatten: flatten -> u8[16]\n"
                                  "layer dense: dense -> [3]\n"
                                  "parameter dense/kernel: f32[16, 3] = glorot_uniform\n"
                                  "parameter dense/bias: f32[3] = zeros\n"
                                  "%0: u8[B, 4, 4] = input(image)\n"
                                  "%1: u8[B, 16] = flatten(%0)  # flatten\n"
                                  "%2: f32[16, 3] = parameter(dense/kernel)  # dense\n"
                                  "%3: f32[3] = parameter(dense/bias)  # dense\n"
                                  "%4: f32[B, 3] = dense(%1, %2, %3, units=3)  # dense\n"
                                  "%5: f32[B, 3] = softmax(%4)\n"
                                  "outputs %5\n");
}

static void test_clone(void **state) {
    Fixture *fixture = *state;
    Graph *graph = small_network(fixture);
    Arena *arena = arena_create();
    Graph *copy = graph_clone(graph, arena, GRAPH_PREDICT);
    graph_verify(copy, "clone");
    Text before = text_create(arena), after = text_create(arena);
    graph_print(&before, graph);
    pass_expand(copy);
    graph_verify(copy, "expand");
    graph_print(&after, graph);
    assert_string_equal(before.data, after.data);
    assert_int_equal(copy->mode, GRAPH_PREDICT);
    assert_ptr_equal(copy->weights, graph->weights);
    assert_ptr_not_equal(copy->parameter_nodes.items[0], graph->parameter_nodes.items[0]);
    assert_ptr_equal(copy->parameter_nodes.items[0]->parameter,
                     graph->weights->parameters.items[0]);
    assert_int_equal(count_ops(copy, "matmul"), 1);
    arena_destroy(arena);
}

// ---- What the verifier finds. Each breaks a sound graph in one way.

static void break_number(Graph *graph) {
    graph->nodes.items[1]->id = 0;
}
static void break_order(Graph *graph) {
    Node *node = graph->nodes.items[1];
    node->inputs[0] = graph->nodes.items[graph->nodes.count - 1];
}
static void break_input(Graph *graph) {
    Node *foreign = ARENA_NEW(graph->arena, Node);
    *foreign = *graph->nodes.items[0];
    graph->nodes.items[1]->inputs[0] = foreign;
}
static void break_poison(Graph *graph) {
    graph->nodes.items[1]->poisoned = true;
}
static void break_replacement(Graph *graph) {
    graph->nodes.items[1]->replacement = graph->nodes.items[0];
}
static void break_arity(Graph *graph) {
    graph->nodes.items[1]->input_count = 0;
}
static void break_arguments(Graph *graph) {
    graph->nodes.items[4]->args = NULL;
}
static void break_type(Graph *graph) {
    graph->nodes.items[1]->type.dims[0]++;
}
static void break_dims(Graph *graph) {
    graph->nodes.items[0]->type.dims[0] = 0;
}
static void break_subject(Graph *graph) {
    graph->nodes.items[2]->parameter = NULL;
}
static void break_parameter_type(Graph *graph) {
    graph->weights->parameters.items[0]->type.dims[0]++;
}
static void break_name(Graph *graph) {
    graph->nodes.items[0]->name = NULL;
}
static void break_outputs(Graph *graph) {
    Node *foreign = ARENA_NEW(graph->arena, Node);
    *foreign = *graph->nodes.items[0];
    vec_push(graph->arena, &graph->outputs, foreign);
}
static void break_inputs(Graph *graph) {
    vec_push(graph->arena, &graph->inputs, graph->nodes.items[1]);
}
static void break_loss(Graph *graph) {
    graph->loss = graph->nodes.items[1];
}
static void break_index(Graph *graph) {
    graph->weights->parameters.items[1]->index = 0;
}
static void break_weight_names(Graph *graph) {
    graph->weights->parameters.items[1]->name = graph->weights->parameters.items[0]->name;
}
static void break_assigns(Graph *graph) {
    Parameter *parameter = graph->weights->parameters.items[0];
    graph_assign_parameter(graph, parameter, graph_parameter_node(graph, parameter));
    graph_assign_parameter(graph, parameter, graph_parameter_node(graph, parameter));
}

static void verify(void *graph) {
    graph_verify(graph, "the test");
}

static void test_verify(void **state) {
    static void (*const breaks[])(Graph *) = {
        break_number, break_order,          break_input,   break_poison, break_replacement,
        break_arity,  break_arguments,      break_type,    break_dims,   break_subject,
        break_name,   break_parameter_type, break_outputs, break_inputs, break_loss,
        break_index,  break_weight_names,   break_assigns,
    };
    for (int i = 0; i < COUNT_OF(breaks); i++) {
        Fixture fixture = *(const Fixture *)*state;
        fixture.graph = graph_create(weights_create(fixture.arena), "net", GRAPH_TRAIN, NULL);
        Graph *graph = small_network(&fixture);
        assert_int_equal(status_of(verify, graph), 0);
        breaks[i](graph);
        int status = status_of(verify, graph);
        if (status != 70) fail_msg("break %d gives status %d", i, status);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_types_follow),
        TEST(test_poison),
        TEST(test_reshape_errors),
        TEST(test_broadcast_error),
        TEST(test_layer_names),
        TEST(test_sort_forgets_the_order_of_making),
        TEST(test_sort_after_replacing),
        TEST(test_remove_dead),
        TEST(test_replacements_chain),
        TEST(test_print),
        TEST(test_clone),
        TEST(test_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
