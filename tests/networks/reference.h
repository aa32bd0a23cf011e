// What a program should compute, by the evaluator in double precision, and how far float32 may be
// from it: the evaluation is repeated with every number of every node moved at random by a few
// rounding errors, and what that moves a result by is what rounding explains. A gradient behind a
// kink (relu at 0, equal numbers under max_pool) jumps there too. What products round to bfloat16
// is kept as it was rounded first: a number at the edge between two of them may be either in
// float32, so there are other evaluations that round otherwise: each number must fit one of them as
// closely.
#ifndef NNC_TESTS_NETWORKS_REFERENCE_H
#define NNC_TESTS_NETWORKS_REFERENCE_H

#include "../../compiler/pass/evaluate.h"
#include "loaded.h"
#include "random.h"
#include "rounding.h"

typedef struct ReferenceValue {
    const char *name;
    const Parameter *parameter; // it is the new value of this
    const Slot *slot;           // or of this; both NULL: an output, or the last one, the loss
    EvalTensor exact, low, high;
    EvalTensor computed; // what is compared with it; no data: nothing
    EvalTensor nearest;  // to that, each number, of all ways to round
} ReferenceValue;

typedef struct Reference {
    Arena *arena;
    const Graph *graph;
    EvalBindings bindings;
    int output_count;
    int count; // outputs, the loss, what is assigned
    ReferenceValue *values;
    Random random;
    const Node *planted; // the node that is wrong; NULL: none
    double movement;     // of every number in this evaluation; 0: none
    bool overflows;      // a number on the way is larger than float32 holds
    int rounded;         // operands of products in bfloat16
    Roundings first, other;
    Roundings *recorded, *followed, *repeated; // of these, in this evaluation; NULL: it does not
} Reference;

// What the reference of training is made wrong by, to see whether a comparison notices: the numbers
// of one node, chosen by this, are 1 % larger. Negative: none.
extern int reference_planted;

// Of the program's only training, with the weights of `loaded`; GRAPH_PREDICT is as GRAPH_EVALUATE.
// Which products are rounded depends on how many samples the code is made for; 0: for one alone,
// whose products are in float32.
Reference reference_create(Arena *arena, const Program *program, GraphMode mode, int64_t batch,
                           const Loaded *loaded, const Setup *setup, const SetupData *data);

// Evaluates with moved numbers so many times more.
void reference_move(Reference *reference, int times);

// Evaluates so many times more with what moved numbers are rounded to. False: nothing is rounded.
bool reference_round(Reference *reference, int times);

// The element of `computed` that rounding does not explain; -1: none. *too_large: the numbers
// cannot be compared.
int64_t reference_compare(const ReferenceValue *value, bool *too_large);

#endif
