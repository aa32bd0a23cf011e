// Means and variances of channels (the last dimension) over samples and places, exact however large
// the mean is, and normalization by them.
#ifndef NNC_OP_MOMENTS_H
#define NNC_OP_MOMENTS_H

#include "../op.h"

// The exact mean is MEAN + REST: a float32 is too coarse for a large one.
typedef enum Moment { MOMENT_MEAN, MOMENT_REST, MOMENT_VARIANCE, MOMENT_COUNT } Moment;

Node *moments_of(Graph *graph, Node *x); // [MOMENT_COUNT, channels], of a batched x
Node *moments_statistic(Graph *graph, Node *moments, Moment moment); // [channels]
// 1 / sqrt(variance + epsilon)
Node *moments_inverse(Graph *graph, Node *variance, double epsilon);
// (x - mean) * scale + offset. `scale` must be a factor times moments_inverse of the same x: the
// gradient of x has what comes back through mean and variance, so that of `scale` must not.
Node *moments_normalize(Graph *graph, Node *x, Node *moments, double epsilon, Node *scale,
                        Node *offset);
// Puts sums and products with gradients of their own, to any order, in the place of a batch_affine
// and of the statistics that it is made of.
void moments_unfold(Graph *graph, Node *affine);

#endif
