#include "transform.h"

static Value plus(Gen *gen, Value x, Value y) {
    return LLVMBuildFAdd(gen->builder, x, y, "");
}

static Value minus(Gen *gen, Value x, Value y) {
    return LLVMBuildFSub(gen->builder, x, y, "");
}

static Value half(Gen *gen, Value x) {
    LlvmType type = LLVMTypeOf(x);
    int lanes = LLVMGetTypeKind(type) == LLVMVectorTypeKind ? (int)LLVMGetVectorSize(type) : 1;
    Value factor = ir_float(gen, 0.5);
    return LLVMBuildFMul(gen->builder, x, lanes > 1 ? ir_splat(gen, factor, lanes) : factor, "");
}

// ---- Along one axis: x becomes y. The last position has the other sign than in the paper, in both
// of its factors, so that nothing is negated.

static void picture(Gen *gen, const Value *x, Value *y) {
    y[0] = minus(gen, x[0], x[2]);
    y[1] = plus(gen, x[1], x[2]);
    y[2] = minus(gen, x[2], x[1]);
    y[3] = minus(gen, x[3], x[1]);
}

static void kernel(Gen *gen, const Value *x, Value *y) {
    Value outer = plus(gen, x[0], x[2]);
    y[0] = x[0];
    y[1] = half(gen, plus(gen, outer, x[1]));
    y[2] = half(gen, minus(gen, outer, x[1]));
    y[3] = x[2];
}

static void result(Gen *gen, const Value *x, Value *y) {
    y[0] = plus(gen, x[0], plus(gen, x[1], x[2]));
    y[1] = plus(gen, minus(gen, x[1], x[2]), x[3]);
}

static void values(Gen *gen, const Value *x, Value *y) {
    y[0] = x[0];
    y[1] = plus(gen, x[0], x[1]);
    y[2] = minus(gen, x[0], x[1]);
    y[3] = x[1];
}

static void gradient(Gen *gen, const Value *x, Value *y) {
    Value both = half(gen, plus(gen, x[1], x[2]));
    y[0] = plus(gen, x[0], both);
    y[1] = half(gen, minus(gen, x[1], x[2]));
    y[2] = plus(gen, both, x[3]);
}

static const struct {
    int before, after;
    void (*line)(Gen *gen, const Value *x, Value *y);
} transforms[] = {
    [WINOGRAD_PICTURE] = {WINOGRAD_TILE, WINOGRAD_TILE, picture},
    [WINOGRAD_KERNEL] = {WINOGRAD_TAPS, WINOGRAD_TILE, kernel},
    [WINOGRAD_RESULT] = {WINOGRAD_TILE, WINOGRAD_PLACES, result},
    [WINOGRAD_VALUES] = {WINOGRAD_PLACES, WINOGRAD_TILE, values},
    [WINOGRAD_GRADIENT] = {WINOGRAD_TILE, WINOGRAD_TAPS, gradient},
};

int winograd_side(WinogradTransform transform) {
    return transforms[transform].before;
}

void winograd_transform(Gen *gen, WinogradTransform transform, Value tile[WINOGRAD_POSITIONS]) {
    int before = transforms[transform].before, after = transforms[transform].after;
    Value columns[WINOGRAD_TILE][WINOGRAD_TILE]; // by column: its lines, transformed
    for (int x = 0; x < before; x++) {
        Value column[WINOGRAD_TILE];
        for (int y = 0; y < before; y++) column[y] = tile[y * before + x];
        transforms[transform].line(gen, column, columns[x]);
    }
    for (int y = 0; y < after; y++) {
        Value line[WINOGRAD_TILE];
        for (int x = 0; x < before; x++) line[x] = columns[x][y];
        transforms[transform].line(gen, line, &tile[y * after]);
    }
}
