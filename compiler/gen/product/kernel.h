// Register-tile kernels of the contraction generator. A kernel computes one tile of a matrix
// product into a scratch block; all strides are constants of the kernel, and equal kernels are
// shared by name. Accumulators are SSA values, never memory, until the tile is done.
#ifndef NNC_GEN_KERNEL_H
#define NNC_GEN_KERNEL_H

#include "../emit.h"

// The sizes of register tiles, by vector length and register count.
typedef struct TileSizes {
    int outer_rows, outer_vectors; // outer form
    int dot_rows, dot_columns;     // dot form
} TileSizes;

TileSizes kernel_tile_sizes(const MachineModel *machine);
// Whether a core begins more instructions than the steps of such a tile need for their operands.
bool kernel_has_room(const MachineModel *machine);
// Tiles of the outer form with so many vectors, that of `rows` first: others may divide a result
// better. Returns how many.
int kernel_outer_ways(const TileSizes *tiles, int rows, int vectors, Way *ways);
int kernel_dot_ways(const TileSizes *tiles, Way *ways);

// Operands whose elements are words of 32 bits, several numbers of the reduction each, and what is
// added to a sum for two of them. Without `multiply` they are float32.
typedef struct KernelWords {
    Value (*multiply)(Gen *gen, Value left, Value right, Value sum);
    int numbers;      // of a word
    int bytes;        // that steps and distances of A count: words may begin at any number
    bool is_widened;  // first, which takes registers
    bool is_in_whole; // sums are numbers of 32 bits
} KernelWords;

// Of tiles of words: they are smaller where words are widened.
TileSizes kernel_word_sizes(const MachineModel *machine, KernelWords words);

// One loop of a reduction: how far A and B move from step to step, in elements.
typedef struct KernelLoop {
    int64_t count; // of the outermost loop it is an argument
    int64_t a_step, b_step;
} KernelLoop;

enum { KERNEL_MAX_LOOPS = 4, KERNEL_MAX_TAPS = 16, KERNEL_MAX_VECTORS = 4 };

// Of a tile of one row, whose vectors are those of several panels.
enum { KERNEL_MOST_VECTORS = 8 };

// Of each line of rows, those from `first` to before `end`.
typedef struct KernelWindow {
    int first, end;
} KernelWindow;

// C[i][j] = sum over r of A(i, r) * B(r, j), lanes along j: A's elements are broadcast. The
// reduction r is a nest of loops, outermost first, over which the places a(r) and b(r) are affine.
//   A(i, r) = a[i / per_line * a_line + i % per_line * a_row + a(r)]   float32
//             with `lanewise`, a vector likewise: A(i, r, j) = a[... + j];
//             with `a_vectors`, one for all vectors of B: A(i, r, j) = a[... + j % lanes]
//   B(r, j) = b[b(r) + j]   float32; or, in vectors that are apart, b[b(r) + j / lanes * b_vector +
//   j
//             % lanes]; or, of one loop, a data row: b[index[r] * b_step + j]
// With `words`, both are words; the other forms and what asks ahead are of float32 alone.
typedef struct OuterKernel {
    int rows, vectors;
    int valid;    // lanes of the last vector; those after it become 0 (0: all)
    int per_line; // rows at equal distances; 0: all
    int64_t a_row, a_line;
    KernelLoop loops[KERNEL_MAX_LOOPS];
    int loop_count;
    int64_t b_vector;  // from vector to vector of B; 0: they follow each other
    int panel_vectors; // that follow each other; the next ones are `b_panel` elements further
    int64_t b_panel;
    int window_level; // this loop's steps are each for some of the rows only; 0: there is none
    bool windows_of_vectors;               // for some of the vectors
    KernelWindow windows[KERNEL_MAX_TAPS]; // by step of that loop
    bool lanewise, a_vectors;
    bool gathers;
    bool adds; // to what the scratch has
    // Of one loop: so many steps ahead, what is read then is asked for, as the processor guesses
    // neither other panels nor rows that are far apart. 0: it is not. Of A: rows that follow each
    // other.
    int a_ahead, b_ahead;
    // The row of A that is so many elements further is asked for, into the second-level cache: that
    // of the next tile. 0: it is not.
    int a_beside;
    // Of one loop that goes along A's rows: so many floats ahead, a line of a row is asked for at
    // each step. 0: none is.
    int a_along;
    // So many places are listed `list` floats behind the scratch's beginning: at each of as many
    // first steps the lines of one are asked for, to be written. 0: none are.
    int listed;
    int64_t list;
    // Where nothing gathers: at each step so many floats of what is read afterwards are asked for,
    // from `index` on, into the second-level cache. 0: none are.
    int next_step;
    int64_t next_run, next_apart; // in runs of so many floats, which begin so far apart; 0: in one
    Dtype b_dtype;
    KernelWords words;
} OuterKernel;
LlvmType kernel_left_element(Gen *gen, const OuterKernel *kernel); // that A's distances count
// void(a, b, index or what is read afterwards, count of the outermost loop,
// scratch[rows][vectors * lanes])
Value kernel_outer(Gen *gen, const OuterKernel *kernel);
// The same, for at most so many steps of the outermost loop: many are added up in blocks, whose
// sums are joined in double precision. What is blocked elsewhere has blocks of the same length of
// KERNEL_MOST_PRODUCTS, and so the same bits.
enum { KERNEL_MOST_PRODUCTS = 1024 };
Value kernel_outer_long(Gen *gen, const OuterKernel *kernel, int64_t steps);

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
// Sums of the lanes of each of `count` vectors (a power of two, at most the lanes), as one vector:
// a tree of pairwise shuffles and additions, in an order fixed by the shape.
Value kernel_sum_lanes(Gen *gen, Value *vectors, int count);
int kernel_dot_width(int columns); // the next power of two

// void(from, floats from row to row, to, the same): a square of as many floats as lanes,
// transposed.
Value kernel_transpose(Gen *gen);

#endif
