// A step function: one call a group, barriers between the phases and at the end. Every worker runs
// the whole function (SPMD) on its own copy of the context. Where it is profiled, a mark follows
// each group, and each barrier that is waited at.
#include "emit.h"

#include "../pass/group/cost.h"
#include "../pass/group/touched.h"
#include "element/touched.h"

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

typedef struct Step {
    const Schedule *schedule;
    const GroupCode *codes;
    const Value *catch_ups; // by group: what comes before all groups; NULL: nothing
    const char *name;
    bool marks;
    bool is_once; // it has the groups that are computed once (Group.is_once), else the others
} Step;

static Value *emit_catch_ups(Gen *gen, const Schedule *schedule, const char *name) {
    Value *functions = ARENA_ARRAY(gen->arena, Value, schedule->groups.count + 1);
    for (int i = 0; i < schedule->groups.count; i++) {
        const Group *group = schedule->groups.items[i];
        const char *own = arena_format(gen->arena, "%s_%02d_catch_up", name, i);
        if (touched_updates(group)) functions[i] = touched_catch_up(gen, schedule, group, own);
    }
    return functions;
}

// Rows of tables that have missed steps are brought up to date first. Without samples, that is all.
static void begin_step(Gen *gen, const Step *step, Value function) {
    Value context = LLVMGetParam(function, 0);
    int last = -1;
    for (int i = 0; i < step->schedule->groups.count; i++) {
        if (!step->catch_ups[i]) continue;
        LLVMBuildCall2(gen->builder, gen->step_type, step->catch_ups[i], &context, 1, "");
        if (step->marks) emit_mark(gen, function, 2 * i);
        last = i;
    }
    if (last < 0) return;
    emit_barrier(gen, function, last, step->marks);
    LLVMBasicBlockRef end = ir_block(gen, "settled"), next = ir_block(gen, "step");
    Value rows = ir_context(gen, function, FIELD_ROWS);
    Value is_empty = LLVMBuildICmp(gen->builder, LLVMIntEQ, rows, ir_int(gen, 0), "");
    LLVMBuildCondBr(gen->builder, is_empty, end, next);
    LLVMPositionBuilderAtEnd(gen->builder, end);
    LLVMBuildRetVoid(gen->builder);
    LLVMPositionBuilderAtEnd(gen->builder, next);
}

static void emit_group(Gen *gen, const Step *step, Value function, int group) {
    const GroupCode *code = &step->codes[group];
    if (code->function) call_group(gen, code, LLVMGetParam(function, 0));
    if (step->marks) emit_mark(gen, function, 2 * group);
}

// The parts of a worker's samples that have at most so many each.
static Value count_parts(Gen *gen, Value function, int64_t window) {
    Value rows = ir_context(gen, function, FIELD_ROWS);
    Value together =
        ir_multiply(gen, ir_context(gen, function, FIELD_THREADS), ir_int(gen, window));
    Value most = ir_add(gen, rows, ir_add(gen, together, ir_int(gen, -1)));
    return LLVMBuildUDiv(gen->builder, most, together, "");
}

// One part, where somebody watches, who wants to see whole values.
static Value unless_watched(Gen *gen, const Step *step, Value function, Value parts) {
    if (!step->marks) return parts;
    Value watched = ir_context(gen, function, FIELD_IS_WATCHED);
    Value is_watched = LLVMBuildICmp(gen->builder, LLVMIntNE, watched, ir_int(gen, 0), "");
    return LLVMBuildSelect(gen->builder, is_watched, ir_int(gen, 1), parts, "");
}

// The groups [first, end), window by window.
static void emit_windows(Gen *gen, const Step *step, Value function, int first, int end) {
    int64_t window = step->schedule->groups.items[first]->window;
    Value one = ir_int(gen, 1), parts;
    if (step->schedule->windows_are_chunks) {
        Range own = ir_own_chunks(gen, step->schedule, function);
        parts = LLVMBuildSub(gen->builder, own.end, own.begin, "");
    } else {
        parts = count_parts(gen, function, window);
    }
    parts = unless_watched(gen, step, function, parts);
    Loop windows = ir_loop_begin(gen, ir_int(gen, 0), parts, one, "window");
    ir_set_part(gen, function, windows.index, parts);
    for (int i = first; i < end; i++) emit_group(gen, step, function, i);
    ir_loop_end(gen, &windows);
    ir_set_part(gen, function, ir_int(gen, 0), one);
}

static bool has_group(const Step *step, int group) {
    return step->schedule->groups.items[group]->is_once == step->is_once;
}

// The last one before `group`; -1: it is the first.
static int group_before(const Step *step, int group) {
    while (--group >= 0 && !has_group(step, group)) continue;
    return group;
}

// Of the groups [first, end) those that it has, each behind its barrier.
static void emit_part(Gen *gen, const Step *step, Value function, int first, int end) {
    Group *const *groups = step->schedule->groups.items;
    for (int i = first, next; i < end; i = next) {
        next = i + 1;
        if (!has_group(step, i)) continue;
        int before = group_before(step, i);
        if (before >= 0 && groups[i]->phase != groups[before]->phase)
            emit_barrier(gen, function, before, step->marks);
        if (!groups[i]->window) {
            emit_group(gen, step, function, i);
            continue;
        }
        next = groups[i]->window_end < end ? groups[i]->window_end : end;
        emit_windows(gen, step, function, i, next);
    }
}

static Value part_function(Gen *gen, const Step *step, int first, int end) {
    LLVMBasicBlockRef caller = LLVMGetInsertBlock(gen->builder);
    const char *name = arena_format(gen->arena, "%s_from_%d", step->name, first);
    Value part = ir_function(gen, name, gen->step_type);
    emit_part(gen, step, part, first, end);
    LLVMBuildRetVoid(gen->builder);
    LLVMPositionBuilderAtEnd(gen->builder, caller);
    return part;
}

// Long steps have their groups in functions of so many: what LLVM does with a function takes more
// than linear time.
enum { LONGEST_PART = 256 };

static void emit_all(Gen *gen, const Step *step, Value function) {
    int count = step->schedule->groups.count;
    if (count <= LONGEST_PART) {
        emit_part(gen, step, function, 0, count);
    } else {
        Value context = LLVMGetParam(function, 0);
        for (int first = 0; first < count; first += LONGEST_PART) {
            int end = count - first < LONGEST_PART ? count : first + LONGEST_PART;
            Value part = part_function(gen, step, first, end);
            LLVMBuildCall2(gen->builder, gen->step_type, part, &context, 1, "");
        }
    }
    emit_barrier(gen, function, count - 1, step->marks && count);
    LLVMBuildRetVoid(gen->builder);
}

// Without samples, what is computed once, and nothing else.
static void compute_once(Gen *gen, const Step *step, Value function) {
    Step once = *step;
    once.is_once = true;
    LLVMBasicBlockRef begin = ir_block(gen, "once"), next = ir_block(gen, "again");
    Value rows = ir_context(gen, function, FIELD_ROWS);
    Value is_empty = LLVMBuildICmp(gen->builder, LLVMIntEQ, rows, ir_int(gen, 0), "");
    LLVMBuildCondBr(gen->builder, is_empty, begin, next);
    LLVMPositionBuilderAtEnd(gen->builder, begin);
    emit_all(gen, &once, function);
    LLVMPositionBuilderAtEnd(gen->builder, next);
}

static Value emit_calls(Gen *gen, const Step *step) {
    Value function = ir_function(gen, step->name, gen->step_type);
    if (step->schedule->has_windows) ir_set_part(gen, function, ir_int(gen, 0), ir_int(gen, 1));
    begin_step(gen, step, function);
    if (schedule_has_once(step->schedule)) compute_once(gen, step, function);
    emit_all(gen, step, function);
    return function;
}

Value step_emit(Gen *gen, const Schedule *schedule, const char *name) {
    const GroupCode *codes = emit_groups(gen, schedule, name);
    const Value *catch_ups = emit_catch_ups(gen, schedule, name);
    return emit_calls(gen, &(Step){schedule, codes, catch_ups, name, false, false});
}

StepFunctions step_emit_profiled(Gen *gen, const Schedule *schedule, const char *name) {
    const GroupCode *codes = emit_groups(gen, schedule, name);
    const Value *catch_ups = emit_catch_ups(gen, schedule, name);
    Value run = emit_calls(gen, &(Step){schedule, codes, catch_ups, name, false, false});
    const char *profiled = arena_format(gen->arena, "%s_profiled", name);
    return (StepFunctions){
        run, emit_calls(gen, &(Step){schedule, codes, catch_ups, profiled, true, false})};
}
