// Inside the gradient of the weights: its tiles, and what is done with a finished one.
#ifndef NNC_GEN_WEIGHT_GRADIENT_H
#define NNC_GEN_WEIGHT_GRADIENT_H

#include "../product.h"

// Of many rows: a block of them (long.c).
typedef struct LongProduct {
    Value left, right, sums; // copies of a block (X: NULL: there is none); double-precision tiles
    Value first_row, rows;   // of the block; how many
    Range tiles;             // of this worker, as across * down + down
} LongProduct;

// Steps ahead for which the rows of X and dY are asked for: they come from the second-level cache.
enum { WEIGHT_AHEAD = 8 };

// Of the rows of a chunk of the batch (chunks.c).
typedef struct ChunkRows {
    Value first, count; // rows
    Value sum;          // where the chunk's partial sum begins
} ChunkRows;

typedef struct WeightTiles {
    Matrix broadcast, vector; // X and dY for panels; dY and X for transposed weights
    int64_t height, width;    // of the result, in the order of the storage
    int64_t row_stride, tile_stride;
    int tile_width;       // columns of a tile
    int64_t down, across; // tiles
    int64_t together;     // lines of tiles that pass together; 0: all of each panel
    Value first_line;     // of those
    const LongProduct *block;
    const ChunkRows *chunk;            // NULL: all rows
    const struct GradientBlock *pairs; // of a product in bfloat16
} WeightTiles;

// A tile of so many rows and columns, or one of the last row or column, which may be smaller.
typedef void WeightTile(Product *p, const WeightTiles *t, int rows, int wide, Value down,
                        Value across);
// Emits it for each kind of tile that there is, chosen at run time.
void weight_each_kind(Product *p, const WeightTiles *t, WeightTile *emit, Value down, Value across);
// A panel of the result's columns, of which so many exist.
typedef void WeightPanel(Product *p, const WeightTiles *t, Value across, int64_t columns);
// Of the panels that have tiles of `own` (across * down + down): `copy` (NULL: nothing), then
// `emit` for those of the tiles that are in `lines`.
void weight_each_panel(Product *p, const WeightTiles *t, Range own, Range lines, WeightPanel *copy,
                       WeightTile *emit);
// Lines of tiles that pass together over so many rows: their part of X stays in the second-level
// cache from panel to panel. `down`: all; `height`: rows of a tile.
int64_t weight_lines_together(const MachineModel *machine, int64_t rows, int64_t down,
                              int64_t height);
typedef void WeightLines(Product *p, const WeightTiles *t, Range lines);
// As many of `lines` at a time, panel by panel, each copied before (NULL: neither is).
void weight_each_group(Product *p, WeightTiles *t, Range own, Range lines, WeightLines *of_lines,
                       WeightPanel *of_panel, WeightTile *emit);
// The rows of dY's next panel, some of which each tile of this one asks for: other workers have
// written them, or they have left the second-level cache. And where those begin, of so many rows
// from `row` on.
void weight_ask_for_panel(const Product *p, const WeightTiles *t, OuterKernel *kernel);
Value weight_panel_part(Product *p, const WeightTiles *t, const OuterKernel *kernel, Value row,
                        Value rows, Value down, Value across);
// What the group makes of the tile in p->scratch.
void weight_finish(Product *p, const WeightTiles *t, int rows, int vectors, Value first_row,
                   Value across);
// A tile of rows, or those of the chunk, into p->scratch. `listed`: weight_ask_ahead's; else 0.
void weight_multiply(Product *p, const WeightTiles *t, int rows, int wide, Value down, Value across,
                     int listed);
// The place of an element of the result's storage.
Value weight_place(Product *p, const WeightTiles *t, Value row, Value across);

// ---- ahead.c: weights and moments that a tile's update reads and writes.
// Asks for them at once.
void weight_prefetch(Product *p, const WeightTiles *t, int rows, int vectors, Value first_row,
                     Value across);
// Before the kernel of a tile of float32. Returns how many places it has listed behind p->scratch,
// for the kernel to ask for; 0: none.
int weight_ask_ahead(Product *p, const WeightTiles *t, int rows, int vectors, Value first_row,
                     Value across);

// ---- chunks.c: of few weights and many rows, in chunks of the batch.
void weight_chunks(Product *p, WeightTiles *t);

// ---- long.c: where there are many rows (the steps of sequences), or they lie far apart, in
// blocks of them.
bool weight_is_long(const Product *p, const WeightTiles *t);
void weight_long(Product *p, WeightTiles *t);
// Adds so many vectors of the tile in p->scratch to their sums in double precision, which the block
// whose `first_row` is 0 begins; and what they came to, back to p->scratch.
void weight_join_sums(Product *p, Value first_row, Value sums, int vectors);
void weight_narrow_sums(Product *p, Value sums, int vectors);

#endif
