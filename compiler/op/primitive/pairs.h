// Products of two values of a sample, named as einsum names them: "tnd,snd->nts" has a letter for
// each dimension of both operands and of the result, and sums over those that the result lacks.
#ifndef NNC_OP_PAIRS_H
#define NNC_OP_PAIRS_H

#include "../op.h"

// A dimension, with the distance of its places in both operands and the result, in elements; 0
// where one lacks it.
typedef struct PairAxis {
    char letter; // 0: there is no such dimension, which is one of 1
    int64_t count;
    int64_t left, right, result;
} PairAxis;

// The result's last dimension is that of the columns, which the right operand has. Each batch of
// places is a product of matrices [rows, depth] and [depth, columns].
typedef struct Pairs {
    int left, right; // numbers of the inputs
    PairAxis rows, columns, depth;
    PairAxis batch[SHAPE_MAX_RANK];
    int batch_count;
    // Two letters of rows, columns and depth, or 0: where the second's place is above the first's,
    // the operand that has both is zero, or nobody asks for the result.
    char lower[2];
} Pairs;

Pairs pairs_of(const Node *node); // of a contraction of the kind PRODUCT_PAIRS
int64_t pairs_batches(const Pairs *pairs);
// Can both operands be rounded to bfloat16 as they are packed, and is it worth it?
bool pairs_fit_bfloat16(const Pairs *pairs);

// Of `lower`: the dimensions of the result in which its letters stand; -1: it is not there. False:
// nothing is lower.
bool pairs_lower(const Node *node, int *ahead, int *behind);

// Products of two values by such an equation; `lower` may be NULL.
Node *pairs_multiply(Graph *graph, Node *left, Node *right, const char *equation,
                     const char *lower);

#endif
