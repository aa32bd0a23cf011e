// Products that OpenBLAS does: one call for each block of the result's rows. The blocks are of a
// fixed size, so that the result does not depend on the number of workers.
#include "product.h"

enum { BLAS_BLOCK = 64 };

static Value blas_function(Gen *gen) {
    const char *name = "nnrt_multiply";
    Value known = LLVMGetNamedFunction(gen->module, name);
    if (known) return known;
    LlvmType i = gen->i64, p = gen->pointer;
    LlvmType types[] = {i, i, i, i, i, p, i, p, i, p, i};
    return LLVMAddFunction(gen->module, name, LLVMFunctionType(gen->void_type, types, 11, 0));
}

static void call_blas(Product *p, bool left_transposed, bool right_transposed, Value rows,
                      int64_t columns, Value depth, Value left, int64_t left_stride, Value right,
                      int64_t right_stride, Value result, int64_t result_stride) {
    Gen *gen = p->gen;
    Value arguments[] = {ir_int(gen, left_transposed),
                         ir_int(gen, right_transposed),
                         rows,
                         ir_int(gen, columns),
                         depth,
                         left,
                         ir_int(gen, left_stride),
                         right,
                         ir_int(gen, right_stride),
                         result,
                         ir_int(gen, result_stride)};
    Value function = blas_function(gen);
    LLVMBuildCall2(gen->builder, LLVMGlobalGetValueType(function), function, arguments, 11, "");
}

// Where the result of the anchor lies, and its row stride.
static Value blas_result(Product *p, int64_t *stride) {
    p->b.sample = ir_int(p->gen, 0);
    if (p->kind != PRODUCT_WEIGHTS) {
        Matrix m = product_matrix(p, p->anchor);
        *stride = m.stride;
        return m.base;
    }
    *stride = p->columns;
    return element_buffer(&p->b, p->anchor);
}

void product_blas(Product *p) {
    Gen *gen = p->gen;
    bool weights = p->kind == PRODUCT_WEIGHTS;
    int64_t stride;
    Value result = blas_result(p, &stride);
    Matrix left = product_matrix(p, p->anchor->inputs[0]);
    Value rows = ir_multiply(gen, ir_context(gen, p->function, FIELD_ROWS), ir_int(gen, p->lead));
    Value total = weights ? ir_int(gen, p->depth) : rows;
    Value block = ir_int(gen, BLAS_BLOCK);
    Value blocks =
        LLVMBuildUDiv(gen->builder, ir_add(gen, total, ir_int(gen, BLAS_BLOCK - 1)), block, "");
    Range range = ir_worker_range(gen, p->function, blocks);
    Loop loop = ir_loop_begin(gen, range.begin, range.end, ir_int(gen, 1), "blas");
    Value first = ir_multiply(gen, loop.index, block);
    Value left_over = LLVMBuildSub(gen->builder, total, first, "");
    Value is_last = LLVMBuildICmp(gen->builder, LLVMIntSLT, left_over, block, "");
    Value taken = LLVMBuildSelect(gen->builder, is_last, left_over, block, "");
    Value out = ir_offset(gen, gen->f32, result, ir_multiply(gen, first, ir_int(gen, stride)));
    if (weights) {
        Matrix right = product_matrix(p, p->anchor->inputs[1]);
        Value columns = ir_offset(gen, gen->f32, left.base, first);
        call_blas(p, true, false, taken, p->columns, rows, columns, left.stride, right.base,
                  right.stride, out, stride);
    } else {
        bool data = p->kind == PRODUCT_DATA;
        call_blas(p, false, data, taken, data ? p->depth : p->columns,
                  ir_int(gen, data ? p->columns : p->depth), product_row(p, &left, first),
                  left.stride, product_weights(p), p->columns, out, stride);
    }
    ir_loop_end(gen, &loop);
    gen->needs_blas = true;
}
