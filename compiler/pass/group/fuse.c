// Fusion: which nodes are computed together. Contractions and reductions anchor groups; an
// elementwise node joins the latest group that one of its inputs is in (so bias, activation and
// optimizer become epilogues), and then sinks into the group of its only users where that saves a
// buffer (so the derivative of an activation is computed where it is multiplied). Groups over the
// same rows merge, and so do those over the same weights. What a step
// leaves that cannot be computed so, or waits for itself, is mended at the end (legalize.c).
#include "fusion.h"
#include "touched.h"

#include <stdlib.h>

static int group_of(const Fusion *fusion, Node *node) {
    return fusion->schedule->group_of[schedule_source(node)->id];
}

static bool is_computed(const Node *node) {
    FuseClass fuse = node->op->fuse;
    return fuse != FUSE_LEAF && fuse != FUSE_MOVEMENT && fuse != FUSE_EFFECT;
}

static void collect_users(Fusion *fusion) {
    for (int i = 0; i < fusion->graph->nodes.count; i++) {
        Node *user = fusion->graph->nodes.items[i];
        if (user->op->fuse == FUSE_MOVEMENT) continue;
        for (int k = 0; k < user->input_count; k++)
            vec_push(fusion->arena, &fusion->users[schedule_source(user->inputs[k])->id], user);
    }
}

// ---- Paths between groups. A group's level is above those of the groups that it reads, so that
// what is asked for is soon out of reach. New groups stay away from what they read: when that
// rises, the groups behind need not.

enum { LEVELS_APART = 256 };

// The lowest level that a reader of `node` can have.
static int level_above(const Fusion *fusion, const Node *node) {
    int own = fusion->schedule->group_of[node->id];
    if (own >= 0) return fusion->groups.items[own]->level + 1;
    return fusion->levels[node->id];
}

static int level_of_inputs(const Fusion *fusion, const Node *node, int group) {
    int level = 0;
    for (int i = 0; i < node->input_count; i++) {
        const Node *input = schedule_source(node->inputs[i]);
        if (fusion->schedule->group_of[input->id] == group && group >= 0) continue;
        int above = level_above(fusion, input);
        if (above > level) level = above;
    }
    return level;
}

static void raise_users(Fusion *fusion, const Node *node, int level);

static void raise_group(Fusion *fusion, Group *group, int level) {
    // Where groups wait for each other, which legalize.c mends, levels have no end.
    if (level <= group->level || group->is_rising) return;
    group->level = level;
    group->is_rising = true;
    for (int i = 0; i < group->nodes.count; i++)
        raise_users(fusion, group->nodes.items[i], level + 1);
    group->is_rising = false;
}

static void raise_users(Fusion *fusion, const Node *node, int level) {
    const NodeList *users = &fusion->users[node->id];
    int home = fusion->schedule->group_of[node->id];
    for (int i = 0; i < users->count && users->items[i]->id < fusion->placed; i++) {
        const Node *user = users->items[i];
        int own = fusion->schedule->group_of[user->id];
        if (own == home && own >= 0) continue;
        if (own >= 0) {
            raise_group(fusion, fusion->groups.items[own], level);
        } else if (fusion->levels[user->id] < level) {
            fusion->levels[user->id] = level;
            raise_users(fusion, user, level);
        }
    }
}

// Whether `node` can only be computed after the whole of `group`.
static bool depends_on(const Fusion *fusion, const Node *node, const Group *group);

static bool inputs_depend_on(const Fusion *fusion, const Node *node, const Group *group) {
    for (int i = 0; i < node->input_count; i++)
        if (depends_on(fusion, schedule_source(node->inputs[i]), group)) return true;
    return false;
}

static bool depends_on(const Fusion *fusion, const Node *node, const Group *group) {
    if (fusion->stamps[node->id] == fusion->stamp) return false;
    fusion->stamps[node->id] = fusion->stamp;
    int own = fusion->schedule->group_of[node->id];
    if (own == group->id) return true;
    if (level_above(fusion, node) <= group->level + (own >= 0)) return false;
    if (own < 0) return inputs_depend_on(fusion, node, group);
    const Group *members = fusion->groups.items[own];
    for (int i = 0; i < members->nodes.count; i++)
        if (inputs_depend_on(fusion, members->nodes.items[i], group)) return true;
    return false;
}

// Whether `node`'s inputs, other than those in `group` itself, need `group` to be finished.
bool fusion_makes_cycle(Fusion *fusion, const Node *node, int group) {
    fusion->stamp++;
    for (int i = 0; i < node->input_count; i++) {
        const Node *input = schedule_source(node->inputs[i]);
        bool is_inside = fusion->schedule->group_of[input->id] == group;
        // A sum over the samples is there when its group is finished.
        if (is_inside ? schedule_is_chunked(input)
                      : depends_on(fusion, input, fusion->groups.items[group]))
            return true;
    }
    return false;
}

bool fusion_is_by_blas(const Schedule *schedule, const Node *anchor) {
    if (!op_is_matrix_product(anchor) || op_product_kind(anchor) == PRODUCT_PAIRS ||
        schedule->scan || op_is_in_int8(anchor))
        return false;
    const Layout *layout = schedule->layout;
    const Node *right = schedule_source(anchor->inputs[1]);
    if (right->parameter) return layout->parameters[right->parameter->index].by_blas;
    // As the layout of these weights was chosen.
    int own = schedule->buffers[anchor->id].parameter;
    if (own >= 0) return layout->parameters[own].by_blas;
    return layout_prefers_blas(&layout->machine, layout->contraction, layout->batch,
                               anchor->type.dims[0], type_last(&anchor->type));
}

// It is added up over the samples, so nothing can follow it tile by tile.
static bool is_kernel_gradient(const Node *anchor) {
    return op_is_convolution(anchor) && !anchor->type.batched;
}

// Rows of no sample, in tiles of rows: what follows is small, and may lie in another order.
static bool is_table(const Node *anchor) {
    return op_is_table_product(anchor) && op_product_kind(anchor) != PRODUCT_WEIGHTS;
}

bool fusion_takes_epilogue(const Schedule *schedule, const Node *anchor) {
    return !fusion_is_by_blas(schedule, anchor) && !is_kernel_gradient(anchor) && !is_table(anchor);
}

static bool fits(const Schedule *schedule, const Group *group, const Node *node) {
    const Type *type = &node->type;
    switch (group->kind) {
    case GROUP_CONTRACTION:
        return fusion_takes_epilogue(schedule, group->anchor) &&
               type->batched == group->domain.batched && domain_is_full(type, &group->domain) &&
               domain_computes(schedule, node, &group->domain) &&
               domain_joins(schedule, group, node);
    case GROUP_ROWS: return domain_fits_rows(schedule, group, node);
    case GROUP_COLUMNS:
    case GROUP_STORAGE:
        return type_equal(type, &group->domain) && domain_computes(schedule, node, &group->domain);
    default: return false;
    }
}

// ---- Building groups.

static void set_domain(Group *group, const Type *domain) {
    group->domain = *domain;
    group->width = type_last(domain);
    group->lead = type_elements(domain) / type_last(domain);
}

Group *fusion_new_group(Fusion *fusion, GroupKind kind, const Type *domain) {
    Group *group = ARENA_NEW(fusion->arena, Group);
    group->id = fusion->groups.count;
    group->kind = kind;
    set_domain(group, domain);
    vec_push(fusion->arena, &fusion->groups, group);
    return group;
}

void fusion_join(Fusion *fusion, Group *group, Node *node) {
    vec_push(fusion->arena, &group->nodes, node);
    fusion->schedule->group_of[node->id] = group->id;
    int level = level_of_inputs(fusion, node, group->id);
    bool is_new = group->nodes.count == 1 && level > 0;
    raise_group(fusion, group, is_new ? level + LEVELS_APART - 1 : level);
    raise_users(fusion, node, group->level + 1);
}

// All at once: half of them here and half there would wait for each other.
void fusion_absorb(Fusion *fusion, Group *group, Group *other) {
    int level = other->level;
    for (int i = 0; i < other->nodes.count; i++) {
        vec_push(fusion->arena, &group->nodes, other->nodes.items[i]);
        fusion->schedule->group_of[other->nodes.items[i]->id] = group->id;
    }
    other->nodes.count = 0;
    for (int i = 0; i < group->nodes.count; i++) {
        int needed = level_of_inputs(fusion, group->nodes.items[i], group->id);
        if (needed > level) level = needed;
    }
    raise_group(fusion, group, level);
    for (int i = 0; i < group->nodes.count; i++)
        raise_users(fusion, group->nodes.items[i], group->level + 1);
}

static Group *new_group(Fusion *fusion, GroupKind kind, Node *node, const Type *domain) {
    Group *group = fusion_new_group(fusion, kind, domain);
    fusion_join(fusion, group, node);
    return group;
}

// The latest group among those of the inputs that may take `node`, or NULL.
static Group *latest_fitting(Fusion *fusion, Node *node, bool rows_only) {
    Group *best = NULL;
    for (int i = 0; i < node->input_count; i++) {
        int index = group_of(fusion, node->inputs[i]);
        if (index < 0) continue;
        Group *group = fusion->groups.items[index];
        if (best && group->id <= best->id) continue;
        if (rows_only && group->kind != GROUP_ROWS) continue;
        if (!node->again != !group->nodes.items[0]->again) continue; // each has its time
        if (fits(fusion->schedule, group, node) && !fusion_makes_cycle(fusion, node, index))
            best = group;
    }
    return best;
}

bool fusion_reads_memory(const Fusion *fusion, const Node *user) {
    return schedule_reads_memory(user) || fusion->schedule->buffers[user->id].is_joined;
}

// Values that must lie in memory: what a contraction reads and what leaves the function.
static bool must_be_stored(const Fusion *fusion, const Node *node) {
    const NodeList *users = &fusion->users[node->id];
    for (int i = 0; i < users->count; i++)
        if (fusion_reads_memory(fusion, users->items[i])) return true;
    return fusion_is_output(fusion->graph, node) && node->type.batched;
}

static Group *reducing_group(Fusion *fusion, Node *node) {
    Group *group = latest_fitting(fusion, node, true);
    return group && domain_same_dims(&group->domain, &node->inputs[0]->type) ? group : NULL;
}

// The group that computes the summands of a sum over the samples, if it can add them up too.
static Group *summing_group(Fusion *fusion, Node *node) {
    int index = group_of(fusion, node->inputs[0]);
    if (index < 0) return NULL;
    Group *group = fusion->groups.items[index];
    const Node *source = schedule_source(node->inputs[0]);
    bool sums =
        group->kind == GROUP_ROWS || (group->kind == GROUP_CONTRACTION &&
                                      op_is_convolution(group->anchor) && group->domain.batched);
    bool fits = sums && domain_same_dims(&group->domain, &node->inputs[0]->type) &&
                domain_is_full(&source->type, &group->domain) &&
                schedule_same_place(&node->inputs[0]->type, &source->type, &group->domain);
    return fits && !schedule_is_chunked(source) ? group : NULL;
}

// A group of its own, which can compute every node whose operands are stored.
void fusion_place_alone(Fusion *fusion, Node *node) {
    const Type *input = node->input_count ? &node->inputs[0]->type : NULL;
    bool is_part = node->op->fuse == FUSE_REDUCTION || node->op->fuse == FUSE_REDUCE_AXIS;
    GroupKind elements = node->type.batched ? GROUP_ROWS : GROUP_STORAGE;
    if (is_part && !input->batched) {
        new_group(fusion, GROUP_PLACES, node, input)->anchor = node;
        return;
    }
    switch (node->op->fuse) {
    case FUSE_CONTRACTION:
        new_group(fusion, GROUP_CONTRACTION, node, &node->type)->anchor = node;
        break;
    case FUSE_SCAN: new_group(fusion, GROUP_SCAN, node, &node->type)->anchor = node; break;
    case FUSE_LAYOUT: new_group(fusion, GROUP_LAYOUT, node, &node->type)->anchor = node; break;
    case FUSE_REDUCE_ALL: new_group(fusion, GROUP_REDUCE, node, &node->type)->anchor = node; break;
    case FUSE_REDUCE_AXIS: new_group(fusion, GROUP_AXIS, node, &node->type)->anchor = node; break;
    case FUSE_REDUCE_BATCH:
        if (schedule_is_chunked(node))
            new_group(fusion, GROUP_ROWS, node, input);
        else
            new_group(fusion, GROUP_COLUMNS, node, &node->type)->anchor = node;
        break;
    case FUSE_REDUCTION: new_group(fusion, GROUP_ROWS, node, input); break;
    case FUSE_SCATTER: new_group(fusion, GROUP_SCATTER, node, &node->type)->anchor = node; break;
    case FUSE_GATHER: new_group(fusion, GROUP_ROWS, node, &node->type); break;
    case FUSE_ELEMENTWISE: new_group(fusion, elements, node, &node->type); break;
    default: break;
    }
}

// The group of others that computes the node with them; NULL: none.
static Group *fitting_group(Fusion *fusion, Node *node) {
    switch (node->op->fuse) {
    case FUSE_REDUCE_BATCH: return schedule_is_chunked(node) ? summing_group(fusion, node) : NULL;
    case FUSE_REDUCTION: return reducing_group(fusion, node);
    case FUSE_RESULT: return fusion->groups.items[group_of(fusion, node->inputs[0])];
    case FUSE_ELEMENTWISE: return latest_fitting(fusion, node, false);
    default: return NULL;
    }
}

static void place(Fusion *fusion, Node *node) {
    fusion->placed = node->id + 1;
    fusion->levels[node->id] = level_of_inputs(fusion, node, -1);
    // Computed where it is assigned, or summed.
    if (fusion->schedule->touching[node->id] || fusion->schedule->normed[node->id]) return;
    if (inline_is_free(fusion, node) && !must_be_stored(fusion, node)) return;
    if (fusion->schedule->buffers[node->id].is_joined) {
        new_group(fusion, GROUP_JOIN, node, &node->type)->anchor = node;
        return;
    }
    Group *group = fitting_group(fusion, node);
    if (group)
        fusion_join(fusion, group, node);
    else
        fusion_place_alone(fusion, node);
}

// ---- Sinking.

bool fusion_is_output(const Graph *graph, const Node *node) {
    for (int i = 0; graph_told(graph, i); i++)
        if (schedule_source(graph_told(graph, i)) == node) return true;
    for (int i = 0; i < graph->outputs.count; i++)
        if (schedule_source(graph->outputs.items[i]) == node) return true;
    return false;
}

// The one group in which all users of `node` are, or -1.
static int only_user_group(const Fusion *fusion, const Node *node) {
    const NodeList *users = &fusion->users[node->id];
    int found = -1;
    for (int i = 0; i < users->count; i++) {
        int group = fusion->schedule->group_of[users->items[i]->id];
        if (group < 0 || (found >= 0 && found != group)) return -1;
        found = group;
    }
    return found;
}

static bool is_read_outside(const Fusion *fusion, const Node *node, int group) {
    const NodeList *users = &fusion->users[node->id];
    for (int i = 0; i < users->count; i++)
        if (fusion->schedule->group_of[users->items[i]->id] != group) return true;
    return false;
}

bool fusion_used_outside(const Fusion *fusion, const Node *node, int group) {
    return is_read_outside(fusion, node, group) || fusion_is_output(fusion->graph, node);
}

// Whether a sum over a parameter's storage can compute the summands itself.
static bool can_sum(const Fusion *fusion, const Group *group, const Node *node) {
    const Type *summand = &group->anchor->inputs[0]->type;
    return type_equal(&node->type, summand) && domain_computes(fusion->schedule, node, summand);
}

// Whether `group` can compute `node` as a step of its own: a contraction cannot compute its
// operands.
static bool can_host(const Fusion *fusion, const Group *group, const Node *node) {
    const NodeList *users = &fusion->users[node->id];
    if (group->kind == GROUP_REDUCE) return can_sum(fusion, group, node);
    for (int i = 0; i < users->count; i++) {
        const Node *user = users->items[i];
        if (user == group->anchor) return false;
        for (int k = 0; k < user->input_count; k++)
            if (schedule_source(user->inputs[k]) == node &&
                !schedule_same_place(&user->inputs[k]->type, &node->type, &group->domain))
                return false;
    }
    if (group->kind == GROUP_ROWS || group->kind == GROUP_CONTRACTION)
        return fits(fusion->schedule, group, node);
    return false;
}

// Whether `node` can be had outside `home` without a buffer that would not exist anyway.
static bool is_free_outside(const Fusion *fusion, Node *node, int home, const Node *user) {
    node = schedule_source(node);
    int group = fusion->schedule->group_of[node->id];
    if (group != home) return true;
    if (fusion_used_outside(fusion, node, home)) return true;
    const Group *owner = fusion->groups.items[home];
    if (node == owner->anchor || node->op->fuse != FUSE_ELEMENTWISE) return false;
    const NodeList *users = &fusion->users[node->id];
    if (users->count != 1 || users->items[0] != user) return false;
    for (int i = 0; i < node->input_count; i++)
        if (!is_free_outside(fusion, node->inputs[i], home, node)) return false;
    return true;
}

bool fusion_is_empty(const Group *group) {
    return group->nodes.count + group->assigns.count == 0;
}

static void remove_from_group(Group *group, const Node *node) {
    int kept = 0;
    for (int i = 0; i < group->nodes.count; i++)
        if (group->nodes.items[i] != node) group->nodes.items[kept++] = group->nodes.items[i];
    group->nodes.count = kept;
}

void fusion_remove(Fusion *fusion, const Node *node) {
    int home = fusion->schedule->group_of[node->id];
    if (home < 0) return;
    remove_from_group(fusion->groups.items[home], node);
    fusion->schedule->group_of[node->id] = -1;
    fusion->levels[node->id] = fusion->groups.items[home]->level;
}

static bool sink(Fusion *fusion, Node *node) {
    int home = fusion->schedule->group_of[node->id];
    if (home < 0 || node->op->fuse != FUSE_ELEMENTWISE || fusion_is_output(fusion->graph, node))
        return false;
    Group *owner = fusion->groups.items[home];
    int target = only_user_group(fusion, node);
    if (target < 0 || target == home || owner->kind == GROUP_STORAGE) return false;
    if (!can_host(fusion, fusion->groups.items[target], node)) return false;
    for (int i = 0; i < node->input_count; i++)
        if (!is_free_outside(fusion, node->inputs[i], home, node)) return false;
    remove_from_group(owner, node);
    fusion_join(fusion, fusion->groups.items[target], node);
    return true;
}

// ---- Effects and what is stored.

// The numbers that a step tells, in one group: the loss is made of others.
static void place_told(Fusion *fusion) {
    Group *group = NULL;
    for (int i = 0; graph_told(fusion->graph, i); i++) {
        Node *number = schedule_source(graph_told(fusion->graph, i));
        if (fusion->schedule->group_of[number->id] >= 0) continue; // told twice
        if (group)
            fusion_join(fusion, group, number);
        else
            group = new_group(fusion, GROUP_SCALAR, number, &number->type);
    }
}

// ---- The result.

static int compare_ids(const void *a, const void *b) {
    return (*(Node *const *)a)->id - (*(Node *const *)b)->id;
}

void fusion_sort_members(Group *group) {
    if (group->nodes.count)
        qsort(group->nodes.items, (size_t)group->nodes.count, sizeof(Node *), compare_ids);
}

static void keep_groups(Fusion *fusion) {
    Schedule *schedule = fusion->schedule;
    int *renumbered = ARENA_ARRAY(fusion->arena, int, fusion->groups.count + 1);
    for (int i = 0; i < fusion->groups.count; i++) {
        Group *group = fusion->groups.items[i];
        renumbered[i] = schedule->groups.count;
        if (fusion_is_empty(group)) continue;
        group->id = schedule->groups.count;
        group->partition = fusion_partition(schedule, group);
        fusion_sort_members(group);
        vec_push(fusion->arena, &schedule->groups, group);
    }
    for (int i = 0; i < fusion->graph->nodes.count; i++)
        if (schedule->group_of[i] >= 0) schedule->group_of[i] = renumbered[schedule->group_of[i]];
}

// A number that a step tells is stored only where the loss, which has penalties, is made of it.
static void mark_stored(Fusion *fusion) {
    Schedule *schedule = fusion->schedule;
    for (int i = 0; i < fusion->graph->nodes.count; i++) {
        Node *node = fusion->graph->nodes.items[i];
        int group = schedule->group_of[i];
        if (!is_computed(node) || group < 0) continue;
        const Group *own = schedule->groups.items[group];
        bool is_told = own->kind == GROUP_SCALAR;
        bool is_kept = node == own->anchor && touched_keeps_sums(schedule, own);
        schedule->buffers[i].is_stored =
            !is_kept && (is_told ? is_read_outside(fusion, node, group)
                                 : fusion_used_outside(fusion, node, group));
    }
}

static void fuse_bodies(Schedule *schedule, Arena *arena);

static Schedule *fuse(Graph *graph, Arena *arena, const Layout *layout, int64_t batch,
                      bool is_single, const Scan *scan) {
    Schedule *schedule = ARENA_NEW(arena, Schedule);
    schedule->is_single = is_single;
    schedule->separates = graph->spares_memory;
    schedule->scan = scan;
    schedule->graph = graph;
    schedule->layout = layout;
    schedule->batch = batch;
    int count = graph->nodes.count;
    schedule->group_of = ARENA_ARRAY(arena, int, count + 1);
    for (int i = 0; i < count; i++) schedule->group_of[i] = -1;
    schedule->buffers = ARENA_ARRAY(arena, Buffer, count + 1);
    schedule->visited = ARENA_ARRAY(arena, int, count + 1);
    schedule_find_storages(schedule);
    chunks_choose(schedule);
    touched_find(schedule);
    Fusion fusion = {.schedule = schedule, .graph = graph, .arena = arena};
    fusion.users = ARENA_ARRAY(arena, NodeList, count + 1);
    fusion.levels = ARENA_ARRAY(arena, int, count + 1);
    fusion.stamps = ARENA_ARRAY(arena, int, count + 1);
    fusion.feeds_samples = ARENA_ARRAY(arena, bool, count + 1);
    collect_users(&fusion);
    inline_find_vectors(&fusion);
    fusion_find_joined(&fusion);
    for (int i = 0; i < count; i++) place(&fusion, graph->nodes.items[i]);
    fusion_merge_groups(&fusion);
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = count - 1; i >= 0; i--) changed |= sink(&fusion, graph->nodes.items[i]);
    }
    fusion_merge_groups(&fusion);
    inline_cheap_values(&fusion);
    for (int i = 0; i < graph->assigns.count; i++)
        fusion_place_assign(&fusion, graph->assigns.items[i]);
    place_told(&fusion);
    fusion_legalize(&fusion);
    keep_groups(&fusion);
    mark_stored(&fusion);
    fusion_find_guests(schedule);
    chunks_count(schedule);
    fuse_bodies(schedule, arena);
    return schedule;
}

// Workers have their samples for all steps: no group of a body waits for another worker.
static void fuse_bodies(Schedule *schedule, Arena *arena) {
    for (int i = 0; i < schedule->groups.count; i++) {
        Group *group = schedule->groups.items[i];
        if (group->kind != GROUP_SCAN) continue;
        Scan *scan = group->anchor->scan;
        group->body = fuse(scan->body, arena, schedule->layout, schedule->batch, false, scan);
        group->body->chunks = schedule->chunks;
        pass_schedule(group->body);
        for (int k = 0; k < group->body->groups.count; k++)
            if (group->body->groups.items[k]->partition != PARTITION_ROWS)
                nn_ice("fuse", "a group within a scan is not divided by samples");
    }
}

Schedule *pass_fuse(Graph *graph, Arena *arena, const Layout *layout, int64_t batch) {
    return fuse(graph, arena, layout, batch, false, NULL);
}

// A sum over samples is nothing that workers could divide with a sample.
static bool sums_samples(const Graph *graph) {
    for (int i = 0; i < graph->nodes.count; i++) {
        FuseClass fuse = graph->nodes.items[i]->op->fuse;
        if (fuse == FUSE_REDUCE_BATCH || fuse == FUSE_SCATTER) return true;
    }
    return false;
}

Schedule *pass_fuse_single(Graph *graph, Arena *arena, const Layout *layout) {
    return fuse(graph, arena, layout, 1, !sums_samples(graph), NULL);
}
