// The only user of OpenBLAS, linked into a program only when it has contractions that OpenBLAS does
// faster. Each worker calls it on blocks of its own; it never starts threads.
#include "multiply.h"

#include <cblas.h>

extern void openblas_set_num_threads(int count);

// Before main: OpenBLAS decides on its first call otherwise.
__attribute__((constructor)) static void use_one_thread(void) {
    openblas_set_num_threads(1);
}

void nnrt_multiply(int64_t left_transposed, int64_t right_transposed, int64_t rows, int64_t columns,
                   int64_t depth, const float *left, int64_t left_stride, const float *right,
                   int64_t right_stride, float *result, int64_t result_stride) {
    cblas_sgemm(CblasRowMajor, left_transposed ? CblasTrans : CblasNoTrans,
                right_transposed ? CblasTrans : CblasNoTrans, (int)rows, (int)columns, (int)depth,
                1.0f, left, (int)left_stride, right, (int)right_stride, 0.0f, result,
                (int)result_stride);
}
