// Products of operands rounded to bfloat16, whose sums are in float32. Both operands are packed
// first. A word of 32 bits is a pair: two neighbours of the reduction, the first one in the low
// half. With L lanes of a vector register:
//
//   left   squares of L rows by L pairs: [row / L][pair / L][L rows][L pairs]
//   right  panels of 2L columns: [column / 2L][pair][2L columns]; layout_pairs
//
// The reduction is padded with zeros to whole squares. AMX multiplies such squares as they are
// (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2D, "TDPBF16PS"); AVX-512
// BF16 multiplies a broadcast pair by a vector of pairs; other processors widen the halves of pairs
// to float32, which is exact.
#ifndef NNC_GEN_BFLOAT16_H
#define NNC_GEN_BFLOAT16_H

#include "../weights/gradient.h"

// ---- round.c
LlvmType pairs_number(Gen *gen);           // in bfloat16
Value pairs_round(Gen *gen, Value floats); // a vector of such numbers
// Two vectors of such numbers as one of pairs, as pairs_of_rows.
Value pairs_of_rounded(Gen *gen, Value first, Value second);
// Two vectors of float32 as one of pairs: (low[0], low[1]), .. (high[0], high[1]), ..
Value pairs_of_row(Gen *gen, Value low, Value high);
// Of the 2L numbers at `place`, float32 or bfloat16, of which so many are there; the others are 0.
Value pairs_of_numbers(Gen *gen, Dtype dtype, Value place, int64_t valid);
// The same of two rows: (first[0], second[0]), (first[1], second[1]), ..
Value pairs_of_rows(Gen *gen, Value first, Value second);
// Pairs as a vector of so many lanes, in words.
LlvmType pairs_vector(Gen *gen, int lanes);
Value pairs_at(Gen *gen, Value words, Value index);                             // a pointer
Value pairs_intrinsic(Gen *gen, const char *name, Value *arguments, int count); // of x86

// ---- kernel.c
// Whether words are multiplied in tiles (AMX); else in vectors, one by one.
bool pairs_in_tiles(const Gen *gen, bool in_int8);
// Then pairs, of numbers of so many bytes, as kernels of register tiles multiply them.
KernelWords pairs_words(const Gen *gen, int bytes);

enum {
    PAIRS_TALLEST = 2, // squares below each other, of a whole panel
    PAIRS_HALVES = 2,  // vectors of a panel
    PAIRS_PANELS = 3   // that a square is multiplied by
};

// One panel by `squares` * L rows. The left is squares as above, or, in tiles, rows of numbers that
// lie anywhere: those of the places of a picture, which overlap.
typedef struct PairsShape {
    int squares, halves;         // halves: vectors of the panel
    int panels;                  // in tiles: that the only square is multiplied by; 0: one
    int64_t panel[PAIRS_PANELS]; // words from the first of them
    int64_t sums_panel;          // floats from the sums of one to those of the next
    int rows;                    // of a square, where it is the only one; 0: all
    int64_t row, step;           // left: bytes from row to row, and from square to square along the
                                 // reduction
    int64_t below;               // left: bytes from square to square of the rows
    int64_t lines, line;         // the reduction is so many lines, so many bytes apart on the left;
                                 // in vectors one
    int64_t sums_row;            // floats from row to row of the sums
    bool adds;                   // to the sums; else writes them
    bool right_passes;           // it is read once, while the left comes again and again
    bool in_int8;                // words and sums are whole numbers (gen/product/int8/int8.h)
} PairsShape;

// Of squares, so many along the reduction.
PairsShape pairs_shape(int lanes, int squares, int64_t steps);
// `steps`: squares along a line of the reduction (i64).
void pairs_call(Gen *gen, const PairsShape *shape, Value left, Value right, Value steps,
                Value sums);
// The same of sums that go on: written if `is_first`, else added to.
void pairs_call_again(Gen *gen, const PairsShape *shape, Value is_first, Value left, Value right,
                      Value steps, Value sums);
// Stand at the beginning and at the end of a function that calls kernels.
void pairs_begin(Gen *gen);
void pairs_end(Gen *gen);
void tiles_begin(Gen *gen); // the same of any products in tiles
void tiles_end(Gen *gen);

// ---- rows.c, weights.c: the products of contraction.c; of rows in int8, too
void product_pairs_rows(Product *p);
void product_pairs_weights(Product *p);

#endif
