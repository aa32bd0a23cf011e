// The function that computes one step of a sequence at a time: what a model makes of its next
// token, given what it kept of those before.
#ifndef NNC_PASS_ONE_STEP_H
#define NNC_PASS_ONE_STEP_H

#include "../pass.h"

typedef struct OneStep {
    // Reads the token [1], and "state" where something is carried; gives what the model gives for
    // this step, and the next state. NULL: the model cannot go step by step.
    Graph *graph;
    // So many steps at most, which the scalar `step` counts from 1: places have weights of their
    // own, or what is kept has so much room. 0: any number.
    int64_t window;
    const Node *fault;  // what does not go step by step; NULL: it is the model as a whole
    const char *reason; // continues the name of the layer: "goes through it backwards"
} OneStep;

// requires: a layer-level graph; provides: the same for one step, of primitive nodes. Places of the
// only input, a sequence of whole numbers, are steps.
OneStep pass_one_step(const Graph *forward, Arena *arena);

#endif
