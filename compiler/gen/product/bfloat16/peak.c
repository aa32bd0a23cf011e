// Products in bfloat16 on registers alone: what measurements are a percentage of.
#include "bfloat16.h"

enum { ACCUMULATORS = 12, TILE_SUMS = 4, TILE_LEFT = 4, TILE_RIGHT = 6 };

static Value number(Gen *gen, int tile) {
    return LLVMConstInt(gen->i8, (unsigned)tile, 0);
}

// Four sums of 16 x 16, each of 32 products a number. Tiles are zero, which is as fast as any.
static void tile_rounds(Gen *gen, Value rounds, double *flops) {
    pairs_begin(gen);
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), rounds, ir_int(gen, 1), "round");
    for (int i = 0; i < TILE_SUMS; i++)
        pairs_intrinsic(gen, "llvm.x86.tdpbf16ps",
                        (Value[]){number(gen, i), number(gen, TILE_LEFT + i / 2),
                                  number(gen, TILE_RIGHT + i % 2)},
                        3);
    ir_loop_end(gen, &loop);
    pairs_end(gen);
    *flops = 2.0 * TILE_SUMS * 16 * 16 * 32;
}

static Value vector_rounds(Gen *gen, Value rounds, double *flops) {
    int lanes = gen->target->machine.lanes;
    LlvmType halves = LLVMVectorType(LLVMBFloatTypeInContext(gen->context), (unsigned)(2 * lanes));
    LlvmType floats = ir_vector(gen, gen->f32, lanes);
    Value one = LLVMBuildBitCast(
        gen->builder, ir_splat(gen, LLVMConstInt(gen->i32, 0x3f803f80, 0), lanes), halves, "");
    Value sums[ACCUMULATORS], next[ACCUMULATORS], initial = LLVMConstNull(floats);
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), rounds, ir_int(gen, 1), "round");
    for (int i = 0; i < ACCUMULATORS; i++) sums[i] = ir_loop_carry(gen, &loop, initial);
    for (int i = 0; i < ACCUMULATORS; i++)
        next[i] = pairs_intrinsic(gen, "llvm.x86.avx512bf16.dpbf16ps.512",
                                  (Value[]){sums[i], one, one}, 3);
    ir_loop_end(gen, &loop);
    for (int i = 0; i < ACCUMULATORS; i++)
        sums[i] = ir_loop_result(gen, &loop, sums[i], initial, next[i]);
    for (int i = 1; i < ACCUMULATORS; i++)
        sums[0] = LLVMBuildFAdd(gen->builder, sums[0], sums[i], "");
    *flops = 4.0 * ACCUMULATORS * lanes;
    return sums[0];
}

Value pairs_peak_emit(Gen *gen, double *flops) {
    Bfloat16Unit unit = gen->target->machine.bfloat16;
    if (unit == BFLOAT16_NONE) return NULL;
    LlvmType types[] = {gen->i64, gen->pointer};
    LlvmType type = LLVMFunctionType(gen->void_type, types, 2, 0);
    Value function = ir_function(gen, "nn_narrow_peak", type), rounds = LLVMGetParam(function, 0);
    if (unit == BFLOAT16_TILES)
        tile_rounds(gen, rounds, flops);
    else
        ir_store(gen, vector_rounds(gen, rounds, flops), LLVMGetParam(function, 1));
    LLVMBuildRetVoid(gen->builder);
    return function;
}
