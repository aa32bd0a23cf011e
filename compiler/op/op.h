// The operator registry. An operator is one row (OpDef) beside its functions in one file of this
// folder; registry.c lists the families. `node->op` points at the row: there is no enum and no
// switch. The language's vocabulary, `nnc ops`, the reference documentation, the goldens and the
// gradient and numeric tests all walk the registry, and a test fails when a row lacks a part.
//
// A row is composite (layers and losses: it has `expand`) or primitive (it has `fuse`, `grad` or a
// reason why not, `evaluate`, and for elementwise ones `lower`).
#ifndef NNC_OP_OP_H
#define NNC_OP_OP_H

#include "../graph/graph.h"
#include "lane.h"

typedef enum FuseClass {
    FUSE_COMPOSITE,    // expanded before fusion
    FUSE_LEAF,         // input, parameter, slot, constant, scalar: read, not computed
    FUSE_ELEMENTWISE,  // output element i depends on (broadcast) elements i of the inputs
    FUSE_REDUCTION,    // over the last dimension, which becomes 1
    FUSE_REDUCE_AXIS,  // over another dimension of each sample, which becomes 1
    FUSE_REDUCE_ALL,   // over all elements of an unbatched value, to a scalar
    FUSE_REDUCE_BATCH, // over the samples and leading dimensions: batched to unbatched
    FUSE_CONTRACTION,  // a matrix product, or a convolution
    FUSE_GATHER,       // an element of the result is made of elements of the inputs at other
                       // places: windows, permutations
    FUSE_SCATTER,      // the rows of input 1, of all samples, added up at the rows of the unbatched
                       // result that the whole numbers of input 0 name
    FUSE_LAYOUT,       // the same value in another order in memory
    FUSE_MOVEMENT,     // the same elements in row-major order under another shape
    FUSE_SCAN,         // a graph of its own, once for each step of sequences
    FUSE_RESULT,       // a result of a scan, which computes it
    FUSE_EFFECT        // assign
} FuseClass;

// What is read without being computed.
typedef enum LeafKind {
    LEAF_NONE,
    LEAF_COLUMN, // of data
    LEAF_PARAMETER,
    LEAF_SLOT,
    LEAF_CONSTANT,
    LEAF_SCALAR,
    LEAF_PERIOD // whether the step is among the last of a period
} LeafKind;

// What a contraction multiplies; W, weights, are the second operand.
typedef enum ProductKind {
    PRODUCT_NONE,
    PRODUCT_FORWARD, // rows by W
    PRODUCT_DATA,    // rows by W transposed: the gradient of the rows
    PRODUCT_WEIGHTS, // rows by rows, summed over the samples: the gradient of W
    PRODUCT_PAIRS    // matrices of each sample by one another (primitive/pairs.h)
} ProductKind;

// Of a row of the class FUSE_CONTRACTION.
typedef struct Contraction {
    ProductKind kind;
    bool can_transpose; // the argument `transpose` makes a product of the kind data of it
    bool has_windows;   // a convolution: it reads planes, which it computes or copies to a block of
                        // its own where they do not lie in memory as it wants them
} Contraction;

typedef enum ReduceKind { REDUCE_SUM, REDUCE_MAX, REDUCE_MOMENTS } ReduceKind;

// Of a row of the class FUSE_LAYOUT: what becomes of the weights.
typedef enum LaidOut {
    LAID_OUT_KERNEL,     // of a convolution, as its gradient of data reads them
    LAID_OUT_TRANSPOSED, // of a matrix, in panels of rows instead of columns
    LAID_OUT_PAIRS,      // of a matrix, rounded to bfloat16, for products of that
    LAID_OUT_INT8        // quantized to int8, for products of that
} LaidOut;

// What a loss compares the prediction with.
typedef enum TargetKind {
    TARGET_NUMBER,   // a number for each of the prediction's
    TARGET_DECISION, // the same: yes or no, or a probability between
    TARGET_SHARES,   // the same: a vector's numbers are shares of classes and sum to 1
    TARGET_CLASS,    // a class label for each vector of the prediction
    TARGET_ANY       // one of them, which the training setup settles
} TargetKind;

// Reference evaluation: plain double precision, obviously right, slow. Batched values are
// [rows, dims...] row-major, dense.
typedef struct EvalTensor {
    double *data;
    int64_t rows; // 1 for an unbatched value
    int64_t size; // elements of one row
} EvalTensor;

typedef struct EvalContext {
    int64_t rows;
    uint64_t seed;
    int64_t step; // from 1, as the scalar `step`
    double learning_rate;
    const float *ranges; // of products in int8: two numbers for each parameter; NULL: none
} EvalContext;

// What an elementwise evaluation may ask about the element it computes.
typedef struct EvalPoint {
    const EvalContext *context;
    int64_t column;  // index along the last dimension
    int64_t element; // index in the batch: row * size + place in the sample
} EvalPoint;

struct OpDef {
    Schema schema;
    const char *former_name; // another name that programs have for it; NULL: none
    bool surface;            // users may write it in a model
    const char *of_several;  // what does to several values what this does within one; NULL
    bool has_directions;     // a layer around another one, of which it makes two
    bool is_activation;      // may stand where an activation is asked for
    bool gives_shares;       // an activation whose vectors are probabilities that sum to 1
    // An activation that is flat, with a gradient of nearly 0, close to these values; both 0: it is
    // nowhere, or all of it is.
    double flat_low, flat_high;
    bool is_noise;      // a layer that changes values by chance while training
    bool is_slow;       // elementwise: computing it again costs more than loading it
    bool takes_weights; // its last input may be the same for all samples
    bool is_of_places;  // does the same to each place of the dimensions before the last
    bool reads_column;  // elementwise: depends on the place in the last dimension
    bool adds_up;       // elementwise: the sum of its inputs
    bool is_point;      // a value that stays one while a gradient by it is looked for
    bool stops_gradient;
    bool is_loss;      // used as `loss =`; inputs are (prediction, target)
    TargetKind target; // of a loss
    // Of a loss: the numbers that it takes for targets; both 0: all.
    double target_low, target_high;
    bool is_statistic;          // what it does to the loss is in the gradients of its users
    bool is_constant;           // almost everywhere: it has no gradient, and none is lost
    const char *not_in_cells;   // why it cannot stand in what `recur` repeats; NULL: it can
    bool is_derivative;         // composite: pass expand walks the graph to make its value
    bool is_classifier;         // a loss that compares with classes
    int unit_classes;           // of a loss: what one unit tells apart: 2, yes and no; 0: a number
    int min_inputs, max_inputs; // max -1: any number
    FuseClass fuse;
    LeafKind leaf;           // of FUSE_LEAF
    Contraction contraction; // of FUSE_CONTRACTION
    ReduceKind reduce;       // of the FUSE_REDUCE... classes
    LaidOut laid_out;        // of FUSE_LAYOUT

    // Sets node->type from the inputs' types and the arguments, or reports through
    // op_shape_error with the arithmetic shown and returns false.
    bool (*shape)(Graph *graph, Node *node);
    // Input 0 holds numbers of rows, from 0: how many rows there are; NULL: it does not.
    int64_t (*rows)(const Node *node);
    // Surface operators with weights: creates them (graph_parameter on node->layer) and appends
    // their nodes to the inputs (op_append_input). Runs once, after `shape`.
    void (*parameters)(Graph *graph, Node *node);
    // Layer level: the mask of its value by those of its inputs, NULL: all steps count. What it
    // reads of them it takes (op_take_mask). Without it elementwise operators and activations pass
    // masks on (op_mask_elementwise), others do not.
    Node *(*mask)(Graph *graph, Node *node);
    bool takes_rows; // its value is rows of input 1, a table, by their numbers
    bool makes_mask; // whatever its inputs have; with its option `mask`, if it has one
    // Composite: builds the same value out of other operators. A primitive has it, too, if it
    // stands for several of itself (a sum of three values); NULL: it is what it should be.
    Node *(*expand)(Graph *graph, Node *node);
    // Of a layer that may give several values: how many, and the type of each behind the first.
    int (*results)(const Node *node);
    Type (*result_type)(const Node *node, int index);
    // Of a layer: does it go on from batch to batch? NULL: it does not.
    bool (*keeps_states)(const Node *node);
    // What the node becomes outside training, if that differs (dropout: its input); NULL: itself.
    Node *(*inference)(Graph *graph, Node *node);
    // Primitive: sets dinputs[i] to nodes for the gradient of each input given `dy`, or leaves NULL
    // where there is none (integer labels). The caller sums over broadcast dimensions.
    void (*gradient)(Graph *graph, Node *node, Node *dy, Node **dinputs);
    // Of a row that makes a value that is the same for all samples of values of them: the same of
    // `inputs`, which have the steps of a loop before their dimensions, over all of these. NULL: it
    // takes them as they are.
    Node *(*over_steps)(Graph *graph, const Node *node, Node *const *inputs);
    // Rebuilds the value out of operators whose gradients have gradients; NULL: it is one.
    void (*unfold)(Graph *graph, Node *node);
    // A contraction whose weights can be kept in another order for it: makes the node that does it,
    // in `graph`, of `weights`.
    Node *(*lay_out_weights)(Graph *graph, const Node *node, Node *weights);
    const char *no_gradient; // the reason, where `gradient` is NULL
    // Floating-point operations of one sample (or of the whole unbatched value). A composite's
    // are those of its expansion.
    double (*flops)(const Node *node);
    // FUSE_GATHER: its value at the position, from elements that it fetches (lane.h).
    Lane (*gather)(LaneBuilder *b, Node *node);
    // Its inputs stand one behind the other along this dimension of the result; NULL: they do not.
    int64_t (*joined_axis)(const Node *node);
    // Whether vectors of so many elements of the result come from elements that do not follow each
    // other; NULL: they never do.
    bool (*moves_lanes)(const Node *node, int lanes);
    // The dimension of the result each of whose places is made of the same place of dimension
    // `axis` of input `input`, and of no other place there; -1: there is none. NULL: as the class
    // has it (op_kept_axis).
    int (*kept_axis)(const Node *node, int input, int axis);
    // Where each place of dimension `axis` is made of the same one of input 0 and of so many before
    // it, with zeros before the first: how many; -1: it is not. NULL: it never is.
    int64_t (*places_before)(const Node *node, int axis);
    // Its value at a place, of these places of input 0.
    Node *(*at_last)(Graph *graph, const Node *node, Node *const *inputs, int axis);
    // The only place of dimension `axis` of input 0 that the result is made of; -1: there are
    // several. NULL: there always are.
    int64_t (*single_place)(const Node *node, int axis);
    // Its value at place `at`, a number of the run, of dimension `axis`, which becomes 1; NULL: it
    // has no such form there.
    Node *(*at_place)(Graph *graph, const Node *node, int axis, Node *at);
    // FUSE_ELEMENTWISE.
    Lane (*lower)(LaneBuilder *b, const Node *node, const Lane *inputs);
    double (*evaluate_element)(const Node *node, const double *inputs, const EvalPoint *at);
    // The other primitive classes.
    void (*evaluate)(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                     const EvalContext *context);
};

const OpDef *op_find(const char *name); // by its name or former name; NULL: none
const OpDef *op_at(int index);          // all rows, in the order of registry.c; NULL: end
extern const OpDef *const op_tables[];  // ended by NULL
int op_count(void);

// ---- Contractions: questions of the passes and the generator.
ProductKind op_product_kind(const Node *node); // PRODUCT_NONE: no contraction
bool op_is_convolution(const Node *node);
bool op_is_matrix_product(const Node *node); // a contraction that is no convolution
bool op_is_table_product(const Node *node);  // a matrix product of no samples but a table's rows
bool op_is_in_bfloat16(const Node *node);    // a product whose operands are rounded to that
bool op_rounds_rows(const Node *node);       // sums of rows that are rounded so (embedding.c)
void op_set_bfloat16(Graph *graph, Node *node, bool is_rounded); // of a product
// A number as such a product takes it: the nearest float32 without its lower half, of two the even
// one.
double op_round(double number);
#define OP_BFLOAT16                                                                                \
    {.name = "bfloat16",                                                                           \
     .type = ARG_BOOL,                                                                             \
     .default_text = "false",                                                                      \
     .doc = "round both operands to bfloat16"}
bool op_multiplies_weights(const Node *node); // PRODUCT_FORWARD and PRODUCT_DATA

// ---- int8.c: products whose operands are whole numbers of 8 bits. The left one, x, is
// q = clamp(round(x / scale) + zero, 0, 255), with scale and zero of a range that was measured; the
// weights are from -127 to 127, with a scale for each column: what multiplies x[k] in all sums of
// their own. Sums are exact (Jacob et al., "Quantization and Training of Neural Networks for
// Efficient Integer-Arithmetic-Only Inference", 2018, equation 7).
#define OP_RANGE                                                                                   \
    {.name = "range",                                                                              \
     .type = ARG_INT,                                                                              \
     .default_text = "-1",                                                                         \
     .minimum = -1,                                                                                \
     .maximum = INT32_MAX,                                                                         \
     .doc = "quantize both operands to 8 bits, rows in the range of this number; -1: neither"}
int op_range(const Node *node); // the parameter whose range its left operand has; -1: not in int8
bool op_is_in_int8(const Node *node);
void op_set_range(Graph *graph, Node *node, int range);
// Weights as the product reads them.
Node *op_lay_out_int8(Graph *graph, const Node *product, Node *weights);
// Operands of such a product for its reference evaluation: whole numbers, of x without `zero`, and
// by column what their sum is multiplied by.
typedef struct Int8Operands {
    EvalTensor left, right;
    const float *scales;
} Int8Operands;
Int8Operands op_quantize(Arena *arena, const Node *node, const EvalTensor *inputs,
                         const EvalContext *context);

// The dimension of the result that keeps the places of one of an input apart (OpDef.kept_axis); -1:
// none does.
int op_kept_axis(const Node *node, int input, int axis);

// ---- For shape rules.
// Reports E0203 at the node: "dense expects a vector, but this value is 24x24x32". Returns false.
bool op_shape_error(Graph *graph, Node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// Labels the place of the error last reported for this graph ("needs [n]"), or adds
// "= help: ..." / "= note: ..." to it.
void op_shape_label(Graph *graph, const char *format, ...) __attribute__((format(printf, 2, 3)));
void op_shape_help(Graph *graph, const char *format, ...) __attribute__((format(printf, 2, 3)));
void op_shape_note(Graph *graph, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool op_shape_same(Graph *graph, Node *node);      // the type of input 0 (as f32)
bool op_shape_broadcast(Graph *graph, Node *node); // of all inputs (as f32)
bool op_shape_given(Graph *graph, Node *node);     // set already: leaves, generators
// Whether the activations among the arguments can be applied to values of `type`; else reports what
// is wrong, as their own shape rules do.
bool op_check_activations(Graph *graph, Node *node, const Type *type);
// The reference evaluation of what gives its input in another order in memory.
void op_evaluate_same(const Node *node, const EvalTensor *inputs, EvalTensor *output,
                      const EvalContext *context);
double op_flops_elements(const Node *node); // one an element of the output
double op_flops_none(const Node *node);     // leaves and movements
// Which cross-entropy `crossentropy` means behind `activation` ("linear": none; NULL: not known) of
// so many units (0: not known), beside a target that is known or not: labels, of so many classes
// (0: not known), or a number for each unit. NULL: that cannot be told.
const char *op_crossentropy(int64_t units, const char *activation, bool is_known, bool is_label,
                            int64_t classes);
// Reduces dimension `axis`, which becomes 1.
Node *op_reduce_axis(Graph *graph, Node *x, int axis, ReduceKind kind);
void op_append_input(Graph *graph, Node *node, Node *input);

// ---- Masks: which steps of sequences count (mask.c).
bool op_mask_fits(const Type *value, const Type *mask); // has the value these steps?
Node *op_mask_same(Graph *graph, Node *node);           // of input 0, where the steps are the same
Node *op_mask_elementwise(Graph *graph, Node *node);    // of all inputs that have steps
Node *op_mask_of_any(Graph *graph, Node *const *inputs, int count);
void op_take_mask(Graph *graph, Node *node, Node *mask);  // as another input, the last one
Node *op_taken_mask(const Node *node);                    // the first one that it took, or NULL
Node *op_mask_as(Graph *graph, Node *mask, int rank);     // [steps, 1, ..]
Node *op_where_counts(Graph *graph, Node *mask, Node *x); // x, and 0 at steps that do not count

// ---- The families (each file exports its terminated rows).
extern const OpDef op_leaf[], op_elementwise[], op_activation[], op_dense[], op_matmul[],
    op_convolve[], op_pool[], op_place[], op_reduce[], op_conv[], op_pooling[], op_norm[],
    op_merge[], op_resize[], op_reduction[], op_reshape[], op_dropout[], op_loss[], op_effect[],
    op_learned[], op_interpolate[], op_moments[], op_generator[], op_derivative[], op_weighting[],
    op_pairs[], op_embedding[], op_scan[], op_recurrent[], op_attention[], op_position[],
    op_masking[], op_result[], op_bidirectional[], op_recur[], op_steps[], op_encoding[], op_int8[];

#endif
