// Sums and maxima over a leading dimension of each sample.
#include "loops.h"

#include "../../op/op.h"

#include <math.h>

// What is reduced to the vector at a column of a row of the result.
typedef struct Along {
    LaneBuilder *input;
    const Node *anchor;
    Value first, column; // its first row in the input
    int64_t inner;       // rows of the input from one to the next
} Along;

static bool takes_maximum(const Node *node) {
    return node->op->reduce == REDUCE_MAX;
}

static Value reduce_part(const Along *along, Range part, Value initial) {
    LaneBuilder *input = along->input;
    Gen *gen = input->gen;
    Loop loop = ir_loop_begin(gen, part.begin, part.end, ir_int(gen, 1), "axis");
    Value carried = ir_loop_carry(gen, &loop, initial);
    input->row = ir_add(gen, along->first, ir_multiply(gen, loop.index, ir_int(gen, along->inner)));
    input->column = along->column;
    element_forget(input);
    Value element = (Value)(void *)element_value(input, along->anchor->inputs[0]);
    Value next = loops_combine(input, takes_maximum(along->anchor), carried, element);
    ir_loop_end(gen, &loop);
    return ir_loop_result(gen, &loop, carried, initial, next);
}

// Sums of parts are added in double precision.
static Value sum_parts(const Along *along, int64_t count) {
    LaneBuilder *input = along->input;
    Gen *gen = input->gen;
    LlvmType wide = ir_vector(gen, gen->f64, input->width);
    Value zero = LLVMConstNull(wide), none = ir_splat(gen, ir_float(gen, 0), input->width);
    Value end = ir_int(gen, count);
    Loop parts = ir_loop_begin(gen, ir_int(gen, 0), end, ir_int(gen, SUMS_MOST_ROWS), "part");
    Value carried = ir_loop_carry(gen, &parts, zero);
    Value part = reduce_part(along, loops_part(gen, parts.index, end, SUMS_MOST_ROWS), none);
    Value next = loops_combine(input, false, carried, LLVMBuildFPExt(gen->builder, part, wide, ""));
    ir_loop_end(gen, &parts);
    Value sum = ir_loop_result(gen, &parts, carried, zero, next);
    return LLVMBuildFPTrunc(gen->builder, sum, LLVMTypeOf(none), "");
}

static Value reduce_along(LaneBuilder *input, const Node *anchor, Value row, Value column) {
    Gen *gen = input->gen;
    const Type *type = &anchor->inputs[0]->type;
    int axis = (int)args_int(anchor->args, "axis");
    Along along = {.input = input, .anchor = anchor, .column = column, .inner = 1};
    for (int i = axis + 1; i + 1 < type->rank; i++) along.inner *= type->dims[i];
    Value inner = ir_int(gen, along.inner);
    Value outer = LLVMBuildUDiv(gen->builder, row, inner, "");
    int64_t count = type->dims[axis];
    along.first = LLVMBuildURem(gen->builder, row, inner, "");
    along.first =
        ir_add(gen, along.first, ir_multiply(gen, outer, ir_int(gen, along.inner * count)));
    if (!takes_maximum(anchor) && count > SUMS_MOST_ROWS) return sum_parts(&along, count);
    Value identity =
        ir_splat(gen, ir_float(gen, takes_maximum(anchor) ? -INFINITY : 0), input->width);
    return reduce_part(&along, (Range){ir_int(gen, 0), ir_int(gen, count)}, identity);
}

static void axis_at(LaneBuilder *input, LaneBuilder *result, Value column, int valid) {
    Node *anchor = result->group->anchor;
    Value result_value = reduce_along(input, anchor, result->row, column);
    element_forget(result);
    result->column = column;
    result->values[slots_of(result->gen, anchor)] = result_value;
    element_store(result, anchor, valid);
}

void axis_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function) {
    LaneBuilder input, result;
    element_begin(&input, gen, schedule, group, function);
    element_begin(&result, gen, schedule, group, function);
    element_hoist(&input);
    result.numbers = input.numbers;
    result.vectors = input.vectors;
    input.shape = group->anchor->inputs[0]->type;
    input.lead = type_elements(&input.shape) / group->width;
    input.width = result.width = loops_width(gen, group->width);
    int64_t full = group->width / result.width * result.width;
    Range range = ir_sample_range(gen, schedule, function);
    Loop samples = ir_loop_begin(gen, range.begin, range.end, ir_int(gen, 1), "sample");
    input.sample = result.sample = samples.index;
    Loop rows =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, group->lead), ir_int(gen, 1), "lead");
    result.row = rows.index;
    Loop columns =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, result.width), "row");
    axis_at(&input, &result, columns.index, result.width);
    ir_loop_end(gen, &columns);
    if (full < group->width)
        axis_at(&input, &result, ir_int(gen, full), (int)(group->width - full));
    ir_loop_end(gen, &rows);
    ir_loop_end(gen, &samples);
}
