// Walks of convolutions: register tiles of pixels by columns, and what follows the product in its
// group while a tile is in the first-level cache. No product with padding is computed, but in int8,
// whose zero there is of another number, and where words go from one pixel to the next: lines of
// the kernel that are outside the picture are skipped by the count of the kernel's outermost loop,
// its columns by leaving out the tile's rows that they would be multiplied for.
#include "walk.h"

#include "../../base/diagnostics/ice.h"
#include "../../op/op.h"
#include "../element/sums.h"
#include "pairs.h"
#include "slab.h"
#include "winograd/winograd.h"

// ---- What follows the product in its group.

// A sum over the samples, or moments, of the rows of a tile.
typedef struct TileSum {
    Node *node;
    bool is_moments;
    Moments values; // of a sum: `first`
} TileSum;

typedef struct TileSums {
    TileSum items[8];
    int count;
} TileSums;

static TileSums find_sums(const Convolver *c) {
    TileSums sums = {.count = 0};
    for (int i = 0; i < c->group->nodes.count; i++) {
        Node *node = c->group->nodes.items[i];
        if (!schedule_is_chunked(node)) continue;
        if (sums.count == 8) nn_ice("gen", "a convolution with more than 8 sums");
        sums.items[sums.count++] = (TileSum){.node = node};
    }
    return sums;
}

void walk_finish_vector(Convolver *c, Value in_tile, int valid) {
    Gen *gen = c->gen;
    Value at = ir_offset(gen, gen->f32, c->tile, in_tile);
    element_forget(&c->b);
    c->b.values[slots_of(gen, c->anchor)] =
        c->in_int8 ? int8_result(gen, &c->int8, at, c->b.column, c->lanes)
                   : ir_load(gen, ir_vector(gen, gen->f32, c->lanes), at);
    element_store_all(&c->b, valid);
}

// The nodes at one vector of the tile.
static void finish_vector(Convolver *c, Value in_tile, int valid, TileSums *sums) {
    Gen *gen = c->gen;
    walk_finish_vector(c, in_tile, valid);
    for (int i = 0; i < sums->count; i++) {
        TileSum *sum = &sums->items[i];
        Value summand = (Value)(void *)element_value(&c->b, sum->node->inputs[0]);
        if (sum->is_moments)
            sums_moments_add(&c->b, &sum->values, summand, valid);
        else
            sum->values.first = LLVMBuildFAdd(gen->builder, sum->values.first,
                                              ir_zero_after(gen, summand, valid), "");
    }
}

// The tile's sums begin at nothing, its moments at its first row.
static void start_sums(Convolver *c, TileSums *sums, Value row, int vector) {
    Gen *gen = c->gen;
    c->b.row = row;
    element_forget(&c->b);
    Value at = ir_offset(gen, gen->f32, c->tile, ir_int(gen, (int64_t)vector * c->lanes));
    LlvmType type = ir_vector(gen, gen->f32, c->lanes);
    c->b.values[slots_of(gen, c->anchor)] = ir_load(gen, type, at);
    for (int i = 0; i < sums->count; i++) {
        TileSum *sum = &sums->items[i];
        sum->is_moments = sum->node->op->reduce == REDUCE_MOMENTS;
        Value start = LLVMConstNull(type);
        if (sum->is_moments) start = (Value)(void *)element_value(&c->b, sum->node->inputs[0]);
        sum->values = sums_moments_begin(&c->b, start);
    }
}

// Of the 8 sums, what a loop changes.
static void carry_sums(Gen *gen, Loop *loop, TileSums *sums, const TileSums *initial) {
    *sums = *initial;
    for (int i = 0; i < sums->count; i++) {
        Moments *values = &sums->items[i].values;
        values->first = ir_loop_carry(gen, loop, values->first);
        if (sums->items[i].is_moments) values->second = ir_loop_carry(gen, loop, values->second);
    }
}

static void end_sums(Gen *gen, Loop *loop, TileSums *sums, const TileSums *initial,
                     const TileSums *carried) {
    for (int i = 0; i < sums->count; i++) {
        const Moments *from = &initial->items[i].values, *in = &carried->items[i].values;
        Moments *to = &sums->items[i].values;
        to->first = ir_loop_result(gen, loop, in->first, from->first, to->first);
        if (sums->items[i].is_moments)
            to->second = ir_loop_result(gen, loop, in->second, from->second, to->second);
    }
}

// The pixels of one line of the tile.
static void finish_line(Convolver *c, const Walk *w, int64_t pixels, Value row, Value in_tile,
                        int64_t stride, int valid, TileSums *sums) {
    Gen *gen = c->gen;
    TileSums initial = *sums, carried;
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, pixels), ir_int(gen, 1), "pixel");
    carry_sums(gen, &loop, sums, &initial);
    carried = *sums;
    c->b.row = ir_add(gen, row, ir_multiply(gen, loop.index, ir_int(gen, w->axis[1].rows)));
    Value at = ir_add(gen, in_tile, ir_multiply(gen, loop.index, ir_int(gen, stride)));
    finish_vector(c, at, valid, sums);
    ir_loop_end(gen, &loop);
    end_sums(gen, &loop, sums, &initial, &carried);
}

static void add_sums(Convolver *c, const TileSums *sums, int64_t rows, int valid) {
    for (int i = 0; i < sums->count; i++) {
        const TileSum *sum = &sums->items[i];
        if (sum->is_moments)
            sums_moments_finish(&c->b, sum->node, &sum->values, ir_int(c->gen, rows), valid);
        else
            element_add_to_sum(&c->b, sum->node, sum->values.first, valid);
    }
}

void walk_finish_tile(Convolver *c, const Walk *w, const Columns *columns, int64_t lines,
                      int64_t pixels, int64_t line_rows, Value row) {
    Gen *gen = c->gen;
    int64_t stride = (int64_t)columns->vectors * c->lanes;
    for (int v = 0; v < columns->vectors; v++) {
        TileSums sums = find_sums(c), initial, carried;
        int valid = (int)lowest(c->lanes, columns->valid - v * c->lanes);
        c->b.column = ir_add(gen, columns->first, ir_int(gen, (int64_t)v * c->lanes));
        start_sums(c, &sums, row, v);
        initial = sums;
        Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, lines), ir_int(gen, 1), "line");
        carry_sums(gen, &loop, &sums, &initial);
        carried = sums;
        Value line = ir_add(gen, row, ir_multiply(gen, loop.index, ir_int(gen, w->axis[0].rows)));
        Value at = ir_add(gen, ir_int(gen, (int64_t)v * c->lanes),
                          ir_multiply(gen, loop.index, ir_int(gen, line_rows * stride)));
        finish_line(c, w, pixels, line, at, stride, valid, &sums);
        ir_loop_end(gen, &loop);
        end_sums(gen, &loop, &sums, &initial, &carried);
        add_sums(c, &sums, lines * pixels, valid);
    }
}

// ---- What is padding.

bool walk_is_clipped(const WalkAxis *a) {
    int64_t last = a->start + (a->places - 1) * a->stride + (a->taps - 1) * a->dilation;
    return a->taps > 0 && (a->start < a->begin || last >= a->end);
}

void walk_places_of_tap(const WalkAxis *a, int64_t tap, int64_t *first, int64_t *end) {
    int64_t at = a->start + tap * a->dilation;
    *first = -divide_down(at - a->begin, a->stride);
    *end = divide_down(a->end - 1 - at, a->stride) + 1;
    if (*first < 0) *first = 0;
    if (*end > a->places) *end = a->places;
    if (*end < *first) *end = *first;
}

double walk_share(const WalkAxis *a) {
    int64_t products = 0, first, end;
    for (int64_t tap = 0; tap < a->taps; tap++) {
        walk_places_of_tap(a, tap, &first, &end);
        products += end - first;
    }
    return (double)products / (double)(a->taps * a->places);
}

// Numbers of the reduction that a step takes.
static int64_t numbers_of_step(const Walk *w) {
    return w->words.multiply ? w->words.numbers : 1;
}

static int64_t steps_of(const Walk *w, int64_t numbers) {
    return divide_up(numbers, numbers_of_step(w));
}

// A tap's channels are whole words.
static bool has_whole_taps(const Walk *w) {
    return w->depth % numbers_of_step(w) == 0;
}

// Windows only where they save something: they take a loop for each tap.
static bool wants_windows(const Convolver *c, const Walk *w) {
    const WalkAxis *a = &w->axis[1];
    return !c->way.is_padded && has_whole_taps(w) && walk_is_clipped(a) &&
           a->taps <= KERNEL_MAX_TAPS && walk_share(a) < 0.985;
}

bool walk_set_windows(const Walk *w, int64_t first, int64_t pixels, OuterKernel *kernel) {
    bool any = false;
    for (int64_t tap = 0; tap < w->axis[1].taps; tap++) {
        int64_t begin, end;
        walk_places_of_tap(&w->axis[1], tap, &begin, &end);
        begin = begin > first ? lowest(begin - first, pixels) : 0;
        end = end > first ? lowest(end - first, pixels) : 0;
        kernel->windows[tap] = (KernelWindow){(int)begin, (int)(end > begin ? end : begin)};
        any = any || begin > 0 || end < pixels;
    }
    return any;
}

// ---- One tile.

static void add_loop(OuterKernel *kernel, int64_t count, int64_t a_step, int64_t b_step) {
    kernel->loops[kernel->loop_count++] = (KernelLoop){count, a_step, b_step};
}

// The loops over the kernel's lines, pixels and channels; those of a line follow each other in the
// plane if it is not dilated, and are one loop then.
static void set_loops(const Walk *w, bool has_windows, OuterKernel *kernel) {
    const WalkAxis *down = &w->axis[0], *across = &w->axis[1];
    int64_t a_pixel = across->dilation * w->pixel;
    if (down->taps < 1 || across->taps < 1) {
        add_loop(kernel, 0, 0, 0); // the result is zero
        return;
    }
    bool is_line = (across->dilation == 1 || across->taps == 1) && !w->lanewise && !has_windows;
    if (down->taps > 1 || walk_is_clipped(down) || has_windows)
        add_loop(kernel, down->taps, down->dilation * w->line, w->b_line);
    kernel->window_level = has_windows ? kernel->loop_count : 0;
    int64_t together = numbers_of_step(w);
    if (is_line) {
        add_loop(kernel, steps_of(w, across->taps * w->depth), together, w->b_depth);
        return;
    }
    add_loop(kernel, across->taps, a_pixel, w->b_pixel);
    if (!w->lanewise) add_loop(kernel, steps_of(w, w->depth), together, w->b_depth);
}

WalkTaps walk_taps(Gen *gen, const WalkAxis *a, Value line, int64_t lines) {
    Value zero = ir_int(gen, 0), all = ir_int(gen, a->taps), dilation = ir_int(gen, a->dilation);
    if (!walk_is_clipped(a)) return (WalkTaps){zero, all};
    Value at = ir_add(gen, ir_int(gen, a->start), ir_multiply(gen, line, ir_int(gen, a->stride)));
    Value last = ir_add(gen, at, ir_int(gen, (lines - 1) * a->stride));
    // ceil((begin - last) / dilation) and floor((end - 1 - at) / dilation) + 1, within the taps
    Value before = LLVMBuildSub(gen->builder, ir_int(gen, a->begin + a->dilation - 1), last, "");
    Value first = LLVMBuildSDiv(gen->builder, before, dilation, "");
    Value is_before = LLVMBuildICmp(gen->builder, LLVMIntSGT, before, zero, "");
    first = LLVMBuildSelect(gen->builder, is_before, first, zero, "");
    Value after = LLVMBuildSub(gen->builder, ir_int(gen, a->end - 1 + a->dilation), at, "");
    Value end = LLVMBuildSDiv(gen->builder, after, dilation, "");
    Value is_after = LLVMBuildICmp(gen->builder, LLVMIntSGT, after, zero, "");
    end = LLVMBuildSelect(gen->builder, is_after, end, zero, "");
    Value is_within = LLVMBuildICmp(gen->builder, LLVMIntSLT, end, all, "");
    end = LLVMBuildSelect(gen->builder, is_within, end, all, "");
    return (WalkTaps){first, LLVMBuildSub(gen->builder, end, first, "")};
}

typedef struct Lines {
    const Columns *columns;
    int64_t count; // of a tile
    Value first;
} Lines;

static void one_tile(Convolver *c, const Walk *w, int64_t pixels, Value pixel, int64_t first,
                     void *data) {
    const Lines *of = data;
    const Columns *columns = of->columns;
    int64_t lines = of->count;
    Value line = of->first;
    Gen *gen = c->gen;
    OuterKernel kernel = {.rows = (int)(lines * pixels),
                          .vectors = columns->vectors,
                          .per_line = (int)pixels,
                          .a_row = w->axis[1].stride * w->pixel,
                          .a_line = lines > 1 ? w->axis[0].stride * w->line : 0,
                          .lanewise = w->lanewise,
                          .words = w->words};
    set_loops(w, first >= 0 && walk_set_windows(w, first, pixels, &kernel), &kernel);
    Value function = kernel_outer(gen, &kernel);
    WalkTaps taps = {ir_int(gen, 0), ir_int(gen, kernel.loops[0].count)};
    if (kernel.loops[0].count && walk_is_clipped(&w->axis[0]))
        taps = walk_taps(gen, &w->axis[0], line, lines);
    Value down = ir_multiply(gen, line, ir_int(gen, w->axis[0].stride * w->line));
    Value across = ir_multiply(gen, pixel, ir_int(gen, w->axis[1].stride * w->pixel));
    Value skipped = ir_multiply(gen, taps.first, ir_int(gen, kernel.loops[0].a_step));
    Value a = ir_offset(gen, kernel_left_element(gen, &kernel), w->base,
                        ir_add(gen, ir_add(gen, down, across), skipped));
    if (w->lanewise) a = ir_offset(gen, gen->f32, a, columns->first);
    skipped = ir_multiply(gen, taps.first, ir_int(gen, kernel.loops[0].b_step));
    Value b = ir_offset(gen, gen->f32, w->weights, ir_add(gen, columns->offset, skipped));
    Value arguments[] = {a, b, a, taps.count, c->tile};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function, arguments, 5, "");
    Value row = ir_multiply(gen, line, ir_int(gen, w->axis[0].rows));
    row = ir_add(gen, row, ir_multiply(gen, pixel, ir_int(gen, w->axis[1].rows)));
    walk_finish_tile(c, w, columns, lines, pixels, pixels, ir_add(gen, row, w->first_row));
}

// ---- All tiles.

static bool has_windows(const Convolver *c, const Walk *w, int64_t first, int64_t pixels) {
    OuterKernel kernel = {.rows = 0};
    return wants_windows(c, w) && walk_set_windows(w, first, pixels, &kernel);
}

void walk_each_tile(Convolver *c, const Walk *w, int64_t size, VisitTile *visit, void *data) {
    Gen *gen = c->gen;
    int64_t all = w->axis[1].places;
    for (int64_t first = 0, end; first < all; first = end) {
        int64_t pixels = lowest(size, all - first);
        end = first + pixels;
        if (has_windows(c, w, first, pixels)) {
            visit(c, w, pixels, ir_int(gen, first), first, data);
            continue;
        }
        while (end + size <= all && pixels == size && !has_windows(c, w, end, size)) end += size;
        Loop loop =
            ir_loop_begin(gen, ir_int(gen, first), ir_int(gen, end), ir_int(gen, pixels), "tile");
        visit(c, w, pixels, loop.index, -1, data);
        ir_loop_end(gen, &loop);
    }
}

// The tile's pixels: a part of a line, or several short lines; parts are as equal as they can be.
static void choose_tile(const Convolver *c, const Walk *w, int vectors, int64_t *lines,
                        int64_t *pixels) {
    int64_t most = convolver_tile_rows(c, vectors);
    int64_t width = w->axis[1].places, height = w->axis[0].places;
    *pixels = divide_up(width, divide_up(width, most));
    *lines = *pixels < width ? 1 : lowest(height, most / width);
    *lines = divide_up(height, divide_up(height, *lines));
}

void walk_all_tiles(Convolver *c, const Columns *columns, void *walk) {
    const Walk *w = walk;
    Gen *gen = c->gen;
    int64_t lines, pixels, height = w->axis[0].places;
    choose_tile(c, w, columns->vectors, &lines, &pixels);
    int64_t full = height / lines;
    bool divides_lines = c->group->partition == PARTITION_OUTPUT;
    Range own = {ir_int(gen, 0), ir_int(gen, full)};
    if (divides_lines) own = ir_worker_range(gen, c->function, own.end);
    Loop loop = ir_loop_begin(gen, own.begin, own.end, ir_int(gen, 1), "lines");
    Value line = ir_multiply(gen, loop.index, ir_int(gen, lines));
    walk_each_tile(c, w, pixels, one_tile, &(Lines){columns, lines, line});
    ir_loop_end(gen, &loop);
    if (full * lines == height) return;
    LLVMBasicBlockRef done = NULL;
    if (divides_lines) ir_only_worker_zero(gen, c->function, &done);
    walk_each_tile(c, w, pixels, one_tile,
                   &(Lines){columns, height - full * lines, ir_int(gen, full * lines)});
    if (!done) return;
    LLVMBuildBr(gen->builder, done);
    LLVMPositionBuilderAtEnd(gen->builder, done);
}

void walk_emit(Convolver *c, const Panels *panels, Walk *w) {
    for (int i = 0; i < 2; i++)
        if (w->axis[i].places < 1) return;
    if (c->in_pairs) {
        pairs_walk(c, panels, w);
        return;
    }
    if (c->slab) {
        slab_walk(c, panels, w);
        return;
    }
    if (c->way.is_winograd) {
        winograd_walk(c, panels, w);
        return;
    }
    convolver_each_block(c, panels, walk_all_tiles, w);
}
