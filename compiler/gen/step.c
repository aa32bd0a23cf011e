// A step function: one call a group, barriers between the phases and at the end. Every worker runs
// the whole function (SPMD) on its own copy of the context. Where it is profiled, a mark follows
// each group, and each barrier that is waited at.
#include "emit.h"

#include "../pass/cost.h"

#include <ctype.h>

static Value runtime_function(Gen *gen, const char *name, LlvmType type) {
    Value function = LLVMGetNamedFunction(gen->module, name);
    return function ? function : LLVMAddFunction(gen->module, name, type);
}

static void emit_mark(Gen *gen, Value function, int slot) {
    LlvmType types[] = {gen->pointer, gen->i64};
    LlvmType type = LLVMFunctionType(gen->void_type, types, 2, 0);
    Value mark = runtime_function(gen, "nnrt_profile_mark", type);
    Value arguments[] = {LLVMGetParam(function, 0), ir_int(gen, slot)};
    LLVMBuildCall2(gen->builder, type, mark, arguments, 2, "");
}

// The barrier behind `group`.
static void emit_barrier(Gen *gen, Value function, int group, bool marks) {
    Value barrier = runtime_function(gen, "nnrt_barrier", gen->step_type);
    Value threads = ir_context(gen, function, FIELD_THREADS);
    LLVMBasicBlockRef wait = ir_block(gen, "barrier"), next = ir_block(gen, "next");
    Value several = LLVMBuildICmp(gen->builder, LLVMIntSGT, threads, ir_int(gen, 1), "");
    LLVMBuildCondBr(gen->builder, several, wait, next);
    LLVMPositionBuilderAtEnd(gen->builder, wait);
    Value context = LLVMGetParam(function, 0);
    LLVMBuildCall2(gen->builder, gen->step_type, barrier, &context, 1, "");
    if (marks) emit_mark(gen, function, 2 * group + 1);
    LLVMBuildBr(gen->builder, next);
    LLVMPositionBuilderAtEnd(gen->builder, next);
}

// "nn_train_03_dense_1_matmul": what profilers and --emit=llvm show.
static char *group_name(Gen *gen, const char *step, const Group *group) {
    const Node *node = cost_main_node(group);
    char *name = arena_format(gen->arena, "%s_%02d_%s_%s", step, group->id,
                              node->layer ? node->layer->name : "step", node->op->schema.name);
    for (char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c)) *c = '_';
    return name;
}

static void call_group(Gen *gen, const GroupCode *code, Value context) {
    Value arguments[] = {context, code->places};
    LLVMBuildCall2(gen->builder, code->type, code->function, arguments, code->places ? 2 : 1, "");
}

static const GroupCode *emit_groups(Gen *gen, const Schedule *schedule, const char *name) {
    int count = schedule->groups.count;
    char **names = ARENA_ARRAY(gen->arena, char *, count + 1);
    for (int i = 0; i < count; i++) names[i] = group_name(gen, name, schedule->groups.items[i]);
    return share_emit(gen, schedule, names);
}

static Value emit_calls(Gen *gen, const Schedule *schedule, const GroupCode *codes,
                        const char *name, bool marks) {
    int count = schedule->groups.count;
    Value function = ir_function(gen, name, gen->step_type);
    Value context = LLVMGetParam(function, 0);
    for (int i = 0; i < count; i++) {
        int phase = schedule->groups.items[i]->phase;
        if (i && phase != schedule->groups.items[i - 1]->phase)
            emit_barrier(gen, function, i - 1, marks);
        call_group(gen, &codes[i], context);
        if (marks) emit_mark(gen, function, 2 * i);
    }
    emit_barrier(gen, function, count - 1, marks && count);
    LLVMBuildRetVoid(gen->builder);
    return function;
}

Value step_emit(Gen *gen, const Schedule *schedule, const char *name) {
    return emit_calls(gen, schedule, emit_groups(gen, schedule, name), name, false);
}

StepFunctions step_emit_profiled(Gen *gen, const Schedule *schedule, const char *name) {
    const GroupCode *codes = emit_groups(gen, schedule, name);
    Value run = emit_calls(gen, schedule, codes, name, false);
    const char *profiled = arena_format(gen->arena, "%s_profiled", name);
    return (StepFunctions){run, emit_calls(gen, schedule, codes, profiled, true)};
}
