// Convolutions and their gradients of data: register tiles of pixels and filters, accumulated over
// the kernel's lines and, within a line, over its pixels and channels, which follow each other in
// memory, so that nothing is copied for each window. A gradient of data is a convolution for each
// phase of the stride (pass/layout/convolution.h) with the kernel in another order. Many phases are
// computed in a loop over those that have as many places and weights.
#include "pairs.h"
#include "slab.h"
#include "winograd/winograd.h"

// What a plane, or a slab of planes, gives to a walk: its size and where its padding is.
static void set_plane(const Convolver *c, Walk *w, const Plane *plane, Value base) {
    int64_t element = c->slab ? c->lanes : 1;
    w->line = plane_line(plane) * element;
    w->pixel = plane_pixel(plane) * element;
    w->base = base;
    for (int i = 0; i < 2; i++) {
        w->axis[i].begin = plane->before[i];
        w->axis[i].end = plane->size[i] - plane->after[i];
        LlvmType number = c->in_pairs ? pairs_element(c) : c->gen->f32;
        w->base = ir_offset(plane->b.gen, number, w->base,
                            ir_int(plane->b.gen, w->axis[i].start * (i ? w->pixel : w->line)));
    }
}

// ---- The forward product.

static Walk forward_walk(const Convolver *c, const Plane *plane, Value base) {
    const Window *window = &c->convolution.window;
    Walk w = {.depth = c->convolution.channels, .first_row = ir_int(c->gen, 0)};
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
    if (!c->in_int8) w.weights = ir_offset(gen, gen->f32, convolver_weights(c), offset);
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
    QuantizedPlane quantized = {0};
    if (c->in_int8) {
        quantized = pairs_quantized_plane(c, plane, &used);
        convolver_kernels_packed(c, used);
    } else if (c->in_pairs || c->way.is_winograd) {
        convolver_pack_kernels(c, used);
        emit(c, plane, c->tile, ir_int(gen, 0)); // packs, and looks at no plane
        convolver_kernels_packed(c, used);
    }
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
    Value base = plane_fill(plane, c->b.sample, first);
    if (c->in_int8) base = pairs_quantize(c, &quantized, base);
    emit(c, plane, base, groups.index);
    ir_loop_end(gen, &groups);
    convolver_samples_end(c, &samples);
}

static Plane operand_plane(Convolver *c, const int64_t before[2], const int64_t after[2],
                           int64_t groups, int64_t *used) {
    Node *operand = c->anchor->inputs[0];
    int64_t behind[] = {after[0], after[1]};
    if (c->way.is_winograd) winograd_zeros(c, behind);
    if (!c->in_pairs || c->in_int8)
        return plane_create(&c->b, operand, before, behind, groups, used);
    int64_t numbers = pairs_numbers_behind(c, operand->type.dims[2]);
    return plane_create_rounded(&c->b, operand, before, after, numbers, used);
}

void convolution_forward(Convolver *c) {
    const Window *window = &c->convolution.window;
    int64_t used = 0;
    Plane plane = operand_plane(c, window->before, window->after, c->convolution.groups, &used);
    plane_clear(&plane);
    all_samples(c, &plane, used, forward_group);
}

// ---- The gradient of data.

// Phases of an axis that share their code: as many places and taps. One of few phases is alone, so
// that all of it is known here.
typedef struct PhaseClass {
    PhaseAxis axis;                 // of its first phase
    int64_t count;                  // phases
    int64_t *at;                    // by number: the phase,
    int64_t *start, *before, *last; // its start, weights before it and last weight
} PhaseClass;

typedef VEC(PhaseClass) PhaseClasses;

enum { MOST_PHASES_APART = 16 };

static bool has_many_phases(const Convolution *v) {
    return v->window.stride[0] * v->window.stride[1] > MOST_PHASES_APART;
}

static PhaseClass *class_of(const Convolver *c, PhaseClasses *classes, const PhaseAxis *p,
                            int64_t stride) {
    Arena *arena = c->gen->arena;
    for (int i = 0; i < classes->count && has_many_phases(&c->convolution); i++) {
        const PhaseAxis *known = &classes->items[i].axis;
        if (known->count == p->count && known->taps == p->taps) return &classes->items[i];
    }
    int64_t room = has_many_phases(&c->convolution) ? stride : 1;
    PhaseClass created = {.axis = *p,
                          .at = ARENA_ARRAY(arena, int64_t, room),
                          .start = ARENA_ARRAY(arena, int64_t, room),
                          .before = ARENA_ARRAY(arena, int64_t, room),
                          .last = ARENA_ARRAY(arena, int64_t, room)};
    vec_push(arena, classes, created);
    return &classes->items[classes->count - 1];
}

static PhaseClasses classes_of(const Convolver *c, int axis) {
    int64_t stride = c->convolution.window.stride[axis];
    const PhaseAxis *phases = convolution_phases(&c->convolution, axis, c->gen->arena);
    PhaseClasses classes = {0};
    for (int64_t i = 0; i < stride; i++) {
        const PhaseAxis *p = &phases[i];
        if (p->count < 1) continue; // the picture has no such places
        PhaseClass *class = class_of(c, &classes, p, stride);
        class->at[class->count] = i;
        class->start[class->count] = p->start;
        class->before[class->count] = p->before;
        class->last[class->count++] = p->first + p->step * (p->taps - 1);
    }
    return classes;
}

// A phase of two classes: its numbers in them.
typedef struct Phase {
    const PhaseClass *class[2];
    Value number[2];
} Phase;

static Value phase_number(Gen *gen, const Phase *p, int axis, const int64_t *numbers) {
    return ir_lookup(gen, numbers, p->class[axis]->count, p->number[axis]);
}

typedef void EmitPhase(Convolver *c, const Phase *p, const Plane *plane, Value base, Value group);

static void phases_of_column(Convolver *c, Phase *p, const Plane *plane, Value base, Value group,
                             EmitPhase *emit) {
    Gen *gen = c->gen;
    if (p->class[1]->count == 1) {
        p->number[1] = ir_int(gen, 0);
        emit(c, p, plane, base, group);
        return;
    }
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, p->class[1]->count), ir_int(gen, 1),
                              "phase");
    p->number[1] = loop.index;
    emit(c, p, plane, base, group);
    ir_loop_end(gen, &loop);
}

static void phases_of_line(Convolver *c, Phase *p, const PhaseClasses *across, const Plane *plane,
                           Value base, Value group, EmitPhase *emit) {
    for (int k = 0; k < across->count; k++) {
        p->class[1] = &across->items[k];
        phases_of_column(c, p, plane, base, group, emit);
    }
}

static void each_phase(Convolver *c, const Plane *plane, Value base, Value group, EmitPhase *emit) {
    Gen *gen = c->gen;
    PhaseClasses down = classes_of(c, 0), across = classes_of(c, 1);
    for (int i = 0; i < down.count; i++) {
        Phase p = {.class = {&down.items[i]}, .number = {ir_int(gen, 0)}};
        if (p.class[0]->count == 1) {
            phases_of_line(c, &p, &across, plane, base, group, emit);
            continue;
        }
        Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, p.class[0]->count),
                                  ir_int(gen, 1), "phases");
        p.number[0] = loop.index;
        phases_of_line(c, &p, &across, plane, base, group, emit);
        ir_loop_end(gen, &loop);
    }
}

static Plane data_plane(Convolver *c, int64_t groups, int64_t *used) {
    int64_t before[2], after[2];
    for (int i = 0; i < 2; i++)
        convolution_zeros_around(&c->convolution, i, c->gen->arena, &before[i], &after[i]);
    Plane plane = operand_plane(c, before, after, groups, used);
    plane_clear(&plane);
    return plane;
}

// Where a phase begins that is not known here: the values under its padding are read, so that its
// start is all that it differs in.
static void start_anywhere(const Convolver *c, const Phase *p, const Plane *plane, Walk *w) {
    Gen *gen = c->gen;
    for (int i = 0; i < 2; i++) {
        w->axis[i].begin = 0;
        w->axis[i].end = INT32_MAX;
        if (w->axis[i].taps == 0) continue;
        Value start = phase_number(gen, p, i, p->class[i]->start);
        start = ir_add(gen, start, ir_int(gen, plane->before[i]));
        Value distance = ir_multiply(gen, start, ir_int(gen, i ? w->pixel : w->line));
        w->base = ir_offset(gen, gen->f32, w->base, distance);
    }
}

static Walk data_walk(const Convolver *c, const Phase *p, const Plane *plane, Value base) {
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    bool any = p->class[0]->axis.taps > 0 && p->class[1]->axis.taps > 0;
    bool is_known = !has_many_phases(v);
    Value line = phase_number(gen, p, 0, p->class[0]->at);
    Walk w = {.depth = v->filters,
              .first_row = ir_add(gen, ir_multiply(gen, line, ir_int(gen, v->size[1])),
                                  phase_number(gen, p, 1, p->class[1]->at))};
    for (int i = 0; i < 2; i++) {
        const PhaseAxis *axis = &p->class[i]->axis;
        w.axis[i] = (WalkAxis){.places = axis->count,
                               .rows = v->window.stride[i] * (i ? 1 : v->size[1]),
                               .taps = any ? axis->taps : 0,
                               .dilation = axis->dilation,
                               .start = any && is_known ? axis->start + plane->before[i] : 0,
                               .stride = 1};
    }
    set_plane(c, &w, plane, base);
    if (!is_known) start_anywhere(c, p, plane, &w);
    return w;
}

// Weights before those of the phase, in the kernel as it was laid out.
static Value weights_before(Convolver *c, const Phase *p) {
    Gen *gen = c->gen;
    Value lines = phase_number(gen, p, 0, p->class[0]->before);
    Value pixels = phase_number(gen, p, 1, p->class[1]->before);
    lines = ir_multiply(gen, lines, ir_int(gen, c->convolution.window.size[1]));
    return ir_add(gen, lines, ir_multiply(gen, pixels, ir_int(gen, p->class[0]->axis.taps)));
}

static void data_phase(Convolver *c, const Phase *p, const Plane *plane, Value base, Value group) {
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    KernelLayout layout = convolution_kernel_layout(v, c->lanes);
    Walk w = data_walk(c, p, plane, base);
    w.b_depth = layout.panel;
    w.b_pixel = v->filters * layout.panel;
    w.b_line = w.axis[1].taps * w.b_pixel;
    int64_t panel_stride = w.axis[0].taps * w.b_line;
    Value offset =
        ir_multiply(gen, weights_before(c, p), ir_int(gen, convolution_weight_size(v, &layout)));
    Value kernel =
        ir_add(gen, offset, ir_multiply(gen, group, ir_int(gen, layout.panels * panel_stride)));
    w.weights = ir_offset(gen, gen->f32, convolver_laid_out(c), kernel);
    walk_emit(c,
              &(Panels){v->channels, layout.panel, panel_stride,
                        ir_multiply(gen, group, ir_int(gen, v->channels))},
              &w);
}

static void data_group(Convolver *c, const Plane *plane, Value base, Value group) {
    each_phase(c, plane, base, group, data_phase);
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

static void depthwise_phase(Convolver *c, const Phase *p, const Plane *plane, Value base,
                            Value group) {
    (void)group;
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    Walk w = data_walk(c, p, plane, base);
    Panels blocks = channel_blocks(c);
    int64_t line = v->window.size[1] * v->groups;
    Value last = ir_int(gen, 0);
    w.lanewise = true;
    if (w.axis[0].taps) // from the last weight to the first
        last = ir_add(
            gen, ir_multiply(gen, phase_number(gen, p, 0, p->class[0]->last), ir_int(gen, line)),
            ir_multiply(gen, phase_number(gen, p, 1, p->class[1]->last), ir_int(gen, v->groups)));
    w.b_line = -p->class[0]->axis.step * line;
    w.b_pixel = -p->class[1]->axis.step * v->groups;
    w.weights = ir_offset(gen, gen->f32, convolver_weights(c), last);
    walk_emit(c, &blocks, &w);
}

void depthwise_data(Convolver *c) {
    int64_t used = 0;
    Plane plane = data_plane(c, 1, &used);
    SampleLoops samples = convolver_range_begin(c);
    convolver_samples_begin(c, &samples);
    Value base = plane_fill(&plane, c->b.sample, ir_int(c->gen, 0));
    each_phase(c, &plane, base, ir_int(c->gen, 0), depthwise_phase);
    convolver_samples_end(c, &samples);
}
