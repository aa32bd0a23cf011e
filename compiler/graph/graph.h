// The graph: SSA values with static shapes. A Node is an operator and the one value it makes.
// Everything lives in the graph's arena. Nodes are in topological order in `nodes`; passes that
// insert nodes append and call graph_sort.
//
// A model's graph begins with layer-level nodes (`dense`, `softmax`, a loss); pass expand replaces
// them by primitive nodes (`matmul`, `add`, `exp`), which have gradients, lowering and evaluation.
#ifndef NNC_GRAPH_GRAPH_H
#define NNC_GRAPH_GRAPH_H

#include "../base/diagnostics/diag.h"
#include "../base/diagnostics/ice.h"
#include "../base/vec.h"
#include "weights.h"

typedef struct Graph Graph;
typedef struct Node Node;
typedef struct Scan Scan;
typedef struct ScanBuilder ScanBuilder;

struct Node {
    int id; // its place in graph->nodes, kept by graph_sort
    const OpDef *op;
    Node **inputs;
    int input_count;
    int mask_count;   // how many of the inputs, the last ones, are masks that it reads
    const Args *args; // by op->schema; NULL if it has none
    Type type;
    bool poisoned; // failed its shape rule; what follows from it is not checked
    Layer *layer;  // the layer it was made for, or NULL
    Span span;
    const char *name;   // of inputs and scalars; else NULL
    int stream;         // of a tensor that is drawn: which random numbers, in every copy
    const char *column; // of inputs: the data set's column that fills it; NULL: none does
    int number;         // before fusion, from 1: copies have that of what they are copies of
    int again;          // it is computed a second time: the place of the first; 0: it is not
    bool in_chunks;     // of a sum over samples: it is made in chunks of the batch (chunks.c)
    int kept;           // of an input: it is this output of the step before, from 1; 0: it is none
    Parameter *parameter; // of op `parameter`, and the target of `assign`
    Slot *slot;           // of op `slot`, and the target of `assign`
    Scan *scan;           // of op `scan`: what it repeats (scan.h); else NULL
    Node *mask;           // of a sequence at layer level: which steps count (op/mask.c); NULL: all
    Node **results;       // of a layer that gives several values: its expansion's beside the first
    int result_count;
    const char *part;  // of a layer within another one: what its weights' roles begin with
    Node *replacement; // what a running pass puts in its place; see graph_apply_replacements
};

// GRAPH_UPDATE: without samples, what is done with gradients that several batches have added up.
typedef enum GraphMode { GRAPH_TRAIN, GRAPH_EVALUATE, GRAPH_PREDICT, GRAPH_UPDATE } GraphMode;

typedef VEC(Node *) NodeList;

struct Graph {
    Arena *arena;
    const char *name; // the model's
    GraphMode mode;
    bool has_gradients; // pass gradient ran
    DiagSink *sink;     // for shape rules; NULL inside passes, where a failing rule is our own bug
    NodeList nodes;
    Weights *weights;         // of the program, whose graphs share them
    NodeList parameter_nodes; // `parameter` nodes by index; NULL, or a shorter list: not used yet
    VEC(Slot *) slots;        // of this function's optimizer
    const bool *frozen;       // by layer: infers and is not changed; NULL: as the layers say
    bool spares_memory;       // groups and their order are such as take the least
    bool repeats;             // runs again and again with the same weights (one_step.h)
    bool trains_alone;    // no other function reads the weights from one of its steps to the next
    const bool *updated;  // by parameter: the function changes it; NULL: all may be changed
    NodeList inputs;      // of the model, in declaration order (ops `input`)
    NodeList targets;     // of the training data (ops `input` too)
    NodeList outputs;     // predictions
    NodeList results;     // at layer level: values whose batch means are minimized or reported
    Node *loss;           // what is minimized: a scalar; NULL in GRAPH_PREDICT and GRAPH_UPDATE
    NodeList reports;     // scalars told beside the loss
    NodeList scalars;     // that graph_scalar has made or found; some may be gone
    NodeList assigns;     // effects: the new values of parameters and slots
    ScanBuilder *around;  // of a scan's body that takes values of the graph around it: as captured
    Layer *current_layer; // given to new nodes
    Span current_span;    // given to new nodes
    Diag *last_error;     // what op_shape_help and op_shape_note add to
};

Graph *graph_create(Weights *weights, const char *name, GraphMode mode, DiagSink *sink);

// A copy in another mode: of the nodes. The weights are the same ones.
Graph *graph_clone(const Graph *graph, Arena *arena, GraphMode mode);
// Copies the nodes of `from`, without its lists, into `to`, which keeps one node a parameter. The
// copies by id of the originals, in `to`'s arena.
Node **graph_copy_nodes(const Graph *from, Graph *to);

// ---- Making nodes. Each runs the operator's shape rule; a failing rule poisons the node. An
// operator with weights gets its parameters here too (OpDef.parameters). The first node made for a
// layer becomes layer->node and gives layer->output.
Node *graph_node(Graph *graph, const OpDef *op, Node *const *inputs, int count, const Args *args);
// Of a layer within another one: its weights are among the inputs.
Node *graph_inner_node(Graph *graph, const OpDef *op, Node *const *inputs, int count,
                       const Args *args);
// By operator name, with default arguments (NULL args): for expansions and gradients.
Node *graph_call(Graph *graph, const char *op, Node *const *inputs, int count, const Args *args);
Node *graph_unary(Graph *graph, const char *op, Node *x);
Node *graph_binary(Graph *graph, const char *op, Node *x, Node *y);
Node *graph_constant(Graph *graph, double value);   // f32, rank 0
Node *graph_scalar(Graph *graph, const char *name); // run-time scalar, made once
// 1 in the last `count` steps of every `period`, else 0.
Node *graph_in_period(Graph *graph, int64_t period, int64_t count);
// An elementwise operator without inputs (a random mask, say): its type is given.
Node *graph_generate(Graph *graph, const char *op, Type type, const Args *args);
// Default arguments of an operator, to set and give to graph_call.
Args *graph_args(Graph *graph, const char *op);
Node *graph_reshape(Graph *graph, Node *x, int rank, const int64_t *dims);
Node *graph_broadcast(Graph *graph, Node *x, Type type);   // as f32; x itself if it has the type
Node *graph_filled(Graph *graph, Type type, double value); // with one number, as f32
Node *graph_one_hot(Graph *graph, Node *label, int64_t classes); // [] or [.., 1] to [.., classes]
Node *graph_batch_sum(Graph *graph, Node *x, int keep); // over samples and all but `keep` last dims
Node *graph_matmul(Graph *graph, Node *x, Node *w, bool transpose);
// One that repeats a graph of its own (scan.h).
Node *graph_loop(Graph *graph, const char *op, Node *const *inputs, int count, const Args *args,
                 Scan *scan);
// What the expansion of a layer gives beside its value; taken by the nodes `layer_result`.
void graph_set_results(Graph *graph, Node *node, Node *const *results, int count);
Node *graph_load(Graph *graph, Node *x); // the same, computed: put into a buffer
// An `input` node; the caller adds it to graph->inputs or graph->targets.
Node *graph_input(Graph *graph, const char *name, Type type);
// For each place of a batch, what graph_keep gives it in the step before; in the first one 0.
Node *graph_kept(Graph *graph, Type type);
void graph_keep(Graph *graph, Node *kept, Node *value);         // in this step
Node *graph_parameter_node(Graph *graph, Parameter *parameter); // made once
Node *graph_slot_node(Graph *graph, Slot *slot);                // made once
Node *graph_assign_parameter(Graph *graph, Parameter *parameter, Node *value);
Node *graph_assign_slot(Graph *graph, Slot *slot, Node *value);

// Elementwise operators take any dtype and give f32: loads convert, there is no cast node.

#define graph_add(g, x, y) graph_binary((g), "add", (x), (y))
#define graph_subtract(g, x, y) graph_binary((g), "subtract", (x), (y))
#define graph_multiply(g, x, y) graph_binary((g), "multiply", (x), (y))
#define graph_divide(g, x, y) graph_binary((g), "divide", (x), (y))
#define graph_scale(g, x, number) graph_multiply((g), (x), graph_constant((g), (number)))

// The run-time scalars that graph_scalar knows: "learning_rate"; "step" (1 in the first step);
// "rows" (samples in this batch).

// What a step tells, in order: the loss, then the reports. NULL: the end.
Node *graph_told(const Graph *graph, int index);

// ---- Weights of a function.
bool graph_is_frozen(const Graph *graph, const Layer *layer); // NULL: a layer that never is
// Does the function's optimizer change it?
bool graph_updates(const Graph *graph, const Parameter *parameter);
Slot *graph_slot(Graph *graph, Parameter *parameter, const char *name, double initial);
// A parameter's slot of a kind of which it has one at most; NULL: none.
Slot *graph_find_slot(const Graph *graph, const Parameter *parameter, SlotKind kind);
// The node of each layer's first use in this graph, by layer; NULL: none. In `arena`.
Node **graph_first_uses(const Graph *graph, Arena *arena);

// ---- Order and checks.
void graph_sort(Graph *graph);        // topological, by structure alone; drops nothing
void graph_remove_dead(Graph *graph); // keeps what outputs, loss and assigns need (and inputs)
void graph_replace(Graph *graph, Node *old, Node *new_node); // in all uses but new_node's own
// Many replacements in one sweep: set node->replacement (chains are followed), then apply.
Node *graph_resolve(Node *node);
void graph_apply_replacements(Graph *graph);

// Prints the broken rule and the graph, and ends with status 70, if the graph is malformed.
void graph_verify(const Graph *graph, const char *after_pass);

// A broken invariant at a node (may be NULL): prints it and the graph, ends with status 70.
_Noreturn void graph_bug(const Graph *graph, const Node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

bool node_is(const Node *node, const char *op);
bool node_is_constant(const Node *node, double *value); // op `constant`
bool node_is_scalar(const Node *node);                  // one number for the whole batch

void graph_print(Text *out, const Graph *graph); // the stable form of `--emit=graph`
const char *graph_mode_name(GraphMode mode);     // "train", "evaluate", "predict", "update"

#endif
