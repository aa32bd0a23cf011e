// NumPy's .npy files, versions 1 to 3 (numpy/lib/format.py), plain or gzip. Objects (pickles) and
// records are refused: nothing in a file is ever executed.
#ifndef NNRT_NPY_H
#define NNRT_NPY_H

#include "array.h"

// Reads and checks the header, and that the file is as long as it says. For elements of 1 to 8
// bytes: bool (as U8), u1, i1, i2, i4, i8, f4, f8.
nnrt_status nnrt_npy_open(nnrt_array *array, const char *path);

// Likewise of an open file, which stays open and has to be while the array is read; `name` is for
// messages.
nnrt_status nnrt_npy_open_descriptor(nnrt_array *array, const char *name, int descriptor);

// Writes float32 values, row-major, version 1.0. The file appears whole or not at all.
nnrt_status nnrt_npy_write(const char *path, int64_t rank, const int64_t *shape,
                           const float *values);

#endif
