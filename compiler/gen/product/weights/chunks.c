// Gradients of few weights over many rows: in chunks of the batch (pass/group/chunks.c), of which
// each worker has some, since there are fewer tiles than workers. What a chunk's rows come to lies
// in memory of its own.
#include "../../element/sums.h"
#include "gradient.h"

// The tile in p->scratch is the chunk's.
static void store_tile(Product *p, const WeightTiles *t, int rows, int vectors, Value first_row,
                       Value across) {
    Gen *gen = p->gen;
    LlvmType type = ir_vector(gen, gen->f32, p->lanes);
    int64_t width = (int64_t)vectors * p->lanes;
    Loop lines = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, rows), ir_int(gen, 1), "line");
    Value from = ir_multiply(gen, lines.index, ir_int(gen, width));
    Value to = weight_place(p, t, ir_add(gen, first_row, lines.index), across);
    for (int v = 0; v < vectors; v++) {
        Value lane = ir_int(gen, (int64_t)v * p->lanes);
        Value part =
            ir_load(gen, type, ir_offset(gen, gen->f32, p->scratch, ir_add(gen, from, lane)));
        ir_store(gen, part, ir_offset(gen, gen->f32, t->chunk->sum, ir_add(gen, to, lane)));
    }
    ir_loop_end(gen, &lines);
}

static void chunk_tile(Product *p, const WeightTiles *t, int rows, int wide, Value down,
                       Value across) {
    Value first_row = ir_multiply(p->gen, down, ir_int(p->gen, p->tiles.outer_rows));
    weight_multiply(p, t, rows, wide, down, across, 0);
    store_tile(p, t, rows, (int)divide_up(wide, p->lanes), first_row, across);
}

static void each_tile(Product *p, const WeightTiles *t) {
    Gen *gen = p->gen;
    Value zero = ir_int(gen, 0), one = ir_int(gen, 1);
    Loop across = ir_loop_begin(gen, zero, ir_int(gen, t->across), one, "panel");
    Loop down = ir_loop_begin(gen, zero, ir_int(gen, t->down), one, "weight_tile");
    weight_each_kind(p, t, chunk_tile, down.index, across.index);
    ir_loop_end(gen, &down);
    ir_loop_end(gen, &across);
}

void weight_chunks(Product *p, WeightTiles *t) {
    Gen *gen = p->gen;
    Value lead = ir_int(gen, p->lead);
    Range own = ir_own_chunks(gen, p->schedule, p->function);
    Loop chunks = ir_loop_begin(gen, own.begin, own.end, ir_int(gen, 1), "chunk");
    p->b.chunk = chunks.index;
    sums_clear(&p->b, p->anchor, NULL); // what lies between the rows of the storage, too
    Range samples = ir_chunk_range(gen, p->schedule, p->function, chunks.index);
    Value count = LLVMBuildSub(gen->builder, samples.end, samples.begin, "");
    ChunkRows chunk = {.first = ir_multiply(gen, samples.begin, lead),
                       .count = ir_multiply(gen, count, lead),
                       .sum = sums_place(&p->b, p->anchor)};
    t->chunk = &chunk;
    each_tile(p, t);
    t->chunk = NULL;
    ir_loop_end(gen, &chunks);
}
