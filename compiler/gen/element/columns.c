// Sums over the samples, and moments, of values that are read: column by column, all rows of a
// column by one worker. (gen/element/sums.c has those that are made where their summands are
// computed.)
#include "loops.h"

#include "../../op/op.h"

static bool is_moments(const Node *node) {
    return node->op->reduce == REDUCE_MOMENTS;
}

// The anchor's input in a row of all samples' leading rows, for the vector at the column.
static Value summand_at(LaneBuilder *b, const Node *anchor, Value index) {
    Gen *gen = b->gen;
    Value lead = ir_int(gen, b->lead);
    b->sample = b->lead == 1 ? index : LLVMBuildUDiv(gen->builder, index, lead, "");
    b->row = b->lead == 1 ? ir_int(gen, 0) : LLVMBuildURem(gen->builder, index, lead, "");
    element_forget(b);
    return (Value)(void *)element_value(b, anchor->inputs[0]);
}

static Value sum_rows(LaneBuilder *b, const Node *anchor, Range range) {
    Gen *gen = b->gen;
    Value zero = ir_splat(gen, ir_float(gen, 0), b->width);
    Loop loop = ir_loop_begin(gen, range.begin, range.end, ir_int(gen, 1), "sum");
    Value carried = ir_loop_carry(gen, &loop, zero);
    Value next = loops_combine(b, false, carried, summand_at(b, anchor, loop.index));
    ir_loop_end(gen, &loop);
    return ir_loop_result(gen, &loop, carried, zero, next);
}

static Range all_rows(LaneBuilder *b) {
    Value rows = ir_context(b->gen, b->function, FIELD_ROWS);
    return (Range){ir_int(b->gen, 0), ir_multiply(b->gen, rows, ir_int(b->gen, b->lead))};
}

// The column sums, over samples and leading rows: of some rows in float32, of all in double
// precision.
static Value sum_samples(LaneBuilder *b, const Node *anchor) {
    Gen *gen = b->gen;
    Range all = all_rows(b);
    if (b->schedule->batch * b->lead <= SUMS_MOST_ROWS) return sum_rows(b, anchor, all);
    LlvmType wide = ir_vector(gen, gen->f64, b->width);
    Value zero = LLVMConstNull(wide);
    Loop blocks = ir_loop_begin(gen, all.begin, all.end, ir_int(gen, SUMS_MOST_ROWS), "block");
    Value carried = ir_loop_carry(gen, &blocks, zero);
    Value part = sum_rows(b, anchor, loops_part(gen, blocks.index, all.end, SUMS_MOST_ROWS));
    Value next = loops_combine(b, false, carried, LLVMBuildFPExt(gen->builder, part, wide, ""));
    ir_loop_end(gen, &blocks);
    Value sum = ir_loop_result(gen, &blocks, carried, zero, next);
    return LLVMBuildFPTrunc(gen->builder, sum, ir_vector(gen, gen->f32, b->width), "");
}

static Moments moments_of_rows(LaneBuilder *b, const Node *anchor, Range range) {
    Gen *gen = b->gen;
    Moments initial = sums_moments_begin(b, summand_at(b, anchor, range.begin));
    Loop loop = ir_loop_begin(gen, range.begin, range.end, ir_int(gen, 1), "moments");
    Moments carried = {initial.start, ir_loop_carry(gen, &loop, initial.first), NULL};
    carried.second = ir_loop_carry(gen, &loop, initial.second);
    Moments next = carried;
    sums_moments_add(b, &next, summand_at(b, anchor, loop.index), b->width);
    ir_loop_end(gen, &loop);
    carried.first = ir_loop_result(gen, &loop, carried.first, initial.first, next.first);
    carried.second = ir_loop_result(gen, &loop, carried.second, initial.second, next.second);
    return carried;
}

static Moments moments_of_samples(LaneBuilder *b, const Node *anchor) {
    Gen *gen = b->gen;
    Range all = all_rows(b);
    Moments none = sums_moments_none(b), carried, next;
    Loop blocks = ir_loop_begin(gen, all.begin, all.end, ir_int(gen, SUMS_MOST_ROWS), "block");
    carried.start = ir_loop_carry(gen, &blocks, none.start);
    carried.first = ir_loop_carry(gen, &blocks, none.first);
    carried.second = ir_loop_carry(gen, &blocks, none.second);
    Range part = loops_part(gen, blocks.index, all.end, SUMS_MOST_ROWS);
    Moments rows = moments_of_rows(b, anchor, part);
    next =
        sums_moments_join(b, &carried, &rows, LLVMBuildSub(gen->builder, part.end, part.begin, ""));
    ir_loop_end(gen, &blocks);
    return (Moments){ir_loop_result(gen, &blocks, carried.start, none.start, next.start),
                     ir_loop_result(gen, &blocks, carried.first, none.first, next.first),
                     ir_loop_result(gen, &blocks, carried.second, none.second, next.second)};
}

static void column_at(LaneBuilder *rows, LaneBuilder *sums, Value column, int valid) {
    const Node *anchor = rows->group->anchor;
    rows->column = column;
    if (is_moments(anchor)) {
        Moments moments = moments_of_samples(rows, anchor);
        rows->column = column;
        sums_store_moments(rows, anchor, &moments, all_rows(rows).end, valid);
        return;
    }
    Value sum = ir_zero_after(rows->gen, sum_samples(rows, anchor), valid);
    element_forget(sums);
    sums->storage = sums->column = column;
    sums->values[slots_of(sums->gen, anchor)] = sum;
    element_store_all(sums, valid);
}

void columns_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function) {
    LaneBuilder rows, sums;
    int64_t width = is_moments(group->anchor) ? type_last(&group->anchor->type)
                                              : type_elements(&group->anchor->type);
    element_begin(&rows, gen, schedule, group, function);
    element_hoist(&rows);
    rows.domain = DOMAIN_ROWS;
    rows.row_width = width;
    rows.lead = type_elements(&group->anchor->inputs[0]->type) / width;
    rows.shape = schedule_sum_domain(group->anchor->inputs[0], group->anchor);
    rows.width = loops_width(gen, width);
    element_begin(&sums, gen, schedule, group, function);
    sums.numbers = rows.numbers;
    sums.vectors = NULL;
    sums.domain = DOMAIN_STORAGE;
    sums.width = rows.width;
    int64_t full = width / rows.width;
    int tail = (int)(width % rows.width);
    if (width == 1) {
        LLVMBasicBlockRef skip;
        ir_only_worker_zero(gen, function, &skip);
        column_at(&rows, &sums, ir_int(gen, 0), 1);
        LLVMBuildBr(gen->builder, skip);
        LLVMPositionBuilderAtEnd(gen->builder, skip);
        return;
    }
    Range range = ir_worker_range(gen, function, ir_int(gen, full));
    Loop loop = ir_loop_begin(gen, range.begin, range.end, ir_int(gen, 1), "columns");
    column_at(&rows, &sums, ir_multiply(gen, loop.index, ir_int(gen, rows.width)), rows.width);
    ir_loop_end(gen, &loop);
    if (tail == 0) return;
    LLVMBasicBlockRef skip;
    ir_only_worker_zero(gen, function, &skip);
    column_at(&rows, &sums, ir_int(gen, full * rows.width), tail);
    LLVMBuildBr(gen->builder, skip);
    LLVMPositionBuilderAtEnd(gen->builder, skip);
}
