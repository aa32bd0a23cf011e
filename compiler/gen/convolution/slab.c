#include "slab.h"

#include "../../op/op.h"

// Of a plane with its padding, of which there are two copies for each lane: where the second-level
// cache is too small for them, full lanes still gain more than a slower cache costs.
enum { MOST_FLOATS = 32768 };

static bool is_small(int64_t height, int64_t width, int64_t channels) {
    return height <= MOST_FLOATS && width <= MOST_FLOATS && height * width <= MOST_FLOATS &&
           height * width * channels <= MOST_FLOATS;
}

// The plane that is walked: the picture, or, of gradients of data, the values.
static bool plane_is_small(const Convolver *c) {
    const Convolution *v = &c->convolution;
    bool is_data = c->kind == PRODUCT_DATA;
    int64_t sides[2];
    for (int i = 0; i < 2; i++) {
        int64_t before = v->window.before[i], after = v->window.after[i];
        if (is_data) convolution_zeros_around(v, i, c->gen->arena, &before, &after);
        sides[i] = before + (is_data ? v->places[i] : v->size[i]) + after;
    }
    return is_small(sides[0], sides[1], is_data ? v->filters : v->channels);
}

bool slab_fits(const Convolver *c, int64_t columns) {
    const Convolution *v = &c->convolution;
    const Schedule *schedule = c->schedule;
    bool is_weights = c->kind == PRODUCT_WEIGHTS;
    bool strides = c->kind == PRODUCT_FORWARD && v->window.stride[1] > 1;
    if (c->group->partition != PARTITION_ROWS || v->groups > 1 || element_has_sums(c->group))
        return false;
    if (strides || columns > c->tiles.outer_rows || !plane_is_small(c)) return false;
    if (!is_weights) return schedule->batch >= 2 * c->lanes;
    return is_small(v->places[0], v->places[1], v->filters) && schedule_is_chunked(c->anchor) &&
           schedule->batch / schedule->chunks >= c->lanes;
}

// As far as there are registers, and no larger than the block that other tiles are left in.
Way slab_way(const Convolver *c, int64_t columns) {
    int registers = c->gen->target->machine.registers, vectors = KERNEL_MAX_VECTORS;
    int block = c->tiles.outer_rows * c->tiles.outer_vectors;
    if (c->kind == PRODUCT_WEIGHTS) { // columns are vectors, weights are rows
        vectors = (int)divide_up(columns, divide_up(columns, KERNEL_MAX_VECTORS));
        int rows = (registers - 1 - vectors) / vectors;
        return (Way){
            .rows = (int)lowest(rows, block / vectors), .vectors = vectors, .is_slab = true};
    }
    while ((columns + 1) * vectors >= registers || columns * vectors > block) vectors--;
    return (Way){.rows = (int)columns, .vectors = vectors, .is_slab = true};
}

// ---- Square transposition: a vector of each of `lanes` rows becomes a vector of each column.

// Of `count` floats of `lanes` samples, `stride` floats apart, those of each sample together, to
// vectors that have one of each sample, or back.
static void transpose_all(Convolver *c, Value samples, int64_t stride, Value vectors, int64_t count,
                          bool back) {
    Gen *gen = c->gen;
    Value function = kernel_transpose(gen);
    Value step = ir_int(gen, c->lanes), row = ir_int(gen, stride);
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, count), step, "transpose");
    Value sample = ir_offset(gen, gen->f32, samples, loop.index);
    Value vector = ir_offset(gen, gen->f32, vectors, ir_multiply(gen, loop.index, step));
    Value there[] = {sample, row, vector, step}, back_again[] = {vector, step, sample, row};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function,
                   back ? back_again : there, 4, "");
    ir_loop_end(gen, &loop);
}

// ---- The slab.

static int64_t take(int64_t *used, int64_t floats) {
    int64_t offset = *used;
    *used += floats;
    return offset;
}

static int64_t plane_floats(const Plane *plane) {
    return plane->size[0] * plane_line(plane);
}

// Copies the plane of one sample.
static void copy_plane(Convolver *c, Value from, Value to, int64_t floats) {
    Gen *gen = c->gen;
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, floats), ir_int(gen, c->lanes), "copy");
    Value vector = ir_load(gen, ir_vector(gen, gen->f32, c->lanes),
                           ir_offset(gen, gen->f32, from, loop.index));
    ir_store(gen, vector, ir_offset(gen, gen->f32, to, loop.index));
    ir_loop_end(gen, &loop);
}

void slab_begin(Convolver *c, Slab *slab, Range samples) {
    Gen *gen = c->gen;
    Value lanes = ir_int(gen, c->lanes);
    Value count = LLVMBuildSub(gen->builder, samples.end, samples.begin, "");
    Value rest = LLVMBuildSRem(gen->builder, count, lanes, "");
    Value end = LLVMBuildSub(gen->builder, samples.end, rest, "");
    *slab = (Slab){.samples = ir_loop_begin(gen, samples.begin, end, lanes, "slab")};
    c->b.sample = slab->first = slab->samples.index;
    c->slab = slab;
}

Value slab_fill(Convolver *c, Slab *slab, Plane *plane, int64_t *used) {
    Gen *gen = c->gen;
    int64_t floats = round_up(plane_floats(plane), c->lanes);
    int64_t stride = floats + c->lanes; // not 2^n bytes
    Value planes = ir_scratch(gen, c->function, take(used, stride * c->lanes), stride * c->lanes);
    Value base = ir_scratch(gen, c->function, take(used, floats * c->lanes), floats * c->lanes);
    slab->used = *used;
    Loop fill = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, c->lanes), ir_int(gen, 1), "lane");
    Value from = plane_fill(plane, ir_add(gen, slab->first, fill.index), ir_int(gen, 0));
    Value to = ir_offset(gen, gen->f32, planes, ir_multiply(gen, fill.index, ir_int(gen, stride)));
    copy_plane(c, from, to, floats);
    ir_loop_end(gen, &fill);
    transpose_all(c, planes, stride, base, floats, false);
    return base;
}

Value slab_end(Convolver *c, Slab *slab) {
    ir_loop_end(c->gen, &slab->samples);
    c->slab = NULL;
    return slab->samples.end;
}

// ---- One line of the result.

typedef struct Line {
    int64_t columns, floats; // of a sample's line
    Value number, results;   // of the line; [pixel][column][lanes]
    WalkTaps taps;           // of the kernel's lines that meet it
} Line;

// Puts the tile's [column][pixel] among the line's [pixel][column].
static void keep_tile(Convolver *c, const Line *line, int64_t pixels, Value pixel) {
    Gen *gen = c->gen;
    Value first = ir_multiply(gen, pixel, ir_int(gen, line->columns * c->lanes));
    Value results = ir_offset(gen, gen->f32, line->results, first);
    for (int64_t i = 0; i < pixels * line->columns; i++) {
        int64_t in_tile = i % line->columns * pixels + i / line->columns;
        Value from = ir_offset(gen, gen->f32, c->tile, ir_int(gen, in_tile * c->lanes));
        Value vector = ir_load(gen, ir_vector(gen, gen->f32, c->lanes), from);
        ir_store(gen, vector, ir_offset(gen, gen->f32, results, ir_int(gen, i * c->lanes)));
    }
}

// The tile's rows are columns, its vectors pixels.
static void one_tile(Convolver *c, const Walk *w, int64_t pixels, Value pixel, int64_t first,
                     void *data) {
    const Line *line = data;
    Gen *gen = c->gen;
    const WalkAxis *down = &w->axis[0], *across = &w->axis[1];
    int64_t step = across->stride * w->pixel;
    OuterKernel kernel = {.rows = (int)line->columns,
                          .vectors = (int)pixels,
                          .a_row = 1,
                          .b_vector = step,
                          .loops = {{down->taps, w->b_line, down->dilation * w->line},
                                    {across->taps, w->b_pixel, across->dilation * w->pixel},
                                    {w->depth, w->b_depth, c->lanes}},
                          .loop_count = 3};
    kernel.windows_of_vectors = first >= 0 && walk_set_windows(w, first, pixels, &kernel);
    kernel.window_level = kernel.windows_of_vectors ? 1 : 0;
    Value function = kernel_outer(gen, &kernel);
    Value a = ir_multiply(gen, line->taps.first, ir_int(gen, kernel.loops[0].a_step));
    Value b = ir_multiply(gen, line->taps.first, ir_int(gen, kernel.loops[0].b_step));
    b = ir_add(gen, b, ir_multiply(gen, line->number, ir_int(gen, down->stride * w->line)));
    b = ir_add(gen, b, ir_multiply(gen, pixel, ir_int(gen, step)));
    a = ir_offset(gen, gen->f32, w->weights, a);
    Value arguments[] = {a, ir_offset(gen, gen->f32, w->base, b), a, line->taps.count, c->tile};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function, arguments, 5, "");
    keep_tile(c, line, pixels, pixel);
}

// What follows the product in the group, sample by sample.
static void finish_line(Convolver *c, const Walk *w, const Line *line, Value out, int64_t stride) {
    Gen *gen = c->gen;
    const WalkAxis *across = &w->axis[1];
    Value tile = c->tile;
    Loop lanes = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, c->lanes), ir_int(gen, 1), "lane");
    c->b.sample = ir_add(gen, c->slab->first, lanes.index);
    c->tile = ir_offset(gen, gen->f32, out, ir_multiply(gen, lanes.index, ir_int(gen, stride)));
    Loop pixels =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, across->places), ir_int(gen, 1), "pixel");
    Value row = ir_multiply(gen, line->number, ir_int(gen, w->axis[0].rows));
    row = ir_add(gen, row, ir_multiply(gen, pixels.index, ir_int(gen, across->rows)));
    c->b.row = ir_add(gen, row, w->first_row);
    c->b.column = ir_int(gen, 0);
    walk_finish_vector(c, ir_multiply(gen, pixels.index, ir_int(gen, line->columns)),
                       (int)line->columns);
    ir_loop_end(gen, &pixels);
    ir_loop_end(gen, &lanes);
    c->b.sample = c->slab->first;
    c->tile = tile;
}

void slab_walk(Convolver *c, const Panels *panels, const Walk *w) {
    Gen *gen = c->gen;
    Line line = {.columns = panels->columns};
    int64_t places = w->axis[1].places, most = c->slab_tile.vectors;
    line.floats = round_up(places * line.columns, c->lanes);
    int64_t stride = line.floats + c->lanes, used = c->slab->used;
    line.results =
        ir_scratch(gen, c->function, take(&used, line.floats * c->lanes), line.floats * c->lanes);
    Value out = ir_scratch(gen, c->function, used, (stride + 1) * c->lanes);
    Loop lines =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, w->axis[0].places), ir_int(gen, 1), "line");
    line.number = lines.index;
    line.taps = walk_taps(gen, &w->axis[0], lines.index, 1);
    walk_each_tile(c, w, divide_up(places, divide_up(places, most)), one_tile, &line);
    transpose_all(c, out, stride, line.results, line.floats, true);
    finish_line(c, w, &line, out, stride);
    ir_loop_end(gen, &lines);
}
