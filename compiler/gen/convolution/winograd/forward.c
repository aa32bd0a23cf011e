// Forward products and gradients of data by Winograd's method: for a block of tiles the picture's
// transforms, for each position their product with the kernel's, and the places that come of it.
#include "blocks.h"

typedef struct Forward {
    const Walk *walk;
    const Panels *panels;
    int64_t depth, columns;                // whole vectors
    int64_t kernel_step, step;             // from position to position: of the kernel, of products
    Value kernel, picture, products, line; // line: of the block, finished
    const WinogradBlock *block;
    int line_number; // of positions
    Value position;  // in it
} Forward;

// Where a block of columns begins among those of `rows` rows a position.
static Value columns_place(Convolver *c, const Forward *f, const Columns *columns, int64_t rows) {
    Value column = LLVMBuildSub(c->gen->builder, columns->first, f->panels->first, "");
    return ir_multiply(c->gen, column, ir_int(c->gen, rows));
}

static Value take(Convolver *c, int64_t floats) {
    Value place = ir_scratch(c->gen, c->function, c->packed, floats);
    c->packed += round_up(floats, 16);
    return place;
}

// ---- The kernel, [position][block of columns][channel][column].

static void pack_columns(Convolver *c, const Columns *columns, void *data) {
    const Forward *f = data;
    const Walk *w = f->walk;
    Gen *gen = c->gen;
    int64_t width = (int64_t)columns->vectors * c->lanes;
    LlvmType type = ir_vector(gen, gen->f32, c->lanes);
    Value to = ir_offset(gen, gen->f32, f->kernel, columns_place(c, f, columns, w->depth));
    Value from = ir_offset(gen, gen->f32, w->weights, columns->offset);
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, w->depth), ir_int(gen, 1), "depth");
    Value row = ir_multiply(gen, loop.index, ir_int(gen, w->b_depth));
    for (int v = 0; v < columns->vectors; v++) {
        Value tile[WINOGRAD_POSITIONS];
        for (int i = 0; i < WINOGRAD_TAPS * WINOGRAD_TAPS; i++) {
            int64_t tap = i / WINOGRAD_TAPS * w->b_line + i % WINOGRAD_TAPS * w->b_pixel;
            Value at = ir_add(gen, row, ir_int(gen, tap + (int64_t)v * c->lanes));
            tile[i] = ir_load(gen, type, ir_offset(gen, gen->f32, from, at));
        }
        winograd_transform(gen, WINOGRAD_KERNEL, tile);
        Value at = ir_add(gen, ir_multiply(gen, loop.index, ir_int(gen, width)),
                          ir_int(gen, (int64_t)v * c->lanes));
        winograd_store(gen, ir_offset(gen, gen->f32, to, at), f->kernel_step, tile);
    }
    ir_loop_end(gen, &loop);
}

// ---- A block of tiles.

static void multiply_columns(Convolver *c, const Columns *columns, void *data) {
    const Forward *f = data;
    Gen *gen = c->gen;
    int64_t tiles = winograd_tiles(f->block), steps = f->walk->depth;
    Value a = ir_multiply(gen, f->position, ir_int(gen, winograd_step(tiles * f->depth)));
    Value position = ir_add(gen, f->position, ir_int(gen, f->line_number * WINOGRAD_TILE));
    Value b = ir_add(gen, ir_multiply(gen, position, ir_int(gen, f->kernel_step)),
                     columns_place(c, f, columns, steps));
    Value to = ir_add(gen, ir_multiply(gen, position, ir_int(gen, f->step)),
                      columns_place(c, f, columns, tiles));
    winograd_multiply(c, &(WinogradProduct){.rows = tiles,
                                            .a_row = f->depth,
                                            .a_step = 1,
                                            .steps = steps,
                                            .b_step = (int64_t)columns->vectors * c->lanes,
                                            .vectors = columns->vectors,
                                            .a = ir_offset(gen, gen->f32, f->picture, a),
                                            .b = ir_offset(gen, gen->f32, f->kernel, b),
                                            .to = ir_offset(gen, gen->f32, f->products, to)});
}

// Puts a tile's places among those of its line, [2][places][columns].
static void transform_tile(Convolver *c, const Forward *f, const Columns *columns, Value from,
                           Value number) {
    Gen *gen = c->gen;
    int64_t width = (int64_t)columns->vectors * c->lanes, line = WINOGRAD_PLACES * f->block->across;
    Value first = ir_multiply(gen, number, ir_int(gen, WINOGRAD_PLACES * width));
    for (int v = 0; v < columns->vectors; v++) {
        Value tile[WINOGRAD_POSITIONS], lane = ir_int(gen, (int64_t)v * c->lanes);
        winograd_load(gen, c->lanes, ir_offset(gen, gen->f32, from, lane), f->step, tile);
        winograd_transform(gen, WINOGRAD_RESULT, tile);
        for (int i = 0; i < WINOGRAD_PLACES * WINOGRAD_PLACES; i++) {
            int64_t place = i / WINOGRAD_PLACES * line + i % WINOGRAD_PLACES;
            Value at = ir_add(gen, ir_add(gen, first, lane), ir_int(gen, place * width));
            ir_store(gen, tile[i], ir_offset(gen, gen->f32, f->line, at));
        }
    }
}

// So many lines of places, of line `line` of the block's tiles.
static void finish_line(Convolver *c, const Forward *f, const Columns *columns, Value line,
                        int64_t lines) {
    Gen *gen = c->gen;
    const Walk *w = f->walk;
    const WinogradBlock *block = f->block;
    int64_t width = (int64_t)columns->vectors * c->lanes;
    Value from = columns_place(c, f, columns, winograd_tiles(block));
    from = ir_add(gen, from, ir_multiply(gen, line, ir_int(gen, block->across * width)));
    from = ir_offset(gen, gen->f32, f->products, from);
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, block->across), ir_int(gen, 1), "tile");
    Value tile = ir_multiply(gen, loop.index, ir_int(gen, width));
    transform_tile(c, f, columns, ir_offset(gen, gen->f32, from, tile), loop.index);
    ir_loop_end(gen, &loop);
    Value down = ir_multiply(gen, ir_add(gen, block->first[0], line),
                             ir_int(gen, WINOGRAD_PLACES * w->axis[0].rows));
    Value across =
        ir_multiply(gen, block->first[1], ir_int(gen, WINOGRAD_PLACES * w->axis[1].rows));
    walk_finish_tile(c, w, columns, lines, block->places[1], WINOGRAD_PLACES * block->across,
                     ir_add(gen, ir_add(gen, down, across), w->first_row));
}

static void finish_columns(Convolver *c, const Columns *columns, void *data) {
    const Forward *f = data;
    Gen *gen = c->gen;
    Value tile = c->tile;
    int64_t whole = f->block->places[0] / WINOGRAD_PLACES;
    c->tile = f->line;
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, 1), "line");
    finish_line(c, f, columns, loop.index, WINOGRAD_PLACES);
    ir_loop_end(gen, &loop);
    if (whole < f->block->lines) finish_line(c, f, columns, ir_int(gen, whole), 1);
    c->tile = tile;
}

static void one_block(Convolver *c, const WinogradBlock *block, void *data) {
    Forward f = *(const Forward *)data;
    Gen *gen = c->gen;
    const Walk *w = f.walk;
    int64_t tiles = winograd_tiles(block);
    f.block = block;
    f.step = winograd_step(tiles * f.columns);
    WinogradOperand picture = {.transform = WINOGRAD_PICTURE,
                               .base = w->base,
                               .line = w->line,
                               .pixel = w->pixel,
                               .channels = w->depth,
                               .width = f.depth,
                               .to = f.picture};
    for (f.line_number = 0; f.line_number < WINOGRAD_TILE; f.line_number++) {
        picture.positions = f.line_number;
        winograd_transform_block(c, &picture, block);
        Loop positions = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, WINOGRAD_TILE),
                                       ir_int(gen, 1), "position");
        f.position = positions.index;
        convolver_each_block(c, f.panels, multiply_columns, &f);
        ir_loop_end(gen, &positions);
    }
    convolver_each_block(c, f.panels, finish_columns, &f);
}

// Tiles of a block: rows that fill register tiles, and whose transforms and products stay in the
// first-level cache, as far as that goes; more for each time that a large kernel is read.
static int64_t most_tiles(const Convolver *c, const Forward *f) {
    enum { FEWEST = 16, MOST = 28, OF_LARGE = 56 };
    const MachineModel *machine = &c->gen->target->machine;
    int64_t kernel = WINOGRAD_POSITIONS * f->kernel_step * (int64_t)sizeof(float);
    if (kernel > machine->second_cache / 4) return OF_LARGE;
    int64_t floats = WINOGRAD_TILE * f->depth + WINOGRAD_POSITIONS * f->columns;
    int64_t room = machine->first_cache * 3 / 4 / (int64_t)sizeof(float);
    return room / floats < FEWEST ? FEWEST : lowest(room / floats, MOST);
}

void winograd_walk(Convolver *c, const Panels *panels, const Walk *w) {
    int64_t depth = round_up(w->depth, c->lanes), columns = round_up(panels->columns, c->lanes);
    int64_t places[] = {w->axis[0].places, w->axis[1].places};
    Forward f = {.walk = w, .panels = panels, .depth = depth, .columns = columns};
    f.kernel_step = winograd_step(w->depth * columns);
    int64_t most = most_tiles(c, &f);
    f.kernel = take(c, WINOGRAD_POSITIONS * f.kernel_step);
    if (c->packs) {
        convolver_each_block(c, panels, pack_columns, &f);
        return;
    }
    int64_t width = (int64_t)c->way.vectors * c->lanes, across = winograd_across(places, most);
    f.picture = take(c, WINOGRAD_TILE * winograd_step(most * depth));
    f.products = take(c, WINOGRAD_POSITIONS * winograd_step(most * columns));
    f.line = take(c, WINOGRAD_PLACES * WINOGRAD_PLACES * across * width);
    winograd_each_block(c, places, most, one_block, &f);
}
