// Which convolutions are computed by Winograd's method (gen/convolution/winograd/winograd.h).
#ifndef NNC_PASS_WINOGRAD_H
#define NNC_PASS_WINOGRAD_H

#include "convolution.h"

enum {
    WINOGRAD_TAPS = 3,   // of the kernel along an axis
    WINOGRAD_PLACES = 2, // of the result that a tile has
    WINOGRAD_TILE = 4,   // places of the picture under it
    WINOGRAD_POSITIONS = WINOGRAD_TILE * WINOGRAD_TILE
};

// A product as the method sees it.
typedef struct WinogradShape {
    int64_t places[2];      // of the result, or of the values that came back
    int64_t depth, columns; // channels that are summed (of a gradient of a kernel: its channels);
                            // those that lanes run along
} WinogradShape;

WinogradShape winograd_shape(const Node *anchor); // of a convolution or its gradients
int64_t winograd_count(const int64_t places[2]);  // tiles of so many places
// Whether the group can be computed so, and gains by it. Predictions are made by windows, as those
// of one sample, whose lines the workers divide: in a batch it has the same bits.
bool winograd_fits(const Schedule *schedule, const Group *group);

#endif
