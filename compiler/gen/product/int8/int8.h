// Products in int8: rows of whole numbers in 0 .. 255 by weights in -127 .. 127 (op/op.h), whose
// sums are exact. Both operands are packed as those in bfloat16 are, and the kernels are the same
// ones (gen/product/bfloat16/, or of convolutions without AMX those of register tiles); a word is
// four numbers, or, where the target has nothing for them, two, widened to 16 bits, so that no sum
// of two products overflows ("VPDPBUSD", "TDPBUSD", "PMADDWD": Intel 64 and IA-32 Architectures
// Software Developer's Manual, volume 2). Weights are quantized once (nnrt_int8_prepare), before
// the first run.
#ifndef NNC_GEN_INT8_H
#define NNC_GEN_INT8_H

#include "../bfloat16/bfloat16.h"

// The weights of a product, and what they say of its left operand.
typedef struct Int8Weights {
    nnrt_int8_weights layout;
    Value block; // where they begin
    // Vectors of a lane for each number; `shift` takes a rounded number to its place in 0 .. 255.
    Value inverse, low, high, shift;
} Int8Weights;

// Of weights that begin at `block`; stands at the beginning of the function.
Int8Weights int8_weights(Gen *gen, const Type *weights, Value block);
void int8_begin(Gen *gen); // as pairs_begin
void int8_end(Gen *gen);

int int8_bytes(Gen *gen); // of a number of the left operand
// So many words as lanes, of the floats at `place`, of which so many are there; the others are
// quantized as 0.
Value int8_words(Gen *gen, const Int8Weights *weights, Value place, int64_t valid);
// sum + left right, word by word.
Value int8_multiply(Gen *gen, Value left, Value right, Value sum);
KernelWords int8_kernel_words(Gen *gen);
// Where a panel's words begin, and the vectors that it has.
Value int8_panel(Gen *gen, const Int8Weights *weights, Value panel);
int int8_panel_vectors(Gen *gen, int valid);
// The product, in float32, of the sums at `place`, from `column` on.
Value int8_result(Gen *gen, const Int8Weights *weights, Value place, Value column, int lanes);

#endif
