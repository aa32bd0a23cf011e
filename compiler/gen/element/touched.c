// Tables that are updated row by row, for the rows that a batch names. A row's mark says how far it
// is: 2 s where the steps to s are done, one more while the sum of step s + 1 is made. Steps that
// it missed had a gradient of zero; they are made up in registers, with the numbers that the
// formulas had in them. A worker's rows are listed before the step, each once with the places that
// name it, so that they can be asked for ahead and a row's sum need not be stored. All steps have
// the operations of an update of all rows, so that the bits are the same.
#include "touched.h"

#include "../../op/op.h"
#include "../../pass/group/touched.h"
#include "scatter.h"

enum {
    BLOCK = 4,      // vectors at a time, whose square roots and divisions overlap
    MOST_BLOCK = 8, // of an update, whose sums stay in registers
    AHEAD = 4,      // rows that are asked for before they are needed,
    LINE_FLOATS = 16,
    MOST_LINES = 16 // so many lines of each tensor; more are followed by the hardware
};

typedef struct Touched {
    Scatter s;
    const Group *group;
    NodeList numbers;           // of a step
    Node *leaves[TOUCHED_MOST]; // by assign: what it replaces
    Value state, marks, kept;   // where they begin
    Value step, before;         // i64; i32: the mark of rows that are done to the step before
    Value through, first;       // steps to be made up: the last one; the first of a row
    Value row;                  // of the table, that is updated
    Value begins;               // i1: of its summands this is the first one
    Value list, entries, next;  // of the rows that the batch names (touched.h)
    Value entry;                // i64: of the row
} Touched;

static Touched *touched_of(Scatter *s) {
    return s->owner;
}

// ---- What is kept from step to step.

// Of a worker, among those that begin at `lists`.
static Value own_list(const Group *group, Gen *gen, Value function, Value lists) {
    Value threads = ir_context(gen, function, FIELD_THREADS);
    Value thread = ir_context(gen, function, FIELD_THREAD);
    Value most = ir_add(gen, ir_int(gen, group->anchor->type.dims[0] - 1), threads);
    Value entries = ir_add(gen, LLVMBuildUDiv(gen->builder, most, threads, ""), ir_int(gen, 1));
    Value before = ir_multiply(gen, thread, ir_multiply(gen, entries, ir_int(gen, NAMED_SIZE)));
    return ir_offset(gen, gen->i32, lists, before);
}

// `group`: the one that updates, whose state it is.
static void begin_marks(Touched *t, Gen *gen, const Group *group, Value function) {
    Value arena = ir_context(gen, function, FIELD_ARENA);
    TouchedPlaces places = touched_places(t->s.b.schedule, group);
    t->state = ir_offset(gen, gen->f32, arena, ir_int(gen, group->state));
    t->marks = ir_offset(gen, gen->f32, t->state, ir_int(gen, places.marks));
    t->kept = ir_offset(gen, gen->f32, t->state, ir_int(gen, places.numbers));
    t->entries = ir_offset(gen, gen->f32, t->state, ir_int(gen, places.entries));
    t->next = ir_offset(gen, gen->f32, t->state, ir_int(gen, places.next));
    t->list = own_list(group, gen, function,
                       ir_offset(gen, gen->f32, t->state, ir_int(gen, places.lists)));
    Value step = ir_context(gen, function, FIELD_STEP);
    t->step = LLVMBuildFPToSI(gen->builder, step, gen->i64, "");
    t->through = LLVMBuildSub(gen->builder, t->step, ir_int(gen, 1), "");
    t->before =
        LLVMBuildTrunc(gen->builder, ir_multiply(gen, t->through, ir_int(gen, 2)), gen->i32, "");
}

static void begin(Touched *t, Gen *gen, const Schedule *schedule, const Group *group,
                  Value function) {
    *t = (Touched){.group = group, .numbers = touched_numbers(schedule, group)};
    scatter_begin(&t->s, gen, schedule, group, function);
    t->s.owner = t;
    for (int i = 0; i < group->assigns.count; i++)
        t->leaves[i] = touched_leaf(schedule, group, group->assigns.items[i]);
    begin_marks(t, gen, group, function);
}

static Value mark_place(Touched *t, Value row) {
    return ir_offset(t->s.b.gen, t->s.b.gen->i32, t->marks, row);
}

static Value after_mark(Touched *t, int64_t distance) {
    Value number = LLVMConstInt(t->s.b.gen->i32, (unsigned long long)distance, 0);
    return LLVMBuildAdd(t->s.b.gen->builder, t->before, number, "");
}

static Value number_place(Touched *t, Value step, int number) {
    Gen *gen = t->s.b.gen;
    Value slot = LLVMBuildAnd(gen->builder, step, ir_int(gen, TOUCHED_STEPS - 1), "");
    int64_t size = touched_numbers_size(t->s.b.schedule, t->group);
    Value index = ir_add(gen, ir_multiply(gen, slot, ir_int(gen, size)), ir_int(gen, number));
    return ir_offset(gen, gen->f32, t->kept, index);
}

static void keep_numbers(Touched *t) {
    Gen *gen = t->s.b.gen;
    LaneBuilder one = t->s.b;
    LLVMBasicBlockRef skip;
    one.width = 1;
    one.values = slots_array(gen, sizeof(Value));
    ir_only_worker_zero(gen, one.function, &skip);
    for (int i = 0; i < t->numbers.count; i++) {
        Value number = (Value)(void *)element_value(&one, t->numbers.items[i]);
        ir_store(gen, number, number_place(t, t->step, i));
    }
    ir_store(gen, ir_context(gen, one.function, FIELD_STEP), t->state);
    LLVMBuildBr(gen->builder, skip);
    LLVMPositionBuilderAtEnd(gen->builder, skip);
}

// `then` where the condition holds.
static void when(Touched *t, Value condition, Value row, ScatterRow *then) {
    Gen *gen = t->s.b.gen;
    LLVMBasicBlockRef yes = ir_block(gen, "when"), next = ir_block(gen, "next");
    LLVMBuildCondBr(gen->builder, condition, yes, next);
    LLVMPositionBuilderAtEnd(gen->builder, yes);
    then(&t->s, row);
    LLVMBuildBr(gen->builder, next);
    LLVMPositionBuilderAtEnd(gen->builder, next);
}

// ---- The rows that the batch names and that are this worker's, each once.

static Value list_place(Touched *t, Value entry, int field) {
    Gen *gen = t->s.b.gen;
    Value number =
        ir_add(gen, ir_multiply(gen, entry, ir_int(gen, NAMED_SIZE)), ir_int(gen, field));
    return ir_offset(gen, gen->i32, t->list, number);
}

static Value load_index(Gen *gen, Value place) {
    return LLVMBuildZExt(gen->builder, ir_load(gen, gen->i32, place), gen->i64, "");
}

static void store_index(Gen *gen, Value number, Value place) {
    ir_store(gen, LLVMBuildTrunc(gen->builder, number, gen->i32, ""), place);
}

// The entry of the row, or 0: what is in t->entries may be of another step.
static Value known_entry(Touched *t, Value row, Value count) {
    Gen *gen = t->s.b.gen;
    Value none = ir_int(gen, 0);
    Value entry = load_index(gen, ir_offset(gen, gen->i32, t->entries, row));
    Value is_inside = LLVMBuildICmp(gen->builder, LLVMIntULE, entry, count, "");
    entry = LLVMBuildSelect(gen->builder, is_inside, entry, none, "");
    Value named = load_index(gen, list_place(t, entry, NAMED_ROW));
    Value is_own = LLVMBuildICmp(gen->builder, LLVMIntEQ, named, row, "");
    return LLVMBuildSelect(gen->builder, is_own, entry, none, "");
}

static void add_entry(Touched *t, Value row, Value place, Value count) {
    Gen *gen = t->s.b.gen;
    Value one = ir_int(gen, 1), entry = ir_add(gen, count, one);
    store_index(gen, row, list_place(t, entry, NAMED_ROW));
    store_index(gen, place, list_place(t, entry, NAMED_FIRST));
    store_index(gen, place, list_place(t, entry, NAMED_LAST));
    store_index(gen, one, list_place(t, entry, NAMED_COUNT));
    store_index(gen, entry, ir_offset(gen, gen->i32, t->entries, row));
    store_index(gen, entry, list_place(t, ir_int(gen, 0), NAMED_ROW));
}

static void add_place(Touched *t, Value entry, Value place) {
    Gen *gen = t->s.b.gen;
    Value last = load_index(gen, list_place(t, entry, NAMED_LAST));
    Value count = list_place(t, entry, NAMED_COUNT);
    store_index(gen, place, ir_offset(gen, gen->i32, t->next, last));
    store_index(gen, place, list_place(t, entry, NAMED_LAST));
    store_index(gen, ir_add(gen, load_index(gen, count), ir_int(gen, 1)), count);
}

static void list_row(Scatter *s, Value row) {
    Touched *t = touched_of(s);
    Gen *gen = s->b.gen;
    Value place = ir_add(gen, ir_multiply(gen, s->b.sample, ir_int(gen, s->lead)), s->b.row);
    Value count = load_index(gen, list_place(t, ir_int(gen, 0), NAMED_ROW));
    Value entry = known_entry(t, row, count);
    LLVMBasicBlockRef known = ir_block(gen, "known"), first = ir_block(gen, "first"),
                      next = ir_block(gen, "next");
    Value is_first = LLVMBuildICmp(gen->builder, LLVMIntEQ, entry, ir_int(gen, 0), "");
    LLVMBuildCondBr(gen->builder, is_first, first, known);
    LLVMPositionBuilderAtEnd(gen->builder, first);
    add_entry(t, row, place, count);
    LLVMBuildBr(gen->builder, next);
    LLVMPositionBuilderAtEnd(gen->builder, known);
    add_place(t, entry, place);
    LLVMBuildBr(gen->builder, next);
    LLVMPositionBuilderAtEnd(gen->builder, next);
}

static void list_rows(Touched *t) {
    Gen *gen = t->s.b.gen;
    Value none = ir_int(gen, 0);
    store_index(gen, none, list_place(t, none, NAMED_ROW));
    scatter_named_rows(&t->s, list_row);
}

static Value target_place(Touched *t, int assign, Value place) {
    Gen *gen = t->s.b.gen;
    Value base = element_target(&t->s.b, t->group->assigns.items[assign]);
    return ir_offset(gen, gen->f32, base, place);
}

// Asks for what is updated of a row: rows are in no order that the hardware could follow.
static void ask_for(Touched *t, Value row) {
    Gen *gen = t->s.b.gen;
    int64_t columns = t->s.columns, lines = divide_up(columns, LINE_FLOATS);
    Value first = ir_multiply(gen, row, ir_int(gen, columns));
    for (int i = 0; i < t->group->assigns.count; i++)
        for (int64_t line = 0; line < lines && line < MOST_LINES; line++) {
            Value place = ir_add(gen, first, ir_int(gen, line * LINE_FLOATS));
            ir_prefetch(gen, target_place(t, i, place), PREFETCH_FIRST);
        }
}

typedef Value RowAhead(Touched *t, Value row, Value now);

// Each row of the list; `wanted`: which one to ask for, given that some entries ahead and this one.
static void listed_rows(Touched *t, RowAhead *wanted, ScatterRow *step) {
    Gen *gen = t->s.b.gen;
    Value one = ir_int(gen, 1), count = load_index(gen, list_place(t, ir_int(gen, 0), NAMED_ROW));
    Loop loop = ir_loop_begin(gen, one, ir_add(gen, count, one), one, "listed");
    Value row = load_index(gen, list_place(t, loop.index, NAMED_ROW));
    Value ahead = ir_add(gen, loop.index, ir_int(gen, AHEAD));
    Value is_inside = LLVMBuildICmp(gen->builder, LLVMIntSLE, ahead, count, "");
    ahead = LLVMBuildSelect(gen->builder, is_inside, ahead, loop.index, "");
    ask_for(t, wanted(t, load_index(gen, list_place(t, ahead, NAMED_ROW)), row));
    t->entry = loop.index;
    step(&t->s, row);
    ir_loop_end(gen, &loop);
}

static Value any_row(Touched *t, Value row, Value now) {
    (void)t, (void)now;
    return row;
}

// ---- Missed steps.

// A builder at elements of the table at which the values of a missed step are known, all but those
// of the tensors that are updated.
static LaneBuilder missed_at(Touched *t, Value step) {
    Gen *gen = t->s.b.gen;
    Value zero = ir_int(gen, 0);
    LaneBuilder at = element_builder_at(&t->s.b, t->s.anchor, zero, zero);
    at.numbers = NULL;
    at.values[slots_of(gen, t->s.anchor)] = ir_splat(gen, ir_float(gen, 0), at.width);
    for (int i = 0; i < t->numbers.count; i++) {
        Value number = ir_load(gen, gen->f32, number_place(t, step, i));
        at.values[slots_of(gen, t->numbers.items[i])] = ir_splat(gen, number, at.width);
    }
    return at;
}

static void make_up(Scatter *s, Value place, Value column, int valid) {
    Touched *t = touched_of(s);
    Gen *gen = s->b.gen;
    int width = s->b.width, vectors = (valid + width - 1) / width, count = t->group->assigns.count;
    Value places[BLOCK][TOUCHED_MOST], initial[BLOCK][TOUCHED_MOST], now[BLOCK][TOUCHED_MOST];
    Value next[BLOCK][TOUCHED_MOST];
    (void)column;
    for (int v = 0; v < vectors; v++)
        for (int i = 0; i < count; i++) {
            Value at = ir_add(gen, place, ir_int(gen, (int64_t)v * width));
            places[v][i] = target_place(t, i, at);
            initial[v][i] = ir_load_lanes(gen, ir_vector(gen, gen->f32, width), places[v][i],
                                          valid < width ? valid : width);
        }
    Value end = ir_add(gen, t->through, ir_int(gen, 1));
    Loop steps = ir_loop_begin(gen, t->first, end, ir_int(gen, 1), "missed");
    for (int v = 0; v < vectors; v++)
        for (int i = 0; i < count; i++) now[v][i] = ir_loop_carry(gen, &steps, initial[v][i]);
    LaneBuilder known = missed_at(t, steps.index);
    for (int v = 0; v < vectors; v++) {
        LaneBuilder at = known;
        at.values = slots_array(gen, sizeof(Value));
        for (int i = 0; i <= gen->slot_count; i++) at.values[i] = known.values[i];
        for (int i = 0; i < count; i++)
            if (t->leaves[i]) at.values[slots_of(gen, t->leaves[i])] = now[v][i];
        for (int i = 0; i < count; i++)
            next[v][i] = (Value)(void *)element_value(&at, t->group->assigns.items[i]->inputs[0]);
    }
    ir_loop_end(gen, &steps);
    for (int v = 0; v < vectors; v++)
        for (int i = 0; i < count; i++)
            next[v][i] = ir_loop_result(gen, &steps, now[v][i], initial[v][i], next[v][i]);
    for (int v = 0; v < vectors; v++)
        for (int i = 0; i < count; i++)
            ir_store_lanes(gen, next[v][i], places[v][i], valid < width ? valid : width);
}

static void make_up_row(Scatter *s, Value row) {
    Touched *t = touched_of(s);
    Gen *gen = s->b.gen;
    int64_t block = (int64_t)BLOCK * s->b.width;
    if (s->columns % block != 0) block = s->b.width;
    scatter_along_row(s, row, block, make_up);
    Value done = LLVMBuildTrunc(gen->builder, t->through, gen->i32, "");
    Value mark = LLVMBuildShl(gen->builder, done, LLVMConstInt(gen->i32, 1, 0), "");
    ir_store(gen, mark, mark_place(t, row));
}

// The first step that the row has missed, if it is one before t->through.
static Value first_missed(Touched *t, Value row) {
    Gen *gen = t->s.b.gen;
    Value mark = ir_load(gen, gen->i32, mark_place(t, row));
    Value done = LLVMBuildAShr(gen->builder, mark, LLVMConstInt(gen->i32, 1, 0), "");
    return ir_add(gen, LLVMBuildSExt(gen->builder, done, gen->i64, ""), ir_int(gen, 1));
}

static Value is_behind(Touched *t, Value first) {
    return LLVMBuildICmp(t->s.b.gen->builder, LLVMIntSLE, first, t->through, "");
}

// Brings the row to step t->through.
static void settle_row(Scatter *s, Value row) {
    Touched *t = touched_of(s);
    t->first = first_missed(t, row);
    when(t, is_behind(t, t->first), row, make_up_row);
}

static Value row_behind(Touched *t, Value row, Value now) {
    Value wanted = is_behind(t, first_missed(t, row));
    return LLVMBuildSelect(t->s.b.gen->builder, wanted, row, now, "");
}

// ---- The step.

static void sum_vector(Scatter *s, Value place, Value column, int valid) {
    scatter_add_at(s, place, column, valid, touched_of(s)->begins);
}

// The first of a row's summands begins its sum.
static void sum_row(Scatter *s, Value row) {
    Touched *t = touched_of(s);
    Gen *gen = s->b.gen;
    Value mark = ir_load(gen, gen->i32, mark_place(t, row));
    t->begins = LLVMBuildICmp(gen->builder, LLVMIntEQ, mark, t->before, "");
    scatter_along_row(s, row, s->b.width, sum_vector);
    ir_store(gen, after_mark(t, 1), mark_place(t, row));
}

static void update_vector(Scatter *s, Value place, Value column, int valid) {
    Touched *t = touched_of(s);
    Gen *gen = s->b.gen;
    Value values[TOUCHED_MOST];
    LaneBuilder at = element_builder_at(&s->b, s->anchor, t->row, column);
    Value pointer = ir_offset(gen, gen->f32, s->base, place);
    LlvmType vector = ir_vector(gen, gen->f32, s->b.width);
    at.values[slots_of(gen, s->anchor)] = ir_load_lanes(gen, vector, pointer, valid);
    for (int i = 0; i < t->group->assigns.count; i++)
        values[i] = (Value)(void *)element_value(&at, t->group->assigns.items[i]->inputs[0]);
    for (int i = 0; i < t->group->assigns.count; i++)
        ir_store_lanes(gen, values[i], target_place(t, i, place), valid);
}

static void update_row(Scatter *s, Value row) {
    Touched *t = touched_of(s);
    t->row = row;
    scatter_along_row(s, row, s->b.width, update_vector);
    ir_store(s->b.gen, after_mark(t, 2), mark_place(t, row));
}

static void update_row_once(Scatter *s, Value row) {
    Touched *t = touched_of(s);
    Gen *gen = s->b.gen;
    Value mark = ir_load(gen, gen->i32, mark_place(t, row));
    when(t, LLVMBuildICmp(gen->builder, LLVMIntEQ, mark, after_mark(t, 1), ""), row, update_row);
}

// ---- Sums in registers, where nothing else reads them.

// For vectors from a column on: what the places that name the row have, in their order.
static void sum_places(Touched *t, Value column, int vectors, Value *sums) {
    Scatter *s = &t->s;
    Gen *gen = s->b.gen;
    Value none = ir_int(gen, 0), one = ir_int(gen, 1), lead = ir_int(gen, s->lead);
    Value zero = LLVMConstNull(ir_vector(gen, gen->f32, s->b.width)), now[MOST_BLOCK],
          next[MOST_BLOCK], lost[MOST_BLOCK], losing[MOST_BLOCK];
    Value first = load_index(gen, list_place(t, t->entry, NAMED_FIRST));
    Value count = load_index(gen, list_place(t, t->entry, NAMED_COUNT));
    Loop loop = ir_loop_begin(gen, none, count, one, "place");
    Value place = ir_loop_carry(gen, &loop, first);
    for (int v = 0; v < vectors; v++) {
        now[v] = ir_loop_carry(gen, &loop, zero);
        lost[v] = losing[v] = s->is_compensated ? ir_loop_carry(gen, &loop, zero) : NULL;
    }
    s->b.sample = LLVMBuildUDiv(gen->builder, place, lead, "");
    s->b.row = LLVMBuildURem(gen->builder, place, lead, "");
    for (int v = 0; v < vectors; v++) {
        Value at = ir_add(gen, column, ir_int(gen, (int64_t)v * s->b.width));
        next[v] = scatter_add(s, now[v], scatter_summand(s, at), &losing[v]);
    }
    Value following = load_index(gen, ir_offset(gen, gen->i32, t->next, place));
    ir_loop_end(gen, &loop);
    ir_loop_result(gen, &loop, place, first, following);
    for (int v = 0; v < vectors; v++) {
        sums[v] = ir_loop_result(gen, &loop, now[v], zero, next[v]);
        if (lost[v]) ir_loop_result(gen, &loop, lost[v], zero, losing[v]);
    }
}

static void sum_and_update(Scatter *s, Value place, Value column, int valid) {
    Touched *t = touched_of(s);
    Gen *gen = s->b.gen;
    int width = s->b.width, vectors = (valid + width - 1) / width, count = t->group->assigns.count;
    Value sums[MOST_BLOCK], values[TOUCHED_MOST];
    sum_places(t, column, vectors, sums);
    for (int v = 0; v < vectors; v++) {
        Value from = ir_int(gen, (int64_t)v * width);
        LaneBuilder at = element_builder_at(&s->b, s->anchor, t->row, ir_add(gen, column, from));
        at.values[slots_of(gen, s->anchor)] = sums[v];
        for (int i = 0; i < count; i++)
            values[i] = (Value)(void *)element_value(&at, t->group->assigns.items[i]->inputs[0]);
        for (int i = 0; i < count; i++)
            ir_store_lanes(gen, values[i], target_place(t, i, ir_add(gen, place, from)),
                           valid < width ? valid : width);
    }
}

static void update_listed(Scatter *s, Value row) {
    Touched *t = touched_of(s);
    int64_t block = (int64_t)MOST_BLOCK * s->b.width;
    while (block > s->b.width && s->columns % block != 0) block /= 2;
    t->row = row;
    scatter_along_row(s, row, block, sum_and_update);
    ir_store(s->b.gen, after_mark(t, 2), mark_place(t, row));
}

static void settle_all(Scatter *s, Value row) {
    (void)row;
    scatter_own_rows(s, settle_row);
}

void touched_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function) {
    Touched t;
    begin(&t, gen, schedule, group, function);
    element_hoist(&t.s.b);
    keep_numbers(&t);
    if (touched_keeps_sums(schedule, group))
        listed_rows(&t, any_row, update_listed);
    else
        scatter_named_rows(&t.s, update_row_once);
    Value part = ir_int(gen, TOUCHED_STEPS / 2 - 1);
    Value rest = LLVMBuildAnd(gen->builder, t.step, part, "");
    Value is_due = LLVMBuildICmp(gen->builder, LLVMIntEQ, rest, ir_int(gen, 0), "");
    when(&t, is_due, NULL, settle_all);
}

void touched_emit_sums(Gen *gen, const Schedule *schedule, const Group *group, Value function) {
    Touched t = {.group = touched_update_of(schedule, group->anchor)};
    scatter_begin(&t.s, gen, schedule, group, function);
    t.s.owner = &t;
    begin_marks(&t, gen, t.group, function);
    element_hoist(&t.s.b);
    scatter_keep_lost(&t.s);
    scatter_named_rows(&t.s, sum_row);
}

// ---- A norm of all sums. Rows without one would add zeros.

// Vectors begin where they do in a sum over all of the storage; what is of other rows is zero.
static void add_row_to(Touched *t, const Node *summand, Value row, Value sum) {
    LaneBuilder *b = &t->s.b;
    Gen *gen = b->gen;
    Value width = ir_int(gen, b->width);
    Value begin = ir_multiply(gen, row, ir_int(gen, t->s.columns));
    Value end = ir_add(gen, begin, ir_int(gen, t->s.columns));
    Value first = ir_multiply(gen, LLVMBuildUDiv(gen->builder, begin, width, ""), width);
    Loop vectors = ir_loop_begin(gen, first, end, width, "vector");
    LlvmType wide = ir_vector(gen, gen->f64, b->width);
    Value lanes[64];
    for (int i = 0; i < b->width; i++) lanes[i] = ir_int(gen, i);
    Value place = LLVMBuildAdd(gen->builder, LLVMConstVector(lanes, (unsigned)b->width),
                               ir_splat(gen, vectors.index, b->width), "");
    Value is_behind =
        LLVMBuildICmp(gen->builder, LLVMIntSGE, place, ir_splat(gen, begin, b->width), "");
    Value is_before =
        LLVMBuildICmp(gen->builder, LLVMIntSLT, place, ir_splat(gen, end, b->width), "");
    Value is_own = LLVMBuildAnd(gen->builder, is_behind, is_before, "");
    b->storage = vectors.index;
    element_forget(b);
    Value value = (Value)(void *)element_value(b, (Node *)summand);
    value = LLVMBuildSelect(gen->builder, is_own, value, LLVMConstNull(LLVMTypeOf(value)), "");
    value = LLVMBuildFPExt(gen->builder, value, wide, "");
    Value before = LLVMBuildLoad2(gen->builder, wide, sum, "");
    LLVMBuildStore(gen->builder, LLVMBuildFAdd(gen->builder, before, value, ""), sum);
    ir_loop_end(gen, &vectors);
}

Value touched_sum(LaneBuilder *b, const Node *reduction) {
    Gen *gen = b->gen;
    const Node *scatter = touched_summed(b->schedule, reduction);
    Touched t = {.group = touched_update_of(b->schedule, scatter)};
    t.s = (Scatter){.b = *b,
                    .anchor = scatter,
                    .rows = scatter->type.dims[0],
                    .columns = scatter->type.dims[1],
                    .owner = &t};
    begin_marks(&t, gen, t.group, b->function);
    LlvmType wide = ir_vector(gen, gen->f64, b->width);
    Value sum = LLVMBuildAlloca(gen->builder, wide, "sum");
    LLVMBuildStore(gen->builder, LLVMConstNull(wide), sum);
    Loop rows = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, t.s.rows), ir_int(gen, 1), "table");
    Value mark = ir_load(gen, gen->i32, mark_place(&t, rows.index));
    LLVMBasicBlockRef yes = ir_block(gen, "summed"), next = ir_block(gen, "next");
    Value is_summed = LLVMBuildICmp(gen->builder, LLVMIntEQ, mark, after_mark(&t, 1), "");
    LLVMBuildCondBr(gen->builder, is_summed, yes, next);
    LLVMPositionBuilderAtEnd(gen->builder, yes);
    add_row_to(&t, reduction->inputs[0], rows.index, sum);
    LLVMBuildBr(gen->builder, next);
    LLVMPositionBuilderAtEnd(gen->builder, next);
    ir_loop_end(gen, &rows);
    return LLVMBuildLoad2(gen->builder, wide, sum, "");
}

// ---- Before the step.

static void forget_row(Scatter *s, Value row) {
    Touched *t = touched_of(s);
    ir_store(s->b.gen, t->before, mark_place(t, row));
}

// Marks of another run, or none yet: nothing was missed.
static void forget(Scatter *s, Value row) {
    (void)row;
    scatter_own_rows(s, forget_row);
}

static void catch_up_named(Scatter *s, Value row) {
    Touched *t = touched_of(s);
    Gen *gen = s->b.gen;
    Value last = LLVMBuildFPToSI(gen->builder, ir_load(gen, gen->f64, t->state), gen->i64, "");
    (void)row;
    when(t, LLVMBuildICmp(gen->builder, LLVMIntNE, last, t->through, ""), NULL, forget);
    list_rows(t);
    listed_rows(t, row_behind, settle_row);
}

Value touched_catch_up(Gen *gen, const Schedule *schedule, const Group *group, const char *name) {
    Touched t;
    slots_number(gen, schedule, group);
    Value function = ir_group_function(gen, name);
    begin(&t, gen, schedule, group, function);
    Value rows = ir_context(gen, function, FIELD_ROWS);
    Value has_samples = LLVMBuildICmp(gen->builder, LLVMIntNE, rows, ir_int(gen, 0), "");
    when(&t, has_samples, NULL, catch_up_named);
    t.through = t.step;
    when(&t, LLVMBuildNot(gen->builder, has_samples, ""), NULL, settle_all);
    LLVMBuildRetVoid(gen->builder);
    return function;
}
