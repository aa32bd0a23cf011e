// Merging groups that walk the same places: row groups over the same samples, storage groups over
// the same weights. Two groups can become one if neither waits for the other through a third.
#include "fusion.h"

typedef struct Edge {
    int group;
    bool is_direct;  // no inlined value lies between
    bool is_blocked; // what is read is not there before the whole group is finished
} Edge;

typedef VEC(Edge) EdgeList;

// The graph of groups while they are merged, and what is known of one of them.
typedef struct Merging {
    Fusion *fusion;
    EdgeList *before, *after;         // by group: those that it reads, those that read it
    int *merged;                      // by group: into which it was merged; itself: none
    int round;                        // the number of the question; the marks below are of a round
    int *waits, *adjacent, *expanded; // by group
    VEC(int) stack;
} Merging;

static int *ints(Arena *arena, int count) {
    return ARENA_ARRAY(arena, int, count + 1);
}

static void add_edges(Merging *m, const Node *node, int reader, bool is_direct) {
    Fusion *fusion = m->fusion;
    for (int i = 0; i < node->input_count; i++) {
        const Node *input = schedule_source(node->inputs[i]);
        int own = fusion->schedule->group_of[input->id];
        if (own == reader || input->op->fuse == FUSE_LEAF) continue;
        if (own < 0) {
            if (fusion->stamps[input->id] == m->round) continue;
            fusion->stamps[input->id] = m->round;
            add_edges(m, input, reader, false);
            continue;
        }
        bool is_blocked = !is_direct || schedule_is_chunked(input);
        vec_push(fusion->arena, &m->before[reader], ((Edge){own, is_direct, is_blocked}));
        vec_push(fusion->arena, &m->after[own], ((Edge){reader, is_direct, is_blocked}));
    }
}

static Merging merging_create(Fusion *fusion) {
    Arena *arena = fusion->arena;
    int count = fusion->groups.count;
    Merging m = {.fusion = fusion};
    m.before = ARENA_ARRAY(arena, EdgeList, count + 1);
    m.after = ARENA_ARRAY(arena, EdgeList, count + 1);
    m.merged = ints(arena, count);
    m.waits = ints(arena, count);
    m.adjacent = ints(arena, count);
    m.expanded = ints(arena, count);
    for (int i = 0; i < count; i++) {
        const NodeList *nodes = &fusion->groups.items[i]->nodes;
        m.merged[i] = i;
        m.round = ++fusion->stamp;
        for (int k = 0; k < nodes->count; k++) add_edges(&m, nodes->items[k], i, true);
    }
    return m;
}

static int group_now(Merging *m, int group) {
    while (m->merged[group] != group) group = m->merged[group] = m->merged[m->merged[group]];
    return group;
}

static void push(Merging *m, int group) {
    if (m->expanded[group] == m->round) return;
    m->expanded[group] = m->round;
    vec_push(m->fusion->arena, &m->stack, group);
}

// Marks what `group` waits for, or what waits for it, through others.
static void mark_waits(Merging *m, int group, const EdgeList *edges) {
    for (int i = 0; i < edges[group].count; i++) {
        const Edge *edge = &edges[group].items[i];
        int next = group_now(m, edge->group);
        if (next == group) continue;
        if (edge->is_direct) m->adjacent[next] = m->round;
        if (edge->is_blocked) m->waits[next] = m->round;
        push(m, next);
    }
    while (m->stack.count) {
        int at = m->stack.items[--m->stack.count];
        for (int i = 0; i < edges[at].count; i++) {
            int next = group_now(m, edges[at].items[i].group);
            if (next == at || next == group) continue;
            m->waits[next] = m->round;
            push(m, next);
        }
    }
}

static void ask_about(Merging *m, int group) {
    m->round++;
    mark_waits(m, group, m->before);
    m->round++; // so that both directions are expanded; marks of both count
    mark_waits(m, group, m->after);
}

static bool is_marked(const Merging *m, const int *marks, int group) {
    return marks[group] >= m->round - 1;
}

// ---- Which groups walk alike.

// Whether what `user` reads of `group` is used at the place where `group` computes it.
static bool reads_at_same_place(const Fusion *fusion, const Group *user, const Group *group) {
    for (int i = 0; i < user->nodes.count; i++)
        if (!domain_joins(fusion->schedule, group, user->nodes.items[i])) return false;
    return true;
}

// Where memory is spared, groups that have nothing to do with each other each have their time; what
// is computed again is not computed with what comes first.
static bool may_meet(const Merging *m, const Group *a, const Group *b) {
    if (!m->fusion->schedule->separates) return true;
    bool is_again = a->nodes.items[0]->again;
    return is_again == (b->nodes.items[0]->again != 0) && is_marked(m, m->adjacent, b->id);
}

// Row groups walk the same samples. Storage groups of one type may be of parameters that lie
// otherwise; where one reads the other, they are of one parameter.
static bool can_merge(const Merging *m, const Group *a, const Group *b) {
    if (a->kind != b->kind || is_marked(m, m->waits, b->id)) return false;
    if (!may_meet(m, a, b)) return false;
    if (a->kind == GROUP_ROWS)
        return domain_same_dims(&a->domain, &b->domain) && reads_at_same_place(m->fusion, a, b) &&
               reads_at_same_place(m->fusion, b, a);
    return a->kind == GROUP_STORAGE && is_marked(m, m->adjacent, b->id) &&
           type_equal(&a->domain, &b->domain);
}

static void append(Arena *arena, EdgeList *list, const EdgeList *other) {
    for (int i = 0; i < other->count; i++) vec_push(arena, list, other->items[i]);
}

static void merge(Merging *m, Group *a, Group *b) {
    Fusion *fusion = m->fusion;
    fusion_absorb(fusion, a, b);
    m->merged[b->id] = a->id;
    append(fusion->arena, &m->before[a->id], &m->before[b->id]);
    append(fusion->arena, &m->after[a->id], &m->after[b->id]);
    ask_about(m, a->id);
}

void fusion_merge_groups(Fusion *fusion) {
    Merging m = merging_create(fusion);
    m.round = 1;
    for (int i = 0; i < fusion->groups.count; i++) {
        Group *a = fusion->groups.items[i];
        if (fusion_is_empty(a) || (a->kind != GROUP_ROWS && a->kind != GROUP_STORAGE)) continue;
        ask_about(&m, i);
        for (int j = i + 1; j < fusion->groups.count; j++) {
            Group *b = fusion->groups.items[j];
            if (!fusion_is_empty(b) && can_merge(&m, a, b)) merge(&m, a, b);
        }
    }
}
