// What the workers divide: the samples, the outputs, or nothing.
#include "fusion.h"

#include "../../op/op.h"

// A few rows are multiplied about as fast as weights come from another worker's cache, which has
// changed its part of them in the step before. So the workers divide the columns of such products:
// forward, a worker reads the columns that it changes itself, and no weights that it has not read
// need be taken from others before they change. What that costs are barriers, about a microsecond
// each, and rows that each worker reads as a whole.
enum {
    MOST_ROWS = 64,
    LEAST_WEIGHTS = 1 << 16, // 256 KB: some microseconds from cache to cache
    LEAST_PER_ROW = 4        // columns, and steps of the reduction, for each row
};

static bool divides_columns(const Schedule *schedule, const Node *anchor) {
    bool is_product = op_is_matrix_product(anchor) && op_product_kind(anchor) != PRODUCT_PAIRS &&
                      op_product_kind(anchor) != PRODUCT_WEIGHTS;
    if (!is_product || schedule->scan || schedule->graph->mode != GRAPH_TRAIN) return false;
    const Node *weights = schedule_source(anchor->inputs[1]);
    if (!weights->parameter || !anchor->type.batched || op_is_in_bfloat16(anchor)) return false;
    if (schedule->layout->parameters[weights->parameter->index].kind != LAYOUT_PANELS) return false;
    int64_t columns = type_last(&weights->type), elements = type_elements(&weights->type);
    int64_t rows = schedule->batch * (type_elements(&anchor->type) / type_last(&anchor->type));
    return rows <= MOST_ROWS && elements >= LEAST_WEIGHTS && columns >= LEAST_PER_ROW * rows &&
           elements / columns >= LEAST_PER_ROW * rows;
}

static Partition of_contraction(const Schedule *schedule, const Node *anchor) {
    if (fusion_is_by_blas(schedule, anchor) || divides_columns(schedule, anchor))
        return PARTITION_OUTPUT;
    bool has_samples = anchor->type.batched || schedule_is_chunked(anchor);
    return has_samples ? PARTITION_ROWS : PARTITION_OUTPUT;
}

Partition fusion_partition(const Schedule *schedule, const Group *group) {
    bool divides_sample =
        group->kind == GROUP_CONTRACTION || (group->kind == GROUP_ROWS && group->lead > 1);
    if (schedule->is_single && divides_sample) return PARTITION_OUTPUT;
    switch (group->kind) {
    case GROUP_CONTRACTION: return of_contraction(schedule, group->anchor);
    case GROUP_ROWS: return group->domain.batched ? PARTITION_ROWS : PARTITION_SERIAL;
    case GROUP_SCAN:
    case GROUP_JOIN:
    case GROUP_AXIS: return PARTITION_ROWS;
    case GROUP_COLUMNS:
        return group->width * group->lead == 1 ? PARTITION_SERIAL : PARTITION_OUTPUT;
    case GROUP_LAYOUT:
    case GROUP_PLACES:
    case GROUP_SCATTER:
    case GROUP_STORAGE: return PARTITION_OUTPUT;
    default: return PARTITION_SERIAL;
    }
}
