// Operators that fetch elements from other places of their inputs: pooling, padding, permutations.
// An input is loaded where it lies in memory, or computed at the other place if it is inlined.
#include "../emit.h"

#include "../../base/diagnostics/ice.h"
#include "../../op/op.h"

typedef LaneBuilder B;

#define IR b->gen->builder

static Value value(LanePlace place) {
    return (Value)(void *)place;
}

static LanePlace place(Value v) {
    return (LanePlace)(void *)v;
}

static Value truth_value(LaneTruth truth) {
    return (Value)(void *)truth;
}

static LaneTruth truth(Value v) {
    return (LaneTruth)(void *)v;
}

// ---- Places.

LanePlace lane_place(B *b, int dimension) {
    int64_t after = 1, before = 1;
    if (dimension == b->shape.rank - 1) return place(b->column);
    for (int i = dimension + 1; i + 1 < b->shape.rank; i++) after *= b->shape.dims[i];
    for (int i = 0; i < dimension; i++) before *= b->shape.dims[i];
    Value at = b->row;
    if (after > 1) at = LLVMBuildUDiv(IR, at, ir_int(b->gen, after), "");
    if (before > 1) at = LLVMBuildURem(IR, at, ir_int(b->gen, b->shape.dims[dimension]), "");
    return place(at);
}

LanePlace lane_place_number(B *b, int64_t number) {
    return place(ir_int(b->gen, number));
}

LanePlace lane_place_add(B *b, LanePlace x, LanePlace y) {
    return place(ir_add(b->gen, value(x), value(y)));
}

LanePlace lane_place_multiply(B *b, LanePlace x, int64_t factor) {
    return factor == 1 ? x : place(ir_multiply(b->gen, value(x), ir_int(b->gen, factor)));
}

LanePlace lane_place_divide(B *b, LanePlace x, int64_t divisor) {
    return divisor == 1 ? x : place(LLVMBuildUDiv(IR, value(x), ir_int(b->gen, divisor), ""));
}

LanePlace lane_place_remainder(B *b, LanePlace x, int64_t divisor) {
    if (divisor == 1) return lane_place_number(b, 0);
    return place(LLVMBuildURem(IR, value(x), ir_int(b->gen, divisor), ""));
}

static LanePlace choose_place(B *b, LLVMIntPredicate keeps, LanePlace x, int64_t limit) {
    Value other = ir_int(b->gen, limit);
    Value keep = LLVMBuildICmp(IR, keeps, value(x), other, "");
    return place(LLVMBuildSelect(IR, keep, value(x), other, ""));
}

LanePlace lane_place_minimum(B *b, LanePlace x, int64_t limit) {
    return choose_place(b, LLVMIntSLT, x, limit);
}

LanePlace lane_place_maximum(B *b, LanePlace x, int64_t limit) {
    return choose_place(b, LLVMIntSGT, x, limit);
}

Lane lane_place_value(B *b, LanePlace x) {
    Value number = LLVMBuildSIToFP(IR, value(x), b->gen->f32, "");
    return (Lane)(void *)ir_splat(b->gen, number, b->width);
}

// One comparison without signs: numbers below `low` wrap around and become large.
LaneTruth lane_place_within(B *b, LanePlace x, int64_t low, int64_t end) {
    Value from = LLVMBuildSub(IR, value(x), ir_int(b->gen, low), "");
    return truth(LLVMBuildICmp(IR, LLVMIntULT, from, ir_int(b->gen, end - low), ""));
}

LaneTruth lane_truth_and(B *b, LaneTruth x, LaneTruth y) {
    return truth(LLVMBuildAnd(IR, truth_value(x), truth_value(y), ""));
}

Lane lane_choose(B *b, LaneTruth condition, Lane if_true, Lane if_false) {
    return (Lane)(void *)LLVMBuildSelect(IR, truth_value(condition), (Value)(void *)if_true,
                                         (Value)(void *)if_false, "");
}

// ---- Fetching.

B element_builder_at(const B *b, const Node *input, Value row, Value column) {
    B at = *b;
    at.shape = input->type;
    at.row_width = type_last(&input->type);
    at.lead = type_elements(&input->type) / at.row_width;
    at.row = row;
    at.column = column;
    at.row_values = NULL;
    at.values = slots_array(b->gen, sizeof(Value));
    return at;
}

Lane lane_fetch(B *b, Node *node, int number, const LanePlace *places, Lane outside) {
    Node *input = node->inputs[number];
    const Type *type = &input->type;
    Value row = ir_int(b->gen, 0);
    LaneTruth inside = NULL;
    for (int k = 0; k + 1 < type->rank; k++) {
        Value at = value(places[k]);
        LaneTruth within = lane_place_within(b, places[k], 0, type->dims[k]);
        bool is_sure = LLVMIsConstant(truth_value(within)) &&
                       LLVMConstIntGetZExtValue(truth_value(within)) == 1;
        if (!is_sure) {
            at = LLVMBuildSelect(IR, truth_value(within), at, ir_int(b->gen, 0), "");
            inside = inside ? lane_truth_and(b, inside, within) : within;
        }
        row = ir_add(b->gen, ir_multiply(b->gen, row, ir_int(b->gen, type->dims[k])), at);
    }
    Value column = value(places[type->rank - 1]);
    if (column != b->column || type_last(type) != b->row_width) {
        LaneTruth within = lane_place_within(b, places[type->rank - 1], 0, type_last(type));
        column = LLVMBuildSelect(IR, truth_value(within), column, ir_int(b->gen, 0), "");
        inside = inside ? lane_truth_and(b, inside, within) : within;
    }
    B at = element_builder_at(b, input, row, column);
    Lane fetched = element_value(&at, input);
    return inside && outside ? lane_choose(b, inside, fetched, outside) : fetched;
}

// One number, whatever the width of what asks for it.
static Value number_at(B *b, Node *input, Value row, Value column) {
    B at = element_builder_at(b, input, row, column);
    at.width = 1;
    Value number = (Value)(void *)element_value(&at, input);
    return LLVMBuildFPToSI(IR, number, b->gen->i64, "");
}

Value element_index(B *b, Node *numbers, Value row, Value column, int64_t size) {
    LanePlace number = place(number_at(b, numbers, row, column));
    return value(lane_place_maximum(b, lane_place_minimum(b, number, size - 1), 0));
}

LanePlace lane_fetch_place(B *b, Node *node, int number, const LanePlace *places, int64_t size) {
    Node *input = node->inputs[number];
    int rank = input->type.rank;
    Value row = ir_int(b->gen, 0);
    for (int k = 0; k + 1 < rank; k++)
        row = ir_add(b->gen, ir_multiply(b->gen, row, ir_int(b->gen, input->type.dims[k])),
                     value(places[k]));
    Value column = rank ? value(places[rank - 1]) : row;
    return place(element_index(b, input, row, column, size));
}

// ---- Repetition.

enum { LONGEST_UNROLLED = 8 };

static void repeat_unrolled(B *b, int64_t count, Lane *carried, LaneStep *step, void *state) {
    for (int64_t i = 0; i < count; i++) step(b, lane_place_number(b, i), carried, state);
}

void lane_repeat(B *b, int64_t count, Lane *carried, int carried_count, LaneStep *step,
                 void *state) {
    Gen *gen = b->gen;
    Value initial[LANE_CARRIED], phis[LANE_CARRIED];
    if (count <= LONGEST_UNROLLED) {
        repeat_unrolled(b, count, carried, step, state);
        return;
    }
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, count), ir_int(gen, 1), "step");
    for (int i = 0; i < carried_count; i++) {
        initial[i] = (Value)(void *)carried[i];
        phis[i] = ir_loop_carry(gen, &loop, initial[i]);
        carried[i] = (Lane)(void *)phis[i];
    }
    step(b, place(loop.index), carried, state);
    ir_loop_end(gen, &loop);
    for (int i = 0; i < carried_count; i++) {
        Value next = (Value)(void *)carried[i];
        carried[i] = (Lane)(void *)ir_loop_result(gen, &loop, phis[i], initial[i], next);
    }
}

// Its places are counted in its own dimensions, of which those before the last may be others than
// the position's.
Value gather_value(B *b, Node *node) {
    if (!node->op->gather) nn_ice("gen", "%s cannot be computed yet", node->op->schema.name);
    bool fits = type_elements(&b->shape) == type_elements(&node->type) &&
                type_last(&b->shape) == type_last(&node->type);
    if (!fits)
        nn_ice("gen", "group %d computes %s %%%d in another shape, %s", b->group->id,
               node->op->schema.name, node->id, type_text(b->gen->arena, &b->shape));
    B own = *b;
    own.shape = node->type;
    return (Value)(void *)node->op->gather(&own, node);
}
