// Rows of samples that are added up at rows of a table. Each worker walks the whole batch and adds
// what is of its rows: a row's summands come in the order of the batch, whatever the number of
// workers.
#include "scatter.h"

#include "../../op/op.h"
#include "../../pass/group/touched.h"
#include "../product/bfloat16/bfloat16.h"
#include "touched.h"

// A batch may name one row so often that a sum in float32 would lose digits; larger tables have
// many rows for it, and would need as much memory again.
static bool wants_compensation(const Scatter *s, const Schedule *schedule) {
    enum { FEW_SUMMANDS = 1024, LARGEST_TABLE = 1 << 20 };
    return schedule->batch * s->lead > FEW_SUMMANDS && s->rows * s->columns <= LARGEST_TABLE;
}

void scatter_begin(Scatter *s, Gen *gen, const Schedule *schedule, const Group *group,
                   Value function) {
    const Node *anchor = group->anchor;
    *s = (Scatter){.anchor = anchor,
                   .rows = anchor->type.dims[0],
                   .columns = anchor->type.dims[1],
                   .threads = ir_context(gen, function, FIELD_THREADS),
                   .thread = ir_context(gen, function, FIELD_THREAD)};
    element_begin(&s->b, gen, schedule, group, function);
    s->b.width = loops_width(gen, s->columns);
    s->lead = type_elements(&anchor->inputs[1]->type) / s->columns;
    s->base = element_arena(&s->b, anchor);
    s->is_compensated = wants_compensation(s, schedule);
}

void scatter_keep_lost(Scatter *s) {
    if (s->is_compensated) s->lost = ir_scratch(s->b.gen, s->b.function, 0, s->rows * s->columns);
}

Value scatter_add(Scatter *s, Value sum, Value summand, Value *lost) {
    LLVMBuilderRef ir = s->b.gen->builder;
    if (!s->is_compensated) return LLVMBuildFAdd(ir, sum, summand, "");
    Value wanted = LLVMBuildFSub(ir, summand, *lost, "");
    Value after = LLVMBuildFAdd(ir, sum, wanted, "");
    Value lost_now = LLVMBuildFSub(ir, LLVMBuildFSub(ir, after, sum, ""), wanted, "");
    Value nothing = LLVMConstNull(LLVMTypeOf(sum));
    Value is_finite =
        LLVMBuildFCmp(ir, LLVMRealOEQ, LLVMBuildFSub(ir, after, after, ""), nothing, "");
    *lost = LLVMBuildSelect(ir, is_finite, lost_now, nothing, "");
    return after;
}

void scatter_along_row(Scatter *s, Value row, int64_t width, ScatterVector *step) {
    Gen *gen = s->b.gen;
    int64_t full = s->columns / width * width;
    Value first = ir_multiply(gen, row, ir_int(gen, s->columns));
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, width), "column");
    step(s, ir_add(gen, first, loop.index), loop.index, (int)width);
    ir_loop_end(gen, &loop);
    Value rest = ir_int(gen, full);
    if (full < s->columns) step(s, ir_add(gen, first, rest), rest, (int)(s->columns - full));
}

// The row of the table that the position names.
static Value named_row(Scatter *s) {
    Gen *gen = s->b.gen;
    Node *numbers = s->anchor->inputs[0];
    Value lead = s->b.row, row = ir_int(gen, 0), column = lead;
    if (numbers->type.rank > 1) {
        Value last = ir_int(gen, type_last(&numbers->type));
        row = LLVMBuildUDiv(gen->builder, lead, last, "");
        column = LLVMBuildURem(gen->builder, lead, last, "");
    }
    return element_index(&s->b, numbers, row, column, s->rows);
}

// In 32 bits, whose division is shorter.
static Value is_own(Scatter *s, Value row) {
    LLVMBuilderRef ir = s->b.gen->builder;
    LlvmType type = s->b.gen->i32;
    Value rest = LLVMBuildURem(ir, LLVMBuildTrunc(ir, row, type, ""),
                               LLVMBuildTrunc(ir, s->threads, type, ""), "");
    return LLVMBuildICmp(ir, LLVMIntEQ, rest, LLVMBuildTrunc(ir, s->thread, type, ""), "");
}

static void at_position(Scatter *s, ScatterRow *step) {
    Gen *gen = s->b.gen;
    Value row = named_row(s);
    LLVMBasicBlockRef own = ir_block(gen, "own"), next = ir_block(gen, "next");
    LLVMBuildCondBr(gen->builder, is_own(s, row), own, next);
    LLVMPositionBuilderAtEnd(gen->builder, own);
    step(s, row);
    LLVMBuildBr(gen->builder, next);
    LLVMPositionBuilderAtEnd(gen->builder, next);
}

void scatter_named_rows(Scatter *s, ScatterRow *step) {
    Gen *gen = s->b.gen;
    Value rows = ir_context(gen, s->b.function, FIELD_ROWS);
    Loop samples = ir_loop_begin(gen, ir_int(gen, 0), rows, ir_int(gen, 1), "sample");
    s->b.sample = samples.index;
    Loop lead = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, s->lead), ir_int(gen, 1), "lead");
    s->b.row = lead.index;
    at_position(s, step);
    ir_loop_end(gen, &lead);
    ir_loop_end(gen, &samples);
}

void scatter_own_rows(Scatter *s, ScatterRow *step) {
    Gen *gen = s->b.gen;
    Loop rows = ir_loop_begin(gen, s->thread, ir_int(gen, s->rows), s->threads, "table");
    step(s, rows.index);
    ir_loop_end(gen, &rows);
}

Value scatter_summand(Scatter *s, Value column) {
    Node *values = s->anchor->inputs[1];
    LaneBuilder at = element_builder_at(&s->b, values, s->b.row, column);
    Value value = (Value)(void *)element_value(&at, values);
    const Node *source = schedule_source(values);
    bool is_rounded = schedule_dtype(s->b.schedule, source) == DTYPE_BF16 &&
                      s->b.schedule->group_of[source->id] != s->b.group->id;
    if (!op_rounds_rows(s->anchor) || is_rounded) return value;
    Value halves = pairs_round(s->b.gen, value);
    return ir_widen(s->b.gen, halves, DTYPE_BF16, s->b.width);
}

// ---- All rows of the sum.

static void clear_vector(Scatter *s, Value place, Value column, int valid) {
    Gen *gen = s->b.gen;
    Value zero = LLVMConstNull(ir_vector(gen, gen->f32, s->b.width));
    (void)column;
    ir_store_lanes(gen, zero, ir_offset(gen, gen->f32, s->base, place), valid);
    if (s->lost) ir_store_lanes(gen, zero, ir_offset(gen, gen->f32, s->lost, place), valid);
}

void scatter_add_at(Scatter *s, Value place, Value column, int valid, Value begins) {
    Gen *gen = s->b.gen;
    Value summand = scatter_summand(s, column), values[2] = {NULL};
    Value places[] = {ir_offset(gen, gen->f32, s->base, place),
                      s->lost ? ir_offset(gen, gen->f32, s->lost, place) : NULL};
    LlvmType type = LLVMTypeOf(summand);
    for (int i = 0; i < 2 && places[i]; i++) {
        values[i] = ir_load_lanes(gen, type, places[i], valid);
        if (begins)
            values[i] = LLVMBuildSelect(gen->builder, begins, LLVMConstNull(type), values[i], "");
    }
    values[0] = scatter_add(s, values[0], summand, &values[1]);
    for (int i = 0; i < 2 && places[i]; i++) ir_store_lanes(gen, values[i], places[i], valid);
}

static void add_vector(Scatter *s, Value place, Value column, int valid) {
    scatter_add_at(s, place, column, valid, NULL);
}

static void clear_row(Scatter *s, Value row) {
    scatter_along_row(s, row, s->b.width, clear_vector);
}

static void add_row(Scatter *s, Value row) {
    scatter_along_row(s, row, s->b.width, add_vector);
}

void scatter_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function) {
    Scatter s;
    if (touched_updates(group)) {
        touched_emit(gen, schedule, group, function);
        return;
    }
    if (touched_update_of(schedule, group->anchor)) {
        touched_emit_sums(gen, schedule, group, function);
        return;
    }
    scatter_begin(&s, gen, schedule, group, function);
    element_hoist(&s.b);
    scatter_keep_lost(&s);
    scatter_own_rows(&s, clear_row);
    scatter_named_rows(&s, add_row);
}
