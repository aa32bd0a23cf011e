// Lanes: how an elementwise operator says what it computes in generated code. A Lane is a vector of
// float32 (the generator chooses the width), opaque here; the functions append instructions to the
// kernel being made. Implemented in compiler/gen/lane.c, the only side that sees LLVM.
// exp, log, tanh and the others are nnc's own polynomials; lane.c states their error in ulp.
#ifndef NNC_OP_LANE_H
#define NNC_OP_LANE_H

#include <stdint.h>

typedef struct LaneBuilder LaneBuilder;
typedef struct LaneValue *Lane;
typedef struct LaneCondition *LaneMask;

Lane lane_constant(LaneBuilder *b, double value);
Lane lane_add(LaneBuilder *b, Lane x, Lane y);
Lane lane_subtract(LaneBuilder *b, Lane x, Lane y);
Lane lane_multiply(LaneBuilder *b, Lane x, Lane y);
Lane lane_divide(LaneBuilder *b, Lane x, Lane y);
Lane lane_fma(LaneBuilder *b, Lane x, Lane y, Lane z); // x * y + z
Lane lane_negate(LaneBuilder *b, Lane x);
Lane lane_absolute(LaneBuilder *b, Lane x);
Lane lane_minimum(LaneBuilder *b, Lane x, Lane y);
Lane lane_maximum(LaneBuilder *b, Lane x, Lane y);
Lane lane_sqrt(LaneBuilder *b, Lane x);
Lane lane_round(LaneBuilder *b, Lane x); // to even
Lane lane_floor(LaneBuilder *b, Lane x);
Lane lane_exp(LaneBuilder *b, Lane x);
Lane lane_expm1(LaneBuilder *b, Lane x);
Lane lane_log(LaneBuilder *b, Lane x);
Lane lane_log1p(LaneBuilder *b, Lane x);
Lane lane_tanh(LaneBuilder *b, Lane x);
Lane lane_sigmoid(LaneBuilder *b, Lane x);
Lane lane_erf(LaneBuilder *b, Lane x);

LaneMask lane_less(LaneBuilder *b, Lane x, Lane y);
LaneMask lane_less_equal(LaneBuilder *b, Lane x, Lane y);
LaneMask lane_equal(LaneBuilder *b, Lane x, Lane y);
Lane lane_select(LaneBuilder *b, LaneMask mask, Lane if_true, Lane if_false);

// Where the lanes are: the index along the last dimension, as float32 (exact to 2^24).
Lane lane_column(LaneBuilder *b);

// Uniform numbers in [0, 1), 24 bits: a function of the run's seed, the step, `stream` and the
// element's index in the batch, and of nothing else (not of threads, width or evaluation order).
Lane lane_random(LaneBuilder *b, uint32_t stream);

#endif
