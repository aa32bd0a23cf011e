// Convolutions with few columns, computed for as many samples at once as a vector has lanes. Lanes
// along six filters would leave ten of sixteen empty; lanes along samples are all full. A *slab*
// holds the planes of those samples with the samples side by side:
// [height][width][channels][lanes]. Forward products and gradients of data add up the same, in the
// same order, as sample by sample; gradients of weights add up what each lane has before the lanes.
#ifndef NNC_GEN_SLAB_H
#define NNC_GEN_SLAB_H

#include "walk.h"

struct Slab {
    Value first;  // sample of lane 0
    Loop samples; // whole vectors of them
    int64_t used; // floats of the scratch
};

// Whether the group can be computed like that; what it gains is the cost model's business.
bool slab_fits(const Convolver *c, int64_t columns);
// The tile for so many columns.
Way slab_way(const Convolver *c, int64_t columns);
// Begins a loop over whole vectors of samples. Walks that are emitted until slab_end are over
// slabs.
void slab_begin(Convolver *c, Slab *slab, Range samples);
// Fills a slab from the planes of the samples, behind `*used` floats of scratch. Where it begins.
Value slab_fill(Convolver *c, Slab *slab, Plane *plane, int64_t *used);
// Returns the first sample that is left.
Value slab_end(Convolver *c, Slab *slab);
void slab_walk(Convolver *c, const Panels *panels, const Walk *w);

#endif
