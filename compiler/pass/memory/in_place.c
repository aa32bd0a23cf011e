// Results that take the place of an operand: each element is computed of the operand's element at
// the same place, which nobody reads afterwards. Not in steps that train, where watchers look at
// what a group has read (runtime/doctor/).
#include "memory.h"

// By node id: the last group for which that was so, from 1.
typedef struct Stamps {
    int *same, *others; // its operands have been looked at, for the place of the result, for others
    int *elsewhere;     // it is read at other places, too
} Stamps;

typedef struct Uses {
    const Schedule *schedule;
    const Group *group;
    const Node *result;
    const Stamps *stamps;
    NodeList here; // what the group reads at the places of the result
} Uses;

static bool is_whole(const Uses *uses, const Node *value) {
    return type_elements(&value->type) == type_elements(&uses->result->type);
}

// What `node` is made of that is stored; `is_same`: at the place that is asked for.
static void look_for_uses(Uses *uses, const Node *node, bool is_same) {
    int *seen = &(is_same ? uses->stamps->same : uses->stamps->others)[node->id];
    int number = uses->group->id + 1;
    bool keeps = node->op->fuse == FUSE_ELEMENTWISE;
    if (*seen == number) return;
    *seen = number;
    for (int i = 0; i < node->input_count; i++) {
        Node *source = schedule_source(node->inputs[i]);
        int own = uses->schedule->group_of[source->id];
        bool stays = is_same && keeps && is_whole(uses, node->inputs[i]);
        if (source->op->fuse == FUSE_LEAF) continue;
        if (own < 0 || own == uses->group->id)
            look_for_uses(uses, source, stays);
        else if (stays)
            vec_push(uses->schedule->graph->arena, &uses->here, source);
        else
            uses->stamps->elsewhere[source->id] = number;
    }
}

// The only value that the group stores; NULL: it stores others, or adds something up.
static Node *only_result(const Schedule *schedule, const Group *group) {
    Node *result = NULL;
    for (int i = 0; i < group->nodes.count; i++) {
        Node *node = group->nodes.items[i];
        bool is_product = node == group->anchor && group->kind == GROUP_CONTRACTION;
        if (!is_product && node->op->fuse != FUSE_ELEMENTWISE) return NULL;
        if (!schedule->buffers[node->id].is_stored) continue;
        if (result) return NULL;
        result = node;
    }
    return result;
}

// Products put a tile together before they look at other operands, and each place is of one tile.
static bool computes_once(const Group *group) {
    if (group->partition != PARTITION_ROWS || group->assigns.count || group->body) return false;
    return group->kind == GROUP_ROWS ||
           (group->kind == GROUP_CONTRACTION && op_product_kind(group->anchor) == PRODUCT_FORWARD);
}

static bool can_give_way(const Uses *uses, const Node *value) {
    const Buffer *buffer = &uses->schedule->buffers[value->id];
    return uses->stamps->elsewhere[value->id] != uses->group->id + 1 &&
           buffer->last_group == uses->group->id && value->type.batched &&
           schedule_dtype(uses->schedule, value) == schedule_dtype(uses->schedule, uses->result);
}

static void find_replaced(Schedule *schedule, const Group *group, const Stamps *stamps) {
    Node *result = computes_once(group) ? only_result(schedule, group) : NULL;
    if (!result || !result->type.batched || result->type.dtype != DTYPE_F32) return;
    Uses uses = {schedule, group, result, stamps, {0}};
    look_for_uses(&uses, result, true);
    for (int i = 0; i < uses.here.count; i++)
        if (can_give_way(&uses, uses.here.items[i]))
            schedule->buffers[result->id].replaces = uses.here.items[i];
}

void memory_find_replaced(Schedule *schedule, Arena *arena) {
    int count = schedule->graph->nodes.count + 1;
    Stamps stamps = {ARENA_ARRAY(arena, int, count), ARENA_ARRAY(arena, int, count),
                     ARENA_ARRAY(arena, int, count)};
    if (schedule->graph->mode == GRAPH_TRAIN) return;
    for (int i = 0; i < schedule->groups.count; i++)
        find_replaced(schedule, schedule->groups.items[i], &stamps);
}
