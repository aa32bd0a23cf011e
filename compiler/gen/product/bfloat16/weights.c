// The gradient of the weights: X is turned, so that its pairs are of two samples, and dY is packed
// panel by panel; the reduction runs over a block of the samples at a time. Sums of one block are
// applied at once, those of several are added up in double precision, as in weights/long.c.
#include "bfloat16.h"

#include "../../../base/diagnostics/ice.h"

enum { BLOCK = KERNEL_MOST_PRODUCTS }; // rows of a block, a multiple of those of a square

typedef struct GradientBlock {
    Value left, right, sums; // sums in double precision; NULL: there is one block
    Value first_row, rows;
    Value steps; // squares along the rows
    int64_t most_steps;
    Range tiles; // of this worker, as across * down + down
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

static GradientScratch scratch_sizes(const Product *p, const WeightTiles *t, int64_t steps) {
    int64_t square = (int64_t)p->lanes * p->lanes;
    bool is_one = product_most_rows(p) <= BLOCK;
    int64_t lines = round_up(squares_down(p, t), PAIRS_TALLEST);
    return (GradientScratch){.left = lines * steps * square,
                             .right = 2 * steps * square,
                             .sums = is_one ? 0 : 2 * t->down * t->across * 4 * square};
}

// ---- Packing.

// `valid` floats of a row from a column on; zeros where the row is none of the block's.
static Value row_vector(Product *p, const Matrix *m, Value row, Value column, int valid) {
    Gen *gen = p->gen;
    Value at = ir_offset(gen, gen->f32, product_row(p, m, row), column);
    return ir_load_lanes(gen, ir_vector(gen, gen->f32, p->lanes), at, valid);
}

// Pairs of two rows, the second of which may be behind the last one.
static Value two_rows(Product *p, const GradientBlock *b, const Matrix *m, Value pair, Value column,
                      int valid) {
    Gen *gen = p->gen;
    LlvmType floats = ir_vector(gen, gen->f32, p->lanes);
    Value first = ir_multiply(gen, pair, ir_int(gen, 2));
    Value second = ir_add(gen, first, ir_int(gen, 1));
    Value is_there = LLVMBuildICmp(gen->builder, LLVMIntSLT, second, b->rows, "");
    Value row =
        ir_add(gen, b->first_row, LLVMBuildSelect(gen->builder, is_there, second, first, ""));
    Value low = row_vector(p, m, ir_add(gen, b->first_row, first), column, valid);
    Value high = row_vector(p, m, row, column, valid);
    high = LLVMBuildSelect(gen->builder, is_there, high, LLVMConstNull(floats), "");
    return pairs_of_rows(gen, low, high);
}

// Pairs of rows that there are; those up to a whole square are zero.
static Value pair_count(Product *p, const GradientBlock *b) {
    Value odd = ir_add(p->gen, b->rows, ir_int(p->gen, 1));
    return LLVMBuildUDiv(p->gen->builder, odd, ir_int(p->gen, 2), "");
}

static void store_pairs(Product *p, const GradientBlock *b, const Matrix *m, Value pair,
                        Value column, int valid, Value to) {
    Value pairs = valid > 0 ? two_rows(p, b, m, pair, column, valid)
                            : LLVMConstNull(pairs_vector(p->gen, p->lanes));
    ir_store(p->gen, pairs, to);
}

static void store_zeros(Product *p, Value to) {
    ir_store(p->gen, LLVMConstNull(pairs_vector(p->gen, p->lanes)), to);
}

// Columns [column, column + L) of X in pairs of rows, each square of which is then turned.
static void pack_line(Product *p, const GradientBlock *b, const WeightTiles *t, Value line,
                      int valid) {
    Gen *gen = p->gen;
    int64_t lanes = p->lanes, square = lanes * lanes;
    Value column = ir_multiply(gen, line, ir_int(gen, lanes));
    Value to = pairs_at(gen, b->left, ir_multiply(gen, line, ir_int(gen, b->most_steps * square)));
    Loop steps = ir_loop_begin(gen, ir_int(gen, 0), b->steps, ir_int(gen, 1), "turned");
    Value first = ir_multiply(gen, steps.index, ir_int(gen, lanes));
    Value end = ir_add(gen, first, ir_int(gen, lanes));
    Value there = ir_lesser(gen, end, pair_count(p, b));
    Loop rows = ir_loop_begin(gen, first, there, ir_int(gen, 1), "pair");
    Value within = LLVMBuildSub(gen->builder, rows.index, first, "");
    store_pairs(p, b, &t->broadcast, rows.index, column, valid,
                pairs_at(gen, p->scratch, ir_multiply(gen, within, ir_int(gen, lanes))));
    ir_loop_end(gen, &rows);
    Loop rest = ir_loop_begin(gen, there, end, ir_int(gen, 1), "no_pair");
    within = LLVMBuildSub(gen->builder, rest.index, first, "");
    store_zeros(p, pairs_at(gen, p->scratch, ir_multiply(gen, within, ir_int(gen, lanes))));
    ir_loop_end(gen, &rest);
    Value turn = kernel_transpose(gen);
    Value place = ir_multiply(gen, steps.index, ir_int(gen, square));
    Value arguments[] = {p->scratch, ir_int(gen, lanes), pairs_at(gen, to, place),
                         ir_int(gen, lanes)};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(turn), turn, arguments, 4, "");
    ir_loop_end(gen, &steps);
}

static void pack_left(Product *p, const GradientBlock *b, const WeightTiles *t) {
    Gen *gen = p->gen;
    int64_t whole = t->height / p->lanes;
    int rest = (int)(t->height % p->lanes);
    Loop lines =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, 1), "left_line");
    pack_line(p, b, t, lines.index, p->lanes);
    ir_loop_end(gen, &lines);
    if (rest) pack_line(p, b, t, ir_int(gen, whole), rest);
}

// A panel of dY, of which so many columns exist.
static void pack_right(Product *p, const WeightTiles *t, Value across, int64_t columns) {
    Gen *gen = p->gen;
    const GradientBlock *b = t->pairs;
    Value column = ir_multiply(gen, across, ir_int(gen, t->tile_width)), there = pair_count(p, b);
    Loop pairs = ir_loop_begin(gen, ir_int(gen, 0), there, ir_int(gen, 1), "right_pair");
    for (int v = 0; v < 2; v++) {
        Value lane = ir_int(gen, (int64_t)v * p->lanes);
        Value at = ir_add(gen, ir_multiply(gen, pairs.index, ir_int(gen, 2 * p->lanes)), lane);
        store_pairs(p, b, &t->vector, pairs.index, ir_add(gen, column, lane),
                    (int)lowest(columns - v * p->lanes, p->lanes), pairs_at(gen, b->right, at));
    }
    ir_loop_end(gen, &pairs);
    Value end = ir_multiply(gen, b->steps, ir_int(gen, p->lanes));
    Loop rest = ir_loop_begin(gen, there, end, ir_int(gen, 1), "no_pair");
    Value at = ir_multiply(gen, rest.index, ir_int(gen, 2 * p->lanes));
    store_zeros(p, pairs_at(gen, b->right, at));
    store_zeros(p, pairs_at(gen, b->right, ir_add(gen, at, ir_int(gen, p->lanes))));
    ir_loop_end(gen, &rest);
}

// ---- Tiles.

static void call_tile(Product *p, const GradientBlock *b, int squares, Value down) {
    Gen *gen = p->gen;
    int64_t line = b->most_steps * p->lanes * p->lanes;
    Value left = pairs_at(gen, b->left, ir_multiply(gen, down, ir_int(gen, PAIRS_TALLEST * line)));
    PairsShape shape = pairs_shape(p->lanes, squares, b->most_steps);
    pairs_call(gen, &shape, left, b->right, b->steps, p->scratch);
}

static Value sums_of(Product *p, const WeightTiles *t, Value down, Value across) {
    Gen *gen = p->gen;
    Value number = ir_add(gen, ir_multiply(gen, across, ir_int(gen, t->down)), down);
    int64_t numbers = 4 * (int64_t)p->lanes * p->lanes;
    return ir_offset(gen, gen->f64, t->pairs->sums, ir_multiply(gen, number, ir_int(gen, numbers)));
}

static int squares_of(const Product *p, int rows) {
    return rows > p->lanes ? PAIRS_TALLEST : 1;
}

// Padding of the panel is written, too: zeros, as there.
static void finish_tile(Product *p, const WeightTiles *t, int rows, int wide, Value down,
                        Value across) {
    (void)wide;
    Value first_row = ir_multiply(p->gen, down, ir_int(p->gen, p->tiles.outer_rows));
    if (t->pairs->sums) weight_narrow_sums(p, sums_of(p, t, down, across), rows * PAIRS_HALVES);
    weight_finish(p, t, rows, PAIRS_HALVES, first_row, across);
}

static void multiply_tile(Product *p, const WeightTiles *t, int rows, int wide, Value down,
                          Value across) {
    Gen *gen = p->gen;
    const GradientBlock *b = t->pairs;
    Value first_row = ir_multiply(gen, down, ir_int(gen, p->tiles.outer_rows));
    if (!b->sums) weight_prefetch(p, t, rows, PAIRS_HALVES, first_row, across);
    call_tile(p, b, squares_of(p, rows), down);
    if (b->sums)
        weight_join_sums(p, b->first_row, sums_of(p, t, down, across), rows * PAIRS_HALVES);
    else
        finish_tile(p, t, rows, wide, down, across);
}

// ---- The loops.

static void place_scratch(Product *p, const WeightTiles *t, GradientBlock *b) {
    Gen *gen = p->gen;
    GradientScratch sizes = scratch_sizes(p, t, b->most_steps);
    b->left = ir_scratch(gen, p->function, 0, sizes.left);
    b->right = ir_scratch(gen, p->function, sizes.left, sizes.right);
    if (sizes.sums) b->sums = ir_scratch(gen, p->function, sizes.left + sizes.right, sizes.sums);
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
    weight_each_panel(p, t, b->tiles, lines, pack_right, multiply_tile);
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
