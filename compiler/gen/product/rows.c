// Tiles of rows: the kernel for one column tile of a product, called for tile after tile of rows,
// and what the group applies to each while it is in the first-level cache.
#include "int8/int8.h"

static int64_t product_depth(const Product *p) {
    return p->kind == PRODUCT_DATA ? p->columns : p->depth;
}

static Value step_on(Gen *gen, Value pointer, Value steps, int64_t step) {
    return ir_offset(gen, gen->f32, pointer, ir_multiply(gen, steps, ir_int(gen, step)));
}

// The first step of the reduction, and how many there are.
static Range depth_range(Product *p, const ColumnTile *tile, int rows, Value first_row) {
    Gen *gen = p->gen;
    Value none = ir_int(gen, 0), all = ir_int(gen, product_depth(p));
    Value end = ir_add(gen, first_row, ir_int(gen, rows)), cut;
    switch (tile->limit) {
    case DEPTH_TO_ROW:
        cut = LLVMBuildICmp(gen->builder, LLVMIntSLT, end, all, "");
        return (Range){none, LLVMBuildSelect(gen->builder, cut, end, all, "")};
    case DEPTH_FROM_ROW:
        cut = LLVMBuildICmp(gen->builder, LLVMIntSLT, first_row, all, "");
        cut = LLVMBuildSelect(gen->builder, cut, first_row, all, "");
        return (Range){cut, LLVMBuildSub(gen->builder, all, cut, "")};
    case DEPTH_BELOW_COLUMN:
        cut = LLVMBuildICmp(gen->builder, LLVMIntSGE, tile->first_column, end, "");
        return (Range){none, LLVMBuildSelect(gen->builder, cut, none, all, "")};
    default: return (Range){none, all};
    }
}

// What a tile of rows asks for of the next panel: its part, in whole runs.
static Value next_part(Product *p, const ColumnTile *tile, Value first_row, Range rows) {
    const OuterKernel *k = &tile->outer;
    if (!k->next_step) return tile->weights; // not read
    Gen *gen = p->gen;
    int64_t depth = product_depth(p);
    int64_t steps = tile->part ? lowest(depth, KERNEL_MOST_PRODUCTS) : depth;
    int64_t of_row = steps * k->next_step / tile->max_rows;
    Value row = LLVMBuildSub(gen->builder, first_row, rows.begin, "");
    Value place = ir_multiply(gen, row, ir_int(gen, of_row));
    if (k->next_run) {
        Value run = LLVMBuildUDiv(gen->builder, place, ir_int(gen, k->next_run), "");
        place = ir_multiply(gen, run, ir_int(gen, k->next_apart));
    }
    return ir_offset(gen, gen->f32, tile->next, place);
}

static void arguments_of_part(Product *p, const ColumnTile *tile, const OuterKernel *kernel,
                              Value *left, Range *steps) {
    if (!tile->part) return;
    *left = step_on(p->gen, *left, tile->part->first, kernel->loops[0].a_step);
    steps->end = tile->part->count;
}

static Value call_rows_kernel(Product *p, const ColumnTile *tile, int height, Value first_row,
                              Range rows) {
    Gen *gen = p->gen;
    Value function, arguments[20];
    int count = 0;
    if (tile->is_dot) {
        DotKernel kernel = tile->dot;
        kernel.rows = height;
        function = kernel_dot(gen, &kernel);
        for (int i = 0; i < height; i++)
            arguments[count++] =
                product_row(p, &tile->left, ir_add(gen, first_row, ir_int(gen, i)));
        arguments[count++] = tile->weights;
    } else {
        OuterKernel kernel = tile->outer;
        kernel.rows = height;
        int64_t depth = product_depth(p);
        Range steps = depth_range(p, tile, height, first_row);
        Value left = product_row(p, &tile->left, first_row), right = tile->weights;
        if (tile->limit == DEPTH_FROM_ROW) {
            left = step_on(gen, left, steps.begin, kernel.loops[0].a_step);
            right = step_on(gen, right, steps.begin, kernel.loops[0].b_step);
        }
        arguments_of_part(p, tile, &kernel, &left, &steps);
        kernel.listed = ahead_places(p, height, depth);
        kernel.list = p->tile_floats;
        if (kernel.listed) ahead_list(p, tile, first_row, height);
        function = tile->part ? kernel_outer(gen, &kernel) : kernel_outer_long(gen, &kernel, depth);
        arguments[count++] = left;
        arguments[count++] = right;
        arguments[count++] = next_part(p, tile, first_row, rows);
        arguments[count++] = steps.end;
    }
    arguments[count++] = p->scratch;
    return LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function, arguments,
                          (unsigned)count, "");
}

// A number of rows that is cut otherwise than into the highest tiles and what is left.
typedef struct EvenCut {
    int64_t left;
    int height;
} EvenCut;

enum { MOST_CUTS = 12, MOST_EVEN_TILES = 4 };

// The largest tile height that fits the rows left: the full one, or a power of two.
static int next_height(int height) {
    int power = 1;
    while (power * 2 < height) power *= 2;
    return height == 1 ? 0 : power;
}

// Tiles of about equal heights for `rows`, where full ones would leave a sliver, which reads all of
// the weights for a few rows, too few sums for the multiply-add's latency.
static void cut_evenly(EvenCut *cuts, int *count, int64_t rows, int highest) {
    int64_t tiles = divide_up(rows, highest), sliver = rows - (tiles - 1) * highest;
    if (tiles < 2 || tiles > MOST_EVEN_TILES || sliver >= next_height(highest)) return;
    for (; tiles > 0; tiles--) {
        int height = (int)divide_up(rows, tiles);
        cuts[(*count)++] = (EvenCut){rows, height};
        rows -= height;
    }
}

// Of what a batch leaves to one of one or two workers, and of two tiles of the next height.
static int even_cuts(const Product *p, int highest, EvenCut *cuts) {
    int count = 0, half = next_height(highest);
    for (int workers = 1; workers <= 2 && p->lead == 1; workers++)
        cut_evenly(cuts, &count, divide_up(p->schedule->batch, workers), highest);
    if (2 * half > highest) cuts[count++] = (EvenCut){2 * half, half};
    return count;
}

// The tile heights that are tried, in this order: each where so many rows are left, or, of
// `left` 0, as many as it has.
static int tile_heights(const Product *p, const ColumnTile *tile, EvenCut *cuts) {
    int count = even_cuts(p, tile->max_rows, cuts);
    for (int height = tile->max_rows; height > 0; height = next_height(height))
        cuts[count++] = (EvenCut){0, height};
    return count;
}

static Value tile_fits(Gen *gen, const EvenCut *cut, Value left) {
    LLVMIntPredicate test = cut->left ? LLVMIntEQ : LLVMIntSGE;
    int64_t rows = cut->left ? cut->left : cut->height;
    return LLVMBuildICmp(gen->builder, test, left, ir_int(gen, rows), "");
}

// Calls the kernel for as many of the rows from `first` on as one tile takes; returns how many.
static Value compute_row_tile(Product *p, const ColumnTile *tile, Value first, Range rows) {
    Gen *gen = p->gen;
    Value left = LLVMBuildSub(gen->builder, rows.end, first, "");
    LLVMBasicBlockRef done = ir_block(gen, "tile_done");
    EvenCut cuts[MOST_CUTS + 16];
    LLVMBasicBlockRef blocks[MOST_CUTS + 16];
    Value taken[MOST_CUTS + 16];
    int count = tile_heights(p, tile, cuts);
    for (int i = 0; i < count; i++) {
        LLVMBasicBlockRef next = NULL;
        if (i < count - 1) {
            LLVMBasicBlockRef here = ir_block(gen, "tile");
            next = ir_block(gen, "smaller");
            LLVMBuildCondBr(gen->builder, tile_fits(gen, &cuts[i], left), here, next);
            LLVMPositionBuilderAtEnd(gen->builder, here);
        }
        call_rows_kernel(p, tile, cuts[i].height, first, rows);
        blocks[i] = LLVMGetInsertBlock(gen->builder);
        taken[i] = ir_int(gen, cuts[i].height);
        LLVMBuildBr(gen->builder, done);
        if (next) LLVMPositionBuilderAtEnd(gen->builder, next);
    }
    LLVMPositionBuilderAtEnd(gen->builder, done);
    Value some = LLVMBuildPhi(gen->builder, gen->i64, "rows");
    LLVMAddIncoming(some, taken, blocks, (unsigned)count);
    return some;
}

void rows_position(Product *p, Value row, Value column) {
    Gen *gen = p->gen;
    Value lead = ir_int(gen, p->lead);
    if (p->kind == PRODUCT_PAIRS) {
        p->b.row = ir_add(gen, p->first_row, ir_multiply(gen, row, ir_int(gen, p->row_step)));
        p->b.column = column;
        return;
    }
    bool flat = p->lead == 1;
    p->b.sample = flat ? row : LLVMBuildUDiv(gen->builder, row, lead, "");
    p->b.row = flat ? ir_int(gen, 0) : LLVMBuildURem(gen->builder, row, lead, "");
    p->b.column = column;
}

// The group's elementwise nodes on one row of the scratch block.
static void finish_row(Product *p, const ColumnTile *tile, Value row, Value in_tile) {
    Gen *gen = p->gen;
    int step = (int)lowest(tile->width, p->lanes);
    Value joined = NULL;
    Value line = ir_multiply(gen, in_tile, ir_int(gen, tile->width));
    for (int from = 0; from < tile->valid; from += step) {
        p->b.width = step;
        element_forget(&p->b);
        rows_position(p, row, ir_add(gen, tile->first_column, ir_int(gen, from)));
        Value at = ir_offset(gen, gen->f32, p->scratch, ir_add(gen, line, ir_int(gen, from)));
        p->b.values[slots_of(gen, p->anchor)] =
            p->int8 ? int8_result(gen, p->int8, at, p->b.column, step)
                    : ir_load(gen, ir_vector(gen, gen->f32, step), at);
        element_store_all(&p->b, (int)lowest(step, tile->valid - from));
        joined = row_sums_join(p, joined, (int)lowest(step, tile->valid - from));
    }
    row_sums_add(p, row, tile->first_column, joined);
}

enum { LINE_BYTES = 64 };

// Data rows are read in random order, each a few lines long, so the hardware cannot guess them:
// asks for the rows of the next batch that stand where this tile's rows stand in this one.
static void prefetch_next_rows(Product *p, const Matrix *m, Value first, Value taken) {
    Gen *gen = p->gen;
    LLVMBasicBlockRef known = ir_block(gen, "prefetch"), done = ir_block(gen, "prefetched");
    Value next = ir_context(gen, p->function, FIELD_NEXT_INDEX);
    LLVMBuildCondBr(gen->builder, LLVMBuildIsNotNull(gen->builder, next, ""), known, done);
    LLVMPositionBuilderAtEnd(gen->builder, known);
    LlvmType element;
    Value base = element_column_base(gen, p->schedule, p->function, m->source, &element);
    int64_t bytes = m->stride * dtype_bytes(m->dtype);
    Loop rows = ir_loop_begin(gen, ir_int(gen, 0), taken, ir_int(gen, 1), "next_row");
    Value at = ir_offset(gen, gen->i32, next, ir_add(gen, first, rows.index));
    Value number = LLVMBuildZExt(gen->builder, ir_load(gen, gen->i32, at), gen->i64, "");
    Value row = ir_offset(gen, gen->i8, base, ir_multiply(gen, number, ir_int(gen, bytes)));
    Loop lines =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, bytes), ir_int(gen, LINE_BYTES), "line");
    ir_prefetch(gen, ir_offset(gen, gen->i8, row, lines.index), PREFETCH_SECOND);
    ir_loop_end(gen, &lines);
    ir_loop_end(gen, &rows);
    LLVMBuildBr(gen->builder, done);
    LLVMPositionBuilderAtEnd(gen->builder, done);
}

// What is done with a tile's vectors in p->scratch and its sums: the sum is kept, or, of the last
// part, put in place of the tile.
static void join_part(Product *p, const ColumnTile *tile, Value sums, Value taken, bool is_last) {
    Gen *gen = p->gen;
    LlvmType floats = ir_vector(gen, gen->f32, p->lanes);
    LlvmType doubles = ir_vector(gen, gen->f64, p->lanes);
    Value all = ir_multiply(gen, taken, ir_int(gen, tile->width));
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), all, ir_int(gen, p->lanes), "join");
    Value own = ir_offset(gen, gen->f64, sums, loop.index);
    Value place = ir_offset(gen, gen->f32, p->scratch, loop.index);
    Value sum = LLVMBuildFPExt(gen->builder, ir_load(gen, floats, place), doubles, "");
    Value before = LLVMBuildSelect(gen->builder, tile->part->is_first, LLVMConstNull(doubles),
                                   ir_load(gen, doubles, own), "");
    sum = LLVMBuildFAdd(gen->builder, before, sum, "");
    if (is_last)
        ir_store(gen, LLVMBuildFPTrunc(gen->builder, sum, floats, ""), place);
    else
        ir_store(gen, sum, own);
    ir_loop_end(gen, &loop);
}

void rows_finish(Product *p, const ColumnTile *tile, Value first, Value count) {
    Gen *gen = p->gen;
    Loop lines = ir_loop_begin(gen, ir_int(gen, 0), count, ir_int(gen, 1), "line");
    finish_row(p, tile, ir_add(gen, first, lines.index), lines.index);
    ir_loop_end(gen, &lines);
}

static void finish_part(Product *p, const ColumnTile *tile, Value first, Value taken, Range rows) {
    Gen *gen = p->gen;
    LLVMBasicBlockRef last = ir_block(gen, "last_part"), other = ir_block(gen, "part");
    LLVMBasicBlockRef done = ir_block(gen, "part_done");
    Value row = LLVMBuildSub(gen->builder, first, rows.begin, "");
    Value sums =
        ir_offset(gen, gen->f64, tile->part->sums, ir_multiply(gen, row, ir_int(gen, tile->width)));
    LLVMBuildCondBr(gen->builder, tile->part->is_last, last, other);
    LLVMPositionBuilderAtEnd(gen->builder, last);
    join_part(p, tile, sums, taken, true);
    rows_finish(p, tile, first, taken);
    LLVMBuildBr(gen->builder, done);
    LLVMPositionBuilderAtEnd(gen->builder, other);
    join_part(p, tile, sums, taken, false);
    LLVMBuildBr(gen->builder, done);
    LLVMPositionBuilderAtEnd(gen->builder, done);
}

void rows_walk(Product *p, const ColumnTile *tile, Range rows) {
    Gen *gen = p->gen;
    // Tiles are of different heights, so the loop steps by what the tile took.
    LLVMBasicBlockRef before = LLVMGetInsertBlock(gen->builder);
    LLVMBasicBlockRef body = ir_block(gen, "rows"), exit = ir_block(gen, "rows_done");
    Value enter = LLVMBuildICmp(gen->builder, LLVMIntSLT, rows.begin, rows.end, "");
    LLVMBuildCondBr(gen->builder, enter, body, exit);
    LLVMPositionBuilderAtEnd(gen->builder, body);
    Value first = LLVMBuildPhi(gen->builder, gen->i64, "first");
    LLVMAddIncoming(first, &rows.begin, &before, 1);
    Value taken = compute_row_tile(p, tile, first, rows);
    if (tile->left.gathers) prefetch_next_rows(p, &tile->left, first, taken);
    if (tile->part && tile->part->sums)
        finish_part(p, tile, first, taken, rows);
    else
        rows_finish(p, tile, first, taken);
    Value next = ir_add(gen, first, taken);
    LLVMBasicBlockRef latch = LLVMGetInsertBlock(gen->builder);
    LLVMAddIncoming(first, &next, &latch, 1);
    Value again = LLVMBuildICmp(gen->builder, LLVMIntSLT, next, rows.end, "");
    LLVMBuildCondBr(gen->builder, again, body, exit);
    LLVMPositionBuilderAtEnd(gen->builder, exit);
}
