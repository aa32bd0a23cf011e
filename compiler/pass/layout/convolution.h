// Convolutions as kernels see them: sizes of one group, and the phases of a gradient of data.
#ifndef NNC_PASS_CONVOLUTION_H
#define NNC_PASS_CONVOLUTION_H

#include "../../op/window.h"
#include "../group/schedule.h"

// Of the operators convolve, convolve_data and convolve_weights. Index 0 is the height.
typedef struct Convolution {
    Window window;
    int64_t size[2], places[2];        // of the picture; of the values that windows give
    int64_t groups, channels, filters; // channels and filters of one group
} Convolution;

Convolution convolution_of(const Node *node);            // of the three
Convolution convolution_of_kernel(const Node *laid_out); // that a lay_out_kernel is for

// A gradient of data spreads values over a picture. The places of the picture that are equal modulo
// the stride are a convolution with stride 1 of the values, with those weights of the kernel that
// reach them, from last to first (no product with zero, and no two windows write one place).
typedef struct PhaseAxis {
    int64_t count;       // places of the picture: phase, phase + stride, ...
    int64_t taps;        // weights that reach them
    int64_t first, step; // the weights first, first + step, ...
    int64_t start;       // the value under the last of them at the first place
    int64_t dilation;    // values from weight to weight
    int64_t before;      // weights of the phases before it; each weight is of one phase
} PhaseAxis;

// All phases of an axis, as many as its stride. In `arena`.
PhaseAxis *convolution_phases(const Convolution *convolution, int axis, Arena *arena);
int64_t convolution_phase_of_weight(const Convolution *convolution, int axis, int64_t weight);
// Lines of zeros around the values that all phases of an axis together need.
void convolution_zeros_around(const Convolution *convolution, int axis, Arena *arena,
                              int64_t *before, int64_t *after);

// The kernel in the order in which gradients of data read it: for each phase, group and panel of
// channels [taps][taps][filters][panel].
typedef struct KernelLayout {
    int64_t panel, panels; // channels of a panel; panels of a group
    int64_t size;          // floats in all
} KernelLayout;

KernelLayout convolution_kernel_layout(const Convolution *convolution, int lanes);
// Floats that a weight of all groups, panels and filters takes. A phase begins after the weights
// of the lines' phases before it and of its own lines in the columns' phases before it.
int64_t convolution_weight_size(const Convolution *convolution, const KernelLayout *layout);

// Can the product be one of pairs in bfloat16 (gen/convolution/pairs.h), and is it worth it?
bool convolution_fits_pairs(const Convolution *convolution, ProductKind kind);

// Each channel is convolved with one filter of its own: the lanes run along both.
bool convolution_is_depthwise(const Convolution *convolution);

#endif
