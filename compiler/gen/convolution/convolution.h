// Inside the generator of convolutions: the convolution that is being made.
#ifndef NNC_GEN_CONVOLUTION_H
#define NNC_GEN_CONVOLUTION_H

#include "../../pass/layout/convolution.h"
#include "../product/int8/int8.h"
#include "plane.h"

typedef struct Slab Slab;

typedef struct Convolver {
    Gen *gen;
    const Schedule *schedule;
    const Group *group;
    Node *anchor;
    ProductKind kind; // of the anchor
    Value function;
    Value tile; // a block in the first-level cache that kernels leave their results in
    Convolution convolution;
    int parameter;        // of the kernel, or whose layout its gradient has; -1: none
    nnrt_storage storage; // of it, seen as [places and channels of a group][filters]
    int lanes;
    TileSizes tiles; // the largest
    Way way;
    Way slab_tile;    // with lanes along samples, if it is_slab (slab.h)
    const Slab *slab; // that walks are over; NULL: a sample's plane
    bool in_pairs;    // operands are rounded to bfloat16, or in int8 (pairs.h)
    bool in_int8;
    Int8Weights int8; // then
    bool packs;       // kernels are being packed for it, and nothing is multiplied
    int64_t packed; // words of the scratch that kernels, and what they multiply, have taken so far
    LaneBuilder b;  // at an element of the result
} Convolver;

Value convolution_emit(Gen *gen, const Schedule *schedule, const Group *group, const char *name);
// Weights in another order: a group of kind GROUP_LAYOUT.
Value kernel_layout_emit(Gen *gen, const Schedule *schedule, const Group *group, const char *name);

// ---- convolution_loops.c
void convolver_view_storage(Convolver *c); // sets `storage`
Value convolver_weights(Convolver *c);     // where the kernel begins
Value convolver_laid_out(Convolver *c);    // likewise of one that a group of GROUP_LAYOUT has made

// The samples of this worker, chunk by chunk if the group has sums over samples, which are cleared:
// first the range of them, then a loop over it.
typedef struct SampleLoops {
    bool has_chunks;
    Range range;
    Loop chunks, samples;
} SampleLoops;
SampleLoops convolver_range_begin(Convolver *c);
void convolver_samples_begin(Convolver *c, SampleLoops *loops);
void convolver_samples_end(Convolver *c, SampleLoops *loops);

// Walks between the two pack their kernels behind `used` floats of scratch, in pairs or
// transformed; those that come after them, in the same order, multiply.
void convolver_pack_kernels(Convolver *c, int64_t used);
void convolver_kernels_packed(Convolver *c, int64_t used);

// The columns of one group, in panels that are `stride` floats apart.
typedef struct Panels {
    int64_t columns, panel, stride;
    Value first; // column of the whole
} Panels;

// Columns that one register tile has: at most the vectors of the chosen way.
typedef struct Columns {
    int vectors, valid; // valid: elements that exist
    Value offset;       // where theirs begin among the panels, floats
    Value first;        // column of the whole
} Columns;

// The rows that a tile of so many vectors has.
int64_t convolver_tile_rows(const Convolver *c, int vectors);

typedef void VisitColumns(Convolver *c, const Columns *columns, void *data);
// Emits `visit` for all columns: once for the full blocks, in a loop, and once for each other.
void convolver_each_block(Convolver *c, const Panels *panels, VisitColumns *visit, void *data);

// ---- convolution.c, convolution_weights.c, depthwise.c: the products.
void convolution_forward(Convolver *c);
void convolution_data(Convolver *c);
void convolution_weights(Convolver *c);
void convolution_weights_in_pairs(Convolver *c);
void depthwise_forward(Convolver *c);
void depthwise_data(Convolver *c);
void depthwise_weights(Convolver *c);

#endif
