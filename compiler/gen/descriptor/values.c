// The values of a function, as the descriptor lists them: which group computes each, and where it
// lies. Who watches a step (runtime/doctor/) looks there after each group.
#include "../emit.h"

typedef struct Values {
    Gen *gen;
    const Compiled *compiled;
    const Schedule *schedule;
    const Graph *forward; // as checked, before passes
    int *numbers;         // by node id; -1: it is not in the list
    bool *is_forward;     // by node id: the loss or an output depends on it
    bool *is_needed;      // the loss or an update does
    VEC(nnrt_value) list;
    VEC(nnrt_read) reads;
    int64_t reader; // the group whose reads are being listed
} Values;

// ---- Forwards or backwards, or for reports alone.

static void mark_operands(const Graph *graph, bool *marked) {
    for (int i = graph->nodes.count - 1; i >= 0; i--)
        for (int k = 0; marked[i] && k < graph->nodes.items[i]->input_count; k++)
            marked[graph->nodes.items[i]->inputs[k]->id] = true;
}

static void mark(Values *v, const Graph *graph) {
    Arena *arena = v->gen->arena;
    v->is_forward = ARENA_ARRAY(arena, bool, graph->nodes.count + 1);
    v->is_needed = ARENA_ARRAY(arena, bool, graph->nodes.count + 1);
    v->is_forward[graph->loss->id] = v->is_needed[graph->loss->id] = true;
    for (int i = 0; i < graph->outputs.count; i++)
        v->is_forward[graph->outputs.items[i]->id] = true;
    for (int i = 0; i < graph->assigns.count; i++) v->is_needed[graph->assigns.items[i]->id] = true;
    mark_operands(graph, v->is_forward);
    mark_operands(graph, v->is_needed);
}

// ---- The list.

// Whether the layer computes an output, which others may only have moved.
static bool is_of_output(const Values *v, const Layer *layer) {
    const NodeList *outputs = &v->forward->outputs;
    for (int i = 0; i < outputs->count; i++) {
        const Node *output = outputs->items[i];
        while (output->op->fuse == FUSE_MOVEMENT) output = output->inputs[0];
        if (layer && output->layer == layer) return true;
    }
    return false;
}

static nnrt_value described(const Values *v, const Node *node, int64_t group) {
    const Layer *layer = node->layer;
    Arena *arena = v->gen->arena;
    return (nnrt_value){.name = node->op->schema.name,
                        .layer = layer ? weights_layer_name(arena, layer, v->schedule->graph->name)
                                       : NULL,
                        .shape = type_text(arena, &node->type),
                        .line = descriptor_line(v->compiled, layer ? layer->span : node->span),
                        .group = group,
                        .units = type_last(&node->type),
                        .flat_low = node->op->flat_low,
                        .flat_high = node->op->flat_high,
                        .is_backward = !v->is_forward[node->id],
                        .is_output = is_of_output(v, layer),
                        .parameter = -1,
                        .rows = 1};
}

static void add(Values *v, const Node *node, nnrt_value value) {
    v->numbers[node->id] = v->list.count;
    vec_push(v->gen->arena, &v->list, value);
}

// Bytes, bfloat16 and partial sums in double precision are nothing that a float could be read from;
// parts of joined values are seen in the whole.
static bool is_listed(const Schedule *schedule, const Node *node) {
    const Buffer *buffer = &schedule->buffers[node->id];
    return buffer->is_stored && schedule_dtype(schedule, node) == DTYPE_F32 &&
           !schedule_is_chunked(node) && node->op->fuse != FUSE_LAYOUT &&
           node->op->reduce != REDUCE_MOMENTS;
}

static void add_computed(Values *v, const Node *node, int64_t group) {
    const Buffer *buffer = &v->schedule->buffers[node->id];
    if (!is_listed(v->schedule, node) || !v->is_needed[node->id]) return;
    nnrt_value value = described(v, node, group);
    value.place = NNRT_IN_ARENA;
    value.offset = buffer->offset;
    value.size = type_elements(&node->type);
    if (node->type.batched) {
        value.rows = 0;
        value.stride = buffer->stride;
    } else if (buffer->parameter >= 0) {
        value.size = v->schedule->layout->parameters[buffer->parameter].storage.size;
        value.parameter = buffer->parameter;
    }
    add(v, node, value);
}

static void set_weights(const Values *v, const Node *node, nnrt_value *value) {
    const Layout *layout = v->schedule->layout;
    const Slot *slot = node->slot;
    const Parameter *parameter = slot ? slot->parameter : node->parameter;
    value->name = slot ? slot->name : parameter->name;
    value->place = slot ? NNRT_IN_SLOTS : NNRT_IN_WEIGHTS;
    value->size = parameter ? layout->parameters[parameter->index].storage.size : 1;
    value->offset = slot ? layout->slot_offsets[slot->index]
                         : layout->parameters[parameter->index].storage.offset;
    value->parameter = parameter ? parameter->index : -1;
}

static int64_t find_weights(const Values *v, const nnrt_value *like) {
    for (int i = 0; i < v->list.count; i++)
        if (v->list.items[i].place == like->place && v->list.items[i].offset == like->offset)
            return i;
    return -1;
}

// One value for all leaves of a tensor and for its update.
static void add_weights(Values *v, const Node *node, int64_t group) {
    nnrt_value value = described(v, node, group);
    set_weights(v, node, &value);
    int64_t known = find_weights(v, &value);
    if (known < 0) {
        add(v, node, value);
        return;
    }
    v->numbers[node->id] = (int)known;
    if (group >= 0) v->list.items[known].group = group;
}

static int64_t column_of(const Graph *graph, const Node *node) {
    for (int i = 0; i < graph->inputs.count; i++)
        if (graph->inputs.items[i] == node) return i;
    for (int i = 0; i < graph->targets.count; i++)
        if (graph->targets.items[i] == node) return graph->inputs.count + i;
    return -1;
}

static void add_column(Values *v, const Node *node) {
    int64_t column = column_of(v->schedule->graph, node);
    if (column < 0) return;
    nnrt_value value = described(v, node, -1);
    value.name = node->name;
    value.place = NNRT_IN_COLUMN;
    value.offset = column;
    value.size = value.stride = type_elements(&node->type);
    value.rows = 0;
    add(v, node, value);
}

static void add_read(Node *node, void *state) {
    Values *v = state;
    if (v->numbers[node->id] < 0 && node->op->fuse == FUSE_LEAF) {
        if (node->op->leaf == LEAF_COLUMN)
            add_column(v, node);
        else if (node->slot || node->parameter)
            add_weights(v, node, -1);
    }
    if (v->numbers[node->id] < 0) return;
    nnrt_read read = {v->reader, v->numbers[node->id]};
    vec_push(v->gen->arena, &v->reads, read);
}

void values_list(Gen *gen, const Compiled *compiled, const Function *function, nnrt_function *out) {
    const Schedule *schedule = function->lowering.schedule;
    const Graph *graph = schedule->graph;
    Values v = {
        .gen = gen, .compiled = compiled, .schedule = schedule, .forward = function->forward};
    v.numbers = ARENA_ARRAY(gen->arena, int, graph->nodes.count + 1);
    for (int i = 0; i < graph->nodes.count; i++) v.numbers[i] = -1;
    mark(&v, graph);
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        for (int k = 0; k < group->nodes.count; k++) add_computed(&v, group->nodes.items[k], i);
    }
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        v.reader = i;
        schedule_visit_reads(schedule, group, add_read, &v);
        for (int k = 0; k < group->assigns.count; k++) add_weights(&v, group->assigns.items[k], i);
    }
    out->values = v.list.items;
    out->value_count = v.list.count;
    out->reads = v.reads.items;
    out->read_count = v.reads.count;
}
