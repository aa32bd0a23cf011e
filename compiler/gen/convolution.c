// Convolutions and their gradients of data: register tiles of pixels and filters, accumulated over
// the kernel's lines and, within a line, over its pixels and channels, which follow each other in
// memory, so that nothing is copied for each window. A gradient of data is a convolution for each
// phase of the stride (pass/convolution.h) with the kernel in another order.
#include "slab.h"

// What a plane, or a slab of planes, gives to a walk: its size and where its padding is.
static void set_plane(const Convolver *c, Walk *w, const Plane *plane, Value base) {
    int64_t element = c->slab ? c->lanes : 1;
    w->line = plane_line(plane) * element;
    w->pixel = plane_pixel(plane) * element;
    w->base = base;
    for (int i = 0; i < 2; i++) {
        w->axis[i].begin = plane->before[i];
        w->axis[i].end = plane->size[i] - plane->after[i];
        w->base = ir_offset(plane->b.gen, plane->b.gen->f32, w->base,
                            ir_int(plane->b.gen, w->axis[i].start * (i ? w->pixel : w->line)));
    }
}

// ---- The forward product.

static Walk forward_walk(const Convolver *c, const Plane *plane, Value base) {
    const Window *window = &c->convolution.window;
    Walk w = {.depth = c->convolution.channels};
    for (int i = 0; i < 2; i++)
        w.axis[i] = (WalkAxis){.places = c->convolution.places[i],
                               .rows = i ? 1 : c->convolution.places[1],
                               .taps = window->size[i],
                               .dilation = window->dilation[i],
                               .stride = window->stride[i]};
    set_plane(c, &w, plane, base);
    return w;
}

static void forward_group(Convolver *c, const Plane *plane, Value base, Value group) {
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    const nnrt_storage *s = &c->storage;
    Walk w = forward_walk(c, plane, base);
    w.b_depth = s->row_stride;
    w.b_pixel = v->channels * w.b_depth;
    w.b_line = v->window.size[1] * w.b_pixel;
    int64_t panels = (v->filters + s->panel - 1) / s->panel;
    Value offset = ir_multiply(gen, group, ir_int(gen, panels * s->panel_stride));
    w.weights = ir_offset(gen, gen->f32, convolver_weights(c), offset);
    walk_emit(c,
              &(Panels){v->filters, s->panel, s->panel_stride,
                        ir_multiply(gen, group, ir_int(gen, v->filters))},
              &w);
}

// Emits what is done with the plane, or the slab, of one group's channels.
typedef void EmitGroup(Convolver *c, const Plane *plane, Value base, Value group);

// All groups of this worker's samples: vectors of samples, where they are wanted, then one by one.
// The plane has used so many floats of the scratch.
static void all_samples(Convolver *c, Plane *plane, int64_t used, EmitGroup *emit) {
    Gen *gen = c->gen;
    SampleLoops samples = convolver_range_begin(c);
    if (c->slab_tile.is_slab) {
        Slab slab;
        slab_begin(c, &slab, samples.range);
        emit(c, plane, slab_fill(c, &slab, plane, &used), ir_int(gen, 0));
        samples.range.begin = slab_end(c, &slab);
    }
    convolver_samples_begin(c, &samples);
    Loop groups = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, c->convolution.groups),
                                ir_int(gen, 1), "group");
    Value first = ir_multiply(gen, groups.index, ir_int(gen, plane->channels));
    emit(c, plane, plane_fill(plane, c->b.sample, first), groups.index);
    ir_loop_end(gen, &groups);
    convolver_samples_end(c, &samples);
}

void convolution_forward(Convolver *c) {
    const Window *window = &c->convolution.window;
    int64_t used = 0;
    Plane plane = plane_create(&c->b, c->anchor->inputs[0], window->before, window->after,
                               c->convolution.groups, &used);
    plane_clear(&plane);
    all_samples(c, &plane, used, forward_group);
}

// ---- The gradient of data.

typedef struct Phase {
    int64_t at[2]; // of the picture's places, modulo the stride
    PhaseAxis axis[2];
} Phase;

// False: the picture has no such places.
static bool find_phase(const Convolution *v, int64_t number, Phase *p) {
    p->at[0] = number / v->window.stride[1];
    p->at[1] = number % v->window.stride[1];
    for (int i = 0; i < 2; i++) p->axis[i] = convolution_phase(v, i, p->at[i]);
    return p->axis[0].count > 0 && p->axis[1].count > 0;
}

static int64_t phase_count(const Convolution *v) {
    return v->window.stride[0] * v->window.stride[1];
}

static Plane data_plane(Convolver *c, int64_t groups, int64_t *used) {
    int64_t before[2], after[2];
    for (int i = 0; i < 2; i++) convolution_zeros_around(&c->convolution, i, &before[i], &after[i]);
    Plane plane = plane_create(&c->b, c->anchor->inputs[0], before, after, groups, used);
    plane_clear(&plane);
    return plane;
}

static Walk data_walk(const Convolver *c, const Phase *p, const Plane *plane, Value base) {
    const Convolution *v = &c->convolution;
    Walk w = {.depth = v->filters, .first_row = p->at[0] * v->size[1] + p->at[1]};
    bool any = p->axis[0].taps > 0 && p->axis[1].taps > 0;
    for (int i = 0; i < 2; i++)
        w.axis[i] = (WalkAxis){.places = p->axis[i].count,
                               .rows = v->window.stride[i] * (i ? 1 : v->size[1]),
                               .taps = any ? p->axis[i].taps : 0,
                               .dilation = p->axis[i].dilation,
                               .start = any ? p->axis[i].start + plane->before[i] : 0,
                               .stride = 1};
    set_plane(c, &w, plane, base);
    return w;
}

static void data_phase(Convolver *c, const Phase *p, int64_t number, const Plane *plane, Value base,
                       Value group) {
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    KernelLayout layout = convolution_kernel_layout(v, c->lanes);
    Walk w = data_walk(c, p, plane, base);
    w.b_depth = layout.panel;
    w.b_pixel = v->filters * layout.panel;
    w.b_line = w.axis[1].taps * w.b_pixel;
    int64_t panel_stride = w.axis[0].taps * w.b_line;
    int64_t stride = v->window.stride[1];
    int64_t offset = convolution_phase_offset(v, &layout, number / stride, number % stride);
    Value kernel = ir_add(gen, ir_int(gen, offset),
                          ir_multiply(gen, group, ir_int(gen, layout.panels * panel_stride)));
    w.weights = ir_offset(gen, gen->f32, convolver_laid_out(c), kernel);
    walk_emit(c,
              &(Panels){v->channels, layout.panel, panel_stride,
                        ir_multiply(gen, group, ir_int(gen, v->channels))},
              &w);
}

static void data_group(Convolver *c, const Plane *plane, Value base, Value group) {
    for (int64_t i = 0; i < phase_count(&c->convolution); i++) {
        Phase p;
        if (find_phase(&c->convolution, i, &p)) data_phase(c, &p, i, plane, base, group);
    }
}

void convolution_data(Convolver *c) {
    int64_t used = 0;
    Plane plane = data_plane(c, c->convolution.groups, &used);
    all_samples(c, &plane, used, data_group);
}

// ---- Channels with one filter each: the lanes run along both.

static Panels channel_blocks(const Convolver *c) {
    int64_t channels = c->convolution.groups;
    int64_t panel = channels <= c->lanes ? c->lanes : 2 * c->lanes;
    return (Panels){channels, panel, panel, ir_int(c->gen, 0)};
}

void depthwise_forward(Convolver *c) {
    const Convolution *v = &c->convolution;
    const Window *window = &v->window;
    int64_t used = 0;
    Plane plane =
        plane_create(&c->b, c->anchor->inputs[0], window->before, window->after, 1, &used);
    plane_clear(&plane);
    SampleLoops samples = convolver_range_begin(c);
    convolver_samples_begin(c, &samples);
    Walk w = forward_walk(c, &plane, plane_fill(&plane, c->b.sample, ir_int(c->gen, 0)));
    Panels blocks = channel_blocks(c);
    w.lanewise = true;
    w.weights = convolver_weights(c);
    w.b_pixel = v->groups;
    w.b_line = window->size[1] * v->groups;
    walk_emit(c, &blocks, &w);
    convolver_samples_end(c, &samples);
}

static void depthwise_phase(Convolver *c, const Phase *p, const Plane *plane, Value base) {
    const Convolution *v = &c->convolution;
    Walk w = data_walk(c, p, plane, base);
    Panels blocks = channel_blocks(c);
    int64_t line = v->window.size[1] * v->groups, last = 0;
    w.lanewise = true;
    if (w.axis[0].taps) // from the last weight to the first
        last = (p->axis[0].first + p->axis[0].step * (p->axis[0].taps - 1)) * line +
               (p->axis[1].first + p->axis[1].step * (p->axis[1].taps - 1)) * v->groups;
    w.b_line = -p->axis[0].step * line;
    w.b_pixel = -p->axis[1].step * v->groups;
    w.weights = ir_offset(c->gen, c->gen->f32, convolver_weights(c), ir_int(c->gen, last));
    walk_emit(c, &blocks, &w);
}

void depthwise_data(Convolver *c) {
    int64_t used = 0;
    Plane plane = data_plane(c, 1, &used);
    SampleLoops samples = convolver_range_begin(c);
    convolver_samples_begin(c, &samples);
    Value base = plane_fill(&plane, c->b.sample, ir_int(c->gen, 0));
    for (int64_t i = 0; i < phase_count(&c->convolution); i++) {
        Phase p;
        if (find_phase(&c->convolution, i, &p)) depthwise_phase(c, &p, &plane, base);
    }
    convolver_samples_end(c, &samples);
}
