// Register-tile kernels of the contraction generator. A kernel computes one tile of a matrix
// product into a scratch block; all strides are constants of the kernel, and equal kernels are
// shared by name. Accumulators are SSA values, never memory, until the tile is done.
#ifndef NNC_GEN_KERNEL_H
#define NNC_GEN_KERNEL_H

#include "emit.h"

// The sizes of register tiles, by vector length and register count.
typedef struct TileSizes {
    int outer_rows, outer_vectors; // outer form
    int dot_rows, dot_columns;     // dot form
} TileSizes;

TileSizes kernel_tile_sizes(const MachineModel *machine);

// C[i][j] = sum over r of A(i, r) * B(r, j), lanes along j: A's elements are broadcast.
//   A(i, r) = a[i * a_row + r * a_depth]     float32
//   B(r, j) = b[r * b_depth + j]             float32, or a data row: b[index[r] * b_depth + j]
typedef struct OuterKernel {
    int rows, vectors;
    int valid; // lanes of the last vector; those after it become 0 (0: all)
    int64_t a_row, a_depth, b_depth;
    bool gathers;
    Dtype b_dtype;
} OuterKernel;
// void(a, b, index, depth, scratch[rows][vectors * lanes])
Value kernel_outer(Gen *gen, const OuterKernel *kernel);

// C[i][j] = sum over r of A(i, r) * B(j, r), lanes along r, summed at the end. r runs over `steps`
// blocks of `vectors` vectors and one last block.
//   A(i, r) = a_i[step * a_step + lane]
//   B(j, r) = b[step * b_step + j * b_column + lane]
typedef struct DotKernel {
    int rows, columns;
    int64_t steps;
    int vectors;      // of a whole block
    int last_vectors; // of the last block; 0: none
    int last_valid;   // lanes of its last vector
    int64_t a_step, b_step, b_column;
    Dtype a_dtype;
} DotKernel;
// void(a_0, ..., a_rows-1, b, scratch[rows][kernel_dot_width(columns)])
Value kernel_dot(Gen *gen, const DotKernel *kernel);
int kernel_dot_width(int columns); // the next power of two

#endif
