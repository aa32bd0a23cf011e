// Walking the rows that a batch names. The workers divide the table's rows, each every so many-th,
// so that frequent rows, which often follow each other, are spread.
#ifndef NNC_GEN_SCATTER_H
#define NNC_GEN_SCATTER_H

#include "loops.h"

typedef struct Scatter {
    LaneBuilder b; // sample and row: where the numbers are read
    const Node *anchor;
    Value base;            // of the sums of rows
    Value threads, thread; // i64
    int64_t rows, columns; // of the table
    int64_t lead;          // rows of a sample
    bool is_compensated;   // sums are of many summands, whose rounding is made up for
    Value lost;            // then: where what was rounded away of each element is; NULL: nowhere
    void *owner;           // what the steps below need
} Scatter;

void scatter_begin(Scatter *s, Gen *gen, const Schedule *schedule, const Group *group,
                   Value function);

// Along a row of the table, `width` elements at a time, then what is left. `place`: of the element,
// from the table's first one.
typedef void ScatterVector(Scatter *s, Value place, Value column, int valid);
void scatter_along_row(Scatter *s, Value row, int64_t width, ScatterVector *step);
// Every row that the batch names and that is this worker's, in the batch's order; and all rows of
// the table that are this worker's.
typedef void ScatterRow(Scatter *s, Value row);
void scatter_named_rows(Scatter *s, ScatterRow *step);
void scatter_own_rows(Scatter *s, ScatterRow *step);

// What the sample's row has for the table's row, at a column.
Value scatter_summand(Scatter *s, Value column);
// The sum and the summand. `*lost`: what was rounded away of the sum so far, and of this one; not
// read where the sum is not compensated (Kahan, "Further remarks on reducing truncation errors",
// Communications of the ACM 8, 1965). Of an infinite sum nothing is lost: it stays infinite.
Value scatter_add(Scatter *s, Value sum, Value summand, Value *lost);
// The same of a vector of the sums in memory, which is 0 before where `begins` (i1) says so; NULL:
// it never is.
void scatter_add_at(Scatter *s, Value place, Value column, int valid, Value begins);
// Takes the worker's scratch for what is lost of all rows.
void scatter_keep_lost(Scatter *s);

#endif
