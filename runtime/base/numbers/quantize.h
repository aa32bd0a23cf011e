// Numbers as whole ones of 8 bits, and weights as products of them read them (nnrt_int8_weights).
// Generated code, the reference evaluator and tests have the same numbers: operations are single
// ones of float32, in one order.
#ifndef NNRT_QUANTIZE_H
#define NNRT_QUANTIZE_H

#include "../../nnrt.h"

enum { NNRT_INT8_LEVELS = 255, NNRT_INT8_WEIGHT = 127 };

// x is about scale * (q - zero), q in 0 .. 255, and 0 exactly.
typedef struct nnrt_quantizer {
    float scale, inverse;
    int zero;
} nnrt_quantizer;

// Of what is between the two numbers of a range, and 0. An empty range has a scale of 1.
nnrt_quantizer nnrt_quantizer_of(const float range[2]);

// To the nearest, of two to the even one; beyond the range the nearest end, of a NaN the lower one.
int nnrt_quantize(const nnrt_quantizer *quantizer, float x);

// A column of weights: w is about scale * q, q in -127 .. 127, for the largest of |w|.
typedef struct nnrt_weight_scale {
    float scale, inverse;
} nnrt_weight_scale;
nnrt_weight_scale nnrt_weight_scale_of(float largest);
int nnrt_quantize_weight(nnrt_weight_scale scale, float weight);

#endif
