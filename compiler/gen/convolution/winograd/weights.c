// Gradients of kernels by Winograd's method: for a block of tiles of a sample the transforms of the
// picture and of the values that came back, for each position the product of the two, summed over
// the tiles, and what the kernel's weights get of it, which is added to the chunk's partial sum.
#include "blocks.h"

#include "../../../base/diagnostics/ice.h"

typedef struct Gradient {
    Plane picture, values;
    Value picture_base, values_base;             // of the sample
    int64_t depth, columns;                      // channels and filters, whole vectors
    int64_t step;                                // from position to position of products
    Value picture_tiles, values_tiles, products; // transformed, multiplied
    Value sum;                                   // the chunk's
    const WinogradBlock *block;
    int line_number; // of positions
    Value position;  // in it
    int64_t most;    // tiles of a block
    bool adds;       // to the products of blocks before
} Gradient;

static Value take(Convolver *c, int64_t *used, int64_t floats) {
    Value place = ir_scratch(c->gen, c->function, *used, floats);
    *used += round_up(floats, 16);
    return place;
}

static Panels panels_of(const Convolver *c) {
    const nnrt_storage *s = &c->storage;
    return (Panels){c->convolution.filters, s->panel, s->panel_stride, ir_int(c->gen, 0)};
}

// Where a block of columns has its products, [position][block of columns][channel][column].
static Value products_place(Convolver *c, const Gradient *g, const Columns *columns) {
    Value place = ir_multiply(c->gen, columns->first, ir_int(c->gen, c->convolution.channels));
    return ir_offset(c->gen, c->gen->f32, g->products, place);
}

static void multiply_columns(Convolver *c, const Columns *columns, void *data) {
    const Gradient *g = data;
    Gen *gen = c->gen;
    int64_t tiles = winograd_tiles(g->block);
    Value a = ir_multiply(gen, g->position, ir_int(gen, winograd_step(tiles * g->depth)));
    Value b =
        ir_add(gen, ir_multiply(gen, g->position, ir_int(gen, winograd_step(tiles * g->columns))),
               columns->first);
    Value position = ir_add(gen, g->position, ir_int(gen, g->line_number * WINOGRAD_TILE));
    Value to = ir_multiply(gen, position, ir_int(gen, g->step));
    winograd_multiply(
        c, &(WinogradProduct){.rows = c->convolution.channels,
                              .a_row = 1,
                              .a_step = g->depth,
                              .steps = tiles,
                              .b_step = g->columns,
                              .vectors = columns->vectors,
                              .adds = g->adds,
                              .a = ir_offset(gen, gen->f32, g->picture_tiles, a),
                              .b = ir_offset(gen, gen->f32, g->values_tiles, b),
                              .to = ir_offset(gen, gen->f32, products_place(c, g, columns), to)});
}

// Adds a vector of filters of one channel's weights to the sum.
static void add_vector(Convolver *c, const Gradient *g, Value from, Value to) {
    Gen *gen = c->gen;
    Value tile[WINOGRAD_POSITIONS];
    int64_t row = c->storage.row_stride * c->convolution.channels; // from weight to weight
    winograd_load(gen, c->lanes, from, g->step, tile);
    winograd_transform(gen, WINOGRAD_GRADIENT, tile);
    for (int i = 0; i < WINOGRAD_TAPS * WINOGRAD_TAPS; i++) {
        Value place = ir_offset(gen, gen->f32, to, ir_int(gen, i * row));
        Value before = ir_load(gen, LLVMTypeOf(tile[i]), place);
        ir_store(gen, LLVMBuildFAdd(gen->builder, before, tile[i], ""), place);
    }
}

static void add_columns(Convolver *c, const Columns *columns, void *data) {
    const Gradient *g = data;
    Gen *gen = c->gen;
    int64_t width = (int64_t)columns->vectors * c->lanes;
    Value from = products_place(c, g, columns);
    Value to = ir_offset(gen, gen->f32, g->sum, columns->offset);
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, c->convolution.channels),
                              ir_int(gen, 1), "channel");
    Value row = ir_multiply(gen, loop.index, ir_int(gen, width));
    Value weights = ir_multiply(gen, loop.index, ir_int(gen, c->storage.row_stride));
    for (int v = 0; v < columns->vectors; v++) {
        Value lane = ir_int(gen, (int64_t)v * c->lanes);
        add_vector(c, g, ir_offset(gen, gen->f32, from, ir_add(gen, row, lane)),
                   ir_offset(gen, gen->f32, to, ir_add(gen, weights, lane)));
    }
    ir_loop_end(gen, &loop);
}

static void clear_products(Convolver *c, const Gradient *g) {
    Gen *gen = c->gen;
    Value zeros = LLVMConstNull(ir_vector(gen, gen->f32, c->lanes));
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, WINOGRAD_POSITIONS * g->step),
                              ir_int(gen, c->lanes), "clear");
    ir_store(gen, zeros, ir_offset(gen, gen->f32, g->products, loop.index));
    ir_loop_end(gen, &loop);
}

static void transform_plane(Convolver *c, const WinogradBlock *block, const Plane *plane,
                            WinogradTransform transform, int positions, Value base, Value to) {
    winograd_transform_block(c,
                             &(WinogradOperand){.transform = transform,
                                                .positions = positions,
                                                .base = base,
                                                .line = plane_line(plane),
                                                .pixel = plane_pixel(plane),
                                                .channels = plane->channels,
                                                .width = round_up(plane->channels, c->lanes),
                                                .to = to},
                             block);
}

static void one_block(Convolver *c, const WinogradBlock *block, void *data) {
    Gradient g = *(const Gradient *)data;
    Gen *gen = c->gen;
    Panels panels = panels_of(c);
    g.block = block;
    for (int i = 0; i < WINOGRAD_TILE; i++) {
        g.line_number = i;
        transform_plane(c, block, &g.picture, WINOGRAD_PICTURE, i, g.picture_base, g.picture_tiles);
        transform_plane(c, block, &g.values, WINOGRAD_VALUES, i, g.values_base, g.values_tiles);
        Loop positions = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, WINOGRAD_TILE),
                                       ir_int(gen, 1), "position");
        g.position = positions.index;
        convolver_each_block(c, &panels, multiply_columns, &g);
        ir_loop_end(gen, &positions);
    }
}

// Tiles of a block, which are the steps of the products: as many as leave what a position reads in
// a third of the first-level cache; where those are too few to be worth a call, more.
static int64_t most_tiles(const Convolver *c, const Gradient *g) {
    enum { FEWEST = 20, ENOUGH = 64 };
    int64_t floats = WINOGRAD_TILE * (g->depth + g->columns);
    int64_t room = c->gen->target->machine.first_cache / 3 / (int64_t)sizeof(float);
    return room / floats < FEWEST ? ENOUGH : lowest(room / floats, ENOUGH);
}

static Gradient create_gradient(Convolver *c, int64_t *used) {
    const Convolution *v = &c->convolution;
    const Window *window = &v->window;
    int64_t none[] = {0, 0}, after[] = {window->after[0], window->after[1]}, behind[] = {0, 0};
    winograd_zeros(c, after);
    winograd_zeros(c, behind);
    Gradient g = {.depth = round_up(v->channels, c->lanes),
                  .columns = round_up(v->filters, c->lanes)};
    g.picture = plane_create(&c->b, c->anchor->inputs[0], window->before, after, 1, used);
    g.values = plane_create(&c->b, c->anchor->inputs[1], none, behind, 1, used);
    plane_clear(&g.picture);
    plane_clear(&g.values);
    g.most = most_tiles(c, &g);
    g.step = winograd_step(v->channels * g.columns);
    g.picture_tiles = take(c, used, WINOGRAD_TILE * winograd_step(g.most * g.depth));
    g.values_tiles = take(c, used, WINOGRAD_TILE * winograd_step(g.most * g.columns));
    g.products = take(c, used, WINOGRAD_POSITIONS * g.step);
    return g;
}

// Sums over so many lines of places, from a line of tiles on: as long as its blocks add to the same
// products, which is not for more than other sums in float32 are long.
static void sum_lines(Convolver *c, Gradient g, int64_t lines, Value first) {
    Gen *gen = c->gen;
    const int64_t places[] = {lines, c->convolution.places[1]};
    Value places_before = ir_multiply(gen, first, ir_int(gen, WINOGRAD_PLACES));
    Value picture = ir_multiply(gen, places_before, ir_int(gen, plane_line(&g.picture)));
    Value values = ir_multiply(gen, places_before, ir_int(gen, plane_line(&g.values)));
    g.picture_base = ir_offset(gen, gen->f32, g.picture_base, picture);
    g.values_base = ir_offset(gen, gen->f32, g.values_base, values);
    g.adds = winograd_count(places) > g.most;
    if (g.adds) clear_products(c, &g);
    winograd_each_block(c, places, g.most, one_block, &g);
    Panels panels = panels_of(c);
    convolver_each_block(c, &panels, add_columns, &g);
}

static void sum_sample(Convolver *c, const Gradient *g) {
    Gen *gen = c->gen;
    int64_t height = c->convolution.places[0];
    int64_t line = winograd_count((int64_t[]){1, c->convolution.places[1]});
    int64_t lines = line < KERNEL_MOST_PRODUCTS ? KERNEL_MOST_PRODUCTS / line : 1;
    int64_t full = height / (WINOGRAD_PLACES * lines) * lines;
    if (full) {
        Loop loop =
            ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, lines), "sum");
        sum_lines(c, *g, WINOGRAD_PLACES * lines, loop.index);
        ir_loop_end(gen, &loop);
    }
    if (WINOGRAD_PLACES * full < height)
        sum_lines(c, *g, height - WINOGRAD_PLACES * full, ir_int(gen, full));
}

void winograd_weights(Convolver *c) {
    if (c->parameter < 0) nn_ice("gen", "a gradient of unknown layout");
    int64_t used = 0;
    Gradient g = create_gradient(c, &used);
    SampleLoops samples = convolver_range_begin(c);
    convolver_samples_begin(c, &samples);
    Value zero = ir_int(c->gen, 0);
    g.sum = sums_place(&c->b, c->anchor);
    g.values_base = plane_fill(&g.values, c->b.sample, zero);
    g.picture_base = plane_fill(&g.picture, c->b.sample, zero);
    sum_sample(c, &g);
    convolver_samples_end(c, &samples);
}
