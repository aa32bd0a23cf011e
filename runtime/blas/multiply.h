// What generated code calls for a product that OpenBLAS does.
#ifndef NNRT_BLAS_MULTIPLY_H
#define NNRT_BLAS_MULTIPLY_H

#include <stdint.h>

// result [rows, columns] = left [rows, depth] * right [depth, columns], all row-major float32 with
// strides in floats; a transposed operand is stored [depth, rows] or [columns, depth].
void nnrt_multiply(int64_t left_transposed, int64_t right_transposed, int64_t rows, int64_t columns,
                   int64_t depth, const float *left, int64_t left_stride, const float *right,
                   int64_t right_stride, float *result, int64_t result_stride);

#endif
