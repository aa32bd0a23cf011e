// Order, barriers and memory. Groups run in a list schedule that prefers what every worker can do
// on its own samples, so that a training step has two barriers: before the weight gradients and at
// the end. The arena is planned over phases (the stretches between barriers), because within one
// the workers are not in step with each other.
#include "schedule.h"

#include <stdlib.h>

enum { LINE = 16, SLACK = 16 }; // floats: a cache line; what vector loads may read past the end

// Floats of one value; more is as good as infinite (pipeline_fits says so), and sums do not
// overflow.
static const int64_t LARGEST = (int64_t)1 << 46;

// ---- Dependencies between groups.

typedef struct Ordering {
    Schedule *schedule;
    bool *edges; // [before * count + after]
    int count;
} Ordering;

static void add_edge(Ordering *ordering, int before, int after) {
    if (before >= 0 && before != after) ordering->edges[before * ordering->count + after] = true;
}

static void add_inputs(Ordering *ordering, const Node *node, int group) {
    for (int i = 0; i < node->input_count; i++) {
        Node *input = schedule_source(node->inputs[i]);
        int source = ordering->schedule->group_of[input->id];
        if (source >= 0)
            add_edge(ordering, source, group);
        else
            add_inputs(ordering, input, group);
    }
}

typedef void LeafVisitor(Node *leaf, void *state);

// Calls `visit` for every leaf and every stored value of another group that `node` reads.
static void visit_reads(const Schedule *schedule, Node *node, int group, LeafVisitor *visit,
                        void *state) {
    for (int i = 0; i < node->input_count; i++) {
        Node *input = schedule_source(node->inputs[i]);
        int source = schedule->group_of[input->id];
        if (input->op->fuse == FUSE_LEAF || (source >= 0 && source != group))
            visit(input, state);
        else if (source < 0)
            visit_reads(schedule, input, group, visit, state);
    }
}

static void visit_group_reads(const Schedule *schedule, const Group *group, LeafVisitor *visit,
                              void *state) {
    for (int i = 0; i < group->nodes.count; i++)
        visit_reads(schedule, group->nodes.items[i], group->id, visit, state);
    for (int i = 0; i < group->assigns.count; i++)
        visit_reads(schedule, group->assigns.items[i], group->id, visit, state);
}

static bool writes(const Group *group, const Node *leaf) {
    for (int i = 0; i < group->assigns.count; i++) {
        const Node *assign = group->assigns.items[i];
        if (leaf->parameter && assign->parameter == leaf->parameter) return true;
        if (leaf->slot && assign->slot == leaf->slot) return true;
    }
    return false;
}

typedef struct ReaderState {
    Ordering *ordering;
    int reader;
} ReaderState;

// The old value is read before the new one is written.
static void order_reader(Node *leaf, void *state) {
    ReaderState *reader = state;
    const Schedule *schedule = reader->ordering->schedule;
    for (int i = 0; i < schedule->groups.count; i++)
        if (writes(schedule->groups.items[i], leaf)) add_edge(reader->ordering, reader->reader, i);
}

static void collect_edges(Ordering *ordering) {
    const Schedule *schedule = ordering->schedule;
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        for (int k = 0; k < group->nodes.count; k++) add_inputs(ordering, group->nodes.items[k], i);
        for (int k = 0; k < group->assigns.count; k++)
            add_inputs(ordering, group->assigns.items[k], i);
        visit_group_reads(schedule, group, order_reader, &(ReaderState){ordering, i});
    }
}

// ---- The order.

static int preference(const Group *group) {
    if (group->partition == PARTITION_ROWS) return 0;
    return group->assigns.count ? 2 : 1;
}

static int next_ready(const Ordering *ordering, const bool *done) {
    const Schedule *schedule = ordering->schedule;
    int best = -1;
    for (int i = 0; i < ordering->count; i++) {
        if (done[i]) continue;
        bool ready = true;
        for (int k = 0; k < ordering->count && ready; k++)
            ready = done[k] || !ordering->edges[k * ordering->count + i];
        if (!ready) continue;
        if (best < 0 ||
            preference(schedule->groups.items[i]) < preference(schedule->groups.items[best]))
            best = i;
    }
    return best;
}

// ---- Barriers.

typedef struct PhaseState {
    const Schedule *schedule;
    const Group *reader;
    bool needs_barrier;
} PhaseState;

static void check_read(Node *value, void *state) {
    PhaseState *phase = state;
    int source = phase->schedule->group_of[value->id];
    if (source < 0) return;
    const Group *writer = phase->schedule->groups.items[source];
    bool same_workers =
        writer->partition == phase->reader->partition && writer->partition != PARTITION_OUTPUT;
    if (writer->phase == phase->reader->phase && !same_workers) phase->needs_barrier = true;
}

typedef struct OverwriteState {
    const Group *writer;
    bool found;
} OverwriteState;

static void check_overwrite(Node *leaf, void *state) {
    OverwriteState *overwrite = state;
    overwrite->found |= writes(overwrite->writer, leaf);
}

static bool needs_barrier(const Schedule *schedule, const Group *group, int phase) {
    PhaseState state = {schedule, group, false};
    visit_group_reads(schedule, group, check_read, &state);
    OverwriteState overwrite = {group, false};
    for (int i = 0; i < group->id; i++) {
        const Group *earlier = schedule->groups.items[i];
        if (earlier->phase == phase)
            visit_group_reads(schedule, earlier, check_overwrite, &overwrite);
    }
    return state.needs_barrier || overwrite.found;
}

void pass_schedule(Schedule *schedule) {
    Arena *arena = schedule->graph->arena;
    int count = schedule->groups.count;
    Ordering ordering = {.schedule = schedule, .count = count};
    ordering.edges = ARENA_ARRAY(arena, bool, count *count + 1);
    collect_edges(&ordering);
    bool *done = ARENA_ARRAY(arena, bool, count + 1);
    Group **order = ARENA_ARRAY(arena, Group *, count + 1);
    int *place = ARENA_ARRAY(arena, int, count + 1);
    for (int i = 0; i < count; i++) {
        int next = next_ready(&ordering, done);
        if (next < 0) nn_ice("schedule", "the groups depend on each other in a circle");
        done[next] = true;
        place[next] = i;
        order[i] = schedule->groups.items[next];
    }
    for (int i = 0; i < count; i++) {
        schedule->groups.items[i] = order[i];
        order[i]->id = i;
    }
    for (int i = 0; i < schedule->graph->nodes.count; i++)
        if (schedule->group_of[i] >= 0) schedule->group_of[i] = place[schedule->group_of[i]];
    int phase = 0;
    for (int i = 0; i < count; i++) {
        Group *group = schedule->groups.items[i];
        group->phase = phase;
        if (needs_barrier(schedule, group, phase)) group->phase = ++phase;
    }
    schedule->phase_count = phase + 1;
}

// ---- Memory.

static int64_t round_up(int64_t value, int64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

// The parameter whose storage order a leaf has; -1: none.
static int leaf_parameter(const Node *node) {
    if (node->parameter) return node->parameter->index;
    return node->slot && node->slot->parameter ? node->slot->parameter->index : -1;
}

static bool is_like(const Node *node, const Type *type) {
    return !node->type.batched && type_equal(&node->type, type);
}

// Gives the node's value the storage order of `parameter`, if it has its type and none yet.
static bool give_order(Schedule *schedule, Node *node, int parameter) {
    Buffer *buffer = &schedule->buffers[node->id];
    const Type *type = &schedule->graph->parameters.items[parameter]->type;
    if (buffer->parameter >= 0 || !is_like(node, type)) return false;
    buffer->parameter = parameter;
    return true;
}

// Unbatched values of a parameter's type lie as the parameter does: gradients learn it from their
// users, updates from their operands. One round over the nodes; false when nothing changed.
static bool spread_orders(Schedule *schedule) {
    bool changed = false;
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        Node *node = schedule->graph->nodes.items[i];
        if (node->type.batched || node->op->fuse == FUSE_CONTRACTION) continue;
        if (node->op->fuse != FUSE_ELEMENTWISE && node->op->fuse != FUSE_EFFECT) continue;
        int own = schedule->buffers[node->id].parameter;
        if (node->op->fuse == FUSE_EFFECT) own = leaf_parameter(node);
        for (int k = 0; k < node->input_count && own < 0; k++)
            if (type_equal(&node->inputs[k]->type, &node->type))
                own = schedule->buffers[schedule_source(node->inputs[k])->id].parameter;
        if (own < 0) continue;
        changed |= give_order(schedule, node, own);
        for (int k = 0; k < node->input_count; k++)
            changed |= give_order(schedule, schedule_source(node->inputs[k]), own);
    }
    return changed;
}

static void find_storages(Schedule *schedule) {
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        const Node *node = schedule->graph->nodes.items[i];
        schedule->buffers[i].parameter = node->op->fuse == FUSE_LEAF ? leaf_parameter(node) : -1;
    }
    while (spread_orders(schedule)) continue;
}

// Contractions want the rows of samples with leading dimensions evenly spaced.
static bool feeds_rows(const Schedule *schedule, const Node *value) {
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        const Node *user = schedule->graph->nodes.items[i];
        if (user->op->fuse != FUSE_CONTRACTION) continue;
        for (int k = 0; k < user->input_count; k++)
            if (user->inputs[k]->type.rank > 1 && schedule_source(user->inputs[k]) == value)
                return true;
    }
    return false;
}

static void size_buffer(const Schedule *schedule, const Node *node, Buffer *buffer) {
    int64_t elements = type_elements(&node->type);
    if (!node->type.batched) {
        buffer->size = round_up(elements, LINE);
        if (buffer->parameter >= 0)
            buffer->size = schedule->layout->parameters[buffer->parameter].storage.size;
        return;
    }
    // A sample of rank 1 is padded to whole cache lines; of higher rank it is dense, so that its
    // rows are evenly spaced across samples.
    bool padded = node->type.rank <= 1 && elements > 1 && !feeds_rows(schedule, node);
    buffer->stride = padded ? round_up(elements, LINE) : elements;
    if (__builtin_mul_overflow(buffer->stride, schedule->batch, &buffer->size) ||
        buffer->size > LARGEST)
        buffer->size = LARGEST;
    buffer->size = round_up(buffer->size + SLACK, LINE);
}

typedef struct LifeState {
    Schedule *schedule;
    int phase;
} LifeState;

static void extend_life(Node *value, void *state) {
    LifeState *life = state;
    Buffer *buffer = &life->schedule->buffers[value->id];
    if (buffer->last_phase < life->phase) buffer->last_phase = life->phase;
}

static void find_lives(Schedule *schedule) {
    const Graph *graph = schedule->graph;
    for (int i = 0; i < schedule->groups.count; i++) {
        Group *group = schedule->groups.items[i];
        for (int k = 0; k < group->nodes.count; k++) {
            Buffer *buffer = &schedule->buffers[group->nodes.items[k]->id];
            buffer->first_phase = group->phase;
            if (buffer->last_phase < group->phase) buffer->last_phase = group->phase;
        }
        visit_group_reads(schedule, group, extend_life, &(LifeState){schedule, group->phase});
    }
    for (int i = 0; i < graph->outputs.count; i++)
        schedule->buffers[schedule_source(graph->outputs.items[i])->id].last_phase =
            schedule->phase_count - 1;
}

static int compare_sizes(const void *a, const void *b) {
    const PlanItem *x = *(PlanItem *const *)a, *y = *(PlanItem *const *)b;
    if (x->size != y->size) return x->size < y->size ? 1 : -1;
    return x < y ? -1 : x > y;
}

// The lowest offset at which `item` fits beside the placed items that live when it does.
static int64_t lowest_gap(PlanItem *const *placed, int count, const PlanItem *item) {
    int64_t offset = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < count; i++) {
            const PlanItem *other = placed[i];
            if (other->last < item->first || item->last < other->first) continue;
            if (other->offset + other->size <= offset || offset + item->size <= other->offset)
                continue;
            offset = other->offset + other->size;
            moved = true;
        }
    }
    return offset;
}

int64_t plan_offsets(PlanItem *items, int count, Arena *arena) {
    PlanItem **order = ARENA_ARRAY(arena, PlanItem *, count + 1);
    for (int i = 0; i < count; i++) order[i] = &items[i];
    if (count) qsort(order, (size_t)count, sizeof *order, compare_sizes);
    int64_t peak = 0;
    for (int i = 0; i < count; i++) {
        order[i]->offset = lowest_gap(order, i, order[i]);
        int64_t end = order[i]->offset + order[i]->size;
        if (end > peak) peak = end;
    }
    return peak;
}

void pass_plan(Schedule *schedule, Arena *arena) {
    find_storages(schedule);
    find_lives(schedule);
    int count = schedule->graph->nodes.count, used = 0;
    PlanItem *items = ARENA_ARRAY(arena, PlanItem, count + 1);
    for (int i = 0; i < count; i++) {
        Buffer *buffer = &schedule->buffers[i];
        if (!buffer->is_stored) continue;
        size_buffer(schedule, schedule->graph->nodes.items[i], buffer);
        // Gradients in a parameter's layout have gaps that must stay zero, as the arena begins.
        bool alone = buffer->parameter >= 0;
        items[used++] = (PlanItem){buffer->size, alone ? 0 : buffer->first_phase,
                                   alone ? schedule->phase_count - 1 : buffer->last_phase, 0};
    }
    schedule->arena_size = plan_offsets(items, used, arena);
    used = 0;
    for (int i = 0; i < count; i++)
        if (schedule->buffers[i].is_stored) schedule->buffers[i].offset = items[used++].offset;
}

// ---- Printing.

static const char *kind_name(GroupKind kind) {
    static const char *const names[] = {"contraction", "rows",   "axis",  "columns",
                                        "storage",     "reduce", "scalar"};
    return names[kind];
}

static const char *partition_name(Partition partition) {
    static const char *const names[] = {"samples", "outputs", "worker 0"};
    return names[partition];
}

static void print_group(Text *out, const Schedule *schedule, const Group *group) {
    text_format(out, "group %d: %s, %lld x %lld, split by %s\n", group->id, kind_name(group->kind),
                (long long)group->lead, (long long)group->width, partition_name(group->partition));
    for (int i = 0; i < group->nodes.count; i++) {
        const Node *node = group->nodes.items[i];
        text_format(out, "    %%%d %s%s", node->id, node->op->schema.name,
                    schedule->buffers[node->id].is_stored ? ", stored" : "");
        if (node->layer) text_format(out, "  # %s", node->layer->name);
        text_put(out, "\n");
    }
    for (int i = 0; i < group->assigns.count; i++) {
        const Node *assign = group->assigns.items[i];
        text_format(out, "    assign %s\n",
                    assign->parameter ? assign->parameter->name : assign->slot->name);
    }
}

void schedule_print_groups(Text *out, const Schedule *schedule) {
    text_format(out, "%s: %d groups in %d phases\n", schedule->graph->name, schedule->groups.count,
                schedule->phase_count);
    for (int i = 0; i < schedule->groups.count; i++) {
        if (i && schedule->groups.items[i]->phase != schedule->groups.items[i - 1]->phase)
            text_put(out, "barrier\n");
        print_group(out, schedule, schedule->groups.items[i]);
    }
}

void schedule_print_plan(Text *out, const Schedule *schedule) {
    text_format(out, "%s: arena of %lld bytes\n", schedule->graph->name,
                (long long)schedule->arena_size * 4);
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        const Buffer *buffer = &schedule->buffers[i];
        const Node *node = schedule->graph->nodes.items[i];
        if (!buffer->is_stored) continue;
        text_format(out, "    %%%d %s: %lld bytes at %lld, phases %d to %d\n", i,
                    node->op->schema.name, (long long)buffer->size * 4,
                    (long long)buffer->offset * 4, buffer->first_phase, buffer->last_phase);
    }
}
