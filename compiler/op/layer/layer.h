// What layers share: their weights and the arguments that describe them, bias and activation at
// their end, axes.
#ifndef NNC_OP_LAYER_H
#define NNC_OP_LAYER_H

#include "../op.h"
#include "../training/training.h"

// Makes the weights `role` of node->layer and appends them to the node's inputs. How they start,
// what penalizes them and what they are kept to is in the arguments PREFIX_initializer,
// PREFIX_regularizer and PREFIX_constraint (if there are such).
void layer_add_weights(Graph *graph, Node *node, const char *role, const char *prefix, Type type,
                       bool trainable);
// Keeps the parameter to what the argument says. Reports E0203.
void layer_constrain(Graph *graph, Node *node, Parameter *parameter, const char *argument);
// Can the initializers of the arguments fill weights of this rank? Reports E0203.
bool layer_check_initializer(Graph *graph, Node *node, const char *argument, int rank);
// The end of a layer: adds the bias (NULL: none) and applies the argument `activation`.
Node *layer_finish(Graph *graph, Node *node, Node *value, Node *bias);
// The dimension of input 0, from 0, that a number of the argument `axis` means. The argument counts
// from 1, since 0 is the batch (as in Keras), or from the end. False: there is none (E0203).
bool layer_axis(Graph *graph, Node *node, double number, int *axis);
// A value with dimension `axis` moved to the end; and back.
Node *layer_axis_to_end(Graph *graph, Node *x, int axis);
Node *layer_axis_from_end(Graph *graph, Node *x, int axis);

#define LAYER_BIAS                                                                                 \
    {.name = "bias",                                                                               \
     .type = ARG_BOOL,                                                                             \
     .default_text = "true",                                                                       \
     .keras_name = "use_bias",                                                                     \
     .doc = "add a weight of its own to each output"}
#define LAYER_ACTIVATION                                                                           \
    {.name = "activation",                                                                         \
     .type = ARG_ACTIVATION,                                                                       \
     .default_text = "none",                                                                       \
     .doc = "function applied to the outputs"}
#define LAYER_INITIALIZER(name_, default_, doc_)                                                   \
    {.name = (name_), .type = ARG_INITIALIZER, .default_text = (default_), .doc = (doc_)}
// Of a kernel: the `train` block may have another default for it. `short_` may be NULL.
#define LAYER_KERNEL_INITIALIZER(name_, short_, doc_)                                              \
    {.name = (name_),                                                                              \
     .short_name = (short_),                                                                       \
     .type = ARG_INITIALIZER,                                                                      \
     .default_text = "glorot_uniform",                                                             \
     .starts_kernel = true,                                                                        \
     .doc = (doc_)}
#define LAYER_CONSTRAINT(name_, doc_)                                                              \
    {.name = (name_), .type = ARG_CONSTRAINT, .default_text = "none", .doc = (doc_)}
#define LAYER_REGULARIZER(name_, doc_)                                                             \
    {.name = (name_), .type = ARG_REGULARIZER, .default_text = "none", .doc = (doc_)}
#endif
