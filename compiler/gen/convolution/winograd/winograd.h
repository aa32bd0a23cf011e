// Convolutions by kernels of 3 x 3 weights, 2 x 2 places at a time: F(2x2, 3x3) of A. Lavin and
// S. Gray, "Fast Algorithms for Convolutional Neural Networks" (arXiv:1509.09308). A tile of 4 x 4
// numbers of the picture and the kernel are transformed, multiplied number by number and summed
// over channels, which is a matrix product for each of the 16 *positions*, and the sum is
// transformed to the four places. That is 16 multiplications where the places take 36. All
// factors are 1 and 1/2, so that little is lost by rounding. The gradient of data is such a
// convolution, too; that of the kernel is the method's transpose, with tiles of the values
// instead of the kernel.
#ifndef NNC_GEN_WINOGRAD_H
#define NNC_GEN_WINOGRAD_H

#include "../../../pass/layout/winograd.h"
#include "../walk.h"

// Lines and columns of zeros behind those that the convolution wants: tiles are whole.
void winograd_zeros(const Convolver *c, int64_t after[2]);

// Of forward products and gradients of data. A walk while the convolver packs transforms its
// kernel; one afterwards multiplies.
void winograd_walk(Convolver *c, const Panels *panels, const Walk *walk);
// The gradient of the kernel.
void winograd_weights(Convolver *c);

#endif
