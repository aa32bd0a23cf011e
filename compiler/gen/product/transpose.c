// Squares of as many floats as lanes, transposed in registers.
#include "kernel.h"

// Exchanges blocks of `width` lanes between x and y, the second of each pair with the first.
static void exchange(Gen *gen, Value *x, Value *y, int lanes, int width) {
    Value low[64], high[64];
    for (int i = 0; i < lanes; i++) {
        bool second = i & width;
        low[i] = LLVMConstInt(gen->i32, (unsigned)(second ? lanes + i - width : i), 0);
        high[i] = LLVMConstInt(gen->i32, (unsigned)(second ? lanes + i : i + width), 0);
    }
    Value a = *x, b = *y;
    *x = LLVMBuildShuffleVector(gen->builder, a, b, LLVMConstVector(low, (unsigned)lanes), "");
    *y = LLVMBuildShuffleVector(gen->builder, a, b, LLVMConstVector(high, (unsigned)lanes), "");
}

// void(from, floats from row to row, to, the same)
Value kernel_transpose(Gen *gen) {
    const char *name = "nn_transpose";
    Value known = LLVMGetNamedFunction(gen->module, name);
    if (known) return known;
    LLVMBasicBlockRef caller = LLVMGetInsertBlock(gen->builder);
    LlvmType types[] = {gen->pointer, gen->i64, gen->pointer, gen->i64};
    Value function = ir_function(gen, name, LLVMFunctionType(gen->void_type, types, 4, 0));
    int lanes = gen->target->machine.lanes;
    Value rows[64], from = LLVMGetParam(function, 0), to = LLVMGetParam(function, 2);
    for (int i = 0; i < lanes; i++) {
        Value at = ir_multiply(gen, ir_int(gen, i), LLVMGetParam(function, 1));
        rows[i] = ir_load(gen, ir_vector(gen, gen->f32, lanes), ir_offset(gen, gen->f32, from, at));
    }
    for (int width = 1; width < lanes; width *= 2)
        for (int i = 0; i < lanes; i++)
            if (!(i & width)) exchange(gen, &rows[i], &rows[i + width], lanes, width);
    for (int i = 0; i < lanes; i++) {
        Value at = ir_multiply(gen, ir_int(gen, i), LLVMGetParam(function, 3));
        ir_store(gen, rows[i], ir_offset(gen, gen->f32, to, at));
    }
    LLVMBuildRetVoid(gen->builder);
    LLVMPositionBuilderAtEnd(gen->builder, caller);
    return function;
}
