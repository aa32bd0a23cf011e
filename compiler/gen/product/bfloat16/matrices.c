// Products of two values of a sample: both matrices of a batch place are packed, then each panel of
// the right one is multiplied by the left one's squares. Where the reduction goes along an
// operand's rows, words are what lies there; where it goes across them, two rows make words.
#include "../matrices.h"

#include "bfloat16.h"

// One of the two: `lines` are the left one's rows, or the right one's columns.
typedef struct Operand {
    Value base;
    PairAxis lines;
    int64_t line, depth; // floats from line to line, and along the reduction
} Operand;

typedef struct PackedMatrices {
    MatrixLoops *l;
    int64_t depth, steps; // of the reduction: numbers, squares
    Value left, right;    // words
} PackedMatrices;

static int lanes_of(const PackedMatrices *m) {
    return m->l->p->lanes;
}

// ---- Packing: squares of L lines by L pairs, a vector for each line, or for each pair.

static Value line_words(const PackedMatrices *m, const Operand *o, Value line, Value number,
                        int64_t valid) {
    Gen *gen = m->l->p->gen;
    Value at = ir_add(gen, ir_multiply(gen, line, ir_int(gen, o->line)), number);
    return pairs_of_numbers(gen, DTYPE_F32, ir_offset(gen, gen->f32, o->base, at), valid);
}

static Value across(const PackedMatrices *m, const Operand *o, Value line, Value number,
                    int valid) {
    Gen *gen = m->l->p->gen;
    Value at = ir_add(gen, ir_multiply(gen, number, ir_int(gen, o->depth)), line);
    return ir_load_lanes(gen, ir_vector(gen, gen->f32, lanes_of(m)),
                         ir_offset(gen, gen->f32, o->base, at), valid);
}

// The words of L lines, of which so many are there, for the pair that begins at `number`.
static Value pair_words(const PackedMatrices *m, const Operand *o, Value line, Value number,
                        int valid, bool is_whole) {
    Gen *gen = m->l->p->gen;
    Value first = across(m, o, line, number, valid);
    Value second = is_whole ? across(m, o, line, ir_add(gen, number, ir_int(gen, 1)), valid)
                            : LLVMConstNull(LLVMTypeOf(first));
    return pairs_of_rows(gen, first, second);
}

// Turned as they are put in place where vectors go the other way than the packed square's rows.
typedef struct Square {
    Value to;    // its first word
    int64_t row; // words from row to row
    bool is_turned;
} Square;

static void put_row(const PackedMatrices *m, const Square *s, Value number, Value words) {
    Gen *gen = m->l->p->gen;
    Value to = s->is_turned ? m->l->p->scratch : s->to;
    int64_t row = s->is_turned ? lanes_of(m) : s->row;
    ir_store(gen, words, pairs_at(gen, to, ir_multiply(gen, number, ir_int(gen, row))));
}

static void finish_square(const PackedMatrices *m, const Square *s) {
    Gen *gen = m->l->p->gen;
    if (!s->is_turned) return;
    Value turn = kernel_transpose(gen);
    Value arguments[] = {m->l->p->scratch, ir_int(gen, lanes_of(m)), s->to, ir_int(gen, s->row)};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(turn), turn, arguments, 4, "");
}

// Words of the lines, of `count` numbers of the reduction; those behind are zero.
static void lines_along(const PackedMatrices *m, const Operand *o, const Square *s, Value line,
                        int lines, Value number, int64_t count) {
    Gen *gen = m->l->p->gen;
    Loop rows = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, lines), ir_int(gen, 1), "line");
    put_row(m, s, rows.index, line_words(m, o, ir_add(gen, line, rows.index), number, count));
    ir_loop_end(gen, &rows);
}

static void lines_across(const PackedMatrices *m, const Operand *o, const Square *s, Value line,
                         int lines, Value number, int64_t count) {
    Gen *gen = m->l->p->gen;
    int lanes = lanes_of(m);
    Loop pairs = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, count / 2), ir_int(gen, 1), "pair");
    Value first = ir_add(gen, number, ir_multiply(gen, pairs.index, ir_int(gen, 2)));
    put_row(m, s, pairs.index, pair_words(m, o, line, first, lines, true));
    ir_loop_end(gen, &pairs);
    if (count % 2) {
        Value last = ir_add(gen, number, ir_int(gen, count - 1));
        put_row(m, s, ir_int(gen, count / 2), pair_words(m, o, line, last, lines, false));
    }
    Loop rest = ir_loop_begin(gen, ir_int(gen, divide_up(count, 2)), ir_int(gen, lanes),
                              ir_int(gen, 1), "no_pair");
    put_row(m, s, rest.index, LLVMConstNull(pairs_vector(gen, lanes)));
    ir_loop_end(gen, &rest);
}

static void pack_square(const PackedMatrices *m, const Operand *o, bool is_left, Value line,
                        int lines, Value step, int64_t count) {
    Gen *gen = m->l->p->gen;
    int64_t lanes = lanes_of(m), panel = PAIRS_HALVES * lanes;
    Value group = LLVMBuildUDiv(gen->builder, line, ir_int(gen, is_left ? lanes : panel), "");
    Value words = ir_int(gen, m->steps * lanes * (is_left ? lanes : panel));
    Value place = ir_add(gen, ir_multiply(gen, group, words),
                         ir_multiply(gen, step, ir_int(gen, lanes * (is_left ? lanes : panel))));
    if (!is_left)
        place = ir_add(gen, place, LLVMBuildURem(gen->builder, line, ir_int(gen, panel), ""));
    bool is_along = o->depth == 1;
    Square square = {.to = pairs_at(gen, is_left ? m->left : m->right, place),
                     .row = is_left ? lanes : panel,
                     .is_turned = is_left != is_along};
    Value number = ir_multiply(gen, step, ir_int(gen, 2 * lanes));
    (is_along ? lines_along : lines_across)(m, o, &square, line, lines, number, count);
    finish_square(m, &square);
}

static void pack_steps(const PackedMatrices *m, const Operand *o, bool is_left, Value line,
                       int lines) {
    Gen *gen = m->l->p->gen;
    int64_t numbers = 2 * lanes_of(m), whole = m->depth / numbers;
    Loop steps = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, 1), "square");
    pack_square(m, o, is_left, line, lines, steps.index, numbers);
    ir_loop_end(gen, &steps);
    if (m->depth % numbers)
        pack_square(m, o, is_left, line, lines, ir_int(gen, whole), m->depth % numbers);
}

static void pack_operand(const PackedMatrices *m, const Operand *o, bool is_left) {
    Gen *gen = m->l->p->gen;
    int lanes = lanes_of(m), rest = (int)(o->lines.count % lanes);
    int64_t whole = o->lines.count - rest;
    Loop lines =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, lanes), "lines");
    pack_steps(m, o, is_left, lines.index, lanes);
    ir_loop_end(gen, &lines);
    if (rest) pack_steps(m, o, is_left, ir_int(gen, whole), rest);
}

// ---- Products.

// The squares of the reduction that rows from `row` on take.
static Range steps_of(const PackedMatrices *m, Value row, Value column) {
    Gen *gen = m->l->p->gen;
    Value none = ir_int(gen, 0), all = ir_int(gen, m->steps);
    Value height = ir_int(gen, PAIRS_TALLEST * lanes_of(m));
    Value square = LLVMBuildUDiv(gen->builder, row, height, ""); // as many numbers as tile rows
    Value is_above;
    switch (matrices_limit(&m->l->pairs)) {
    case DEPTH_TO_ROW:
        return (Range){none, ir_lesser(gen, ir_add(gen, square, ir_int(gen, 1)), all)};
    case DEPTH_FROM_ROW: return (Range){ir_lesser(gen, square, all), all};
    case DEPTH_BELOW_COLUMN:
        is_above = LLVMBuildICmp(gen->builder, LLVMIntSGE, column, ir_add(gen, row, height), "");
        return (Range){none, LLVMBuildSelect(gen->builder, is_above, none, all, "")};
    default: return (Range){none, all};
    }
}

static void multiply_tile(const PackedMatrices *m, const ColumnTile *tile, Value panel, Value row,
                          int64_t rows) {
    Product *p = m->l->p;
    Gen *gen = p->gen;
    int64_t lanes = p->lanes, square = lanes * lanes;
    Range steps = steps_of(m, row, tile->first_column);
    Value number = LLVMBuildUDiv(gen->builder, row, ir_int(gen, lanes), "");
    Value left = ir_add(gen, ir_multiply(gen, number, ir_int(gen, m->steps * square)),
                        ir_multiply(gen, steps.begin, ir_int(gen, square)));
    Value right = ir_add(gen, ir_multiply(gen, panel, ir_int(gen, m->steps)), steps.begin);
    right = ir_multiply(gen, right, ir_int(gen, PAIRS_HALVES * square));
    PairsShape shape = pairs_shape(p->lanes, rows > lanes ? PAIRS_TALLEST : 1, m->steps);
    pairs_call(gen, &shape, pairs_at(gen, m->left, left), pairs_at(gen, m->right, right),
               LLVMBuildSub(gen->builder, steps.end, steps.begin, ""), p->scratch);
    rows_finish(p, tile, row, ir_int(gen, rows));
}

// One panel, whose first `valid` columns exist, by all rows.
static void multiply_panel(const PackedMatrices *m, Value panel, int64_t valid) {
    Product *p = m->l->p;
    Gen *gen = p->gen;
    int64_t width = PAIRS_HALVES * p->lanes, height = PAIRS_TALLEST * p->lanes;
    int64_t rows = m->l->pairs.rows.count, whole = rows / height * height;
    ColumnTile tile = {.width = (int)width,
                       .valid = (int)valid,
                       .first_column = ir_multiply(gen, panel, ir_int(gen, width))};
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, height), "rows");
    multiply_tile(m, &tile, panel, loop.index, height);
    ir_loop_end(gen, &loop);
    if (whole < rows) multiply_tile(m, &tile, panel, ir_int(gen, whole), rows - whole);
}

static void multiply_panels(const PackedMatrices *m) {
    Gen *gen = m->l->p->gen;
    int64_t width = PAIRS_HALVES * lanes_of(m), columns = m->l->pairs.columns.count;
    int64_t full = columns / width;
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, 1), "panel");
    multiply_panel(m, loop.index, width);
    ir_loop_end(gen, &loop);
    if (columns % width) multiply_panel(m, ir_int(gen, full), columns % width);
}

void matrices_in_bfloat16(MatrixLoops *l) {
    Product *p = l->p;
    const Pairs *pairs = &l->pairs;
    int64_t lanes = p->lanes, tall = PAIRS_TALLEST * lanes, wide = PAIRS_HALVES * lanes;
    PackedMatrices m = {.l = l, .depth = pairs->depth.count};
    m.steps = divide_up(m.depth, 2 * lanes);
    int64_t left = round_up(pairs->rows.count, tall) * m.steps * lanes;
    int64_t right = round_up(pairs->columns.count, wide) * m.steps * lanes;
    m.left = ir_scratch(p->gen, p->function, 0, left);
    m.right = ir_scratch(p->gen, p->function, left, right);
    pack_operand(&m, &(Operand){l->left, pairs->rows, pairs->rows.left, pairs->depth.left}, true);
    pack_operand(&m, &(Operand){l->right, pairs->columns, pairs->columns.right, pairs->depth.right},
                 false);
    multiply_panels(&m);
}
