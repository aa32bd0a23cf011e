// Products of two values of a sample: the right matrix of a batch place is packed, and some rows of
// the left one at a time, which then multiply each panel. Where the reduction goes along an
// operand's rows, words are what lies there; where it goes across them, two rows make words.
#include "../matrices.h"

#include "bfloat16.h"

// One of the two, whose lines are the left one's rows, or the right one's columns.
typedef struct Operand {
    Value base;
    int64_t line, depth; // floats from line to line, and along the reduction
    bool is_left;
} Operand;

typedef struct PackedMatrices {
    MatrixLoops *l;
    int64_t depth, steps; // of the reduction: numbers, squares
    Value left, right;    // words, of some rows and of all columns
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

// `place`: of the line among those that are packed.
static void pack_square(const PackedMatrices *m, const Operand *o, Value line, Value place,
                        int lines, Value step, int64_t count) {
    Gen *gen = m->l->p->gen;
    int64_t lanes = lanes_of(m), width = o->is_left ? lanes : PAIRS_HALVES * lanes;
    Value group = LLVMBuildUDiv(gen->builder, place, ir_int(gen, width), "");
    Value square = ir_add(gen, ir_multiply(gen, group, ir_int(gen, m->steps)), step);
    Value words = ir_add(gen, ir_multiply(gen, square, ir_int(gen, lanes * width)),
                         LLVMBuildURem(gen->builder, place, ir_int(gen, width), ""));
    bool is_along = o->depth == 1;
    Square to = {.to = pairs_at(gen, o->is_left ? m->left : m->right, words),
                 .row = width,
                 .is_turned = o->is_left != is_along};
    Value number = ir_multiply(gen, step, ir_int(gen, 2 * lanes));
    (is_along ? lines_along : lines_across)(m, o, &to, line, lines, number, count);
    finish_square(m, &to);
}

static void pack_steps(const PackedMatrices *m, const Operand *o, Value line, Value place,
                       int lines) {
    Gen *gen = m->l->p->gen;
    int64_t numbers = 2 * lanes_of(m), whole = m->depth / numbers;
    Loop steps = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, 1), "square");
    pack_square(m, o, line, place, lines, steps.index, numbers);
    ir_loop_end(gen, &steps);
    if (m->depth % numbers)
        pack_square(m, o, line, place, lines, ir_int(gen, whole), m->depth % numbers);
}

// `count` lines from `first` on.
static void pack_lines(const PackedMatrices *m, const Operand *o, Value first, int64_t count) {
    Gen *gen = m->l->p->gen;
    int lanes = lanes_of(m), rest = (int)(count % lanes);
    Value whole = ir_int(gen, count - rest);
    Loop lines = ir_loop_begin(gen, ir_int(gen, 0), whole, ir_int(gen, lanes), "lines");
    pack_steps(m, o, ir_add(gen, first, lines.index), lines.index, lanes);
    ir_loop_end(gen, &lines);
    if (rest) pack_steps(m, o, ir_add(gen, first, whole), whole, rest);
}

// ---- Products.

// The squares of the reduction that rows from `row` on take.
static Range steps_of(const PackedMatrices *m, Value row, Value column) {
    Gen *gen = m->l->p->gen;
    Value none = ir_int(gen, 0), all = ir_int(gen, m->steps);
    Value height = ir_int(gen, PAIRS_TALLEST * lanes_of(m));
    Value square = LLVMBuildUDiv(gen->builder, row, height, ""); // as many numbers as tile rows
    Value is_above;
    switch (m->l->limit) {
    case DEPTH_TO_ROW:
        return (Range){none, ir_lesser(gen, ir_add(gen, square, ir_int(gen, 1)), all)};
    case DEPTH_FROM_ROW: return (Range){ir_lesser(gen, square, all), all};
    case DEPTH_BELOW_COLUMN:
        is_above = LLVMBuildICmp(gen->builder, LLVMIntSGE, column, ir_add(gen, row, height), "");
        return (Range){none, LLVMBuildSelect(gen->builder, is_above, none, all, "")};
    default: return (Range){none, all};
    }
}

// The packed rows, which are those from `row` on, by one panel, whose first `valid` columns exist.
static void multiply_panel(const PackedMatrices *m, Value row, int64_t rows, Value panel,
                           int64_t valid) {
    Product *p = m->l->p;
    Gen *gen = p->gen;
    int64_t lanes = p->lanes, square = lanes * lanes, width = PAIRS_HALVES * lanes;
    ColumnTile tile = {.width = (int)width,
                       .valid = (int)valid,
                       .first_column = ir_multiply(gen, panel, ir_int(gen, width))};
    Range steps = steps_of(m, row, tile.first_column);
    Value left = ir_multiply(gen, steps.begin, ir_int(gen, square));
    Value right = ir_add(gen, ir_multiply(gen, panel, ir_int(gen, m->steps)), steps.begin);
    right = ir_multiply(gen, right, ir_int(gen, PAIRS_HALVES * square));
    PairsShape shape = pairs_shape(p->lanes, rows > lanes ? PAIRS_TALLEST : 1, m->steps);
    pairs_call(gen, &shape, pairs_at(gen, m->left, left), pairs_at(gen, m->right, right),
               LLVMBuildSub(gen->builder, steps.end, steps.begin, ""), p->scratch);
    rows_finish(p, &tile, row, ir_int(gen, rows));
}

static void multiply_rows(const PackedMatrices *m, const Operand *left, Value row, int64_t rows) {
    Gen *gen = m->l->p->gen;
    int64_t width = PAIRS_HALVES * lanes_of(m), columns = m->l->pairs.columns.count;
    int64_t full = columns / width;
    pack_lines(m, left, row, rows);
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, 1), "panel");
    multiply_panel(m, row, rows, loop.index, width);
    ir_loop_end(gen, &loop);
    if (columns % width) multiply_panel(m, row, rows, ir_int(gen, full), columns % width);
}

void matrices_in_bfloat16(MatrixLoops *l) {
    Product *p = l->p;
    Gen *gen = p->gen;
    const Pairs *pairs = &l->pairs;
    int64_t height = PAIRS_TALLEST * p->lanes, width = PAIRS_HALVES * p->lanes;
    PackedMatrices m = {.l = l, .depth = pairs->depth.count};
    m.steps = divide_up(m.depth, 2 * p->lanes);
    int64_t line = m.steps * p->lanes, columns = pairs->columns.count;
    m.left = ir_scratch(gen, p->function, 0, height * line);
    m.right = ir_scratch(gen, p->function, height * line, round_up(columns, width) * line);
    Operand left = {l->left, pairs->rows.left, pairs->depth.left, true};
    Operand right = {l->right, pairs->columns.right, pairs->depth.right, false};
    pack_lines(&m, &right, ir_int(gen, 0), columns);
    int64_t rows = pairs->rows.count, whole = rows / height * height;
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, whole), ir_int(gen, height), "rows");
    multiply_rows(&m, &left, loop.index, height);
    ir_loop_end(gen, &loop);
    if (whole < rows) multiply_rows(&m, &left, ir_int(gen, whole), rows - whole);
}
