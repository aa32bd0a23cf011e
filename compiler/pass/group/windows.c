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

static bool has_window(const Schedule *schedule, const Group *group, bool with_chunks) {
    bool walks_samples = group->kind == GROUP_CONTRACTION || group->kind == GROUP_ROWS ||
                         group->kind == GROUP_AXIS || group->kind == GROUP_JOIN;
    bool is_of_chunks = walks_chunks(group);
    return walks_samples && group->partition == PARTITION_ROWS && group->assigns.count == 0 &&
           (is_of_chunks ? with_chunks : group->domain.batched) && !is_by_blas(schedule, group);
}

// What a run of groups moves, and the fewest samples that are worth a window.
typedef struct Run {
    double sample_bytes, weight_bytes, largest; // of all groups; of a sample in one group
    int64_t least;
} Run;

// Of what a group reads and writes once a step, the partial sums of chunks, which no window reads
// again.
static double sum_bytes(const Schedule *schedule, const Group *group) {
    double bytes = 0;
    for (int i = 0; i < group->nodes.count; i++) {
        const Node *node = group->nodes.items[i];
        if (schedule_is_chunked(node))
            bytes += (double)(type_elements(&node->type) * schedule->chunks) * sizeof(float);
    }
    return bytes;
}

static void add_group(Run *run, const Schedule *schedule, const Group *group) {
    GroupCost cost = cost_of_group(schedule, group);
    run->sample_bytes += cost.sample_bytes;
    run->weight_bytes += cost.step_bytes - sum_bytes(schedule, group);
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

// The samples of a chunk, where all that the run moves for them stays in the cache and is worth
// reading the weights again; else 0.
static int64_t chunk_of(const Run *run, const Schedule *schedule) {
    int64_t samples = schedule->batch / schedule->chunks;
    double bytes = run->sample_bytes * (double)samples;
    bool is_worth = run->sample_bytes * (double)schedule->batch >= 2.0 * WINDOW_BYTES &&
                    bytes >= BYTES_A_WEIGHT * run->weight_bytes;
    return is_worth && bytes <= WINDOW_BYTES && samples >= run->least ? samples : 0;
}

// Where the run of groups that begins at `first` ends.
static int find_run(const Schedule *schedule, int first, bool with_chunks, Run *run) {
    Group *const *groups = schedule->groups.items;
    int end = first;
    *run = (Run){.least = 1};
    while (end < schedule->groups.count && groups[end]->phase == groups[first]->phase &&
           has_window(schedule, groups[end], with_chunks))
        add_group(run, schedule, groups[end++]);
    return end;
}

static int64_t samples_of(const Run *run, const Schedule *schedule, int64_t samples,
                          bool with_chunks) {
    if (samples == WINDOWS_OF_CHUNKS) return divide_up(schedule->batch, schedule->chunks);
    if (samples) return samples;
    return with_chunks ? chunk_of(run, schedule) : window_of(run, schedule);
}

static void find_windows(Schedule *schedule, int64_t samples, bool with_chunks) {
    Group *const *groups = schedule->groups.items;
    Run run;
    for (int first = 0, end; first < schedule->groups.count; first = end) {
        end = find_run(schedule, first, with_chunks, &run);
        if (end - first > 1) {
            groups[first]->window = samples_of(&run, schedule, samples, with_chunks);
            groups[first]->window_end = end;
            schedule->has_windows |= groups[first]->window > 0;
        }
        if (end == first) end++;
    }
}

void pass_windows(Schedule *schedule, int64_t samples) {
    if (schedule->is_single) return;
    if (schedule->chunks && samples <= 0) find_windows(schedule, samples, true);
    schedule->windows_are_chunks = schedule->has_windows;
    if (!schedule->has_windows) find_windows(schedule, samples < 0 ? 0 : samples, false);
}
