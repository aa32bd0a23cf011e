// Order and barriers. Groups run in a list schedule: of those whose inputs are there, first the
// ones that need no barrier, and of these what every worker can do on its own samples. A training
// step of a dense network has two barriers: before the weight gradients and at the end.
#include "cost.h"

// ---- What holds for a node in every schedule.

Node *schedule_source(Node *node) {
    while (node->op->fuse == FUSE_MOVEMENT) node = node->inputs[0];
    return node;
}

bool schedule_reads_memory(const Node *user) {
    return user->op->fuse == FUSE_SCAN || op_is_matrix_product(user);
}

// ---- What a group reads.

typedef struct ReadsVisit {
    const Schedule *schedule;
    int group, number;
    ScheduleVisitor *visit;
    void *state;
} ReadsVisit;

static void visit_node_reads(const ReadsVisit *v, const Node *node) {
    for (int i = 0; i < node->input_count; i++) {
        Node *input = schedule_source(node->inputs[i]);
        int source = v->schedule->group_of[input->id];
        if (source == v->group || v->schedule->visited[input->id] == v->number) continue;
        v->schedule->visited[input->id] = v->number;
        if (input->op->fuse == FUSE_LEAF || source >= 0)
            v->visit(input, v->state);
        else
            visit_node_reads(v, input);
    }
}

void schedule_visit_reads(const Schedule *schedule, const Group *group, ScheduleVisitor *visit,
                          void *state) {
    int number = ++schedule->visited[schedule->graph->nodes.count];
    ReadsVisit v = {schedule, group->id, number, visit, state};
    for (int i = 0; i < group->nodes.count; i++) visit_node_reads(&v, group->nodes.items[i]);
    for (int i = 0; i < group->assigns.count; i++) visit_node_reads(&v, group->assigns.items[i]);
}

Dtype schedule_dtype(const Schedule *schedule, const Node *node) {
    return schedule->buffers[node->id].is_narrow ? DTYPE_BF16 : node->type.dtype;
}

int64_t schedule_sample_floats(const Schedule *schedule, const Node *node) {
    int64_t elements = type_elements(&node->type),
            bytes = dtype_bytes(schedule_dtype(schedule, node));
    return bytes == (int64_t)sizeof(float) ? elements
                                           : divide_up(elements * bytes, (int64_t)sizeof(float));
}

bool schedule_in_bfloat16(const Group *group) {
    if (group->kind == GROUP_CONTRACTION) return op_is_in_bfloat16(group->anchor);
    for (int i = 0; group->body && i < group->body->groups.count; i++)
        if (schedule_in_bfloat16(group->body->groups.items[i])) return true;
    return false;
}

bool schedule_is_in_int8(const Schedule *schedule) {
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        if (group->kind == GROUP_CONTRACTION && op_is_in_int8(group->anchor)) return true;
    }
    return false;
}

// ---- What is computed once, where a graph runs again and again.

// By node id: made of weights alone.
static const bool *find_made_of_weights(const Graph *graph) {
    bool *found = ARENA_ARRAY(graph->arena, bool, graph->nodes.count + 1);
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        LeafKind leaf = node->op->leaf;
        found[i] = !node->type.batched && !node->scan &&
                   (node->input_count || leaf == LEAF_PARAMETER || leaf == LEAF_CONSTANT);
        for (int k = 0; k < node->input_count; k++) found[i] &= found[node->inputs[k]->id];
    }
    return found;
}

static bool could_be_once(const Group *group, const bool *of_weights) {
    if (group->partition == PARTITION_ROWS || group->body || group->assigns.count) return false;
    for (int i = 0; i < group->nodes.count; i++)
        if (!of_weights[group->nodes.items[i]->id]) return false;
    return true;
}

typedef struct OnceState {
    const Schedule *schedule;
    bool waits; // for a group that is not computed once
} OnceState;

static void look_for_waiting(Node *value, void *state) {
    OnceState *once = state;
    int source = once->schedule->group_of[value->id];
    if (source >= 0 && !once->schedule->groups.items[source]->is_once) once->waits = true;
}

static void mark_once(Schedule *schedule) {
    const bool *of_weights = find_made_of_weights(schedule->graph);
    for (int i = 0; i < schedule->groups.count; i++)
        schedule->groups.items[i]->is_once = could_be_once(schedule->groups.items[i], of_weights);
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < schedule->groups.count; i++) {
            Group *group = schedule->groups.items[i];
            OnceState state = {schedule, false};
            if (group->is_once) schedule_visit_reads(schedule, group, look_for_waiting, &state);
            if (state.waits) group->is_once = false, changed = true;
        }
    }
}

bool schedule_has_once(const Schedule *schedule) {
    for (int i = 0; i < schedule->groups.count; i++)
        if (schedule->groups.items[i]->is_once) return true;
    return false;
}

bool schedule_is_ready(const Group *writer, const Group *reader) {
    return writer->is_once && !reader->is_once;
}

// ---- Dependencies.

enum { NEVER = -1 };

typedef VEC(int) GroupList;

// Weights and optimizer state have a number each, parameters first.
typedef struct Ordering {
    Schedule *schedule;
    Arena *arena;
    int *writer;           // by number of weights: the group that assigns them; NEVER: none
    int *read_phase;       // by number of weights: the last phase that read them
    GroupList *successors; // by group: those that wait for it
    int *waits_for;        // by group: how many of its predecessors are still to come
    int *phase;            // by group: its phase, once it is placed
    int *blocked;          // by group: the last phase that it cannot be in
    int *readers;          // by node id: groups that are still to read it; outputs have one more
} Ordering;

int schedule_weights_of(const Schedule *schedule, const Node *node) {
    if (node->slot) return schedule->graph->weights->parameters.count + node->slot->index;
    return node->parameter ? node->parameter->index : NEVER;
}

static void add_edge(Ordering *ordering, int before, int after) {
    if (before == NEVER || after == NEVER || before == after) return;
    vec_push(ordering->arena, &ordering->successors[before], after);
    ordering->waits_for[after]++;
}

typedef struct EdgeState {
    Ordering *ordering;
    int reader;
} EdgeState;

// A value is there before it is read, and weights are read before they get their new value.
static void order_read(Node *value, void *state) {
    EdgeState *edge = state;
    const Schedule *schedule = edge->ordering->schedule;
    int weights = schedule_weights_of(schedule, value);
    if (weights != NEVER)
        add_edge(edge->ordering, edge->reader, edge->ordering->writer[weights]);
    else
        add_edge(edge->ordering, schedule->group_of[value->id], edge->reader);
}

static int *filled(Arena *arena, int count, int value) {
    int *items = ARENA_ARRAY(arena, int, count + 1);
    for (int i = 0; i < count; i++) items[i] = value;
    return items;
}

static Ordering collect_edges(Schedule *schedule) {
    Arena *arena = schedule->graph->arena;
    int count = schedule->groups.count;
    int weights = schedule->graph->weights->parameters.count + schedule->graph->slots.count;
    Ordering ordering = {.schedule = schedule, .arena = arena};
    ordering.writer = filled(arena, weights, NEVER);
    ordering.read_phase = filled(arena, weights, NEVER);
    ordering.phase = filled(arena, count, NEVER);
    ordering.blocked = filled(arena, count, NEVER);
    ordering.waits_for = filled(arena, count, 0);
    ordering.successors = ARENA_ARRAY(arena, GroupList, count + 1);
    for (int i = 0; i < count; i++) {
        const Group *group = schedule->groups.items[i];
        for (int k = 0; k < group->assigns.count; k++)
            ordering.writer[schedule_weights_of(schedule, group->assigns.items[k])] = i;
    }
    for (int i = 0; i < count; i++)
        schedule_visit_reads(schedule, schedule->groups.items[i], order_read,
                             &(EdgeState){&ordering, i});
    return ordering;
}

// ---- Barriers.

typedef struct PhaseState {
    const Ordering *ordering;
    const Group *reader;
    int phase;
    bool found;
} PhaseState;

// Whether the value is written in the same phase, maybe by another worker.
static void check_read(Node *value, void *state) {
    PhaseState *read = state;
    const Schedule *schedule = read->ordering->schedule;
    int source = schedule->group_of[value->id];
    if (source < 0 || read->ordering->phase[source] != read->phase) return;
    const Group *writer = schedule->groups.items[source];
    bool same_workers = writer->partition == read->reader->partition &&
                        writer->partition != PARTITION_OUTPUT && !schedule_is_chunked(value);
    if (!same_workers && !schedule_is_ready(writer, read->reader)) read->found = true;
}

static bool needs_barrier(const Ordering *ordering, const Group *group, int phase) {
    PhaseState state = {ordering, group, phase, false};
    schedule_visit_reads(ordering->schedule, group, check_read, &state);
    for (int i = 0; i < group->assigns.count; i++)
        if (ordering
                ->read_phase[schedule_weights_of(ordering->schedule, group->assigns.items[i])] ==
            phase)
            return true;
    return state.found;
}

static void note_read(Node *value, void *state) {
    const PhaseState *read = state;
    int weights = schedule_weights_of(read->ordering->schedule, value);
    if (weights != NEVER) read->ordering->read_phase[weights] = read->phase;
}

// ---- The order.

static int preference(const Group *group) {
    if (group->is_once) return -1;
    if (group->partition == PARTITION_ROWS) return 0;
    return group->assigns.count ? 2 : 1;
}

// The place in `ready` of what to do next; -1: all of them need a barrier.
static int choose(const Ordering *ordering, const GroupList *ready, int phase) {
    int best = -1;
    for (int i = 0; i < ready->count; i++) {
        const Group *group = ordering->schedule->groups.items[ready->items[i]];
        if (best >= 0) {
            const Group *other = ordering->schedule->groups.items[ready->items[best]];
            int difference = preference(group) - preference(other);
            if (difference > 0 || (!difference && group->id > other->id)) continue;
        }
        if (ordering->blocked[group->id] == phase) continue;
        if (needs_barrier(ordering, group, phase))
            ordering->blocked[group->id] = phase;
        else
            best = i;
    }
    return best;
}

// ---- The order that takes the least memory: first what frees more than it needs, then what comes
// first in the graph, and what is computed again only when all else waits for it, the last first.

static void count_reader(Node *value, void *state) {
    ((Ordering *)state)->readers[value->id]++;
}

static void count_readers(Ordering *ordering) {
    Schedule *schedule = ordering->schedule;
    const Graph *graph = schedule->graph;
    ordering->readers = filled(ordering->arena, graph->nodes.count, 0);
    for (int i = 0; i < schedule->groups.count; i++)
        schedule_visit_reads(schedule, schedule->groups.items[i], count_reader, ordering);
    for (int i = 0; i < graph->outputs.count; i++)
        ordering->readers[schedule_source(graph->outputs.items[i])->id]++;
}

static double stored_bytes(const Schedule *schedule, const Node *value) {
    if (value->op->fuse == FUSE_LEAF || !schedule->buffers[value->id].is_stored) return 0;
    double bytes = (double)type_elements(&value->type) * sizeof(float);
    return value->type.batched ? bytes * (double)schedule->batch : bytes;
}

typedef struct Change {
    const Ordering *ordering;
    double bytes; // that are needed more when the group has run
} Change;

static void free_value(Node *value, void *state) {
    Change *change = state;
    if (change->ordering->readers[value->id] == 1)
        change->bytes -= stored_bytes(change->ordering->schedule, value);
}

static double change_by(const Ordering *ordering, const Group *group) {
    Change change = {ordering, 0};
    for (int i = 0; i < group->nodes.count; i++)
        change.bytes += stored_bytes(ordering->schedule, group->nodes.items[i]);
    schedule_visit_reads(ordering->schedule, group, free_value, &change);
    return change.bytes;
}

// The last place in the order of what it computes again; 0: something in it is computed first.
static int again_of(const Group *group) {
    int last = 0;
    for (int i = 0; i < group->nodes.count; i++) {
        int own = group->nodes.items[i]->again;
        if (!own) return 0;
        if (own > last) last = own;
    }
    return last;
}

static bool is_better(const Ordering *ordering, const Group *group, const Group *other) {
    int again = again_of(group), others = again_of(other);
    if ((again || others) && again != others) return again && others ? again > others : !again;
    double change = change_by(ordering, group), that = change_by(ordering, other);
    if ((change < 0 || that < 0) && change != that) return change < that;
    return group->id < other->id;
}

static int choose_sparing(const Ordering *ordering, const GroupList *ready) {
    Group *const *groups = ordering->schedule->groups.items;
    int best = 0;
    for (int i = 1; i < ready->count; i++)
        if (is_better(ordering, groups[ready->items[i]], groups[ready->items[best]])) best = i;
    return best;
}

static void note_reader(Node *value, void *state) {
    ((Ordering *)state)->readers[value->id]--;
}

static void release_successors(Ordering *ordering, int group, GroupList *ready) {
    for (int i = 0; i < ordering->successors[group].count; i++) {
        int next = ordering->successors[group].items[i];
        if (--ordering->waits_for[next] == 0) vec_push(ordering->arena, ready, next);
    }
}

// Of `ready`, what comes next, and its phase.
static int next_place(const Ordering *ordering, const GroupList *ready, bool has_before,
                      int *phase) {
    if (ordering->schedule->separates) {
        *phase += has_before;
        return choose_sparing(ordering, ready);
    }
    int place = choose(ordering, ready, *phase);
    return place < 0 ? choose(ordering, ready, ++*phase) : place;
}

// The groups in their order, and the phase of each in ordering->phase.
static int *list_groups(Ordering *ordering) {
    Schedule *schedule = ordering->schedule;
    int count = schedule->groups.count, phase = 0;
    int *order = ARENA_ARRAY(ordering->arena, int, count + 1);
    GroupList ready = {0};
    for (int i = 0; i < count; i++)
        if (!ordering->waits_for[i]) vec_push(ordering->arena, &ready, i);
    if (schedule->separates) count_readers(ordering);
    for (int i = 0; i < count; i++) {
        if (!ready.count) nn_ice("schedule", "the groups depend on each other in a circle");
        int place = next_place(ordering, &ready, i > 0, &phase);
        int next = order[i] = ready.items[place];
        ready.items[place] = ready.items[--ready.count];
        ordering->phase[next] = phase;
        if (schedule->separates)
            schedule_visit_reads(schedule, schedule->groups.items[next], note_reader, ordering);
        PhaseState state = {ordering, NULL, phase, false};
        schedule_visit_reads(schedule, schedule->groups.items[next], note_read, &state);
        release_successors(ordering, next, &ready);
    }
    schedule->phase_count = phase + 1;
    return order;
}

void pass_schedule(Schedule *schedule) {
    if (schedule->graph->repeats) mark_once(schedule);
    Ordering ordering = collect_edges(schedule);
    const int *order = list_groups(&ordering);
    int count = schedule->groups.count;
    Group **groups = ARENA_ARRAY(ordering.arena, Group *, count + 1);
    int *place = ARENA_ARRAY(ordering.arena, int, count + 1);
    for (int i = 0; i < count; i++) {
        groups[i] = schedule->groups.items[order[i]];
        groups[i]->phase = ordering.phase[order[i]];
        place[order[i]] = i;
    }
    for (int i = 0; i < count; i++) {
        schedule->groups.items[i] = groups[i];
        groups[i]->id = i;
    }
    for (int i = 0; i < schedule->graph->nodes.count; i++)
        if (schedule->group_of[i] >= 0) schedule->group_of[i] = place[schedule->group_of[i]];
}

// ---- Printing.

static const char *partition_name(Partition partition) {
    static const char *const names[] = {"samples", "outputs", "worker 0"};
    return names[partition];
}

static void print_cost(Text *out, const char *unit, double flops, double bytes) {
    if (flops == 0 && bytes == 0) return;
    text_format(out, "%s", unit);
    if (flops > 0) text_format(out, " %.0f FLOP%s", flops, bytes > 0 ? "," : "");
    if (bytes > 0) text_format(out, " %.0f bytes", bytes);
}

static void print_node(Text *out, const Schedule *schedule, const Node *node, const char *how) {
    text_format(out, "    %%%d %s%s", node->id, node->op->schema.name, how);
    if (node->layer)
        text_format(out, "  # %s",
                    weights_layer_name(out->arena, node->layer, schedule->graph->name));
    text_put(out, "\n");
}

// What the group computes that belongs to no group: values of samples; of the step, how many.
static void print_inlined(Text *out, const Schedule *schedule, const Group *group) {
    const Node *anchor = group->anchor;
    NodeList list = {0};
    if (anchor && op_is_convolution(anchor)) cost_list_inlined(schedule, anchor, &list);
    int packed = list.count;
    for (int i = 0; i < group->nodes.count; i++)
        cost_list_inlined(schedule, group->nodes.items[i], &list);
    for (int i = 0; i < group->assigns.count; i++)
        cost_list_inlined(schedule, group->assigns.items[i], &list);
    int others = 0;
    for (int i = 0; i < list.count; i++) {
        const Node *node = list.items[i];
        if (node->type.batched)
            print_node(out, schedule, node, i < packed ? ", while packing" : ", where it is used");
        else
            others += !node_is_scalar(node);
    }
    if (others) text_format(out, "    %d vector%s, inlined\n", others, others > 1 ? "s" : "");
}

static void print_body(Text *out, const Schedule *body);

static void print_group(Text *out, const Schedule *schedule, const Group *group) {
    GroupCost cost = cost_of_group(schedule, group);
    text_format(out, "group %d: %s, %lld x %lld, split by %s%s", group->id,
                cost_kind_name(group->kind), (long long)group->lead, (long long)group->width,
                partition_name(group->partition), group->is_once ? ", once" : "");
    if (group->host) text_format(out, "; by group %d", group->host->id);
    print_cost(out, "; a sample:", cost.sample_flops, cost.sample_bytes);
    print_cost(out, "; a step:", cost.step_flops, cost.step_bytes);
    text_put(out, "\n");
    print_inlined(out, schedule, group);
    for (int i = 0; i < group->nodes.count; i++) {
        const Node *node = group->nodes.items[i];
        print_node(out, schedule, node, schedule->buffers[node->id].is_stored ? ", stored" : "");
    }
    for (int i = 0; i < group->assigns.count; i++) {
        const Node *assign = group->assigns.items[i];
        text_format(out, "    assign %s\n",
                    assign->parameter ? assign->parameter->name : assign->slot->name);
    }
    if (group->body) print_body(out, group->body);
}

static void print_body(Text *out, const Schedule *body) {
    text_format(out, "  in %s of %lld steps:\n", body->scan->is_resumed ? "the next" : "each",
                (long long)body->scan->steps);
    for (int i = 0; i < body->groups.count; i++) print_group(out, body, body->groups.items[i]);
    text_put(out, "  end of the steps\n");
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

static void print_turn(Text *out, const Buffer *buffer) {
    text_format(out, "%lld bytes at %lld in every %lld, groups %d to %d",
                (long long)buffer->extent * 4, (long long)buffer->offset * 4,
                (long long)buffer->stride * 4, buffer->first_group, buffer->last_group);
    if (buffer->replaces) text_format(out, ", in place of %%%d", buffer->replaces->id);
}

void schedule_print_plan(Text *out, const Schedule *schedule) {
    text_format(out, "%s: arena of %lld bytes, of which %lld are there at the same time\n",
                schedule->graph->name, (long long)schedule->arena_size * 4,
                (long long)schedule->arena_bound * 4);
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        if (group->window)
            text_format(out, "    groups %d to %d: %lld samples at a time\n", i,
                        group->window_end - 1, (long long)group->window);
    }
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        const Buffer *buffer = &schedule->buffers[i];
        const Node *node = schedule->graph->nodes.items[i];
        if (!buffer->is_stored) continue;
        text_format(out, "    %%%d %s: ", i, node->op->schema.name);
        if (buffer->is_narrow) text_put(out, "in bfloat16, ");
        if (!buffer->is_part && buffer->pool >= 0)
            print_turn(out, buffer);
        else
            text_format(out, "%lld bytes at %lld, phases %d to %d", (long long)buffer->size * 4,
                        (long long)buffer->offset * 4, buffer->first_phase, buffer->last_phase);
        text_put(out, buffer->window_last ? ", within a window\n" : "\n");
    }
}

bool schedule_walks_samples(const Group *group) {
    // A gradient of a kernel packs samples, too.
    return group->domain.batched || (group->anchor && op_is_convolution(group->anchor));
}
