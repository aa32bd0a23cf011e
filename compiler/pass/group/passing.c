// Sums of rows that a product makes in passing: of a loss, say, over many outputs. The tiles of a
// row's columns follow each other on one worker, so what is summed is added up while a tile is
// there, and need not be stored. The group that is made of the sums has no code of its own then:
// it is the product's guest. Whether it is follows from what is computed alone, so that other
// plans of the same step have the same bits. Evaluations and predictions, whose sums are those of
// single samples, have none.
#include "fusion.h"

#include "../../op/op.h"

enum {
    MOST_COLUMNS = 1 << 13, // a longer row is summed in parts
    MOST_DEPTH = 1 << 10    // of a reduction beside which a sum of the row matters
};

static bool is_host(const Schedule *schedule, const Group *group) {
    const Node *anchor = group->anchor;
    if (group->kind != GROUP_CONTRACTION || !op_is_matrix_product(anchor) || group->guest)
        return false;
    if (op_product_kind(anchor) != PRODUCT_FORWARD || group->partition != PARTITION_ROWS)
        return false;
    if (op_is_in_bfloat16(anchor) || op_is_in_int8(anchor) || op_is_table_product(anchor))
        return false;
    const Parameter *weights = schedule_source(anchor->inputs[1])->parameter;
    if (!weights || schedule->layout->parameters[weights->index].kind != LAYOUT_PANELS)
        return false;
    return group->width <= MOST_COLUMNS && type_last(&anchor->inputs[0]->type) <= MOST_DEPTH;
}

static bool is_row_number(const Group *group, const Node *node) {
    return node->op->fuse == FUSE_ELEMENTWISE && node->type.batched && group->width > 1 &&
           type_elements(&node->type) == group->lead;
}

// The sum of each row that all else in the group is made of, number by number; NULL: it has others.
static Node *only_sum(const Group *group) {
    Node *sum = NULL;
    if (group->kind != GROUP_ROWS || !group->domain.batched || group->assigns.count) return NULL;
    for (int i = 0; i < group->nodes.count; i++) {
        Node *node = group->nodes.items[i];
        if (is_row_number(group, node)) continue;
        if (sum || node->op->fuse != FUSE_REDUCTION || node->op->reduce != REDUCE_SUM) return NULL;
        sum = node;
    }
    return sum;
}

// Whether the value is there wherever its row is: made of data, of numbers of the step and of the
// group.
static bool is_at_hand(const Schedule *schedule, const Group *group, const Node *value) {
    int own = schedule->group_of[value->id];
    bool is_row = value->type.batched && type_elements(&value->type) == group->lead;
    if (own == group->id) return true;
    if (own >= 0 || value->parameter || value->slot) return false;
    if (!is_row && (value->type.batched || type_elements(&value->type) != 1)) return false;
    for (int i = 0; i < value->input_count; i++)
        if (!is_at_hand(schedule, group, schedule_source(value->inputs[i]))) return false;
    return true;
}

static bool needs_only(const Schedule *schedule, const Group *group, const Node *sum) {
    for (int i = 0; i < group->nodes.count; i++) {
        const Node *node = group->nodes.items[i];
        for (int k = 0; k < node->input_count && node != sum; k++)
            if (!is_at_hand(schedule, group, schedule_source(node->inputs[k]))) return false;
    }
    return true;
}

static bool is_read_by(const Node *user, const Node *value) {
    for (int i = 0; i < user->input_count; i++)
        if (schedule_source(user->inputs[i]) == value) return true;
    return false;
}

static bool is_read_elsewhere(const Schedule *schedule, const Node *value, const Node *sum) {
    const Graph *graph = schedule->graph;
    int own = schedule->group_of[value->id];
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *user = graph->nodes.items[i];
        if (user != sum && schedule->group_of[user->id] != own && is_read_by(user, value))
            return true;
    }
    for (int i = 0; i < graph->assigns.count; i++)
        if (is_read_by(graph->assigns.items[i], value)) return true;
    return fusion_is_output(graph, value);
}

static void find_host(Schedule *schedule, Group *group) {
    Node *sum = only_sum(group);
    const Node *summand = sum ? sum->inputs[0] : NULL;
    int home = sum ? schedule->group_of[summand->id] : -1;
    if (home < 0 || home == group->id) return;
    Group *host = schedule->groups.items[home];
    bool fits = group->lead == host->lead && group->width == host->width && summand->type.batched &&
                type_elements(&summand->type) == host->lead * host->width;
    if (!fits || !is_host(schedule, host) || !needs_only(schedule, group, sum)) return;
    host->guest = group;
    group->host = host;
    if (!is_read_elsewhere(schedule, summand, sum))
        schedule->buffers[summand->id].is_stored = false;
}

Node *schedule_guest_sum(const Group *group) {
    return group->guest ? only_sum(group->guest) : NULL;
}

void fusion_find_guests(Schedule *schedule) {
    bool trains = schedule->graph->mode == GRAPH_TRAIN && !schedule->scan;
    for (int i = 0; i < schedule->groups.count && trains; i++)
        find_host(schedule, schedule->groups.items[i]);
}
