#include "convolution.h"

Convolution convolution_of(const Node *node) {
    const Type *x = &node->inputs[0]->type, *second = &node->inputs[1]->type;
    bool is_weights = node_is(node, "convolve_weights");
    const Type *picture = node_is(node, "convolve_data") ? &node->type : x;
    const Type *kernel = is_weights ? &node->type : second;
    Convolution c = {.window = window_read(node->args, kernel->dims[0], kernel->dims[1]),
                     .size = {picture->dims[0], picture->dims[1]},
                     .groups = args_int(node->args, "groups")};
    c.channels = kernel->dims[2];
    c.filters = kernel->dims[3] / c.groups;
    for (int axis = 0; axis < 2; axis++)
        c.places[axis] = window_places(&c.window, axis, c.size[axis]);
    return c;
}

static int64_t divisor_of(int64_t a, int64_t b) {
    return b == 0 ? a : divisor_of(b, a % b);
}

// Place h = phase + stride * a gets values from the weights i with
// h + before - i * dilation = stride * (the value's place).
PhaseAxis convolution_phase(const Convolution *convolution, int axis, int64_t phase) {
    const Window *w = &convolution->window;
    int64_t stride = w->stride[axis], dilation = w->dilation[axis], size = w->size[axis];
    int64_t common = divisor_of(stride, dilation), from = phase + w->before[axis];
    PhaseAxis p = {.count = (convolution->size[axis] - phase + stride - 1) / stride,
                   .step = stride / common,
                   .dilation = dilation / common};
    while (p.first < size && (from - p.first * dilation) % stride != 0) p.first++;
    if (p.first < size) p.taps = (size - p.first + p.step - 1) / p.step;
    p.start = (from - p.first * dilation) / stride - (p.taps - 1) * p.dilation;
    return p;
}

void convolution_zeros_around(const Convolution *v, int axis, int64_t *before, int64_t *after) {
    *before = *after = 0;
    for (int64_t phase = 0; phase < v->window.stride[axis]; phase++) {
        PhaseAxis p = convolution_phase(v, axis, phase);
        int64_t last = p.start + (p.taps - 1) * p.dilation + p.count - 1;
        if (p.taps < 1 || p.count < 1) continue;
        if (-p.start > *before) *before = -p.start;
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

int64_t convolution_phase_offset(const Convolution *convolution, const KernelLayout *layout,
                                 int64_t phase_row, int64_t phase_column) {
    const int64_t *stride = convolution->window.stride;
    int64_t weights = 0;
    for (int64_t i = 0; i < phase_row * stride[1] + phase_column; i++)
        weights += convolution_phase(convolution, 0, i / stride[1]).taps *
                   convolution_phase(convolution, 1, i % stride[1]).taps;
    return weights * convolution->filters * convolution->groups * layout->panels * layout->panel;
}

bool convolution_is_depthwise(const Convolution *convolution) {
    return convolution->channels == 1 && convolution->filters == 1 && convolution->groups > 1;
}
