// The gradient of the weights: both operands are matrices of rows, the reduction runs over all
// rows, and each worker owns a range of tiles of the result.
#include "gradient.h"

#include "../../../base/diagnostics/ice.h"

enum { LINES_MANY = 8 }; // for each panel

Value weight_place(Product *p, const WeightTiles *t, Value row, Value across) {
    return ir_add(p->gen, ir_multiply(p->gen, row, ir_int(p->gen, t->row_stride)),
                  ir_multiply(p->gen, across, ir_int(p->gen, t->tile_stride)));
}

void weight_finish(Product *p, const WeightTiles *t, int rows, int vectors, Value first_row,
                   Value across) {
    Gen *gen = p->gen;
    Loop lines = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, rows), ir_int(gen, 1), "line");
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, vectors), ir_int(gen, 1), "vector");
    Value lane = ir_multiply(gen, loop.index, ir_int(gen, p->lanes));
    Value line = ir_multiply(gen, lines.index, ir_int(gen, (int64_t)vectors * p->lanes));
    Value at = ir_offset(gen, gen->f32, p->scratch, ir_add(gen, line, lane));
    element_forget(&p->b);
    Value place = weight_place(p, t, ir_add(gen, first_row, lines.index), across);
    p->b.storage = ir_add(gen, place, lane);
    p->b.values[slots_of(gen, p->anchor)] = ir_load(gen, ir_vector(gen, gen->f32, p->lanes), at);
    element_store_all(&p->b, p->lanes);
    ir_loop_end(gen, &loop);
    ir_loop_end(gen, &lines);
}

// Rows of a matrix from the chunk's first one on.
static Value from_chunk(Product *p, const WeightTiles *t, Value base, int64_t stride) {
    if (!t->chunk) return base;
    return ir_offset(p->gen, p->gen->f32, base,
                     ir_multiply(p->gen, t->chunk->first, ir_int(p->gen, stride)));
}

void weight_ask_for_panel(const Product *p, const WeightTiles *t, OuterKernel *kernel) {
    const MachineModel *machine = &p->gen->target->machine;
    int64_t bytes = product_most_rows(p) * t->vector.stride * (int64_t)sizeof(float);
    int64_t seldom = machine->registers >= 32 ? machine->first_cache : machine->second_cache;
    if (!t->together || t->across < 2 || kernel->gathers || bytes <= seldom) return;
    kernel->next_step = (int)divide_up(t->tile_width, t->together);
    kernel->next_run = t->tile_width;
    kernel->next_apart = t->vector.stride;
}

Value weight_panel_part(Product *p, const WeightTiles *t, const OuterKernel *kernel, Value row,
                        Value rows, Value down, Value across) {
    Gen *gen = p->gen;
    if (!kernel->next_step) return p->scratch; // not read
    Value tile = LLVMBuildSub(gen->builder, down, t->first_line, "");
    Value part = ir_multiply(gen, rows, ir_int(gen, kernel->next_step));
    part = LLVMBuildUDiv(gen->builder, part, ir_int(gen, kernel->next_run), "");
    row = ir_add(gen, row, ir_multiply(gen, tile, part));
    Value place = ir_multiply(gen, row, ir_int(gen, kernel->next_apart));
    Value panel = ir_add(gen, across, ir_int(gen, 1));
    place = ir_add(gen, place, ir_multiply(gen, panel, ir_int(gen, kernel->next_run)));
    return ir_offset(gen, gen->f32, t->vector.base, place);
}

// Whether X does not stay in the second-level cache.
static bool is_beyond_cache(const Product *p, const WeightTiles *t) {
    int64_t bytes = product_most_rows(p) * t->height * (int64_t)sizeof(float);
    return bytes > p->gen->target->machine.second_cache;
}

void weight_multiply(Product *p, const WeightTiles *t, int rows, int wide, Value down, Value across,
                     int listed) {
    Gen *gen = p->gen;
    int vectors = (int)divide_up(wide, p->lanes);
    bool b_is_plain = !t->vector.gathers && t->vector.dtype == DTYPE_F32;
    OuterKernel kernel = {.rows = rows,
                          .vectors = vectors,
                          .valid = wide % p->lanes,
                          .a_row = 1,
                          .loops = {{0, t->broadcast.stride, t->vector.stride}},
                          .loop_count = 1,
                          .gathers = t->vector.gathers,
                          .a_ahead = WEIGHT_AHEAD,
                          .b_ahead = b_is_plain ? WEIGHT_AHEAD : 0,
                          .listed = listed,
                          .list = p->tile_floats,
                          .b_dtype = t->vector.dtype};
    weight_ask_for_panel(p, t, &kernel);
    // The columns of the next tile, while this one's are read.
    bool is_far = kernel_has_room(&gen->target->machine) && is_beyond_cache(p, t);
    if (kernel.next_step || is_far) kernel.a_beside = p->tiles.outer_rows;
    int64_t most = product_most_rows(p);
    if (t->chunk) most = divide_up(p->schedule->batch, p->schedule->chunks) * p->lead;
    Value function = kernel_outer_long(gen, &kernel, most);
    Value first_row = ir_multiply(gen, down, ir_int(gen, p->tiles.outer_rows));
    Value first_column = ir_multiply(gen, across, ir_int(gen, t->tile_width));
    Value base = t->vector.base;
    LlvmType element = gen->f32;
    Value index = NULL;
    if (t->vector.gathers) {
        base = element_column_base(gen, p->schedule, p->function, t->vector.source, &element);
        index = ir_context(gen, p->function, FIELD_INDEX);
        if (t->chunk) index = ir_offset(gen, gen->i32, index, t->chunk->first);
    } else {
        base = from_chunk(p, t, base, t->vector.stride);
    }
    Value left = from_chunk(p, t, t->broadcast.base, t->broadcast.stride);
    if (!index)
        index = weight_panel_part(p, t, &kernel, ir_int(gen, 0), product_rows(p), down, across);
    Value arguments[] = {ir_offset(gen, gen->f32, left, first_row),
                         ir_offset(gen, element, base, first_column), index,
                         t->chunk ? t->chunk->count : product_rows(p), p->scratch};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function, arguments, 5, "");
}

static void weight_tile(Product *p, const WeightTiles *t, int rows, int wide, Value down,
                        Value across) {
    int vectors = (int)divide_up(wide, p->lanes);
    Value first_row = ir_multiply(p->gen, down, ir_int(p->gen, p->tiles.outer_rows));
    int listed = weight_ask_ahead(p, t, rows, vectors, first_row, across);
    weight_multiply(p, t, rows, wide, down, across, listed);
    weight_finish(p, t, rows, vectors, first_row, across);
}

// Whether `index` is the last of `count` tiles, as asked for; NULL where all tiles are alike.
static Value is_wanted(Gen *gen, bool differ, bool last, Value index, int64_t count) {
    if (!differ) return NULL;
    LLVMIntPredicate predicate = last ? LLVMIntEQ : LLVMIntNE;
    return LLVMBuildICmp(gen->builder, predicate, index, ir_int(gen, count - 1), "");
}

void weight_each_kind(Product *p, const WeightTiles *t, WeightTile *emit, Value down,
                      Value across) {
    Gen *gen = p->gen;
    int full_rows = p->tiles.outer_rows, full_columns = t->tile_width;
    int last_rows = (int)(t->height - (t->down - 1) * full_rows);
    int last_columns = (int)(t->width - (t->across - 1) * full_columns);
    bool rows_differ = last_rows != full_rows, columns_differ = last_columns != full_columns;
    LLVMBasicBlockRef done = ir_block(gen, "tile_done");
    for (int kind = 0; kind < 4; kind++) {
        bool last_row = kind & 1, last_column = kind & 2;
        if (last_row ? !rows_differ : rows_differ && t->down == 1) continue;
        if (last_column ? !columns_differ : columns_differ && t->across == 1) continue;
        LLVMBasicBlockRef here = ir_block(gen, "tile"), next = ir_block(gen, "other");
        Value yes = LLVMConstInt(gen->i1, 1, 0);
        Value row = is_wanted(gen, rows_differ, last_row, down, t->down);
        Value column = is_wanted(gen, columns_differ, last_column, across, t->across);
        Value matches = LLVMBuildAnd(gen->builder, row ? row : yes, column ? column : yes, "");
        LLVMBuildCondBr(gen->builder, matches, here, next);
        LLVMPositionBuilderAtEnd(gen->builder, here);
        emit(p, t, last_row ? last_rows : full_rows, last_column ? last_columns : full_columns,
             down, across);
        LLVMBuildBr(gen->builder, done);
        LLVMPositionBuilderAtEnd(gen->builder, next);
    }
    LLVMBuildUnreachable(gen->builder);
    LLVMPositionBuilderAtEnd(gen->builder, done);
}

// The last panel may have fewer columns.
static void copy_panel(Product *p, const WeightTiles *t, WeightPanel *copy, Value across) {
    Gen *gen = p->gen;
    int64_t last = t->width - (t->across - 1) * t->tile_width;
    if (last == t->tile_width || t->across == 1) {
        copy(p, t, across, last);
        return;
    }
    LLVMBasicBlockRef whole = ir_block(gen, "whole"), part = ir_block(gen, "part");
    LLVMBasicBlockRef done = ir_block(gen, "copied");
    Value is_last = LLVMBuildICmp(gen->builder, LLVMIntEQ, across, ir_int(gen, t->across - 1), "");
    LLVMBuildCondBr(gen->builder, is_last, part, whole);
    LLVMPositionBuilderAtEnd(gen->builder, whole);
    copy(p, t, across, t->tile_width);
    LLVMBuildBr(gen->builder, done);
    LLVMPositionBuilderAtEnd(gen->builder, part);
    copy(p, t, across, last);
    LLVMBuildBr(gen->builder, done);
    LLVMPositionBuilderAtEnd(gen->builder, done);
}

void weight_each_panel(Product *p, const WeightTiles *t, Range own, Range lines, WeightPanel *copy,
                       WeightTile *emit) {
    Gen *gen = p->gen;
    Value down = ir_int(gen, t->down), one = ir_int(gen, 1);
    Value first = LLVMBuildUDiv(gen->builder, own.begin, down, "");
    Value end =
        LLVMBuildUDiv(gen->builder, ir_add(gen, own.end, ir_int(gen, t->down - 1)), down, "");
    Loop panels = ir_loop_begin(gen, first, end, one, "panel");
    if (copy) copy_panel(p, t, copy, panels.index);
    Value start = ir_multiply(gen, panels.index, down);
    Value from = LLVMBuildSub(gen->builder, own.begin, start, "");
    Value to = LLVMBuildSub(gen->builder, own.end, start, "");
    Loop tiles = ir_loop_begin(gen, ir_greater(gen, from, lines.begin),
                               ir_lesser(gen, to, lines.end), one, "tile");
    weight_each_kind(p, t, emit, tiles.index, panels.index);
    ir_loop_end(gen, &tiles);
    ir_loop_end(gen, &panels);
}

int64_t weight_lines_together(const MachineModel *machine, int64_t rows, int64_t down,
                              int64_t height) {
    int64_t cache = machine->second_cache, line = rows * height * (int64_t)sizeof(float);
    if (line * down <= cache / 4 * 3) return down;
    int64_t lines = cache / 4 * 3 / line;
    return divide_up(down, divide_up(down, lines > 4 ? lines : 4));
}

void weight_each_group(Product *p, WeightTiles *t, Range own, Range lines, WeightLines *of_lines,
                       WeightPanel *of_panel, WeightTile *emit) {
    Gen *gen = p->gen;
    Value step = ir_int(gen, t->together);
    Loop loop = ir_loop_begin(gen, lines.begin, lines.end, step, "lines");
    Range some = {loop.index, ir_lesser(gen, ir_add(gen, loop.index, step), lines.end)};
    t->first_line = loop.index;
    if (of_lines) of_lines(p, t, some);
    weight_each_panel(p, t, own, some, of_panel, emit);
    ir_loop_end(gen, &loop);
}

// Workers divide the panels, so that they have columns of the weights; or, where X does not stay in
// the second-level cache and has many more columns than there are panels, the lines, so that each
// reads its columns of X alone.
static bool divides_lines(const Product *p, const WeightTiles *t) {
    return is_beyond_cache(p, t) && t->down >= LINES_MANY * t->across;
}

static void each_tile(Product *p, WeightTiles *t) {
    Gen *gen = p->gen;
    t->together = weight_lines_together(&gen->target->machine, product_most_rows(p), t->down,
                                        p->tiles.outer_rows);
    Value down = ir_int(gen, t->down), all = ir_int(gen, t->down * t->across);
    Range tiles = {ir_int(gen, 0), all}, lines = {ir_int(gen, 0), down};
    if (divides_lines(p, t))
        lines = ir_worker_range(gen, p->function, down);
    else
        tiles = ir_worker_range(gen, p->function, all);
    weight_each_group(p, t, tiles, lines, NULL, NULL, weight_tile);
}

void product_weight_gradient(Product *p) {
    bool panels = p->layout == LAYOUT_PANELS;
    Node *x = p->anchor->inputs[0], *dy = p->anchor->inputs[1];
    WeightTiles t = {.broadcast = product_matrix(p, panels ? x : dy),
                     .vector = product_matrix(p, panels ? dy : x),
                     .height = panels ? p->depth : p->columns,
                     .width = panels ? p->columns : p->depth};
    t.tile_width = panels ? (int)p->storage.panel : p->tiles.outer_vectors * p->lanes;
    t.row_stride = panels ? p->storage.row_stride : p->storage.column_stride;
    t.tile_stride = panels ? p->storage.panel_stride : t.tile_width;
    t.down = divide_up(t.height, p->tiles.outer_rows);
    t.across = divide_up(t.width, t.tile_width);
    if (t.broadcast.gathers) nn_ice("gen", "a data column is broadcast without being loaded");
    p->b.domain = DOMAIN_STORAGE;
    p->b.width = p->lanes;
    if (schedule_is_chunked(p->anchor))
        weight_chunks(p, &t);
    else if (weight_is_long(p, &t))
        weight_long(p, &t);
    else
        each_tile(p, &t);
}
