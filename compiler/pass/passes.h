// The table of passes, in the order in which they run over the graph of each function: a step's
// training and evaluation, a prediction. The driver's --after, the generator, gradcheck and the
// tests all take it from here.
#ifndef NNC_PASS_PASSES_H
#define NNC_PASS_PASSES_H

#include "group/schedule.h"

// What passes need and provide.
typedef enum PassFact {
    FACT_LOSS = 1 << 0,      // graph->loss is one number
    FACT_PRIMITIVE = 1 << 1, // primitive nodes only
    FACT_UPDATES = 1 << 2,   // gradients and what the optimizer makes of them
    FACT_LAYOUT = 1 << 3,    // given by the caller: it is chosen for all functions together
    FACT_GROUPS = 1 << 4,    // a schedule
    FACT_PLAN = 1 << 5,      // with places in memory
} PassFact;

typedef struct Lowering Lowering;

// Predictions in int8 need a function that tells what their products multiply.
typedef enum Quantizing {
    QUANTIZE_NOTHING,
    QUANTIZE_MEASURE, // its outputs are those operands, in float32
    QUANTIZE_PRODUCTS // those that have been measured are in int8
} Quantizing;

typedef struct Pass {
    const char *name, *doc;
    unsigned modes; // bits 1 << GraphMode: where it runs
    unsigned needs, provides;
    void (*run)(Lowering *lowering);
} Pass;

extern const Pass pass_rows[]; // ended by a row without name

// Called after each pass with the graph and, from fusion on, its schedule.
typedef void PassObserver(void *state, const char *pass, const Graph *graph,
                          const Schedule *schedule);

// A function on its way from layers to groups in memory.
struct Lowering {
    Arena *arena;
    Graph *graph;          // passes change it
    const TrainStep *step; // NULL: a prediction
    const Graph *batches;  // in UPDATE mode: the graph that adds gradients up
    const Layout *layout;  // NULL: not yet
    int64_t batch;         // the most samples; 0: one, which the workers divide
    Precision precision;   // of products
    Quantizing quantizing;
    MeasuredOperands *operands; // of a model in int8: first measured, then quantized
    Economy economy;            // of memory; all 0: none
    Schedule *schedule;         // NULL: not yet
    bool verifies;              // graph and schedule, after each pass
    bool tells_time;            // on standard error
    PassObserver *observe;
    void *observer_state;
    int next; // the pass that comes next
    unsigned facts;
};

// A copy of `forward` in `mode`, to be lowered. `step` NULL: GRAPH_PREDICT.
Lowering lowering_begin(Arena *arena, const Graph *forward, const TrainStep *step, GraphMode mode);
// Runs the passes that are left, in order, until one needs what is not there or, unless NULL, until
// the pass `last` has run.
void passes_run(Lowering *lowering, const char *last);
// The same with the passes of another table.
void passes_run_rows(Lowering *lowering, const Pass *rows, const char *last);
// Are passes verified where nobody asked for it? In builds for finding mistakes (debug, asan), and
// with NNC_VERIFY=1, as in the tests.
bool passes_verify_by_default(void);

#endif
