// Recomputation under a limit of memory: whatever is computed a second time, all numbers of a step
// are the same bits; a deep network's gradients take less memory; products are copied only where
// that is asked for. And which plans count as giving the same bits. A copy with another random
// stream, one that reads what its original does not, or a sum that is made otherwise and passes for
// the same breaks it.
#include "../../compiler/gen/budget/budget.h"
#include "../common/random_graphs.h"

static const MachineModel machine = {.lanes = 16, .registers = 32, .fma = true};

static Graph *recomputed(Arena *arena, Graph *forward, const LossStep *training, Economy economy) {
    Graph *graph = lower(forward, arena, training, GRAPH_TRAIN);
    pass_recompute(graph, economy);
    graph_verify(graph, "recompute");
    return graph;
}

static int count_copies(const Graph *graph) {
    int copies = 0;
    for (int i = 0; i < graph->nodes.count; i++)
        for (int k = 0; k < i; k++)
            copies += graph->nodes.items[k]->number == graph->nodes.items[i]->number;
    return copies;
}

static int count_products(const Graph *graph) {
    int products = 0;
    for (int i = 0; i < graph->nodes.count; i++)
        products += graph->nodes.items[i]->op->fuse == FUSE_CONTRACTION;
    return products;
}

// ---- Numbers.

// Random values of a step's inputs, targets, weights and slots: the same for the same graph.
static EvalTensor random_tensor(Arena *arena, const Type *type, int64_t rows, bool positive) {
    EvalTensor tensor = zeros(arena, type->batched ? rows : 1, type_elements(type));
    for (int64_t i = 0; i < tensor.rows * tensor.size; i++)
        tensor.data[i] = draw_uniform(positive ? 0 : -1, 1);
    return tensor;
}

static EvalTensor *random_tensors(Arena *arena, const NodeList *nodes, int64_t rows) {
    EvalTensor *tensors = ARENA_ARRAY(arena, EvalTensor, nodes->count + 1);
    for (int i = 0; i < nodes->count; i++)
        tensors[i] = random_tensor(arena, &nodes->items[i]->type, rows, false);
    return tensors;
}

// Evaluates a step: its loss and outputs in `results`, the new weights and slots in the answer.
static EvalBindings evaluate_step(Arena *arena, const Graph *graph, EvalTensor *results) {
    enum { ROWS = 3 };
    random_state = 4711;
    const Weights *weights = graph->weights;
    EvalBindings bindings = {.inputs = random_tensors(arena, &graph->inputs, ROWS),
                             .targets = random_tensors(arena, &graph->targets, ROWS),
                             .parameters =
                                 ARENA_ARRAY(arena, EvalTensor, weights->parameters.count + 1),
                             .slots = ARENA_ARRAY(arena, EvalTensor, graph->slots.count + 1),
                             .context = {.rows = ROWS, .seed = 7, .step = 3, .learning_rate = 0.5}};
    for (int i = 0; i < weights->parameters.count; i++)
        bindings.parameters[i] =
            random_tensor(arena, &weights->parameters.items[i]->type, ROWS, false);
    for (int i = 0; i < graph->slots.count; i++)
        bindings.slots[i] = random_tensor(arena, &graph->slots.items[i]->type, ROWS, true);
    Node *wanted[] = {graph->outputs.items[0], graph->loss};
    graph_evaluate(graph, arena, &bindings, wanted, 2, results, true);
    return bindings;
}

static void same_numbers(const EvalTensor *a, const EvalTensor *b) {
    assert_int_equal(a->rows * a->size, b->rows * b->size);
    assert_memory_equal(a->data, b->data, (size_t)(a->rows * a->size) * sizeof(double));
}

static void compare_steps(Arena *arena, const Graph *usual, const Graph *other) {
    EvalTensor first[2], second[2];
    EvalBindings before = evaluate_step(arena, usual, first);
    EvalBindings after = evaluate_step(arena, other, second);
    for (int i = 0; i < 2; i++) same_numbers(&first[i], &second[i]);
    for (int i = 0; i < usual->weights->parameters.count; i++)
        same_numbers(&before.parameters[i], &after.parameters[i]);
    assert_int_equal(usual->slots.count, other->slots.count);
    for (int i = 0; i < usual->slots.count; i++) same_numbers(&before.slots[i], &after.slots[i]);
}

static void random_steps_are_the_same(void **state) {
    (void)state;
    int copies = 0;
    for (int i = 0; i < 200; i++) {
        random_state = (uint64_t)i * 37 + 11;
        Arena *arena = arena_create();
        Graph *forward = random_graph(arena, 4 + (int)(draw() % 16));
        LossStep training = training_with(arena, "mse", i % 2 ? "adam" : "sgd", 8);
        Economy economy = {.segments = 1 + i % 5, .keeps_products = i % 3 == 0};
        Graph *usual = recomputed(arena, forward, &training, (Economy){0});
        assert_int_equal(count_copies(usual), 0);
        Graph *other = recomputed(arena, forward, &training, economy);
        copies += count_copies(other);
        if (economy.keeps_products) assert_int_equal(count_products(other), count_products(usual));
        compare_steps(arena, usual, other);
        arena_destroy(arena);
    }
    assert_true(copies > 200); // else nothing was tried
}

// ---- Memory.

static Graph *deep_network(Arena *arena) {
    enum { LAYERS = 12, UNITS = 32 };
    Graph *graph = graph_create(weights_create(arena), "deep", GRAPH_TRAIN, NULL);
    Node *x = add_input(graph, "x", type_make(DTYPE_F32, true, 1, (int64_t[]){UNITS}));
    for (int i = 0; i < LAYERS; i++) x = add_layer(graph, "gelu", add_dense(graph, x, UNITS), NULL);
    vec_push(arena, &graph->outputs, x);
    add_target(graph, "y", x->type);
    return graph;
}

static Schedule *planned(Arena *arena, Graph *forward, const LossStep *training, Economy economy) {
    Graph *first = lower(forward, arena, training, GRAPH_TRAIN);
    Layout *layout =
        pass_layout(forward->weights, &first, 1, arena, &machine, CONTRACTION_OWN, training->batch);
    Graph *graph = lower(forward, arena, training, GRAPH_TRAIN);
    layout_slots(layout, graph, arena);
    pass_load_inputs(graph, layout);
    pass_lay_out_weights(graph, layout, training->batch);
    pass_recompute(graph, economy);
    graph->spares_memory = economy.separates;
    Schedule *schedule = pass_fuse(graph, arena, layout, training->batch);
    pass_schedule(schedule);
    pass_plan(schedule, arena);
    schedule_verify_plan(schedule);
    return schedule;
}

static void deep_networks_take_less(void **state) {
    (void)state;
    Arena *arena = arena_create();
    Graph *forward = deep_network(arena);
    LossStep training = training_with(arena, "mse", "sgd", 64);
    Economy kept = {.separates = true, .segments = 4, .keeps_products = true};
    Economy all = {.separates = true, .segments = 4};
    Schedule *usual = planned(arena, forward, &training, (Economy){.separates = true});
    Schedule *with_products = planned(arena, forward, &training, all);
    assert_true(with_products->arena_size * 4 < usual->arena_size * 3);
    assert_true(count_products(with_products->graph) > count_products(usual->graph));
    const Schedule *without = planned(arena, forward, &training, kept);
    assert_true(without->arena_size <= usual->arena_size);
    assert_int_equal(count_products(without->graph), count_products(usual->graph));
    arena_destroy(arena);
}

// ---- Which plans give the same bits.

static bool is_sum(const Node *node) {
    return node->op->fuse == FUSE_REDUCE_BATCH || node->op->fuse == FUSE_REDUCE_ALL;
}

// The group of a sum.
static Group *group_of_a_sum(Schedule *schedule) {
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        const Node *node = schedule->graph->nodes.items[i];
        if (is_sum(node) && schedule->group_of[node->id] >= 0)
            return schedule->groups.items[schedule->group_of[node->id]];
    }
    fail_msg("no sum");
    return NULL;
}

static void equal_plans_keep_bits(void **state) {
    (void)state;
    Arena *arena = arena_create();
    Graph *forward = deep_network(arena);
    LossStep training = training_with(arena, "mse", "sgd", 64);
    Schedule *usual = planned(arena, forward, &training, (Economy){0});
    Schedule *other = planned(arena, forward, &training, (Economy){0});
    assert_true(budget_keeps_bits(usual, usual));
    assert_true(budget_keeps_bits(usual, other));
    Group *group = group_of_a_sum(other);
    group->width++;
    assert_false(budget_keeps_bits(usual, other));
    group->width--;
    group->lead++;
    assert_false(budget_keeps_bits(usual, other));
    group->lead--;
    GroupKind kind = group->kind;
    group->kind = kind == GROUP_CONTRACTION ? GROUP_LAYOUT : GROUP_CONTRACTION;
    assert_false(budget_keeps_bits(usual, other));
    group->kind = kind;
    assert_true(budget_keeps_bits(usual, other));
    arena_destroy(arena);
}

// A sum that the other plan has and the usual one has not.
static void unknown_sums_do_not(void **state) {
    (void)state;
    Arena *arena = arena_create();
    Graph *forward = deep_network(arena);
    LossStep training = training_with(arena, "mse", "sgd", 64);
    Schedule *usual = planned(arena, forward, &training, (Economy){0});
    Schedule *other = planned(arena, forward, &training, (Economy){0});
    for (int i = 0; i < other->graph->nodes.count; i++) {
        Node *node = other->graph->nodes.items[i];
        if (!is_sum(node)) continue;
        node->number += usual->graph->nodes.count;
        assert_false(budget_keeps_bits(usual, other));
        arena_destroy(arena);
        return;
    }
    fail_msg("no sum");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_steps_are_the_same),
        cmocka_unit_test(deep_networks_take_less),
        cmocka_unit_test(equal_plans_keep_bits),
        cmocka_unit_test(unknown_sums_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
