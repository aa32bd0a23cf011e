// Windows: groups that follow each other without a barrier, all sample by sample, walk some of a
// worker's samples together before the next ones, so that what one group stores is still in the
// second-level cache when the next one reads it. Weights are read once a window, so windows are
// long enough for that not to matter. Samples do not depend on each other, and what each of them
// adds to its chunk's sums is added in the order of the samples: the bits are the same. Groups that
// sum several samples at once have windows only where these are whole chunks.
#include "../layout/convolution.h"
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

// Gradients of few filters may have the lanes along samples (gen/convolution/slab.h).
static bool takes_vectors_of_samples(const Schedule *schedule, const Node *anchor) {
    const MachineModel *machine = &schedule->layout->machine;
    return op_product_kind(anchor) == PRODUCT_WEIGHTS && !op_is_in_bfloat16(anchor) &&
           convolution_of(anchor).filters <= machine->registers / 2 && // rows of a tile, at most
           schedule->batch / schedule->chunks >= machine->lanes;
}

// Each sample adds to its chunk's sums what it has, so that a window may end within a chunk.
static bool sums_by_sample(const Schedule *schedule, const Group *group) {
    if (group->kind == GROUP_ROWS) return group->domain.batched && group->lead > 1;
    return group->kind == GROUP_CONTRACTION && op_is_convolution(group->anchor) &&
           !takes_vectors_of_samples(schedule, group->anchor);
}

static bool has_window(const Schedule *schedule, const Group *group, bool with_chunks) {
    bool walks_samples = group->kind == GROUP_CONTRACTION || group->kind == GROUP_ROWS ||
                         group->kind == GROUP_AXIS || group->kind == GROUP_JOIN;
    if (!walks_samples || group->partition != PARTITION_ROWS || group->assigns.count > 0 ||
        is_by_blas(schedule, group))
        return false;
    if (!walks_chunks(group)) return group->domain.batched;
    return with_chunks || sums_by_sample(schedule, group);
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

// Bytes that the groups in windows move for a sample.
static double find_windows(Schedule *schedule, int64_t samples, bool with_chunks) {
    Group *const *groups = schedule->groups.items;
    double bytes = 0;
    Run run;
    for (int i = 0; i < schedule->groups.count; i++) groups[i]->window = 0;
    for (int first = 0, end; first < schedule->groups.count; first = end) {
        end = find_run(schedule, first, with_chunks, &run);
        if (end - first > 1) {
            groups[first]->window = samples_of(&run, schedule, samples, with_chunks);
            groups[first]->window_end = end;
            if (groups[first]->window) bytes += run.sample_bytes;
        }
        if (end == first) end++;
    }
    schedule->has_windows = bytes > 0;
    schedule->windows_are_chunks = with_chunks && bytes > 0;
    return bytes;
}

void pass_windows(Schedule *schedule, int64_t samples) {
    if (schedule->is_single) return;
    if (!schedule->chunks || samples > 0) {
        find_windows(schedule, samples > 0 ? samples : 0, false);
        return;
    }
    double cut = find_windows(schedule, 0, false);
    double whole = find_windows(schedule, samples, true);
    if (whole == 0 || (samples == 0 && cut > whole)) find_windows(schedule, 0, false);
}
