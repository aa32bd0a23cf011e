// A program: what the front end makes of a source, and all that passes and generator know of it.
// Weights belong to the program; models, steps and their graphs point at them. Tests build programs
// without the checker.
#ifndef NNC_PROGRAM_PROGRAM_H
#define NNC_PROGRAM_PROGRAM_H

#include "../../runtime/data/data.h"
#include "../graph/graph.h"
#include "../op/training/training.h"

// A call ready for the descriptor: a data stage, a metric, a callback, a schedule.
typedef struct Call {
    const Schema *schema;
    const Args *args;
} Call;

typedef VEC(Call) CallList;

// A metric of an output.
typedef struct Metric {
    Call call;
    const char *name; // as reported, without the output's label
    bool is_weighted; // samples count by their weights
} Metric;

typedef struct Dataset {
    const char *name;
    Span span;
    CallList stages;     // the source, then the transforms in order
    nnrt_data_info info; // shapes, types, classes, row counts (runtime/data/data.h)
    const char *folder;  // of the file in which the source is written: paths are relative to it
    const char *prefix;  // in front of its statistics' names; NULL: the first that is trained on
    bool has_separate;   // the last stage is not written: columns that models name
    bool found;          // the data was there and inspected
    bool is_broken;      // its declaration or its files have errors, which are reported
} Dataset;

// What an output is compared with in the short form, `loss = ...`.
typedef struct OutputLoss {
    int output;
    const char *label;       // of several outputs, in front of names in reports; NULL: the only one
    const OpDef *def;        // resolved: `crossentropy` is already binary, categorical or sparse
    const Args *args;        // NULL: they have a mistake
    const struct Ast *block; // the call of a block of (prediction, target) instead; NULL: none
    const struct Ast *written; // the name or call of `def`
    const char *name;          // as written: `crossentropy` too
    Span span;
    double weight;
    const double *class_weights; // of the labels, while training; NULL: all count the same
    int class_count;
    VEC(Metric) metrics;
    VEC(const struct Ast *) measures; // blocks of (prediction, target) that are metrics
    const char *column;               // of the data set, that it is compared with; NULL: not known
    int target, input;                // which of the targets, or of the inputs, that is; else -1
    int mask; // which of the step's outputs says which steps of the output count; -1: all do
} OutputLoss;

// A value whose mean over the batch a step minimizes, reports, or both: number i of the terms is
// forward->results.items[i].
typedef struct Term {
    const char *name;
    double weight; // in the sum that is minimized; 0: it is only reported
    bool is_reported;
} Term;

// What is done for each batch, once or several times: a sum of terms is minimized.
typedef struct TrainStep {
    const char *name;
    Span span;
    Graph *forward; // layer level, GRAPH_TRAIN: columns in, outputs and results
    VEC(Term) terms;
    const OptimizerDef *optimizer;
    const Args *optimizer_args; // learning_rate holds a number or a schedule
    Span optimizer_span;
    const Schema *regularizer; // of kernels that have none of their own; NULL: none
    const Args *regularizer_args;
    int64_t repeat;      // so many times a batch, each with random numbers of its own
    int64_t accumulate;  // so many runs make one update, by the mean of their gradients
    VEC(Layer *) frozen; // by `frozen = true` in its body
    bool keeps_weights;  // it changes nothing but its slots, no statistics either
} TrainStep;

typedef struct Model Model;

// What products multiply; they add up float32.
typedef enum Precision { PRECISION_UNSAID, PRECISION_FLOAT32, PRECISION_BFLOAT16 } Precision;

const char *precision_word(Precision precision); // as the language says it; NULL: unsaid

// A `train` block.
typedef struct Training {
    Span span;
    VEC(Model *) models;
    Dataset *dataset;
    VEC(OutputLoss) losses; // of the short form, by output; steps of one's own: none
    VEC(TrainStep *) steps;
    Graph *samples; // `samples = ...`: pictures that are shown after each epoch; NULL: none
    int64_t sample_count;
    CallList callbacks;
    const nnrt_column *sample_weight; // of the data set: the weight of each sample; NULL: all are 1
    int64_t epochs, batch;
    Precision precision;
} Training;

struct Model {
    const char *name;
    Span span;
    Graph *forward;  // layer-level graph: raw data columns in, predictions out; in GRAPH_TRAIN mode
    NodeList inputs; // as the body gets them: transformed, in their declared shapes; or NULL
    VEC(const char *) output_names; // by output, those with a mistake, too; NULL: it has none
    VEC(Training *) trainings;      // in source order
    bool is_part;                   // of other models only; it predicts within them
    bool lacks_shape;               // an input's shape is not known without data that was not found
    Dataset *dataset;               // of its trainings; NULL: none
};

typedef struct Program {
    Arena *arena;
    SourceSet *sources;
    uint32_t file; // the main source
    Weights *weights;
    bool is_single; // one model was asked for: others do not count
    // What weights files of the whole program hold beside this one model's: names, and "encoder/"
    // where they are not known.
    VEC(const char *) left_out;
    VEC(Model *) models;
    VEC(Dataset *) datasets;
    VEC(Training *) trainings; // in source order
    Model *main; // the model that is trained (or the last one): what build, run and summary mean
    const struct Written *written; // the syntax it came from, for program_expand
    const char *expanded; // with every default written out, for executables; NULL: it has mistakes
} Program;

// What of it is compiled: does that training run, does that model predict on its own?
bool program_trains(const Program *program, const Training *training);
bool program_predicts(const Program *program, const Model *model);
// Drops what the main model does not need, where one was asked for.
void program_keep_main(Program *program);
// Elements of the model's layers that a training changes; `training` NULL: that any may change.
int64_t program_trainable(const Training *training, const Model *model);
int64_t program_last_trainable(const Model *model); // of its last training, if there is one
int program_model_count(const Program *program);    // that predict

// A call as the runtime sees it: every option present; an absent one has number NAN and no text,
// numbers or texts. Texts are shared with the program.
nnrt_call program_call(Arena *arena, const Schema *schema, const Args *args);
nnrt_call *program_calls(Arena *arena, const CallList *calls);

#endif
