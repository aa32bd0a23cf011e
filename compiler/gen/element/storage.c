// Groups over the storage of a parameter, in whatever order it lies: elementwise, and whole sums.
#include "places.h"

#include "../../op/op.h"
#include "../../pass/group/touched.h"
#include "touched.h"

// A node of the storage's type.
static const Node *storage_node(const Group *group) {
    const Node *node = group->anchor        ? group->anchor
                       : group->nodes.count ? group->nodes.items[0]
                                            : group->assigns.items[0];
    if (group->kind == GROUP_REDUCE || group->nodes.count == 0)
        node = schedule_source(node->inputs[0]);
    return node;
}

// In whose layout it lies; -1: in none's.
static int storage_parameter(const Schedule *schedule, const Group *group) {
    const Node *node = storage_node(group);
    int parameter = schedule->buffers[node->id].parameter;
    if (node->parameter) parameter = node->parameter->index;
    if (node->slot && node->slot->parameter) parameter = node->slot->parameter->index;
    for (int i = 0; i < group->assigns.count && parameter < 0; i++) {
        const Node *assign = group->assigns.items[i];
        if (assign->parameter)
            parameter = assign->parameter->index;
        else if (assign->slot->parameter)
            parameter = assign->slot->parameter->index;
    }
    return parameter;
}

static int64_t storage_size(const Schedule *schedule, const Group *group) {
    int parameter = storage_parameter(schedule, group);
    if (parameter >= 0) return schedule->layout->parameters[parameter].storage.size;
    return (type_elements(&storage_node(group)->type) + 15) / 16 * 16;
}

// Where numbers lie one behind the other, what follows them is of no meaning; in the layouts of
// kernels the padding between them is zero.
static int64_t meaning_size(const Schedule *schedule, const Group *group) {
    int parameter = storage_parameter(schedule, group);
    bool is_plain = parameter < 0 || schedule->layout->parameters[parameter].kind == LAYOUT_PLAIN;
    return is_plain ? type_elements(&storage_node(group)->type) : storage_size(schedule, group);
}

static bool needs_places(const Schedule *schedule, const Group *group, int order) {
    for (int i = 0; i < group->nodes.count; i++)
        if (places_are_needed(schedule, group, order, group->nodes.items[i])) return true;
    for (int i = 0; i < group->assigns.count; i++)
        if (places_are_needed(schedule, group, order, group->assigns.items[i])) return true;
    return false;
}

void storage_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function) {
    LaneBuilder b;
    element_begin(&b, gen, schedule, group, function);
    element_hoist(&b);
    b.domain = DOMAIN_STORAGE;
    int64_t vectors = storage_size(schedule, group) / b.width;
    Range range = ir_worker_range(gen, function, ir_int(gen, vectors));
    Loop loop = ir_loop_begin(gen, range.begin, range.end, ir_int(gen, 1), "storage");
    b.storage = ir_multiply(gen, loop.index, ir_int(gen, b.width));
    b.order = storage_parameter(schedule, group);
    if (needs_places(schedule, group, b.order)) places_find_lanes(&b);
    element_store_all(&b, b.width);
    ir_loop_end(gen, &loop);
}

static Value widened_at(LaneBuilder *b, Node *node, Value storage, int valid) {
    Gen *gen = b->gen;
    b->storage = storage;
    element_forget(b);
    Value input = (Value)(void *)element_value(b, node);
    if (valid < b->width) input = ir_zero_after(gen, input, valid);
    return LLVMBuildFPExt(gen->builder, input, ir_vector(gen, gen->f64, b->width), "");
}

// The sum of the anchor's input over its storage. In double precision: a large layer has millions
// of summands.
static Value sum_all(LaneBuilder *b, const Node *anchor) {
    Gen *gen = b->gen;
    Value zero = LLVMConstNull(ir_vector(gen, gen->f64, b->width));
    int64_t size = meaning_size(b->schedule, b->group), full = size / b->width * b->width;
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, full), ir_int(gen, b->width), "reduce");
    Value carried = ir_loop_carry(gen, &loop, zero);
    Value summand = widened_at(b, anchor->inputs[0], loop.index, b->width);
    Value next = LLVMBuildFAdd(gen->builder, carried, summand, "");
    ir_loop_end(gen, &loop);
    Value sum = ir_loop_result(gen, &loop, carried, zero, next);
    if (full < size) {
        summand = widened_at(b, anchor->inputs[0], ir_int(gen, full), (int)(size - full));
        sum = LLVMBuildFAdd(gen->builder, sum, summand, "");
    }
    return sum;
}

static Value sum_storage(LaneBuilder *b, const Node *anchor) {
    Gen *gen = b->gen;
    bool is_touched = touched_summed(b->schedule, anchor) != NULL;
    Value sum = is_touched ? touched_sum(b, anchor) : sum_all(b, anchor);
    sum = loops_horizontal(b, false, sum);
    return LLVMBuildFPTrunc(gen->builder, sum, ir_vector(gen, gen->f32, b->width), "");
}

void reduce_emit(Gen *gen, const Schedule *schedule, const Group *group, Value function) {
    LaneBuilder b;
    element_begin(&b, gen, schedule, group, function);
    b.domain = DOMAIN_STORAGE;
    LLVMBasicBlockRef skip;
    ir_only_worker_zero(gen, function, &skip);
    element_hoist(&b);
    Node *summand = group->anchor->inputs[0];
    b.shape = summand->type; // the group's is that of the sum
    b.order = storage_parameter(schedule, group);
    bool one_number = type_elements(&summand->type) == 1; // which each lane sees
    Value number =
        one_number ? (Value)(void *)element_value(&b, summand) : sum_storage(&b, group->anchor);
    element_forget(&b);
    b.storage = ir_int(gen, 0);
    b.values[slots_of(gen, group->anchor)] = number;
    element_store_all(&b, b.width);
    LLVMBuildBr(gen->builder, skip);
    LLVMPositionBuilderAtEnd(gen->builder, skip);
}
