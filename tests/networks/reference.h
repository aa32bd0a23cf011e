// What a program should compute, by the evaluator in double precision, and how far float32 may be
// from it: the evaluation is repeated with every number of every node moved at random by a few
// rounding errors, and what that moves a result by is what rounding explains. A gradient behind a
// kink (relu at 0, equal numbers under max_pool) jumps there too.
#ifndef NNC_TESTS_NETWORKS_REFERENCE_H
#define NNC_TESTS_NETWORKS_REFERENCE_H

#include "../../compiler/pass/evaluate.h"
#include "loaded.h"
#include "random.h"

typedef struct ReferenceValue {
    const char *name;
    const Parameter *parameter; // it is the new value of this
    const Slot *slot;           // or of this; both NULL: an output, or the last one, the loss
    EvalTensor exact, low, high;
} ReferenceValue;

typedef struct Reference {
    Arena *arena;
    const Graph *graph;
    EvalBindings bindings;
    int output_count;
    int count; // outputs, the loss, what is assigned
    ReferenceValue *values;
    Random random;
    int planted;     // the node that is wrong; -1: none
    double movement; // of every number in this evaluation; 0: none
    bool overflows;  // a number on the way is larger than float32 holds
} Reference;

// What the reference of training is made wrong by, to see whether a comparison notices: the numbers
// of one node, chosen by this, are 1 % larger. Negative: none.
extern int reference_planted;

// GRAPH_TRAIN or GRAPH_EVALUATE, of the program's only training, with the weights of `loaded`.
Reference reference_create(Arena *arena, const Program *program, GraphMode mode,
                           const Loaded *loaded, const Setup *setup, const SetupData *data);

// Evaluates with moved numbers so many times more.
void reference_move(Reference *reference, int times);

// The element that rounding does not explain; -1: none. *too_large: the numbers cannot be compared.
int64_t reference_compare(const ReferenceValue *value, const EvalTensor *computed, bool *too_large);

#endif
