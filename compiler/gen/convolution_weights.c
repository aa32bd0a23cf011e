// The gradient of a convolution's kernel: for each weight and filter the sum over samples and
// places of what stood under the weight times what came back. A register tile has weights that
// follow each other in the picture (the pixels and channels of a kernel's line) by filters, and is
// accumulated over all places of a sample before it is added to the partial sum of the chunk.
#include "../base/ice.h"
#include "../op/op.h"
#include "convolution.h"

typedef struct Weights {
    Plane picture, values;
    Value picture_base, values_base;
    Value group, sum;              // the chunk's partial sum
    int64_t lines, span;           // lines of weights, of `span` that follow each other
    int64_t line_step, line_skip;  // floats from line to line; in a kernel with dilated columns
                                   // a line is a pixel, and a kernel's line has this many of them
    int64_t row_stride;            // of the storage
    int64_t step;                  // floats from weight to weight of a line
    bool lanewise;                 // each column has a channel of its own
    int64_t tile_lines, tile_span; // of the tile that is being emitted
    Value first_line, first_in_line;
} Weights;

static int64_t divide_up(int64_t value, int64_t by) {
    return (value + by - 1) / by;
}

static int64_t lowest(int64_t x, int64_t y) {
    return x < y ? x : y;
}

// ---- One tile.

// Where the tile's first weight is in the plane.
static Value place_in_picture(Convolver *c, const Weights *w) {
    Gen *gen = c->gen;
    const int64_t *dilation = c->convolution.window.dilation;
    Value line = w->first_line;
    Value place = ir_multiply(gen, w->first_in_line, ir_int(gen, w->step));
    if (w->line_skip > 1) {
        Value skip = ir_int(gen, w->line_skip);
        Value pixel = LLVMBuildURem(gen->builder, line, skip, "");
        int64_t step = dilation[1] * plane_pixel(&w->picture);
        place = ir_add(gen, place, ir_multiply(gen, pixel, ir_int(gen, step)));
        line = LLVMBuildUDiv(gen->builder, line, skip, "");
    }
    int64_t step = dilation[0] * plane_line(&w->picture);
    return ir_add(gen, place, ir_multiply(gen, line, ir_int(gen, step)));
}

// Adds the tile to the partial sum.
static void add_tile(Convolver *c, const Weights *w, const Columns *columns) {
    Gen *gen = c->gen;
    int64_t stride = (int64_t)columns->vectors * c->lanes;
    Value first =
        ir_add(gen, ir_multiply(gen, w->first_line, ir_int(gen, w->span)), w->first_in_line);
    Value sum = ir_offset(gen, gen->f32, w->sum, columns->offset);
    Value rows = ir_int(gen, w->tile_lines * w->tile_span);
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), rows, ir_int(gen, 1), "row");
    for (int v = 0; v < columns->vectors; v++) {
        LlvmType type = ir_vector(gen, gen->f32, c->lanes);
        Value lane = ir_int(gen, (int64_t)v * c->lanes);
        Value from = ir_add(gen, ir_multiply(gen, loop.index, ir_int(gen, stride)), lane);
        Value row = ir_multiply(gen, ir_add(gen, first, loop.index), ir_int(gen, w->row_stride));
        Value to = ir_offset(gen, gen->f32, sum, ir_add(gen, row, lane));
        Value part = ir_load(gen, type, ir_offset(gen, gen->f32, c->tile, from));
        int64_t valid = lowest(c->lanes, columns->valid - v * c->lanes);
        Value after = LLVMBuildFAdd(gen->builder, ir_load(gen, type, to), part, "");
        ir_store_lanes(gen, after, to, (int)(w->lanewise ? valid : c->lanes));
    }
    ir_loop_end(gen, &loop);
}

static void one_tile(Convolver *c, const Columns *columns, void *data) {
    const Weights *w = data;
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    int64_t pixel = v->window.stride[1] * plane_pixel(&w->picture);
    int64_t line = v->window.stride[0] * plane_line(&w->picture);
    int64_t values = plane_pixel(&w->values);
    OuterKernel kernel = {
        .rows = (int)(w->tile_lines * w->tile_span),
        .vectors = columns->vectors,
        .valid = columns->valid % c->lanes,
        .per_line = (int)w->tile_span,
        .a_row = w->step,
        .a_line = w->tile_lines > 1 ? w->line_step : 0,
        .loops = {{v->places[0], line, v->places[1] * values}, {v->places[1], pixel, values}},
        .loop_count = 2,
        .lanewise = w->lanewise};
    Value function = kernel_outer(gen, &kernel);
    Value a = ir_offset(gen, gen->f32, w->picture_base, place_in_picture(c, w));
    Value b = ir_offset(gen, gen->f32, w->values_base, columns->first);
    if (w->lanewise) a = ir_offset(gen, gen->f32, a, columns->first);
    Value arguments[] = {a, b, a, ir_int(gen, v->places[0]), c->tile};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function, arguments, 5, "");
    add_tile(c, w, columns);
}

// ---- All tiles.

static void tile_columns(Convolver *c, Weights *w) {
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    const nnrt_storage *s = &c->storage;
    Panels panels = {v->filters, s->panel, s->panel_stride,
                     ir_multiply(gen, w->group, ir_int(gen, v->filters))};
    if (w->lanewise) panels = (Panels){v->groups, c->lanes, c->lanes, ir_int(gen, 0)};
    convolver_each_block(c, &panels, one_tile, w);
}

static void tiles_of_lines(Convolver *c, Weights *w, int64_t lines, int64_t span, Value line) {
    Gen *gen = c->gen;
    int64_t full = w->span / span * span;
    w->tile_lines = lines;
    w->first_line = line;
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, span), "span");
    w->tile_span = span;
    w->first_in_line = loop.index;
    tile_columns(c, w);
    ir_loop_end(gen, &loop);
    if (full == w->span) return;
    w->tile_span = w->span - full;
    w->first_in_line = ir_int(gen, full);
    tile_columns(c, w);
}

static void all_tiles(Convolver *c, Weights *w) {
    Gen *gen = c->gen;
    bool one_vector = lowest(c->storage.panel, c->convolution.filters) <= c->lanes;
    int64_t most = one_vector ? 2 * c->tiles.outer_rows : c->tiles.outer_rows;
    int64_t span = divide_up(w->span, divide_up(w->span, most));
    int64_t lines = span < w->span || w->line_skip > 1 ? 1 : lowest(w->lines, most / span);
    lines = divide_up(w->lines, divide_up(w->lines, lines));
    int64_t full = w->lines / lines * lines;
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, lines), "lines");
    tiles_of_lines(c, w, lines, span, loop.index);
    ir_loop_end(gen, &loop);
    if (full < w->lines) tiles_of_lines(c, w, w->lines - full, span, ir_int(gen, full));
}

static Weights create_weights(Convolver *c) {
    const Convolution *v = &c->convolution;
    const Window *window = &v->window;
    int64_t used = 0, none[] = {0, 0};
    Weights w = {.row_stride = c->storage.row_stride, .step = 1};
    w.picture =
        plane_create(&c->b, c->anchor->inputs[0], window->before, window->after, v->groups, &used);
    w.values = plane_create(&c->b, c->anchor->inputs[1], none, none, 1, &used);
    bool is_dilated = window->dilation[1] > 1 && window->size[1] > 1;
    w.line_skip = is_dilated ? window->size[1] : 1;
    w.lines = window->size[0] * w.line_skip;
    w.span = is_dilated ? v->channels : window->size[1] * v->channels;
    w.line_step = window->dilation[0] * plane_line(&w.picture);
    return w;
}

void convolution_weights(Convolver *c) {
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    if (c->parameter < 0) nn_ice("gen", "a gradient of unknown layout");
    const nnrt_storage *s = &c->storage;
    Weights w = create_weights(c);
    plane_clear(&w.picture);
    SampleLoops samples = convolver_samples_begin(c);
    w.values_base = plane_fill(&w.values, c->b.sample, ir_int(gen, 0));
    Loop groups =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, v->groups), ir_int(gen, 1), "group");
    w.group = groups.index;
    int64_t group_stride = divide_up(v->filters, s->panel) * s->panel_stride;
    w.sum = ir_offset(gen, gen->f32, sums_place(&c->b, c->anchor),
                      ir_multiply(gen, w.group, ir_int(gen, group_stride)));
    w.picture_base =
        plane_fill(&w.picture, c->b.sample, ir_multiply(gen, w.group, ir_int(gen, v->channels)));
    all_tiles(c, &w);
    ir_loop_end(gen, &groups);
    convolver_samples_end(c, &samples);
}

void depthwise_weights(Convolver *c) {
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    const Window *window = &v->window;
    int64_t used = 0, none[] = {0, 0};
    Weights w = {.lines = window->size[0], .span = window->size[1], .line_skip = 1};
    w.lanewise = true;
    w.row_stride = v->groups;
    w.picture = plane_create(&c->b, c->anchor->inputs[0], window->before, window->after, 1, &used);
    w.values = plane_create(&c->b, c->anchor->inputs[1], none, none, 1, &used);
    w.step = window->dilation[1] * plane_pixel(&w.picture);
    w.line_step = window->dilation[0] * plane_line(&w.picture);
    plane_clear(&w.picture);
    SampleLoops samples = convolver_samples_begin(c);
    w.group = ir_int(gen, 0);
    w.sum = sums_place(&c->b, c->anchor);
    w.values_base = plane_fill(&w.values, c->b.sample, ir_int(gen, 0));
    w.picture_base = plane_fill(&w.picture, c->b.sample, ir_int(gen, 0));
    all_tiles(c, &w);
    convolver_samples_end(c, &samples);
}
