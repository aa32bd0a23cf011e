// Scans: the groups of a body, called in order for each step. A worker takes its own samples
// through all steps, so that no barrier stands in between.
#include "emit.h"

#include "../pass/group/cost.h"

#include <ctype.h>

// "nn_train_03_lstm_scan_01_matmul"
static char *group_name(Gen *gen, const char *scan, const Group *group) {
    char *name = arena_format(gen->arena, "%s_%02d_%s", scan, group->id,
                              cost_main_node(group)->op->schema.name);
    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c)) *c = '_';
    return name;
}

static const GroupCode *emit_groups(Gen *gen, const Schedule *body, const char *scan) {
    char **names = ARENA_ARRAY(gen->arena, char *, body->groups.count + 1);
    for (int i = 0; i < body->groups.count; i++)
        names[i] = group_name(gen, scan, body->groups.items[i]);
    return share_emit(gen, body, names);
}

// Of the value that is carried in number `index`: the place of a sample among those that a step
// reads, or, after the last step, has written.
static Value carried_place(Gen *gen, const Schedule *body, Value function, int index, bool is_last,
                           Value sample) {
    const Buffer *buffer = &body->buffers[body->graph->inputs.items[index]->id];
    int64_t turn = is_last ? (body->scan->steps & 1) : 0;
    Value arena = ir_context(gen, function, FIELD_ARENA);
    Value start = ir_int(gen, buffer->offset + turn * buffer->distance);
    Value place = ir_add(gen, start, ir_multiply(gen, sample, ir_int(gen, buffer->stride)));
    return ir_offset(gen, gen->f32, arena, place);
}

static Value outside_place(Gen *gen, const Schedule *schedule, Value function, const Node *node,
                           Value sample) {
    LaneBuilder b = {.gen = gen, .schedule = schedule, .function = function, .sample = sample};
    return element_buffer(&b, schedule_source((Node *)(uintptr_t)node));
}

static void copy_sample(Gen *gen, Value to, Value from, const Type *type) {
    Value bytes = ir_int(gen, type_elements(type) * (int64_t)sizeof(float));
    LLVMBuildMemCpy(gen->builder, to, sizeof(float), from, sizeof(float), bytes);
}

// Initial values to where the first step reads them.
static void copy_in(Gen *gen, const Schedule *schedule, const Group *group, Value function) {
    Range own = ir_sample_range(gen, schedule, function);
    Loop samples = ir_loop_begin(gen, own.begin, own.end, ir_int(gen, 1), "sample");
    for (int i = 0; i < group->body->scan->carried; i++) {
        const Node *initial = group->anchor->inputs[i];
        Value to = carried_place(gen, group->body, function, i, false, samples.index);
        copy_sample(gen, to, outside_place(gen, schedule, function, initial, samples.index),
                    &initial->type);
    }
    ir_loop_end(gen, &samples);
}

// What the last step has written to where it is read from outside.
static void copy_out(Gen *gen, const Schedule *schedule, const Group *group, Value function) {
    Range own = ir_sample_range(gen, schedule, function);
    Loop samples = ir_loop_begin(gen, own.begin, own.end, ir_int(gen, 1), "sample");
    for (int i = 0; i < group->nodes.count; i++) {
        const Node *result = group->nodes.items[i];
        if (result->op->fuse != FUSE_RESULT) continue;
        int index = scan_result_index(result);
        if (index >= group->body->scan->carried) continue;
        Value from = carried_place(gen, group->body, function, index, true, samples.index);
        copy_sample(gen, outside_place(gen, schedule, function, result, samples.index), from,
                    &result->type);
    }
    ir_loop_end(gen, &samples);
}

static void call_groups(Gen *gen, const Schedule *body, const GroupCode *codes, Value function) {
    for (int i = 0; i < body->groups.count; i++) {
        if (!codes[i].function) continue;
        Value arguments[] = {LLVMGetParam(function, 0), codes[i].places};
        LLVMBuildCall2(gen->builder, codes[i].type, codes[i].function, arguments,
                       codes[i].places ? 2 : 1, "");
    }
}

// The steps that a run does: all of them, or the one that comes next.
static Range steps_of_run(Gen *gen, const Scan *scan, Value function) {
    if (!scan->is_resumed) return (Range){ir_int(gen, 0), ir_int(gen, scan->steps)};
    Value step = ir_context(gen, function, FIELD_STEP);
    Value end = LLVMBuildFPToSI(gen->builder, step, gen->i64, "");
    return (Range){ir_add(gen, end, ir_int(gen, -1)), end};
}

Value scan_emit(Gen *gen, const Schedule *schedule, const Group *group, const char *name) {
    const Schedule *body = group->body;
    const GroupCode *codes = emit_groups(gen, body, name);
    Value function = ir_group_function(gen, name);
    copy_in(gen, schedule, group, function);
    Range run = steps_of_run(gen, body->scan, function);
    Loop steps = ir_loop_begin(gen, run.begin, run.end, ir_int(gen, 1), "time");
    Value time = steps.index;
    if (body->scan->is_reversed)
        time = LLVMBuildSub(gen->builder, ir_int(gen, body->scan->steps - 1), time, "");
    ir_set_time(gen, function, time);
    call_groups(gen, body, codes, function);
    ir_loop_end(gen, &steps);
    copy_out(gen, schedule, group, function);
    LLVMBuildRetVoid(gen->builder);
    return function;
}
