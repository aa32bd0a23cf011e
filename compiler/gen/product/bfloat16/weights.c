// The gradient of the weights: X is turned, so that its pairs are of two samples, and dY is packed,
// some panels at a time; the reduction runs over a block of the samples at a time. Sums of one
// block are applied at once, those of several are added up in double precision, as in
// weights/long.c.
#include "bfloat16.h"

#include "../../../base/diagnostics/ice.h"

enum { BLOCK = KERNEL_MOST_PRODUCTS }; // rows of a block, a multiple of those of a square

typedef struct GradientBlock {
    Value left, right, sums; // sums in double precision; NULL: there is one block
    Value first_row, rows;
    Value steps;                  // squares along the rows
    int64_t most_steps, together; // panels that are packed together
    Range panels;                 // those
    Range tiles;                  // of this worker, as across * down + down
} GradientBlock;

// A worker's scratch in words.
typedef struct GradientScratch {
    int64_t left, right, sums;
} GradientScratch;

static int64_t most_rows_of_block(const Product *p) {
    return lowest(BLOCK, round_up(product_most_rows(p), 2 * p->lanes));
}

static int64_t squares_down(const Product *p, const WeightTiles *t) {
    return divide_up(t->height, p->lanes);
}

// Words of a packed panel.
static int64_t panel_words(const Product *p, const GradientBlock *b) {
    return 2 * b->most_steps * p->lanes * p->lanes;
}

// Panels whose columns of a row are read one after the other; packed, they take a part of the
// second-level cache, which has the block of X, too.
static int64_t panels_together(const Product *p, const WeightTiles *t, const GradientBlock *b) {
    int64_t bytes = panel_words(p, b) * (int64_t)sizeof(float);
    int64_t panels = p->gen->target->machine.second_cache / 4 / bytes;
    return lowest(panels < 1 ? 1 : panels, t->across);
}

static GradientScratch scratch_sizes(const Product *p, const WeightTiles *t,
                                     const GradientBlock *b) {
    int64_t square = (int64_t)p->lanes * p->lanes;
    bool is_one = product_most_rows(p) <= BLOCK;
    int64_t lines = round_up(squares_down(p, t), PAIRS_TALLEST);
    return (GradientScratch){.left = lines * b->most_steps * square,
                             .right = b->together * panel_words(p, b),
                             .sums = is_one ? 0 : 2 * t->down * t->across * 4 * square};
}

// ---- Packing.

// Two rows that follow each other, the second of which may be behind the last one: then it is the
// first one, and counts as zeros.
typedef struct RowPair {
    Value first, second, is_there;
    Dtype dtype;
    int64_t ahead; // numbers to the rows that are asked for
} RowPair;

static RowPair rows_of_pair(Product *p, const GradientBlock *b, const Matrix *m, Value pair) {
    Gen *gen = p->gen;
    Value first = ir_multiply(gen, pair, ir_int(gen, 2));
    Value second = ir_add(gen, first, ir_int(gen, 1));
    Value is_there = LLVMBuildICmp(gen->builder, LLVMIntSLT, second, b->rows, "");
    Value row = LLVMBuildSelect(gen->builder, is_there, second, first, "");
    return (RowPair){.first = product_row(p, m, ir_add(gen, b->first_row, first)),
                     .second = product_row(p, m, ir_add(gen, b->first_row, row)),
                     .is_there = is_there,
                     .dtype = m->dtype,
                     .ahead = 2 * WEIGHT_AHEAD * m->stride};
}

// `valid` numbers of a row from a column on, rounded.
static Value row_vector(Product *p, const RowPair *rows, Value row, Value column, int valid) {
    Gen *gen = p->gen;
    LlvmType element = ir_element(gen, rows->dtype);
    Value at = ir_offset(gen, element, row, column);
    ir_prefetch(gen, ir_offset(gen, element, at, ir_int(gen, rows->ahead)), PREFETCH_FIRST);
    Value numbers = ir_load_lanes(gen, ir_vector(gen, element, p->lanes), at, valid);
    return rows->dtype == DTYPE_BF16 ? numbers : pairs_round(gen, numbers);
}

static void store_pairs(Product *p, const RowPair *rows, Value column, int valid, Value to) {
    Gen *gen = p->gen;
    if (valid <= 0) {
        ir_store(gen, LLVMConstNull(pairs_vector(gen, p->lanes)), to);
        return;
    }
    Value low = row_vector(p, rows, rows->first, column, valid);
    Value high = row_vector(p, rows, rows->second, column, valid);
    high = LLVMBuildSelect(gen->builder, rows->is_there, high, LLVMConstNull(LLVMTypeOf(high)), "");
    ir_store(gen, pairs_of_rounded(gen, low, high), to);
}

static void store_zeros(Product *p, Value to) {
    ir_store(p->gen, LLVMConstNull(pairs_vector(p->gen, p->lanes)), to);
}

// Pairs of rows that there are; those up to a whole square are zero.
static Value pair_count(Product *p, const GradientBlock *b) {
    Value odd = ir_add(p->gen, b->rows, ir_int(p->gen, 1));
    return LLVMBuildUDiv(p->gen->builder, odd, ir_int(p->gen, 2), "");
}

// Columns [line * L, line * L + L) of X in pairs of the rows of a square, which is then turned.
static void pack_square(Product *p, const GradientBlock *b, const WeightTiles *t, Value step,
                        Value line, int valid) {
    Gen *gen = p->gen;
    int64_t lanes = p->lanes, square = lanes * lanes;
    Value column = ir_multiply(gen, line, ir_int(gen, lanes));
    Value first = ir_multiply(gen, step, ir_int(gen, lanes));
    Value end = ir_add(gen, first, ir_int(gen, lanes));
    Value there = ir_lesser(gen, end, pair_count(p, b));
    Loop pairs = ir_loop_begin(gen, first, there, ir_int(gen, 1), "pair");
    Value within = LLVMBuildSub(gen->builder, pairs.index, first, "");
    RowPair rows = rows_of_pair(p, b, &t->broadcast, pairs.index);
    store_pairs(p, &rows, column, valid,
                pairs_at(gen, p->scratch, ir_multiply(gen, within, ir_int(gen, lanes))));
    ir_loop_end(gen, &pairs);
    Loop rest = ir_loop_begin(gen, there, end, ir_int(gen, 1), "no_pair");
    within = LLVMBuildSub(gen->builder, rest.index, first, "");
    store_zeros(p, pairs_at(gen, p->scratch, ir_multiply(gen, within, ir_int(gen, lanes))));
    ir_loop_end(gen, &rest);
    Value turn = kernel_transpose(gen);
    Value place = ir_add(gen, ir_multiply(gen, line, ir_int(gen, b->most_steps * square)),
                         ir_multiply(gen, step, ir_int(gen, square)));
    Value arguments[] = {p->scratch, ir_int(gen, lanes), pairs_at(gen, b->left, place),
                         ir_int(gen, lanes)};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(turn), turn, arguments, 4, "");
}

// The rows of a square from their first column to their last: rows may be kilobytes long.
static void pack_left(Product *p, const GradientBlock *b, const WeightTiles *t) {
    Gen *gen = p->gen;
    int64_t whole = t->height / p->lanes;
    int rest = (int)(t->height % p->lanes);
    Loop steps = ir_loop_begin(gen, ir_int(gen, 0), b->steps, ir_int(gen, 1), "turned");
    Loop lines =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, 1), "left_line");
    pack_square(p, b, t, steps.index, lines.index, p->lanes);
    ir_loop_end(gen, &lines);
    if (rest) pack_square(p, b, t, steps.index, ir_int(gen, whole), rest);
    ir_loop_end(gen, &steps);
}

// Where a row of pairs of a packed panel is.
static Value right_row(Product *p, const GradientBlock *b, Value panel, Value pair, int vector) {
    Gen *gen = p->gen;
    Value number = LLVMBuildSub(gen->builder, panel, b->panels.begin, "");
    Value place = ir_add(gen, ir_multiply(gen, number, ir_int(gen, panel_words(p, b))),
                         ir_multiply(gen, pair, ir_int(gen, 2 * p->lanes)));
    return pairs_at(gen, b->right, ir_add(gen, place, ir_int(gen, (int64_t)vector * p->lanes)));
}

// A pair of rows of a panel of dY, of which so many columns exist.
static void pack_pair(Product *p, const WeightTiles *t, const RowPair *rows, Value pair,
                      Value panel, int64_t columns) {
    Gen *gen = p->gen;
    Value column = ir_multiply(gen, panel, ir_int(gen, t->tile_width));
    for (int v = 0; v < PAIRS_HALVES; v++)
        store_pairs(p, rows, ir_add(gen, column, ir_int(gen, (int64_t)v * p->lanes)),
                    (int)lowest(columns - v * p->lanes, p->lanes),
                    right_row(p, t->pairs, panel, pair, v));
}

// The panels that are packed together, row by row; the last one of all may have fewer columns.
static void pack_pairs(Product *p, const WeightTiles *t, Value pair) {
    Gen *gen = p->gen;
    const GradientBlock *b = t->pairs;
    RowPair rows = rows_of_pair(p, b, &t->vector, pair);
    int64_t whole = t->width / t->tile_width, rest = t->width % t->tile_width;
    Value end = ir_lesser(gen, b->panels.end, ir_int(gen, whole));
    Loop panels = ir_loop_begin(gen, b->panels.begin, end, ir_int(gen, 1), "right_panel");
    pack_pair(p, t, &rows, pair, panels.index, t->tile_width);
    ir_loop_end(gen, &panels);
    if (!rest) return;
    Value from = ir_greater(gen, b->panels.begin, ir_int(gen, whole));
    Loop last = ir_loop_begin(gen, from, b->panels.end, ir_int(gen, 1), "last_panel");
    pack_pair(p, t, &rows, pair, last.index, rest);
    ir_loop_end(gen, &last);
}

static void pack_right(Product *p, const WeightTiles *t) {
    Gen *gen = p->gen;
    const GradientBlock *b = t->pairs;
    Value there = pair_count(p, b);
    Loop pairs = ir_loop_begin(gen, ir_int(gen, 0), there, ir_int(gen, 1), "right_pair");
    pack_pairs(p, t, pairs.index);
    ir_loop_end(gen, &pairs);
    Value end = ir_multiply(gen, b->steps, ir_int(gen, p->lanes));
    Loop rest = ir_loop_begin(gen, there, end, ir_int(gen, 1), "no_pair");
    Loop panels = ir_loop_begin(gen, b->panels.begin, b->panels.end, ir_int(gen, 1), "zero_panel");
    for (int v = 0; v < PAIRS_HALVES; v++)
        store_zeros(p, right_row(p, b, panels.index, rest.index, v));
    ir_loop_end(gen, &panels);
    ir_loop_end(gen, &rest);
}

// ---- Tiles.

static void call_tile(Product *p, const GradientBlock *b, int squares, Value down, Value across) {
    Gen *gen = p->gen;
    int64_t line = b->most_steps * p->lanes * p->lanes;
    Value left = pairs_at(gen, b->left, ir_multiply(gen, down, ir_int(gen, PAIRS_TALLEST * line)));
    PairsShape shape = pairs_shape(p->lanes, squares, b->most_steps);
    pairs_call(gen, &shape, left, right_row(p, b, across, ir_int(gen, 0), 0), b->steps, p->scratch);
}

static Value sums_of(Product *p, const WeightTiles *t, Value down, Value across) {
    Gen *gen = p->gen;
    Value number = ir_add(gen, ir_multiply(gen, across, ir_int(gen, t->down)), down);
    int64_t numbers = 4 * (int64_t)p->lanes * p->lanes;
    return ir_offset(gen, gen->f64, t->pairs->sums, ir_multiply(gen, number, ir_int(gen, numbers)));
}

// Sums of a tile have left the second-level cache since the block before.
static void ask_for_sums(Product *p, Value sums, int rows) {
    Gen *gen = p->gen;
    int64_t bytes = (int64_t)rows * PAIRS_HALVES * p->lanes * (int64_t)sizeof(double);
    Loop lines =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, bytes), ir_int(gen, IR_LINE), "ahead");
    ir_prefetch(gen, ir_offset(gen, gen->i8, sums, lines.index), PREFETCH_SECOND_TO_WRITE);
    ir_loop_end(gen, &lines);
}

static int squares_of(const Product *p, int rows) {
    return rows > p->lanes ? PAIRS_TALLEST : 1;
}

// Padding of the panel is written, too: zeros, as there.
static void finish_tile(Product *p, const WeightTiles *t, int rows, int wide, Value down,
                        Value across) {
    (void)wide;
    Value first_row = ir_multiply(p->gen, down, ir_int(p->gen, p->tiles.outer_rows));
    if (t->pairs->sums) {
        weight_prefetch(p, t, rows, PAIRS_HALVES, first_row, across);
        weight_narrow_sums(p, sums_of(p, t, down, across), rows * PAIRS_HALVES);
    }
    weight_finish(p, t, rows, PAIRS_HALVES, first_row, across);
}

static void multiply_tile(Product *p, const WeightTiles *t, int rows, int wide, Value down,
                          Value across) {
    Gen *gen = p->gen;
    const GradientBlock *b = t->pairs;
    Value first_row = ir_multiply(gen, down, ir_int(gen, p->tiles.outer_rows));
    if (b->sums)
        ask_for_sums(p, sums_of(p, t, down, across), rows);
    else
        weight_prefetch(p, t, rows, PAIRS_HALVES, first_row, across);
    call_tile(p, b, squares_of(p, rows), down, across);
    if (b->sums)
        weight_join_sums(p, b->first_row, sums_of(p, t, down, across), rows * PAIRS_HALVES);
    else
        finish_tile(p, t, rows, wide, down, across);
}

// ---- The loops.

static void place_scratch(Product *p, const WeightTiles *t, GradientBlock *b) {
    Gen *gen = p->gen;
    b->together = panels_together(p, t, b);
    GradientScratch sizes = scratch_sizes(p, t, b);
    b->left = ir_scratch(gen, p->function, 0, sizes.left);
    b->right = ir_scratch(gen, p->function, sizes.left, sizes.right);
    if (sizes.sums) b->sums = ir_scratch(gen, p->function, sizes.left + sizes.right, sizes.sums);
}

// The worker's panels, some at a time.
static void each_panels(Product *p, const WeightTiles *t, GradientBlock *b, Range lines) {
    Gen *gen = p->gen;
    Value down = ir_int(gen, t->down), up = ir_int(gen, t->down - 1);
    Value first = LLVMBuildUDiv(gen->builder, b->tiles.begin, down, "");
    Value end = LLVMBuildUDiv(gen->builder, ir_add(gen, b->tiles.end, up), down, "");
    Value together = ir_int(gen, b->together);
    Loop some = ir_loop_begin(gen, first, end, together, "panels");
    b->panels = (Range){some.index, ir_lesser(gen, ir_add(gen, some.index, together), end)};
    pack_right(p, t);
    Range tiles = {ir_greater(gen, b->tiles.begin, ir_multiply(gen, b->panels.begin, down)),
                   ir_lesser(gen, b->tiles.end, ir_multiply(gen, b->panels.end, down))};
    weight_each_panel(p, t, tiles, lines, NULL, multiply_tile);
    ir_loop_end(gen, &some);
}

static void each_block(Product *p, const WeightTiles *t, GradientBlock *b, int64_t block) {
    Gen *gen = p->gen;
    Value all = product_rows(p), size = ir_int(gen, block), width = ir_int(gen, 2 * p->lanes);
    Range lines = {ir_int(gen, 0), ir_int(gen, t->down)};
    Loop blocks = ir_loop_begin(gen, ir_int(gen, 0), all, size, "block");
    b->first_row = blocks.index;
    b->rows = ir_lesser(gen, LLVMBuildSub(gen->builder, all, b->first_row, ""), size);
    Value padded = ir_add(gen, b->rows, ir_int(gen, 2 * p->lanes - 1));
    b->steps = LLVMBuildUDiv(gen->builder, padded, width, "");
    pack_left(p, b, t);
    each_panels(p, t, b, lines);
    ir_loop_end(gen, &blocks);
    if (b->sums) weight_each_panel(p, t, b->tiles, lines, NULL, finish_tile);
}

void product_pairs_weights(Product *p) {
    Gen *gen = p->gen;
    int height = PAIRS_TALLEST * p->lanes;
    WeightTiles t = {.broadcast = product_matrix(p, p->anchor->inputs[0]),
                     .vector = product_matrix(p, p->anchor->inputs[1]),
                     .height = p->depth,
                     .width = p->columns,
                     .row_stride = p->storage.row_stride,
                     .tile_stride = p->storage.panel_stride,
                     .tile_width = (int)p->storage.panel};
    if (t.broadcast.gathers || t.vector.gathers || t.tile_width != 2 * p->lanes)
        nn_ice("gen", "a gradient in bfloat16 of columns that were not loaded, or of other panels");
    p->tiles.outer_rows = height;
    t.down = divide_up(t.height, height);
    t.across = divide_up(t.width, t.tile_width);
    int64_t block = most_rows_of_block(p);
    GradientBlock b = {.most_steps = block / (2 * p->lanes)};
    t.pairs = &b;
    p->b.domain = DOMAIN_STORAGE;
    p->b.width = p->lanes;
    place_scratch(p, &t, &b);
    b.tiles = ir_worker_range(gen, p->function, ir_int(gen, t.down * t.across));
    each_block(p, &t, &b, block);
}
