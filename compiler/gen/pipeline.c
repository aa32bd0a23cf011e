// What of a program is compiled, and the passes over it: for each step of each training a function
// that trains and one that evaluates, for each model predictions of batches and of one sample. All
// share the layout of the weights.
#include "emit.h"

#include "../../runtime/session/callback.h"
#include "../../runtime/workers/team.h"

#include <string.h>

enum { PREDICT_BATCH = 32 };

typedef struct Run {
    Arena *arena;
    const Program *program;
    const GenOptions *options;
    const MemoryPlan *plan; // NULL: speed alone counts
    PassObserver *observe;
    void *state;
    Compiled *compiled;
    Function **measures; // by model of the program: of those in int8
} Run;

// ---- The list.

static Function *add_function(Run *run, Function function) {
    Function *own = ARENA_NEW(run->arena, Function);
    *own = function;
    own->lowering = lowering_begin(run->arena, function.forward, function.step, function.mode);
    own->lowering.graph->sink = NULL;
    own->lowering.batch = function.batch;
    own->lowering.precision = function.precision;
    own->lowering.quantizing = function.quantizing;
    own->lowering.operands = function.operands;
    own->lowering.graph->repeats |= function.quantizing == QUANTIZE_PRODUCTS; // weights stay
    int number = run->compiled->functions.count;
    if (run->plan && number < run->plan->function_count)
        own->lowering.economy = run->plan->functions[number];
    own->lowering.verifies = own->lowering.verifies || run->options->verify_each;
    own->lowering.tells_time = run->options->time_passes;
    if (function.is_shown) {
        own->lowering.observe = run->observe;
        own->lowering.observer_state = run->state;
    }
    vec_push(run->arena, &run->compiled->functions, own);
    return own;
}

static int count_functions(const Run *run, GraphMode mode) {
    int count = 0;
    for (int i = 0; i < run->compiled->functions.count; i++)
        count += run->compiled->functions.items[i]->mode == mode;
    return count;
}

// "nn_train", "nn_train_2", ...: the how-manieth of its mode.
static const char *code_name(Run *run, const char *base, GraphMode mode) {
    int before = count_functions(run, mode);
    return before ? arena_format(run->arena, "%s_%d", base, before + 1) : base;
}

// Without samples, and without a graph of its own: its pass makes it.
static Function *add_update(Run *run, const Training *training, const TrainStep *step,
                            Function *train) {
    Graph *empty = graph_create(run->program->weights, step->forward->name, GRAPH_UPDATE, NULL);
    train->update = add_function(run, (Function){.forward = empty,
                                                 .step = step,
                                                 .mode = GRAPH_UPDATE,
                                                 .batch = training->batch,
                                                 .name = code_name(run, "nn_update", GRAPH_UPDATE),
                                                 .is_shown = true});
    train->update->lowering.batches = train->lowering.graph;
    return train->update;
}

static bool shows_gradients(const Training *training) {
    for (int i = 0; i < training->callbacks.count; i++)
        if (((const nnrt_callback_row *)training->callbacks.items[i].schema)->reads_gradients)
            return true;
    return false;
}

// While training, metrics alone read predictions. What nothing reads need not be stored.
static void drop_unread_outputs(Graph *graph, const Training *training) {
    bool is_read = false;
    for (int i = 0; i < training->losses.count; i++)
        is_read |= training->losses.items[i].metrics.count > 0;
    for (int i = 0; i < graph->nodes.count; i++) is_read |= graph->nodes.items[i]->kept > 0;
    if (!is_read) graph->outputs.count = 0;
}

// The step with what keeps its gradients instead of its optimizer.
static Function *add_gradients(Run *run, const Training *training, const TrainStep *step) {
    TrainStep *own = ARENA_NEW(run->arena, TrainStep);
    *own = *step;
    own->optimizer = &optimizer_gradients;
    own->keeps_weights = true;
    own->accumulate = 1;
    return add_function(run, (Function){.forward = step->forward,
                                        .step = own,
                                        .mode = GRAPH_TRAIN,
                                        .batch = training->batch,
                                        .precision = training->precision,
                                        .name = code_name(run, "nn_gradients", GRAPH_TRAIN)});
}

// ---- Predictions in int8.

static bool reads_data(const Model *model) {
    const NodeList *inputs = &model->forward->inputs;
    for (int i = 0; i < inputs->count; i++)
        if (!inputs->items[i]->column) return false;
    return model->dataset != NULL;
}

// First of all functions, so that what they tell is known to the others. Models that read other
// things than their data are not in int8.
static void add_measures(Run *run) {
    const Program *program = run->program;
    run->measures = ARENA_ARRAY(run->arena, Function *, program->models.count + 1);
    for (int i = 0; i < program->models.count && run->options->predicts_int8; i++) {
        const Model *model = program->models.items[i];
        if (!program_predicts(program, model) || !reads_data(model)) continue;
        bool is_main = model == program->main;
        const char *end = is_main ? "" : arena_format(run->arena, "_%s", model->name);
        run->measures[i] =
            add_function(run, (Function){.forward = model->forward,
                                         .mode = GRAPH_PREDICT,
                                         .batch = NNRT_MEASURE_BATCH,
                                         .quantizing = QUANTIZE_MEASURE,
                                         .operands = ARENA_NEW(run->arena, MeasuredOperands),
                                         .name = arena_format(run->arena, "nn_measure%s", end)});
    }
}

static Function *measure_of(const Run *run, const Model *model) {
    for (int i = 0; i < run->program->models.count; i++)
        if (run->program->models.items[i] == model) return run->measures[i];
    return NULL;
}

static MeasuredOperands *operands_of(const Run *run, const Model *model) {
    const Function *measure = measure_of(run, model);
    return measure ? measure->operands : NULL;
}

// The evaluation of what a model in int8 predicts; NULL: there is none.
static Function *add_quantized(Run *run, const Training *training, Function evaluation) {
    const Model *model = training->models.items[training->models.count - 1];
    evaluation.operands = operands_of(run, model);
    if (!evaluation.operands || training->steps.count > 1 || !training->losses.count) return NULL;
    evaluation.quantizing = QUANTIZE_PRODUCTS;
    evaluation.name = arena_format(run->arena, "%s_int8", evaluation.name);
    return add_function(run, evaluation);
}

static CompiledStep add_step(Run *run, const Training *training, const TrainStep *step) {
    Function function = {.forward = step->forward,
                         .step = step,
                         .mode = GRAPH_TRAIN,
                         .batch = training->batch,
                         .precision = training->precision,
                         .name = code_name(run, "nn_train", GRAPH_TRAIN),
                         .is_profiled = true,
                         .is_shown = true};
    CompiledStep out = {.step = step, .train = add_function(run, function)};
    out.train->lowering.graph->trains_alone = training->steps.count == 1;
    drop_unread_outputs(out.train->lowering.graph, training);
    if (step->accumulate > 1) out.update = add_update(run, training, step, out.train);
    function.name = code_name(run, "nn_evaluate", GRAPH_EVALUATE);
    function.mode = GRAPH_EVALUATE;
    function.is_profiled = false;
    out.evaluate = add_function(run, function);
    if (shows_gradients(training)) out.gradients = add_gradients(run, training, step);
    out.quantized = add_quantized(run, training, function);
    return out;
}

static Function *add_samples(Run *run, const Training *training) {
    int count = run->compiled->training_count;
    return add_function(run, (Function){.forward = training->samples,
                                        .mode = GRAPH_PREDICT,
                                        .batch = training->sample_count,
                                        .precision = training->precision,
                                        .name = arena_format(run->arena, "nn_samples_%d", count),
                                        .is_shown = true});
}

static void add_dataset(Run *run, const Dataset *dataset) {
    Compiled *compiled = run->compiled;
    for (int i = 0; i < compiled->datasets.count; i++)
        if (compiled->datasets.items[i] == dataset) return;
    if (dataset) vec_push(run->arena, &compiled->datasets, dataset);
}

static void add_training(Run *run, const Training *training) {
    add_dataset(run, training->dataset);
    CompiledTraining *out = &run->compiled->trainings[run->compiled->training_count++];
    out->training = training;
    out->steps = ARENA_ARRAY(run->arena, CompiledStep, training->steps.count + 1);
    for (int i = 0; i < training->steps.count; i++)
        out->steps[out->step_count++] = add_step(run, training, training->steps.items[i]);
    if (training->samples) out->samples = add_samples(run, training);
}

static int64_t predict_batch(const Model *model) {
    int64_t batch = PREDICT_BATCH;
    for (int i = 0; i < model->trainings.count; i++)
        if (model->trainings.items[i]->batch > batch) batch = model->trainings.items[i]->batch;
    return batch;
}

// That of its last training.
static Precision predict_precision(const Model *model) {
    int count = model->trainings.count;
    return count ? model->trainings.items[count - 1]->precision : PRECISION_FLOAT32;
}

// How many tokens there are for its input, as far as that is known; 0: it reads none.
static int64_t vocabulary_of(const Model *model) {
    const nnrt_data_info *info = model->dataset ? &model->dataset->info : NULL;
    const NodeList *inputs = &model->forward->inputs;
    const char *column = inputs->count == 1 ? inputs->items[0]->column : NULL;
    int64_t number = info && column ? nnrt_data_find_column(info, column) : -1;
    bool is_text = number >= 0 && number < info->input_count && !info->input_is_index[number];
    return is_text ? info->input_categories[number] : 0;
}

// A model that gives a number for each token of a text goes on with the text, token by token.
static void add_generation(Run *run, const Model *model, const char *end, CompiledModel *out) {
    const NodeList *outputs = &model->forward->outputs;
    int64_t vocabulary = vocabulary_of(model);
    if (!vocabulary) {
        out->one_step.reason = "reads no tokens of a text that it is trained on";
        return;
    }
    if (outputs->count != 1 || type_last(&outputs->items[0]->type) != vocabulary) {
        out->one_step.reason = "does not give a number for each token of the vocabulary";
        return;
    }
    out->one_step = pass_one_step(model->forward, run->arena);
    if (!out->one_step.graph) return;
    out->generate =
        add_function(run, (Function){.forward = out->one_step.graph,
                                     .mode = GRAPH_PREDICT,
                                     .precision = predict_precision(model),
                                     .name = arena_format(run->arena, "nn_generate%s", end),
                                     .is_shown = true});
}

// "nn_predict" of the main model, "nn_predict_encoder" of another.
static void add_model(Run *run, const Model *model) {
    Compiled *compiled = run->compiled;
    CompiledModel *out = &compiled->models[compiled->model_count];
    bool is_main = model == run->program->main;
    const char *end = is_main ? "" : arena_format(run->arena, "_%s", model->name);
    Function function = {.forward = model->forward,
                         .mode = GRAPH_PREDICT,
                         .batch = predict_batch(model),
                         .precision = predict_precision(model),
                         .operands = operands_of(run, model),
                         .name = arena_format(run->arena, "nn_predict%s", end),
                         .is_shown = true};
    if (function.operands) function.quantizing = QUANTIZE_PRODUCTS;
    out->measure = measure_of(run, model);
    add_dataset(run, model->dataset);
    if (is_main) compiled->main_model = compiled->model_count;
    compiled->model_count++;
    out->model = model;
    out->predict = add_function(run, function);
    function.name = arena_format(run->arena, "nn_predict_one%s", end);
    function.batch = 0;
    function.is_profiled = true;
    function.is_shown = false;
    out->predict_one = add_function(run, function);
    add_generation(run, model, end, out);
}

static void list_functions(Run *run) {
    const Program *program = run->program;
    Compiled *compiled = run->compiled;
    add_measures(run);
    compiled->trainings = ARENA_ARRAY(run->arena, CompiledTraining, program->trainings.count + 1);
    compiled->models = ARENA_ARRAY(run->arena, CompiledModel, program->models.count + 1);
    for (int i = 0; i < program->trainings.count; i++)
        if (program_trains(program, program->trainings.items[i]))
            add_training(run, program->trainings.items[i]);
    for (int i = 0; i < program->models.count; i++)
        if (program_predicts(program, program->models.items[i]))
            add_model(run, program->models.items[i]);
}

bool compiled_is_narrow(const Compiled *compiled) {
    for (int i = 0; i < compiled->functions.count; i++) {
        const Schedule *schedule = compiled->functions.items[i]->lowering.schedule;
        for (int k = 0; k < schedule->groups.count; k++)
            if (schedule_in_bfloat16(schedule->groups.items[k])) return true;
    }
    return false;
}

bool compiled_is_in_int8(const Compiled *compiled) {
    for (int i = 0; i < compiled->functions.count; i++)
        if (schedule_is_in_int8(compiled->functions.items[i]->lowering.schedule)) return true;
    return false;
}

// ---- Their passes.

static Layout *choose_layout(Run *run, const Target *target) {
    const Compiled *compiled = run->compiled;
    int count = compiled->functions.count;
    int64_t batch = 0;
    Graph **graphs = ARENA_ARRAY(run->arena, Graph *, count + 1);
    for (int i = 0; i < count; i++) {
        const Function *function = compiled->functions.items[i];
        graphs[i] = function->lowering.graph;
        if (function->batch > batch) batch = function->batch;
    }
    return pass_layout(run->program->weights, graphs, count, run->arena, &target->machine,
                       run->options->contraction, batch);
}

// A training's function has a layout of its own, as it has optimizer state; it is that of what
// updates.
static void lower_to_groups(Run *run, Function *function) {
    Layout *layout = run->compiled->layout;
    if (function->mode == GRAPH_TRAIN || function->mode == GRAPH_UPDATE) {
        const Function *whole = function->update ? function->update : function;
        layout = ARENA_NEW(run->arena, Layout);
        *layout = *run->compiled->layout;
        layout_slots(layout, whole->lowering.graph, run->arena);
    }
    function->lowering.layout = layout;
    passes_run(&function->lowering, NULL);
}

Compiled *pipeline_run(Arena *arena, const Program *program, const Target *target,
                       const GenOptions *options, const MemoryPlan *plan, PassObserver *observe,
                       void *state) {
    Compiled *compiled = ARENA_NEW(arena, Compiled);
    Run run = {arena, program, options, plan, observe, state, compiled, NULL};
    compiled->program = program;
    compiled->cpus = !options->cpu || !strcmp(options->cpu, "native") ? nnrt_cpu_count() : 1;
    compiled->is_sparing = plan && plan->is_sparing;
    list_functions(&run);
    for (int i = 0; i < compiled->functions.count; i++)
        passes_run(&compiled->functions.items[i]->lowering, NULL);
    compiled->layout = choose_layout(&run, target);
    for (int i = 0; i < compiled->functions.count; i++)
        lower_to_groups(&run, compiled->functions.items[i]);
    return compiled;
}
