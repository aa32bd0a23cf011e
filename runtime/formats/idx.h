// The IDX format of the MNIST files (http://yann.lecun.com/exdb/mnist/), plain or gzip: two zero
// bytes, a type, the number of dimensions, the dimensions as 32-bit big-endian numbers, then the
// elements, big-endian and row-major.
#ifndef NNRT_IDX_H
#define NNRT_IDX_H

#include "array.h"

// Reads and checks the header, and that the file is as long as it says.
nnrt_status nnrt_idx_open(nnrt_array *array, const char *path);

#endif
