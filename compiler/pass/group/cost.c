#include "cost.h"

#include "../../op/op.h"

#include <string.h>

static bool list_has(const NodeList *list, const Node *node) {
    for (int i = 0; i < list->count; i++)
        if (list->items[i] == node) return true;
    return false;
}

void cost_list_inlined(const Schedule *schedule, const Node *node, NodeList *list) {
    for (int i = 0; i < node->input_count; i++) {
        Node *input = schedule_source(node->inputs[i]);
        bool has_group = schedule->group_of[input->id] >= 0;
        if (input->op->fuse == FUSE_LEAF || has_group || list_has(list, input)) continue;
        cost_list_inlined(schedule, input, list);
        vec_push(schedule->graph->arena, list, input);
    }
}

// ---- Operations.

bool cost_is_of_samples(const Node *node) {
    FuseClass fuse = node->op->fuse;
    bool sums_samples =
        fuse == FUSE_CONTRACTION || fuse == FUSE_REDUCE_BATCH || fuse == FUSE_SCATTER;
    return node->type.batched || (sums_samples && !op_is_table_product(node));
}

static void add_flops(GroupCost *cost, const Node *node) {
    if (!node->op->flops) return;
    double flops = node->op->flops(node);
    *(cost_is_of_samples(node) ? &cost->sample_flops : &cost->step_flops) += flops;
}

// ---- Bytes.

static void add_bytes(GroupCost *cost, const Schedule *schedule, const Node *value) {
    double bytes =
        (double)type_elements(&value->type) * (double)dtype_bytes(schedule_dtype(schedule, value));
    if (value->type.batched)
        cost->sample_bytes += bytes;
    else
        cost->step_bytes += schedule_is_chunked(value) ? bytes * (double)schedule->chunks : bytes;
}

// Weights, optimizer state, data columns, buffers; constants and single numbers are in the code.
static bool is_in_memory(const Schedule *schedule, const Node *value) {
    if (value->op->fuse == FUSE_LEAF)
        return value->parameter || value->slot || value->op->leaf == LEAF_COLUMN;
    return schedule->buffers[value->id].is_stored;
}

typedef struct Reads {
    const Schedule *schedule;
    NodeList seen;
    GroupCost *cost;
} Reads;

static void add_read(Node *value, void *state) {
    Reads *reads = state;
    if (!is_in_memory(reads->schedule, value) || list_has(&reads->seen, value)) return;
    vec_push(reads->schedule->graph->arena, &reads->seen, value);
    add_bytes(reads->cost, reads->schedule, value);
}

// Without what it does for another one.
static GroupCost own_cost(const Schedule *schedule, const Group *group) {
    GroupCost cost = {0};
    NodeList inlined = {0};
    for (int i = 0; i < group->nodes.count; i++) {
        const Node *node = group->nodes.items[i];
        add_flops(&cost, node);
        if (schedule->buffers[node->id].is_stored) add_bytes(&cost, schedule, node);
        cost_list_inlined(schedule, node, &inlined);
    }
    for (int i = 0; i < group->assigns.count; i++) {
        add_bytes(&cost, schedule, group->assigns.items[i]->inputs[0]);
        cost_list_inlined(schedule, group->assigns.items[i], &inlined);
    }
    for (int i = 0; i < inlined.count; i++) add_flops(&cost, inlined.items[i]);
    Reads reads = {.schedule = schedule, .cost = &cost};
    schedule_visit_reads(schedule, group, add_read, &reads);
    return cost;
}

GroupCost cost_of_group(const Schedule *schedule, const Group *group) {
    if (group->host) return (GroupCost){0};
    GroupCost cost = own_cost(schedule, group);
    if (!group->guest) return cost;
    GroupCost other = own_cost(schedule, group->guest);
    return (GroupCost){.sample_flops = cost.sample_flops + other.sample_flops,
                       .sample_bytes = cost.sample_bytes + other.sample_bytes,
                       .step_flops = cost.step_flops + other.step_flops,
                       .step_bytes = cost.step_bytes + other.step_bytes};
}

// ---- Names.

enum { NAMED_OPERATORS = 4 };

const Node *cost_main_node(const Group *group) {
    if (group->anchor) return group->anchor;
    const NodeList *nodes = &group->nodes;
    return nodes->count ? nodes->items[nodes->count - 1] : group->assigns.items[0];
}

const char *cost_kind_name(GroupKind kind) {
    static const char *const names[] = {"contraction", "rows",    "axis",   "columns",
                                        "layout",      "storage", "reduce", "places",
                                        "scatter",     "scan",    "join",   "scalar"};
    return names[kind];
}

// The different operators, the anchor's first.
static int collect_operators(const Group *group, const OpDef **operators) {
    int count = 0;
    if (group->anchor) operators[count++] = group->anchor->op;
    for (int i = 0; i < group->nodes.count; i++) {
        const OpDef *op = group->nodes.items[i]->op;
        int k = 0;
        while (k < count && operators[k] != op) k++;
        if (k == count) operators[count++] = op;
    }
    return count;
}

// What the group assigns, without the layer's name: the parameters, or else the slots.
static void put_targets(Text *text, const Group *group) {
    const char *between = " -> ";
    bool has_parameters = false;
    for (int i = 0; i < group->assigns.count; i++)
        has_parameters |= group->assigns.items[i]->parameter != NULL;
    for (int i = 0; i < group->assigns.count; i++) {
        const Node *assign = group->assigns.items[i];
        if (has_parameters && !assign->parameter) continue;
        const char *name = has_parameters ? assign->parameter->name : assign->slot->name;
        const char *slash = strchr(name, '/');
        text_format(text, "%s%s", between, slash ? slash + 1 : name);
        between = ", ";
    }
}

char *cost_group_name(Arena *arena, const Schedule *schedule, const Group *group) {
    const OpDef **operators = ARENA_ARRAY(arena, const OpDef *, group->nodes.count + 2);
    const Node *node = cost_main_node(group);
    Text text = text_create(arena);
    if (node->layer)
        text_format(&text, "%s: ", weights_layer_name(arena, node->layer, schedule->graph->name));
    int count = collect_operators(group, operators);
    int named = count <= NAMED_OPERATORS + 1 ? count : NAMED_OPERATORS;
    if (count == 0) text_put(&text, "assign");
    for (int i = 0; i < named; i++)
        text_format(&text, "%s%s", i ? " + " : "", operators[i]->schema.name);
    if (named < count) text_format(&text, " + %d more", count - named);
    put_targets(&text, group);
    return text.data;
}
