// Multiply-adds on registers alone, in the vectors that the kernels use: what measurements are a
// percentage of.
#include "../emit.h"

// Latency of 4 to 5 cycles times two units; all stay in 16 registers.
enum { ACCUMULATORS = 12 };

Value peak_emit(Gen *gen, double *flops) {
    int lanes = gen->target->machine.lanes;
    LlvmType types[] = {gen->i64, gen->pointer};
    LlvmType type = LLVMFunctionType(gen->void_type, types, 2, 0);
    Value function = ir_function(gen, "nn_peak", type);
    Value factor = ir_splat(gen, ir_float(gen, 0.999), lanes);
    Value term = ir_splat(gen, ir_float(gen, 0.001), lanes);
    Value initial[ACCUMULATORS], sums[ACCUMULATORS], next[ACCUMULATORS];
    Value rounds = LLVMGetParam(function, 0), one = ir_int(gen, 1);
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), rounds, one, "round");
    for (int i = 0; i < ACCUMULATORS; i++) {
        initial[i] = ir_splat(gen, ir_float(gen, i), lanes);
        sums[i] = ir_loop_carry(gen, &loop, initial[i]);
    }
    for (int i = 0; i < ACCUMULATORS; i++) next[i] = ir_fma(gen, sums[i], factor, term);
    ir_loop_end(gen, &loop);
    for (int i = 0; i < ACCUMULATORS; i++)
        sums[i] = ir_loop_result(gen, &loop, sums[i], initial[i], next[i]);
    for (int i = 1; i < ACCUMULATORS; i++)
        sums[0] = LLVMBuildFAdd(gen->builder, sums[0], sums[i], "");
    ir_store(gen, sums[0], LLVMGetParam(function, 1));
    LLVMBuildRetVoid(gen->builder);
    *flops = 2.0 * ACCUMULATORS * lanes;
    return function;
}
