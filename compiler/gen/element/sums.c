// Sums over the samples that the groups which walk them make in passing: a partial sum for each
// chunk of the batch, in memory beside those of the other chunks.
//
// Summands are added up in float32 for some rows, in registers mostly, and these in double
// precision for the chunk, so that a sum has all its digits whatever it is a sum of. Moments
// (op/primitive/moments.c) are sums of differences from a value that is among the data: for some
// rows from the first of them, for the chunk from its first one, for all from the first of the last
// chunk. The square of such a difference is not larger than all squares of differences from the
// mean together, so that what cancels is as little as the rows are few, or as double precision is
// exact. (Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance", section 3.)
#include "sums.h"

#include "../../op/primitive/moments.h"

#include <math.h>

// What moments have in each chunk: rows of doubles.
enum { START, FIRST, SECOND };

static bool is_sum(const Node *node) {
    return node->op->fuse == FUSE_REDUCE_BATCH && schedule_is_chunked(node);
}

static bool is_moments(const Node *node) {
    return node->op->reduce == REDUCE_MOMENTS;
}

bool element_has_sums(const Group *group) {
    for (int i = 0; i < group->nodes.count; i++)
        if (is_sum(group->nodes.items[i])) return true;
    return false;
}

// ---- Where they lie.

static Value chunk_place(LaneBuilder *b, const Node *sum, Value chunk) {
    Gen *gen = b->gen;
    const Buffer *buffer = &b->schedule->buffers[sum->id];
    Value arena = ir_context(gen, b->function, FIELD_ARENA);
    Value offset = share_number(gen, b->function, PLACE_BUFFER, sum->id, buffer->offset);
    if (chunk) offset = ir_add(gen, offset, ir_multiply(gen, chunk, ir_int(gen, buffer->size)));
    return ir_offset(gen, gen->f32, arena, offset);
}

// What another group computed as a whole has no chunks, whatever those of this group are.
Value sums_place(LaneBuilder *b, const Node *sum) {
    return chunk_place(b, sum, schedule_is_chunked(sum) ? b->chunk : NULL);
}

// Elements of a row, with its padding.
static int64_t row_size(const LaneBuilder *b, const Node *sum) {
    int64_t size = b->schedule->buffers[sum->id].size;
    if (is_sum(sum)) size /= schedule_sum_floats(sum);
    return is_moments(sum) ? size / MOMENT_COUNT : size;
}

static Value double_place(LaneBuilder *b, const Node *sum, Value chunk, int64_t row, Value column) {
    Gen *gen = b->gen;
    Value index = ir_add(gen, ir_int(gen, row * row_size(b, sum)), column);
    return ir_offset(gen, gen->f64, chunk_place(b, sum, chunk), index);
}

static Value float_place(LaneBuilder *b, const Node *sum, Value column) {
    Value index = ir_add(b->gen, ir_int(b->gen, 2 * row_size(b, sum)), column);
    return ir_offset(b->gen, b->gen->f32, sums_place(b, sum), index);
}

static void fill(LaneBuilder *b, Value place, Value vector, int64_t size) {
    Gen *gen = b->gen;
    LlvmType element = LLVMGetElementType(LLVMTypeOf(vector));
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, size),
                              ir_int(gen, gen->target->machine.lanes), "clear");
    ir_store(gen, vector, ir_offset(gen, element, place, loop.index));
    ir_loop_end(gen, &loop);
}

static void clear_sum(LaneBuilder *b, const Node *sum) {
    Gen *gen = b->gen;
    int lanes = gen->target->machine.lanes;
    fill(b, sums_place(b, sum), ir_splat(gen, ir_float(gen, 0), lanes),
         b->schedule->buffers[sum->id].size);
    if (!is_moments(sum)) return;
    Value none = ir_splat(gen, LLVMConstReal(gen->f64, (double)NAN), lanes);
    fill(b, sums_place(b, sum), none, row_size(b, sum));
}

void sums_clear(LaneBuilder *b, const Node *sum, Value begins) {
    if (!begins) {
        clear_sum(b, sum);
        return;
    }
    LLVMBasicBlockRef clear = ir_block(b->gen, "begins"), done = ir_block(b->gen, "cleared");
    LLVMBuildCondBr(b->gen->builder, begins, clear, done);
    LLVMPositionBuilderAtEnd(b->gen->builder, clear);
    clear_sum(b, sum);
    LLVMBuildBr(b->gen->builder, done);
    LLVMPositionBuilderAtEnd(b->gen->builder, done);
}

void element_clear_sums(LaneBuilder *b, Value begins) {
    for (int i = 0; i < b->group->nodes.count; i++)
        if (is_sum(b->group->nodes.items[i])) sums_clear(b, b->group->nodes.items[i], begins);
}

// ---- Arithmetic in double precision.

static LlvmType doubles(LaneBuilder *b) {
    return ir_vector(b->gen, b->gen->f64, b->width);
}

static Value extend(LaneBuilder *b, Value floats) {
    return LLVMBuildFPExt(b->gen->builder, floats, doubles(b), "");
}

static Value truncate(LaneBuilder *b, Value wide) {
    return LLVMBuildFPTrunc(b->gen->builder, wide, ir_vector(b->gen, b->gen->f32, b->width), "");
}

static Value plus(LaneBuilder *b, Value x, Value y) {
    return LLVMBuildFAdd(b->gen->builder, x, y, "");
}

static Value minus(LaneBuilder *b, Value x, Value y) {
    return LLVMBuildFSub(b->gen->builder, x, y, "");
}

static Value times(LaneBuilder *b, Value x, Value y) {
    return LLVMBuildFMul(b->gen->builder, x, y, "");
}

static Value count_of(LaneBuilder *b, Value rows) {
    Value number = LLVMBuildSIToFP(b->gen->builder, rows, b->gen->f64, "");
    return ir_splat(b->gen, number, b->width);
}

// ---- Adding.

// What follows the first `valid` lanes is not even written as it was: after the columns of a
// convolution's last group it is another chunk's sum, to which another worker may be adding.
static void add_at(LaneBuilder *b, Value place, Value vector, int valid) {
    Value before = ir_load_lanes(b->gen, LLVMTypeOf(vector), place, valid);
    ir_store_lanes(b->gen, plus(b, before, vector), place, valid);
}

void element_add_to_sum(LaneBuilder *b, const Node *sum, Value vector, int valid) {
    add_at(b, double_place(b, sum, b->chunk, 0, b->column), extend(b, vector), valid);
}

Moments sums_moments_begin(LaneBuilder *b, Value start) {
    Value zero = ir_splat(b->gen, ir_float(b->gen, 0), b->width);
    return (Moments){start, zero, zero};
}

void sums_moments_add(LaneBuilder *b, Moments *moments, Value x, int valid) {
    Value difference = ir_zero_after(b->gen, minus(b, x, moments->start), valid);
    moments->first = plus(b, moments->first, difference);
    moments->second = ir_fma(b->gen, difference, difference, moments->second);
}

Moments sums_moments_none(LaneBuilder *b) {
    Value none = LLVMConstReal(b->gen->f64, (double)NAN), zero = LLVMConstNull(doubles(b));
    return (Moments){ir_splat(b->gen, none, b->width), zero, zero};
}

// With u from the first start to that of the rows: sum(x - start) = first + n u, and
// sum((x - start)^2) = second + u (2 first + n u).
Moments sums_moments_join(LaneBuilder *b, const Moments *all, const Moments *rows, Value count) {
    Gen *gen = b->gen;
    Value own = extend(b, rows->start), first = extend(b, rows->first);
    Value is_none = LLVMBuildFCmp(gen->builder, LLVMRealUNO, all->start, all->start, "");
    Value start = LLVMBuildSelect(gen->builder, is_none, own, all->start, "");
    Value u = minus(b, own, start), moved = times(b, count_of(b, count), u);
    Value square = times(b, u, plus(b, plus(b, first, first), moved));
    return (Moments){start, plus(b, all->first, plus(b, first, moved)),
                     plus(b, all->second, plus(b, extend(b, rows->second), square))};
}

void sums_moments_finish(LaneBuilder *b, const Node *sum, const Moments *rows, Value count,
                         int valid) {
    Value places[3], values[3];
    for (int i = 0; i < 3; i++) {
        places[i] = double_place(b, sum, b->chunk, i, b->column);
        values[i] = ir_load_lanes(b->gen, doubles(b), places[i], valid);
    }
    Moments before = {values[START], values[FIRST], values[SECOND]};
    Moments all = sums_moments_join(b, &before, rows, count);
    ir_store_lanes(b->gen, all.start, places[START], valid);
    ir_store_lanes(b->gen, all.first, places[FIRST], valid);
    ir_store_lanes(b->gen, all.second, places[SECOND], valid);
}

// ---- Long rows, whose sums do not fit the registers.

void sums_add_row(LaneBuilder *b, Node *sum, Value summand, int valid) {
    if (!is_moments(sum)) {
        add_at(b, float_place(b, sum, b->column), summand, valid);
        return;
    }
    Moments moments = sums_moments_begin(b, summand);
    sums_moments_finish(b, sum, &moments, ir_int(b->gen, 1), valid);
}

void sums_end_rows(LaneBuilder *b, const Node *sum) {
    Gen *gen = b->gen;
    LaneBuilder v = *b;
    if (is_moments(sum)) return;
    v.width = gen->target->machine.lanes;
    Value zero = ir_splat(gen, ir_float(gen, 0), v.width);
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, row_size(b, sum)),
                              ir_int(gen, v.width), "part");
    Value place = float_place(&v, sum, loop.index);
    v.column = loop.index;
    element_add_to_sum(&v, sum, ir_load(gen, LLVMTypeOf(zero), place), v.width);
    ir_store(gen, zero, place);
    ir_loop_end(gen, &loop);
}

// ---- Reading.

Node *sums_statistic(Node *view) {
    while (view->op->fuse == FUSE_MOVEMENT && !view->op->is_statistic) view = view->inputs[0];
    return view->op->is_statistic && view->op->fuse == FUSE_MOVEMENT ? view : NULL;
}

static Value load_double(LaneBuilder *b, Value place, bool one_number) {
    LlvmType type = one_number ? b->gen->f64 : doubles(b);
    Value loaded = ir_load(b->gen, type, place);
    return one_number ? ir_splat(b->gen, loaded, b->width) : loaded;
}

// The rows that a chunk has of the value that is summed.
static Value chunk_rows(LaneBuilder *b, const Node *sum, int64_t chunk) {
    Range range = ir_chunk_range(b->gen, b->schedule, b->function, ir_int(b->gen, chunk));
    const Type *x = &sum->inputs[0]->type;
    Value samples = LLVMBuildSub(b->gen->builder, range.end, range.begin, "");
    return ir_multiply(b->gen, samples, ir_int(b->gen, type_elements(x) / type_last(x)));
}

// mean = start + T / N and variance = (Q - T^2 / N) / N, where T and Q are the sums of differences
// from `start` and of their squares. A chunk without samples has no start.
static Value finish_moments(LaneBuilder *b, Moment which, Value start, Value first, Value second,
                            Value count) {
    Gen *gen = b->gen;
    Value shift = LLVMBuildFDiv(gen->builder, first, count, "");
    if (which == MOMENT_VARIANCE) {
        Value sum = minus(b, second, times(b, first, shift));
        Value variance = LLVMBuildFDiv(gen->builder, sum, count, "");
        Value zero = LLVMConstNull(doubles(b));
        Value is_negative = LLVMBuildFCmp(gen->builder, LLVMRealOLT, variance, zero, "");
        return truncate(b, LLVMBuildSelect(gen->builder, is_negative, zero, variance, ""));
    }
    Value mean = truncate(b, plus(b, start, shift));
    if (which == MOMENT_MEAN) return mean;
    return truncate(b, plus(b, minus(b, start, extend(b, mean)), shift));
}

static Value read_start(LaneBuilder *b, const Node *sum, int64_t chunk, Value index,
                        bool one_number) {
    Gen *gen = b->gen;
    Value place = double_place(b, sum, ir_int(gen, chunk), START, index);
    Value start = load_double(b, place, one_number);
    Value is_none = LLVMBuildFCmp(gen->builder, LLVMRealUNO, start, start, "");
    return LLVMBuildSelect(gen->builder, is_none, LLVMConstNull(doubles(b)), start, "");
}

static Value read_moment(LaneBuilder *b, const Node *sum, Moment which, Value index,
                         bool one_number) {
    Gen *gen = b->gen;
    int64_t chunks = b->schedule->buffers[sum->id].copies;
    Value start = read_start(b, sum, chunks - 1, index, one_number); // it has samples if any has
    Value first = NULL, second = NULL, all = NULL;
    for (int64_t i = 0; i < chunks; i++) {
        Value chunk = ir_int(gen, i), rows = chunk_rows(b, sum, i);
        Value u = minus(b, read_start(b, sum, i, index, one_number), start);
        Value moved = times(b, count_of(b, rows), u);
        Value own = load_double(b, double_place(b, sum, chunk, FIRST, index), one_number);
        Value squares = load_double(b, double_place(b, sum, chunk, SECOND, index), one_number);
        squares = plus(b, squares, times(b, u, plus(b, plus(b, own, own), moved)));
        own = plus(b, own, moved);
        first = first ? plus(b, first, own) : own;
        second = second ? plus(b, second, squares) : squares;
        all = all ? ir_add(gen, all, rows) : rows;
    }
    return finish_moments(b, which, start, first, second, count_of(b, all));
}

Value sums_of_parts(Gen *gen, int64_t count, SumsPart *part, void *state) {
    enum { WRITTEN_OUT = 8 }; // the others are a loop
    Value sum = part(state, ir_int(gen, 0));
    for (int64_t i = 1; i < count && i < WRITTEN_OUT; i++)
        sum = LLVMBuildFAdd(gen->builder, sum, part(state, ir_int(gen, i)), "");
    if (count <= WRITTEN_OUT) return sum;
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, WRITTEN_OUT), ir_int(gen, count), ir_int(gen, 1), "part");
    Value carried = ir_loop_carry(gen, &loop, sum);
    Value next = LLVMBuildFAdd(gen->builder, carried, part(state, loop.index), "");
    ir_loop_end(gen, &loop);
    return ir_loop_result(gen, &loop, carried, sum, next);
}

typedef struct ChunkSum {
    LaneBuilder *b;
    const Node *sum;
    Value index;
    bool one_number;
} ChunkSum;

static Value chunk_sum(void *state, Value chunk) {
    const ChunkSum *c = state;
    return load_double(c->b, double_place(c->b, c->sum, chunk, 0, c->index), c->one_number);
}

// The chunks in their order.
static Value read_sum(LaneBuilder *b, const Node *sum, Value index, bool one_number) {
    ChunkSum chunk = {b, sum, index, one_number};
    return truncate(b,
                    sums_of_parts(b->gen, b->schedule->buffers[sum->id].copies, chunk_sum, &chunk));
}

Value sums_read(LaneBuilder *b, const Node *sum, Node *view, Value index, bool one_number) {
    if (!is_moments(sum)) return read_sum(b, sum, index, one_number);
    Moment which = (Moment)args_int(sums_statistic(view)->args, "number");
    if (is_sum(sum)) return read_moment(b, sum, which, index, one_number);
    Gen *gen = b->gen;
    index = ir_add(gen, ir_int(gen, which * row_size(b, sum)), index);
    Value place = ir_offset(gen, gen->f32, sums_place(b, sum), index);
    if (!one_number) return ir_load(gen, ir_vector(gen, gen->f32, b->width), place);
    return ir_splat(gen, ir_load(gen, gen->f32, place), b->width);
}

// The padding of a row becomes zero with its last vector: whole vectors are read.
void sums_store_moments(LaneBuilder *b, const Node *sum, const Moments *all, Value rows,
                        int valid) {
    Gen *gen = b->gen;
    int64_t channels = type_last(&sum->type), width = b->width;
    int64_t vectors = (channels + width - 1) / width, padded = row_size(b, sum);
    for (int i = 0; i < MOMENT_COUNT; i++) {
        Value moment =
            finish_moments(b, (Moment)i, all->start, all->first, all->second, count_of(b, rows));
        Value row = ir_offset(gen, gen->f32, sums_place(b, sum), ir_int(gen, i * padded));
        ir_store(gen, ir_zero_after(gen, moment, valid), ir_offset(gen, gen->f32, row, b->column));
        for (int64_t at = vectors * width; at < padded; at += width)
            ir_store(gen, LLVMConstNull(LLVMTypeOf(moment)),
                     ir_offset(gen, gen->f32, row, ir_int(gen, at)));
    }
}
