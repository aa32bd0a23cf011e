// The loop generator: fused elementwise chains and reductions. Row groups walk the samples of a
// worker; a row that fits a few registers is kept in them from the first load to the last store
// (softmax, its loss and its gradient), a longer one is walked once for each level of reductions.
#include "loops.h"
#include "places.h"

#include "../../base/diagnostics/ice.h"
#include "../../op/op.h"

#include <math.h>
#include <string.h>

enum { MAX_UNROLLED = 4 }; // vectors of a row kept in registers

typedef struct RowEmitter {
    LaneBuilder b;
    int vectors;    // of a row
    int last;       // lanes of the last one that belong to the row
    Value **values; // by vector: what is known at its position
    int *level;     // by slot: how many reductions lie before it
    Moments **sums; // by slot of a sum over samples, by vector: of the last rows; NULL: none
    Value is_first; // of these rows
} RowEmitter;

// ---- Reductions.

Range loops_part(Gen *gen, Value begin, Value end, int64_t most) {
    Value last = ir_add(gen, begin, ir_int(gen, most));
    Value is_short = LLVMBuildICmp(gen->builder, LLVMIntSLT, last, end, "");
    return (Range){begin, LLVMBuildSelect(gen->builder, is_short, last, end, "")};
}

static Value identity_of(RowEmitter *e, const Node *reduction) {
    double identity = reduction->op->reduce == REDUCE_MAX ? -INFINITY : 0;
    return ir_splat(e->b.gen, ir_float(e->b.gen, identity), e->b.width);
}

Value loops_combine(LaneBuilder *b, bool is_maximum, Value x, Value y) {
    if (is_maximum) return (Value)(void *)lane_maximum(b, (Lane)(void *)x, (Lane)(void *)y);
    return LLVMBuildFAdd(b->gen->builder, x, y, "");
}

// Each lane gets the one that is `distance` away: lanes are exchanged in pairs.
static Value exchange_lanes(LaneBuilder *b, Value vector, int distance) {
    Value numbers[64];
    for (int i = 0; i < b->width; i++)
        numbers[i] = LLVMConstInt(b->gen->i32, (unsigned long long)(i ^ distance), 0);
    Value mask = LLVMConstVector(numbers, (unsigned)b->width);
    return LLVMBuildShuffleVector(b->gen->builder, vector, LLVMGetPoison(LLVMTypeOf(vector)), mask,
                                  "");
}

// All lanes to one number, in every lane of the result. Lanes are combined in pairs, the pairs in
// pairs and so on. Partners get the same bits, but for a maximum of NaNs or of zeros with signs.
// (LLVM's own reduction to a maximum is a chain of scalars.)
Value loops_horizontal(LaneBuilder *b, bool is_maximum, Value vector) {
    for (int distance = b->width / 2; distance > 0; distance /= 2)
        vector = loops_combine(b, is_maximum, vector, exchange_lanes(b, vector, distance));
    return vector;
}

static bool is_reduction(const Node *node) {
    return node->op->fuse == FUSE_REDUCTION;
}

static int valid_lanes(const RowEmitter *e, int vector) {
    return vector == e->vectors - 1 ? e->last : e->b.width;
}

static Value masked_input(RowEmitter *e, const Node *reduction, int valid) {
    Value input = (Value)(void *)element_value(&e->b, reduction->inputs[0]);
    double fill = reduction->op->reduce == REDUCE_MAX ? -INFINITY : 0;
    return ir_fill_after(e->b.gen, input, valid, fill);
}

// ---- Rows in registers.

static void at_vector(RowEmitter *e, int vector) {
    e->b.values = e->values[vector];
    e->b.column = ir_int(e->b.gen, (int64_t)vector * e->b.width);
}

static void reduce_unrolled(RowEmitter *e, Node *node) {
    Value total = NULL;
    bool is_maximum = node->op->reduce == REDUCE_MAX;
    for (int v = 0; v < e->vectors; v++) {
        at_vector(e, v);
        Value input = masked_input(e, node, valid_lanes(e, v));
        total = total ? loops_combine(&e->b, is_maximum, total, input) : input;
    }
    e->b.row_values[slots_of(e->b.gen, node)] = loops_horizontal(&e->b, is_maximum, total);
}

static bool is_moments(const Node *node) {
    return node->op->reduce == REDUCE_MOMENTS;
}

// A sum has its summands in `first`; moments are of differences from the first row.
static void sum_unrolled(RowEmitter *e, Node *node) {
    for (int v = 0; v < e->vectors; v++) {
        at_vector(e, v);
        Moments *sum = &e->sums[slots_of(e->b.gen, node)][v];
        if (!is_moments(node)) {
            sum->first =
                loops_combine(&e->b, false, sum->first, masked_input(e, node, valid_lanes(e, v)));
            continue;
        }
        Value x = (Value)(void *)element_value(&e->b, node->inputs[0]);
        sum->start = LLVMBuildSelect(e->b.gen->builder, e->is_first, x, sum->start, "");
        sums_moments_add(&e->b, sum, x, valid_lanes(e, v));
    }
}

// Values of whole rows are stored when all are computed: a store between the loads of two operators
// would keep LLVM from loading what both need only once.
static void store_unrolled(RowEmitter *e, Node *node) {
    bool stored = e->b.schedule->buffers[node->id].is_stored;
    bool is_row_value = is_reduction(node) || element_is_row_value(&e->b, node);
    if (!stored || is_row_value || schedule_is_chunked(node)) return;
    for (int v = 0; v < e->vectors; v++) {
        at_vector(e, v);
        element_store(&e->b, node, valid_lanes(e, v));
    }
}

static void compute_unrolled(RowEmitter *e, Node *node) {
    if (schedule_is_chunked(node)) {
        sum_unrolled(e, node);
        return;
    }
    bool stored = e->b.schedule->buffers[node->id].is_stored;
    if (is_reduction(node)) {
        reduce_unrolled(e, node);
        at_vector(e, 0);
        if (stored) element_store(&e->b, node, 1);
        return;
    }
    if (element_is_row_value(&e->b, node)) {
        at_vector(e, 0);
        e->b.row_values[slots_of(e->b.gen, node)] = (Value)(void *)element_value(&e->b, node);
        if (stored) element_store(&e->b, node, 1);
        return;
    }
    for (int v = 0; v < e->vectors; v++) {
        at_vector(e, v);
        element_value(&e->b, node);
    }
}

static void row_unrolled(RowEmitter *e) {
    size_t bytes = sizeof(Value) * ((size_t)e->b.gen->slot_count + 1);
    for (int v = 0; v < e->vectors; v++) memset(e->values[v], 0, bytes);
    memset(e->b.row_values, 0, bytes);
    for (int i = 0; i < e->b.group->nodes.count; i++)
        compute_unrolled(e, e->b.group->nodes.items[i]);
    for (int i = 0; i < e->b.group->nodes.count; i++) store_unrolled(e, e->b.group->nodes.items[i]);
}

// ---- Long rows: a loop for each level.

static int level_of(RowEmitter *e, const Node *node) {
    int level = 0;
    for (int i = 0; i < node->input_count; i++) {
        const Node *input = schedule_source(node->inputs[i]);
        int own = e->b.schedule->group_of[input->id];
        if (input->op->fuse == FUSE_LEAF || (own >= 0 && own != e->b.group->id)) continue;
        int before = own < 0 ? level_of(e, input) : e->level[slots_of(e->b.gen, input)];
        if (is_reduction(input)) before++;
        if (before > level) level = before;
    }
    return level;
}

static Value sum_input(RowEmitter *e, const Node *sum, int valid) {
    if (!is_moments(sum)) return masked_input(e, sum, valid);
    return (Value)(void *)element_value(&e->b, sum->inputs[0]);
}

// Calls `visit` with the full-width work of a level at the current position.
static void walk_level(RowEmitter *e, int level, int valid, Value *totals) {
    const Group *group = e->b.group;
    element_forget(&e->b);
    for (int i = 0; i < group->nodes.count; i++) {
        Node *node = group->nodes.items[i];
        if (e->level[slots_of(e->b.gen, node)] != level) continue;
        if (is_reduction(node))
            totals[i] = loops_combine(&e->b, node->op->reduce == REDUCE_MAX, totals[i],
                                      masked_input(e, node, valid));
        else if (schedule_is_chunked(node))
            sums_add_row(&e->b, node, sum_input(e, node, valid), valid);
        else if (e->b.schedule->buffers[node->id].is_stored && !element_is_row_value(&e->b, node))
            element_store(&e->b, node, valid);
    }
}

static void finish_level(RowEmitter *e, int level, Value *totals) {
    const Group *group = e->b.group;
    e->b.column = ir_int(e->b.gen, 0);
    element_forget(&e->b);
    for (int i = 0; i < group->nodes.count; i++) {
        Node *node = group->nodes.items[i];
        bool reduced = is_reduction(node) && e->level[slots_of(e->b.gen, node)] == level;
        bool row_value = !is_reduction(node) && element_is_row_value(&e->b, node) &&
                         e->level[slots_of(e->b.gen, node)] == level + 1;
        if (reduced)
            e->b.row_values[slots_of(e->b.gen, node)] =
                loops_horizontal(&e->b, node->op->reduce == REDUCE_MAX, totals[i]);
        if (row_value)
            e->b.row_values[slots_of(e->b.gen, node)] = (Value)(void *)element_value(&e->b, node);
        if ((reduced || row_value) && e->b.schedule->buffers[node->id].is_stored)
            element_store(&e->b, node, 1);
    }
}

static bool has_work(const RowEmitter *e, int level) {
    for (int i = 0; i < e->b.group->nodes.count; i++)
        if (e->level[slots_of(e->b.gen, e->b.group->nodes.items[i])] == level) return true;
    return false;
}

// The reductions of a level, by member of the group: NULL for others.
static Value *level_values(RowEmitter *e) {
    return ARENA_ARRAY(e->b.gen->arena, Value, e->b.group->nodes.count + 1);
}

static bool reduces_at(const RowEmitter *e, int member, int level) {
    const Node *node = e->b.group->nodes.items[member];
    return is_reduction(node) && e->level[slots_of(e->b.gen, node)] == level;
}

// A part of the row, of whole vectors: `totals` are what its reductions come to.
static void walk_part(RowEmitter *e, int level, Range part, const Value *initial, Value *totals) {
    Gen *gen = e->b.gen;
    int count = e->b.group->nodes.count;
    Value *carried = level_values(e), *next = level_values(e);
    Loop loop = ir_loop_begin(gen, part.begin, part.end, ir_int(gen, e->b.width), "row");
    for (int i = 0; i < count; i++)
        if (reduces_at(e, i, level)) carried[i] = next[i] = ir_loop_carry(gen, &loop, initial[i]);
    e->b.column = loop.index;
    walk_level(e, level, e->b.width, next);
    ir_loop_end(gen, &loop);
    for (int i = 0; i < count; i++)
        if (carried[i]) totals[i] = ir_loop_result(gen, &loop, carried[i], initial[i], next[i]);
}

// A row of very many vectors: sums of parts are added in double precision.
static void walk_parts(RowEmitter *e, int level, int64_t full, const Value *identity,
                       Value *totals) {
    Gen *gen = e->b.gen;
    int count = e->b.group->nodes.count;
    Value *initial = level_values(e), *carried = level_values(e), *part = level_values(e);
    Value *start = level_values(e);
    LlvmType wide = ir_vector(gen, gen->f64, e->b.width);
    int64_t step = (int64_t)SUMS_MOST_ROWS * e->b.width;
    Loop parts = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, step), "part");
    for (int i = 0; i < count; i++) {
        if (!reduces_at(e, i, level)) continue;
        bool is_sum = e->b.group->nodes.items[i]->op->reduce == REDUCE_SUM;
        initial[i] = is_sum ? LLVMConstNull(wide) : identity[i];
        carried[i] = ir_loop_carry(gen, &parts, initial[i]);
        start[i] = is_sum ? identity[i] : carried[i];
    }
    walk_part(e, level, loops_part(gen, parts.index, ir_int(gen, full), step), start, part);
    for (int i = 0; i < count; i++)
        if (carried[i] && e->b.group->nodes.items[i]->op->reduce == REDUCE_SUM)
            part[i] = LLVMBuildFAdd(gen->builder, carried[i],
                                    LLVMBuildFPExt(gen->builder, part[i], wide, ""), "");
    ir_loop_end(gen, &parts);
    for (int i = 0; i < count; i++)
        if (carried[i]) totals[i] = ir_loop_result(gen, &parts, carried[i], initial[i], part[i]);
    LlvmType narrow = ir_vector(gen, gen->f32, e->b.width);
    for (int i = 0; i < count; i++)
        if (carried[i] && e->b.group->nodes.items[i]->op->reduce == REDUCE_SUM)
            totals[i] = LLVMBuildFPTrunc(gen->builder, totals[i], narrow, "");
}

static void row_level(RowEmitter *e, int level) {
    Gen *gen = e->b.gen;
    Value *identity = level_values(e), *totals = level_values(e);
    int64_t full = e->b.row_width / e->b.width * e->b.width;
    for (int i = 0; i < e->b.group->nodes.count; i++)
        if (reduces_at(e, i, level)) identity[i] = identity_of(e, e->b.group->nodes.items[i]);
    if (full / e->b.width > SUMS_MOST_ROWS)
        walk_parts(e, level, full, identity, totals);
    else
        walk_part(e, level, (Range){ir_int(gen, 0), ir_int(gen, full)}, identity, totals);
    if (full < e->b.row_width) {
        e->b.column = ir_int(gen, full);
        walk_level(e, level, e->last, totals);
    }
    finish_level(e, level, totals);
}

static void row_walked(RowEmitter *e) {
    memset(e->b.row_values, 0, sizeof(Value) * ((size_t)e->b.gen->slot_count + 1));
    int highest = 0;
    for (int i = 0; i < e->b.group->nodes.count; i++) {
        Node *node = e->b.group->nodes.items[i];
        e->level[slots_of(e->b.gen, node)] = level_of(e, node);
        if (e->level[slots_of(e->b.gen, node)] > highest)
            highest = e->level[slots_of(e->b.gen, node)];
    }
    finish_level(e, -1, NULL);
    for (int level = 0; level <= highest; level++)
        if (has_work(e, level)) row_level(e, level);
}

// ---- Row groups.

int loops_width(const Gen *gen, int64_t row_width) {
    int width = 1;
    while (width < row_width && width < gen->target->machine.lanes) width *= 2;
    return width;
}

static bool moves_lanes(const Gen *gen, const Group *group) {
    int lanes = loops_width(gen, group->width);
    for (int i = 0; i < group->nodes.count; i++) {
        const Node *node = group->nodes.items[i];
        if (node->op->moves_lanes && node->op->moves_lanes(node, lanes)) return true;
    }
    return false;
}

static void rows_init(RowEmitter *e, Gen *gen, const Schedule *schedule, const Group *group,
                      Value function) {
    element_begin(&e->b, gen, schedule, group, function);
    element_hoist(&e->b);
    e->b.domain = DOMAIN_ROWS;
    e->b.width = moves_lanes(gen, group) ? 1 : loops_width(gen, group->width);
    e->b.row_values = slots_array(gen, sizeof(Value));
    e->vectors = (int)((group->width + e->b.width - 1) / e->b.width);
    e->last = (int)(group->width - (int64_t)(e->vectors - 1) * e->b.width);
    e->level = slots_array(gen, sizeof(int));
    if (e->vectors > MAX_UNROLLED) return;
    e->b.asks_ahead = true;
    e->values = ARENA_ARRAY(gen->arena, Value *, e->vectors);
    for (int v = 0; v < e->vectors; v++) e->values[v] = slots_array(gen, sizeof(Value));
}

static void one_row(RowEmitter *e) {
    if (e->vectors <= MAX_UNROLLED)
        row_unrolled(e);
    else
        row_walked(e);
}

// The sums of some rows of a sample stay in registers and are added to the chunk's at their end.
typedef struct CarriedSum {
    const Node *node;
    int vector;
    Moments carried, initial;
} CarriedSum;

typedef VEC(CarriedSum) CarriedSums;

static CarriedSum carry_sum(RowEmitter *e, Loop *rows, const Node *node, int vector) {
    Value zero = ir_splat(e->b.gen, ir_float(e->b.gen, 0), e->b.width);
    CarriedSum sum = {node, vector, {0}, sums_moments_begin(&e->b, zero)};
    sum.carried.first = ir_loop_carry(e->b.gen, rows, zero);
    if (!is_moments(node)) return sum;
    sum.carried.start = ir_loop_carry(e->b.gen, rows, zero);
    sum.carried.second = ir_loop_carry(e->b.gen, rows, zero);
    return sum;
}

static void carry_sums(RowEmitter *e, Loop *rows, CarriedSums *list) {
    Gen *gen = e->b.gen;
    const Group *group = e->b.group;
    if (e->vectors > MAX_UNROLLED || !e->b.chunk) return;
    e->sums = slots_array(gen, sizeof(Moments *));
    for (int i = 0; i < group->nodes.count; i++) {
        const Node *node = group->nodes.items[i];
        if (!schedule_is_chunked(node)) continue;
        Moments *own = e->sums[slots_of(gen, node)] = ARENA_ARRAY(gen->arena, Moments, e->vectors);
        for (int v = 0; v < e->vectors; v++) {
            CarriedSum sum = carry_sum(e, rows, node, v);
            own[v] = sum.carried;
            vec_push(gen->arena, list, sum);
        }
    }
    e->is_first = LLVMBuildICmp(gen->builder, LLVMIntEQ, rows->index, rows->begin, "");
}

static Moments carried_result(RowEmitter *e, Loop *rows, const CarriedSum *sum) {
    Gen *gen = e->b.gen;
    const Moments *next = &e->sums[slots_of(gen, sum->node)][sum->vector];
    const Moments *in = &sum->carried, *from = &sum->initial;
    Moments result = {.first = ir_loop_result(gen, rows, in->first, from->first, next->first)};
    if (!is_moments(sum->node)) return result;
    result.start = ir_loop_result(gen, rows, in->start, from->start, next->start);
    result.second = ir_loop_result(gen, rows, in->second, from->second, next->second);
    return result;
}

static void finish_sums(RowEmitter *e, Loop *rows, const CarriedSums *list) {
    Gen *gen = e->b.gen;
    Moments *results = ARENA_ARRAY(gen->arena, Moments, list->count + 1);
    for (int i = 0; i < list->count; i++) results[i] = carried_result(e, rows, &list->items[i]);
    Value count = LLVMBuildSub(gen->builder, rows->end, rows->begin, "");
    for (int i = 0; i < list->count; i++) {
        const CarriedSum *sum = &list->items[i];
        int valid = valid_lanes(e, sum->vector);
        e->b.column = ir_int(gen, (int64_t)sum->vector * e->b.width);
        if (is_moments(sum->node))
            sums_moments_finish(&e->b, sum->node, &results[i], count, valid);
        else
            element_add_to_sum(&e->b, sum->node, results[i].first, valid);
    }
}

static void end_walked_sums(RowEmitter *e) {
    for (int i = 0; e->vectors > MAX_UNROLLED && e->b.chunk && i < e->b.group->nodes.count; i++)
        if (schedule_is_chunked(e->b.group->nodes.items[i]))
            sums_end_rows(&e->b, e->b.group->nodes.items[i]);
}

// Rows whose sums stay in registers from one to the next. `number`: of the position, the field that
// counts them.
static void rows_in_turn(RowEmitter *e, Range range, Value *number, const char *name) {
    CarriedSums sums = {0};
    Loop rows = ir_loop_begin(e->b.gen, range.begin, range.end, ir_int(e->b.gen, 1), name);
    carry_sums(e, &rows, &sums);
    *number = rows.index;
    one_row(e);
    ir_loop_end(e->b.gen, &rows);
    finish_sums(e, &rows, &sums);
    end_walked_sums(e);
}

static void blocks_in_turn(RowEmitter *e, Range range, Value *number, const char *name) {
    Gen *gen = e->b.gen;
    Loop blocks = ir_loop_begin(gen, range.begin, range.end, ir_int(gen, SUMS_MOST_ROWS), "block");
    rows_in_turn(e, loops_part(gen, blocks.index, range.end, SUMS_MOST_ROWS), number, name);
    ir_loop_end(gen, &blocks);
}

// The rows of a sample.
static void lead_rows(RowEmitter *e, Range range) {
    bool is_long = e->b.chunk && e->b.lead > SUMS_MOST_ROWS;
    (is_long ? blocks_in_turn : rows_in_turn)(e, range, &e->b.row, "lead");
}

static void sample_rows(RowEmitter *e, Range range) {
    Gen *gen = e->b.gen;
    if (e->b.lead == 1 && e->b.chunk) {
        blocks_in_turn(e, range, &e->b.sample, "sample"); // of one row each
        return;
    }
    bool divides_rows = e->b.group->partition == PARTITION_OUTPUT;
    if (divides_rows) range = (Range){ir_int(gen, 0), ir_context(gen, e->b.function, FIELD_ROWS)};
    Loop samples = ir_loop_begin(gen, range.begin, range.end, ir_int(gen, 1), "sample");
    e->b.sample = samples.index;
    if (e->b.lead == 1) {
        one_row(e);
    } else {
        Range own = {ir_int(gen, 0), ir_int(gen, e->b.lead)};
        lead_rows(e, divides_rows ? ir_worker_range(gen, e->b.function, own.end) : own);
    }
    ir_loop_end(gen, &samples);
}

// The rows of a value that is the same for all samples.
static void rows_once(RowEmitter *e) {
    LLVMBasicBlockRef skip;
    ir_only_worker_zero(e->b.gen, e->b.function, &skip);
    lead_rows(e, (Range){ir_int(e->b.gen, 0), ir_int(e->b.gen, e->b.lead)});
    LLVMBuildBr(e->b.gen->builder, skip);
    LLVMPositionBuilderAtEnd(e->b.gen->builder, skip);
}

static void rows_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function) {
    RowEmitter e = {0};
    rows_init(&e, gen, schedule, group, function);
    if (!group->domain.batched) {
        rows_once(&e);
        return;
    }
    if (!element_has_sums(group)) {
        sample_rows(&e, ir_sample_range(gen, schedule, function));
        return;
    }
    ChunkLoop chunks = ir_chunks_begin(gen, schedule, function);
    e.b.chunk = chunks.loop.index;
    element_clear_sums(&e.b, chunks.begins);
    sample_rows(&e, chunks.samples);
    ir_loop_end(gen, &chunks.loop);
}

// ---- All of them.

static void store_told(Gen *gen, const Graph *graph, const Node *node, Value function,
                       Value value) {
    for (int i = 0; graph_told(graph, i); i++) {
        if (schedule_source(graph_told(graph, i)) != node) continue;
        Value wide = LLVMBuildFPExt(gen->builder, value, gen->f64, "");
        Value numbers = ir_context(gen, function, FIELD_LOSS);
        LLVMBuildStore(gen->builder, wide,
                       i ? ir_offset(gen, gen->f64, numbers, ir_int(gen, i)) : numbers);
    }
}

static void scalar_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function) {
    LaneBuilder b;
    element_begin(&b, gen, schedule, group, function);
    b.domain = DOMAIN_SCALAR;
    b.width = 1;
    LLVMBasicBlockRef skip;
    ir_only_worker_zero(gen, function, &skip);
    for (int i = 0; i < group->nodes.count; i++) {
        const Node *node = group->nodes.items[i];
        Value value = (Value)(void *)element_value(&b, group->nodes.items[i]);
        store_told(gen, schedule->graph, node, function, value);
    }
    element_store_all(&b, 1);
    LLVMBuildBr(gen->builder, skip);
    LLVMPositionBuilderAtEnd(gen->builder, skip);
}

Value loops_emit(Gen *gen, const Schedule *schedule, const Group *group, const char *name) {
    Value function = ir_group_function(gen, name);
    switch (group->kind) {
    case GROUP_ROWS:
        if (!group->host) rows_emit(gen, schedule, group, function);
        break;
    case GROUP_AXIS: axis_emit(gen, schedule, group, function); break;
    case GROUP_COLUMNS: columns_emit(gen, schedule, group, function); break;
    case GROUP_STORAGE: storage_emit(gen, schedule, group, function); break;
    case GROUP_REDUCE: reduce_emit(gen, schedule, group, function); break;
    case GROUP_PLACES: places_emit(gen, schedule, group, function); break;
    case GROUP_SCATTER: scatter_emit(gen, schedule, group, function); break;
    case GROUP_SCALAR: scalar_emit(gen, schedule, group, function); break;
    case GROUP_LAYOUT:
    case GROUP_SCAN:
    case GROUP_JOIN:
    case GROUP_CONTRACTION: nn_ice("gen", "a contraction is not a loop");
    }
    LLVMBuildRetVoid(gen->builder);
    return function;
}
