// Sums over the samples that are made in chunks of the batch: each worker has whole chunks, and
// partial sums, in memory of their own, are added in order where they are read. So the samples that
// a worker has in its caches are summed there, no barrier stands before the sum, and as many
// workers find work as there are chunks, however few weights or columns the sum has. How many
// chunks there are follows from the batch alone, so that the bits are those of one worker.
#include "schedule.h"

#include "../../op/op.h"

enum {
    LARGEST_KERNEL = 1 << 18, // weights of a convolution whose gradient is summed so: more would
                              // take too much memory for a partial sum each
    LARGEST_MATRIX = 1 << 13, // of a product, whose tiles are too few for many workers,
    LARGEST_ROW = 1 << 10,    // columns of other sums,
    LEAST_ROWS = 1024,        // over so many rows,
    FEWEST = 8,
    MOST = 64,          // chunks: as many workers can have samples of their own
    CHUNK_SAMPLES = 128 // fewer are hardly worth adding up their sums
};

// Gradients of pictures' kernels, and sums over samples and places.
static bool sums_places(const Node *node) {
    if (op_is_convolution(node) && op_product_kind(node) == PRODUCT_WEIGHTS)
        return type_elements(&node->type) <= LARGEST_KERNEL;
    if (node->op->fuse != FUSE_REDUCE_BATCH) return false;
    const Type *type = &node->inputs[0]->type;
    int64_t width = type_last(type);
    bool keeps_last = node->op->reduce == REDUCE_MOMENTS || width == type_elements(&node->type);
    return keeps_last && type_elements(type) > width;
}

bool schedule_is_chunked(const Node *node) {
    return node->in_chunks || sums_places(node);
}

int64_t schedule_sum_floats(const Node *sum) {
    return sum->op->reduce == REDUCE_MOMENTS ? 2 : 3;
}

// ---- Which others are.

static bool is_few_weights(const Schedule *schedule, const Node *node) {
    int parameter = schedule->buffers[node->id].parameter;
    if (!op_is_matrix_product(node) || op_product_kind(node) != PRODUCT_WEIGHTS) return false;
    if (parameter < 0 || op_is_table_product(node) || op_is_in_bfloat16(node)) return false;
    return schedule->layout->parameters[parameter].kind != LAYOUT_PLAIN &&
           type_elements(&node->type) <= LARGEST_MATRIX;
}

static bool is_short_row(const Node *node) {
    if (node->op->fuse != FUSE_REDUCE_BATCH || node->op->reduce != REDUCE_SUM) return false;
    int64_t width = type_last(&node->inputs[0]->type);
    return width == type_elements(&node->type) && width <= LARGEST_ROW;
}

static int64_t rows_of(const Schedule *schedule, const Node *node) {
    const Type *type = &node->inputs[0]->type;
    return schedule->batch * (type_elements(type) / type_last(type));
}

void chunks_choose(Schedule *schedule) {
    for (int i = 0; i < schedule->graph->nodes.count && !schedule->scan; i++) {
        Node *node = schedule->graph->nodes.items[i];
        if (node->type.batched || !node->input_count || !node->inputs[0]->type.batched) continue;
        node->in_chunks = (is_few_weights(schedule, node) || is_short_row(node)) &&
                          rows_of(schedule, node) >= LEAST_ROWS;
    }
}

void chunks_count(Schedule *schedule) {
    int64_t count = FEWEST;
    while (count < MOST && schedule->batch >= 2 * count * CHUNK_SAMPLES) count *= 2;
    for (int i = 0; i < schedule->graph->nodes.count; i++)
        if (schedule_is_chunked(schedule->graph->nodes.items[i])) schedule->chunks = count;
}
