// The last step of fusion: whatever a group cannot compute where it is, is stored and read. Every
// group is asked of legal.h; values that it cannot compute where they are used get a group, members
// that do not fit leave it, and groups that wait for each other are divided, until everything is
// legal. A node alone in a group, whose operands are all stored, can always be computed.
#include "legal.h"

#include "../fusion.h"

typedef VEC(int) IntList;

// Which groups wait for which.
typedef struct GroupReads {
    IntList *before;  // by group: those that it reads, and the readers of what it assigns
    IntList *readers; // by number of weights: the groups that read them
} GroupReads;

typedef struct Repair {
    Fusion *fusion;
    Legality *legality;
    bool *is_alone; // by node: it had a group of its own
    bool changed;
} Repair;

static Group *group_at(const Repair *r, int index) {
    return r->fusion->groups.items[index];
}

static bool is_legal(Repair *r, const Group *group) {
    LegalFault fault;
    return legal_group(r->legality, group, &fault);
}

// ---- Other groups for nodes.

static void give_own_group(Repair *r, Node *node) {
    r->is_alone[node->id] = true;
    fusion_place_alone(r->fusion, node);
}

// The group of an operand computes it, too, if it can.
static bool join_operand(Repair *r, Node *node) {
    Fusion *fusion = r->fusion;
    for (int i = 0; i < node->input_count && node->op->fuse == FUSE_ELEMENTWISE; i++) {
        int index = fusion->schedule->group_of[schedule_source(node->inputs[i])->id];
        if (index < 0 || group_at(r, index)->kind == GROUP_REDUCE) continue;
        if (fusion_makes_cycle(fusion, node, index)) continue;
        fusion_join(fusion, group_at(r, index), node);
        if (is_legal(r, group_at(r, index))) return true;
        fusion_remove(fusion, node);
    }
    return false;
}

static void repair_group(Repair *r, Group *group, const LegalFault *fault) {
    Node *node = fault->stored ? fault->stored : fault->leaving;
    r->changed = true;
    if (node->op->fuse == FUSE_EFFECT) {
        if (!group->nodes.count && group->assigns.count == 1)
            graph_bug(r->fusion->graph, node, "no group can compute it: %s", fault->reason);
        fusion_move_assign(r->fusion, group, node);
        return;
    }
    if (r->is_alone[node->id] && group->nodes.count == 1)
        graph_bug(r->fusion->graph, node, "no group can compute it: %s", fault->reason);
    if (!fault->stored) fusion_remove(r->fusion, node);
    if (!fault->stored || !join_operand(r, node)) give_own_group(r, node);
}

static void repair_all(Repair *r) {
    for (int i = 0; i < r->fusion->groups.count; i++) {
        LegalFault fault;
        while (!legal_group(r->legality, group_at(r, i), &fault))
            repair_group(r, group_at(r, i), &fault);
    }
}

// ---- Which groups wait for which.

typedef struct ReadState {
    const Fusion *fusion;
    GroupReads *reads;
    int reader;
} ReadState;

static void note_read(Node *value, void *state) {
    const ReadState *read = state;
    const Schedule *schedule = read->fusion->schedule;
    int weights = schedule_weights_of(schedule, value), source = schedule->group_of[value->id];
    if (weights >= 0) vec_push(read->fusion->arena, &read->reads->readers[weights], read->reader);
    if (source >= 0) vec_push(read->fusion->arena, &read->reads->before[read->reader], source);
}

static void note_assigns(const Fusion *fusion, GroupReads *reads, const Group *group) {
    for (int i = 0; i < group->assigns.count; i++) {
        int weights = schedule_weights_of(fusion->schedule, group->assigns.items[i]);
        const IntList *readers = &reads->readers[weights];
        for (int k = 0; k < readers->count; k++)
            if (readers->items[k] != group->id)
                vec_push(fusion->arena, &reads->before[group->id], readers->items[k]);
    }
}

static GroupReads collect_reads(const Fusion *fusion) {
    GroupReads reads;
    const Graph *graph = fusion->graph;
    reads.before = ARENA_ARRAY(fusion->arena, IntList, fusion->groups.count + 1);
    reads.readers = ARENA_ARRAY(fusion->arena, IntList,
                                graph->weights->parameters.count + graph->slots.count + 1);
    for (int i = 0; i < fusion->groups.count; i++)
        schedule_visit_reads(fusion->schedule, fusion->groups.items[i], note_read,
                             &(ReadState){fusion, &reads, i});
    for (int i = 0; i < fusion->groups.count; i++)
        note_assigns(fusion, &reads, fusion->groups.items[i]);
    return reads;
}

// ---- Groups that wait for each other: strongly connected components of more than one group.

typedef struct Components {
    const Repair *repair;
    GroupReads reads;
    int *number, *lowest; // by group: in the order of the visit, from 1; the lowest that it reaches
    int *component;       // by group; -1: none yet
    IntList stack;
    int groups; // that were visited: groups made while circles are divided have no component
    int numbers, count;
    bool *is_late; // by node, for the group that is being divided
} Components;

static bool are_in_circle(const Components *c, int a, int b) {
    return a != b && a < c->groups && b < c->groups && c->component[a] == c->component[b];
}

static void close_component(Components *c, int group) {
    int member;
    do {
        member = c->stack.items[--c->stack.count];
        c->component[member] = c->count;
    } while (member != group);
    c->count++;
}

// Tarjan's algorithm ("Depth-first search and linear graph algorithms", 1972).
static void visit_group(Components *c, int group) {
    const IntList *before = &c->reads.before[group];
    c->number[group] = c->lowest[group] = ++c->numbers;
    vec_push(c->repair->fusion->arena, &c->stack, group);
    for (int i = 0; i < before->count; i++) {
        int next = before->items[i];
        if (!c->number[next]) visit_group(c, next);
        if (c->component[next] < 0 && c->lowest[next] < c->lowest[group])
            c->lowest[group] = c->lowest[next];
    }
    if (c->lowest[group] == c->number[group]) close_component(c, group);
}

static Components find_components(const Repair *r) {
    Arena *arena = r->fusion->arena;
    int count = r->fusion->groups.count;
    Components c = {.repair = r, .reads = collect_reads(r->fusion), .groups = count};
    c.is_late = ARENA_ARRAY(arena, bool, r->fusion->graph->nodes.count + 1);
    c.number = ARENA_ARRAY(arena, int, count + 1);
    c.lowest = ARENA_ARRAY(arena, int, count + 1);
    c.component = ARENA_ARRAY(arena, int, count + 1);
    for (int i = 0; i < count; i++) c.component[i] = -1;
    for (int i = 0; i < count; i++)
        if (!c.number[i]) visit_group(&c, i);
    return c;
}

// ---- Dividing a group.

// Whether `node` reads another group of the component, or what the group computes of such values.
static bool reads_component(const Components *c, const Node *node, int group) {
    const Fusion *fusion = c->repair->fusion;
    for (int i = 0; i < node->input_count; i++) {
        const Node *input = schedule_source(node->inputs[i]);
        int own = fusion->schedule->group_of[input->id];
        if (own == group && c->is_late[input->id]) return true;
        if (own >= 0 && are_in_circle(c, own, group)) return true;
        bool is_inlined = own < 0 && input->op->fuse != FUSE_LEAF;
        if (is_inlined && reads_component(c, input, group)) return true;
    }
    return false;
}

static bool assign_waits(const Components *c, const Node *assign, int group) {
    const IntList *readers =
        &c->reads.readers[schedule_weights_of(c->repair->fusion->schedule, assign)];
    for (int i = 0; i < readers->count; i++)
        if (are_in_circle(c, readers->items[i], group)) return true;
    return reads_component(c, assign, group);
}

// The nodes get a group of their own together, or, where that is not legal, one each.
static void regroup(Repair *r, const Group *old, const NodeList *nodes) {
    Fusion *fusion = r->fusion;
    for (int i = 0; i < nodes->count; i++) fusion_remove(fusion, nodes->items[i]);
    bool walks_rows = old->kind == GROUP_ROWS || old->kind == GROUP_CONTRACTION;
    GroupKind kind = walks_rows && old->domain.batched ? GROUP_ROWS : GROUP_STORAGE;
    Group *group = fusion_new_group(fusion, kind, &old->domain);
    for (int i = 0; i < nodes->count; i++) fusion_join(fusion, group, nodes->items[i]);
    if (old->kind != GROUP_REDUCE && is_legal(r, group)) return;
    for (int i = 0; i < nodes->count; i++) {
        fusion_remove(fusion, nodes->items[i]);
        give_own_group(r, nodes->items[i]);
    }
}

static void move_assigns(Repair *r, Group *group, const NodeList *assigns) {
    for (int i = 0; i < assigns->count; i++)
        fusion_move_assign(r->fusion, group, assigns->items[i]);
}

// Effects alone wait for each other by the weights that their values are made of: what is assigned
// is stored first.
static void store_assigned(Repair *r, const Group *group) {
    bool found = false;
    for (int i = 0; i < group->assigns.count; i++) {
        Node *value = schedule_source(group->assigns.items[i]->inputs[0]);
        bool has_group = r->fusion->schedule->group_of[value->id] >= 0;
        if (has_group || value->op->fuse == FUSE_LEAF) continue;
        give_own_group(r, value);
        found = true;
    }
    if (!found) nn_ice("fuse", "the groups depend on each other in a circle");
}

// What waits for other groups of the component is computed apart from what they wait for.
static void divide(Repair *r, Components *c, Group *group) {
    Fusion *fusion = r->fusion;
    NodeList late = {0}, early = {0}, late_assigns = {0}, early_assigns = {0};
    fusion_sort_members(group);
    for (int i = 0; i < group->nodes.count; i++) {
        Node *node = group->nodes.items[i];
        c->is_late[node->id] = reads_component(c, node, group->id);
        vec_push(fusion->arena, c->is_late[node->id] ? &late : &early, node);
    }
    for (int i = 0; i < group->assigns.count; i++) {
        Node *assign = group->assigns.items[i];
        bool waits = assign_waits(c, assign, group->id);
        vec_push(fusion->arena, waits ? &late_assigns : &early_assigns, assign);
    }
    if (!group->nodes.count) {
        store_assigned(r, group);
    } else if (!early.count) {
        move_assigns(r, group, &early_assigns);
    } else {
        bool anchor_is_late = group->anchor && c->is_late[group->anchor->id];
        move_assigns(r, group, &late_assigns);
        if (late.count) regroup(r, group, anchor_is_late ? &early : &late);
    }
    for (int i = 0; i < late.count; i++) c->is_late[late.items[i]->id] = false;
}

// The group of each component's first node: that one waits for nothing in the component.
static Group **first_groups(const Repair *r, const Components *c) {
    const Fusion *fusion = r->fusion;
    Group **first = ARENA_ARRAY(fusion->arena, Group *, c->count + 1);
    for (int i = fusion->graph->nodes.count - 1; i >= 0; i--) {
        int group = fusion->schedule->group_of[i];
        if (group >= 0) first[c->component[group]] = group_at(r, group);
    }
    return first;
}

static void divide_circles(Repair *r) {
    Components c = find_components(r);
    int *sizes = ARENA_ARRAY(r->fusion->arena, int, c.count + 1);
    Group **first = first_groups(r, &c);
    for (int i = 0; i < c.groups; i++) sizes[c.component[i]]++;
    for (int i = 0; i < c.count; i++) {
        if (sizes[i] < 2) continue;
        if (!first[i]) nn_ice("fuse", "a circle of groups without nodes");
        divide(r, &c, first[i]);
        r->changed = true;
    }
}

void fusion_legalize(Fusion *fusion) {
    Repair repair = {.fusion = fusion,
                     .legality = legal_create(fusion->schedule, fusion->arena),
                     .is_alone = ARENA_ARRAY(fusion->arena, bool, fusion->graph->nodes.count + 1)};
    do {
        repair.changed = false;
        repair_all(&repair);
        divide_circles(&repair);
    } while (repair.changed);
}
