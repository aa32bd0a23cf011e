// Inside the reference evaluator; gradcheck.c uses more of it than pass.h offers.
#ifndef NNC_PASS_EVALUATE_H
#define NNC_PASS_EVALUATE_H

#include "pass.h"

typedef struct Evaluation {
    const Graph *graph;
    Arena *arena;
    const EvalBindings *bindings;
    EvalTensor *values;       // by node id; data NULL: not computed
    EvalTensor **results;     // by node id of a scan: of its results
    const EvalTensor *frozen; // by node id: values that stop_gradient nodes keep; NULL: none do
    // Called with each value before others read it, in the bodies of scans, too; may give it other
    // `data`. NULL: none.
    void (*adjust)(void *state, const Node *node, EvalTensor *value);
    void *adjust_state;
} Evaluation;

Evaluation evaluation_create(const Graph *graph, Arena *arena, const EvalBindings *bindings,
                             const EvalTensor *frozen);

// Computes the nodes that are marked by id, and whatever they need.
void evaluation_run(Evaluation *evaluation, bool *wanted);

// Computes the nodes that are marked by id, and no others: what they need is in `values`.
void evaluation_repeat(Evaluation *evaluation, const bool *marked);

EvalTensor eval_tensor(Arena *arena, const Type *type, int64_t rows); // zeros

#endif
