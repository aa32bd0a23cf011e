// Rows of samples that are added up at rows of a table. The workers divide the table's rows, each
// every so many-th, so that frequent rows, which often follow each other, are spread; each worker
// walks the whole batch and adds what is of its rows. A row's summands come in the order of the
// batch, whatever the number of workers.
#include "loops.h"

#include "../../op/op.h"

typedef struct Scatter {
    LaneBuilder b;
    const Node *anchor;
    Value base;            // of the table
    Value threads, thread; // i64
    int64_t rows, columns; // of the table
    int64_t lead;          // rows of a sample
} Scatter;

typedef void ColumnStep(Scatter *s, Value place, Value column, int valid);

// Along a row: whole vectors, then what is left.
static void along_row(Scatter *s, ColumnStep *step, Value row) {
    Gen *gen = s->b.gen;
    int64_t width = s->b.width, full = s->columns / width * width;
    Value first = ir_multiply(gen, row, ir_int(gen, s->columns));
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, width), "column");
    step(s, ir_offset(gen, gen->f32, s->base, ir_add(gen, first, loop.index)), loop.index,
         (int)width);
    ir_loop_end(gen, &loop);
    Value rest = ir_int(gen, full);
    if (full < s->columns)
        step(s, ir_offset(gen, gen->f32, s->base, ir_add(gen, first, rest)), rest,
             (int)(s->columns - full));
}

static void clear_vector(Scatter *s, Value place, Value column, int valid) {
    Gen *gen = s->b.gen;
    (void)column;
    ir_store_lanes(gen, LLVMConstNull(ir_vector(gen, gen->f32, s->b.width)), place, valid);
}

static void add_vector(Scatter *s, Value place, Value column, int valid) {
    Gen *gen = s->b.gen;
    Node *values = s->anchor->inputs[1];
    LaneBuilder at = element_builder_at(&s->b, values, s->b.row, column);
    Value summand = (Value)(void *)element_value(&at, values);
    Value before = ir_load_lanes(gen, LLVMTypeOf(summand), place, valid);
    ir_store_lanes(gen, LLVMBuildFAdd(gen->builder, before, summand, ""), place, valid);
}

static void clear_rows(Scatter *s) {
    Gen *gen = s->b.gen;
    Loop rows = ir_loop_begin(gen, s->thread, ir_int(gen, s->rows), s->threads, "clear");
    along_row(s, clear_vector, rows.index);
    ir_loop_end(gen, &rows);
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

// Only where the row is this worker's. In 32 bits, whose division is shorter.
static void if_own(Scatter *s, Value row, void (*then)(Scatter *s, Value row)) {
    Gen *gen = s->b.gen;
    LLVMBuilderRef ir = gen->builder;
    Value rest = LLVMBuildURem(ir, LLVMBuildTrunc(ir, row, gen->i32, ""),
                               LLVMBuildTrunc(ir, s->threads, gen->i32, ""), "");
    Value is_own =
        LLVMBuildICmp(ir, LLVMIntEQ, rest, LLVMBuildTrunc(ir, s->thread, gen->i32, ""), "");
    LLVMBasicBlockRef own = ir_block(gen, "own"), next = ir_block(gen, "next");
    LLVMBuildCondBr(ir, is_own, own, next);
    LLVMPositionBuilderAtEnd(ir, own);
    then(s, row);
    LLVMBuildBr(gen->builder, next);
    LLVMPositionBuilderAtEnd(gen->builder, next);
}

static void add_row(Scatter *s, Value row) {
    along_row(s, add_vector, row);
}

// Every row of every sample, in order.
static void each_row(Scatter *s, void (*step)(Scatter *s, Value row)) {
    Gen *gen = s->b.gen;
    Value rows = ir_context(gen, s->b.function, FIELD_ROWS);
    Loop samples = ir_loop_begin(gen, ir_int(gen, 0), rows, ir_int(gen, 1), "sample");
    s->b.sample = samples.index;
    Loop lead = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, s->lead), ir_int(gen, 1), "lead");
    s->b.row = lead.index;
    if_own(s, named_row(s), step);
    ir_loop_end(gen, &lead);
    ir_loop_end(gen, &samples);
}

void scatter_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function) {
    const Node *anchor = group->anchor;
    Scatter s = {.anchor = anchor,
                 .rows = anchor->type.dims[0],
                 .columns = anchor->type.dims[1],
                 .threads = ir_context(gen, function, FIELD_THREADS),
                 .thread = ir_context(gen, function, FIELD_THREAD)};
    element_begin(&s.b, gen, schedule, group, function);
    element_hoist(&s.b);
    s.b.width = loops_width(gen, s.columns);
    s.lead = type_elements(&anchor->inputs[1]->type) / s.columns;
    s.base = element_arena(&s.b, anchor);
    clear_rows(&s);
    each_row(&s, add_row);
}
