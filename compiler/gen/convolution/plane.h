// Planes: a sample's operand of a convolution as kernels read it, [height][width][channels] with
// zeros around. Where the operand lies in memory like that it is read in place; else it is computed
// or copied into the worker's scratch, which is where values are inlined, bytes converted and
// operands of products in bfloat16 rounded.
#ifndef NNC_GEN_PLANE_H
#define NNC_GEN_PLANE_H

#include "../emit.h"

typedef struct Plane {
    Node *node;                  // the operand [height, width, channels]
    int64_t before[2], after[2]; // lines of zeros: top, left; bottom, right
    int64_t size[2];             // with them
    int64_t channels;            // of one group
    bool in_place;               // read where it is stored
    bool is_flat;                // computed line by line, all channels at once
    bool is_rounded;             // to bfloat16, as it is filled
    int64_t offset;              // in the scratch, floats
    int64_t room;                // numbers there
    LaneBuilder b;
} Plane;

// A plane of `node` for the function of b's group, behind `*used` floats of scratch, which grows.
// With groups, a plane holds the channels of one.
Plane plane_create(const LaneBuilder *b, Node *node, const int64_t before[2],
                   const int64_t after[2], int64_t groups, int64_t *used);
// The same of numbers in bfloat16, in scratch of its own with so many zeros behind them.
Plane plane_create_rounded(const LaneBuilder *b, Node *node, const int64_t before[2],
                           const int64_t after[2], int64_t behind, int64_t *used);
void plane_clear(Plane *plane); // the zeros, once for all samples
// Fills it with a sample's channels from `first` on. Where it begins.
Value plane_fill(Plane *plane, Value sample, Value first);
int64_t plane_line(const Plane *plane);  // numbers from line to line
int64_t plane_pixel(const Plane *plane); // from pixel to pixel

#endif
