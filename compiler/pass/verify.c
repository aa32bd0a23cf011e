// What a sound schedule is: every group can compute what it has, reads come after writes with a
// barrier between where other workers may have written, what others read is stored, every effect
// happens once, and no two values that live at the same time share memory.
#include "verify.h"

#include "group/legal/legal.h"

#include <stdlib.h>

typedef struct Verifying {
    const Schedule *schedule;
    const Group *group;
    const int *writers; // by number of weights: the group that assigns them; -1: none
    int *last_readers;  // by number of weights: the last group that reads them; -1: none
} Verifying;

#define BUG(v, node, ...) graph_bug((v)->schedule->graph, node, "after fusion: " __VA_ARGS__)

// ---- Membership.

static void verify_members(const Verifying *v, int *times) {
    const Schedule *schedule = v->schedule;
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        if (group->id != i) BUG(v, NULL, "group %d has the number %d", i, group->id);
        for (int k = 0; k < group->nodes.count + group->assigns.count; k++) {
            const Node *node = k < group->nodes.count
                                   ? group->nodes.items[k]
                                   : group->assigns.items[k - group->nodes.count];
            if (schedule->group_of[node->id] != i)
                BUG(v, node, "it is listed by group %d, which it is not of", i);
            if (++times[node->id] > 1) BUG(v, node, "it is listed twice");
        }
    }
    for (int i = 0; i < schedule->graph->nodes.count; i++)
        if (schedule->group_of[i] >= 0 && !times[i])
            BUG(v, schedule->graph->nodes.items[i], "its group does not list it");
    for (int i = 0; i < schedule->graph->assigns.count; i++)
        if (!times[schedule->graph->assigns.items[i]->id])
            BUG(v, schedule->graph->assigns.items[i], "it never happens");
}

static void verify_legal(const Verifying *v, Arena *arena) {
    Legality *legality = legal_create(v->schedule, arena);
    for (int i = 0; i < v->schedule->groups.count; i++) {
        LegalFault fault;
        if (v->schedule->groups.items[i]->host) continue; // what it sums is not stored
        if (legal_group(legality, v->schedule->groups.items[i], &fault)) continue;
        const Node *node = fault.stored ? fault.stored : fault.leaving;
        BUG(v, node, "group %d cannot compute it: %s", i, fault.reason);
    }
}

// ---- Order.

static void verify_read(Node *value, void *state) {
    const Verifying *v = state;
    const Schedule *schedule = v->schedule;
    int weights = schedule_weights_of(schedule, value), source = schedule->group_of[value->id];
    bool is_own = weights >= 0 && v->writers[weights] == v->group->id;
    if (weights >= 0 && !is_own && v->group->id > v->last_readers[weights])
        v->last_readers[weights] = v->group->id;
    if (source < 0) return;
    const Group *writer = schedule->groups.items[source];
    if (source > v->group->id || writer->phase > v->group->phase)
        BUG(v, value, "group %d reads it before it is computed", v->group->id);
    if (!schedule->buffers[value->id].is_stored && v->group->host != writer)
        BUG(v, value, "group %d reads it, but it is not stored", v->group->id);
    bool same_workers = writer->partition == v->group->partition &&
                        writer->partition != PARTITION_OUTPUT && !schedule_is_chunked(value);
    if (v->group->is_once && !writer->is_once)
        BUG(v, value, "group %d is computed once and reads it, which is not", v->group->id);
    if (writer->phase == v->group->phase && !same_workers && !schedule_is_ready(writer, v->group))
        BUG(v, value, "group %d reads it without a barrier", v->group->id);
}

static void verify_weights(const Verifying *v, int count) {
    for (int i = 0; i < count; i++) {
        int writer = v->writers[i], reader = v->last_readers[i];
        if (writer < 0 || reader < 0) continue;
        const Group *last = v->schedule->groups.items[reader];
        const Group *first = v->schedule->groups.items[writer];
        if (reader > writer || last->phase >= first->phase)
            BUG(v, first->assigns.items[0], "group %d may read what it has overwritten", reader);
    }
}

static void verify_order(Verifying *v, Arena *arena) {
    const Schedule *schedule = v->schedule;
    int count = schedule->graph->weights->parameters.count + schedule->graph->slots.count;
    int *writers = ARENA_ARRAY(arena, int, count + 1);
    v->writers = writers;
    v->last_readers = ARENA_ARRAY(arena, int, count + 1);
    for (int i = 0; i < count; i++) writers[i] = v->last_readers[i] = -1;
    for (int i = 0; i < schedule->groups.count; i++) {
        const NodeList *assigns = &schedule->groups.items[i]->assigns;
        for (int k = 0; k < assigns->count; k++)
            writers[schedule_weights_of(schedule, assigns->items[k])] = i;
    }
    for (int i = 0; i < schedule->groups.count; i++) {
        v->group = schedule->groups.items[i];
        schedule_visit_reads(schedule, v->group, verify_read, v);
    }
    verify_weights(v, count);
}

void schedule_verify(const Schedule *schedule) {
    Arena *arena = arena_create();
    Verifying v = {.schedule = schedule};
    verify_members(&v, ARENA_ARRAY(arena, int, schedule->graph->nodes.count + 1));
    verify_legal(&v, arena);
    verify_order(&v, arena);
    arena_destroy(arena);
}

// ---- Memory.

// Values with memory of their own, and pools.
typedef struct Region {
    int64_t offset, end;
    int first_phase, last_phase;
    int number; // of the value; -1 - number: of the pool
} Region;

static int compare_offsets(const void *a, const void *b) {
    const Region *x = a, *y = b;
    if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
    return x->number - y->number;
}

static bool live_together(const Region *a, const Region *b) {
    return a->first_phase <= b->last_phase && b->first_phase <= a->last_phase;
}

static int list_regions(const Schedule *schedule, Region *regions) {
    int count = 0;
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        const Buffer *buffer = &schedule->buffers[i];
        if (!buffer->is_stored || buffer->is_part || buffer->pool >= 0) continue;
        regions[count++] = (Region){buffer->offset, buffer->offset + buffer->size * buffer->copies,
                                    buffer->first_phase, buffer->last_phase, i};
    }
    for (int i = 0; i < schedule->pool_count; i++) {
        const Pool *pool = &schedule->pools[i];
        regions[count++] = (Region){pool->offset, pool->offset + pool->size, pool->first_phase,
                                    pool->last_phase, -1 - i};
    }
    return count;
}

static void verify_regions(const Schedule *schedule, Arena *arena) {
    int most = schedule->graph->nodes.count + schedule->pool_count;
    Region *regions = ARENA_ARRAY(arena, Region, most + 1);
    int count = list_regions(schedule, regions);
    if (count) qsort(regions, (size_t)count, sizeof *regions, compare_offsets);
    for (int i = 0; i < count; i++) {
        if (regions[i].end > schedule->arena_size)
            graph_bug(schedule->graph, NULL, "after plan: %%%d ends behind the arena",
                      regions[i].number);
        for (int k = i + 1; k < count && regions[k].offset < regions[i].end; k++)
            if (live_together(&regions[i], &regions[k]))
                graph_bug(schedule->graph, NULL, "after plan: %%%d and %%%d share memory",
                          regions[i].number, regions[k].number);
    }
}

// ---- In a pool.

static bool share_groups(const Schedule *schedule, const Buffer *a, const Buffer *b) {
    const Buffer *before = a->first_group < b->first_group ? a : b;
    const Buffer *after = before == a ? b : a;
    int last = plan_last_beside(before->last_group, before->window_last, after->window_last);
    if (last < after->first_group) return false;
    bool gives_way = after->replaces && &schedule->buffers[after->replaces->id] == before &&
                     after->offset == before->offset && after->extent == before->extent;
    return !gives_way || before->last_group > after->first_group;
}

static void verify_pool(const Schedule *schedule, const int *members, int count) {
    for (int i = 0; i < count; i++) {
        const Buffer *a = &schedule->buffers[members[i]];
        const Pool *pool = &schedule->pools[a->pool];
        if (a->stride != pool->stride || a->offset < pool->offset ||
            a->offset - pool->offset + a->extent > pool->stride)
            graph_bug(schedule->graph, NULL, "after plan: %%%d is not in its pool", members[i]);
        for (int k = i + 1; k < count; k++) {
            const Buffer *b = &schedule->buffers[members[k]];
            bool meets = a->offset < b->offset + b->extent && b->offset < a->offset + a->extent;
            if (meets && share_groups(schedule, a, b))
                graph_bug(schedule->graph, NULL, "after plan: %%%d and %%%d share a place",
                          members[i], members[k]);
        }
    }
}

void schedule_verify_plan(const Schedule *schedule) {
    Arena *arena = arena_create();
    int *members = ARENA_ARRAY(arena, int, schedule->graph->nodes.count + 1);
    verify_regions(schedule, arena);
    for (int pool = 0; pool < schedule->pool_count; pool++) {
        int count = 0;
        for (int i = 0; i < schedule->graph->nodes.count; i++)
            if (schedule->buffers[i].is_stored && !schedule->buffers[i].is_part &&
                schedule->buffers[i].pool == pool)
                members[count++] = i;
        verify_pool(schedule, members, count);
    }
    arena_destroy(arena);
}
