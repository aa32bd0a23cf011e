// Numbers of 8 bits in words, their products, and what becomes of sums.
#include "int8.h"

// Added to a number below 2^22 it leaves its whole part, rounded to the nearest and to even, in the
// low bits, whatever the target has for rounding.
#define ROUNDER 12582912.0f // 1.5 * 2^23

enum { ROUNDER_BITS = 0x4b400000 };

static LlvmType whole_vector(Gen *gen, int bits, int lanes) {
    return LLVMVectorType(LLVMIntTypeInContext(gen->context, (unsigned)bits), (unsigned)lanes);
}

static int lanes_of(Gen *gen) {
    return gen->target->machine.lanes;
}

static int numbers_of(Gen *gen) {
    return machine_int8_numbers(&gen->target->machine);
}

int int8_bytes(Gen *gen) {
    return 4 / numbers_of(gen);
}

void int8_begin(Gen *gen) {
    if (gen->target->machine.int8 == INT8_TILES) tiles_begin(gen);
}

void int8_end(Gen *gen) {
    if (gen->target->machine.int8 == INT8_TILES) tiles_end(gen);
}

static Value head_number(Gen *gen, Value block, LlvmType type, int number) {
    Value place = ir_offset(gen, gen->i32, block, ir_int(gen, number));
    return ir_splat(gen, ir_load_invariant(gen, type, place), lanes_of(gen));
}

Int8Weights int8_weights(Gen *gen, const Type *weights, Value block) {
    Int8Weights w = {.layout = layout_int8(&gen->target->machine, weights), .block = block};
    w.inverse = head_number(gen, block, gen->f32, NNRT_INT8_INVERSE);
    w.low = head_number(gen, block, gen->f32, NNRT_INT8_LOW);
    w.high = head_number(gen, block, gen->f32, NNRT_INT8_HIGH);
    Value rounder = ir_splat(gen, LLVMConstInt(gen->i32, ROUNDER_BITS, 0), lanes_of(gen));
    w.shift =
        LLVMBuildSub(gen->builder, head_number(gen, block, gen->i32, NNRT_INT8_ZERO), rounder, "");
    return w;
}

// As nnrt_quantize.
static Value quantize(Gen *gen, const Int8Weights *w, Value floats) {
    LLVMBuilderRef builder = gen->builder;
    int lanes = lanes_of(gen);
    Value number = LLVMBuildFMul(builder, floats, w->inverse, "");
    Value above = LLVMBuildFCmp(builder, LLVMRealOGT, number, w->low, "");
    number = LLVMBuildSelect(builder, above, number, w->low, "");
    Value below = LLVMBuildFCmp(builder, LLVMRealOLT, number, w->high, "");
    number = LLVMBuildSelect(builder, below, number, w->high, "");
    Value rounder = ir_splat(gen, ir_float(gen, (double)ROUNDER), lanes);
    number = LLVMBuildFAdd(builder, number, rounder, "");
    number = LLVMBuildBitCast(builder, number, whole_vector(gen, 32, lanes), "");
    return LLVMBuildAdd(builder, number, w->shift, "");
}

static Value joined(Gen *gen, Value first, Value second) {
    enum { MOST = 64 };
    int count = 2 * (int)LLVMGetVectorSize(LLVMTypeOf(first));
    Value numbers[MOST];
    for (int i = 0; i < count; i++) numbers[i] = LLVMConstInt(gen->i32, (unsigned)i, 0);
    Value order = LLVMConstVector(numbers, (unsigned)count);
    return LLVMBuildShuffleVector(gen->builder, first, second, order, "");
}

Value int8_words(Gen *gen, const Int8Weights *w, Value place, int64_t valid) {
    enum { MOST = 4 };
    int lanes = lanes_of(gen), numbers = numbers_of(gen);
    LlvmType floats = ir_vector(gen, gen->f32, lanes);
    Value parts[MOST] = {NULL};
    for (int i = 0; i < numbers; i++) {
        Value at = ir_offset(gen, gen->f32, place, ir_int(gen, (int64_t)i * lanes));
        int64_t there = valid - (int64_t)i * lanes;
        parts[i] = there > 0 ? ir_load_lanes(gen, floats, at, (int)lowest(there, lanes))
                             : LLVMConstNull(floats);
        parts[i] = LLVMBuildTrunc(gen->builder, quantize(gen, w, parts[i]),
                                  whole_vector(gen, 32 / numbers, lanes), "");
    }
    Value all = joined(gen, parts[0], parts[1]);
    if (numbers == MOST) all = joined(gen, all, joined(gen, parts[2], parts[3]));
    return LLVMBuildBitCast(gen->builder, all, whole_vector(gen, 32, lanes), "");
}

// Two of each word, as numbers of 16 bits.
static Value multiply_widened(Gen *gen, Value left, Value right, Value sum) {
    int lanes = lanes_of(gen);
    const char *name = lanes == 16  ? "llvm.x86.avx512.pmaddw.d.512"
                       : lanes == 8 ? "llvm.x86.avx2.pmadd.wd"
                                    : "llvm.x86.sse2.pmadd.wd";
    LlvmType halves = whole_vector(gen, 16, 2 * lanes);
    Value arguments[] = {LLVMBuildBitCast(gen->builder, left, halves, ""),
                         LLVMBuildBitCast(gen->builder, right, halves, "")};
    return LLVMBuildAdd(gen->builder, sum, pairs_intrinsic(gen, name, arguments, 2), "");
}

Value int8_multiply(Gen *gen, Value left, Value right, Value sum) {
    if (gen->target->machine.int8 == INT8_NONE) return multiply_widened(gen, left, right, sum);
    bool is_wide = lanes_of(gen) == 16;
    Value arguments[] = {sum, left, right};
    return pairs_intrinsic(
        gen, is_wide ? "llvm.x86.avx512.vpdpbusd.512" : "llvm.x86.avx512.vpdpbusd.256", arguments,
        3);
}

KernelWords int8_kernel_words(Gen *gen) {
    return (KernelWords){.multiply = int8_multiply,
                         .numbers = numbers_of(gen),
                         .bytes = int8_bytes(gen),
                         .is_widened = gen->target->machine.int8 == INT8_NONE,
                         .is_in_whole = true};
}

Value int8_panel(Gen *gen, const Int8Weights *w, Value panel) {
    Value words = ir_multiply(gen, panel, ir_int(gen, w->layout.panel_stride));
    return pairs_at(gen, w->block, ir_add(gen, words, ir_int(gen, w->layout.words)));
}

int int8_panel_vectors(Gen *gen, int valid) {
    return valid > lanes_of(gen) ? 2 : 1;
}

Value int8_result(Gen *gen, const Int8Weights *w, Value place, Value column, int lanes) {
    LlvmType words = whole_vector(gen, 32, lanes), floats = ir_vector(gen, gen->f32, lanes);
    Value at = pairs_at(gen, w->block, ir_add(gen, column, ir_int(gen, w->layout.corrections)));
    Value sum = LLVMBuildSub(gen->builder, ir_load(gen, words, place), ir_load(gen, words, at), "");
    at = pairs_at(gen, w->block, ir_add(gen, column, ir_int(gen, w->layout.scales)));
    return LLVMBuildFMul(gen->builder, LLVMBuildSIToFP(gen->builder, sum, floats, ""),
                         ir_load(gen, floats, at), "");
}
