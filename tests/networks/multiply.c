// What generated code calls where a product is not its own, which tables of few columns have
// whatever is asked for: in place of OpenBLAS, which a program links and this process does not.
#include "../../runtime/blas/multiply.h"

void nnrt_multiply(int64_t left_transposed, int64_t right_transposed, int64_t rows, int64_t columns,
                   int64_t depth, const float *left, int64_t left_stride, const float *right,
                   int64_t right_stride, float *result, int64_t result_stride) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) {
            float sum = 0;
            for (int64_t k = 0; k < depth; k++)
                sum += left[left_transposed ? k * left_stride + i : i * left_stride + k] *
                       right[right_transposed ? j * right_stride + k : k * right_stride + j];
            result[i * result_stride + j] = sum;
        }
}
