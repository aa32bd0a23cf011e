// How sums are made, which decides their bits: by what kind of group, over rows of which width. Two
// plans of a function give the same bits if each sum is made in the same manner in both; all else
// is the same formula of the same numbers, wherever it is computed.
#include "budget.h"

typedef struct Manner {
    bool is_grouped; // in a group of the schedule
    GroupKind kind;
    int64_t lead, width;
    bool moves_lanes; // a member does, so that rows are walked number by number
    int anchor;       // the number of the product whose result is summed; 0: none is
    bool is_guest;    // it is summed by a product, in passing
} Manner;

static bool is_sum(const Node *node) {
    FuseClass fuse = node->op->fuse;
    return fuse == FUSE_REDUCTION || fuse == FUSE_REDUCE_AXIS || fuse == FUSE_REDUCE_ALL ||
           fuse == FUSE_REDUCE_BATCH;
}

static bool moves_lanes(const Schedule *schedule, const Group *group) {
    int lanes = 1, most = schedule->layout->machine.lanes;
    while (lanes < group->width && lanes < most) lanes *= 2;
    for (int i = 0; i < group->nodes.count; i++) {
        const Node *node = group->nodes.items[i];
        if (node->op->moves_lanes && node->op->moves_lanes(node, lanes)) return true;
    }
    return false;
}

static Manner manner_of(const Schedule *schedule, const Node *sum) {
    int own = schedule->group_of[sum->id];
    if (own < 0) return (Manner){0};
    const Group *group = schedule->groups.items[own];
    Manner manner = {.is_grouped = true,
                     .kind = group->kind,
                     .lead = group->lead,
                     .width = group->width,
                     .moves_lanes = moves_lanes(schedule, group),
                     .is_guest = group->host != NULL};
    if (group->anchor && group->anchor != sum) manner.anchor = group->anchor->number;
    return manner;
}

static bool is_same(const Manner *a, const Manner *b) {
    return a->is_grouped == b->is_grouped && a->kind == b->kind && a->lead == b->lead &&
           a->width == b->width && a->moves_lanes == b->moves_lanes && a->anchor == b->anchor &&
           a->is_guest == b->is_guest;
}

bool budget_keeps_bits(const Schedule *usual, const Schedule *other) {
    const Graph *before = usual->graph, *after = other->graph;
    int most = 0;
    for (int i = 0; i < before->nodes.count; i++)
        if (before->nodes.items[i]->number > most) most = before->nodes.items[i]->number;
    const Node **known = ARENA_ARRAY(before->arena, const Node *, most + 1);
    for (int i = 0; i < before->nodes.count; i++)
        known[before->nodes.items[i]->number] = before->nodes.items[i];
    for (int i = 0; i < after->nodes.count; i++) {
        const Node *node = after->nodes.items[i];
        if (!is_sum(node)) continue;
        if (node->number > most || !known[node->number]) return false;
        Manner here = manner_of(other, node), there = manner_of(usual, known[node->number]);
        if (!is_same(&here, &there)) return false;
    }
    return true;
}
