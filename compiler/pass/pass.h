// Passes: one function on the graph each, with its contract in one line. They run in the order of
// the driver's stage table; graph_verify runs between them.
#ifndef NNC_PASS_PASS_H
#define NNC_PASS_PASS_H

#include "../check/program.h"
#include "../op/op.h"

// requires: layer-level graph; provides: graph->loss (batch mean, regularization included) made of
// training->loss on output and target, in TRAIN and EVALUATE mode. Softmax or sigmoid before a
// cross-entropy gives its logits to it, as Keras's TensorFlow backend does.
void pass_attach_loss(Graph *graph, const Training *training);

// requires: nothing; provides: primitive nodes only (rows with `expand` replaced); outside TRAIN
// mode the rows with `inference` too.
void pass_expand(Graph *graph);

// requires: primitive nodes; provides: constants folded, equal nodes merged, constant factors moved
// from the data side of a matmul to its result, dead nodes removed. Keeps all values up to
// rounding.
void pass_simplify(Graph *graph);

// requires: primitive nodes and graph->loss; provides: the gradients of the loss for every
// trainable parameter, in parameter order (NULL for the others), appended to the graph.
Node **pass_gradients(Graph *graph);

// requires: TRAIN mode; provides: pass_gradients + clipping + regularization + the optimizer's
// assigns in graph->assigns.
void pass_update(Graph *graph, const Training *training);

// ---- The reference evaluator (an interpreter of the graph in double precision; the oracle of the
// tests, never on the user's path).
typedef struct EvalBindings {
    const EvalTensor *inputs;  // by graph->inputs
    const EvalTensor *targets; // by graph->targets
    EvalTensor *parameters;    // by graph->parameters; assigns write here
    EvalTensor *slots;         // by graph->slots; assigns write here
    EvalContext context;
} EvalBindings;

// Evaluates `wanted` nodes (results in arena memory) and, if `effects`, applies the assigns at the
// end.
void graph_evaluate(const Graph *graph, Arena *arena, EvalBindings *bindings, Node *const *wanted,
                    int wanted_count, EvalTensor *results, bool effects);

// Compares pass_gradients with central differences on random values: the largest relative error
// over all parameters, in *worst (name of the parameter in *where).
void graph_check_gradients(const Graph *forward_with_loss, Arena *arena, uint64_t seed,
                           double *worst, const char **where);

#endif
