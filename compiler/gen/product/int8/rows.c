// Products of rows by weights in int8: a block of rows is quantized, then every panel of the
// weights passes by.
#include "int8.h"

#include "../../../base/diagnostics/ice.h"

// Words of a quantized block: a part of the second-level cache.
enum { BLOCK_WORDS = 128 * 1024 };

// A block of rows, as the kernel reads it: squares, as those in bfloat16.
typedef struct QuantizedRows {
    Int8Weights weights;
    Matrix matrix;
    int64_t steps; // squares along the reduction
    Value words;
    Range rows;
} QuantizedRows;

static int64_t line_words(const Product *p, const QuantizedRows *q) {
    return q->steps * p->lanes * p->lanes;
}

static void quantize_row(Product *p, const QuantizedRows *q, Value row, Value to) {
    Gen *gen = p->gen;
    int64_t square = (int64_t)p->lanes * p->lanes, width = q->weights.layout.numbers * p->lanes;
    int64_t whole = p->depth / width, rest = p->depth % width;
    Value from = product_row(p, &q->matrix, row);
    Loop steps =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, 1), "quantized_square");
    Value column = ir_multiply(gen, steps.index, ir_int(gen, width));
    Value place = ir_multiply(gen, steps.index, ir_int(gen, square));
    ir_store(gen, int8_words(gen, &q->weights, ir_offset(gen, gen->f32, from, column), width),
             pairs_at(gen, to, place));
    ir_loop_end(gen, &steps);
    if (!rest) return;
    Value at = ir_offset(gen, gen->f32, from, ir_int(gen, whole * width));
    ir_store(gen, int8_words(gen, &q->weights, at, rest),
             pairs_at(gen, to, ir_int(gen, whole * square)));
}

static void quantize_rows(Product *p, const QuantizedRows *q) {
    Gen *gen = p->gen;
    Value lanes = ir_int(gen, p->lanes);
    Loop rows = ir_loop_begin(gen, q->rows.begin, q->rows.end, ir_int(gen, 1), "quantize");
    Value number = LLVMBuildSub(gen->builder, rows.index, q->rows.begin, "");
    Value line = LLVMBuildUDiv(gen->builder, number, lanes, "");
    Value within = LLVMBuildURem(gen->builder, number, lanes, "");
    Value place = ir_add(gen, ir_multiply(gen, line, ir_int(gen, line_words(p, q))),
                         ir_multiply(gen, within, lanes));
    quantize_row(p, q, rows.index, pairs_at(gen, q->words, place));
    ir_loop_end(gen, &rows);
}

static PairsShape shape_of(const Product *p, const QuantizedRows *q, int squares, int vectors) {
    PairsShape shape = pairs_shape(p->lanes, squares, q->steps);
    shape.halves = vectors;
    shape.sums_row = (int64_t)vectors * p->lanes;
    shape.in_int8 = true;
    return shape;
}

// The kernel for the rows from `first` on, as tall as what is left of the block needs.
static void multiply_rows(Product *p, const QuantizedRows *q, int vectors, Value panel, Value first,
                          Value left) {
    Gen *gen = p->gen;
    Value line = ir_int(gen, line_words(p, q)), steps = ir_int(gen, q->steps);
    PairsShape high = shape_of(p, q, PAIRS_TALLEST, vectors), one = shape_of(p, q, 1, vectors);
    Value number = LLVMBuildSub(gen->builder, first, q->rows.begin, "");
    number = LLVMBuildUDiv(gen->builder, number, ir_int(gen, p->lanes), "");
    Value words = pairs_at(gen, q->words, ir_multiply(gen, number, line));
    LLVMBasicBlockRef tall = ir_block(gen, "tall"), low = ir_block(gen, "low");
    LLVMBasicBlockRef done = ir_block(gen, "multiplied");
    Value is_tall = LLVMBuildICmp(gen->builder, LLVMIntSGT, left, ir_int(gen, p->lanes), "");
    LLVMBuildCondBr(gen->builder, is_tall, tall, low);
    LLVMPositionBuilderAtEnd(gen->builder, tall);
    pairs_call(gen, &high, words, panel, steps, p->scratch);
    LLVMBuildBr(gen->builder, done);
    LLVMPositionBuilderAtEnd(gen->builder, low);
    pairs_call(gen, &one, words, panel, steps, p->scratch);
    LLVMBuildBr(gen->builder, done);
    LLVMPositionBuilderAtEnd(gen->builder, done);
}

// One panel, whose first `valid` columns exist, by all rows of the block.
static void multiply_panel(Product *p, const QuantizedRows *q, Value panel, int valid) {
    Gen *gen = p->gen;
    int vectors = int8_panel_vectors(gen, valid);
    int64_t height = PAIRS_TALLEST * p->lanes;
    ColumnTile tile = {.width = vectors * p->lanes,
                       .valid = valid,
                       .first_column = ir_multiply(gen, panel, ir_int(gen, 2 * p->lanes))};
    Value words = int8_panel(gen, &q->weights, panel);
    Loop rows = ir_loop_begin(gen, q->rows.begin, q->rows.end, ir_int(gen, height), "rows");
    Value left = LLVMBuildSub(gen->builder, q->rows.end, rows.index, "");
    multiply_rows(p, q, vectors, words, rows.index, left);
    rows_finish(p, &tile, rows.index, ir_lesser(gen, left, ir_int(gen, height)));
    ir_loop_end(gen, &rows);
}

// Whole panels, and one with fewer columns.
static void multiply_panels(Product *p, const QuantizedRows *q) {
    Gen *gen = p->gen;
    int64_t width = 2 * p->lanes, full = p->columns / width;
    int rest = (int)(p->columns % width);
    for (int part = 0; part < 2; part++) {
        if (part ? !rest : !full) continue;
        Range own = product_own_parts(p, part ? full : 0, full + part, full + (rest > 0));
        Loop loop = ir_loop_begin(gen, own.begin, own.end, ir_int(gen, 1), "panel");
        multiply_panel(p, q, loop.index, part ? rest : (int)width);
        ir_loop_end(gen, &loop);
    }
}

// Rows of a block: whole tiles of the kernel, at most those that there are.
static int64_t block_rows(const Product *p, int64_t steps) {
    int64_t tile = PAIRS_TALLEST * p->lanes, rows = BLOCK_WORDS / (steps * p->lanes) / tile * tile;
    int64_t most = round_up(product_most_rows(p), tile);
    return rows > most ? most : rows < tile ? tile : rows;
}

void product_int8_rows(Product *p) {
    Gen *gen = p->gen;
    QuantizedRows q = {.weights = int8_weights(gen, &p->transposed->type, product_weights(p)),
                       .matrix = product_matrix(p, p->anchor->inputs[0])};
    if (q.matrix.gathers || q.matrix.dtype != DTYPE_F32)
        nn_ice("gen", "a product in int8 reads a data column that was not loaded");
    q.steps = q.weights.layout.line_words / p->lanes;
    p->int8 = &q.weights;
    int8_begin(gen);
    int64_t block = block_rows(p, q.steps);
    q.words = ir_scratch(gen, p->function, 0, block * q.steps * p->lanes);
    Range all = product_row_range(p);
    Loop blocks = ir_loop_begin(gen, all.begin, all.end, ir_int(gen, block), "rows_block");
    q.rows = (Range){blocks.index,
                     ir_lesser(gen, ir_add(gen, blocks.index, ir_int(gen, block)), all.end)};
    quantize_rows(p, &q);
    multiply_panels(p, &q);
    ir_loop_end(gen, &blocks);
    int8_end(gen);
}
