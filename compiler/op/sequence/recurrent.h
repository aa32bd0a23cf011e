// Recurrent layers as parts of others: one run through a sequence.
#ifndef NNC_OP_RECURRENT_H
#define NNC_OP_RECURRENT_H

#include "../layer/layer.h"

enum { RECURRENT_MOST_STATES = 2, RECUR_MOST_STATES = 16 };

// `value`: the state after the last step, or, with `return_sequences`, after each step, in the
// order of the sequence whatever the direction. The states after the last step, if the layer gives
// them.
typedef struct Recurrence {
    Node *value;
    int states;
    Node *state[RECURRENT_MOST_STATES];
} Recurrence;

// Of a node of a recurrent layer with its weights.
Recurrence recurrent_run(Graph *graph, const Node *node);
// Does it begin with what the batch before ended with? Predictions of samples do not follow each
// other. Of a layer that has the argument `stateful`.
bool recurrent_keeps(const Graph *graph, const Node *node);
bool recurrent_is_stateful(const Node *node); // for OpDef.keeps_states
// Its steps from the last to the first.
Node *recurrent_reverse(Graph *graph, Node *sequence);
// How many initial states stand behind its sequence; of a layer of such layers, too.
int recurrent_given(const Node *node);
// How many states it has.
int recurrent_states(const Node *node);

#endif
