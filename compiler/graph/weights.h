// The weights of a program: its layers and their parameters. All graphs of the program point at
// the same ones, so that a model trained here and used there is one model.
#ifndef NNC_GRAPH_WEIGHTS_H
#define NNC_GRAPH_WEIGHTS_H

#include "../base/source.h"
#include "../base/vec.h"
#include "schema.h"
#include "type.h"

typedef struct OpDef OpDef;
typedef struct Layer Layer;
typedef struct Parameter Parameter;
typedef struct Slot Slot;
typedef struct Node Node;

// One line of the summary.
struct Layer {
    int index;             // in weights->layers
    const char *model;     // whose layer it is; NULL: nobody's
    const char *prefix;    // of its parameters' names: that model, where there are several
    const char *name;      // dense, dense_1, ... as Keras numbers them, or the user's name
    const char *type_name; // the operator's name
    bool is_numbered;      // its name is the type's, with `number` behind it unless that is 0
    int number;
    Span span;
    bool trainable; // unless a `train` block says otherwise
    // Of its first use.
    const OpDef *op; // NULL: not used yet
    Type output;
    Type *inputs; // without the weights
    int input_count;
    VEC(Parameter *) parameters;
};

// A tensor of weights, not batched. Its buffer's storage order is the layout pass's business.
struct Parameter {
    int index;
    const char *name; // "dense/kernel"
    const char *role; // "kernel"
    Type type;
    Type shape;   // in files and for initializers: the same elements in the same order
    Layer *layer; // NULL: of the data
    const Schema *initializer;
    const Args *initializer_args;
    const Schema *regularizer; // NULL: none
    const Args *regularizer_args;
    const Schema *constraint; // NULL: none
    const Args *constraint_args;
    bool trainable;
    // Vectors that rows begin with, by the words of a data set's column.
    const char *vectors; // the file; NULL: there are none
    const char *folder;  // that its path is relative to
    const struct Dataset *dataset;
    const char *column;
};

typedef enum SlotKind {
    SLOT_OPTIMIZER, // of its formulas
    SLOT_GRADIENT,  // the sum of the batches' gradients since the last update
    SLOT_AVERAGE    // of the weights after each step
} SlotKind;

// Optimizer state that belongs to one parameter (or to none: a scalar), of the parameter's type.
struct Slot {
    int index;
    SlotKind kind;
    const char *name; // "dense/kernel/momentum"
    const char *role; // "momentum"
    Parameter *parameter;
    Type type;
    double initial;
    Node *node;
};

typedef struct Weights {
    Arena *arena;
    VEC(Layer *) layers;
    VEC(Parameter *) parameters;
} Weights;

Weights *weights_create(Arena *arena);
// `user_name` NULL: numbered by its type.
Layer *weights_layer(Weights *weights, const char *type_name, const char *user_name, Span span);
// `layer` NULL: it belongs to the data, and `role` is its name.
Parameter *weights_parameter(Weights *weights, Layer *layer, const char *role, Type type,
                             const ArgValue *initializer, const ArgValue *regularizer,
                             bool trainable);
// How `model`'s summary calls the layer: "dense", or "encoder/dense" if it is another model's.
const char *weights_layer_name(Arena *arena, const Layer *layer, const char *model);
Parameter *weights_find(const Weights *weights, const char *name);           // NULL: none
const char *weights_join(Arena *arena, const char *owner, const char *name); // "owner/name"

#endif
