// Kernels of packed operands; see bfloat16.h.
#include "../../../base/diagnostics/ice.h"
#include "../int8/int8.h"

enum { MOST_ROWS = 8 };

typedef struct PairsKernel {
    Gen *gen;
    const PairsShape *shape;
    Value left, right, steps, sums;
    int lanes;
} PairsKernel;

static Value bytes_at(Gen *gen, Value pointer, Value bytes) {
    return ir_offset(gen, gen->i8, pointer, bytes);
}

static Value times(Gen *gen, Value index, int64_t size) {
    return ir_multiply(gen, index, ir_int(gen, size));
}

// ---- AMX. Registers: sums, then those of the left, then of the right.

static int panels_of(const PairsShape *s) {
    return s->panels ? s->panels : 1;
}

// Words of the panel that a step of the reduction takes.
static int64_t panel_words(const PairsKernel *k) {
    return (int64_t)k->lanes * k->lanes * k->shape->halves;
}

// The panel of a line of the window.
static Value line_of_panel(const PairsKernel *k, Value line) {
    Gen *gen = k->gen;
    return pairs_at(gen, k->right, times(gen, ir_multiply(gen, line, k->steps), panel_words(k)));
}

enum { TILES = 8, TILE_ROWS = 16, TILE_BYTES = 64 };

static Value tile_number(Gen *gen, int tile) {
    return LLVMConstInt(gen->i8, (unsigned)tile, 0);
}

static void load_tile(Gen *gen, int tile, Value pointer, int64_t bytes) {
    Value arguments[] = {tile_number(gen, tile), pointer, ir_int(gen, bytes)};
    pairs_intrinsic(gen, "llvm.x86.tileloadd64", arguments, 3);
}

// Of what is read once: it leaves the first-level cache to others.
static void load_passing_tile(Gen *gen, int tile, Value pointer, int64_t bytes) {
    Value arguments[] = {tile_number(gen, tile), pointer, ir_int(gen, bytes)};
    pairs_intrinsic(gen, "llvm.x86.tileloaddt164", arguments, 3);
}

static void store_tile(Gen *gen, int tile, Value pointer, int64_t bytes) {
    Value arguments[] = {tile_number(gen, tile), pointer, ir_int(gen, bytes)};
    pairs_intrinsic(gen, "llvm.x86.tilestored64", arguments, 3);
}

static int first_left(const PairsKernel *k) {
    return k->shape->squares * panels_of(k->shape) * k->shape->halves;
}

// Panels after the first take turns in what is left of the registers.
static int right_tile(const PairsKernel *k, int number) {
    int first = first_left(k) + k->shape->squares;
    return first + number % (TILES - first);
}

// Floats from the sums of a square, or of a panel, to those of the next.
static int64_t sums_apart(const PairsShape *s, int lanes) {
    return s->panels ? s->sums_panel : lanes * s->sums_row;
}

// Where the sums of a tile begin: of a square, or panel, and a half of the panel.
static Value tile_sums(const PairsKernel *k, int tile) {
    int64_t above = tile / k->shape->halves * sums_apart(k->shape, TILE_ROWS);
    int64_t floats = above + (int64_t)(tile % k->shape->halves) * TILE_ROWS;
    return ir_offset(k->gen, k->gen->f32, k->sums, ir_int(k->gen, floats));
}

static void begin_tiles(const PairsKernel *k) {
    for (int tile = 0; tile < first_left(k); tile++) {
        Value number = tile_number(k->gen, tile);
        if (k->shape->adds)
            load_tile(k->gen, tile, tile_sums(k, tile), 4 * k->shape->sums_row);
        else
            pairs_intrinsic(k->gen, "llvm.x86.tilezero", &number, 1);
    }
}

static void multiply_tile(const PairsKernel *k, int sums, int left, int right) {
    Value arguments[] = {tile_number(k->gen, sums), tile_number(k->gen, left),
                         tile_number(k->gen, right)};
    pairs_intrinsic(k->gen, k->shape->in_int8 ? "llvm.x86.tdpbusd" : "llvm.x86.tdpbf16ps",
                    arguments, 3);
}

static void multiply_tiles(const PairsKernel *k, Value left, Value right) {
    Gen *gen = k->gen;
    const PairsShape *s = k->shape;
    for (int i = 0; i < s->squares; i++)
        load_tile(gen, first_left(k) + i, bytes_at(gen, left, ir_int(gen, i * s->below)), s->row);
    for (int i = 0; i < panels_of(s) * s->halves; i++) {
        int64_t words = s->panel[i / s->halves] + i % s->halves * TILE_ROWS;
        (s->right_passes ? load_passing_tile : load_tile)(gen, right_tile(k, i),
                                                          pairs_at(gen, right, ir_int(gen, words)),
                                                          s->halves * TILE_BYTES);
        for (int square = 0; square < s->squares; square++)
            multiply_tile(k, i + square * s->halves, first_left(k) + square, right_tile(k, i));
    }
}

static void emit_tiles(const PairsKernel *k) {
    Gen *gen = k->gen;
    const PairsShape *s = k->shape;
    begin_tiles(k);
    Loop lines = ir_loop_begin(gen, ir_int(gen, 0), ir_int(gen, s->lines), ir_int(gen, 1), "line");
    Value left = bytes_at(gen, k->left, times(gen, lines.index, s->line));
    Value right = line_of_panel(k, lines.index);
    Loop loop = ir_loop_begin(gen, ir_int(gen, 0), k->steps, ir_int(gen, 1), "square");
    multiply_tiles(k, bytes_at(gen, left, times(gen, loop.index, s->step)),
                   pairs_at(gen, right, times(gen, loop.index, panel_words(k))));
    ir_loop_end(gen, &loop);
    ir_loop_end(gen, &lines);
    for (int tile = 0; tile < first_left(k); tile++)
        store_tile(gen, tile, tile_sums(k, tile), 4 * s->sums_row);
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

void tiles_begin(Gen *gen) {
    Value configuration = tile_configuration(gen);
    pairs_intrinsic(gen, "llvm.x86.ldtilecfg", &configuration, 1);
}

// Tiles without contents need not be saved when another thread runs.
void tiles_end(Gen *gen) {
    pairs_intrinsic(gen, "llvm.x86.tilerelease", NULL, 0);
}

void pairs_begin(Gen *gen) {
    if (gen->target->machine.bfloat16 == BFLOAT16_TILES) tiles_begin(gen);
}

void pairs_end(Gen *gen) {
    if (gen->target->machine.bfloat16 == BFLOAT16_TILES) tiles_end(gen);
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

static bool is_widened(const Gen *gen) {
    return gen->target->machine.bfloat16 == BFLOAT16_NONE || gen->target->machine.lanes != 16;
}

static Value multiply_pairs(Gen *gen, Value left, Value right, Value sum) {
    int lanes = gen->target->machine.lanes;
    if (is_widened(gen)) {
        sum = ir_fma(gen, widen_half(gen, left, false), widen_half(gen, right, false), sum);
        return ir_fma(gen, widen_half(gen, left, true), widen_half(gen, right, true), sum);
    }
    LlvmType half = LLVMBFloatTypeInContext(gen->context);
    LlvmType halves = LLVMVectorType(half, (unsigned)(2 * lanes));
    Value arguments[] = {sum, LLVMBuildBitCast(gen->builder, left, halves, ""),
                         LLVMBuildBitCast(gen->builder, right, halves, "")};
    return pairs_intrinsic(gen, "llvm.x86.avx512bf16.dpbf16ps.512", arguments, 3);
}

KernelWords pairs_words(const Gen *gen, int bytes) {
    return (KernelWords){
        .multiply = multiply_pairs, .numbers = 2, .bytes = bytes, .is_widened = is_widened(gen)};
}

// Some rows' sums.
typedef struct RowSums {
    Value values[MOST_ROWS][PAIRS_HALVES];
    int rows, halves;
} RowSums;

static Value row_sums(const PairsKernel *k, int row, int half) {
    int64_t floats = row * k->shape->sums_row + (int64_t)half * k->lanes;
    return ir_offset(k->gen, k->gen->f32, k->sums, ir_int(k->gen, floats));
}

static void carry_sums(Gen *gen, Loop *loop, RowSums *sums, const RowSums *initial) {
    *sums = *initial;
    for (int i = 0; i < sums->rows; i++)
        for (int v = 0; v < sums->halves; v++)
            sums->values[i][v] = ir_loop_carry(gen, loop, initial->values[i][v]);
}

static void end_sums(Gen *gen, Loop *loop, RowSums *sums, const RowSums *initial,
                     const RowSums *carried) {
    for (int i = 0; i < sums->rows; i++)
        for (int v = 0; v < sums->halves; v++)
            sums->values[i][v] = ir_loop_result(gen, loop, carried->values[i][v],
                                                initial->values[i][v], sums->values[i][v]);
}

// A pair of each row, by a row of the panel.
static void multiply_row(const PairsKernel *k, Value left, Value right, RowSums *sums) {
    Gen *gen = k->gen;
    Value (*multiply)(Gen *, Value, Value, Value) =
        k->shape->in_int8 ? int8_multiply : multiply_pairs;
    Value vectors[PAIRS_HALVES];
    for (int v = 0; v < sums->halves; v++)
        vectors[v] = ir_load(gen, pairs_vector(gen, k->lanes),
                             pairs_at(gen, right, ir_int(gen, (int64_t)v * k->lanes)));
    for (int i = 0; i < sums->rows; i++) {
        Value at = bytes_at(gen, left, ir_int(gen, i * k->shape->row));
        Value pair = ir_splat(gen, ir_load(gen, gen->i32, at), k->lanes);
        for (int v = 0; v < sums->halves; v++)
            sums->values[i][v] = multiply(gen, pair, vectors[v], sums->values[i][v]);
    }
}

// Where pair `index` of a row is: a square's pairs follow each other.
static Value pair_place(const PairsKernel *k, Value index) {
    Gen *gen = k->gen;
    Value within = LLVMBuildAnd(gen->builder, index, ir_int(gen, k->lanes - 1), "");
    Value square = LLVMBuildUDiv(gen->builder, index, ir_int(gen, k->lanes), "");
    return ir_add(gen, times(gen, square, k->shape->step), times(gen, within, 4));
}

static void multiply_steps(const PairsKernel *k, Value left, RowSums *sums) {
    Gen *gen = k->gen;
    RowSums initial = *sums, carried;
    Loop loop =
        ir_loop_begin(gen, ir_int(gen, 0), times(gen, k->steps, k->lanes), ir_int(gen, 1), "pair");
    carry_sums(gen, &loop, sums, &initial);
    carried = *sums;
    Value beside = times(gen, loop.index, (int64_t)k->lanes * sums->halves);
    multiply_row(k, bytes_at(gen, left, pair_place(k, loop.index)), pairs_at(gen, k->right, beside),
                 sums);
    ir_loop_end(gen, &loop);
    end_sums(gen, &loop, sums, &initial, &carried);
}

// So many rows of the sums, from `row` on; `left`: of the first of them.
static void emit_rows(const PairsKernel *k, Value left, int row, int rows) {
    Gen *gen = k->gen;
    LlvmType floats = ir_vector(gen, k->shape->in_int8 ? gen->i32 : gen->f32, k->lanes);
    RowSums sums = {.rows = rows, .halves = k->shape->halves};
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < sums.halves; v++)
            sums.values[i][v] = k->shape->adds ? ir_load(gen, floats, row_sums(k, row + i, v))
                                               : LLVMConstNull(floats);
    multiply_steps(k, left, &sums);
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < sums.halves; v++)
            ir_store(gen, sums.values[i][v], row_sums(k, row + i, v));
}

// Rows of packed squares: windows of pictures are multiplied by kernels of register tiles
// (pairs_words).
static void emit_vectors(const PairsKernel *k) {
    Gen *gen = k->gen;
    const PairsShape *s = k->shape;
    if (s->lines != 1 || s->panels) nn_ice("gen", "a window of a picture in packed squares");
    int rows = s->rows ? s->rows : k->lanes, together = (int)lowest(rows, rows_together(k->lanes));
    for (int square = 0; square < s->squares; square++) {
        PairsKernel own = *k;
        own.sums = ir_offset(gen, gen->f32, k->sums, ir_int(gen, square * k->lanes * s->sums_row));
        for (int first = 0; first < rows; first += together)
            emit_rows(&own, bytes_at(gen, k->left, ir_int(gen, square * s->below + first * s->row)),
                      first, together);
    }
}

// ---- Both.

bool pairs_in_tiles(const Gen *gen, bool in_int8) {
    const MachineModel *machine = &gen->target->machine;
    return in_int8 ? machine->int8 == INT8_TILES : machine->bfloat16 == BFLOAT16_TILES;
}

static const char *kernel_name(Gen *gen, const PairsShape *s) {
    Text name = text_create(gen->arena);
    text_format(&name, "nn_pairs_%dx%d_r%lld_s%lld_b%lld", s->squares, s->halves, (long long)s->row,
                (long long)s->step, (long long)s->below);
    for (int i = 0; i < s->panels; i++) text_format(&name, "_p%lld", (long long)s->panel[i]);
    if (s->panels) text_format(&name, "_d%lld", (long long)s->sums_panel);
    if (s->rows) text_format(&name, "_rows%d", s->rows);
    if (s->lines != 1) text_format(&name, "_l%lldx%lld", (long long)s->lines, (long long)s->line);
    text_format(&name, "_c%lld%s%s", (long long)s->sums_row, s->adds ? "_adds" : "",
                s->in_int8 ? "_int8" : "");
    if (s->right_passes) text_put(&name, "_once");
    return name.data;
}

static Value pairs_kernel(Gen *gen, const PairsShape *shape) {
    const char *name = kernel_name(gen, shape);
    Value known = LLVMGetNamedFunction(gen->module, name);
    if (known) return known;
    LLVMBasicBlockRef caller = LLVMGetInsertBlock(gen->builder);
    LlvmType p = gen->pointer, types[] = {p, p, gen->i64, p};
    Value function = ir_function(gen, name, LLVMFunctionType(gen->void_type, types, 4, 0));
    unsigned noinline = LLVMGetEnumAttributeKindForName("noinline", 8);
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(gen->context, noinline, 0));
    PairsKernel k = {.gen = gen,
                     .shape = shape,
                     .lanes = gen->target->machine.lanes,
                     .left = LLVMGetParam(function, 0),
                     .right = LLVMGetParam(function, 1),
                     .steps = LLVMGetParam(function, 2),
                     .sums = LLVMGetParam(function, 3)};
    if (pairs_in_tiles(gen, shape->in_int8))
        emit_tiles(&k);
    else
        emit_vectors(&k);
    LLVMBuildRetVoid(gen->builder);
    LLVMPositionBuilderAtEnd(gen->builder, caller);
    return function;
}

PairsShape pairs_shape(int lanes, int squares, int64_t steps) {
    int64_t square = 4 * (int64_t)lanes * lanes;
    return (PairsShape){.squares = squares,
                        .halves = 2,
                        .row = 4 * (int64_t)lanes,
                        .step = square,
                        .below = steps * square,
                        .lines = 1,
                        .sums_row = 2 * (int64_t)lanes};
}

void pairs_call(Gen *gen, const PairsShape *shape, Value left, Value right, Value steps,
                Value sums) {
    Value function = pairs_kernel(gen, shape);
    Value arguments[] = {left, right, steps, sums};
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function, arguments, 4, "");
}

void pairs_call_again(Gen *gen, const PairsShape *shape, Value is_first, Value left, Value right,
                      Value steps, Value sums) {
    LLVMBasicBlockRef begin = ir_block(gen, "begin"), add = ir_block(gen, "add");
    LLVMBasicBlockRef done = ir_block(gen, "added");
    PairsShape adding = *shape;
    adding.adds = true;
    LLVMBuildCondBr(gen->builder, is_first, begin, add);
    LLVMPositionBuilderAtEnd(gen->builder, begin);
    pairs_call(gen, shape, left, right, steps, sums);
    LLVMBuildBr(gen->builder, done);
    LLVMPositionBuilderAtEnd(gen->builder, add);
    pairs_call(gen, &adding, left, right, steps, sums);
    LLVMBuildBr(gen->builder, done);
    LLVMPositionBuilderAtEnd(gen->builder, done);
}
