// Convolutions and their gradients of data: register tiles of pixels and filters, accumulated over
// the kernel's lines and, within a line, over its pixels and channels, which follow each other in
// memory, so that nothing is copied for each window. A gradient of data is a convolution for each
// phase of the stride (pass/convolution.h) with the kernel in another order. The group's
// elementwise nodes and sums run over each tile while it is in the first-level cache.
#include "convolution.h"

#include "../base/ice.h"
#include "../op/op.h"

// One convolution with stride and kernel in any order: how its tiles walk the plane and the
// result. Distances are in floats.
typedef struct Walk {
    int64_t lines, pixels;       // of the result
    int64_t a_line, a_pixel;     // in the plane, from line to line and pixel to pixel of the result
    int64_t row_line, row_pixel; // rows of the result likewise
    int64_t first_row;
    KernelLoop loops[3];
    int loop_count;
    Value base, weights; // where plane and kernel begin
    bool lanewise;       // each column has a channel of its own
} Walk;

static int64_t divide_up(int64_t value, int64_t by) {
    return (value + by - 1) / by;
}

static int64_t lowest(int64_t x, int64_t y) {
    return x < y ? x : y;
}

// ---- What follows the product in its group.

typedef struct TileSums {
    Node *nodes[8];
    Value values[8];
    int count;
} TileSums;

static TileSums find_sums(const Convolver *c) {
    TileSums sums = {.count = 0};
    for (int i = 0; i < c->group->nodes.count; i++) {
        Node *node = c->group->nodes.items[i];
        if (!schedule_is_chunked(node)) continue;
        if (sums.count == 8) nn_ice("gen", "a convolution with more than 8 sums");
        sums.nodes[sums.count++] = node;
    }
    return sums;
}

// The nodes at one vector of the tile.
static void finish_vector(Convolver *c, Value in_tile, int valid, TileSums *sums) {
    Gen *gen = c->gen;
    Value at = ir_offset(gen, gen->f32, c->tile, in_tile);
    element_forget(&c->b);
    c->b.values[c->anchor->id] = ir_load(gen, ir_vector(gen, gen->f32, c->lanes), at);
    element_store_all(&c->b, valid);
    for (int i = 0; i < sums->count; i++) {
        Value summand = (Value)(void *)element_value(&c->b, sums->nodes[i]->inputs[0]);
        summand = ir_zero_after(gen, summand, valid);
        sums->values[i] = LLVMBuildFAdd(gen->builder, sums->values[i], summand, "");
    }
}

static void begin_sums(Gen *gen, Loop *loop, TileSums *sums, Value *initial, Value *carried) {
    for (int i = 0; i < sums->count; i++) {
        initial[i] = sums->values[i];
        carried[i] = sums->values[i] = ir_loop_carry(gen, loop, initial[i]);
    }
}

static void end_sums(Gen *gen, Loop *loop, TileSums *sums, Value *initial, Value *carried) {
    for (int i = 0; i < sums->count; i++)
        sums->values[i] = ir_loop_result(gen, loop, carried[i], initial[i], sums->values[i]);
}

// The pixels of one line of the tile.
static void finish_line(Convolver *c, const Walk *w, int64_t pixels, Value row, Value in_tile,
                        int64_t stride, int valid, TileSums *sums) {
    Gen *gen = c->gen;
    Value initial[8], carried[8];
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, pixels), ir_int(gen, 1), "pixel");
    begin_sums(gen, &loop, sums, initial, carried);
    c->b.row = ir_add(gen, row, ir_multiply(gen, loop.index, ir_int(gen, w->row_pixel)));
    Value at = ir_add(gen, in_tile, ir_multiply(gen, loop.index, ir_int(gen, stride)));
    finish_vector(c, at, valid, sums);
    ir_loop_end(gen, &loop);
    end_sums(gen, &loop, sums, initial, carried);
}

static void finish_tile(Convolver *c, const Walk *w, const Columns *columns, int64_t lines,
                        int64_t pixels, Value row) {
    Gen *gen = c->gen;
    int64_t stride = (int64_t)columns->vectors * c->lanes;
    for (int v = 0; v < columns->vectors; v++) {
        TileSums sums = find_sums(c);
        Value initial[8], carried[8];
        int valid = (int)lowest(c->lanes, columns->valid - v * c->lanes);
        for (int i = 0; i < sums.count; i++)
            sums.values[i] = ir_splat(gen, ir_float(gen, 0), c->lanes);
        c->b.column = ir_add(gen, columns->first, ir_int(gen, (int64_t)v * c->lanes));
        Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, lines), ir_int(gen, 1), "line");
        begin_sums(gen, &loop, &sums, initial, carried);
        Value line = ir_add(gen, row, ir_multiply(gen, loop.index, ir_int(gen, w->row_line)));
        Value at = ir_add(gen, ir_int(gen, (int64_t)v * c->lanes),
                          ir_multiply(gen, loop.index, ir_int(gen, pixels * stride)));
        finish_line(c, w, pixels, line, at, stride, valid, &sums);
        ir_loop_end(gen, &loop);
        end_sums(gen, &loop, &sums, initial, carried);
        for (int i = 0; i < sums.count; i++)
            element_add_to_sum(&c->b, sums.nodes[i], sums.values[i]);
    }
}

// ---- Tiles.

static void one_tile(Convolver *c, const Walk *w, const Columns *columns, int64_t lines,
                     int64_t pixels, Value line, Value pixel) {
    Gen *gen = c->gen;
    OuterKernel kernel = {.rows = (int)(lines * pixels),
                          .vectors = columns->vectors,
                          .per_line = (int)pixels,
                          .a_row = w->a_pixel,
                          .a_line = lines > 1 ? w->a_line : 0,
                          .loop_count = w->loop_count,
                          .lanewise = w->lanewise};
    for (int i = 0; i < w->loop_count; i++) kernel.loops[i] = w->loops[i];
    Value function = kernel_outer(gen, &kernel);
    Value down = ir_multiply(gen, line, ir_int(gen, w->a_line));
    Value across = ir_multiply(gen, pixel, ir_int(gen, w->a_pixel));
    Value a = ir_offset(gen, gen->f32, w->base, ir_add(gen, down, across));
    if (w->lanewise) a = ir_offset(gen, gen->f32, a, columns->first);
    Value weights = ir_offset(gen, gen->f32, w->weights, columns->offset);
    Value arguments[] = {a, weights, a, ir_int(gen, w->loops[0].count), c->tile};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function, arguments, 5, "");
    Value row =
        ir_add(gen, ir_int(gen, w->first_row), ir_multiply(gen, line, ir_int(gen, w->row_line)));
    row = ir_add(gen, row, ir_multiply(gen, pixel, ir_int(gen, w->row_pixel)));
    finish_tile(c, w, columns, lines, pixels, row);
}

// Cuts [0, count) into tiles of `size` and a smaller last one: emits each kind once.
static void each_tile_of_line(Convolver *c, const Walk *w, const Columns *columns, int64_t lines,
                              int64_t size, Value line) {
    Gen *gen = c->gen;
    int64_t full = w->pixels / size * size;
    if (full) {
        Loop loop =
            ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, size), "tile");
        one_tile(c, w, columns, lines, size, line, loop.index);
        ir_loop_end(gen, &loop);
    }
    if (full < w->pixels) one_tile(c, w, columns, lines, w->pixels - full, line, ir_int(gen, full));
}

// The tile's pixels: a part of a line, or several short lines; parts are as equal as they can be.
static void choose_tile(const Convolver *c, const Walk *w, int vectors, int64_t *lines,
                        int64_t *pixels) {
    int64_t most = vectors == 1 ? 2 * c->tiles.outer_rows : c->tiles.outer_rows;
    *pixels = divide_up(w->pixels, divide_up(w->pixels, most));
    *lines = *pixels < w->pixels ? 1 : lowest(w->lines, most / w->pixels);
    *lines = divide_up(w->lines, divide_up(w->lines, *lines));
}

static void all_tiles(Convolver *c, const Columns *columns, void *data) {
    const Walk *w = data;
    Gen *gen = c->gen;
    int64_t lines, pixels;
    choose_tile(c, w, columns->vectors, &lines, &pixels);
    int64_t full = w->lines / lines * lines;
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, lines), "lines");
    each_tile_of_line(c, w, columns, lines, pixels, loop.index);
    ir_loop_end(gen, &loop);
    if (full < w->lines)
        each_tile_of_line(c, w, columns, w->lines - full, pixels, ir_int(gen, full));
}

// ---- The forward product.

// The loops over the kernel's lines and the pixels and channels of each.
static void set_loops(Walk *w, const int64_t taps[2], const int64_t dilation[2], int64_t line,
                      int64_t depth, int64_t row_stride) {
    int64_t b_line = taps[1] * depth * row_stride;
    w->loop_count = 0;
    w->loops[w->loop_count++] = (KernelLoop){taps[0], dilation[0] * line, b_line};
    if (dilation[1] == 1 || taps[1] == 1) {
        w->loops[w->loop_count++] = (KernelLoop){taps[1] * depth, 1, row_stride};
    } else {
        w->loops[w->loop_count++] = (KernelLoop){taps[1], dilation[1] * depth, depth * row_stride};
        w->loops[w->loop_count++] = (KernelLoop){depth, 1, row_stride};
    }
    if (taps[0] == 1) { // no loop over one line
        for (int i = 1; i < w->loop_count; i++) w->loops[i - 1] = w->loops[i];
        w->loop_count--;
    }
}

static void forward_group(Convolver *c, Plane *plane, Value sample, Value group) {
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    const nnrt_storage *s = &c->storage;
    Value channels = ir_multiply(gen, group, ir_int(gen, v->channels));
    Value base = plane_fill(plane, sample, channels);
    Walk w = {.lines = v->places[0],
              .pixels = v->places[1],
              .a_line = v->window.stride[0] * plane_line(plane),
              .a_pixel = v->window.stride[1] * plane_pixel(plane),
              .row_line = v->places[1],
              .row_pixel = 1};
    set_loops(&w, v->window.size, v->window.dilation, plane_line(plane), v->channels,
              s->row_stride);
    int64_t group_panels = divide_up(v->filters, s->panel);
    Value offset = ir_multiply(gen, group, ir_int(gen, group_panels * s->panel_stride));
    w.base = base;
    w.weights = ir_offset(gen, gen->f32, convolver_weights(c), offset);
    Panels panels = {v->filters, s->panel, s->panel_stride,
                     ir_multiply(gen, group, ir_int(gen, v->filters))};
    convolver_each_block(c, &panels, all_tiles, &w);
}

void convolution_forward(Convolver *c) {
    Gen *gen = c->gen;
    const Window *window = &c->convolution.window;
    int64_t used = 0;
    Plane plane = plane_create(&c->b, c->anchor->inputs[0], window->before, window->after,
                               c->convolution.groups, &used);
    plane_clear(&plane);
    SampleLoops samples = convolver_samples_begin(c);
    Loop groups = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, c->convolution.groups),
                                ir_int(gen, 1), "group");
    forward_group(c, &plane, c->b.sample, groups.index);
    ir_loop_end(gen, &groups);
    convolver_samples_end(c, &samples);
}

// ---- The gradient of data.

static void data_phase(Convolver *c, Plane *plane, Value base, Value group, int64_t row,
                       int64_t column) {
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    PhaseAxis p[] = {convolution_phase(v, 0, row), convolution_phase(v, 1, column)};
    KernelLayout layout = convolution_kernel_layout(v, c->lanes);
    const int64_t *stride = v->window.stride;
    int64_t taps[] = {p[0].taps, p[1].taps}, dilation[] = {p[0].dilation, p[1].dilation};
    if (p[0].count < 1 || p[1].count < 1) return;
    Walk w = {.lines = p[0].count,
              .pixels = p[1].count,
              .a_line = plane_line(plane),
              .a_pixel = plane_pixel(plane),
              .row_line = stride[0] * v->size[1],
              .row_pixel = stride[1],
              .first_row = row * v->size[1] + column};
    int64_t panel_stride = taps[0] * taps[1] * v->filters * layout.panel;
    if (taps[0] && taps[1]) {
        set_loops(&w, taps, dilation, plane_line(plane), v->filters, layout.panel);
    } else {
        w.loop_count = 1; // of no steps: the result is zero
        w.loops[0] = (KernelLoop){0, 0, 0};
        p[0].start = -plane->before[0];
        p[1].start = -plane->before[1];
    }
    int64_t start = (p[0].start + plane->before[0]) * plane_line(plane) +
                    (p[1].start + plane->before[1]) * plane_pixel(plane);
    int64_t offset = convolution_phase_offset(v, &layout, row, column);
    Value kernel = ir_add(gen, ir_int(gen, offset),
                          ir_multiply(gen, group, ir_int(gen, layout.panels * panel_stride)));
    w.base = ir_offset(gen, gen->f32, base, ir_int(gen, start));
    w.weights = ir_offset(gen, gen->f32, convolver_laid_out(c), kernel);
    Panels panels = {v->channels, layout.panel, panel_stride,
                     ir_multiply(gen, group, ir_int(gen, v->channels))};
    convolver_each_block(c, &panels, all_tiles, &w);
}

// Lines of zeros around the values that all phases together need.
static void zeros_around(const Convolution *v, int axis, int64_t *before, int64_t *after) {
    *before = *after = 0;
    for (int64_t phase = 0; phase < v->window.stride[axis]; phase++) {
        PhaseAxis p = convolution_phase(v, axis, phase);
        int64_t last = p.start + (p.taps - 1) * p.dilation + p.count - 1;
        if (p.taps < 1 || p.count < 1) continue;
        if (-p.start > *before) *before = -p.start;
        if (last - (v->places[axis] - 1) > *after) *after = last - (v->places[axis] - 1);
    }
}

void convolution_data(Convolver *c) {
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    int64_t before[2], after[2], used = 0;
    for (int axis = 0; axis < 2; axis++) zeros_around(v, axis, &before[axis], &after[axis]);
    Plane plane = plane_create(&c->b, c->anchor->inputs[0], before, after, v->groups, &used);
    plane_clear(&plane);
    SampleLoops samples = convolver_samples_begin(c);
    Loop groups =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, v->groups), ir_int(gen, 1), "group");
    Value filters = ir_multiply(gen, groups.index, ir_int(gen, v->filters));
    Value base = plane_fill(&plane, c->b.sample, filters);
    for (int64_t row = 0; row < v->window.stride[0]; row++)
        for (int64_t column = 0; column < v->window.stride[1]; column++)
            data_phase(c, &plane, base, groups.index, row, column);
    ir_loop_end(gen, &groups);
    convolver_samples_end(c, &samples);
}

// ---- Channels with one filter each: the lanes run along both.

static Panels channel_blocks(const Convolver *c) {
    int64_t channels = c->convolution.groups;
    int64_t panel = channels <= c->lanes ? c->lanes : 2 * c->lanes;
    return (Panels){channels, panel, panel, ir_int(c->gen, 0)};
}

static void depthwise_loops(Walk *w, const int64_t taps[2], const int64_t dilation[2],
                            const Plane *plane, int64_t b_line, int64_t b_pixel) {
    w->lanewise = true;
    w->loop_count = 2;
    w->loops[0] = (KernelLoop){taps[0], dilation[0] * plane_line(plane), b_line};
    w->loops[1] = (KernelLoop){taps[1], dilation[1] * plane_pixel(plane), b_pixel};
}

void depthwise_forward(Convolver *c) {
    const Convolution *v = &c->convolution;
    const Window *window = &v->window;
    int64_t used = 0;
    Plane plane =
        plane_create(&c->b, c->anchor->inputs[0], window->before, window->after, 1, &used);
    plane_clear(&plane);
    SampleLoops samples = convolver_samples_begin(c);
    Walk w = {.lines = v->places[0],
              .pixels = v->places[1],
              .a_line = window->stride[0] * plane_line(&plane),
              .a_pixel = window->stride[1] * plane_pixel(&plane),
              .row_line = v->places[1],
              .row_pixel = 1,
              .base = plane_fill(&plane, c->b.sample, ir_int(c->gen, 0)),
              .weights = convolver_weights(c)};
    depthwise_loops(&w, window->size, window->dilation, &plane, window->size[1] * v->groups,
                    v->groups);
    Panels blocks = channel_blocks(c);
    convolver_each_block(c, &blocks, all_tiles, &w);
    convolver_samples_end(c, &samples);
}

static void depthwise_phase(Convolver *c, Plane *plane, Value base, int64_t row, int64_t column) {
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    PhaseAxis p[] = {convolution_phase(v, 0, row), convolution_phase(v, 1, column)};
    int64_t taps[] = {p[0].taps, p[1].taps}, dilation[] = {p[0].dilation, p[1].dilation};
    if (p[0].count < 1 || p[1].count < 1) return;
    Walk w = {.lines = p[0].count,
              .pixels = p[1].count,
              .a_line = plane_line(plane),
              .a_pixel = plane_pixel(plane),
              .row_line = v->window.stride[0] * v->size[1],
              .row_pixel = v->window.stride[1],
              .first_row = row * v->size[1] + column};
    int64_t kernel_line = v->window.size[1] * v->groups, start = 0, last = 0;
    if (taps[0] && taps[1]) { // from the last weight to the first
        start = (p[0].start + plane->before[0]) * plane_line(plane) +
                (p[1].start + plane->before[1]) * plane_pixel(plane);
        last = (p[0].first + p[0].step * (taps[0] - 1)) * kernel_line +
               (p[1].first + p[1].step * (taps[1] - 1)) * v->groups;
    } else {
        taps[0] = 0;
    }
    depthwise_loops(&w, taps, dilation, plane, -p[0].step * kernel_line, -p[1].step * v->groups);
    w.base = ir_offset(gen, gen->f32, base, ir_int(gen, start));
    w.weights = ir_offset(gen, gen->f32, convolver_weights(c), ir_int(gen, last));
    Panels blocks = channel_blocks(c);
    convolver_each_block(c, &blocks, all_tiles, &w);
}

void depthwise_data(Convolver *c) {
    const Convolution *v = &c->convolution;
    int64_t before[2], after[2], used = 0;
    for (int axis = 0; axis < 2; axis++) zeros_around(v, axis, &before[axis], &after[axis]);
    Plane plane = plane_create(&c->b, c->anchor->inputs[0], before, after, 1, &used);
    plane_clear(&plane);
    SampleLoops samples = convolver_samples_begin(c);
    Value base = plane_fill(&plane, c->b.sample, ir_int(c->gen, 0));
    for (int64_t row = 0; row < v->window.stride[0]; row++)
        for (int64_t column = 0; column < v->window.stride[1]; column++)
            depthwise_phase(c, &plane, base, row, column);
    convolver_samples_end(c, &samples);
}
