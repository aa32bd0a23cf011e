// Convolutions in bfloat16 (gen/product/bfloat16/bfloat16.h). A sample's plane is rounded once,
// place by place as it lies. The rows of a square are then places that follow each other, each with
// the numbers of a line of the kernel from its place on, which overlap and are copied nowhere.
// Places of several lines are computed with those that stand between them in the padding, which are
// left out when the tile is finished. Kernels are packed by each worker once for all of its
// samples.
#ifndef NNC_GEN_CONVOLUTION_PAIRS_H
#define NNC_GEN_CONVOLUTION_PAIRS_H

#include "../product/bfloat16/bfloat16.h"
#include "walk.h"

LlvmType pairs_number(Gen *gen);               // in bfloat16
LlvmType pairs_element(const Convolver *c);    // of a rounded plane
int64_t pairs_tile_floats(const Convolver *c); // that a walk wants

typedef struct RoundedPlane {
    Value base;
    int64_t numbers;      // of the plane, without what is read behind it
    const Buffer *buffer; // of the samples, where the plane is read as it lies; else NULL
} RoundedPlane;

// Takes the scratch behind `*used` floats, which grows, and clears what is read behind the plane.
RoundedPlane pairs_plane(Convolver *c, const Plane *plane, int64_t *used);
// Rounds the sample's plane at `from`. Where it begins.
Value pairs_round_plane(Convolver *c, const RoundedPlane *plane, Value from);

// In int8 these numbers are of 8 bits (gen/product/int8/int8.h), quantized instead of rounded, with
// that of 0 in the padding, and kernels have been laid out for all workers.
//
// Walks between the two pack their kernels behind `used` floats of scratch; those that come after
// them, in the same order, multiply.
void pairs_pack_kernels(Convolver *c, int64_t used);
void pairs_kernels_packed(Convolver *c, int64_t used);
void pairs_walk(Convolver *c, const Panels *panels, const Walk *w);

#endif
