// The ABI between compiled programs and the runtime: the only header that generated code knows.
// compiler/gen/descriptor/descriptor.c fills an nnrt_program and emits it as one constant,
// `nnrt_program_descriptor`. compiler/gen/descriptor/abi.c has a row for each field below, whose
// kind and place follow from the C type (a test compares rows and structs), so that a new field is
// written here, there, and where it gets its value: by name, nowhere by position.
#ifndef NNRT_H
#define NNRT_H

#include <stdint.h>

enum { NNRT_ABI = 31, NNRT_MAX_RANK = 8, NNRT_MAX_COLUMNS = 16 };

// What there is room for; the compiler refuses more (compiler/check/limits.c). Values: of an epoch,
// told of all trainings, with those of validation.
enum { NNRT_MAX_STEPS = 16, NNRT_MAX_VALUES = 256 };

enum { NNRT_F32 = 0, NNRT_U8 = 1, NNRT_I32 = 2 }; // element types

struct nnrt_call;

// A named option of a call, as checked by the compiler.
typedef struct nnrt_option {
    const char *name;
    const char *text; // words and strings; NULL for numbers
    double number;
    const double *numbers; // a list
    const char *const *texts;
    int64_t count;                // of numbers or texts
    const struct nnrt_call *call; // a schedule within another; NULL: none
} nnrt_option;

// A call of a word of the language: an initializer, a data source, a transform, a metric, a
// schedule, a callback. Its options are those of its row's arguments, all of them, in their order.
typedef struct nnrt_call {
    const char *name;
    int64_t row; // of its family's tables, counted over all of them
    const nnrt_option *options;
    int64_t option_count;
} nnrt_call;

// Where a tensor's elements lie in the weights: it is seen as a matrix, mostly [rows = all dims but
// the last][columns = the last dim]; element (r, c) is at
//   offset + (c / panel) * panel_stride + r * row_stride + (c % panel) * column_stride   (floats).
// Padding between elements is zero and stays zero.
typedef struct nnrt_storage {
    int64_t offset, size; // floats, padding included
    int64_t panel, panel_stride, row_stride, column_stride;
} nnrt_storage;

// Rows of a table that begin as the vectors which a file has for words.
typedef struct nnrt_vectors {
    const char *file;   // as the program names it; NULL: there are none
    const char *folder; // of the .nn file: paths are relative to it
    int64_t dataset;    // index
    const char *column; // of it, whose words the rows are
} nnrt_vectors;

typedef struct nnrt_parameter {
    const char *name; // "dense/kernel"
    int64_t rank, shape[NNRT_MAX_RANK];
    int64_t columns;      // of the matrix that its elements are in the storage, row after row
    nnrt_storage storage; // in the weights
    nnrt_call initializer;
    int64_t trainable;
    nnrt_vectors vectors;
} nnrt_parameter;

// Optimizer state: stored as its parameter is, in the slots.
typedef struct nnrt_slot {
    const char *name;  // "dense/kernel/momentum"
    int64_t parameter; // index, or -1 for a scalar
    int64_t offset, size;
    double initial;
    int64_t is_average; // of its parameter's values: what they are at the end of a training
} nnrt_slot;

typedef struct nnrt_layer { // one row of the summary
    const char *name, *type, *output_shape;
    int64_t params;
    int64_t line;     // in the source; 0: an imported file's
    int64_t is_noise; // changes values by chance while training
} nnrt_layer;

// A model as a person draws it: an input, a layer at each of its uses, an operator between layers.
typedef struct nnrt_vertex {
    const char *name, *type, *shape; // "conv2d_1", "conv2d", "[24, 24, 32]"; of an input "input"
    int64_t params;                  // of a layer, told at its first use
    int64_t line;                    // in the source; 0: an imported file's, or none
    int64_t is_output;
} nnrt_vertex;

typedef struct nnrt_edge { // a value: indices of vertices, `from` before `to`
    int64_t from, to;
} nnrt_edge;

typedef struct nnrt_diagram {
    const nnrt_vertex *vertices;
    int64_t vertex_count;
    const nnrt_edge *edges;
    int64_t edge_count;
} nnrt_diagram;

// A column of a data set that the step functions read.
typedef struct nnrt_column {
    const char *name;
    const char *source; // of a function: the data set's column that fills it; NULL: the caller does
    int64_t dtype;      // as it lies in memory
    int64_t rank, shape[NNRT_MAX_RANK];
    int64_t size;  // elements of a sample
    int64_t limit; // of a function: elements are whole numbers from 0 to below this; 0: any
} nnrt_column;

typedef struct nnrt_output {
    const char *name;
    int64_t rank, shape[NNRT_MAX_RANK];
    int64_t size;   // elements of a sample
    int64_t offset; // in the arena of the function, floats
    int64_t stride; // floats from one sample to the next; 0: it is not stored, as nothing reads it
    // The next call reads it as the state of the same places of its batch: zeros there begin anew.
    int64_t is_kept;
} nnrt_output;

typedef struct nnrt_team nnrt_team;
typedef struct nnrt_account nnrt_account;

// What a step function gets; every worker has a copy of its own that differs in `thread`.
typedef struct nnrt_context {
    float *weights, *slots, *arena;        // aligned to 64
    const void *columns[NNRT_MAX_COLUMNS]; // inputs, then targets: the whole data set's columns
    const uint32_t *index;                 // the samples of this batch: rows of the columns
    const uint32_t *next_index;            // of the next whole batch, to prefetch; NULL: none
    int64_t rows;                          // samples in this batch, 1..batch
    int64_t thread, threads;
    uint64_t key; // of this step's random numbers
    double learning_rate;
    double step;  // 1 in the first
    double *loss; // out, written by thread 0: the loss, then what is reported beside it
    nnrt_team *team;
    float *scratch;        // of all workers, scratch_size floats each
    nnrt_account *account; // of this worker's time; only functions that are profiled use it
    // Generated code alone writes these: the step of a sequence; which of how many parts of the
    // worker's samples is being walked.
    int64_t time, part, parts;
    const float *ranges; // of functions in int8: the least and the largest number of what a
                         // parameter is multiplied by, for each parameter of the program
    int64_t is_watched;  // somebody looks at values after each group, which walks all samples first
} nnrt_context;

typedef void nnrt_step(const nnrt_context *context);

// For each sample of the batch, and once a step.
typedef struct nnrt_count {
    double sample, step;
} nnrt_count;

// What the instructions of a group do, as a model of its code counts it
// (compiler/gen/budget/effort.h). Lanes that hold nothing count as well.
typedef struct nnrt_effort {
    nnrt_count products;  // FLOP of the multiply-adds of products
    nnrt_count values;    // numbers that take an instruction a vector: sums, comparisons
    nnrt_count functions; // that take some twenty: exp, log, tanh
    nnrt_count converted; // read from bytes, rounded to bfloat16
    nnrt_count moved;     // packed, transposed or laid out for a product
    nnrt_count joined;    // partial sums of chunks, which are added up
    double full_lanes;    // of the lanes of the vectors that do most, the share that hold numbers
} nnrt_effort;

// A group reads or writes a value, some time after the value was touched before.
typedef struct nnrt_touch {
    int64_t group;
    nnrt_count bytes;
    nnrt_count between; // bytes of other values that were touched since
    int64_t is_whole;   // each worker touches all of it, not a part
    int64_t is_foreign; // other workers have written what a worker reads
    int64_t is_data;    // samples, which the step before did not read
    int64_t window;     // so many samples passed at a time since; 0: all
} nnrt_touch;

// What a step function does in one go: an operator and those fused with it.
typedef struct nnrt_group {
    const char *name, *kind; // "conv2d_1: convolve + add + relu", "contraction"
    const char *layer;       // its name; NULL: none
    int64_t line;            // in the source; 0: none
    int64_t phase;           // barriers stand between phases
    int64_t in_bfloat16;     // its products are, or those that it repeats
    // Floating-point operations, and bytes that it reads and writes: for each sample, once a step.
    double sample_flops, step_flops, sample_bytes, step_bytes;
    nnrt_effort effort;
} nnrt_group;

// Of all groups of a function.
typedef struct nnrt_work {
    double sample_flops, step_flops, sample_bytes, step_bytes;
} nnrt_work;

// Where a value lies.
enum { NNRT_IN_ARENA, NNRT_IN_WEIGHTS, NNRT_IN_SLOTS, NNRT_IN_COLUMN };

// A value that groups keep in memory, or read there. Of a step that is watched it is whole after
// its group, and stays so at least until the next one.
typedef struct nnrt_value {
    const char *name;    // of its operator; of weights, optimizer state and columns their own
    const char *layer;   // its name; NULL: none
    const char *shape;   // of a sample, or of all of it
    int64_t line;        // in the source; 0: none
    int64_t group;       // that computes it, or changes it; -1: none does
    int64_t is_backward; // of gradients and updates: neither outputs nor losses depend on it
    int64_t is_output;   // of a layer whose result is an output of the model
    int64_t place;       // NNRT_IN_...
    int64_t parameter;   // that it lies as (storage); -1: its elements follow each other
    int64_t offset;      // there, floats; of a column its number
    int64_t size;        // elements of a row
    int64_t units;       // the last dimension
    double flat_low, flat_high; // close to these its operator is flat; both 0: it is not
    int64_t rows;               // 0: one for each sample of the batch
    int64_t stride;             // floats from row to row
} nnrt_value;

// A group reads a value.
typedef struct nnrt_read {
    int64_t group, value;
} nnrt_read;

// A step of a training, or a prediction.
typedef struct nnrt_function {
    const char *name;
    nnrt_step *run;
    nnrt_step *run_profiled;    // the same results, with marks of its time; NULL: there is none
    const nnrt_column *columns; // that it reads, as context->columns: inputs, then targets
    int64_t column_count, input_count;
    const nnrt_group *groups; // of run_profiled
    int64_t group_count;
    const nnrt_value *values; // of steps that train
    int64_t value_count;
    const nnrt_read *reads; // by group
    int64_t read_count;
    const nnrt_touch *touches; // of run_profiled, by group
    int64_t touch_count;
    int64_t arena_size; // floats; an arena (see evaluate_at), zero before the first call
    int64_t threads;    // more than these do not help (1 for small steps)
    int64_t chunks;     // of a batch, which workers get whole; 0: samples are divided evenly
    int64_t settles;  // weights are as they should be only after a run with rows 0, which does the
                      // rest of step `step`, the last one
    int64_t prepares; // reads what a run with rows 0 has computed of the weights, once for all runs
    int64_t in_int8;  // some of its products are; it prepares
    const nnrt_output *outputs;
    int64_t output_count;
    double flops; // of one sample
    nnrt_work work;
} nnrt_function;

// So many rounds of multiply-adds on registers alone, in the vectors of the program's kernels: the
// roof of their speed. `result` has room for a vector (64 bytes).
typedef void nnrt_peak(int64_t rounds, float *result);

// What a training does for each batch: one step, or several in turn.
typedef struct nnrt_train_step {
    const char *name;
    nnrt_function train, evaluate;
    nnrt_function quantized; // as `evaluate`, in int8; without `run`: there is none
    int64_t repeat;          // so many times a batch
    // Where several runs of `train` make a step: what follows the last of each `accumulate`, whose
    // gradients are in the slots. `step` counts its own runs. Else 1, and no `run`.
    int64_t accumulate;
    nnrt_function update;
    // Where, in the arena of `train`, that of `evaluate` begins, floats: behind what `train` keeps
    // there; they take turns in what follows. -1: it has its own.
    int64_t evaluate_at;
    const char *const *reports; // names of the numbers behind the loss
    int64_t report_count;
    nnrt_call learning_rate; // "constant" (option value) or a schedule
    nnrt_call optimizer;
    int64_t optimizer_line; // in the source; 0: an imported file's
    int64_t trainable;      // elements of the parameters that it changes
    int64_t penalized;      // of those that regularizers add to the loss
    double weight_decay;    // of the optimizer; 0: none
    const nnrt_slot *slots;
    int64_t slot_count, slots_size; // floats
    // Puts the gradients of its parameters into slots of its own, and changes nothing else. Without
    // `run`: no callback reads them.
    nnrt_function gradients;
    const nnrt_slot *gradient_slots;
    int64_t gradient_count, gradients_size; // floats
} nnrt_train_step;

// A metric of an output.
typedef struct nnrt_measure {
    const char *name; // as reported, without the output's label
    nnrt_call call;
    int64_t is_weighted; // samples count by their weights
} nnrt_measure;

// The loss of an output.
typedef struct nnrt_loss {
    const char *name;
    const char *label;      // of several outputs, in front of names; NULL: the only one
    int64_t output, target; // of the first step's outputs; of its columns
    int64_t
        mask; // which of its outputs says, by 1 and 0, which steps of a sample count; -1: all do
    int64_t is_classifier;      // it compares with classes: predictions are named by class
    int64_t are_scores;         // it makes probabilities of them itself, by sigmoid or softmax
    int64_t unit_classes;       // what a single unit tells apart: 2, yes and no; 0: it is a number
    const char *const *classes; // names of those of the target; NULL: none
    int64_t class_count;
    double target_low, target_high; // the numbers that it takes for targets; both 0: all
    // Of a standardized target: x * deviation + mean is in the column's units, as metrics and
    // predictions are. Deviation 0: outputs are in them already.
    double target_mean, target_deviation;
    int64_t weight;              // which of the columns holds the samples' weights; -1: none
    const double *class_weights; // of labels while training; NULL: all count 1
    int64_t class_weight_count;
    const nnrt_measure *metrics; // of the output
    int64_t metric_count;
} nnrt_loss;

// One `train` block.
typedef struct nnrt_training {
    int64_t model;   // index: the one whose outputs the losses compare, or the last one
    int64_t dataset; // index
    const nnrt_train_step *steps;
    int64_t step_count;
    const nnrt_loss *losses; // of the outputs; none where steps say what is minimized
    int64_t loss_count;
    const nnrt_call *callbacks;
    int64_t callback_count;
    nnrt_function samples; // pictures of which there are so many each epoch; without `run`: none
    int64_t sample_count;
    int64_t epochs, batch;
    const char *precision; // of its products: "float32", "bfloat16"
    int64_t line;          // in the source; 0: an imported file's
    int64_t peak_bytes;    // of memory, as the summary states it; 0: the data were not known
} nnrt_training;

// The most samples of a function that measures: it keeps all that it tells.
enum { NNRT_MEASURE_BATCH = 8 };

// What a parameter is multiplied by, as an output of a function.
typedef struct nnrt_operand {
    int64_t parameter, output; // indices
} nnrt_operand;

typedef struct nnrt_model {
    const char *name;
    int64_t dataset;   // index: of what it predicts; -1: none
    int64_t training;  // index: the last one that it takes part in; -1: none
    int64_t trainable; // elements of its parameters that this changes; untrained: may be changed
    const nnrt_layer *layers;
    int64_t layer_count;
    nnrt_diagram diagram;
    const char *const *parameters; // names of those that its predictions read
    int64_t parameter_count;
    nnrt_function predict, predict_one; // of batches; of one sample, which the workers divide
    int64_t predict_batch;              // the most samples of one call of `predict`
    // Of predictions in int8: `measure` computes, in float32, what parameters are multiplied by.
    // Without `run`: predictions are not in int8.
    nnrt_function measure;
    const nnrt_operand *ranges;
    int64_t range_count;
    // One token of a text at a time. Columns: the token, and the state, where the second output is
    // the next one: zeros before the first token. What else it keeps of the tokens before is in its
    // arena. `step` counts the tokens from 1. Without `run`: the model writes no text, as
    // `no_generation` says.
    nnrt_function generate;
    int64_t window;       // so many tokens at most, of which the arena keeps something; 0: any
    int64_t gives_shares; // its output is probabilities, not scores
    const char *no_generation;
    // Bytes, as the summary prints them.
    int64_t weight_bytes, gradient_bytes, optimizer_bytes, activation_bytes;
} nnrt_model;

typedef struct nnrt_dataset {
    const char *name;
    const char *folder;      // of the file that declares it: paths are relative to it
    const nnrt_call *stages; // the source, then the transforms in order
    int64_t stage_count;
    const char *fingerprint;    // of what the compiler saw ("" if the data was not there)
    const char *prefix;         // in front of its statistics' names; NULL: the first data set
    const char *const *classes; // names; NULL: none
    int64_t class_count;
} nnrt_dataset;

typedef struct nnrt_program {
    int64_t abi; // NNRT_ABI
    const char *compiler_version, *source_path, *source_folder, *source_text, *expanded_text;
    const char *const *imports; // absolute paths of the imported files; ended by NULL
    const char *target_cpu;
    const char *const *cpu_features; // as LLVM names them; what the code needs; ended by NULL
    const nnrt_model *models;
    int64_t model_count, main_model; // the one that is meant where none is named
    const nnrt_parameter *parameters;
    int64_t parameter_count;
    // What weights files of the whole program hold beside them, where one model was built: names,
    // and "encoder/": all that begin so.
    const char *const *left_out;
    int64_t left_out_count;
    int64_t weights_size;         // floats
    int64_t scratch_size;         // floats of each worker, for all functions
    const nnrt_dataset *datasets; // of the trainings
    int64_t dataset_count;
    const nnrt_training *trainings;
    int64_t training_count;
    nnrt_peak *peak;
    double peak_flops;      // of a round of it
    nnrt_peak *narrow_peak; // of products in bfloat16; NULL: there are none, or nothing of its own
    double narrow_peak_flops;
    int64_t is_sparing; // memory is limited: no state is copied to be gone back to unasked
} nnrt_program;

extern const nnrt_program nnrt_program_descriptor;

// ---- What generated code calls.

// Waits until all workers of the team have come here. Workers spin briefly, then yield and sleep.
void nnrt_barrier(const nnrt_context *context);

// Weights as products in int8 read them: a block of words of 32 bits. It begins with numbers of the
// left operand, then, from `scales` on, what the sums of each column are multiplied by, from
// `corrections` on what is subtracted from them before, and from `words` on panels of `panel`
// columns, [line][word][column], a last one of half as many where that is enough. A word is so many
// numbers that follow each other in a line of the reduction, the first one in its lowest bits.
typedef struct nnrt_int8_weights {
    int64_t range;        // number of the parameter whose range it is
    nnrt_storage storage; // of the weights, [lines * run, columns]
    int64_t lines, run, columns;
    int64_t numbers, line_words; // of a word; words of a line, with zeros behind
    int64_t panel, panel_stride; // columns; words
    int64_t scales, corrections, words, size;
} nnrt_int8_weights;

enum { NNRT_INT8_INVERSE, NNRT_INT8_LOW, NNRT_INT8_HIGH, NNRT_INT8_ZERO, NNRT_INT8_HEAD = 16 };

// Fills the panels of this worker.
void nnrt_int8_prepare(const nnrt_context *context, const nnrt_int8_weights *weights,
                       int32_t *block);

// The time since the worker's last mark belongs to `slot`: 2 g is the work of group g, 2 g + 1 the
// waiting at the barrier behind it.
void nnrt_profile_mark(const nnrt_context *context, int64_t slot);

#endif
