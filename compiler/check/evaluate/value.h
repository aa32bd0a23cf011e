// Values at compile time, and the scopes that hold them. All live in the checker's arena and are
// never changed once made, so that they may be shared.
#ifndef NNC_CHECK_VALUE_H
#define NNC_CHECK_VALUE_H

#include "../check_program.h"
#include "../map.h"

typedef enum ValueKind {
    VALUE_ERROR,   // of an expression that was reported: silences what follows from it
    VALUE_NUMBER,  // number, is_integer
    VALUE_BOOL,    // number: 0 or 1
    VALUE_STRING,  // text
    VALUE_WORD,    // text: a bare word that no scope knows (relu, same)
    VALUE_LIST,    // items
    VALUE_TENSOR,  // node
    VALUE_RECIPE,  // recipe: layers that have no input yet; each use makes new ones
    VALUE_SHARED,  // shared: layers made once
    VALUE_BLOCK,   // declaration
    VALUE_MODEL,   // model
    VALUE_DATASET, // dataset
} ValueKind;

typedef struct Value Value;
typedef struct Scope Scope;
typedef struct Shared Shared;

typedef struct Recipe {
    const Ast *ast;
    Scope *scope;
    bool active; // being used: a second entry is a recipe that uses itself
} Recipe;

typedef struct ModelEntry ModelEntry;

// Layers that every use shares: those of `layer name = ...`, and of a model used inside another.
struct Shared {
    const char *name; // of the layer, or in front of the layers' names
    Span span;
    const Ast *ast; // what to apply, in `scope`; NULL for a model
    Scope *scope;
    ModelEntry *model;
    bool is_used;
    bool is_made; // the layers were, by the first use without a mistake
    bool active;
    bool single; // one layer, which gets the name itself
    // In the order of their making, which every use repeats: layers, and what is shared within.
    VEC(Layer *) layers;
    VEC(Shared *) inner;
};

struct ModelEntry {
    const Ast *declaration;
    Model *model;
    Dataset *dataset;     // of the first short form, else of the first `train`; NULL: none
    const ArgValue *init; // of the first `train`: how kernels start that say nothing; NULL: none
    bool has_training;
    bool by_name;           // only steps train it: its inputs are columns where the names say so
    Type *used_types;       // of the inputs of its first use
    int used_count;         // 0: none yet
    bool is_used;           // as a layer of another model
    bool active;            // its body is being evaluated
    bool in_cycle;          // it uses itself, which is reported
    const Node *unfinished; // what is known of the output if that has an error; NULL: nothing
    Shared *shared;         // its layers
    Map layer_names;        // of them, in use
    bool has_prefix;        // its parameters' names begin with its own
};

struct Value {
    ValueKind kind;
    bool is_integer;
    bool is_shape; // a list that is counted from 1, since 0 is the batch
    Span span;     // of the expression that made it
    double number;
    const char *text;
    // What a value of the whole file (`param`, or `name = ...`) was declared as; NULL: it is none.
    const Ast *written;
    const Value *const *items; // of an error, too: a list of which some are errors
    int count;
    int64_t classes; // of a tensor of class labels: how many there are; 0: not known
    Node *node;      // of an error: what is known of it all the same, not in a graph; or NULL
    Recipe *recipe;
    Shared *shared;
    const Ast *declaration;
    ModelEntry *model;
    Dataset *dataset;
};

struct Scope {
    Scope *parent;
    const Ast *body; // that binds the names; NULL: none, or the whole file
    Map names;       // to Value *
    VEC(const char *) order;
};

Value *value_new(Arena *arena, ValueKind kind, Span span);
const Value *value_number(Arena *arena, double number, bool is_integer, Span span);
const Value *value_bool(Arena *arena, bool truth, Span span);
const Value *value_text(Arena *arena, ValueKind kind, const char *text, Span span);
const Value *value_tensor(Arena *arena, Node *node, Span span);
const Value *value_recipe(Arena *arena, const Ast *ast, Scope *scope);

const Value *value_declared(Arena *arena, const Value *value, const Ast *written);
const Value *value_at(Arena *arena, const Value *value, Span span); // the same at another place

// True of what an arrow may lead to: recipes, shared layers, blocks, models.
bool value_is_layer(const Value *value);
// "the number 3", "a list", "the model `m`": what a message says it found.
const char *value_describe(Arena *arena, const Value *value);

Scope *scope_create(Arena *arena, Scope *parent);
void scope_bind(Arena *arena, Scope *scope, const char *name, const Value *value);
const Value *scope_find(const Scope *scope, const char *name); // in parents too; NULL: none

#endif
