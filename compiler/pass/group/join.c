// Joined values: where a value is made of others that stand one behind the other in each sample,
// those are computed at their places in it, and nothing is left to do.
#include "fusion.h"

// A computed value, whose place in memory is nobody else's business.
static bool is_movable(const Fusion *fusion, const Node *node, const Node *part) {
    const NodeList *users = &fusion->users[part->id];
    if (part->op->fuse != FUSE_ELEMENTWISE || part->type.dtype != DTYPE_F32) return false;
    if (fusion_is_output(fusion->graph, part) || !part->type.batched) return false;
    for (int i = 0; i < users->count; i++) {
        const Node *user = users->items[i];
        if (user != node && fusion_reads_memory(fusion, user)) return false;
        if (user->op->fuse == FUSE_CONTRACTION) return false; // it wants samples evenly spaced
    }
    return true;
}

static bool is_repeated(const Node *node, int index) {
    for (int i = 0; i < index; i++)
        if (schedule_source(node->inputs[i]) == schedule_source(node->inputs[index])) return true;
    return false;
}

static bool joins(const Fusion *fusion, const Node *node) {
    if (!node->op->joined_axis || !node->type.batched) return false;
    int64_t axis = node->op->joined_axis(node);
    for (int64_t i = 0; i < axis; i++)
        if (node->type.dims[i] != 1) return false;
    for (int i = 0; i < node->input_count; i++)
        if (is_repeated(node, i) || !is_movable(fusion, node, schedule_source(node->inputs[i])))
            return false;
    return true;
}

void fusion_find_joined(Fusion *fusion) {
    for (int i = 0; i < fusion->graph->nodes.count; i++)
        fusion->schedule->buffers[i].is_joined = joins(fusion, fusion->graph->nodes.items[i]);
}
