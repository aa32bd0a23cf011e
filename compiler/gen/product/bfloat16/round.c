// Rounding of vectors to bfloat16, to the nearest and to even, and pairs of the results.
#include "bfloat16.h"

#include <string.h>

Value pairs_intrinsic(Gen *gen, const char *name, Value *arguments, int count) {
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    Value function = LLVMGetIntrinsicDeclaration(gen->module, id, NULL, 0);
    return LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function, arguments,
                          (unsigned)count, "");
}

LlvmType pairs_number(Gen *gen) {
    return LLVMInt16TypeInContext(gen->context);
}

static LlvmType halves_vector(Gen *gen, int lanes) {
    return ir_vector(gen, pairs_number(gen), lanes);
}

static int lanes_of(Value vector) {
    LlvmType type = LLVMTypeOf(vector);
    return LLVMGetTypeKind(type) == LLVMVectorTypeKind ? (int)LLVMGetVectorSize(type) : 1;
}

static Value splat_word(Gen *gen, unsigned word, int lanes) {
    return ir_splat(gen, LLVMConstInt(gen->i32, word, 0), lanes);
}

// The upper halves of what is left of them after half a unit has been added, or a little less where
// the last bit is even. A NaN stays one: its mantissa would overflow, or lose all of its bits.
static Value round_words(Gen *gen, Value floats) {
    LLVMBuilderRef builder = gen->builder;
    int lanes = lanes_of(floats);
    Value half = splat_word(gen, 16, lanes);
    Value words = LLVMBuildBitCast(builder, floats, ir_vector(gen, gen->i32, lanes), "");
    Value upper = LLVMBuildLShr(builder, words, half, "");
    Value odd = LLVMBuildAnd(builder, upper, splat_word(gen, 1, lanes), "");
    Value unit = LLVMBuildAdd(builder, odd, splat_word(gen, 0x7fff, lanes), "");
    Value sum = LLVMBuildLShr(builder, LLVMBuildAdd(builder, words, unit, ""), half, "");
    Value quiet = LLVMBuildOr(builder, upper, splat_word(gen, 0x40, lanes), "");
    Value is_nan = LLVMBuildFCmp(builder, LLVMRealUNO, floats, floats, "");
    Value rounded = LLVMBuildSelect(builder, is_nan, quiet, sum, "");
    return LLVMBuildTrunc(builder, rounded, halves_vector(gen, lanes), "");
}

Value pairs_round(Gen *gen, Value floats) {
    int lanes = lanes_of(floats);
    if (gen->target->machine.bfloat16 == BFLOAT16_NONE || lanes != 16)
        return round_words(gen, floats);
    Value halves = pairs_intrinsic(gen, "llvm.x86.avx512bf16.cvtneps2bf16.512", &floats, 1);
    return LLVMBuildBitCast(gen->builder, halves, halves_vector(gen, lanes), "");
}

LlvmType pairs_vector(Gen *gen, int lanes) {
    return LLVMVectorType(gen->i32, (unsigned)lanes);
}

Value pairs_at(Gen *gen, Value words, Value index) {
    return ir_offset(gen, gen->i32, words, index);
}

Value pairs_of_row(Gen *gen, Value low, Value high) {
    int lanes = lanes_of(low);
    Value numbers[2 * 64];
    for (int i = 0; i < 2 * lanes; i++)
        numbers[i] = LLVMConstInt(gen->i32, (unsigned long long)i, 0);
    Value order = LLVMConstVector(numbers, (unsigned)(2 * lanes));
    Value halves = LLVMBuildShuffleVector(gen->builder, pairs_round(gen, low),
                                          pairs_round(gen, high), order, "");
    return LLVMBuildBitCast(gen->builder, halves, pairs_vector(gen, lanes), "");
}

static Value pairs_of_floats(Gen *gen, Value place, int64_t valid) {
    int lanes = gen->target->machine.lanes;
    LlvmType floats = ir_vector(gen, gen->f32, lanes);
    Value parts[2];
    for (int i = 0; i < 2; i++) {
        Value at = ir_offset(gen, gen->f32, place, ir_int(gen, (int64_t)i * lanes));
        int64_t there = valid - i * lanes;
        parts[i] = there > 0 ? ir_load_lanes(gen, floats, at, (int)lowest(there, lanes))
                             : LLVMConstNull(floats);
    }
    return pairs_of_row(gen, parts[0], parts[1]);
}

Value pairs_of_numbers(Gen *gen, Dtype dtype, Value place, int64_t valid) {
    if (dtype != DTYPE_BF16) return pairs_of_floats(gen, place, valid);
    int lanes = gen->target->machine.lanes, there = (int)lowest(valid, 2 * lanes);
    Value halves = ir_load_lanes(gen, halves_vector(gen, 2 * lanes), place, there);
    return LLVMBuildBitCast(gen->builder, halves, pairs_vector(gen, lanes), "");
}

Value pairs_of_rounded(Gen *gen, Value first, Value second) {
    int lanes = lanes_of(first);
    Value numbers[2 * 64];
    for (int i = 0; i < 2 * lanes; i++)
        numbers[i] = LLVMConstInt(gen->i32, (unsigned long long)(i / 2 + i % 2 * lanes), 0);
    Value order = LLVMConstVector(numbers, (unsigned)(2 * lanes));
    Value halves = LLVMBuildShuffleVector(gen->builder, first, second, order, "");
    return LLVMBuildBitCast(gen->builder, halves, pairs_vector(gen, lanes), "");
}

Value pairs_of_rows(Gen *gen, Value first, Value second) {
    return pairs_of_rounded(gen, pairs_round(gen, first), pairs_round(gen, second));
}
