// A checked program: what the front end hands to the passes. Made by program_check from the syntax
// tree, the registries (compiler/op) and the headers of the data.
#ifndef NNC_CHECK_PROGRAM_H
#define NNC_CHECK_PROGRAM_H

#include "../../runtime/data/data.h"
#include "../front/ast.h"
#include "../graph/graph.h"
#include "../op/training.h"

// `-D name=value`
typedef struct Definition {
    const char *name, *value;
} Definition;

typedef struct CheckOptions {
    const Definition *definitions;
    int definition_count;
    const char *model; // --model: the one that is meant; NULL: the only one that is trained
    bool need_data;    // build, run: missing data is an error; else a warning
} CheckOptions;

// A call ready for the descriptor: a data stage, a metric, a callback, a schedule.
typedef struct Call {
    const Schema *schema;
    const Args *args;
} Call;

typedef VEC(Call) CallList;

typedef struct Dataset {
    const char *name;
    Span span;
    CallList stages;     // the source, then the transforms in order
    nnrt_data_info info; // shapes, types, classes, row counts (runtime/data/data.h)
    bool found;          // the data was there and inspected
    bool is_broken;      // its declaration or its files have errors, which are reported
} Dataset;

typedef struct Training {
    Span span;
    const OpDef *loss;     // resolved: `crossentropy` is already binary, categorical or sparse
    const Args *loss_args; // NULL: they have a mistake
    const char *loss_name; // as written: `crossentropy` too
    Span loss_span;
    const OptimizerDef *optimizer;
    const Args *optimizer_args; // learning_rate holds a number or a schedule
    const Schema *regularizer;  // `regularize =`; NULL: none
    const Args *regularizer_args;
    CallList metrics;
    CallList callbacks;
    int64_t epochs, batch;
    Dataset *dataset;
} Training;

typedef struct Model {
    const char *name;
    Span span;
    Graph *forward;  // layer-level graph: raw data columns in, predictions out; in GRAPH_TRAIN mode
    NodeList inputs; // as the body gets them: transformed, in their declared shapes; or NULL
    VEC(Training *) trainings; // in source order
    bool lacks_shape;          // an input's shape is not known without data that was not found
    Dataset *dataset;          // of its trainings; NULL: none
} Model;

struct Map;

typedef struct Program {
    Arena *arena;
    SourceSet *sources;
    uint32_t file; // the main source
    VEC(Model *) models;
    VEC(Dataset *) datasets;
    Model *main;    // the model that is trained (or the last one): what build, run and summary mean
    const Ast *ast; // for program_expand, as is what follows
    const Definition *definitions;
    int definition_count;
    const struct Map *bound; // call (Ast *) -> Bound *, as bind.h has it
} Program;

// NULL only when nothing could be understood; otherwise errors are in the sink and the caller must
// not go on to the passes when there are any.
Program *program_check(Arena *arena, SourceSet *sources, uint32_t file, const Ast *ast,
                       const CheckOptions *options, DiagSink *sink);

// A call as the runtime sees it: every option present; an absent one has number NAN and no text,
// numbers or texts. Texts are shared with the program.
nnrt_call program_call(Arena *arena, const Schema *schema, const Args *args);
nnrt_call *program_calls(Arena *arena, const CallList *calls);

// `nnc expand`: the program with every default written out, with where it came from in comments.
void program_expand(Text *out, const Program *program);

#endif
