// Lanes: how an elementwise operator says what it computes in generated code. A Lane is a vector of
// float32 (the generator chooses the width), opaque here; the functions append instructions to the
// kernel being made. Implemented in compiler/gen/element/lane.c, the only side that sees LLVM.
// exp, log, tanh and the others are nnc's own polynomials; lane.c states their error in ulp.
#ifndef NNC_OP_LANE_H
#define NNC_OP_LANE_H

#include "../graph/graph.h"

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
Lane lane_cos_turns(LaneBuilder *b, Lane x); // the cosine of 2 pi x, for x in [0, 1]
Lane lane_sin_turns(LaneBuilder *b, Lane x); // the sine of 2 pi x, for x in [-1/4, 1/4]

LaneMask lane_less(LaneBuilder *b, Lane x, Lane y);
LaneMask lane_less_equal(LaneBuilder *b, Lane x, Lane y);
LaneMask lane_equal(LaneBuilder *b, Lane x, Lane y);
Lane lane_select(LaneBuilder *b, LaneMask mask, Lane if_true, Lane if_false);

// Where the lanes are: the index along the last dimension, as float32 (exact to 2^24).
Lane lane_column(LaneBuilder *b);
// The index along the dimension before it, which has so many places: the same for all lanes.
Lane lane_row(LaneBuilder *b, int64_t places);

// Uniform numbers in [0, 1), 24 bits: a function of the run's seed, the step, `stream` and the
// element's index in the batch, and of nothing else (not of threads, width or evaluation order).
Lane lane_random(LaneBuilder *b, uint32_t stream);
// The same of a seed that is known when compiling, alike in every run and step.
Lane lane_random_seeded(LaneBuilder *b, uint64_t seed, uint32_t stream);

// ---- For operators that fetch elements from other places of their inputs (OpDef.gather).

typedef struct LanePlace *LanePlace; // an index along a dimension, the same for all lanes
typedef struct LaneTruth *LaneTruth; // a condition that is the same for all lanes

// Where the element that is computed stands in the result; along the last dimension: lane 0.
LanePlace lane_place(LaneBuilder *b, int dimension);
LanePlace lane_place_number(LaneBuilder *b, int64_t number);
LanePlace lane_place_add(LaneBuilder *b, LanePlace x, LanePlace y);
LanePlace lane_place_multiply(LaneBuilder *b, LanePlace x, int64_t factor);
LanePlace lane_place_divide(LaneBuilder *b, LanePlace x, int64_t divisor); // of x >= 0
LanePlace lane_place_remainder(LaneBuilder *b, LanePlace x, int64_t divisor);
LanePlace lane_place_minimum(LaneBuilder *b, LanePlace x, int64_t limit);
LanePlace lane_place_maximum(LaneBuilder *b, LanePlace x, int64_t limit);
Lane lane_place_value(LaneBuilder *b, LanePlace x); // as float32, exact to 2^24
LaneTruth lane_place_within(LaneBuilder *b, LanePlace x, int64_t low,
                            int64_t end); // low <= x < end
LaneTruth lane_truth_and(LaneBuilder *b, LaneTruth x, LaneTruth y);
Lane lane_choose(LaneBuilder *b, LaneTruth truth, Lane if_true, Lane if_false);

// The element of input `input` at `places`, one for each of its dimensions (the lanes follow each
// other along the last); `outside` where a place is not within its dimension.
Lane lane_fetch(LaneBuilder *b, Node *node, int input, const LanePlace *places, Lane outside);

// A whole number that input `input` has at `places`, which are as many as its dimensions, as an
// index along a dimension of `size`: what is outside becomes the nearest one.
LanePlace lane_fetch_place(LaneBuilder *b, Node *node, int input, const LanePlace *places,
                           int64_t size);

// For each index from 0 to before `count`, in order: `step` puts the next value of each of the
// carried lanes (at most LANE_CARRIED) in its place. A few steps are written out, more are a loop,
// so that the code of a window does not grow with it.
enum { LANE_CARRIED = 2 };
typedef void LaneStep(LaneBuilder *b, LanePlace index, Lane *carried, void *state);
void lane_repeat(LaneBuilder *b, int64_t count, Lane *carried, int carried_count, LaneStep *step,
                 void *state);

#endif
