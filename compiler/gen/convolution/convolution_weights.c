// The gradient of a convolution's kernel: for each weight and filter the sum over samples and
// places of what stood under the weight times what came back. A register tile has weights that
// follow each other in the picture (the pixels and channels of a kernel's line) by filters, and is
// accumulated over all places of a sample before it is added to the partial sum of the chunk.
#include "../../base/diagnostics/ice.h"
#include "../../op/op.h"
#include "pairs.h"
#include "slab.h"
#include "words.h"

typedef struct KernelGradient {
    Plane picture, values;
    WordPlane picture_words, values_words; // of the two, in bfloat16
    int64_t picture_line, picture_pixel;   // elements from line to line and pixel to pixel
    int64_t values_line, values_pixel;     // likewise, and from step to step
    int64_t together;                      // places that a step sums: those of a word, else one
    Value picture_base, values_base;
    Value group, sum;     // the chunk's partial sum
    Value is_first;       // is this the first sample? NULL: the sum was cleared
    int64_t row_stride;   // of the storage
    int64_t line_rows;    // its rows from line to line of the kernel
    int64_t step;         // elements of the plane from weight to weight
    int64_t element;      // floats: lanes of a slab, else one
    bool lanewise;        // each column has a channel of its own
    WalkAxis axis[2];     // the kernel's lines (pixels) are places here, the result's places taps
    int64_t parts, span;  // a kernel's line is summed in parts of so many weights
    Value part;           // that is being emitted
    int64_t first, count; // places of a line that are summed for it
    int64_t tile_lines, tile_span;
    Value first_line, first_in_part; // of the tile
} KernelGradient;

// ---- One tile.

// Adds a row of the tile, in vectors that have a part of the sum for each sample of a slab.
static void add_slab_row(Convolver *c, const Columns *columns, Value to, Value from) {
    Gen *gen = c->gen;
    LlvmType type = ir_vector(gen, gen->f32, c->lanes);
    Value parts[KERNEL_MAX_VECTORS];
    int count = kernel_dot_width(columns->vectors);
    for (int v = 0; v < count; v++) {
        Value at = ir_offset(gen, gen->f32, from, ir_int(gen, (int64_t)v * c->lanes));
        parts[v] = v < columns->vectors ? ir_load(gen, type, at) : LLVMConstNull(type);
    }
    Value sums = kernel_sum_lanes(gen, parts, count);
    Value before = ir_load_lanes(gen, LLVMTypeOf(sums), to, columns->vectors);
    ir_store_lanes(gen, LLVMBuildFAdd(gen->builder, before, sums, ""), to, columns->vectors);
}

// Adds the tile to the partial sum.
static void add_row(Convolver *c, const KernelGradient *w, const Columns *columns, Value row,
                    Value from) {
    Gen *gen = c->gen;
    LlvmType type = ir_vector(gen, gen->f32, c->lanes);
    Value to =
        ir_offset(gen, gen->f32, w->sum,
                  ir_add(gen, columns->offset, ir_multiply(gen, row, ir_int(gen, w->row_stride))));
    if (c->slab) {
        add_slab_row(c, columns, to, from);
        return;
    }
    for (int v = 0; v < columns->vectors; v++) {
        Value lane = ir_int(gen, (int64_t)v * c->lanes);
        Value part = ir_load(gen, type, ir_offset(gen, gen->f32, from, lane));
        Value place = ir_offset(gen, gen->f32, to, lane);
        Value before = ir_load(gen, type, place);
        if (w->is_first) // of the samples: it finds what the last step left
            before = LLVMBuildSelect(gen->builder, w->is_first, LLVMConstNull(type), before, "");
        Value after = LLVMBuildFAdd(gen->builder, before, part, "");
        int64_t valid = lowest(c->lanes, columns->valid - v * c->lanes);
        ir_store_lanes(gen, after, place, (int)(w->lanewise ? valid : c->lanes));
    }
}

static void add_tile(Convolver *c, const KernelGradient *w, const Columns *columns) {
    Gen *gen = c->gen;
    int64_t width = (int64_t)columns->vectors * c->lanes;
    Loop lines =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, w->tile_lines), ir_int(gen, 1), "line");
    Value line = ir_add(gen, w->first_line, lines.index);
    Value first =
        ir_add(gen, ir_multiply(gen, line, ir_int(gen, w->line_rows)),
               ir_add(gen, w->first_in_part, ir_multiply(gen, w->part, ir_int(gen, w->span))));
    Value from = ir_multiply(gen, lines.index, ir_int(gen, w->tile_span * width));
    Loop rows =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, w->tile_span), ir_int(gen, 1), "row");
    Value at = ir_add(gen, from, ir_multiply(gen, rows.index, ir_int(gen, width)));
    add_row(c, w, columns, ir_add(gen, first, rows.index), ir_offset(gen, gen->f32, c->tile, at));
    ir_loop_end(gen, &rows);
    ir_loop_end(gen, &lines);
}

// Whether the result and the kernel are one line each, as those of sequences, with nothing above.
// It may be long.
static bool is_one_line(const Convolver *c, const KernelGradient *w) {
    enum { LONG = 1024 };
    const Convolution *v = &c->convolution;
    return v->places[0] == 1 && v->window.size[0] == 1 && !walk_is_clipped(&w->axis[0]) &&
           w->count > LONG;
}

static void one_tile(Convolver *c, const Columns *columns, void *data) {
    const KernelGradient *w = data;
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    int64_t element = w->element, step = w->step * element;
    int64_t line = w->picture_line * element, pixel = w->picture_pixel * element;
    int64_t values = w->values_pixel * element, values_line = w->values_line * element;
    int64_t first = w->first / w->together, steps = divide_up(w->first + w->count, w->together);
    int64_t kernel_line = v->window.dilation[0] * line, a_step = v->window.stride[1] * pixel;
    WalkTaps lines = walk_taps(gen, &w->axis[0], w->first_line, w->tile_lines);
    OuterKernel kernel = {.rows = (int)(w->tile_lines * w->tile_span),
                          .vectors = columns->vectors,
                          .valid = c->slab || c->in_pairs ? 0 : columns->valid % c->lanes,
                          .per_line = (int)w->tile_span,
                          .a_row = step,
                          .a_line = w->tile_lines > 1 ? kernel_line : 0,
                          .loops = {{0, v->window.stride[0] * line, values_line},
                                    {steps - first, w->together * a_step, values}},
                          .loop_count = 2,
                          .lanewise = w->lanewise,
                          .a_vectors = c->slab != NULL};
    if (c->in_pairs) kernel.words = pairs_words(gen, 4);
    Value count = lines.count;
    if (is_one_line(c, w)) { // the steps are its places
        kernel.loops[0] = kernel.loops[1];
        kernel.loop_count = 1;
        count = ir_int(gen, steps - first);
    }
    Value function =
        kernel_outer_long(gen, &kernel, kernel.loop_count > 1 ? v->places[0] : steps - first);
    // The tile's first weight in the plane, and the first place that is summed.
    Value a = ir_multiply(gen, w->first_line, ir_int(gen, kernel_line));
    a = ir_add(gen, a, ir_multiply(gen, w->first_in_part, ir_int(gen, step)));
    a = ir_add(gen, a, ir_multiply(gen, lines.first, ir_int(gen, v->window.stride[0] * line)));
    a = ir_add(gen, a, ir_multiply(gen, w->part, ir_int(gen, v->window.dilation[1] * pixel)));
    a = ir_add(gen, a, ir_int(gen, first * w->together * a_step));
    if (w->lanewise) a = ir_add(gen, a, columns->first);
    Value b = ir_multiply(gen, lines.first, ir_int(gen, values_line));
    b = ir_add(gen, b, ir_multiply(gen, columns->first, ir_int(gen, element)));
    b = ir_add(gen, b, ir_int(gen, first * values));
    Value arguments[] = {ir_offset(gen, gen->f32, w->picture_base, a),
                         ir_offset(gen, gen->f32, w->values_base, b), c->tile, count, c->tile};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function, arguments, 5, "");
    add_tile(c, w, columns);
}

// ---- All tiles.

// Each column is a vector of samples.
static void slab_columns(Convolver *c, KernelGradient *w) {
    Gen *gen = c->gen;
    int64_t all = c->convolution.filters, vectors = c->slab_tile.vectors;
    for (int64_t first = 0; first < all; first += vectors) {
        int count = (int)lowest(vectors, all - first);
        one_tile(c, &(Columns){count, count, ir_int(gen, first), ir_int(gen, first)}, w);
    }
}

static void tile_columns(Convolver *c, KernelGradient *w) {
    if (c->slab) {
        slab_columns(c, w);
        return;
    }
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    const nnrt_storage *s = &c->storage;
    Panels panels = {v->filters, s->panel, s->panel_stride,
                     ir_multiply(gen, w->group, ir_int(gen, v->filters))};
    if (w->lanewise) panels = (Panels){v->groups, c->lanes, c->lanes, ir_int(gen, 0)};
    convolver_each_block(c, &panels, one_tile, w);
}

static void tiles_of_lines(Convolver *c, KernelGradient *w, int64_t lines, int64_t span,
                           Value line) {
    Gen *gen = c->gen;
    int64_t full = w->span / span * span;
    w->tile_lines = lines;
    w->first_line = line;
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, span), "span");
    w->tile_span = span;
    w->first_in_part = loop.index;
    tile_columns(c, w);
    ir_loop_end(gen, &loop);
    if (full == w->span) return;
    w->tile_span = w->span - full;
    w->first_in_part = ir_int(gen, full);
    tile_columns(c, w);
}

static void tiles_of_part(Convolver *c, KernelGradient *w) {
    Gen *gen = c->gen;
    int64_t columns = w->lanewise ? c->lanes : lowest(c->storage.panel, c->convolution.filters);
    int vectors = (int)lowest(divide_up(columns, c->lanes), c->way.vectors);
    int64_t most = c->slab ? c->slab_tile.rows : convolver_tile_rows(c, vectors);
    int64_t span = divide_up(w->span, divide_up(w->span, most)), all = w->axis[0].places;
    int64_t lines = span < w->span ? 1 : lowest(all, most / span);
    lines = divide_up(all, divide_up(all, lines));
    int64_t full = all / lines * lines;
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, lines), "lines");
    tiles_of_lines(c, w, lines, span, loop.index);
    ir_loop_end(gen, &loop);
    if (full < all) tiles_of_lines(c, w, all - full, span, ir_int(gen, full));
}

// The places that a part of the kernel's lines is summed over: for one pixel, those that it does
// not meet the padding at.
static void places_of_part(const Convolver *c, const KernelGradient *w, int64_t part,
                           int64_t *first, int64_t *end) {
    WalkAxis pixel = {.places = c->convolution.places[1],
                      .taps = w->axis[1].places,
                      .dilation = w->axis[1].stride,
                      .stride = w->axis[1].dilation,
                      .begin = w->axis[1].begin,
                      .end = w->axis[1].end};
    *first = 0;
    *end = pixel.places;
    if (w->parts > 1) walk_places_of_tap(&pixel, part, first, end);
}

// Parts [from, to), which are summed over the same places.
static void alike_parts(Convolver *c, KernelGradient *w, int64_t from, int64_t to) {
    Gen *gen = c->gen;
    if (w->count <= 0) return;
    if (to - from == 1) {
        w->part = ir_int(gen, from);
        tiles_of_part(c, w);
        return;
    }
    Loop loop = ir_loop_begin(gen, ir_int(gen, from), ir_int(gen, to), ir_int(gen, 1), "part");
    w->part = loop.index;
    tiles_of_part(c, w);
    ir_loop_end(gen, &loop);
}

// Of a long kernel all are alike: the products with padding, which is zero, are computed too.
static void all_parts(Convolver *c, KernelGradient *w) {
    enum { MOST_PARTS_APART = 16 };
    if (w->parts > MOST_PARTS_APART) {
        w->first = 0;
        w->count = c->convolution.places[1];
        alike_parts(c, w, 0, w->parts);
        return;
    }
    for (int64_t part = 0; part < w->parts; part++) {
        int64_t end;
        places_of_part(c, w, part, &w->first, &end);
        w->count = end - w->first;
        alike_parts(c, w, part, part + 1);
    }
}

static void set_axes(Convolver *c, KernelGradient *w) {
    const Window *window = &c->convolution.window;
    for (int i = 0; i < 2; i++)
        w->axis[i] = (WalkAxis){.places = window->size[i],
                                .taps = c->convolution.places[i],
                                .dilation = window->stride[i],
                                .stride = window->dilation[i],
                                .begin = w->picture.before[i],
                                .end = w->picture.size[i] - w->picture.after[i]};
}

// Pixels of the kernel are summed apart where they do not follow each other, and where that spares
// products with padding and leaves enough weights for a tile.
static bool wants_parts(const Convolver *c, const KernelGradient *w) {
    enum { ENOUGH = 8 };
    const Convolution *v = &c->convolution;
    if (v->window.size[1] == 1 && !walk_is_clipped(&w->axis[1])) return false;
    if (v->window.dilation[1] > 1) return true;
    if (c->way.is_padded) return false;
    return v->channels >= ENOUGH && walk_is_clipped(&w->axis[1]) && walk_share(&w->axis[1]) < 0.985;
}

// In bfloat16: words of the planes.
static void create_words(Convolver *c, KernelGradient *w, int64_t *used) {
    w->picture_words = words_create(c, &w->picture, 1, c->convolution.window.stride[1], used);
    w->values_words = words_create(c, &w->values, 2, 1, used);
    w->picture_line = words_line(&w->picture_words);
    w->picture_pixel = w->picture_words.pixel;
    w->values_line = words_line(&w->values_words);
    w->values_pixel = w->values_words.pixel;
    w->together = 2;
}

static KernelGradient create_weights(Convolver *c, int64_t groups, int64_t *used) {
    const Window *window = &c->convolution.window;
    Node *picture = c->anchor->inputs[0];
    int64_t none[] = {0, 0};
    KernelGradient w = {.parts = 1, .element = 1, .together = 1};
    w.picture = c->in_pairs
                    ? plane_create_rounded(&c->b, picture, window->before, window->after, 0, used)
                    : plane_create(&c->b, picture, window->before, window->after, groups, used);
    w.values = plane_create(&c->b, c->anchor->inputs[1], none, none, 1, used);
    w.picture_line = plane_line(&w.picture);
    w.picture_pixel = plane_pixel(&w.picture);
    w.values_line = plane_line(&w.values);
    w.values_pixel = plane_pixel(&w.values);
    if (c->in_pairs) create_words(c, &w, used);
    set_axes(c, &w);
    plane_clear(&w.picture);
    return w;
}

static void begin_sample(Convolver *c, KernelGradient *w, const SampleLoops *samples) {
    Value zero = ir_int(c->gen, 0);
    if (!samples->has_chunks)
        w->is_first = LLVMBuildICmp(c->gen->builder, LLVMIntEQ, c->b.sample, zero, "");
    w->values_base = c->in_pairs ? words_fill(c, &w->values_words, c->b.sample)
                                 : plane_fill(&w->values, c->b.sample, zero);
}

static Value fill_picture(Convolver *c, KernelGradient *w) {
    if (c->in_pairs) return words_fill(c, &w->picture_words, c->b.sample);
    Value first = ir_multiply(c->gen, w->group, ir_int(c->gen, c->convolution.channels));
    return plane_fill(&w->picture, c->b.sample, first);
}

// Of whole vectors of samples; takes them from the range.
static void slab_weights(Convolver *c, KernelGradient w, Range *samples, int64_t used) {
    Slab slab;
    slab_begin(c, &slab, *samples);
    w.element = c->lanes;
    w.sum = sums_place(&c->b, c->anchor);
    w.picture_base = slab_fill(c, &slab, &w.picture, &used);
    w.values_base = slab_fill(c, &slab, &w.values, &used);
    all_parts(c, &w);
    samples->begin = slab_end(c, &slab);
}

void convolution_weights(Convolver *c) {
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    if (c->parameter < 0) nn_ice("gen", "a gradient of unknown layout");
    int64_t used = 0;
    KernelGradient w = create_weights(c, v->groups, &used);
    w.step = 1;
    w.row_stride = c->storage.row_stride;
    w.line_rows = v->window.size[1] * v->channels;
    w.parts = wants_parts(c, &w) ? v->window.size[1] : 1;
    w.span = w.line_rows / w.parts;
    SampleLoops samples = convolver_range_begin(c);
    if (c->slab_tile.is_slab) slab_weights(c, w, &samples.range, used);
    convolver_samples_begin(c, &samples);
    begin_sample(c, &w, &samples);
    Loop groups =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, v->groups), ir_int(gen, 1), "group");
    w.group = groups.index;
    int64_t group_stride = divide_up(v->filters, c->storage.panel) * c->storage.panel_stride;
    w.sum = ir_offset(gen, gen->f32, sums_place(&c->b, c->anchor),
                      ir_multiply(gen, w.group, ir_int(gen, group_stride)));
    w.picture_base = fill_picture(c, &w);
    all_parts(c, &w);
    ir_loop_end(gen, &groups);
    convolver_samples_end(c, &samples);
}

// The lanes run along the channels, which have one filter each.
void depthwise_weights(Convolver *c) {
    Gen *gen = c->gen;
    const Convolution *v = &c->convolution;
    int64_t used = 0;
    KernelGradient w = create_weights(c, 1, &used);
    w.lanewise = true;
    w.step = v->window.dilation[1] * plane_pixel(&w.picture);
    w.row_stride = v->groups;
    w.line_rows = w.span = v->window.size[1];
    SampleLoops samples = convolver_range_begin(c);
    convolver_samples_begin(c, &samples);
    w.group = ir_int(gen, 0);
    w.sum = sums_place(&c->b, c->anchor);
    begin_sample(c, &w, &samples);
    w.picture_base = plane_fill(&w.picture, c->b.sample, ir_int(gen, 0));
    all_parts(c, &w);
    convolver_samples_end(c, &samples);
}
