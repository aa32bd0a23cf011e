// Products in bfloat16 in the reference: nodes of their own round what they multiply, so that an
// evaluation can say how it rounded each number, and another one can be told to round them so.
#ifndef NNC_TESTS_NETWORKS_ROUNDING_H
#define NNC_TESTS_NETWORKS_ROUNDING_H

#include "../../compiler/base/vec.h"
#include "../../compiler/pass/evaluate.h"

typedef struct Rounding {
    double number, rounded;
} Rounding;

// All numbers that an evaluation rounded, in their order.
typedef struct Roundings {
    Arena *arena;
    VEC(Rounding) all;
    int next; // of those that are repeated
} Roundings;

// Which products round, before there are gradients; of a graph that is expanded.
void rounding_mark(Graph *graph, int64_t batch);

// Behind that: nodes that round, in bodies of scans, too; how many there are.
int rounding_insert(Graph *graph);

bool rounding_is(const Node *node);

// The value of such a node: rounded, and remembered.
void roundings_record(Roundings *roundings, EvalTensor *value);
// As it was rounded then, whatever it is; or moved as it was moved then, so that what the number
// itself is moved by is not lost.
void roundings_repeat(Roundings *roundings, EvalTensor *value);
void roundings_follow(Roundings *roundings, EvalTensor *value);
bool roundings_equal(const Roundings *a, const Roundings *b);

#endif
