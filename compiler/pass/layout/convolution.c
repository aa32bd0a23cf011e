#include "convolution.h"

static Convolution make(const Args *args, const int64_t *size, const Type *kernel) {
    Convolution c = {.window = window_read(args, kernel->dims[0], kernel->dims[1]),
                     .size = {size[0], size[1]},
                     .groups = args_int(args, "groups")};
    c.channels = kernel->dims[2];
    c.filters = kernel->dims[3] / c.groups;
    for (int axis = 0; axis < 2; axis++)
        c.places[axis] = window_places(&c.window, axis, c.size[axis]);
    return c;
}

Convolution convolution_of(const Node *node) {
    ProductKind kind = op_product_kind(node);
    const Type *picture = kind == PRODUCT_DATA ? &node->type : &node->inputs[0]->type;
    const Type *kernel = kind == PRODUCT_WEIGHTS ? &node->type : &node->inputs[1]->type;
    return make(node->args, picture->dims, kernel);
}

Convolution convolution_of_kernel(const Node *laid_out) {
    int64_t size[2];
    window_numbers(laid_out->args, "size", size, 2);
    return make(laid_out->args, size, &laid_out->type);
}

static int64_t divisor_of(int64_t a, int64_t b) {
    return b == 0 ? a : divisor_of(b, a % b);
}

// Place h = phase + stride * a gets values from the weights i with
// h + before - i * dilation = stride * (the value's place).
int64_t convolution_phase_of_weight(const Convolution *convolution, int axis, int64_t weight) {
    const Window *w = &convolution->window;
    int64_t stride = w->stride[axis];
    int64_t place = (weight % stride * (w->dilation[axis] % stride) - w->before[axis]) % stride;
    return place < 0 ? place + stride : place;
}

static void finish_phase(const Convolution *convolution, int axis, int64_t phase, PhaseAxis *p) {
    const Window *w = &convolution->window;
    int64_t stride = w->stride[axis], dilation = w->dilation[axis];
    int64_t common = divisor_of(stride, dilation), from = phase + w->before[axis];
    p->count = (convolution->size[axis] - phase + stride - 1) / stride;
    p->step = stride / common;
    p->dilation = dilation / common;
    p->start = (from - p->first * dilation) / stride - (p->taps - 1) * p->dilation;
}

PhaseAxis *convolution_phases(const Convolution *convolution, int axis, Arena *arena) {
    const Window *w = &convolution->window;
    int64_t stride = w->stride[axis], before = 0;
    PhaseAxis *phases = ARENA_ARRAY(arena, PhaseAxis, stride);
    for (int64_t i = 0; i < w->size[axis]; i++) {
        PhaseAxis *p = &phases[convolution_phase_of_weight(convolution, axis, i)];
        if (p->taps++ == 0) p->first = i;
    }
    for (int64_t i = 0; i < stride; i++) {
        if (phases[i].taps == 0) phases[i].first = w->size[axis];
        finish_phase(convolution, axis, i, &phases[i]);
        phases[i].before = before;
        before += phases[i].taps;
    }
    return phases;
}

void convolution_zeros_around(const Convolution *v, int axis, Arena *arena, int64_t *before,
                              int64_t *after) {
    const PhaseAxis *phases = convolution_phases(v, axis, arena);
    *before = *after = 0;
    for (int64_t phase = 0; phase < v->window.stride[axis]; phase++) {
        const PhaseAxis *p = &phases[phase];
        int64_t last = p->start + (p->taps - 1) * p->dilation + p->count - 1;
        if (p->taps < 1 || p->count < 1) continue;
        if (-p->start > *before) *before = -p->start;
        if (last - (v->places[axis] - 1) > *after) *after = last - (v->places[axis] - 1);
    }
}

KernelLayout convolution_kernel_layout(const Convolution *convolution, int lanes) {
    int64_t panel = convolution->channels <= lanes ? lanes : 2 * lanes;
    KernelLayout layout = {.panel = panel, .panels = (convolution->channels + panel - 1) / panel};
    int64_t weights = convolution->window.size[0] * convolution->window.size[1];
    layout.size = weights * convolution->filters * convolution->groups * layout.panels * panel;
    return layout;
}

int64_t convolution_weight_size(const Convolution *convolution, const KernelLayout *layout) {
    return convolution->filters * convolution->groups * layout->panels * layout->panel;
}

bool convolution_is_depthwise(const Convolution *convolution) {
    return convolution->channels == 1 && convolution->filters == 1 && convolution->groups > 1;
}

// Sums run along lines of the picture, so that windows have no gaps; gradients of strided ones are
// a few convolutions.
bool convolution_fits_pairs(const Convolution *v, ProductKind kind) {
    enum { LEAST = 16, MOST_PHASES = 4 };
    const Window *w = &v->window;
    bool is_plain = v->groups == 1 && w->dilation[0] == 1 && w->dilation[1] == 1;
    if (!is_plain || v->filters < LEAST) return false;
    switch (kind) {
    case PRODUCT_FORWARD: return v->channels * w->size[1] >= LEAST;
    case PRODUCT_DATA: return v->channels >= LEAST && w->stride[0] * w->stride[1] <= MOST_PHASES;
    case PRODUCT_WEIGHTS:
        return v->channels % LEAST == 0 && w->stride[0] * w->stride[1] <= MOST_PHASES;
    default: return false;
    }
}
