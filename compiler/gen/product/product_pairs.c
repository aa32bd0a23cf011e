// Products of two values of each sample (op/primitive/pairs.h): a product of matrices for each of
// its batch places (the heads of an attention, say), read where they lie, with the strides that the
// dimensions have. Only a right operand whose columns do not follow each other is packed first,
// into the worker's scratch; in bfloat16 both are (bfloat16/matrices.c).
#include "matrices.h"

// ---- Packing.

static bool is_packed(const Pairs *pairs) {
    return pairs->columns.right > 1;
}

static int64_t packed_row(const MatrixLoops *l) {
    return round_up(l->pairs.columns.count, l->p->lanes);
}

// Columns [first, end), element by element.
static void pack_columns(MatrixLoops *l, Value packed, int64_t first, int64_t end) {
    Gen *gen = l->p->gen;
    const Pairs *pairs = &l->pairs;
    Value one = ir_int(gen, 1);
    Loop columns = ir_loop_begin(gen, ir_int(gen, first), ir_int(gen, end), one, "column");
    Loop depth = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, pairs->depth.count), one, "depth");
    Value from = ir_add(gen, ir_multiply(gen, columns.index, ir_int(gen, pairs->columns.right)),
                        ir_multiply(gen, depth.index, ir_int(gen, pairs->depth.right)));
    Value to = ir_add(gen, columns.index, ir_multiply(gen, depth.index, ir_int(gen, l->right_row)));
    Value number = ir_load(gen, gen->f32, ir_offset(gen, gen->f32, l->right, from));
    ir_store(gen, number, ir_offset(gen, gen->f32, packed, to));
    ir_loop_end(gen, &depth);
    ir_loop_end(gen, &columns);
}

// Squares of as many columns as lanes.
static void pack_squares(MatrixLoops *l, Value packed, int64_t columns) {
    Gen *gen = l->p->gen;
    const Pairs *pairs = &l->pairs;
    Value lanes = ir_int(gen, l->p->lanes), function = kernel_transpose(gen);
    Value between = ir_int(gen, pairs->columns.right), row = ir_int(gen, l->right_row);
    Loop across = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, columns), lanes, "square");
    Loop down =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, pairs->depth.count), lanes, "squares");
    Value from = ir_add(gen, ir_multiply(gen, across.index, between), down.index);
    Value to = ir_add(gen, ir_multiply(gen, down.index, row), across.index);
    Value arguments[] = {ir_offset(gen, gen->f32, l->right, from), between,
                         ir_offset(gen, gen->f32, packed, to), row};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function, arguments, 4, "");
    ir_loop_end(gen, &down);
    ir_loop_end(gen, &across);
}

static void pack_right(MatrixLoops *l) {
    Product *p = l->p;
    const Pairs *pairs = &l->pairs;
    int64_t rows = round_up(pairs->depth.count, p->lanes), columns = pairs->columns.count;
    int64_t whole = pairs->depth.right == 1 ? columns / p->lanes * p->lanes : 0;
    Value packed = ir_scratch(p->gen, p->function, 0, rows * l->right_row);
    if (whole) pack_squares(l, packed, whole);
    if (whole < columns) pack_columns(l, packed, whole, columns);
    l->right = packed;
}

// ---- Products.

static DepthLimit limit_of(const Pairs *pairs) {
    char first = pairs->lower[0], second = pairs->lower[1];
    if (!first) return DEPTH_WHOLE;
    if (first == pairs->rows.letter)
        return second == pairs->columns.letter ? DEPTH_BELOW_COLUMN : DEPTH_TO_ROW;
    return first == pairs->depth.letter && second == pairs->rows.letter ? DEPTH_FROM_ROW
                                                                        : DEPTH_WHOLE;
}

static ColumnTile tile_of(const MatrixLoops *l, int wide) {
    const Product *p = l->p;
    const Pairs *pairs = &l->pairs;
    ColumnTile tile = {.max_rows = p->tiles.outer_rows, .valid = wide, .limit = l->limit};
    tile.left = (Matrix){.dtype = DTYPE_F32, .stride = pairs->rows.left, .base = l->left};
    tile.outer = (OuterKernel){.vectors = (int)divide_up(wide, p->lanes),
                               .a_row = pairs->rows.left,
                               .loops = {{0, pairs->depth.left, l->right_row}},
                               .loop_count = 1};
    tile.width = tile.outer.vectors * p->lanes;
    return tile;
}

// The product of the matrices at one batch place.
static void multiply_matrices(MatrixLoops *l) {
    Product *p = l->p;
    Gen *gen = p->gen;
    const Pairs *pairs = &l->pairs;
    int64_t panel = (int64_t)p->tiles.outer_vectors * p->lanes;
    int64_t full = pairs->columns.count / panel, rest = pairs->columns.count % panel;
    Range rows = {ir_int(gen, 0), ir_int(gen, pairs->rows.count)};
    for (int part = 0; part < 2; part++) {
        int64_t wide = part ? rest : panel;
        if (!(part ? rest : full)) continue;
        ColumnTile tile = tile_of(l, (int)wide);
        Loop loop = ir_loop_begin(gen, ir_int(gen, part ? full : 0), ir_int(gen, full + part),
                                  ir_int(gen, 1), "panel");
        tile.first_column = ir_multiply(gen, loop.index, ir_int(gen, panel));
        tile.weights = ir_offset(gen, gen->f32, l->right, tile.first_column);
        rows_walk(p, &tile, rows);
        ir_loop_end(gen, &loop);
    }
}

// Moves the operands and the place in the result to a batch place.
static void enter_batch(MatrixLoops *l, Value batch) {
    Product *p = l->p;
    Gen *gen = p->gen;
    const Pairs *pairs = &l->pairs;
    Value left = ir_int(gen, 0), right = left, result = left;
    for (int i = pairs->batch_count - 1; i >= 0; i--) {
        const PairAxis *axis = &pairs->batch[i];
        Value count = ir_int(gen, axis->count);
        Value place = LLVMBuildURem(gen->builder, batch, count, "");
        batch = LLVMBuildUDiv(gen->builder, batch, count, "");
        left = ir_add(gen, left, ir_multiply(gen, place, ir_int(gen, axis->left)));
        right = ir_add(gen, right, ir_multiply(gen, place, ir_int(gen, axis->right)));
        result =
            ir_add(gen, result, ir_multiply(gen, place, ir_int(gen, axis->result / p->row_width)));
    }
    l->left = ir_offset(gen, gen->f32, l->left, left);
    l->right = ir_offset(gen, gen->f32, l->right, right);
    p->first_row = result;
}

static void multiply_batches(MatrixLoops *l, Range batches) {
    Product *p = l->p;
    Gen *gen = p->gen;
    Value left = element_buffer(&p->b, schedule_source(p->anchor->inputs[l->pairs.left]));
    Value right = element_buffer(&p->b, schedule_source(p->anchor->inputs[l->pairs.right]));
    Loop loop = ir_loop_begin(gen, batches.begin, batches.end, ir_int(gen, 1), "batch_place");
    l->left = left, l->right = right;
    enter_batch(l, loop.index);
    if (op_is_in_bfloat16(p->anchor)) {
        matrices_in_bfloat16(l);
    } else {
        if (is_packed(&l->pairs)) pack_right(l);
        multiply_matrices(l);
    }
    ir_loop_end(gen, &loop);
}

// Taller tiles where the columns fill no more than a vector.
static void choose_tiles(Product *p, const Pairs *pairs) {
    Way ways[TUNING_MAX_WAYS];
    int vectors = pairs->columns.count > p->lanes ? p->tiles.outer_vectors : 1;
    int rows = p->tiles.outer_rows * p->tiles.outer_vectors / vectors;
    int count = kernel_outer_ways(&p->tiles, rows, vectors, ways);
    Way way = tuning_way(p->gen->tuning, p->schedule, p->group, ways, count);
    p->tiles.outer_rows = way.rows;
    p->tiles.outer_vectors = way.vectors;
}

void product_pairs(Product *p) {
    Gen *gen = p->gen;
    MatrixLoops l = {.p = p, .pairs = pairs_of(p->anchor)};
    l.limit = limit_of(&l.pairs);
    l.right_row = is_packed(&l.pairs) ? packed_row(&l) : l.pairs.depth.right;
    p->depth = l.pairs.depth.count;
    p->row_width = type_last(&p->anchor->type);
    p->row_step = l.pairs.rows.result / p->row_width;
    if (!op_is_in_bfloat16(p->anchor)) choose_tiles(p, &l.pairs);
    Range samples = ir_sample_range(gen, p->schedule, p->function);
    Range batches = {ir_int(gen, 0), ir_int(gen, pairs_batches(&l.pairs))};
    if (p->group->partition == PARTITION_OUTPUT) { // the batch places of one sample are divided
        samples = (Range){ir_int(gen, 0), ir_context(gen, p->function, FIELD_ROWS)};
        batches = ir_worker_range(gen, p->function, batches.end);
    }
    Loop loop = ir_loop_begin(gen, samples.begin, samples.end, ir_int(gen, 1), "sample");
    p->b.sample = loop.index;
    multiply_batches(&l, batches);
    ir_loop_end(gen, &loop);
}
