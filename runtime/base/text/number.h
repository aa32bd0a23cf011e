// Numbers as people write them, and their places in samples.
#ifndef NNRT_NUMBER_H
#define NNRT_NUMBER_H

#include "../status.h"

#include <stdint.h>

// A decimal number and nothing else: neither blanks nor 0x10, nan or inf. What is too large for a
// double is infinite. 0: it is none.
int nnrt_number_parse(const char *text, double *value);

// values[index] of `dtype` (NNRT_U8, NNRT_F32, else int32) becomes `value`. 0: no such value holds
// it.
int nnrt_number_store(int64_t dtype, double value, void *values, int64_t index);

// What a value of `dtype`, which holds not every number, has to be: "whole numbers from 0 to 255".
const char *nnrt_number_wanted(int64_t dtype);

// Both at once; the message names `text`.
nnrt_status nnrt_number_read(int64_t dtype, const char *text, void *values, int64_t index);

// For qsort of doubles, ascending; none is NaN.
int nnrt_number_compare(const void *a, const void *b);

#endif
