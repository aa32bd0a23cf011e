// Passes: one function on the graph each, with its contract in one line. passes.h has them in their
// order, with what each needs and provides; the verifier runs between them.
#ifndef NNC_PASS_PASS_H
#define NNC_PASS_PASS_H

#include "../op/op.h"
#include "../program/program.h"

// requires: layer-level graph; provides: graph->loss, the sum of the step's terms (means of
// graph->results over the batch) with the penalties of regularizers, and graph->reports, in TRAIN
// and EVALUATE mode. Softmax or sigmoid before a cross-entropy gives its logits to it, as Keras's
// TensorFlow backend does.
void pass_attach_loss(Graph *graph, const TrainStep *step);

// requires: nothing; provides: primitive nodes only (rows with `expand` replaced); outside TRAIN
// mode the rows with `inference` too.
void pass_expand(Graph *graph);

// requires: primitive nodes; provides: bodies of scans without products, random numbers and values
// without samples that do not depend on what is carried.
void pass_hoist(Graph *graph);

// requires: primitive nodes; provides: constants folded, equal nodes merged, constant factors moved
// from the data side of a matmul to its result, dead nodes removed. Keeps all values up to
// rounding.
void pass_simplify(Graph *graph);

// requires: primitive nodes; provides: no product of rows taken from a table that is smaller than
// what `samples` take: rows of the table's product, where that saves so many multiplications at
// least. Keeps all values up to rounding. The table's product is made once for a batch, or, where
// the graph repeats, for a text, which has some hundred tokens.
enum { TABLES_LEAST_SAVED = 1 << 17, TABLES_RUNS = 256 }; // in the time of the barriers it brings
void pass_multiply_tables(Graph *graph, int64_t samples, double least);

// requires: primitive nodes, before gradients; provides: products with weights of some size round
// their operands to bfloat16, and so do the gradients that are made of them.
void pass_round_products(Graph *graph);

// What products in int8 multiply parameters by: nodes that are outputs of the graph that measures.
typedef struct MeasuredOperands {
    VEC(nnrt_operand) items;
} MeasuredOperands;

// requires: primitive nodes of a prediction; provides: outputs beside its own, what parameters are
// multiplied by in products that are worth being in int8, each once. In `arena`.
void pass_measure_operands(Graph *graph, MeasuredOperands *operands, Arena *arena);
// requires: the same graph; provides: those products in int8.
void pass_quantize_products(Graph *graph, const MeasuredOperands *operands);

// requires: primitive nodes and graph->loss; provides: the gradients of the loss for every
// parameter that the graph updates, by parameter (NULL for the others), appended to the graph.
Node **pass_gradients(Graph *graph);

// requires: primitive nodes between the inputs of the `gradient` node; provides: its value, the
// gradient of the sum of all of input 0 with respect to input 1, as primitive nodes that have
// gradients themselves. Normalizations by the batch on the way become sums.
Node *pass_gradient_at(Graph *graph, Node *node);

// requires: TRAIN mode; provides: pass_gradients + clipping + regularization + the optimizer's
// assigns in graph->assigns, and averages of the weights. Where several batches make a step, the
// assigns add their gradients up.
void pass_update(Graph *graph, const TrainStep *step);

// requires: an empty graph in UPDATE mode, and that of such batches after pass_update; provides:
// what one step does with what they added up, and slots for both functions.
void pass_update_from(Graph *graph, const Graph *batches, const TrainStep *step);

// How a program takes less memory than it would for speed, with the same bits.
typedef struct Economy {
    bool separates;      // groups run one after the other, so that values share memory sooner
    int segments;        // that gradients compute again; 0: they read what is kept
    bool keeps_products; // which of it the products are not a part of
} Economy;

// requires: primitive nodes; provides: their numbers; what gradients read is computed again from
// what the segments keep.
void pass_recompute(Graph *graph, Economy economy);

// ---- The reference evaluator (an interpreter of the graph in double precision; the oracle of the
// tests, never on the user's path).
typedef struct EvalBindings {
    const EvalTensor *inputs;  // by graph->inputs
    const EvalTensor *targets; // by graph->targets
    EvalTensor *parameters;    // by graph->parameters; assigns write here
    EvalTensor *slots;         // by graph->slots; assigns write here
    const EvalTensor *kept;    // by graph->outputs: of the step before; NULL: all are 0
    EvalContext context;
} EvalBindings;

// Evaluates `wanted` nodes (results in arena memory) and, if `effects`, applies the assigns at the
// end.
void graph_evaluate(const Graph *graph, Arena *arena, EvalBindings *bindings, Node *const *wanted,
                    int wanted_count, EvalTensor *results, bool effects);

// A comparison of pass_gradients with differences of the loss, on random weights and data.
typedef struct GradientCheck {
    // What is wanted.
    uint64_t seed;
    int places;       // of each parameter, drawn at random where it has more
    double tolerance; // relative: from which on two numbers differ
    // About so many seconds at most, with fewer places then, one of each parameter at least; 0: any
    // time.
    double seconds;
    void (*begin)(void *owner, double seconds, int places); // what it will take about; NULL: silent
    void (*progress)(void *owner, int64_t done, int64_t all); // NULL: silent
    void *owner;                                              // is given to `progress`
    // What was found.
    int64_t tried, kinks;  // places; kinks: those beside which the loss has a bend
    int64_t skipped;       // kinks with bends on both sides: no difference says anything
    double worst;          // the largest relative difference
    const char *where;     // the parameter that has it; NULL: none was compared
    const char *undecided; // a parameter all of whose places were skipped; NULL: none
} GradientCheck;

void graph_check_gradients(const Graph *forward_with_loss, Arena *arena, GradientCheck *check);

#endif
