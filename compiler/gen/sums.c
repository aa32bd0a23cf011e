// Sums over the samples that the groups which walk them make in passing: a partial sum for each
// chunk of the batch, in memory beside those of the other chunks.
#include "emit.h"

#include "../op/op.h"

static bool is_sum(const Node *node) {
    return node->op->fuse == FUSE_REDUCE_BATCH && schedule_is_chunked(node);
}

bool element_has_sums(const Group *group) {
    for (int i = 0; i < group->nodes.count; i++)
        if (is_sum(group->nodes.items[i])) return true;
    return false;
}

Value sums_place(LaneBuilder *b, const Node *sum) {
    Gen *gen = b->gen;
    const Buffer *buffer = &b->schedule->buffers[sum->id];
    Value arena = ir_context(gen, b->function, FIELD_ARENA);
    Value offset = share_number(gen, b->function, PLACE_BUFFER, sum->id, buffer->offset);
    if (b->chunk)
        offset = ir_add(gen, offset, ir_multiply(gen, b->chunk, ir_int(gen, buffer->size)));
    return ir_offset(gen, gen->f32, arena, offset);
}

void sums_clear(LaneBuilder *b, const Node *sum) {
    Gen *gen = b->gen;
    int lanes = gen->target->machine.lanes;
    Value place = sums_place(b, sum);
    Value zero = ir_splat(gen, ir_float(gen, 0), lanes);
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, b->schedule->buffers[sum->id].size),
                              ir_int(gen, lanes), "clear");
    ir_store(gen, zero, ir_offset(gen, gen->f32, place, loop.index));
    ir_loop_end(gen, &loop);
}

void element_clear_sums(LaneBuilder *b) {
    for (int i = 0; i < b->group->nodes.count; i++)
        if (is_sum(b->group->nodes.items[i])) sums_clear(b, b->group->nodes.items[i]);
}

// What follows the first `valid` lanes is not even written as it was: after the columns of a
// convolution's last group it is another chunk's sum, to which another worker may be adding.
void element_add_to_sum(LaneBuilder *b, const Node *sum, Value vector, int valid) {
    Gen *gen = b->gen;
    Value place = ir_offset(gen, gen->f32, sums_place(b, sum), b->column);
    Value before = ir_load_lanes(gen, ir_vector(gen, gen->f32, b->width), place, valid);
    ir_store_lanes(gen, LLVMBuildFAdd(gen->builder, before, vector, ""), place, valid);
}
