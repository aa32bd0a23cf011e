// Tables of which a step touches few rows. Where the gradient of a table of weights is a sum of
// rows by number (FUSE_SCATTER) and nothing but its own update reads it, the update is made for the
// rows that the batch names, and what the others miss, steps with a gradient of zero, is made up
// when they are named again, with the numbers of those steps. That is the same arithmetic in the
// same order, so that weights have the bits of an update of all rows in every step;
// gen/element/touched.c.
#include "touched.h"

#include "../../../runtime/workers/team.h"
#include "../../op/op.h"

#include <string.h>

typedef struct Cone {
    const Schedule *schedule;
    const Parameter *table;
    Node *scatter; // the one gradient; NULL: not met yet
    bool *members; // by node id: computed for the table's update alone
    bool *normed;  // by node id: made of the gradient's elements for a sum over all of them
    bool fits;
} Cone;

static bool is_of_table(const Cone *cone, const Node *node) {
    return node->parameter == cone->table || (node->slot && node->slot->parameter == cone->table);
}

static bool is_number(const Node *node) {
    return node_is_scalar(node) && node->op->fuse != FUSE_SCATTER;
}

static void follow(Cone *cone, Node *node) {
    if (!cone->fits || cone->members[node->id] || is_number(node)) return;
    bool is_whole = type_equal(&node->type, &cone->table->type);
    bool is_leaf = node->op->fuse == FUSE_LEAF;
    cone->fits = is_whole && (is_leaf ? is_of_table(cone, node)
                                      : node->op->fuse == FUSE_ELEMENTWISE ||
                                            (node->op->fuse == FUSE_SCATTER && !cone->scatter));
    // Random numbers, or the place in a row, are not those of another step.
    if (node->op->fuse == FUSE_ELEMENTWISE && (!node->input_count || node->op->reads_column))
        cone->fits = false;
    if (!cone->fits) return;
    cone->members[node->id] = true;
    if (node->op->fuse == FUSE_SCATTER)
        cone->scatter = node;
    else
        for (int i = 0; i < node->input_count; i++) follow(cone, node->inputs[i]);
}

static bool takes_rows(const Cone *cone, const Node *user, const Node *input) {
    return user->op->fuse == FUSE_GATHER && user->input_count == 2 && user->inputs[1] == input &&
           input->op->leaf == LEAF_PARAMETER && user->inputs[0] == cone->scatter->inputs[0];
}

// What is 0 where a row's gradient is, so that rows without a sum add nothing.
static bool keeps_zero(const Node *node) {
    double zero = 0;
    EvalPoint nowhere = {0};
    bool is_plain = node->op->fuse == FUSE_ELEMENTWISE && node->input_count == 1;
    return is_plain && node->op->evaluate_element &&
           node->op->evaluate_element(node, &zero, &nowhere) == 0;
}

// The squares of a norm, say: their sum over all elements reads them, and nothing else does.
static void find_normed(Cone *cone) {
    const Graph *graph = cone->schedule->graph;
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        bool is_own = node->input_count == 1 && node->inputs[0] == cone->scatter;
        cone->normed[i] = is_own && !cone->members[i] && keeps_zero(node);
    }
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *user = graph->nodes.items[i];
        for (int k = 0; k < user->input_count; k++)
            if (user->op->fuse != FUSE_REDUCE_ALL) cone->normed[user->inputs[k]->id] = false;
    }
}

// Whether nothing else reads what the update reads and computes: but for the forward pass, which
// takes the rows that the batch names.
static bool is_closed(const Cone *cone) {
    const Graph *graph = cone->schedule->graph;
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *user = graph->nodes.items[i];
        bool is_own = (cone->members[i] && user != cone->scatter) || cone->normed[i];
        bool assigns = user->op->fuse == FUSE_EFFECT && is_of_table(cone, user);
        for (int k = 0; k < user->input_count; k++) {
            const Node *input = user->inputs[k];
            if (cone->members[input->id] && !is_own && !assigns && !takes_rows(cone, user, input))
                return false;
        }
    }
    return true;
}

// Most of the rows are not in a batch, and the batch's numbers are there before the step begins.
static bool is_worth_it(const Cone *cone) {
    const Node *numbers = cone->scatter->inputs[0];
    int64_t named = type_elements(&numbers->type) * cone->schedule->batch;
    return numbers->op->leaf == LEAF_COLUMN && cone->table->type.dims[0] >= 2 * named;
}

static bool is_assigned(const Graph *graph, const Node *leaf) {
    for (int i = 0; i < graph->assigns.count; i++) {
        const Node *assign = graph->assigns.items[i];
        if (assign->parameter == leaf->parameter && assign->slot == leaf->slot) return true;
    }
    return false;
}

// What missed steps are made up of is carried from one to the next: nothing is read that stays.
static bool carries_all(const Cone *cone, const Graph *graph) {
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        bool is_read = cone->members[i] && node->op->fuse == FUSE_LEAF;
        if (is_read && !is_assigned(graph, node)) return false;
    }
    return true;
}

static bool find_cone(Cone *cone, const Graph *graph) {
    int count = 0;
    for (int i = 0; i < graph->assigns.count; i++) {
        Node *assign = graph->assigns.items[i];
        if (!is_of_table(cone, assign)) continue;
        if (is_number(assign->inputs[0])) cone->fits = false;
        follow(cone, assign->inputs[0]);
        count++;
    }
    if (cone->fits && cone->scatter) find_normed(cone);
    return cone->fits && cone->scatter && count <= TOUCHED_MOST && carries_all(cone, graph) &&
           is_closed(cone) && is_worth_it(cone);
}

static void find_table(Schedule *schedule, const Parameter *table) {
    const Graph *graph = schedule->graph;
    Cone cone = {.schedule = schedule, .table = table, .fits = true};
    bool is_plain = schedule->layout->parameters[table->index].kind == LAYOUT_PLAIN;
    if (!is_plain || table->type.rank != 2) return;
    cone.members = ARENA_ARRAY(graph->arena, bool, graph->nodes.count + 1);
    cone.normed = ARENA_ARRAY(graph->arena, bool, graph->nodes.count + 1);
    if (!find_cone(&cone, graph)) return;
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        bool is_own = cone.members[i] && node->op->fuse == FUSE_ELEMENTWISE;
        bool assigns = node->op->fuse == FUSE_EFFECT && is_of_table(&cone, node);
        if (is_own || assigns) schedule->touching[i] = cone.scatter;
        if (cone.normed[i]) schedule->normed[i] = cone.scatter;
    }
}

static bool has_scatter(const Graph *graph) {
    for (int i = 0; i < graph->nodes.count; i++)
        if (graph->nodes.items[i]->op->fuse == FUSE_SCATTER) return true;
    return false;
}

void touched_find(Schedule *schedule) {
    Graph *graph = schedule->graph;
    schedule->touching = ARENA_ARRAY(graph->arena, Node *, graph->nodes.count + 1);
    schedule->normed = ARENA_ARRAY(graph->arena, Node *, graph->nodes.count + 1);
    if (graph->mode != GRAPH_TRAIN || !graph->trains_alone || !has_scatter(graph)) return;
    for (int i = 0; i < graph->weights->parameters.count; i++)
        find_table(schedule, graph->weights->parameters.items[i]);
}

bool touched_updates(const Group *group) {
    return group->kind == GROUP_SCATTER && group->assigns.count;
}

bool touched_is_apart(const Schedule *schedule, const Node *scatter) {
    for (int i = 0; i < schedule->graph->nodes.count; i++)
        if (schedule->normed[i] == scatter) return true;
    return false;
}

bool touched_keeps_sums(const Schedule *schedule, const Group *group) {
    return touched_updates(group) && !touched_is_apart(schedule, group->anchor);
}

const Group *touched_update_of(const Schedule *schedule, const Node *scatter) {
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        if (touched_updates(group) && group->anchor == scatter) return group;
    }
    return NULL;
}

const Node *touched_summed(const Schedule *schedule, const Node *reduction) {
    const Node *summand = schedule_source(reduction->inputs[0]);
    return schedule->normed ? schedule->normed[summand->id] : NULL;
}

static bool list_has(const NodeList *list, const Node *node) {
    for (int i = 0; i < list->count; i++)
        if (list->items[i] == node) return true;
    return false;
}

static void collect(const Schedule *schedule, Node *node, NodeList *seen, NodeList *numbers) {
    double value;
    if (list_has(seen, node)) return;
    vec_push(schedule->graph->arena, seen, node);
    if (is_number(node)) {
        if (!node_is_constant(node, &value)) vec_push(schedule->graph->arena, numbers, node);
    } else if (node->op->fuse == FUSE_ELEMENTWISE) {
        for (int i = 0; i < node->input_count; i++)
            collect(schedule, node->inputs[i], seen, numbers);
    }
}

NodeList touched_numbers(const Schedule *schedule, const Group *group) {
    NodeList seen = {0}, numbers = {0};
    for (int i = 0; i < group->assigns.count; i++)
        collect(schedule, group->assigns.items[i]->inputs[0], &seen, &numbers);
    return numbers;
}

Node *touched_leaf(const Schedule *schedule, const Group *group, const Node *assign) {
    NodeList seen = {0}, numbers = {0};
    for (int i = 0; i < group->assigns.count; i++)
        collect(schedule, group->assigns.items[i]->inputs[0], &seen, &numbers);
    for (int i = 0; i < seen.count; i++) {
        Node *leaf = seen.items[i];
        bool is_same = leaf->parameter == assign->parameter && leaf->slot == assign->slot;
        if (leaf->op->fuse == FUSE_LEAF && is_same) return leaf;
    }
    return NULL;
}

int64_t touched_numbers_size(const Schedule *schedule, const Group *group) {
    int64_t count = touched_numbers(schedule, group).count;
    return round_up(count ? count : 1, 4);
}

TouchedPlaces touched_places(const Schedule *schedule, const Group *group) {
    const Type *table = &group->anchor->type, *named = &group->anchor->inputs[1]->type;
    int64_t rows = round_up(table->dims[0], TOUCHED_HEAD);
    int64_t places = schedule->batch * (type_elements(named) / table->dims[1]);
    TouchedPlaces at = {.marks = TOUCHED_HEAD};
    at.numbers = at.marks + rows;
    at.entries = at.numbers + TOUCHED_STEPS * touched_numbers_size(schedule, group);
    at.next = at.entries + rows;
    at.lists = at.next + round_up(places, TOUCHED_HEAD);
    // The workers' rows together are those of the table; lists are rounded up.
    at.size = at.lists + NAMED_SIZE * (rows + 2 * NNRT_TEAM_MAX);
    return at;
}
