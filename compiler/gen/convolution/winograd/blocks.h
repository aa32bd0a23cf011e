// Tiles of Winograd's method that are transformed together, so that what their positions read stays
// in the first-level cache and all of it in the second-level one.
#ifndef NNC_GEN_WINOGRAD_BLOCKS_H
#define NNC_GEN_WINOGRAD_BLOCKS_H

#include "transform.h"
#include "winograd.h"

// Some lines of tiles, or a part of one.
typedef struct WinogradBlock {
    int64_t lines, across; // tiles
    int64_t places[2];     // of the result that it has: at an odd edge one less than tiles have
    Value first[2];        // line and tile of the line
} WinogradBlock;

int64_t winograd_tiles(const WinogradBlock *block);
int64_t winograd_across(const int64_t places[2], int64_t most); // tiles of a block's line, at most

typedef void VisitWinogradBlock(Convolver *c, const WinogradBlock *block, void *data);
// Emits `visit` for the tiles of a result of so many places.
void winograd_each_block(Convolver *c, const int64_t places[2], int64_t most,
                         VisitWinogradBlock *visit, void *data);

// From position to position of so many floats: an odd number of the cache's lines, as a tile's
// positions are written together and would share a set of the first-level cache.
int64_t winograd_step(int64_t floats);

// An operand of the products, transformed to the positions of one line of tiles:
// [position][tile][width].
typedef struct WinogradOperand {
    WinogradTransform transform;
    int positions;           // which line
    Value base;              // of the plane
    int64_t line, pixel;     // floats from line to line and pixel to pixel of the plane
    int64_t channels, width; // width: with zeros up to it
    Value to;
} WinogradOperand;
void winograd_transform_block(Convolver *c, const WinogradOperand *operand,
                              const WinogradBlock *block);

// Vectors of each position at `place`, floats from the first, and so many floats apart.
void winograd_load(Gen *gen, int lanes, Value place, int64_t step, Value tile[WINOGRAD_POSITIONS]);
void winograd_store(Gen *gen, Value place, int64_t step, Value tile[WINOGRAD_POSITIONS]);

// Multiplies at one position: `rows` of A, whose elements are `a_row` apart and `a_step` from step
// to step, by a block of columns, to [row][columns].
typedef struct WinogradProduct {
    int64_t rows, a_row, a_step, steps, b_step;
    int vectors;
    bool adds; // to what is there
    Value a, b, to;
} WinogradProduct;
void winograd_multiply(Convolver *c, const WinogradProduct *product);

#endif
