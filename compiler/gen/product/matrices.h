// Products of two values of each sample, a matrix product at each of their batch places.
#ifndef NNC_GEN_MATRICES_H
#define NNC_GEN_MATRICES_H

#include "product.h"

typedef struct MatrixLoops {
    Product *p;
    Pairs pairs;
    Value left, right; // where the operands of the batch place begin
    int64_t right_row; // floats from row to row of the right one, [depth][columns]
    DepthLimit limit;  // what tiles need not compute, as something is zero above its diagonal
} MatrixLoops;

// The product at the batch place in bfloat16; bfloat16/matrices.c. One of both strides of each
// operand is 1 (op/primitive/pairs.h, pairs_fit_bfloat16).
void matrices_in_bfloat16(MatrixLoops *l);

#endif
