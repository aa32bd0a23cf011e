// The graph: SSA values with static shapes. A Node is an operator and the one value it makes.
// Everything lives in the graph's arena. Nodes are in topological order in `nodes`; passes that
// insert nodes append and call graph_sort.
//
// A model's graph begins with layer-level nodes (`dense`, `softmax`, a loss); pass expand replaces
// them by primitive nodes (`matmul`, `add`, `exp`), which have gradients, lowering and evaluation.
#ifndef NNC_GRAPH_GRAPH_H
#define NNC_GRAPH_GRAPH_H

#include "../base/diag.h"
#include "../base/ice.h"
#include "../base/vec.h"
#include "schema.h"

enum { SHAPE_MAX_RANK = 8 };

typedef enum Dtype { DTYPE_F32, DTYPE_U8, DTYPE_I32 } Dtype;

// The type of a value. Dimensions exclude the batch; `batched` says that there is one (then the
// value has dims for each sample). A scalar has rank 0.
typedef struct Type {
    Dtype dtype;
    bool batched;
    int rank;
    int64_t dims[SHAPE_MAX_RANK];
} Type;

typedef struct OpDef OpDef;
typedef struct Graph Graph;
typedef struct Node Node;
typedef struct Layer Layer;
typedef struct Parameter Parameter;
typedef struct Slot Slot;

struct Node {
    int id; // its place in graph->nodes, kept by graph_sort
    const OpDef *op;
    Node **inputs;
    int input_count;
    const Args *args; // by op->schema; NULL if it has none
    Type type;
    bool poisoned; // failed its shape rule; what follows from it is not checked
    Layer *layer;  // the layer it was made for, or NULL
    Span span;
    const char *name;     // of inputs and scalars; else NULL
    Parameter *parameter; // of op `parameter`, and the target of `assign`
    Slot *slot;           // of op `slot`, and the target of `assign`
    Node *replacement;    // what a running pass puts in its place; see graph_apply_replacements
};

// One line of the summary.
struct Layer {
    int index;             // in graph->layers
    const char *name;      // dense, dense_1, ... as Keras numbers them, or the user's name
    const char *type_name; // the operator's name
    bool is_numbered;      // its name is the type's, with `number` behind it unless that is 0
    int number;
    Type output;
    Node *node;      // its first node, and what that becomes; NULL if that is dead
    bool has_output; // the first node was made
    Span span;
    bool trainable;
    VEC(Parameter *) parameters;
};

// A tensor of weights, not batched. Its buffer's storage order is the layout pass's business.
struct Parameter {
    int index;
    const char *name; // "dense/kernel"
    const char *role; // "kernel"
    Type type;
    Layer *layer;
    const Schema *initializer;
    const Args *initializer_args;
    const Schema *regularizer; // NULL: none
    const Args *regularizer_args;
    const Schema *constraint; // NULL: none
    const Args *constraint_args;
    bool trainable;
    Node *node; // its `parameter` node in this graph, NULL until used
};

// Optimizer state that belongs to one parameter (or to none: a scalar), of the parameter's type.
struct Slot {
    int index;
    const char *name; // "dense/kernel/momentum"
    Parameter *parameter;
    Type type;
    double initial;
    Node *node;
};

typedef enum GraphMode { GRAPH_TRAIN, GRAPH_EVALUATE, GRAPH_PREDICT } GraphMode;

typedef VEC(Node *) NodeList;

struct Graph {
    Arena *arena;
    const char *name; // the model's
    GraphMode mode;
    bool has_gradients; // pass gradient ran
    DiagSink *sink;     // for shape rules; NULL inside passes, where a failing rule is our own bug
    NodeList nodes;
    VEC(Layer *) layers;
    VEC(Parameter *) parameters;
    VEC(Slot *) slots;
    NodeList inputs;      // of the model, in declaration order (ops `input`)
    NodeList targets;     // of the training data (ops `input` too)
    NodeList outputs;     // predictions
    Node *loss;           // batch mean, scalar; NULL in GRAPH_PREDICT
    NodeList scalars;     // that graph_scalar has made or found; some may be gone
    NodeList assigns;     // effects: the new values of parameters and slots
    Layer *current_layer; // given to new nodes
    Span current_span;    // given to new nodes
    Diag *last_error;     // what op_shape_help and op_shape_note add to
};

Graph *graph_create(Arena *arena, const char *name, GraphMode mode, DiagSink *sink);

// A deep copy in another mode (nodes, layers, parameters, slots; schemas and texts are shared).
Graph *graph_clone(const Graph *graph, Arena *arena, GraphMode mode);

// ---- Making nodes. Each runs the operator's shape rule; a failing rule poisons the node. An
// operator with weights gets its parameters here too (OpDef.parameters). The first node made for a
// layer becomes layer->node and gives layer->output.
Node *graph_node(Graph *graph, const OpDef *op, Node *const *inputs, int count, const Args *args);
// By operator name, with default arguments (NULL args): for expansions and gradients.
Node *graph_call(Graph *graph, const char *op, Node *const *inputs, int count, const Args *args);
Node *graph_unary(Graph *graph, const char *op, Node *x);
Node *graph_binary(Graph *graph, const char *op, Node *x, Node *y);
Node *graph_constant(Graph *graph, double value);   // f32, rank 0
Node *graph_scalar(Graph *graph, const char *name); // run-time scalar, made once
// An elementwise operator without inputs (a random mask, say): its type is given.
Node *graph_generate(Graph *graph, const char *op, Type type, const Args *args);
// Default arguments of an operator, to set and give to graph_call.
Args *graph_args(Graph *graph, const char *op);
Node *graph_reshape(Graph *graph, Node *x, int rank, const int64_t *dims);
Node *graph_broadcast(Graph *graph, Node *x, Type type); // as f32; x itself if it has the type
Node *graph_one_hot(Graph *graph, Node *label, int64_t classes); // [] or [.., 1] to [.., classes]
Node *graph_batch_sum(Graph *graph, Node *x, int keep); // over samples and all but `keep` last dims
Node *graph_matmul(Graph *graph, Node *x, Node *w, bool transpose);
// An `input` node; the caller adds it to graph->inputs or graph->targets.
Node *graph_input(Graph *graph, const char *name, Type type);
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

// ---- Layers and their weights.
Layer *graph_layer(Graph *graph, const char *type_name, const char *user_name, Span span);
Parameter *graph_parameter(Graph *graph, Layer *layer, const char *role, Type type,
                           const ArgValue *initializer, const ArgValue *regularizer,
                           bool trainable);
Slot *graph_slot(Graph *graph, Parameter *parameter, const char *name, double initial);

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
const char *graph_mode_name(GraphMode mode);     // "train", "evaluate", "predict"

// ---- Types.
Type type_make(Dtype dtype, bool batched, int rank, const int64_t *dims);
Type type_scalar(void);
bool type_equal(const Type *a, const Type *b);
int64_t type_elements(const Type *type);              // of one sample; saturates at INT64_MAX
int64_t type_last(const Type *type);                  // the last dimension; 1 for rank 0
char *type_text(Arena *arena, const Type *type);      // "[24, 24, 32]", "u8[28, 28]"
char *type_full_text(Arena *arena, const Type *type); // "f32[B, 24, 24, 32]", for dumps
char *shape_text(Arena *arena, const Type *type);     // "24x24x32"; "a single number" for rank 0
// NumPy's broadcasting of the dims; batched if either is. False: they do not fit.
bool type_broadcast(const Type *a, const Type *b, Type *result);

#endif
