// Blocks of a product, so that what is read again is still in the second-level cache (Goto and van
// de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication").
#include "product.h"

int64_t blocks_most_rows(const Product *p, int64_t depth) {
    int64_t floats = p->gen->target->machine.second_cache / 2 / (int64_t)sizeof(float);
    int64_t tile = p->tiles.outer_rows, rows = floats / depth / tile * tile;
    return rows > 4 * tile ? rows : 4 * tile;
}

static Value divided_up(Gen *gen, Value value, Value by) {
    Value above = ir_add(gen, value, ir_add(gen, by, ir_int(gen, -1)));
    return LLVMBuildUDiv(gen->builder, above, by, "");
}

Loop blocks_begin(Product *p, Range all, int64_t depth, Range *block) {
    Gen *gen = p->gen;
    Value tile = ir_int(gen, p->tiles.outer_rows);
    Value rows = LLVMBuildSub(gen->builder, all.end, all.begin, "");
    Value count = divided_up(gen, rows, ir_int(gen, blocks_most_rows(p, depth)));
    Value step = divided_up(gen, rows, ir_greater(gen, count, ir_int(gen, 1)));
    step = ir_multiply(gen, divided_up(gen, step, tile), tile);
    step = ir_greater(gen, step, tile);
    Loop loop = ir_loop_begin(gen, all.begin, all.end, step, "rows_block");
    *block = (Range){loop.index, ir_lesser(gen, ir_add(gen, loop.index, step), all.end)};
    return loop;
}

bool blocks_rows_apart(const Product *p) {
    return p->storage.row_stride > round_up(p->storage.panel, p->lanes);
}

// Weights that a core is likely to have. In training another worker has just changed its part of
// them when the forward product reads them. With few registers a step is too short to ask for what
// is in the core's cache.
static int64_t most_at_hand(const Product *p) {
    const MachineModel *machine = &p->gen->target->machine;
    bool are_new = p->schedule->graph->mode == GRAPH_TRAIN && p->kind == PRODUCT_FORWARD;
    return are_new && machine->registers >= 32 ? machine->first_cache / 2
                                               : machine->second_cache / 2;
}

int blocks_next_step(const Product *p, int64_t depth, int64_t steps, int64_t floats) {
    int64_t weights = p->depth * p->columns * (int64_t)sizeof(float);
    if (weights <= most_at_hand(p)) return 0;
    int64_t rows = lowest(divide_up(product_most_rows(p), 2), blocks_most_rows(p, depth));
    int64_t tiles = divide_up(rows, p->tiles.outer_rows);
    return tiles < 2 ? 0 : (int)divide_up(floats, tiles * steps);
}
