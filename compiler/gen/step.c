// A step function: one call a group, barriers between the phases and at the end. Every worker runs
// the whole function (SPMD) on its own copy of the context.
#include "emit.h"

#include <ctype.h>

static void emit_barrier(Gen *gen, Value function) {
    const char *name = "nnrt_barrier";
    Value barrier = LLVMGetNamedFunction(gen->module, name);
    if (!barrier) barrier = LLVMAddFunction(gen->module, name, gen->step_type);
    Value threads = ir_context(gen, function, FIELD_THREADS);
    LLVMBasicBlockRef wait = ir_block(gen, "barrier"), next = ir_block(gen, "next");
    Value several = LLVMBuildICmp(gen->builder, LLVMIntSGT, threads, ir_int(gen, 1), "");
    LLVMBuildCondBr(gen->builder, several, wait, next);
    LLVMPositionBuilderAtEnd(gen->builder, wait);
    Value context = LLVMGetParam(function, 0);
    LLVMBuildCall2(gen->builder, gen->step_type, barrier, &context, 1, "");
    LLVMBuildBr(gen->builder, next);
    LLVMPositionBuilderAtEnd(gen->builder, next);
}

// "nn_train_03_dense_1_matmul": what profilers and --emit=llvm show.
static char *group_name(Gen *gen, const char *step, const Group *group) {
    const Node *node = group->anchor        ? group->anchor
                       : group->nodes.count ? group->nodes.items[group->nodes.count - 1]
                                            : group->assigns.items[0];
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

Value step_emit(Gen *gen, const Schedule *schedule, const char *name) {
    int count = schedule->groups.count;
    char **names = ARENA_ARRAY(gen->arena, char *, count + 1);
    for (int i = 0; i < count; i++) names[i] = group_name(gen, name, schedule->groups.items[i]);
    const GroupCode *codes = share_emit(gen, schedule, names);
    Value function = ir_function(gen, name, gen->step_type);
    Value context = LLVMGetParam(function, 0);
    for (int i = 0; i < count; i++) {
        int phase = schedule->groups.items[i]->phase;
        if (i && phase != schedule->groups.items[i - 1]->phase) emit_barrier(gen, function);
        call_group(gen, &codes[i], context);
    }
    emit_barrier(gen, function);
    LLVMBuildRetVoid(gen->builder);
    return function;
}
