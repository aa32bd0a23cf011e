// In whose parameter's order unbatched values lie: gradients and updates as the parameter does.
#include "memory.h"

// The parameter whose storage order a leaf has; -1: none.
static int leaf_parameter(const Node *node) {
    if (node->parameter) return node->parameter->index;
    return node->slot && node->slot->parameter ? node->slot->parameter->index : -1;
}

// The same matrix, whatever its leading dimensions are called; or the same elements, where those
// simply follow each other.
static bool is_like(const Node *node, const Type *type, LayoutKind kind) {
    return !node->type.batched && node->type.rank > 0 &&
           type_elements(&node->type) == type_elements(type) &&
           (type_last(&node->type) == type_last(type) || kind == LAYOUT_PLAIN);
}

// Gives the node's value the storage order of `parameter`, if it has its type and none yet.
static bool give_order(Schedule *schedule, Node *node, int parameter) {
    Buffer *buffer = &schedule->buffers[node->id];
    bool is_part = node->op->fuse == FUSE_REDUCTION || node->op->fuse == FUSE_REDUCE_AXIS;
    const Type *type = &schedule->graph->weights->parameters.items[parameter]->type;
    LayoutKind kind = schedule->layout->parameters[parameter].kind;
    bool is_kernel = kind == LAYOUT_PANELS && op_is_convolution(node) &&
                     op_product_kind(node) == PRODUCT_WEIGHTS &&
                     type_elements(&node->type) == type_elements(type);
    if (buffer->parameter >= 0 || is_part || !(is_like(node, type, kind) || is_kernel))
        return false;
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

void schedule_find_storages(Schedule *schedule) {
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        const Node *node = schedule->graph->nodes.items[i];
        schedule->buffers[i].parameter = node->op->fuse == FUSE_LEAF ? leaf_parameter(node) : -1;
    }
    while (spread_orders(schedule)) continue;
}
