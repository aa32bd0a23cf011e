// What the files of this folder share while one program is checked.
#ifndef NNC_CHECK_CHECK_H
#define NNC_CHECK_CHECK_H

#include "../op/op.h"
#include "../op/vocabulary.h"
#include "evaluate/bind.h"
#include "evaluate/value.h"
#include "import.h"

enum {
    CHECK_MAX_LAYERS = 65536,
    CHECK_MAX_STEPS = 1 << 20, // applications and evaluations: blocks of blocks of blocks
    CHECK_MAX_DEPTH = 1000     // of expressions and blocks within each other
};
#define CHECK_MAX_DIMENSION INT32_MAX
#define CHECK_MAX_ELEMENTS ((int64_t)1 << 45) // of one tensor

typedef VEC(const char *) NameList;
typedef struct Declared Declared;
typedef struct Leftover Leftover;
typedef struct PlannedUse PlannedUse;

// A `train` block whose model and dataset are known.
typedef struct TrainEntry {
    const Ast *ast;
    ModelEntry *model; // the first
    VEC(ModelEntry *) models;
    Dataset *dataset;                       // NULL: reported
    const Ast *samples, *freeze, *unfreeze; // entries; NULL: none
    bool has_steps;                         // of one's own
    Training *training;
} TrainEntry;

struct Checker {
    Arena *arena;
    SourceSet *sources;
    DiagSink *sink;
    const CheckOptions *options;
    Program *program;
    Scope *globals;             // of the main file, which sees all others
    SourceFileList files;       // of the program, each behind what it imports: import.h
    SourceFileList known_files; // those that are being read, too
    SourceFileList by_source;   // by index into the SourceSet; NULL: none of the program's
    bool lacks_files;           // that were imported, and would declare further names
    Map declarations;           // global names of all files, to Ast *
    Map needed;                 // declarations (Ast *) that the main file needs
    VEC(ModelEntry *) models;
    VEC(TrainEntry *) trainings;
    Dataset *first_dataset; // that is trained on; NULL: none yet
    bool has_syntax_errors;
    VEC(Span) gaps;    // what the parser skipped
    Map skipped;       // the words in there, which may be declared there
    NameList nameless; // "dataset": one was declared there without a name
    VEC(Declared *) unused;
    Map suggested;      // names that were offered for misspelt ones
    Map clashing;       // global names that are declared twice, and names that cannot be declared
    Map clashing_files; // pairs of files that declare one name, to their Diag *
    Map planned;        // names that are not supported yet, to PlannedUse *
    VEC(PlannedUse *) planned_uses;
    Map reached; // syntax that was evaluated, or is a Leftover
    VEC(Leftover *) leftovers;
    Map blank_scopes;     // scope (Scope *) to the same without values
    bool is_dry;          // names and arguments are checked, nothing is unfolded or made
    Map active;           // declarations of the blocks that are being unfolded
    Map bound;            // call (Ast *) -> Bound *
    const ArgValue *init; // how kernels start that say nothing; NULL: as their rows do
    Graph *graph;         // of the model whose body is evaluated; NULL elsewhere
    ModelEntry *owner;    // whose layers are made; NULL: a step's body is evaluated, which has none
    Shared *sharing;      // the innermost shared layers in use
    int shared_next;      // the next of its layers, when they were made before
    int inner_next;       // likewise of what is shared within
    const char *prefix;   // of layer names
    TrainStep *step;      // whose body is evaluated; NULL: none
    const Dataset *fed;   // whose columns an unknown name may have meant; NULL: none
    bool is_frozen;       // the layers of a use with `frozen = true` in a model are made
    bool is_step_frozen;  // of such a use in a step's own body
    const char *cell;     // whose body is evaluated within a recurrent layer; NULL: none
    int layer_count, depth;
    int64_t steps;
    bool exhausted; // a limit was hit and reported
};

// ---- name_list.c
// All names in scope, and the words in the blank-separated `words`.
void names_add_scope(Checker *c, NameList *names, const Scope *scope);
void names_add_words(Checker *c, NameList *names, const char *words);
// The nearest of `names` (which need not be terminated), or NULL.
const char *names_nearest(Checker *c, NameList *names, const char *name);
void names_add_layers(Checker *c, NameList *names); // and a NULL that is not counted
// Is `name` one of the blank-separated `keras_names`, or the same but for case and `_`?
bool names_match_keras(const char *keras_names, const char *own, const char *name);
// Does it mean something where layers, entries of `train` or datasets ask for a name?
bool names_is_callee(const char *name);
// Does any operator or option take the bare word `name`?
bool names_is_word(const char *name);
// "`a`, `b` or `c`"
const char *names_join(Arena *arena, const NameList *names, const char *last);
// Is what `ast` names surely `own`? Its letters are, or nothing is said that depends on it.
bool names_is_sure(const char *own, const Ast *ast);

// ---- names.c
// Reports duplicate declarations (E0102) of all files and finds names of the main file that are
// never used (W0101).
void names_check(Checker *c);
void names_report_unused(Checker *c); // at the end of checking
// Reports E0101 unless the name may stand in a part that the parser skipped. `what` says what was
// looked for ("a layer"); `extra` are candidates besides the names in scope; it ends with NULL.
void names_unknown(Checker *c, const Scope *scope, const char *what, const char *name, Span span,
                   const char *const *extra);
// Says how to declare what may be a number without a value.
void names_help_param(Diag *diag, const char *name);
// The one input that the model or block around `use` leaves unused: it was given another name
// there. NULL: none, or several.
const char *names_renamed(Checker *c, Span use);
// Does the name stand in a part that the parser skipped, where it may be declared?
bool names_is_in_gap(const Checker *c, const char *name);
bool names_mentions(const Ast *ast, const char *name); // anywhere in it, as a value or a callee

// ---- planned.c
// Notes a name of the language that cannot be used yet, to be reported once (E0206). False: it is
// not one. `what` says what was looked for.
bool planned_report(Checker *c, const char *what, const char *name, Span span);
void planned_report_all(Checker *c);
const char *planned_name(int index); // of all rows; NULL: the end

// ---- habits.c
// What to write instead of other libraries' `name`, or NULL; `value` (or NULL) was given for it.
const char *habits_help(Checker *c, const char *noun, const char *name, const char *value);
// Likewise for the name or call `ast`, with the values of its arguments.
const char *habits_help_call(Checker *c, const char *noun, const Ast *ast);
bool habits_is_none(const Scope *scope, const Ast *ast); // Python's `None`

// ---- expression.c
const Value *expression_evaluate(Checker *c, Scope *scope, const Ast *ast);
// The value of a body: its `return`, or its last expression. `what` names it for messages.
const Value *expression_body(Checker *c, Scope *scope, const Ast *body, const char *what);
// Would evaluation give a tensor? Decided without evaluating, since that makes nodes.
bool expression_is_tensor(Checker *c, const Scope *scope, const Ast *ast);
// Is it the name of a value that was reported?
bool expression_is_error(const Scope *scope, const Ast *ast);
// What stands for the name of a value of the whole file: its own expression, which is evaluated
// among the globals; else `ast`.
const Ast *expression_written(const Scope *scope, const Ast *ast);
// The same, and of an `if` the branch that is taken, of `list[i]` the item: for what takes names
// and calls, not values. NULL: that cannot be told, which was reported.
const Ast *expression_chosen(Checker *c, Scope *scope, const Ast *ast);
// Says where the value was given that is used elsewhere: in a declaration, or by `-D`.
void expression_show_origin(Diag *diag, const Value *value);
// Counts a step and a level; false (reported once) when a limit is exceeded. Pair with leave.
bool expression_enter(Checker *c, Span span);
void expression_leave(Checker *c);
const Value *expression_error(Checker *c, Span span);

// `a, b = value`: binds the names to the values of a list.
void expression_unpack(Checker *c, Scope *scope, const Ast *ast);

// The list of `... for name in list`. NULL: reported.
const Value *expression_for_list(Checker *c, Scope *scope, const Ast *ast);
Scope *expression_for_scope(Checker *c, Scope *scope, const Ast *ast, const Value *item);

// ---- number.c
bool number_is_whole(double number);
// How to make the number whole that was calculated as `value`.
void number_help(Checker *c, Diag *diag, const Value *value);
const Value *number_calculate(Checker *c, const Ast *ast, const Value *a, const Value *b);
// NULL: the two cannot be compared in this way.
const Value *number_compare(Checker *c, const Ast *ast, const Value *a, const Value *b);
const Value *number_join(Checker *c, Scope *scope, const Ast *ast, const Value *left); // and, or
const Value *number_invert(Checker *c, Scope *scope, const Ast *ast);                  // not
bool number_is_function(const char *name); // `round`, `min`, `range`, ...
void number_add_names(Checker *c, NameList *names);
const Value *number_call(Checker *c, Scope *scope, const Ast *ast);

// ---- member.c
const Value *member_evaluate(Checker *c, Scope *scope, const Ast *ast); // x.channels
const Value *member_index(Checker *c, Scope *scope, const Ast *ast);    // x.shape[-1]
// The place in a list that an index means, from 0. -1: there is none, which was reported.
int member_place(Checker *c, const Value *list, const Value *index);

// ---- parts.c
const Value *parts_index(Checker *c, Scope *scope, const Ast *ast, const Value *owner); // x[1:3, 0]

// ---- elaborate.c
// Feeds `inputs` to what `ast` says: layers, a block, copies of them.
const Value *elaborate_apply(Checker *c, Scope *scope, const Ast *ast, const Value *const *inputs,
                             int count);
// What a name means where layers are called: a value that is no layer does not hide the operator of
// its name. NULL: the operator, or nothing.
const Value *elaborate_find(const Checker *c, const Scope *scope, const char *name);
// Is `name` an operator without inputs, as `weight`?
bool elaborate_is_source(const Checker *c, const Scope *scope, const char *name);
// A call: applied if its first argument is a tensor or it takes none, else a recipe.
const Value *elaborate_call(Checker *c, Scope *scope, const Ast *ast);
// The layers of `shared` (made by its first use in this graph) fed with `inputs`.
const Value *elaborate_shared(Checker *c, Shared *shared, const Ast *use,
                              const Value *const *inputs, int count);
// Does the call begin with a tensor, or have one where numbers may stand beside it?
bool elaborate_has_input(Checker *c, const Scope *scope, const Ast *ast);
// The body of a model for inputs that are bound in `scope`; its layers are made, unless they are.
const Value *elaborate_body(Checker *c, ModelEntry *entry, Scope *scope, const char *what);
// The operator named `name`, which users may write in a model; Keras's name for one is reported
// (E0107) and understood. NULL: none (not reported).
const OpDef *elaborate_operator(Checker *c, const char *name, Span span);

// Reports that something which is being unfolded is used again within itself; an error value.
const Value *elaborate_recursion(Checker *c, const char *what, const char *name, Span use,
                                 Span declaration);

// ---- losses.c
// The row that a loss means which is called as a function: `crossentropy` is settled by what the
// inputs are. NULL: that is not known.
const OpDef *losses_resolve(const OpDef *op, const Value *const *inputs, int count);
// Its value: one number a sample, the mean over its places. The inputs are a prediction and a
// target, which may be a number. `is_open`: the program says `crossentropy`.
const Value *losses_apply(Checker *c, const OpDef *op, bool is_open, Args *args, const Ast *ast,
                          const Value *const *inputs);

// ---- leftover.c
// Remembers a body, or layers, that may never be reached; leftover_reached says that they were.
void leftover_add(Checker *c, Scope *scope, const Ast *ast, bool is_layer);
void leftover_reached(Checker *c, const Ast *ast);
// Checks names and arguments of what was not reached.
void leftover_check(Checker *c, const Ast *file);

// ---- model.c
const Value *model_declare(Checker *c, const Ast *declaration);
// A model beside another data set than that of its first training.
ModelEntry *model_on(Checker *c, const ModelEntry *entry, Dataset *dataset);
bool model_is_broken(const Ast *declaration); // the parser skipped its parameters; or a block's
void model_elaborate(Checker *c, ModelEntry *entry);
// The model as a layer of the graph that is being built; every use shares its weights.
const Value *model_apply(Checker *c, ModelEntry *entry, const Ast *use, const Value *const *inputs,
                         int count);

// Its body for these inputs, with layers made anew.
const Value *model_body(Checker *c, ModelEntry *entry, const Ast *use, const Value *const *inputs,
                        int count);

// The type that is written behind the colon of an input. False: reported.
bool model_read_type(Checker *c, const Ast *ast, Type *type);
// A column of the data as an input `name` of the graph that is being built: transformed, and in the
// declared shape, which it fits but for a 1 (NULL: its own).
Node *model_column(Checker *c, const char *name, const Dataset *dataset, int column,
                   const Type *declared);
// The numeric transforms of a data set's input, so that raw data go in.
Node *model_transform(Checker *c, Node *node, const Dataset *dataset, int input);

// ---- by_output.c
// The outputs of a model, as entries of `train` mean them.
typedef struct OutputList {
    const char *model;
    NameList names; // by output; `output_0` where it has none
    bool is_known;  // false: the model has a mistake, and how many there are is a guess
    int told;       // another number that an entry has, which is reported; 0: none
} OutputList;

typedef struct OutputEntry {
    const char *name, *noun, *plural; // "loss", "loss", "es"
    bool is_each;                     // one that is no list is that of the only output, not of all
    bool may_lack;                    // an output that is not named has none
    const char *help;                 // about their number; NULL: nothing
} OutputEntry;

bool by_output_is_named(const Ast *ast); // is it a list with `name = value`?
// What is said of each output; of items NULL: nothing. NULL: there is a mistake, which is reported.
const Ast *const *by_output_read(Checker *c, OutputList *outputs, const OutputEntry *entry,
                                 const Ast *ast);

// ---- outputs.c
// What the short form of `train` says of a model's outputs; NULL: nothing.
typedef struct OutputEntries {
    const Ast *loss, *target, *weights, *metrics, *weighted_metrics;
} OutputEntries;
// False: a metric has a mistake, which is reported, as others are.
bool outputs_read(Checker *c, const TrainEntry *entry, Training *training, OutputEntries given);
// The value of a name or call that is a block; NULL: it is none.
const Value *outputs_find_block(Checker *c, const Ast *ast);
// Makes the step that minimizes the losses, unless there are mistakes or data are missing.
void outputs_finish(Checker *c, const TrainEntry *entry, Training *training, TrainStep *step);

// ---- metrics.c
// The entry `metrics`, or `weighted_metrics` behind it, of the outputs of the list.
void metrics_read(Checker *c, OutputList *outputs, Training *training, const Ast *ast,
                  bool is_weighted);
// Warns of `weighted_metrics` of a block that says no weights.
void metrics_warn_unweighted(Checker *c, const Ast *weighted);

// ---- class_weights.c
// The entry `class_weight`, when losses and targets are known.
void class_weights_read(Checker *c, const TrainEntry *entry, Training *training, const Ast *ast);

// ---- sample_weight.c
// Adds what a train block's `sample_weight` says of a data set's columns to its stages, before it
// is opened.
void sample_weight_add_stage(Checker *c, Dataset *dataset, const Ast *train);
// The entry, when the data set is known.
void sample_weight_read(Checker *c, const TrainEntry *entry, Training *training, const Ast *ast);
// The input node of the weights; NULL: all samples count 1.
Node *sample_weight_input(const Training *training, Graph *graph);
// A loss of samples, or of their places, times their weights (NULL: none). The mean of it is what
// sum_over_batch_size of Keras makes (keras/src/losses/loss.py): divided by the number of samples,
// not by the sum of the weights.
Node *sample_weight_apply(Graph *graph, Node *loss, Node *weight);

// ---- freeze.c
// `freeze = [..]` and `unfreeze = [..]` of a `train` block; NULL: nothing. By layer: is it frozen?
const bool *freeze_read(Checker *c, const Ast *freeze, const Ast *unfreeze);

// ---- step.c
// The body of a step, layer by layer. NULL: never.
TrainStep *step_check(Checker *c, const TrainEntry *entry, const Ast *ast);
// `samples = ...`: the graph that makes them, and how many. NULL: reported.
Graph *step_samples(Checker *c, const TrainEntry *entry, const Ast *ast);

// ---- updates.c
// Is a name of the list there before? Reported: "`m` is `done` twice here".
bool updates_is_again(Checker *c, const AstList *names, int place, const char *done);
// What the step `ast` updates, when all models are known, and whether that can change.
void updates_finish(Checker *c, const TrainEntry *entry, TrainStep *step, const Ast *ast);
// Likewise of the short form, `loss = ...`, which updates its model.
void updates_finish_loss(Checker *c, const TrainEntry *entry, TrainStep *step);

// ---- dataset.c
Dataset *dataset_declare(Checker *c, const char *name, Span span, const Ast *expression);
// Is it a transform of data that stands where a layer is looked for? Then that is reported.
bool dataset_report_as_layer(Checker *c, const Ast *ast);
// The folder of the file in which `span` is, of the main one where that is `-D`.
const char *dataset_folder_at(Checker *c, Span span);
// Reports what the runtime says of a file (nnrt_error()), with its remedy, at `span`.
Diag *dataset_report_error(Checker *c, DiagCode code, Span span, const char *label);

// ---- formula.c
// Formulas over columns as texts in postfix order (runtime/data/formula/formula.h): one, or
// those of a list of AST_ASSIGN with their names. False: reported.
bool formula_convert(Checker *c, Scope *scope, const Ast *ast, ArgValue *value);
bool formula_convert_named(Checker *c, Scope *scope, const Ast *list, ArgValue *value);

// ---- columns.c
Type columns_type(const nnrt_column *column);
// The input column that a parameter of a model gets; -1: none.
int columns_find(const nnrt_data_info *info, const AstList *parameters, int parameter);
int columns_find_name(const nnrt_data_info *info, const char *name); // -1: none
// Does each parameter get one? False: reported.
bool columns_check(Checker *c, const ModelEntry *entry);
void columns_add_names(Checker *c, NameList *names, const nnrt_data_info *info);

// ---- facts.c
bool dataset_stage_does(const Dataset *dataset, int stage, nnrt_deed deed);
bool dataset_is_read_by(const Dataset *dataset, const Ast *train); // is that its train block?
// Columns that models and steps name become inputs of their own, before it is opened.
void dataset_add_separate(Checker *c, Dataset *dataset);
void facts_warn(Checker *c, const Dataset *dataset); // at the end of checking

// ---- fed.c
// Binds the columns of the block's data that a step's body, or `samples`, names: in the shapes that
// the models declare which take them.
void fed_bind(Checker *c, Scope *scope, const TrainEntry *entry, const Ast *body);

// ---- family.c
// What the name or call *ast means, other libraries' names included; where it names a value of the
// whole file, *ast becomes what that was declared as. NULL: reported.
const Schema *family_find(Checker *c, const Ast **ast, const Family *family);
// The word that other libraries call `name`. NULL: none, or no family.
const Schema *family_keras(const Family *family, const char *name);
// Its words, and a NULL that is not counted. A family that is NULL has none.
void family_add_words(Checker *c, NameList *names, const Family *family);

// ---- callbacks.c
// The entry `callbacks`, after loss and metrics: what is monitored must be among them.
// `knows_metrics`: they had no mistake.
void callbacks_read(Checker *c, const TrainEntry *entry, Training *training, const Ast *ast,
                    bool knows_metrics);

// ---- training.c
// Finds the model of a train block and gives it the dataset, before bodies are evaluated.
void training_declare(Checker *c, const Ast *train);
void training_check(Checker *c, TrainEntry *entry);         // after the model was elaborated
bool training_takes_word(const char *entry);                // one of `train` whose value is a word
void training_samples(Checker *c, const TrainEntry *entry); // when all models are
void training_finish(Checker *c, const TrainEntry *entry);  // when no layer will be made any more

// ---- doubts.c
void doubts_warn(Checker *c); // at the end of checking

// ---- sequences.c
void sequences_check(Checker *c); // when all models and steps are known

// ---- told.c
void told_check(Checker *c, const TrainEntry *entry);

// ---- limits.c
void limits_check(Checker *c); // when all models and trainings are known

// ---- schedules.c
// Checks the schedule that `learning_rate` may be. False: reported.
bool schedule_check(Checker *c, const Args *optimizer_args);

// ---- checks.c
typedef struct Ending {
    const Node *node;       // the output; poisoned: its shape is not known; NULL: nothing is
    int64_t units;          // its last dimension; 0: not known
    const char *activation; // the last one; "linear": none; NULL: not known
    Span span;              // of the layer that has it
} Ending;

Ending checks_ending(const ModelEntry *entry, int output);
// What a target is beside an output.
typedef struct TargetReading {
    bool is_label;   // class labels: one a sample, or one for each vector of the output
    int64_t classes; // that labels, or one value a class, show; 0: it is no class
} TargetReading;

TargetReading targets_read(const nnrt_target_info *target, const Ending *ending);
// Of any value: as if a model ended there.
Ending checks_ending_at(const Node *node);
// Which cross-entropy `crossentropy` means for this ending, beside a target that is known or not;
// NULL: that is not known.
const char *checks_crossentropy(const Ending *ending, TargetReading target, bool is_known);
// Scores or probabilities, unless the call says it: as the last layer has it.
void checks_set_logits(Args *args, const Ending *ending);
// Does a loss that is called as a function fit what made its prediction? False: reported.
bool checks_loss_call(Checker *c, const OpDef *loss, const Args *args, const Ast *ast,
                      const Node *prediction);
void checks_activation(Checker *c, const Node *node); // against the one before it
void checks_training(Checker *c, const TrainEntry *entry, const Training *training);

#endif
