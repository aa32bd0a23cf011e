// Slots: small numbers for the nodes that the group being made computes, reads, or sees reshaped.
#include "../../base/diagnostics/ice.h"
#include "../../op/op.h"
#include "../emit.h"

static void number_node(Gen *gen, const Node *node) {
    if (gen->slots[node->id]) return;
    gen->slots[node->id] = ++gen->slot_count;
    vec_push(gen->arena, &gen->numbered, node);
}

// Operands, through what is inlined.
static void number_inputs(Gen *gen, const Schedule *schedule, const Node *node) {
    for (int i = 0; i < node->input_count; i++) {
        const Node *source = schedule_source(node->inputs[i]);
        bool is_new = !gen->slots[source->id];
        number_node(gen, node->inputs[i]);
        number_node(gen, source);
        bool is_inlined = schedule->group_of[source->id] < 0 && source->op->fuse != FUSE_LEAF;
        if (is_new && is_inlined) number_inputs(gen, schedule, source);
    }
}

static void reserve(Gen *gen, int nodes) {
    if (nodes <= gen->slot_capacity) return;
    gen->slot_capacity = nodes;
    gen->slots = ARENA_ARRAY(gen->arena, int, nodes);
    gen->numbered.count = gen->slot_count = 0;
}

static void number_members(Gen *gen, const Schedule *schedule, const Group *group) {
    for (int i = 0; i < group->nodes.count; i++) {
        number_inputs(gen, schedule, group->nodes.items[i]);
        number_node(gen, group->nodes.items[i]);
    }
}

void slots_number(Gen *gen, const Schedule *schedule, const Group *group) {
    reserve(gen, schedule->graph->nodes.count + 1);
    for (int i = 0; i < gen->numbered.count; i++) gen->slots[gen->numbered.items[i]->id] = 0;
    gen->numbered.count = gen->slot_count = 0;
    if (group->anchor && !group->nodes.count) { // another group's: rows that it names are updated
        number_inputs(gen, schedule, group->anchor);
        number_node(gen, group->anchor);
    }
    number_members(gen, schedule, group);
    if (group->guest) number_members(gen, schedule, group->guest);
    for (int i = 0; i < group->assigns.count; i++)
        number_inputs(gen, schedule, group->assigns.items[i]);
}

int slots_of(const Gen *gen, const Node *node) {
    if (!gen->slots[node->id]) nn_ice("gen", "%%%d is not of the group", node->id);
    return gen->slots[node->id];
}

void *slots_array(Gen *gen, size_t size) {
    return arena_alloc(gen->arena, size * ((size_t)gen->slot_count + 1));
}
