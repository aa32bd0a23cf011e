// Windows: groups that follow each other without a barrier, all sample by sample, walk some of a
// worker's samples together before the next ones, so that what one group stores is still in the
// second-level cache when the next one reads it. Weights are read once a window, so windows are
// long enough for that not to matter. Samples do not depend on each other: the bits are the same.
#include "cost.h"

#include "../../op/op.h"

#include <math.h>

enum {
    WINDOW_BYTES = 1 << 20, // what a group reads and stores in a window
    WINDOW_ROWS = 128       // of a matrix product: fewer would not use its tiles
};

// Activations that are read and stored, as a multiple of the weights that are read for them.
static const double BYTES_A_WEIGHT = 4;

static bool is_by_blas(const Schedule *schedule, const Group *group) {
    if (group->kind != GROUP_CONTRACTION || op_product_kind(group->anchor) == PRODUCT_PAIRS)
        return false;
    const Parameter *weight = layout_weight_of(group->anchor);
    return weight && schedule->layout->parameters[weight->index].by_blas;
}

// Sums over the samples are made chunk by chunk.
static bool walks_chunks(const Group *group) {
    for (int i = 0; i < group->nodes.count; i++)
        if (schedule_is_chunked(group->nodes.items[i])) return true;
    return false;
}

static bool has_window(const Schedule *schedule, const Group *group) {
    bool walks_samples = group->kind == GROUP_CONTRACTION || group->kind == GROUP_ROWS ||
                         group->kind == GROUP_AXIS || group->kind == GROUP_JOIN;
    return walks_samples && group->partition == PARTITION_ROWS && group->domain.batched &&
           group->assigns.count == 0 && !walks_chunks(group) && !is_by_blas(schedule, group);
}

// What a run of groups moves, and the fewest samples that are worth a window.
typedef struct Run {
    double sample_bytes, weight_bytes, largest; // of all groups; of a sample in one group
    int64_t least;
} Run;

static void add_group(Run *run, const Schedule *schedule, const Group *group) {
    GroupCost cost = cost_of_group(schedule, group);
    run->sample_bytes += cost.sample_bytes;
    run->weight_bytes += cost.step_bytes;
    run->largest = fmax(run->largest, cost.sample_bytes);
    bool is_product = group->kind == GROUP_CONTRACTION && op_is_matrix_product(group->anchor) &&
                      op_product_kind(group->anchor) != PRODUCT_PAIRS;
    int64_t rows = is_product ? divide_up(WINDOW_ROWS, group->lead) : 1;
    if (rows > run->least) run->least = rows;
}

// The samples of a window; 0: the run is better walked group by group.
static int64_t window_of(const Run *run, const Schedule *schedule) {
    if (run->sample_bytes * (double)schedule->batch < 2.0 * WINDOW_BYTES) return 0;
    double samples = fmax(floor(WINDOW_BYTES / run->largest),
                          ceil(BYTES_A_WEIGHT * run->weight_bytes / run->sample_bytes));
    if (samples < (double)run->least) samples = (double)run->least;
    return samples * 2 <= (double)schedule->batch ? (int64_t)samples : 0;
}

void pass_windows(Schedule *schedule, int64_t samples) {
    Group *const *groups = schedule->groups.items;
    int count = schedule->groups.count;
    for (int first = 0, end; first < count && !schedule->is_single; first = end) {
        Run run = {.least = 1};
        for (end = first; end < count && groups[end]->phase == groups[first]->phase &&
                          has_window(schedule, groups[end]);
             end++)
            add_group(&run, schedule, groups[end]);
        if (end - first > 1) {
            groups[first]->window = samples ? samples : window_of(&run, schedule);
            groups[first]->window_end = end;
            schedule->has_windows |= groups[first]->window > 0;
        }
        if (end == first) end++;
    }
}
