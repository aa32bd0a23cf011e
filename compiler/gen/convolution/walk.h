// Walks over the result of a convolution whose kernel may be in any order: what forward products
// and gradients of data, with lanes along filters or along channels, have in common.
#ifndef NNC_GEN_WALK_H
#define NNC_GEN_WALK_H

#include "convolution.h"

// Lines (index 0 of Walk.axis) or pixels of a line (index 1).
typedef struct WalkAxis {
    int64_t places;         // of the result
    int64_t rows;           // rows of the result from place to place
    int64_t taps, dilation; // of the kernel; lines of the plane from tap to tap
    int64_t start, stride;  // the plane's line under the first tap: at the first place, and from
                            // place to place
    int64_t begin, end;     // the plane's lines that are not padding
} WalkAxis;

typedef struct Walk {
    WalkAxis axis[2];
    int64_t line, pixel;              // numbers from line to line and pixel to pixel of the plane
    int64_t depth;                    // channels that are summed
    int64_t b_line, b_pixel, b_depth; // floats from tap to tap and channel to channel of the kernel
    Value first_row;                  // of the result
    Value base, weights;              // where the plane, with its padding, and the kernel begin
    bool lanewise;                    // no channels are summed: each column has one of its own
    KernelWords words;                // of the plane and the kernel, whose steps are words then; or
                                      // none: float32
} Walk;

// The taps [first, first + count) that are not in the padding for all of the places [place, place +
// places); count may be negative.
typedef struct WalkTaps {
    Value first, count;
} WalkTaps;
WalkTaps walk_taps(Gen *gen, const WalkAxis *axis, Value place, int64_t places);
bool walk_is_clipped(const WalkAxis *axis); // some tap of some place is in the padding
// The places [*first, *end) at which a tap is not in the padding.
void walk_places_of_tap(const WalkAxis *axis, int64_t tap, int64_t *first, int64_t *end);
// The share of products along an axis that are not with padding.
double walk_share(const WalkAxis *axis);

// The windows of a tile of pixels from `first` on; false: all products are wanted.
bool walk_set_windows(const Walk *w, int64_t first, int64_t pixels, OuterKernel *kernel);

// A tile of `pixels` that follow each other in a line of the result, from `pixel` on. `first` is
// the same number, if it is known here and the tile has windows, else -1.
typedef void VisitTile(Convolver *c, const Walk *w, int64_t pixels, Value pixel, int64_t first,
                       void *data);
// Emits `visit` for tiles of at most `size` pixels: once, in a loop, for those that are alike;
// those with windows and a smaller last one apart.
void walk_each_tile(Convolver *c, const Walk *w, int64_t size, VisitTile *visit, void *data);

// The tile of a line's places, or of those of several lines whose rows of the tile are `line`
// apart, is finished: everything that follows the product is applied to it.
void walk_finish_tile(Convolver *c, const Walk *w, const Columns *columns, int64_t lines,
                      int64_t pixels, int64_t line, Value row);

// What follows the product in the group, at the builder's position, for a vector of the tile.
void walk_finish_vector(Convolver *c, Value in_tile, int valid);

// All tiles of a block of columns, a walk as data.
void walk_all_tiles(Convolver *c, const Columns *columns, void *walk);
void walk_emit(Convolver *c, const Panels *panels, Walk *w);

#endif
