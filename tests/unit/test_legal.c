// What a group can compute where: finished groups are legal, and each way of spoiling one is seen.
#include "../../compiler/pass/group/legal/legal.h"
#include "../common/generated.h"

typedef struct Fused {
    Arena *arena;
    Schedule *schedule;
    Legality *legality;
} Fused;

// x [8] -> softmax -> permute(1), as it is predicted: exponentials are not computed a second time.
static Fused permuted_softmax(void) {
    static const MachineModel machine = {.lanes = 8, .registers = 16, .fma = true};
    Fused f = {.arena = arena_create()};
    Graph *graph = graph_create(weights_create(f.arena), "net", GRAPH_PREDICT, NULL);
    Node *x = add_input(graph, "x", type_make(DTYPE_F32, true, 1, (int64_t[]){8}));
    Args *order = graph_args(graph, "permute");
    args_set_numbers(order, f.arena, "dims", (double[]){1}, 1);
    x = add_layer(graph, "permute", add_layer(graph, "softmax", x, NULL), order);
    vec_push(f.arena, &graph->outputs, x);
    pass_expand(graph);
    pass_simplify(graph);
    Layout *layout = pass_layout(graph->weights, &graph, 1, f.arena, &machine, CONTRACTION_OWN, 16);
    pass_load_inputs(graph, layout);
    f.schedule = pass_fuse(graph, f.arena, layout, 16);
    pass_schedule(f.schedule);
    f.legality = legal_create(f.schedule, f.arena);
    return f;
}

static Node *find(const Fused *f, const char *op) {
    const NodeList *nodes = &f->schedule->graph->nodes;
    for (int i = 0; i < nodes->count; i++)
        if (node_is(nodes->items[i], op)) return nodes->items[i];
    fail_msg("there is no %s", op);
    return NULL;
}

static Group *group_of(const Fused *f, const Node *node) {
    int group = f->schedule->group_of[node->id];
    assert_true(group >= 0);
    return f->schedule->groups.items[group];
}

static void drop(Group *group, const Node *node) {
    int kept = 0;
    for (int i = 0; i < group->nodes.count; i++)
        if (group->nodes.items[i] != node) group->nodes.items[kept++] = group->nodes.items[i];
    group->nodes.count = kept;
}

static void finished_groups_are_legal(void **state) {
    (void)state;
    Fused f = permuted_softmax();
    LegalFault fault;
    for (int i = 0; i < f.schedule->groups.count; i++)
        assert_true(legal_group(f.legality, f.schedule->groups.items[i], &fault));
    arena_destroy(f.arena);
}

// A permutation reads other places than those that its group is at.
static void what_is_fetched_is_not_of_the_group(void **state) {
    (void)state;
    Fused f = permuted_softmax();
    Node *permute = find(&f, "permute");
    Group *rows = group_of(&f, find(&f, "row_sum"));
    assert_ptr_not_equal(group_of(&f, permute), rows);
    drop(group_of(&f, permute), permute);
    f.schedule->group_of[permute->id] = rows->id;
    vec_push(f.arena, &rows->nodes, permute);
    LegalFault fault;
    assert_false(legal_group(f.legality, rows, &fault));
    assert_ptr_equal(fault.leaving, permute);
    assert_null(fault.stored);
    arena_destroy(f.arena);
}

// A sum of a row is made by a group that walks rows, not where it is used.
static void sums_are_not_inlined(void **state) {
    (void)state;
    Fused f = permuted_softmax();
    Node *sum = find(&f, "row_sum");
    Group *rows = group_of(&f, sum);
    drop(rows, sum);
    f.schedule->group_of[sum->id] = -1;
    LegalFault fault;
    assert_false(legal_group(f.legality, rows, &fault));
    assert_ptr_equal(fault.stored, sum);
    arena_destroy(f.arena);
}

// Values of another shape have no place in the group.
static void domains_are_kept(void **state) {
    (void)state;
    Fused f = permuted_softmax();
    Group *rows = group_of(&f, find(&f, "row_sum"));
    rows->domain = type_make(DTYPE_F32, true, 2, (int64_t[]){2, 4});
    LegalFault fault;
    assert_false(legal_group(f.legality, rows, &fault));
    assert_non_null(fault.leaving);
    arena_destroy(f.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finished_groups_are_legal),
        cmocka_unit_test(what_is_fetched_is_not_of_the_group),
        cmocka_unit_test(sums_are_not_inlined),
        cmocka_unit_test(domains_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
