// What numbers a value of a step holds, where it lies in memory.
#ifndef NNRT_RANGE_H
#define NNRT_RANGE_H

#include "../nnrt.h"

typedef struct nnrt_range {
    int64_t count, bad, nans; // elements; those that are not finite; of these, that are NaN
    double low, high;         // of those that are finite; both 0 where none is
    double sum, squares;      // of those
    int64_t zeros;
    int64_t rows, bad_rows; // 1 for a value that is not of samples
} nnrt_range;

typedef struct nnrt_sight { // of a function at work
    const nnrt_program *program;
    const nnrt_function *function;
    const nnrt_context *context;
} nnrt_sight;

// Of all samples of the batch, or of weights as they are now, without the padding of their layout.
nnrt_range nnrt_range_of(const nnrt_sight *sight, const nnrt_value *value);
// Of one row.
nnrt_range nnrt_range_of_row(const nnrt_sight *sight, const nnrt_value *value, int64_t row);
// Of a parameter whose storage begins at `base`.
nnrt_range nnrt_range_of_parameter(const nnrt_parameter *parameter, const float *base);

// Is all of it finite?
int nnrt_value_is_finite(const nnrt_sight *sight, const nnrt_value *value);
int nnrt_weights_are_finite(const nnrt_program *program, const float *weights);
int nnrt_slots_are_finite(const nnrt_program *program, const nnrt_train_step *step,
                          const float *slots);
// The first element of a row of a value that is in memory as floats, not of a column.
const float *nnrt_value_row(const nnrt_context *context, const nnrt_value *value, int64_t row);
int64_t nnrt_value_rows(const nnrt_context *context, const nnrt_value *value);

#endif
