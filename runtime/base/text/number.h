// Numbers as people write them, and their places in samples.
#ifndef NNRT_NUMBER_H
#define NNRT_NUMBER_H

#include "../../nnrt.h"
#include "../status.h"

#include <stdint.h>

// A decimal number and nothing else: neither blanks nor 0x10, nan or inf. What is too large for a
// double is infinite. 0: it is none.
int nnrt_number_parse(const char *text, double *value);

// "7850" as "7,850".
enum { NNRT_GROUPED_NUMBER = 32 };
const char *nnrt_number_grouped(int64_t number, char text[NNRT_GROUPED_NUMBER]);

// A loss or a metric in a table: "0.1234", "1.2340e-05"; NaN: "-".
enum { NNRT_SHORT_NUMBER = 48 };
const char *nnrt_number_short(double value, char text[NNRT_SHORT_NUMBER]);

// Is it a whole number from 0 to below `limit`?
int nnrt_number_is_below(double value, int64_t limit);

// values[index] of the column's type (NNRT_U8, NNRT_F32, else int32) becomes `value`. 0: no such
// value holds it, or it is not below the column's limit.
int nnrt_number_store(const nnrt_column *column, double value, void *values, int64_t index);

// What a value of the column, which holds not every number, has to be: "whole numbers from 0 to
// 255".
typedef struct nnrt_wanted {
    char text[512];
} nnrt_wanted;
nnrt_wanted nnrt_number_wanted(const nnrt_column *column);

// Both at once; the message names `text`.
nnrt_status nnrt_number_read(const nnrt_column *column, const char *text, void *values,
                             int64_t index);

// For qsort of doubles, ascending; none is NaN.
int nnrt_number_compare(const void *a, const void *b);

#endif
