// Long reductions of the outer kernel: computed in blocks of steps, each in float32 in registers,
// whose tiles are added up in double precision. What is rounded away grows with a block's length,
// not with the reduction's (Higham 2002, "Accuracy and Stability of Numerical Algorithms", 4.2).
#include "kernel.h"

#include "../element/loops.h"

static int64_t products_of_step(const OuterKernel *k) {
    int64_t products = k->words.multiply ? k->words.numbers : 1;
    for (int i = 1; i < k->loop_count; i++) products *= k->loops[i].count;
    return products;
}

// A tile is joined in about two instructions a vector of it; a step takes one.
static int64_t most_steps(const OuterKernel *k) {
    int64_t steps = KERNEL_MOST_PRODUCTS / products_of_step(k);
    return steps > 1 ? steps : 1;
}

// Calls the kernel for the steps of a part; gathered rows are numbered from its first step on.
static void call_part(Gen *gen, const OuterKernel *k, Value function, Value kernel, Range part) {
    const KernelLoop *loop = &k->loops[0];
    LlvmType element = ir_element(gen, k->b_dtype);
    Value a = LLVMGetParam(function, 0), b = LLVMGetParam(function, 1);
    Value index = LLVMGetParam(function, 2);
    a = ir_offset(gen, kernel_left_element(gen, k), a,
                  ir_multiply(gen, part.begin, ir_int(gen, loop->a_step)));
    if (k->gathers)
        index = ir_offset(gen, gen->i32, index, part.begin);
    else
        b = ir_offset(gen, element, b, ir_multiply(gen, part.begin, ir_int(gen, loop->b_step)));
    if (k->next_step)
        index = ir_offset(gen, gen->f32, index,
                          ir_multiply(gen, part.begin, ir_int(gen, k->next_step)));
    Value steps = LLVMBuildSub(gen->builder, part.end, part.begin, "");
    Value arguments[] = {a, b, index, steps, LLVMGetParam(function, 4)};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(kernel), kernel, arguments, 5, "");
}

// For each vector of the tile: the double-precision sum is cleared, added to, or the result.
typedef enum TileAction { CLEAR, JOIN, FINISH } TileAction;

static void each_vector(Gen *gen, const OuterKernel *k, Value tile, Value sums, TileAction action) {
    int64_t lanes = gen->target->machine.lanes, count = (int64_t)k->rows * k->vectors;
    LlvmType floats = ir_vector(gen, gen->f32, (int)lanes);
    LlvmType doubles = ir_vector(gen, gen->f64, (int)lanes);
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, count), ir_int(gen, 1), "vector");
    Value at = ir_multiply(gen, loop.index, ir_int(gen, lanes));
    Value from = ir_offset(gen, gen->f32, tile, at), sum = ir_offset(gen, gen->f64, sums, at);
    if (action == CLEAR) {
        ir_store(gen, LLVMConstNull(doubles), sum);
    } else if (action == JOIN) {
        Value part = LLVMBuildFPExt(gen->builder, ir_load(gen, floats, from), doubles, "");
        ir_store(gen, LLVMBuildFAdd(gen->builder, ir_load(gen, doubles, sum), part, ""), sum);
    } else {
        ir_store(gen, LLVMBuildFPTrunc(gen->builder, ir_load(gen, doubles, sum), floats, ""), from);
    }
    ir_loop_end(gen, &loop);
}

static void emit_parts(Gen *gen, const OuterKernel *k, Value function, Value kernel) {
    uint64_t floats = (uint64_t)(k->rows * k->vectors * gen->target->machine.lanes);
    Value sums = LLVMBuildAlloca(gen->builder, LLVMArrayType2(gen->f64, floats), "sums");
    LLVMSetAlignment(sums, 64);
    Value end = LLVMGetParam(function, 3), tile = LLVMGetParam(function, 4);
    int64_t steps = most_steps(k);
    each_vector(gen, k, tile, sums, CLEAR);
    Loop parts = ir_loop_begin(gen, ir_int(gen, 0), end, ir_int(gen, steps), "part");
    call_part(gen, k, function, kernel, loops_part(gen, parts.index, end, steps));
    each_vector(gen, k, tile, sums, JOIN);
    ir_loop_end(gen, &parts);
    each_vector(gen, k, tile, sums, FINISH);
    LLVMBuildRetVoid(gen->builder);
}

Value kernel_outer_long(Gen *gen, const OuterKernel *k, int64_t steps) {
    Value kernel = kernel_outer(gen, k);
    if (steps <= most_steps(k)) return kernel;
    size_t length;
    const char *name =
        arena_format(gen->arena, "nn_long%s", LLVMGetValueName2(kernel, &length) + sizeof "nn" - 1);
    Value known = LLVMGetNamedFunction(gen->module, name);
    if (known) return known;
    LLVMBasicBlockRef caller = LLVMGetInsertBlock(gen->builder);
    Value function = ir_function(gen, name, LLVMGlobalGetValueType(kernel));
    emit_parts(gen, k, function, kernel);
    LLVMPositionBuilderAtEnd(gen->builder, caller);
    return function;
}
