// Sums over the samples, in the making and as they are read. Their partial sums lie in the arena.
#ifndef NNC_GEN_SUMS_H
#define NNC_GEN_SUMS_H

#include "../emit.h"

// Rows that are added up in float32 before their sum is added to one in double precision.
enum { SUMS_MOST_ROWS = 256 };

// Sums of differences from `start`, which is one of the values, and of their squares.
typedef struct Moments {
    Value start, first, second;
} Moments;

// Of some rows, in float32.
Moments sums_moments_begin(LaneBuilder *b, Value start);
void sums_moments_add(LaneBuilder *b, Moments *moments, Value x, int valid);
// Of all rows so far, in double precision; `count` is the number of rows (i64) that come to them.
Moments sums_moments_none(LaneBuilder *b);
Moments sums_moments_join(LaneBuilder *b, const Moments *all, const Moments *rows, Value count);

// Adds what some rows have at the column of the position to the chunk's moments.
void sums_moments_finish(LaneBuilder *b, const Node *sum, const Moments *rows, Value count,
                         int valid);
// Stores the moments of all samples: whole vectors, with zeros after the valid lanes.
void sums_store_moments(LaneBuilder *b, const Node *sum, const Moments *all, Value rows, int valid);

// Of rows that are walked: adds a row's vector at the column of the position; and what the last
// rows (at most SUMS_MOST_ROWS) came to, of all columns, to the chunk's sum.
void sums_add_row(LaneBuilder *b, Node *sum, Value summand, int valid);
void sums_end_rows(LaneBuilder *b, const Node *sum);

// `count` parts, each by its number (i64), added up in their order.
typedef Value SumsPart(void *state, Value number);
Value sums_of_parts(Gen *gen, int64_t count, SumsPart *part, void *state);

// The statistic that a value is, perhaps under another shape; NULL: none.
Node *sums_statistic(Node *view);
// What the sum came to, or the statistic `view` of the moments, at an index of its elements.
Value sums_read(LaneBuilder *b, const Node *sum, Node *view, Value index, bool one_number);

#endif
