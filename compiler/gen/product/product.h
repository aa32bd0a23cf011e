// Inside the contraction generator: the matrix product that is being made, and its operands.
#ifndef NNC_GEN_PRODUCT_H
#define NNC_GEN_PRODUCT_H

#include "../../op/primitive/pairs.h"
#include "kernel.h"

// Values of which the group reads or writes what stands where its result does (ahead.c).
enum { MOST_ROW_VALUES = 4 };

typedef struct RowValues {
    Node *items[MOST_ROW_VALUES];
    int count;
} RowValues;

typedef struct Product {
    Gen *gen;
    const Schedule *schedule;
    const Group *group;
    Node *anchor;
    Value function, scratch;
    ProductKind kind;
    LayoutKind layout;
    nnrt_storage storage;
    int parameter;          // -1: the weights lie transposed
    const Node *transposed; // where
    int64_t depth, columns; // K, N
    int64_t lead;           // rows of a sample
    int lanes;
    TileSizes tiles;
    // Of pairs: the row of the result that row 0 of a matrix is, rows from row to row, and
    // elements.
    Value first_row;
    int64_t row_step, row_width;
    struct RowSums *row_sums;       // of the group's guest; NULL: it has none
    RowValues row_values;           // what is asked for while a tile is computed
    int64_t tile_floats;            // of scratch, behind which their places are listed
    const struct Int8Weights *int8; // of a product in int8 (int8/int8.h), once they are known
    LaneBuilder b;
} Product;

// A matrix of rows: a stored value, or a data column whose rows are gathered.
typedef struct Matrix {
    Node *source;
    bool gathers;
    int64_t stride; // elements from row to row
    Dtype dtype;
    Value base; // of a stored value
} Matrix;

Matrix product_matrix(Product *p, Node *value);
Value product_row(Product *p, const Matrix *m, Value row); // where a row begins
Value product_weights(Product *p);                         // where the weights begin
Value product_rows(Product *p);                            // rows of all samples, or of a table
int64_t product_most_rows(const Product *p);               // the most that they can be
Range product_row_range(Product *p);                       // this worker's
// Those of the parts [begin, end) of `count` that are this worker's, where the workers divide the
// columns of the result.
Range product_own_parts(Product *p, int64_t begin, int64_t end, int64_t count);

// Panels of the weights pass in turns from both ends where a step comes again and again.
typedef struct PanelTurn {
    Value number, to_next; // of the panel; to that of the next one: 1 or -1
} PanelTurn;
PanelTurn product_panel_in_turn(Product *p, Range own, Value number);

// ---- blocks.c: which rows pass together.

// So many rows of `depth` floats stay in the second-level cache beside what passes by.
int64_t blocks_most_rows(const Product *p, int64_t depth);
// A loop over blocks of rows, of about equal sizes.
Loop blocks_begin(Product *p, Range all, int64_t depth, Range *block);
// Whether the rows of a panel are apart, as those of a table are.
bool blocks_rows_apart(const Product *p);
// The floats that tiles of rows ask for at each step, so that `floats` of what comes next have come
// from memory or the third-level cache when all of the rows are through. 0: they need not be asked.
int blocks_next_step(const Product *p, int64_t depth, int64_t steps, int64_t floats);

// ---- blocked.c: products whose reduction is long, or whose weights lie across it.
bool product_is_blocked(const Product *p);
int blocked_vectors(const Product *p); // of a panel
void product_blocked(Product *p);

// ---- transposed.c

// Weights [K, N] in panels of columns, and where they go in panels of rows.
typedef struct Transposer {
    Gen *gen;
    Value from, to;
    nnrt_storage source, target;
    int64_t rows, columns; // K, N
    int lanes;
} Transposer;

// So many rows, at most as many as lanes, of a range of columns, which begins at a vector of them.
// Of whole rows there must be room for whole vectors of columns.
void transposed_rows(const Transposer *t, Value row, int64_t count, Range columns);

// ---- rows.c

// Which steps of the reduction a tile takes: where matrices are zero above their diagonal, or not
// asked for there, the others add nothing.
typedef enum DepthLimit {
    DEPTH_WHOLE,
    DEPTH_TO_ROW,      // to that of its last row
    DEPTH_FROM_ROW,    // from that of its first row on
    DEPTH_BELOW_COLUMN // none, if all of its columns are behind its rows
} DepthLimit;

// Steps ahead for which a panel is asked for: as long as its way from the second-level cache.
enum { ROWS_AHEAD = 16 };
enum { ALONG_AHEAD = 32 }; // floats of the other operand's rows

// A part of the reduction, whose sums for a column tile are kept in double precision, [row][width],
// until the last part is there.
typedef struct DepthPart {
    Value first, count;      // steps
    Value sums;              // of the tile; NULL: this part is all
    Value is_first, is_last; // part
} DepthPart;

// One column tile of a product over rows, in the outer or the dot form.
typedef struct ColumnTile {
    bool is_dot;
    OuterKernel outer; // its rows are chosen by what is left
    DotKernel dot;
    int max_rows;
    int width; // floats of a row in the scratch block
    int valid; // columns that exist
    DepthLimit limit;
    Value next;            // what is asked for meanwhile, by outer.next_step; NULL: nothing is
    const DepthPart *part; // NULL: all of the reduction
    Matrix left;
    Value weights; // where the tile's weights, or those of the part, begin
    Value first_column;
} ColumnTile;

// Computes the rows of the tile and what the group makes of them.
void rows_walk(Product *p, const ColumnTile *tile, Range rows);
// What the group makes of so many rows from `first` on, whose sums are in p->scratch.
void rows_finish(Product *p, const ColumnTile *tile, Value first, Value count);

// ---- row_sums.c: what the group's guest (pass/group/passing.c) is made of. Nothing is done where
// it has none.
typedef struct RowSums RowSums;
void row_sums_begin(Product *p);
void row_sums_block(Product *p, Range rows, int64_t depth); // before the tiles of a block of rows,
void row_sums_finish(Product *p, Range rows);               // and behind them
// What is summed, at the position, beside what was joined before (NULL: nothing); then all of a
// row's part of a tile.
Value row_sums_join(Product *p, Value joined, int valid);
void row_sums_add(Product *p, Value row, Value first_column, Value joined);

// The position is the beginning of the tile's part of a row.
void rows_position(Product *p, Value row, Value column);

// ---- ahead.c: what the group reads and writes beside the product.
void ahead_find(Product *p);
int ahead_rows(const Product *p); // of a tile that are listed, at most
// How many places a kernel of so many rows and steps is given; 0: none.
int ahead_places(const Product *p, int rows, int64_t steps);
void ahead_list(Product *p, const ColumnTile *tile, Value first, int height);
// Asks for all of them at once, of so many rows: where a kernel is longer than that takes.
void ahead_ask(Product *p, const ColumnTile *tile, Value first, Value count);

void product_weight_gradient(Product *p); // weights/gradient.c
void product_pairs(Product *p);           // of two values of samples; see product_pairs.c
void product_blas(Product *p);            // by OpenBLAS; see product_blas.c

#endif
