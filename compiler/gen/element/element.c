// Values at a position: where a node's value comes from (known already, a buffer, the weights, a
// data column, or its operator's formula) and where it goes. Every kind of group computes its
// elementwise nodes through this one recursion.
#include "../product/bfloat16/bfloat16.h"
#include "places.h"
#include "sums.h"

#include "../../base/diagnostics/ice.h"
#include "../../op/op.h"

#include <string.h>

static void look_for_windowed(Node *value, void *state) {
    LaneBuilder *b = state;
    if (b->before || !b->schedule->buffers[value->id].window_last) return;
    b->before = ir_samples_before(b->gen, b->schedule, b->function);
}

// Values that live within a window lie where the first one had them.
static void find_samples_before(LaneBuilder *b) {
    if (!b->schedule->has_windows) return;
    for (int i = 0; i < b->group->nodes.count; i++) look_for_windowed(b->group->nodes.items[i], b);
    schedule_visit_reads(b->schedule, b->group, look_for_windowed, b);
}

void element_begin(LaneBuilder *b, Gen *gen, const Schedule *schedule, const Group *group,
                   Value function) {
    *b = (LaneBuilder){.gen = gen, .schedule = schedule, .group = group, .function = function};
    b->width = gen->target->machine.lanes;
    b->shape = group->domain;
    b->lead = group->lead;
    b->row_width = group->width;
    b->row = b->column = b->sample = b->storage = ir_int(gen, 0);
    b->values = slots_array(gen, sizeof(Value));
    b->order = -1;
    find_samples_before(b);
}

void element_forget(LaneBuilder *b) {
    memset(b->values, 0, sizeof(Value) * ((size_t)b->gen->slot_count + 1));
}

bool element_is_row_value(const LaneBuilder *b, const Node *node) {
    return node->type.batched && type_elements(&node->type) != b->lead * b->row_width;
}

// ---- Addresses.

Value element_arena(LaneBuilder *b, const Node *node) {
    Value arena = ir_context(b->gen, b->function, FIELD_ARENA);
    int64_t offset = b->schedule->buffers[node->id].offset;
    Value place = share_number(b->gen, b->function, PLACE_BUFFER, node->id, offset);
    return ir_offset(b->gen, b->gen->f32, arena, place);
}

// How far a value of a scan's body is from where it begins. Steps are counted in the scan's own
// direction where two places take turns.
static Value moved(LaneBuilder *b, const Buffer *buffer) {
    Gen *gen = b->gen;
    const Scan *scan = b->schedule->scan;
    Value time = ir_time(gen, b->function);
    if (buffer->motion != MOTION_STEPS) {
        if (scan->is_reversed)
            time = LLVMBuildSub(gen->builder, ir_int(gen, scan->steps - 1), time, "");
        if (buffer->motion == MOTION_WRITTEN) time = ir_add(gen, time, ir_int(gen, 1));
        time = LLVMBuildAnd(gen->builder, time, ir_int(gen, 1), "");
    }
    return ir_multiply(gen, time, ir_int(gen, buffer->distance));
}

Value element_buffer(LaneBuilder *b, const Node *node) {
    const Buffer *buffer = &b->schedule->buffers[node->id];
    if (!buffer->is_stored) nn_ice("gen", "%%%d has no buffer", node->id);
    Value sample = b->sample;
    if (buffer->window_last) sample = LLVMBuildSub(b->gen->builder, sample, b->before, "");
    Value distance = ir_multiply(b->gen, sample, ir_int(b->gen, buffer->stride));
    if (buffer->motion) distance = ir_add(b->gen, distance, moved(b, buffer));
    return ir_offset(b->gen, b->gen->f32, element_arena(b, node), distance);
}

static int column_number(const Graph *graph, const Node *node) {
    for (int i = 0; i < graph->inputs.count; i++)
        if (graph->inputs.items[i] == node) return i;
    for (int i = 0; i < graph->targets.count; i++)
        if (graph->targets.items[i] == node) return graph->inputs.count + i;
    nn_ice("gen", "%%%d is not a column of the data", node->id);
}

Value element_column_base(Gen *gen, const Schedule *schedule, Value function, const Node *node,
                          LlvmType *element) {
    *element = ir_element(gen, node->type.dtype);
    Value columns = ir_context(gen, function, FIELD_COLUMNS);
    Value slot =
        ir_offset(gen, gen->pointer, columns, ir_int(gen, column_number(schedule->graph, node)));
    return LLVMBuildLoad2(gen->builder, gen->pointer, slot, "");
}

Value element_column(Gen *gen, const Schedule *schedule, Value function, const Node *node,
                     Value sample, LlvmType *element) {
    Value base = element_column_base(gen, schedule, function, node, element);
    Value index = ir_context(gen, function, FIELD_INDEX);
    Value number = ir_load(gen, gen->i32, ir_offset(gen, gen->i32, index, sample));
    Value row = LLVMBuildZExt(gen->builder, number, gen->i64, "");
    Value distance = ir_multiply(gen, row, ir_int(gen, type_elements(&node->type)));
    return ir_offset(gen, *element, base, distance);
}

// Where an operand is at a position: the index of lane 0 among its elements (of a sample), and
// whether all lanes see the same one.
typedef struct Operand {
    Value index;
    bool one_number;
} Operand;

// The index along dimension `k` of the shape, for the row at the position.
static Value coordinate(LaneBuilder *b, int k) {
    int64_t after = 1, before = 1;
    for (int i = k + 1; i + 1 < b->shape.rank; i++) after *= b->shape.dims[i];
    for (int i = 0; i < k; i++) before *= b->shape.dims[i];
    Value at = b->row;
    if (after > 1) at = LLVMBuildUDiv(b->gen->builder, at, ir_int(b->gen, after), "");
    if (before > 1) at = LLVMBuildURem(b->gen->builder, at, ir_int(b->gen, b->shape.dims[k]), "");
    return at;
}

// Of an operand that is repeated over some dimensions: those have stride 0. It may have more
// dimensions than the shape, of one each.
static Operand broadcast_place(LaneBuilder *b, const Type *view) {
    Type joined;
    int rank = b->shape.rank, missing = rank - view->rank;
    bool in_rows = type_last(&b->shape) == b->row_width;
    if (!in_rows || !type_broadcast(view, &b->shape, &joined))
        nn_ice("gen", "an operand does not fit the rows of group %d", b->group->id);
    bool varies = view->rank > 0 && type_last(view) != 1;
    Operand place = {varies ? b->column : ir_int(b->gen, 0), !varies || b->row_width == 1};
    int64_t stride = type_last(view);
    for (int k = rank - 2; k >= missing && k >= 0; k--) {
        if (view->dims[k - missing] == 1) continue;
        Value distance = ir_multiply(b->gen, coordinate(b, k), ir_int(b->gen, stride));
        place.index = ir_add(b->gen, place.index, distance);
        stride *= view->dims[k - missing];
    }
    return place;
}

static Operand place_in_sample(LaneBuilder *b, const Type *view) {
    int64_t elements = type_elements(view), all = b->lead * b->row_width;
    if (elements == 1) return (Operand){ir_int(b->gen, 0), true};
    if (elements != all) return broadcast_place(b, view);
    Value row = ir_multiply(b->gen, b->row, ir_int(b->gen, b->row_width));
    return (Operand){ir_add(b->gen, row, b->column), false};
}

Value element_address(LaneBuilder *b, const Node *node) {
    bool is_column = node->op->leaf == LEAF_COLUMN && !b->schedule->buffers[node->id].is_stored;
    LlvmType element =
        is_column ? b->gen->f32 : ir_element(b->gen, schedule_dtype(b->schedule, node));
    Value sample = is_column
                       ? element_column(b->gen, b->schedule, b->function, node, b->sample, &element)
                       : element_buffer(b, node);
    return ir_offset(b->gen, element, sample, place_in_sample(b, &node->type).index);
}

// ---- Loads.

static Value load_lanes(LaneBuilder *b, LlvmType element, Dtype dtype, Value pointer,
                        bool one_number) {
    int width = one_number ? 1 : b->width;
    Value loaded = ir_load(b->gen, ir_vector(b->gen, element, width), pointer);
    Value floats = ir_widen(b->gen, loaded, dtype, width);
    return one_number ? ir_splat(b->gen, floats, b->width) : floats;
}

// The distance hides what the third-level cache takes, and reaches into the next page, before which
// the hardware's own requests end.
void element_ask_ahead(const LaneBuilder *b, const Buffer *buffer, Value pointer, Prefetch how) {
    enum { BYTES = 2048 };
    int64_t bytes = buffer->stride * b->schedule->batch * (int64_t)sizeof(float);
    if (!b->asks_ahead || buffer->motion || buffer->window_last ||
        bytes <= b->gen->target->machine.second_cache)
        return;
    ir_prefetch(b->gen, ir_offset(b->gen, b->gen->i8, pointer, ir_int(b->gen, BYTES)), how);
}

static Value load_batched(LaneBuilder *b, const Type *view, Dtype dtype, Value sample) {
    Operand place = place_in_sample(b, view);
    LlvmType element = ir_element(b->gen, dtype);
    Value pointer = ir_offset(b->gen, element, sample, place.index);
    return load_lanes(b, element, dtype, pointer, place.one_number);
}

// `parameter`: in whose layout the value lies; -1: plain.
static Operand place_unbatched(LaneBuilder *b, const Type *view, int parameter) {
    if (type_elements(view) == 1) return (Operand){ir_int(b->gen, 0), true};
    if (b->domain == DOMAIN_SCALAR)
        nn_ice("gen", "an operand of group %d is no scalar", b->group->id);
    if (b->domain == DOMAIN_STORAGE) {
        if (type_elements(view) != type_elements(&b->shape) && b->group->kind != GROUP_REDUCE)
            nn_ice("gen", "an operand does not fit the storage of group %d", b->group->id);
        return (Operand){b->storage, false};
    }
    if (b->group->kind == GROUP_PLACES) return (Operand){places_index(b, view, parameter), true};
    if (parameter >= 0 && b->schedule->layout->parameters[parameter].kind != LAYOUT_PLAIN)
        nn_ice("gen", "a matrix in panels is read by rows in group %d", b->group->id);
    return place_in_sample(b, view);
}

static Value load_unbatched(LaneBuilder *b, const Type *view, Value base, int parameter) {
    if (places_gathers(b, view, parameter)) return places_gather(b, view, parameter, base);
    Operand place = place_unbatched(b, view, parameter);
    Value pointer = ir_offset(b->gen, b->gen->f32, base, place.index);
    return load_lanes(b, b->gen->f32, DTYPE_F32, pointer, place.one_number);
}

typedef struct PartialSum {
    LaneBuilder *b;
    Value base;
    int64_t size; // floats
    Operand place;
} PartialSum;

static Value load_part(void *state, Value number) {
    const PartialSum *p = state;
    Gen *gen = p->b->gen;
    Value index = ir_add(gen, p->place.index, ir_multiply(gen, number, ir_int(gen, p->size)));
    Value pointer = ir_offset(gen, gen->f32, p->base, index);
    return load_lanes(p->b, gen->f32, DTYPE_F32, pointer, p->place.one_number);
}

// The partial sums of the chunks of a gradient of weights, in their order.
static Value load_parts(LaneBuilder *b, const Type *view, Value base, const Buffer *buffer) {
    PartialSum part = {b, base, buffer->size, place_unbatched(b, view, buffer->parameter)};
    return sums_of_parts(b->gen, buffer->copies, load_part, &part);
}

Value element_parameter(LaneBuilder *b, const Parameter *parameter) {
    Value weights = ir_context(b->gen, b->function, FIELD_WEIGHTS);
    int64_t offset = b->schedule->layout->parameters[parameter->index].storage.offset;
    Value place = share_number(b->gen, b->function, PLACE_PARAMETER, parameter->index, offset);
    return ir_offset(b->gen, b->gen->f32, weights, place);
}

static Value slot_pointer(LaneBuilder *b, const Slot *slot) {
    Value slots = ir_context(b->gen, b->function, FIELD_SLOTS);
    int64_t offset = b->schedule->layout->slot_offsets[slot->index];
    Value place = share_number(b->gen, b->function, PLACE_SLOT, slot->index, offset);
    return ir_offset(b->gen, b->gen->f32, slots, place);
}

static Value load_scalar(LaneBuilder *b, const Node *node) {
    Gen *gen = b->gen;
    Value number;
    if (strcmp(node->name, "rows") == 0) {
        Value rows = ir_context(gen, b->function, FIELD_ROWS);
        number = LLVMBuildSIToFP(gen->builder, rows, gen->f32, "");
    } else {
        int field = strcmp(node->name, "step") == 0 ? FIELD_STEP : FIELD_LEARNING_RATE;
        Value wide = ir_context(gen, b->function, field);
        number = LLVMBuildFPTrunc(gen->builder, wide, gen->f32, "");
    }
    return ir_splat(gen, number, b->width);
}

static Value load_period(LaneBuilder *b, const Node *node) {
    Gen *gen = b->gen;
    int64_t period = args_int(node->args, "period"), count = args_int(node->args, "count");
    Value wide = ir_context(gen, b->function, FIELD_STEP);
    Value step = LLVMBuildFPToSI(gen->builder, wide, gen->i64, "");
    Value place = LLVMBuildURem(gen->builder, LLVMBuildSub(gen->builder, step, ir_int(gen, 1), ""),
                                ir_int(gen, period), "");
    Value is_last = LLVMBuildICmp(gen->builder, LLVMIntUGE, place, ir_int(gen, period - count), "");
    return ir_splat(gen, LLVMBuildUIToFP(gen->builder, is_last, gen->f32, ""), b->width);
}

static Value load_leaf(LaneBuilder *b, const Node *node, const Type *view) {
    if (node->parameter)
        return load_unbatched(b, view, element_parameter(b, node->parameter),
                              node->parameter->index);
    if (node->slot)
        return load_unbatched(b, view, slot_pointer(b, node->slot),
                              node->slot->parameter ? node->slot->parameter->index : -1);
    if (node->op->leaf == LEAF_CONSTANT)
        return (Value)(void *)lane_constant(b, args_number(node->args, "value"));
    if (node->op->leaf == LEAF_SCALAR) return load_scalar(b, node);
    if (node->op->leaf == LEAF_PERIOD) return load_period(b, node);
    LlvmType element;
    Value sample = element_column(b->gen, b->schedule, b->function, node, b->sample, &element);
    return load_batched(b, view, node->type.dtype, sample);
}

static Value load_sum(LaneBuilder *b, const Node *sum, Node *view) {
    Operand place = place_unbatched(b, &view->type, b->schedule->buffers[sum->id].parameter);
    return sums_read(b, sum, view, place.index, place.one_number);
}

static Value load_stored(LaneBuilder *b, const Node *node, Node *view) {
    if (!b->schedule->buffers[node->id].is_stored)
        nn_ice("gen", "%%%d is read outside its group but not stored", node->id);
    const Buffer *buffer = &b->schedule->buffers[node->id];
    const Type *type = &view->type;
    if (node->type.batched) {
        Operand place = place_in_sample(b, type);
        Dtype dtype = schedule_dtype(b->schedule, node);
        LlvmType element = ir_element(b->gen, dtype);
        Value pointer = ir_offset(b->gen, element, element_buffer(b, node), place.index);
        if (!place.one_number) element_ask_ahead(b, buffer, pointer, PREFETCH_FIRST);
        return load_lanes(b, element, dtype, pointer, place.one_number);
    }
    bool is_sum = node->op->fuse == FUSE_REDUCE_BATCH && schedule_is_chunked(node);
    if (is_sum || sums_statistic(view)) return load_sum(b, node, view);
    if (buffer->copies > 1) return load_parts(b, type, element_arena(b, node), buffer);
    return load_unbatched(b, type, element_arena(b, node), buffer->parameter);
}

// ---- Values.

static Value compute(LaneBuilder *b, Node *node) {
    if (node->op->fuse == FUSE_GATHER) return gather_value(b, node);
    if (node->op->fuse != FUSE_ELEMENTWISE || !node->op->lower)
        nn_ice("gen", "%s cannot be computed element by element", node->op->schema.name);
    Lane inputs[FORMULA_MOST_OPERANDS];
    if (node->input_count > FORMULA_MOST_OPERANDS)
        nn_ice("gen", "%s has too many inputs", node->op->schema.name);
    for (int i = 0; i < node->input_count; i++) inputs[i] = element_value(b, node->inputs[i]);
    return (Value)(void *)node->op->lower(b, node, inputs);
}

// What is read from memory: by its shape at this use, where that moves its elements.
static Value load(LaneBuilder *b, const Node *node, Node *view) {
    bool is_bound = b->schedule->buffers[node->id].is_stored; // kept, or by its scan
    if (node->op->fuse == FUSE_LEAF && !is_bound) return load_leaf(b, node, &view->type);
    return load_stored(b, node, view);
}

Lane element_value(LaneBuilder *b, Node *node) {
    Node *view = node;
    node = schedule_source(node);
    int group = b->schedule->group_of[node->id];
    bool in_memory = node->op->fuse == FUSE_LEAF || (group >= 0 && group != b->group->id);
    bool moves =
        b->domain == DOMAIN_ROWS && !schedule_same_place(&view->type, &node->type, &b->shape);
    if (moves && !in_memory) nn_ice("gen", "%%%d is reshaped where it is computed", node->id);
    int slot = slots_of(b->gen, moves || sums_statistic(view) ? view : node);
    if (b->row_values && b->row_values[slot]) return (Lane)(void *)b->row_values[slot];
    if (!b->values[slot] && b->numbers && b->numbers[slot])
        b->values[slot] = ir_splat(b->gen, b->numbers[slot], b->width);
    if (!b->values[slot] && b->vectors && b->vectors[slot])
        b->values[slot] = load_unbatched(b, &view->type, b->vectors[slot], -1);
    if (!b->values[slot]) b->values[slot] = in_memory ? load(b, node, view) : compute(b, node);
    return (Lane)(void *)b->values[slot];
}

// ---- Stores.

// From float32 to what memory holds.
static Value narrow(LaneBuilder *b, Dtype dtype, Value value) {
    LlvmType type = ir_vector(b->gen, ir_element(b->gen, dtype), b->width);
    if (dtype == DTYPE_BF16) return pairs_round(b->gen, value);
    if (dtype == DTYPE_U8) return LLVMBuildFPToUI(b->gen->builder, value, type, "");
    return dtype == DTYPE_I32 ? LLVMBuildFPToSI(b->gen->builder, value, type, "") : value;
}

static bool is_read_by_others(const Schedule *schedule, const Node *node) {
    int own = schedule->group_of[node->id];
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        const Node *user = schedule->graph->nodes.items[i];
        if (schedule->group_of[user->id] == own) continue;
        for (int k = 0; k < user->input_count; k++)
            if (schedule_source(user->inputs[k]) == node) return true;
    }
    return false;
}

// Whether the numbers at the position are a whole line of the value.
static bool is_line(const LaneBuilder *b, const Node *node, int valid) {
    const Buffer *buffer = &b->schedule->buffers[node->id];
    Dtype dtype = schedule_dtype(b->schedule, node);
    int64_t line = IR_LINE / (int64_t)sizeof(float), row = IR_LINE / dtype_bytes(dtype);
    return valid == line && b->width == line && !b->any_column && !buffer->is_part &&
           (dtype == DTYPE_F32 || dtype == DTYPE_BF16) && buffer->offset % line == 0 &&
           buffer->stride % line == 0 && buffer->distance % line == 0 && b->row_width % row == 0;
}

static int64_t bytes_of_batch(const LaneBuilder *b, const Node *node) {
    return b->schedule->buffers[node->id].stride * b->schedule->batch * (int64_t)sizeof(float);
}

// Steps that a loop stacks, which it does not read itself, are read when they have left all caches.
// Another worker sees them behind a barrier, whose exchange waits for them (Intel 64 and IA-32
// Architectures Software Developer's Manual, volume 3A, "Memory Ordering").
static bool passes_caches(const LaneBuilder *b, const Node *node, int valid) {
    enum { MANY = 4 }; // times the second-level cache
    return b->schedule->buffers[node->id].motion == MOTION_STEPS && is_line(b, node, valid) &&
           bytes_of_batch(b, node) > MANY * b->gen->target->machine.second_cache &&
           !is_read_by_others(b->schedule, node);
}

static bool is_read_by_all_workers(const Schedule *schedule, const Node *node) {
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        const Node *anchor = group->partition == PARTITION_OUTPUT ? group->anchor : NULL;
        for (int k = 0; anchor && k < anchor->input_count; k++)
            if (schedule_source(anchor->inputs[k]) == node) return true;
    }
    return false;
}

// Values of each step that this worker would still have in its cache, and others have read, when
// it computes them again.
static bool is_exchanged(const LaneBuilder *b, const Node *node, int valid) {
    const MachineModel *machine = &b->gen->target->machine;
    return machine->waits_for_shared && b->schedule->graph->mode == GRAPH_TRAIN &&
           b->schedule->buffers[node->id].motion == MOTION_NONE && is_line(b, node, valid) &&
           schedule_dtype(b->schedule, node) == DTYPE_F32 &&
           bytes_of_batch(b, node) <= machine->second_cache / 8 &&
           is_read_by_all_workers(b->schedule, node);
}

// A line that several workers read goes past their caches, so that none waits for the others; one
// alone keeps it. Loads and stores keep their order for the worker itself, and barriers wait.
static void store_exchanged(const LaneBuilder *b, Value value, Value pointer) {
    Gen *gen = b->gen;
    LLVMBasicBlockRef several = ir_block(gen, "several"), one = ir_block(gen, "one");
    LLVMBasicBlockRef stored = ir_block(gen, "stored");
    Value threads = ir_context(gen, b->function, FIELD_THREADS);
    Value alone = LLVMConstInt(LLVMTypeOf(threads), 1, 0);
    Value are_several = LLVMBuildICmp(gen->builder, LLVMIntSGT, threads, alone, "");
    LLVMBuildCondBr(gen->builder, are_several, several, one);
    LLVMPositionBuilderAtEnd(gen->builder, several);
    ir_store_past_caches(gen, value, pointer, IR_LINE);
    LLVMBuildBr(gen->builder, stored);
    LLVMPositionBuilderAtEnd(gen->builder, one);
    ir_store(gen, value, pointer);
    LLVMBuildBr(gen->builder, stored);
    LLVMPositionBuilderAtEnd(gen->builder, stored);
}

static void store_batched(LaneBuilder *b, const Node *node, Value value, int valid) {
    Gen *gen = b->gen;
    const Buffer *buffer = &b->schedule->buffers[node->id];
    Operand place = place_in_sample(b, &node->type);
    Dtype dtype = schedule_dtype(b->schedule, node);
    LlvmType element = ir_element(gen, dtype);
    value = narrow(b, dtype, value);
    Value pointer = ir_offset(gen, element, element_buffer(b, node), place.index);
    if (place.one_number && b->width > 1) {
        Value zero = LLVMConstInt(gen->i32, 0, 0);
        ir_store(gen, LLVMBuildExtractElement(gen->builder, value, zero, ""), pointer);
        return;
    }
    if (passes_caches(b, node, valid)) {
        unsigned bytes = (unsigned)(b->width * dtype_bytes(dtype));
        ir_store_past_caches(gen, value, pointer, bytes);
        return;
    }
    if (is_exchanged(b, node, valid)) {
        store_exchanged(b, value, pointer);
        return;
    }
    // Padded samples take whole vectors; dense ones must not touch what follows.
    element_ask_ahead(b, buffer, pointer, PREFETCH_SECOND_TO_WRITE);
    bool padded = b->lead == 1 && buffer->stride % b->width == 0 && !b->any_column &&
                  buffer->motion != MOTION_STEPS && !buffer->is_part;
    ir_store_lanes(gen, value, pointer, padded ? b->width : valid);
}

static void store_unbatched(LaneBuilder *b, Value value, Value base, int valid) {
    Gen *gen = b->gen;
    Value index = b->domain == DOMAIN_STORAGE ? b->storage : ir_int(gen, 0);
    if (b->domain == DOMAIN_ROWS) // of a value that is the same for all samples
        index = ir_add(gen, ir_multiply(gen, b->row, ir_int(gen, b->row_width)), b->column);
    if (b->lane_is_there) // padding stays zero
        value = LLVMBuildSelect(gen->builder, b->lane_is_there, value,
                                LLVMConstNull(LLVMTypeOf(value)), "");
    Value pointer = ir_offset(gen, gen->f32, base, index);
    if (b->domain == DOMAIN_ROWS)
        ir_store_lanes(gen, value, pointer, valid);
    else
        ir_store(gen, value, pointer);
}

void element_store(LaneBuilder *b, Node *node, int valid) {
    Value value = (Value)(void *)element_value(b, node);
    if (node->type.batched)
        store_batched(b, node, value, valid);
    else
        store_unbatched(b, value, element_arena(b, node), valid);
}

Value element_target(LaneBuilder *b, const Node *assign) {
    return assign->parameter ? element_parameter(b, assign->parameter)
                             : slot_pointer(b, assign->slot);
}

static bool lies_in_lines(const ParameterLayout *layout) {
    const nnrt_storage *storage = &layout->storage;
    int64_t line = IR_LINE / (int64_t)sizeof(float);
    return layout->kind == LAYOUT_PANELS && storage->offset % line == 0 &&
           storage->panel_stride % line == 0 && storage->row_stride % line == 0;
}

// Of a matrix of weights, as all workers read it in the next step.
static bool is_exchanged_weight(const LaneBuilder *b, const Node *assign) {
    const MachineModel *machine = &b->gen->target->machine;
    const Node *anchor = b->group->anchor;
    if (!machine->waits_for_shared || !anchor || !assign->parameter) return false;
    const ParameterLayout *layout = &b->schedule->layout->parameters[assign->parameter->index];
    bool is_line = b->domain == DOMAIN_STORAGE && !b->lane_is_there &&
                   b->width * (int64_t)sizeof(float) == IR_LINE && lies_in_lines(layout);
    int64_t bytes = layout->storage.size * (int64_t)sizeof(float);
    return is_line && op_product_kind(anchor) == PRODUCT_WEIGHTS &&
           bytes <= machine->second_cache / 2;
}

static void store_assign(LaneBuilder *b, const Node *assign) {
    Value value = (Value)(void *)element_value(b, assign->inputs[0]);
    if (is_exchanged_weight(b, assign)) {
        Value pointer = ir_offset(b->gen, b->gen->f32, element_target(b, assign), b->storage);
        store_exchanged(b, value, pointer);
        return;
    }
    store_unbatched(b, value, element_target(b, assign), b->width);
}

void element_store_all(LaneBuilder *b, int valid) {
    const Group *group = b->group;
    for (int i = 0; i < group->assigns.count; i++)
        element_value(b, group->assigns.items[i]->inputs[0]);
    for (int i = 0; i < group->nodes.count; i++) {
        Node *node = group->nodes.items[i];
        bool here = (b->domain == DOMAIN_ROWS && group->domain.batched) == node->type.batched;
        if (schedule_is_chunked(node)) continue;
        if (b->schedule->buffers[node->id].is_stored && here) element_store(b, node, valid);
    }
    for (int i = 0; i < group->assigns.count; i++) store_assign(b, group->assigns.items[i]);
}
