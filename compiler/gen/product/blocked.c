// Products whose reduction is long, and gradients of data whose weights lie in panels across it.
// Blocks of the reduction pass one after the other, so that those of the rows stay in the
// second-level cache while all panels of the weights go by, each of which is read once for a block
// of rows. Panels that lie across are transposed as they come, a block of the reduction at a time;
// those of a table, whose rows are far apart, are copied.
// The sums are those of kernel_long.c, joined in the same order: the same bits.
#include "product.h"

enum {
    BLOCK = KERNEL_MOST_PRODUCTS, // steps of the reduction
    ROWS_A_LANE = 8, // of a batch, below which a transposed panel would hardly be used again
    LONG = 4 * BLOCK // steps from which on rows do not stay in a cache
};

typedef struct Blocked {
    Product *p;
    int64_t depth, columns; // steps of the reduction; of the result
    int panel;              // columns
    Value packed, sums;     // in the worker's scratch
    int64_t rows;           // most of a block
} Blocked;

// Panels of the weights' columns, which the reduction runs along.
static bool lies_across(const Product *p) {
    return p->kind == PRODUCT_DATA && !p->transposed && p->layout == LAYOUT_PANELS;
}

// Panels that are put in order before they are read.
static bool is_packed(const Product *p) {
    return lies_across(p) || blocks_rows_apart(p);
}

bool product_is_blocked(const Product *p) {
    if (p->kind != PRODUCT_DATA && p->kind != PRODUCT_FORWARD) return false;
    if (p->schedule->graph->mode != GRAPH_TRAIN || p->schedule->is_single) return false;
    if (p->layout != LAYOUT_PANELS) return false;
    if (lies_across(p))
        return product_most_rows(p) >= ROWS_A_LANE * p->lanes && p->storage.panel % p->lanes == 0 &&
               p->depth >= p->lanes;
    if (p->group->partition == PARTITION_OUTPUT) return false;
    return (p->kind == PRODUCT_FORWARD ? p->depth : p->columns) >= LONG;
}

static int64_t block_steps(const Blocked *b) {
    return lowest(b->depth, BLOCK);
}

// Columns of a panel as the kernels read it.
static int panel_of(const Product *p) {
    if (!lies_across(p)) return (int)p->storage.panel;
    return (p->depth > p->lanes ? 2 : 1) * p->lanes;
}

int blocked_vectors(const Product *p) {
    return (int)divide_up(panel_of(p), p->lanes);
}

static Blocked blocked_of(Product *p) {
    bool forward = p->kind == PRODUCT_FORWARD;
    Blocked b = {.p = p,
                 .depth = forward ? p->depth : p->columns,
                 .columns = forward ? p->columns : p->depth};
    b.panel = panel_of(p);
    b.rows = blocks_most_rows(p, block_steps(&b));
    return b;
}

static void place_scratch(Blocked *b) {
    Product *p = b->p;
    int64_t width = round_up(b->panel, p->lanes);
    int64_t packed = is_packed(p) ? round_up(block_steps(b), p->lanes) * width : 0;
    int64_t sums = 2 * b->rows * divide_up(b->columns, b->panel) * width;
    b->packed = ir_scratch(p->gen, p->function, 0, packed);
    if (b->depth > BLOCK) b->sums = ir_scratch(p->gen, p->function, packed, sums);
}

// The panel's part of the block of the reduction, row by row.
static void copy(const Blocked *b, Value from, int valid, const DepthPart *part) {
    Product *p = b->p;
    Gen *gen = p->gen;
    LlvmType vector = ir_vector(gen, gen->f32, p->lanes);
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), part->count, ir_int(gen, 1), "copied");
    Value of_source = ir_multiply(gen, loop.index, ir_int(gen, p->storage.row_stride));
    Value of_target = ir_multiply(gen, loop.index, ir_int(gen, round_up(b->panel, p->lanes)));
    Value source = ir_offset(gen, gen->f32, from, of_source);
    Value target = ir_offset(gen, gen->f32, b->packed, of_target);
    for (int at = 0; at < valid; at += p->lanes)
        ir_store(gen, ir_load(gen, vector, ir_offset(gen, gen->f32, source, ir_int(gen, at))),
                 ir_offset(gen, gen->f32, target, ir_int(gen, at)));
    ir_loop_end(gen, &loop);
}

// The panel's part of the block of the reduction, transposed.
static void transpose(const Blocked *b, Value number, int valid, const DepthPart *part) {
    Product *p = b->p;
    Gen *gen = p->gen;
    Value above = LLVMBuildNeg(gen->builder, part->first, "");
    Transposer t = {.gen = gen,
                    .from = product_weights(p),
                    .source = p->storage,
                    .rows = p->depth,
                    .columns = p->columns,
                    .lanes = p->lanes};
    t.target = (nnrt_storage){.panel = b->panel, .row_stride = b->panel, .column_stride = 1};
    t.to = ir_offset(gen, gen->f32, b->packed, ir_multiply(gen, above, ir_int(gen, b->panel)));
    Range columns = {part->first, ir_add(gen, part->first, part->count)};
    Value row = ir_multiply(gen, number, ir_int(gen, b->panel));
    for (int from = 0; from < valid; from += p->lanes)
        transposed_rows(&t, ir_add(gen, row, ir_int(gen, from)), lowest(valid - from, p->lanes),
                        columns);
}

// Where the panel's part of the block lies in the weights, and what the next panel has there.
static Value piece_of(const Blocked *b, Value number, const DepthPart *part) {
    Product *p = b->p;
    Gen *gen = p->gen;
    const nnrt_storage *storage = &p->storage;
    Value place;
    if (lies_across(p)) {
        Value panel = LLVMBuildUDiv(gen->builder, part->first, ir_int(gen, storage->panel), "");
        place = ir_add(gen, ir_multiply(gen, panel, ir_int(gen, storage->panel_stride)),
                       ir_multiply(gen, number, ir_int(gen, b->panel * storage->row_stride)));
    } else {
        place = ir_add(gen, ir_multiply(gen, number, ir_int(gen, storage->panel_stride)),
                       ir_multiply(gen, part->first, ir_int(gen, storage->row_stride)));
    }
    return ir_offset(gen, gen->f32, product_weights(p), place);
}

static void ask_for_next(const Blocked *b, ColumnTile *tile) {
    Product *p = b->p;
    int64_t steps = block_steps(b), width = round_up(b->panel, p->lanes);
    tile->outer.next_step = blocks_next_step(p, steps, steps, steps * width);
    if (!tile->outer.next_step) return;
    if (blocks_rows_apart(p)) {
        tile->outer.next_run = lies_across(p) ? steps : width;
        tile->outer.next_apart = p->storage.row_stride;
    } else if (lies_across(p)) {
        tile->outer.next_run = b->panel * p->storage.row_stride;
        tile->outer.next_apart = p->storage.panel_stride;
    }
}

static ColumnTile tile_of(const Blocked *b, const DepthPart *part) {
    Product *p = b->p;
    ColumnTile tile = {.max_rows = p->tiles.outer_rows,
                       .part = part,
                       .left = product_matrix(p, p->anchor->inputs[0])};
    int64_t b_step = is_packed(p) ? round_up(b->panel, p->lanes) : p->storage.row_stride;
    // With few registers a step is too short to ask twice, and the hardware follows a packed panel.
    bool asks = p->gen->target->machine.registers >= 32 || !is_packed(p);
    bool asks_along = p->gen->target->machine.registers >= 32;
    tile.outer = (OuterKernel){.b_ahead = asks ? ROWS_AHEAD : 0,
                               .a_along = asks_along ? ALONG_AHEAD : 0,
                               .a_row = tile.left.stride,
                               .loops = {{0, 1, b_step}},
                               .loop_count = 1};
    ask_for_next(b, &tile);
    return tile;
}

// The panels of the result from `begin` to before `end`, all of so many columns, or, where workers
// divide the columns, this one's of them.
static void multiply_panels(const Blocked *b, DepthPart *part, Range rows, int64_t begin,
                            int64_t end, int valid) {
    Product *p = b->p;
    Gen *gen = p->gen;
    int64_t width = round_up(b->panel, p->lanes);
    ColumnTile tile = tile_of(b, part);
    Range own = product_own_parts(p, begin, end, divide_up(b->columns, b->panel));
    Loop loop = ir_loop_begin(gen, own.begin, own.end, ir_int(gen, 1), "panel");
    tile.outer.vectors = (int)divide_up(valid, p->lanes);
    tile.width = tile.outer.vectors * p->lanes;
    tile.valid = valid;
    tile.first_column = ir_multiply(gen, loop.index, ir_int(gen, b->panel));
    tile.weights = piece_of(b, loop.index, part);
    tile.next = piece_of(b, ir_add(gen, loop.index, ir_int(gen, 1)), part);
    if (is_packed(p)) {
        if (lies_across(p))
            transpose(b, loop.index, valid, part);
        else
            copy(b, tile.weights, valid, part);
        tile.weights = b->packed;
    }
    if (b->sums)
        part->sums = ir_offset(gen, gen->f64, b->sums,
                               ir_multiply(gen, loop.index, ir_int(gen, b->rows * width)));
    rows_walk(p, &tile, rows);
    ir_loop_end(gen, &loop);
}

void product_blocked(Product *p) {
    Gen *gen = p->gen;
    Blocked b = blocked_of(p);
    int64_t full = b.columns / b.panel;
    int rest = (int)(b.columns % b.panel);
    place_scratch(&b);
    Range rows;
    Loop blocks = blocks_begin(p, product_row_range(p), block_steps(&b), &rows);
    Loop parts =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, b.depth), ir_int(gen, BLOCK), "part");
    Value end = ir_add(gen, parts.index, ir_int(gen, BLOCK)), all = ir_int(gen, b.depth);
    DepthPart part = {
        .first = parts.index,
        .count = LLVMBuildSub(gen->builder, ir_lesser(gen, end, all), parts.index, ""),
        .is_first = LLVMBuildICmp(gen->builder, LLVMIntEQ, parts.index, ir_int(gen, 0), ""),
        .is_last = LLVMBuildICmp(gen->builder, LLVMIntSGE, end, all, "")};
    if (full) multiply_panels(&b, &part, rows, 0, full, b.panel);
    if (rest) multiply_panels(&b, &part, rows, full, full + 1, rest);
    ir_loop_end(gen, &parts);
    ir_loop_end(gen, &blocks);
}
