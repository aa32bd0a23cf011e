// Convolutions in bfloat16 (gen/product/bfloat16/bfloat16.h). A sample's plane is rounded once,
// place by place as it lies. In vectors, tiles of any places are walked over as in float32
// (walk.h). In tiles of AMX, the rows of a square are then places that follow each other, each with
// the numbers of a line of the kernel from its place on, which overlap and are copied nowhere.
// Places of several lines are computed with those that stand between them in the padding, which are
// left out when the tile is finished. Kernels are packed by each worker once for all of its
// samples.
#ifndef NNC_GEN_CONVOLUTION_PAIRS_H
#define NNC_GEN_CONVOLUTION_PAIRS_H

#include "../product/bfloat16/bfloat16.h"
#include "walk.h"

bool convolver_in_tiles(const Convolver *c);     // are words multiplied in tiles?
KernelWords convolver_words(const Convolver *c); // else: those of a plane
LlvmType pairs_element(const Convolver *c);      // of a plane
int64_t pairs_tile_floats(const Convolver *c);   // that a walk wants
// Numbers that squares read behind a plane of so many channels.
int64_t pairs_numbers_behind(const Convolver *c, int64_t channels);

// In int8 these numbers are of 8 bits (gen/product/int8/int8.h), quantized instead of rounded, with
// that of 0 in the padding, when the plane has been filled; kernels have been laid out for all
// workers.
typedef struct QuantizedPlane {
    Value base;
    int64_t numbers;      // of the plane, without what is read behind it
    const Buffer *buffer; // of the samples, where the plane is read as it lies; else NULL
} QuantizedPlane;

// Takes the scratch behind `*used` floats, which grows, and clears what is read behind the plane.
QuantizedPlane pairs_quantized_plane(Convolver *c, const Plane *plane, int64_t *used);
// Quantizes the sample's plane at `from`. Where it begins.
Value pairs_quantize(Convolver *c, const QuantizedPlane *plane, Value from);

void pairs_walk(Convolver *c, const Panels *panels, const Walk *w);

#endif
