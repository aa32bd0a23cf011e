#include "winograd.h"

#include "../../base/integer.h"
#include "../../op/op.h"

WinogradShape winograd_shape(const Node *anchor) {
    Convolution v = convolution_of(anchor);
    bool is_data = op_product_kind(anchor) == PRODUCT_DATA;
    const int64_t *places = is_data ? v.size : v.places;
    return (WinogradShape){.places = {places[0], places[1]},
                           .depth = is_data ? v.filters : v.channels,
                           .columns = is_data ? v.channels : v.filters};
}

int64_t winograd_count(const int64_t places[2]) {
    return divide_up(places[0], WINOGRAD_PLACES) * divide_up(places[1], WINOGRAD_PLACES);
}

static bool is_plain(const Convolution *v) {
    const Window *w = &v->window;
    for (int i = 0; i < 2; i++)
        if (w->size[i] != WINOGRAD_TAPS || w->stride[i] != 1 || w->dilation[i] != 1) return false;
    return v->groups == 1;
}

// Of windows and kernel, those that are not with padding, which other ways leave out: as many for a
// product and both of its gradients.
static double products_inside(const Convolution *v) {
    double products = 1;
    for (int i = 0; i < 2; i++) {
        int64_t inside = 0, before = v->window.before[i];
        for (int64_t tap = 0; tap < WINOGRAD_TAPS; tap++) {
            int64_t first = before > tap ? before - tap : 0;
            int64_t end = lowest(v->places[i], v->size[i] + before - tap);
            inside += end > first ? end - first : 0;
        }
        products *= (double)inside;
    }
    return products;
}

// Instructions of a sample, by vectors: multiply-adds of products, and what it takes to load,
// transform and store a tile of an operand and of a result; then, between other caches than the
// first, of a kernel's gradient once a sample, and of the kernel once a step by each of some
// workers.
static bool gains(const Schedule *schedule, const Convolution *v, const WinogradShape *s,
                  bool is_weights) {
    enum { OF_OPERAND = 64, OF_RESULT = 50, OF_KERNEL = 190, WORKERS = 4 };
    const double margin = 1.05;
    int lanes = schedule->layout->machine.lanes;
    double batch = (double)schedule->batch;
    double kernels = is_weights ? 1 : (double)lowest(WORKERS, schedule->batch) / batch;
    double depth = (double)s->depth, columns = (double)divide_up(s->columns, lanes);
    double tiles = (double)winograd_count(s->places);
    double direct = products_inside(v) * depth * columns;
    double products = tiles * WINOGRAD_POSITIONS * depth * columns;
    double transforms = tiles * OF_OPERAND * (double)divide_up(s->depth, lanes);
    transforms += tiles * (is_weights ? OF_OPERAND : OF_RESULT) * columns;
    transforms += kernels * OF_KERNEL * depth * columns;
    return margin * (products + transforms) < direct;
}

// Of the kernel, transformed: each worker has its own, and other ways read theirs from the caches.
static bool is_small(const WinogradShape *s, bool is_weights, const MachineModel *machine) {
    enum { MOST = 256 * 256 }; // 4 MB
    if (s->depth > MOST / s->columns) return false;
    int64_t bytes = WINOGRAD_POSITIONS * s->depth * s->columns * (int64_t)sizeof(float);
    return !is_weights || bytes <= 2 * machine->second_cache;
}

bool winograd_fits(const Schedule *schedule, const Group *group) {
    enum { FEWEST = 16, FEWEST_PLACES = 5 }; // fewer tiles are too few rows
    const Node *anchor = group->anchor;
    const MachineModel *machine = &schedule->layout->machine;
    bool is_weights = op_product_kind(anchor) == PRODUCT_WEIGHTS;
    Convolution v = convolution_of(anchor);
    WinogradShape s = winograd_shape(anchor);
    if (schedule->graph->mode == GRAPH_PREDICT) return false;
    if (group->partition != PARTITION_ROWS || !is_plain(&v)) return false;
    if (op_is_in_bfloat16(anchor) || op_is_in_int8(anchor)) return false;
    if (is_weights && !schedule_is_chunked(anchor)) return false;
    if (s.places[0] < FEWEST_PLACES || s.places[1] < FEWEST_PLACES) return false;
    return s.depth >= FEWEST && s.columns >= FEWEST && is_small(&s, is_weights, machine) &&
           gains(schedule, &v, &s, is_weights);
}
