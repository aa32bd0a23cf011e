// Kernels of packed operands; see bfloat16.h.
#include "bfloat16.h"

#include <stdio.h>
#include <string.h>

enum { MOST_ROWS = 8, VECTORS = 2 };

static Value call_intrinsic(Gen *gen, const char *name, Value *arguments, int count) {
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    Value function = LLVMGetIntrinsicDeclaration(gen->module, id, NULL, 0);
    return LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function, arguments,
                          (unsigned)count, "");
}

typedef struct PairsKernel {
    Gen *gen;
    Value left, line, right, steps, sums;
    int squares, lanes;
    bool adds;
} PairsKernel;

// ---- AMX. Registers: sums 0 to 3, left 4 and 5, right 6 and 7.

enum { TILE_LEFT = 4, TILE_RIGHT = 6, TILES = 8, TILE_ROWS = 16, TILE_BYTES = 64 };

static Value tile_number(Gen *gen, int tile) {
    return LLVMConstInt(gen->i8, (unsigned)tile, 0);
}

static void load_tile(Gen *gen, int tile, Value pointer, int64_t bytes) {
    Value arguments[] = {tile_number(gen, tile), pointer, ir_int(gen, bytes)};
    call_intrinsic(gen, "llvm.x86.tileloadd64", arguments, 3);
}

static void store_tile(Gen *gen, int tile, Value pointer, int64_t bytes) {
    Value arguments[] = {tile_number(gen, tile), pointer, ir_int(gen, bytes)};
    call_intrinsic(gen, "llvm.x86.tilestored64", arguments, 3);
}

// Where the sums of a square and a half of the panel begin.
static Value tile_sums(const PairsKernel *k, int square, int half) {
    int64_t floats = (square * TILE_ROWS * VECTORS + half) * TILE_ROWS;
    return ir_offset(k->gen, k->gen->f32, k->sums, ir_int(k->gen, floats));
}

static void begin_tiles(const PairsKernel *k) {
    for (int tile = 0; tile < k->squares * VECTORS; tile++) {
        Value number = tile_number(k->gen, tile);
        if (k->adds)
            load_tile(k->gen, tile, tile_sums(k, tile / VECTORS, tile % VECTORS),
                      VECTORS * TILE_BYTES);
        else
            call_intrinsic(k->gen, "llvm.x86.tilezero", &number, 1);
    }
}

static void multiply_tiles(const PairsKernel *k) {
    for (int tile = 0; tile < k->squares * VECTORS; tile++) {
        Value arguments[] = {tile_number(k->gen, tile),
                             tile_number(k->gen, TILE_LEFT + tile / VECTORS),
                             tile_number(k->gen, TILE_RIGHT + tile % VECTORS)};
        call_intrinsic(k->gen, "llvm.x86.tdpbf16ps", arguments, 3);
    }
}

static void emit_tiles(const PairsKernel *k) {
    Gen *gen = k->gen;
    const int64_t square = TILE_ROWS * TILE_ROWS;
    begin_tiles(k);
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), k->steps, ir_int(gen, 1), "square");
    Value left = pairs_at(gen, k->left, ir_multiply(gen, loop.index, ir_int(gen, square)));
    Value right =
        pairs_at(gen, k->right, ir_multiply(gen, loop.index, ir_int(gen, VECTORS * square)));
    for (int i = 0; i < k->squares; i++)
        load_tile(gen, TILE_LEFT + i,
                  pairs_at(gen, left, ir_multiply(gen, k->line, ir_int(gen, i))), TILE_BYTES);
    for (int i = 0; i < VECTORS; i++)
        load_tile(gen, TILE_RIGHT + i, pairs_at(gen, right, ir_int(gen, (int64_t)i * TILE_ROWS)),
                  VECTORS * TILE_BYTES);
    multiply_tiles(k);
    ir_loop_end(gen, &loop);
    for (int tile = 0; tile < k->squares * VECTORS; tile++)
        store_tile(gen, tile, tile_sums(k, tile / VECTORS, tile % VECTORS), VECTORS * TILE_BYTES);
}

// Palette 1, and for each tile 64 bytes a row and 16 rows (the same manual, "LDTILECFG").
static Value tile_configuration(Gen *gen) {
    enum { BYTES = 64, COLUMNS_AT = 16, ROWS_AT = 48 };
    Value known = LLVMGetNamedGlobal(gen->module, "nn_tiles");
    if (known) return known;
    unsigned char bytes[BYTES] = {1};
    for (int i = 0; i < TILES; i++) {
        bytes[COLUMNS_AT + 2 * i] = TILE_BYTES;
        bytes[ROWS_AT + i] = TILE_ROWS;
    }
    Value text = LLVMConstStringInContext(gen->context, (const char *)bytes, BYTES, 1);
    Value global = LLVMAddGlobal(gen->module, LLVMTypeOf(text), "nn_tiles");
    LLVMSetInitializer(global, text);
    LLVMSetLinkage(global, LLVMInternalLinkage);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetAlignment(global, BYTES);
    return global;
}

void pairs_begin(Gen *gen) {
    if (gen->target->machine.bfloat16 != BFLOAT16_TILES) return;
    Value configuration = tile_configuration(gen);
    call_intrinsic(gen, "llvm.x86.ldtilecfg", &configuration, 1);
}

// Tiles without contents need not be saved when another thread runs.
void pairs_end(Gen *gen) {
    if (gen->target->machine.bfloat16 != BFLOAT16_TILES) return;
    call_intrinsic(gen, "llvm.x86.tilerelease", NULL, 0);
}

// ---- Vectors: some rows of a square at a time, as many as there are registers for.

static int rows_together(int lanes) {
    return lanes >= 16 ? MOST_ROWS : 4;
}

// One half of each pair, as float32.
static Value widen_half(Gen *gen, Value pairs, bool is_high) {
    int lanes = (int)LLVMGetVectorSize(LLVMTypeOf(pairs));
    Value operand = ir_splat(gen, LLVMConstInt(gen->i32, is_high ? 0xffff0000u : 16u, 0), lanes);
    Value words = is_high ? LLVMBuildAnd(gen->builder, pairs, operand, "")
                          : LLVMBuildShl(gen->builder, pairs, operand, "");
    return LLVMBuildBitCast(gen->builder, words, ir_vector(gen, gen->f32, lanes), "");
}

static Value multiply_pairs(Gen *gen, Value left, Value right, Value sum) {
    int lanes = gen->target->machine.lanes;
    if (gen->target->machine.bfloat16 == BFLOAT16_NONE || lanes != 16) {
        sum = ir_fma(gen, widen_half(gen, left, false), widen_half(gen, right, false), sum);
        return ir_fma(gen, widen_half(gen, left, true), widen_half(gen, right, true), sum);
    }
    LlvmType half = LLVMBFloatTypeInContext(gen->context);
    LlvmType halves = LLVMVectorType(half, (unsigned)(2 * lanes));
    Value arguments[] = {sum, LLVMBuildBitCast(gen->builder, left, halves, ""),
                         LLVMBuildBitCast(gen->builder, right, halves, "")};
    return call_intrinsic(gen, "llvm.x86.avx512bf16.dpbf16ps.512", arguments, 3);
}

static Value row_sums(const PairsKernel *k, int row, int vector) {
    int64_t floats = ((int64_t)row * VECTORS + vector) * k->lanes;
    return ir_offset(k->gen, k->gen->f32, k->sums, ir_int(k->gen, floats));
}

// Where pair `index` of a square's first row is: pairs of a row are in squares beside each other.
static Value pair_place(const PairsKernel *k, Value index) {
    Gen *gen = k->gen;
    Value within = LLVMBuildAnd(gen->builder, index, ir_int(gen, k->lanes - 1), "");
    Value before = LLVMBuildSub(gen->builder, index, within, "");
    return ir_add(gen, ir_multiply(gen, before, ir_int(gen, k->lanes)), within);
}

// A pair of each row, by a row of the panel.
static void multiply_row(const PairsKernel *k, int rows, Value left, Value right,
                         Value sums[MOST_ROWS][VECTORS]) {
    Gen *gen = k->gen;
    Value vectors[VECTORS];
    for (int v = 0; v < VECTORS; v++)
        vectors[v] = ir_load(gen, pairs_vector(gen, k->lanes),
                             pairs_at(gen, right, ir_int(gen, (int64_t)v * k->lanes)));
    for (int i = 0; i < rows; i++) {
        Value place = ir_int(gen, (int64_t)i * k->lanes);
        Value pair = ir_splat(gen, ir_load(gen, gen->i32, pairs_at(gen, left, place)), k->lanes);
        for (int v = 0; v < VECTORS; v++)
            sums[i][v] = multiply_pairs(gen, pair, vectors[v], sums[i][v]);
    }
}

// So many rows of the sums, from `row` on; `left`: of the first of them.
static void emit_rows(const PairsKernel *k, Value left, int row, int rows) {
    Gen *gen = k->gen;
    LlvmType floats = ir_vector(gen, gen->f32, k->lanes);
    Value initial[MOST_ROWS][VECTORS], carried[MOST_ROWS][VECTORS], sums[MOST_ROWS][VECTORS];
    for (int i = 0; i < rows * VECTORS; i++)
        initial[i / VECTORS][i % VECTORS] =
            k->adds ? ir_load(gen, floats, row_sums(k, row + i / VECTORS, i % VECTORS))
                    : LLVMConstNull(floats);
    Value pairs = ir_multiply(gen, k->steps, ir_int(gen, k->lanes));
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), pairs, ir_int(gen, 1), "pair");
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < VECTORS; v++)
            sums[i][v] = carried[i][v] = ir_loop_carry(gen, &loop, initial[i][v]);
    Value across = ir_multiply(gen, loop.index, ir_int(gen, VECTORS * k->lanes));
    multiply_row(k, rows, pairs_at(gen, left, pair_place(k, loop.index)),
                 pairs_at(gen, k->right, across), sums);
    ir_loop_end(gen, &loop);
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < VECTORS; v++)
            sums[i][v] = ir_loop_result(gen, &loop, carried[i][v], initial[i][v], sums[i][v]);
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < VECTORS; v++) ir_store(gen, sums[i][v], row_sums(k, row + i, v));
}

static void emit_vectors(const PairsKernel *k) {
    int together = rows_together(k->lanes);
    for (int square = 0; square < k->squares; square++) {
        Value line = ir_multiply(k->gen, k->line, ir_int(k->gen, square));
        Value left = pairs_at(k->gen, k->left, line);
        for (int first = 0; first < k->lanes; first += together)
            emit_rows(k, pairs_at(k->gen, left, ir_int(k->gen, (int64_t)first * k->lanes)),
                      square * k->lanes + first, together);
    }
}

// ---- Both.

Value pairs_kernel(Gen *gen, int squares, bool adds) {
    char name[64];
    snprintf(name, sizeof name, "nn_pairs_%d%s", squares, adds ? "_adds" : "");
    Value known = LLVMGetNamedFunction(gen->module, name);
    if (known) return known;
    LLVMBasicBlockRef caller = LLVMGetInsertBlock(gen->builder);
    LlvmType p = gen->pointer, types[] = {p, gen->i64, p, gen->i64, p};
    Value function = ir_function(gen, name, LLVMFunctionType(gen->void_type, types, 5, 0));
    unsigned noinline = LLVMGetEnumAttributeKindForName("noinline", 8);
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(gen->context, noinline, 0));
    PairsKernel k = {.gen = gen,
                     .squares = squares,
                     .adds = adds,
                     .lanes = gen->target->machine.lanes,
                     .left = LLVMGetParam(function, 0),
                     .line = LLVMGetParam(function, 1),
                     .right = LLVMGetParam(function, 2),
                     .steps = LLVMGetParam(function, 3),
                     .sums = LLVMGetParam(function, 4)};
    if (gen->target->machine.bfloat16 == BFLOAT16_TILES)
        emit_tiles(&k);
    else
        emit_vectors(&k);
    LLVMBuildRetVoid(gen->builder);
    LLVMPositionBuilderAtEnd(gen->builder, caller);
    return function;
}

Value pairs_call(Gen *gen, int squares, bool adds, Value left, Value line, Value right, Value steps,
                 Value sums) {
    Value function = pairs_kernel(gen, squares, adds);
    Value arguments[] = {left, line, right, steps, sums};
    return LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function, arguments, 5,
                          "");
}
