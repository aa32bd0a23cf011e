// Initial weights, as Keras 3 makes them (keras/src/initializers): same distributions, own numbers.
// The values of a parameter are a function of (seed, the parameter's index) only.
#ifndef NNRT_INITIALIZE_H
#define NNRT_INITIALIZE_H

#include "../../base/schema.h"
#include "../../base/status.h"
#include "../../nnrt.h"

// Fills `values` (row-major, in the parameter's logical shape).
nnrt_status nnrt_initialize(const nnrt_parameter *parameter, int64_t index, uint64_t seed,
                            float *values);

// fan_in, fan_out as keras/src/initializers/random_initializers.py:compute_fans.
void nnrt_initialize_fans(const nnrt_parameter *parameter, double *fan_in, double *fan_out);

// An initializer is a row, beside its functions, of initialize.c.
typedef struct nnrt_fill nnrt_fill;
typedef struct nnrt_initializer_row {
    Schema schema;
    int needs_matrix; // cannot fill a vector
    int is_flat;      // nor what has more than two dimensions
    int is_number;    // what a number stands for that is written in place of an initializer
    nnrt_status (*run)(nnrt_fill *f);
} nnrt_initializer_row;

extern const nnrt_initializer_row nnrt_initializer_rows[]; // ended by a row without name

int64_t nnrt_parameter_elements(const nnrt_parameter *parameter);

#endif
