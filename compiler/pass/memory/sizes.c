// How much memory stored values take.
#include "memory.h"

#include "../layout/convolution.h"

// Marks the values whose rows a contraction reads beside those of other leading dimensions: it
// wants them evenly spaced.
bool *memory_row_operands(const Schedule *schedule, Arena *arena) {
    bool *found = ARENA_ARRAY(arena, bool, schedule->graph->nodes.count + 1);
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        const Node *user = schedule->graph->nodes.items[i];
        if (user->op->fuse != FUSE_CONTRACTION) continue;
        for (int k = 0; k < user->input_count; k++)
            if (user->inputs[k]->type.rank > 1) found[schedule_source(user->inputs[k])->id] = true;
    }
    return found;
}

// Of weights as their users read them.
static int64_t laid_out_size(const Schedule *schedule, const Node *node) {
    const MachineModel *machine = &schedule->layout->machine;
    if (node->op->laid_out == LAID_OUT_PAIRS)
        return layout_pairs(machine, &node->type, args_bool(node->args, "transpose")).size;
    if (node->op->laid_out == LAID_OUT_INT8) return layout_int8(machine, &node->type).size;
    if (node->op->laid_out == LAID_OUT_TRANSPOSED) return layout_transposed(machine, node).size;
    Convolution convolution = convolution_of_kernel(node);
    return convolution_kernel_layout(&convolution, machine->lanes).size;
}

// Rows of whole cache lines: partial sums over samples are in double precision (schedule.h).
static int64_t unbatched_size(const Schedule *schedule, const Node *node, const Buffer *buffer) {
    bool is_sum = node->op->fuse == FUSE_REDUCE_BATCH && schedule_is_chunked(node);
    int64_t size = round_up(type_elements(&node->type), LINE);
    if (node->op->fuse == FUSE_LAYOUT) return laid_out_size(schedule, node);
    if (buffer->parameter >= 0) size = schedule->layout->parameters[buffer->parameter].storage.size;
    if (node->op->reduce == REDUCE_MOMENTS)
        size = node->type.dims[0] * round_up(type_last(&node->type), LINE);
    return is_sum ? size * schedule_sum_floats(node) : size;
}

void memory_size(const Schedule *schedule, const Node *node, bool is_row_operand, Buffer *buffer) {
    int64_t elements = schedule_sample_floats(schedule, node);
    if (!node->type.batched) {
        buffer->size = unbatched_size(schedule, node, buffer);
        return;
    }
    // A sample of rank 1 is padded to whole cache lines; of higher rank it is dense, so that its
    // rows are evenly spaced across samples.
    bool padded =
        (node->type.rank <= 1 && elements > 1 && !is_row_operand) || node->type.dtype == DTYPE_U8;
    buffer->stride = padded ? round_up(elements, LINE) : elements;
    if (padded && buffer->stride % SKEWED == 0) buffer->stride += LINE;
    if (__builtin_mul_overflow(buffer->stride, schedule->batch, &buffer->size) ||
        buffer->size > LARGEST)
        buffer->size = LARGEST;
    buffer->size = round_up(buffer->size + SLACK, LINE);
}

int64_t memory_copies(const Schedule *schedule, const Node *node) {
    return schedule_is_chunked(node) ? schedule->chunks : 1;
}
