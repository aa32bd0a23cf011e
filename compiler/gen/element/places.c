// Unbatched values place by place, in whatever order they lie: sums and maxima over a part of one,
// and operands of storage groups that have fewer elements than the storage, or another order.
#include "places.h"

#include "../../op/op.h"

#include <math.h>

// ---- Arithmetic of places: of one number, or of a number a lane.

static Value number_like(Value like, int64_t number) {
    LlvmType type = LLVMTypeOf(like);
    if (LLVMGetTypeKind(type) != LLVMVectorTypeKind)
        return LLVMConstInt(type, (unsigned long long)number, 1);
    Value items[64], item = LLVMConstInt(LLVMGetElementType(type), (unsigned long long)number, 1);
    unsigned count = LLVMGetVectorSize(type);
    for (unsigned i = 0; i < count; i++) items[i] = item;
    return LLVMConstVector(items, count);
}

static Value times(Gen *gen, Value x, int64_t number) {
    return number == 1 ? x : LLVMBuildMul(gen->builder, x, number_like(x, number), "");
}

static Value over(Gen *gen, Value x, int64_t number) {
    return number == 1 ? x : LLVMBuildUDiv(gen->builder, x, number_like(x, number), "");
}

static Value rest(Gen *gen, Value x, int64_t number) {
    return number == 1 ? number_like(x, 0)
                       : LLVMBuildURem(gen->builder, x, number_like(x, number), "");
}

static Value plus(Gen *gen, Value x, Value y) {
    return LLVMBuildAdd(gen->builder, x, y, "");
}

static Value is_below(Gen *gen, Value x, int64_t number) {
    return LLVMBuildICmp(gen->builder, LLVMIntULT, x, number_like(x, number), "");
}

// ---- Orders.

static nnrt_storage storage_of(const Schedule *schedule, int order, const Type *type) {
    int64_t columns = type_last(type);
    if (order >= 0) return schedule->layout->parameters[order].storage;
    return (nnrt_storage){
        .size = type_elements(type), .panel = columns, .row_stride = columns, .column_stride = 1};
}

// nnrt.h, struct nnrt_storage.
static Value place_of(Gen *gen, const nnrt_storage *s, Value row, Value column) {
    Value place = times(gen, row, s->row_stride);
    if (!s->panel_stride) return plus(gen, place, times(gen, column, s->column_stride));
    place = plus(gen, place, times(gen, over(gen, column, s->panel), s->panel_stride));
    return plus(gen, place, times(gen, rest(gen, column, s->panel), s->column_stride));
}

static bool is_plain(const Schedule *schedule, int order) {
    return order < 0 || schedule->layout->parameters[order].kind == LAYOUT_PLAIN;
}

static int order_of(const Schedule *schedule, const Node *node) {
    if (node->parameter) return node->parameter->index;
    if (node->slot) return node->slot->parameter ? node->slot->parameter->index : -1;
    return schedule->buffers[node->id].parameter;
}

// Whether an operand in order `own` is not found at the same place as what has `shape` and `order`.
static bool lies_elsewhere(const Schedule *schedule, const Type *shape, int order, const Type *view,
                           int own) {
    if (type_elements(view) == 1) return false;
    if (type_elements(view) != type_elements(shape)) return true;
    return own != order && !(is_plain(schedule, own) && is_plain(schedule, order));
}

bool places_are_needed(const Schedule *schedule, const Group *group, int order, const Node *node) {
    for (int i = 0; i < node->input_count; i++) {
        const Node *input = schedule_source(node->inputs[i]);
        int own = schedule->group_of[input->id];
        if (own == group->id) continue;
        if (own < 0 && input->op->fuse != FUSE_LEAF) {
            if (places_are_needed(schedule, group, order, input)) return true;
        } else if (lies_elsewhere(schedule, &group->domain, order, &node->inputs[i]->type,
                                  order_of(schedule, input))) {
            return true;
        }
    }
    return false;
}

// The row of an operand of fewer dimensions, or of some that are 1, at a row of the shape.
static Value row_of_view(LaneBuilder *b, const Type *view, Value row) {
    Gen *gen = b->gen;
    const Type *shape = &b->shape;
    Value own = number_like(row, 0);
    int64_t stride = 1, after = 1;
    int missing = shape->rank - view->rank;
    if (type_elements(view) == type_elements(shape) && type_last(view) == type_last(shape))
        return row;
    for (int k = shape->rank - 2; k >= missing && k >= 0; k--) {
        int64_t size = view->dims[k - missing];
        if (size > 1) {
            Value at = rest(gen, over(gen, row, after), shape->dims[k]);
            own = plus(gen, own, times(gen, at, stride));
        }
        stride *= size;
        after *= shape->dims[k];
    }
    return own;
}

static Value place_in_view(LaneBuilder *b, const Type *view, int order, Value row, Value column) {
    nnrt_storage storage = storage_of(b->schedule, order, view);
    if (type_last(view) == 1) column = number_like(column, 0);
    return place_of(b->gen, &storage, row_of_view(b, view, row), column);
}

Value places_index(LaneBuilder *b, const Type *view, int order) {
    return place_in_view(b, view, order, b->row, b->column);
}

// ---- The lanes of a storage group.

static LlvmType place_type(LaneBuilder *b, const nnrt_storage *storage) {
    LlvmType one = storage->size < INT32_MAX ? b->gen->i32 : b->gen->i64;
    return ir_vector(b->gen, one, b->width);
}

static Value lane_places(LaneBuilder *b, LlvmType type) {
    Value items[64];
    if (b->width == 1) return LLVMBuildTrunc(b->gen->builder, b->storage, type, "");
    LlvmType one = LLVMGetElementType(type);
    for (int i = 0; i < b->width; i++) items[i] = LLVMConstInt(one, (unsigned long long)i, 0);
    Value first = LLVMBuildTrunc(b->gen->builder, b->storage, one, "");
    Value lanes = LLVMConstVector(items, (unsigned)b->width);
    return plus(b->gen, ir_splat(b->gen, first, b->width), lanes);
}

void places_find_lanes(LaneBuilder *b) {
    Gen *gen = b->gen;
    nnrt_storage s = storage_of(b->schedule, b->order, &b->shape);
    int64_t columns = type_last(&b->shape), rows = type_elements(&b->shape) / columns;
    Value at = lane_places(b, place_type(b, &s)), panel = NULL;
    if (s.panel_stride) {
        panel = over(gen, at, s.panel_stride);
        at = rest(gen, at, s.panel_stride);
    }
    bool is_transposed = s.column_stride != 1;
    int64_t line = is_transposed ? s.column_stride : s.row_stride;
    Value first = over(gen, at, line), second = rest(gen, at, line);
    Value row = is_transposed ? second : first, column = is_transposed ? first : second;
    Value is_there =
        LLVMBuildAnd(gen->builder, is_below(gen, row, rows), is_below(gen, column, s.panel), "");
    if (panel) column = plus(gen, times(gen, panel, s.panel), column);
    b->lane_rows = row;
    b->lane_columns = column;
    b->lane_is_there = LLVMBuildAnd(gen->builder, is_there, is_below(gen, column, columns), "");
}

LanePlaces places_of_lanes(const LaneBuilder *b) {
    LaneBuilder at = *b;
    LlvmType type = ir_vector(b->gen, b->gen->i32, b->width);
    places_find_lanes(&at);
    return (LanePlaces){LLVMBuildTrunc(b->gen->builder, at.lane_rows, type, ""),
                        LLVMBuildTrunc(b->gen->builder, at.lane_columns, type, "")};
}

bool places_gathers(const LaneBuilder *b, const Type *view, int order) {
    return b->domain == DOMAIN_STORAGE && b->lane_rows &&
           lies_elsewhere(b->schedule, &b->shape, b->order, view, order);
}

// Zero in the lanes that are padding.
Value places_gather(LaneBuilder *b, const Type *view, int order, Value base) {
    Gen *gen = b->gen;
    Value index = place_in_view(b, view, order, b->lane_rows, b->lane_columns);
    Value pointers = LLVMBuildGEP2(gen->builder, gen->f32, base, &index, 1, "");
    return ir_gather(gen, ir_vector(gen, gen->f32, b->width), pointers, b->lane_is_there);
}

// ---- Sums and maxima over a part.

// What is reduced to one place of the result: `count` places of the input, `inner` rows or, within
// a row, a column apart.
typedef struct Part {
    LaneBuilder *input;
    Node *summand;
    Value row, column; // the first
    int64_t count, inner;
    bool is_in_row, is_maximum;
} Part;

static Part part_at(LaneBuilder *input, const Node *anchor, Value place) {
    Gen *gen = input->gen;
    const Type *type = &anchor->inputs[0]->type;
    Part part = {.input = input,
                 .summand = anchor->inputs[0],
                 .is_in_row = anchor->op->fuse == FUSE_REDUCTION,
                 .is_maximum = anchor->op->reduce == REDUCE_MAX};
    if (part.is_in_row) {
        part.row = place;
        part.column = ir_int(gen, 0);
        part.count = type_last(type);
        return part;
    }
    int axis = (int)args_int(anchor->args, "axis");
    part.inner = 1;
    part.count = type->dims[axis];
    for (int i = axis + 1; i + 1 < type->rank; i++) part.inner *= type->dims[i];
    Value row = over(gen, place, type_last(type));
    Value outer = times(gen, over(gen, row, part.inner), part.inner * part.count);
    part.column = rest(gen, place, type_last(type));
    part.row = plus(gen, outer, rest(gen, row, part.inner));
    return part;
}

// In double precision: a large layer has many summands.
static Value reduce_part(const Part *part) {
    LaneBuilder *input = part->input;
    Gen *gen = input->gen;
    Value start = LLVMConstReal(gen->f64, part->is_maximum ? (double)-INFINITY : 0.0);
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, part->count), ir_int(gen, 1), "part");
    Value carried = ir_loop_carry(gen, &loop, start);
    input->row = part->row;
    input->column = part->column;
    if (part->is_in_row)
        input->column = loop.index;
    else
        input->row = plus(gen, part->row, times(gen, loop.index, part->inner));
    element_forget(input);
    Value element = (Value)(void *)element_value(input, part->summand);
    element = LLVMBuildFPExt(gen->builder, element, gen->f64, "");
    Value next = loops_combine(input, part->is_maximum, carried, element);
    ir_loop_end(gen, &loop);
    Value result = ir_loop_result(gen, &loop, carried, start, next);
    return LLVMBuildFPTrunc(gen->builder, result, gen->f32, "");
}

void places_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function) {
    LaneBuilder input;
    const Node *anchor = group->anchor;
    element_begin(&input, gen, schedule, group, function);
    element_hoist(&input);
    input.domain = DOMAIN_ROWS;
    input.width = 1;
    Range range = ir_worker_range(gen, function, ir_int(gen, type_elements(&anchor->type)));
    Loop loop = ir_loop_begin(gen, range.begin, range.end, ir_int(gen, 1), "place");
    Part part = part_at(&input, anchor, loop.index);
    Value result = reduce_part(&part);
    ir_store(gen, result, ir_offset(gen, gen->f32, element_arena(&input, anchor), loop.index));
    ir_loop_end(gen, &loop);
}
