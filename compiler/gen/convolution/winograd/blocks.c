#include "blocks.h"

enum { LINE = 16 }; // of the cache, floats

void winograd_zeros(const Convolver *c, int64_t after[2]) {
    WinogradShape s = winograd_shape(c->anchor);
    for (int i = 0; i < 2; i++) after[i] += s.places[i] % WINOGRAD_PLACES;
}

// ---- Blocks.

int64_t winograd_tiles(const WinogradBlock *block) {
    return block->lines * block->across;
}

int64_t winograd_step(int64_t floats) {
    return (divide_up(floats, LINE) | 1) * LINE;
}

int64_t winograd_across(const int64_t places[2], int64_t most) {
    int64_t tiles = divide_up(places[1], WINOGRAD_PLACES);
    return divide_up(tiles, divide_up(tiles, most));
}

// The parts of a line, one after the other.
static void parts_of_lines(Convolver *c, const int64_t places[2], int64_t most,
                           WinogradBlock *block, VisitWinogradBlock *visit, void *data) {
    Gen *gen = c->gen;
    int64_t tiles = divide_up(places[1], WINOGRAD_PLACES), part = winograd_across(places, most);
    int64_t full = places[1] / (WINOGRAD_PLACES * part) * part;
    if (full) {
        Loop loop =
            ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, part), "part");
        block->across = part;
        block->places[1] = WINOGRAD_PLACES * part;
        block->first[1] = loop.index;
        visit(c, block, data);
        ir_loop_end(gen, &loop);
    }
    if (full == tiles) return;
    block->across = tiles - full;
    block->places[1] = places[1] - WINOGRAD_PLACES * full;
    block->first[1] = ir_int(gen, full);
    visit(c, block, data);
}

void winograd_each_block(Convolver *c, const int64_t places[2], int64_t most,
                         VisitWinogradBlock *visit, void *data) {
    Gen *gen = c->gen;
    int64_t lines = divide_up(places[0], WINOGRAD_PLACES), across = winograd_across(places, most);
    int64_t together = most / across < 1 ? 1 : lowest(lines, most / across);
    together = divide_up(lines, divide_up(lines, together));
    int64_t full = places[0] / (WINOGRAD_PLACES * together) * together;
    WinogradBlock block = {.lines = together, .places = {WINOGRAD_PLACES * together, 0}};
    if (full) {
        Loop loop =
            ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, together), "tiles");
        block.first[0] = loop.index;
        parts_of_lines(c, places, most, &block, visit, data);
        ir_loop_end(gen, &loop);
    }
    if (full == lines) return;
    block.lines = lines - full;
    block.places[0] = places[0] - WINOGRAD_PLACES * full;
    block.first[0] = ir_int(gen, full);
    parts_of_lines(c, places, most, &block, visit, data);
}

// ---- Transforms.

void winograd_load(Gen *gen, int lanes, Value place, int64_t step, Value tile[WINOGRAD_POSITIONS]) {
    LlvmType type = ir_vector(gen, gen->f32, lanes);
    for (int i = 0; i < WINOGRAD_POSITIONS; i++)
        tile[i] = ir_load(gen, type, ir_offset(gen, gen->f32, place, ir_int(gen, i * step)));
}

void winograd_store(Gen *gen, Value place, int64_t step, Value tile[WINOGRAD_POSITIONS]) {
    for (int i = 0; i < WINOGRAD_POSITIONS; i++)
        ir_store(gen, tile[i], ir_offset(gen, gen->f32, place, ir_int(gen, i * step)));
}

// A vector of channels of one tile, of which `valid` exist. LLVM removes what other lines'
// positions alone would be made of.
static void transform_vector(Convolver *c, const WinogradOperand *o, Value from, Value to,
                             int64_t step, int valid) {
    Gen *gen = c->gen;
    Value tile[WINOGRAD_POSITIONS];
    LlvmType type = ir_vector(gen, gen->f32, c->lanes);
    int side = winograd_side(o->transform);
    for (int i = 0; i < side * side; i++) {
        int64_t place = i / side * o->line + i % side * o->pixel;
        Value at = ir_offset(gen, gen->f32, from, ir_int(gen, place));
        tile[i] = ir_load_lanes(gen, type, at, valid);
    }
    winograd_transform(gen, o->transform, tile);
    for (int i = 0; i < WINOGRAD_TILE; i++)
        ir_store(gen, tile[o->positions * WINOGRAD_TILE + i],
                 ir_offset(gen, gen->f32, to, ir_int(gen, i * step)));
}

static void transform_tile(Convolver *c, const WinogradOperand *o, Value from, Value to,
                           int64_t step) {
    Gen *gen = c->gen;
    int64_t full = o->channels / c->lanes * c->lanes;
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, c->lanes), "channels");
    transform_vector(c, o, ir_offset(gen, gen->f32, from, loop.index),
                     ir_offset(gen, gen->f32, to, loop.index), step, c->lanes);
    ir_loop_end(gen, &loop);
    if (full == o->channels) return;
    Value rest = ir_int(gen, full);
    transform_vector(c, o, ir_offset(gen, gen->f32, from, rest), ir_offset(gen, gen->f32, to, rest),
                     step, (int)(o->channels - full));
}

// From the block's first tile on.
static void transform_tiles(Convolver *c, const WinogradOperand *o, const WinogradBlock *block,
                            Value from, Value to) {
    Gen *gen = c->gen;
    int64_t step = winograd_step(winograd_tiles(block) * o->width);
    Loop lines = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, block->lines), ir_int(gen, 1), "y");
    Value line = ir_multiply(gen, lines.index, ir_int(gen, WINOGRAD_PLACES * o->line));
    Loop tiles =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, block->across), ir_int(gen, 1), "x");
    Value pixel = ir_multiply(gen, tiles.index, ir_int(gen, WINOGRAD_PLACES * o->pixel));
    Value number =
        ir_add(gen, ir_multiply(gen, lines.index, ir_int(gen, block->across)), tiles.index);
    transform_tile(c, o, ir_offset(gen, gen->f32, from, ir_add(gen, line, pixel)),
                   ir_offset(gen, gen->f32, to, ir_multiply(gen, number, ir_int(gen, o->width))),
                   step);
    ir_loop_end(gen, &tiles);
    ir_loop_end(gen, &lines);
}

// void(from, to): a function that all groups share whose tiles lie alike, as LLVM would optimise
// each copy.
static Value tiles_function(Convolver *c, const WinogradOperand *o, const WinogradBlock *block) {
    Gen *gen = c->gen;
    const char *name =
        arena_format(gen->arena, "nn_tiles%d_%d_%lldx%lld_l%lld_p%lld_c%lld", (int)o->transform,
                     o->positions, (long long)block->lines, (long long)block->across,
                     (long long)o->line, (long long)o->pixel, (long long)o->channels);
    Value known = LLVMGetNamedFunction(gen->module, name);
    if (known) return known;
    LLVMBasicBlockRef caller = LLVMGetInsertBlock(gen->builder);
    LlvmType types[] = {gen->pointer, gen->pointer};
    Value function = ir_function(gen, name, LLVMFunctionType(gen->void_type, types, 2, 0));
    transform_tiles(c, o, block, LLVMGetParam(function, 0), LLVMGetParam(function, 1));
    LLVMBuildRetVoid(gen->builder);
    LLVMPositionBuilderAtEnd(gen->builder, caller);
    return function;
}

void winograd_transform_block(Convolver *c, const WinogradOperand *o, const WinogradBlock *block) {
    Gen *gen = c->gen;
    Value line = ir_multiply(gen, block->first[0], ir_int(gen, WINOGRAD_PLACES * o->line));
    Value pixel = ir_multiply(gen, block->first[1], ir_int(gen, WINOGRAD_PLACES * o->pixel));
    Value arguments[] = {ir_offset(gen, gen->f32, o->base, ir_add(gen, line, pixel)), o->to};
    Value function = tiles_function(c, o, block);
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function, arguments, 2, "");
}

// ---- Products.

static void multiply_rows(Convolver *c, const WinogradProduct *p, int64_t rows, Value first) {
    Gen *gen = c->gen;
    OuterKernel kernel = {.rows = (int)rows,
                          .vectors = p->vectors,
                          .a_row = p->a_row,
                          .loops = {{p->steps, p->a_step, p->b_step}},
                          .loop_count = 1,
                          .adds = p->adds};
    Value function = kernel_outer(gen, &kernel);
    Value a = ir_offset(gen, gen->f32, p->a, ir_multiply(gen, first, ir_int(gen, p->a_row)));
    Value row = ir_multiply(gen, first, ir_int(gen, (int64_t)p->vectors * c->lanes));
    Value arguments[] = {a, p->b, a, ir_int(gen, p->steps), ir_offset(gen, gen->f32, p->to, row)};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function, arguments, 5, "");
}

void winograd_multiply(Convolver *c, const WinogradProduct *p) {
    Gen *gen = c->gen;
    int64_t most = convolver_tile_rows(c, p->vectors);
    int64_t rows = divide_up(p->rows, divide_up(p->rows, most)), full = p->rows / rows * rows;
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, rows), "rows");
    multiply_rows(c, p, rows, loop.index);
    ir_loop_end(gen, &loop);
    if (full < p->rows) multiply_rows(c, p, p->rows - full, ir_int(gen, full));
}
