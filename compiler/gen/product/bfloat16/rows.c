// Products of rows by weights: a block of rows is packed, then every panel of the weights passes
// by. In int8, where p->int8 is known, all but what words are made of is the same.
#include "../int8/int8.h"

#include "../../../base/diagnostics/ice.h"

// Words of a packed block: a part of the second-level cache.
enum { BLOCK_WORDS = 128 * 1024 };

// A block of rows, as the kernel reads it.
typedef struct PackedRows {
    Matrix matrix;
    int64_t reduction, steps; // its length; squares along it
    Value words;
    Range rows;
    bool is_low; // a panel passes by a few tiles
} PackedRows;

static int64_t line_words(const Product *p, const PackedRows *packed) {
    return packed->steps * p->lanes * p->lanes;
}

// Numbers of the reduction in a vector of words.
static int64_t words_width(const Product *p) {
    return (p->int8 ? p->int8->layout.numbers : 2) * p->lanes;
}

// Of a row's numbers from one on.
static Value words_of(Product *p, const Matrix *m, Value row, Value number, int64_t valid) {
    Value at = ir_offset(p->gen, ir_element(p->gen, m->dtype), row, number);
    return p->int8 ? int8_words(p->gen, p->int8, at, valid)
                   : pairs_of_numbers(p->gen, m->dtype, at, valid);
}

static void pack_row(Product *p, const PackedRows *packed, Value row, Value to) {
    Gen *gen = p->gen;
    int64_t square = (int64_t)p->lanes * p->lanes, width = words_width(p);
    int64_t whole = packed->reduction / width, rest = packed->reduction % width;
    Value from = product_row(p, &packed->matrix, row);
    Loop steps =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, 1), "packed_square");
    Value column = ir_multiply(gen, steps.index, ir_int(gen, width));
    Value place = ir_multiply(gen, steps.index, ir_int(gen, square));
    ir_store(gen, words_of(p, &packed->matrix, from, column, width), pairs_at(gen, to, place));
    ir_loop_end(gen, &steps);
    if (!rest) return;
    ir_store(gen, words_of(p, &packed->matrix, from, ir_int(gen, whole * width), rest),
             pairs_at(gen, to, ir_int(gen, whole * square)));
}

static void pack_rows(Product *p, const PackedRows *packed) {
    Gen *gen = p->gen;
    Value lanes = ir_int(gen, p->lanes);
    Loop rows = ir_loop_begin(gen, packed->rows.begin, packed->rows.end, ir_int(gen, 1), "pack");
    Value number = LLVMBuildSub(gen->builder, rows.index, packed->rows.begin, "");
    Value line = LLVMBuildUDiv(gen->builder, number, lanes, "");
    Value within = LLVMBuildURem(gen->builder, number, lanes, "");
    Value place = ir_add(gen, ir_multiply(gen, line, ir_int(gen, line_words(p, packed))),
                         ir_multiply(gen, within, lanes));
    pack_row(p, packed, rows.index, pairs_at(gen, packed->words, place));
    ir_loop_end(gen, &rows);
}

// `vectors`: of the panel.
static PairsShape shape_of(const Product *p, const PackedRows *packed, int squares, int vectors) {
    PairsShape shape = pairs_shape(p->lanes, squares, packed->steps);
    shape.halves = vectors;
    shape.sums_row = (int64_t)vectors * p->lanes;
    shape.in_int8 = p->int8 != NULL;
    shape.right_passes = packed->is_low;
    return shape;
}

// Of a single row nothing else is there.
static void multiply_row(Product *p, const PackedRows *packed, int vectors, Value weights) {
    PairsShape shape = shape_of(p, packed, 1, vectors);
    shape.rows = 1;
    pairs_call(p->gen, &shape, packed->words, weights, ir_int(p->gen, packed->steps), p->scratch);
}

// The kernel for the rows from `first` on, as tall as what is left of the block needs.
static void multiply_rows(Product *p, const PackedRows *packed, int vectors, Value weights,
                          Value first, Value left) {
    Gen *gen = p->gen;
    Value line = ir_int(gen, line_words(p, packed)), steps = ir_int(gen, packed->steps);
    PairsShape high = shape_of(p, packed, PAIRS_TALLEST, vectors);
    PairsShape one = shape_of(p, packed, 1, vectors);
    Value number = LLVMBuildSub(gen->builder, first, packed->rows.begin, "");
    number = LLVMBuildUDiv(gen->builder, number, ir_int(gen, p->lanes), "");
    Value words = pairs_at(gen, packed->words, ir_multiply(gen, number, line));
    LLVMBasicBlockRef tall = ir_block(gen, "tall"), low = ir_block(gen, "low");
    LLVMBasicBlockRef done = ir_block(gen, "multiplied");
    Value is_tall = LLVMBuildICmp(gen->builder, LLVMIntSGT, left, ir_int(gen, p->lanes), "");
    LLVMBuildCondBr(gen->builder, is_tall, tall, low);
    LLVMPositionBuilderAtEnd(gen->builder, tall);
    pairs_call(gen, &high, words, weights, steps, p->scratch);
    LLVMBuildBr(gen->builder, done);
    LLVMPositionBuilderAtEnd(gen->builder, low);
    pairs_call(gen, &one, words, weights, steps, p->scratch);
    LLVMBuildBr(gen->builder, done);
    LLVMPositionBuilderAtEnd(gen->builder, done);
}

static int64_t panel_width(const Product *p) {
    return p->int8 ? p->int8->layout.panel : p->storage.panel;
}

static Value panel_at(Product *p, Value panel) {
    Gen *gen = p->gen;
    if (p->int8) return int8_panel(gen, p->int8, panel);
    Value place = ir_multiply(gen, panel, ir_int(gen, p->storage.panel_stride));
    return ir_offset(gen, gen->f32, product_weights(p), place);
}

// One panel, whose first `valid` columns exist, by all rows of the block.
static void multiply_panel(Product *p, const PackedRows *packed, Value panel, int valid) {
    Gen *gen = p->gen;
    int vectors = p->int8 ? int8_panel_vectors(gen, valid) : PAIRS_HALVES;
    int64_t height = PAIRS_TALLEST * p->lanes;
    ColumnTile tile = {.width = vectors * p->lanes,
                       .valid = valid,
                       .first_column = ir_multiply(gen, panel, ir_int(gen, panel_width(p)))};
    Value weights = panel_at(p, panel);
    Loop rows =
        ir_loop_begin(gen, packed->rows.begin, packed->rows.end, ir_int(gen, height), "rows");
    Value left = LLVMBuildSub(gen->builder, packed->rows.end, rows.index, "");
    ahead_ask(p, &tile, rows.index, ir_lesser(gen, left, ir_int(gen, height)));
    if (product_most_rows(p) == 1)
        multiply_row(p, packed, vectors, weights);
    else
        multiply_rows(p, packed, vectors, weights, rows.index, left);
    rows_finish(p, &tile, rows.index, ir_lesser(gen, left, ir_int(gen, height)));
    ir_loop_end(gen, &rows);
}

// Whole panels, and one with fewer columns.
static void multiply_panels(Product *p, const PackedRows *packed, int64_t columns) {
    Gen *gen = p->gen;
    int64_t width = panel_width(p), full = columns / width;
    int rest = (int)(columns % width);
    for (int part = 0; part < 2; part++) {
        if (part ? !rest : !full) continue;
        Range own = product_own_parts(p, part ? full : 0, full + part, full + (rest > 0));
        Loop loop = ir_loop_begin(gen, own.begin, own.end, ir_int(gen, 1), "panel");
        PanelTurn turn = product_panel_in_turn(p, own, loop.index);
        multiply_panel(p, packed, turn.number, part ? rest : (int)width);
        ir_loop_end(gen, &loop);
    }
}

// Rows of a block: whole tiles of the kernel, at most those that there are.
static int64_t block_rows(const Product *p, int64_t steps) {
    int64_t tile = PAIRS_TALLEST * p->lanes, rows = BLOCK_WORDS / (steps * p->lanes) / tile * tile;
    int64_t most = round_up(product_most_rows(p), tile);
    return rows > most ? most : rows < tile ? tile : rows;
}

void product_pairs_rows(Product *p) {
    Gen *gen = p->gen;
    bool forward = p->kind == PRODUCT_FORWARD;
    PackedRows packed = {.matrix = product_matrix(p, p->anchor->inputs[0]),
                         .reduction = forward ? p->depth : p->columns};
    if (packed.matrix.gathers || packed.matrix.dtype == DTYPE_U8)
        nn_ice("gen", "a product of packed rows reads a data column that was not loaded");
    packed.steps = divide_up(packed.reduction, words_width(p));
    int64_t block = block_rows(p, packed.steps);
    packed.is_low = product_most_rows(p) <= 4 * PAIRS_TALLEST * p->lanes;
    packed.words = ir_scratch(gen, p->function, 0, block * packed.steps * p->lanes);
    Range all = product_row_range(p);
    Loop blocks = ir_loop_begin(gen, all.begin, all.end, ir_int(gen, block), "rows_block");
    packed.rows = (Range){blocks.index,
                          ir_lesser(gen, ir_add(gen, blocks.index, ir_int(gen, block)), all.end)};
    pack_rows(p, &packed);
    multiply_panels(p, &packed, forward ? p->columns : p->depth);
    ir_loop_end(gen, &blocks);
}
