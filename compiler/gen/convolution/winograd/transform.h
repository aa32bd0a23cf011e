// The transforms of Winograd's method in registers: values are vectors, a channel or filter a
// lane, and a tile is an array of them, line by line. Each transforms the lines, then the columns.
#ifndef NNC_GEN_WINOGRAD_TRANSFORM_H
#define NNC_GEN_WINOGRAD_TRANSFORM_H

#include "../../../pass/layout/winograd.h"
#include "../../emit.h"

// By matrices of the paper; `t` is transposed.
typedef enum WinogradTransform {
    WINOGRAD_PICTURE,  // 4x4 to 4x4: Bt d B
    WINOGRAD_KERNEL,   // 3x3 to 4x4: G g Gt
    WINOGRAD_RESULT,   // 4x4 to 2x2: At m A
    WINOGRAD_VALUES,   // 2x2 to 4x4: A y At, of what came back
    WINOGRAD_GRADIENT, // 4x4 to 3x3: Gt m G
} WinogradTransform;

int winograd_side(WinogradTransform transform); // of the tile that is transformed
// Replaces the tile by what it becomes, both square.
void winograd_transform(Gen *gen, WinogradTransform transform, Value tile[WINOGRAD_POSITIONS]);

#endif
