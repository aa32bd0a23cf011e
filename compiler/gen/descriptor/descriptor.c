// The constant that describes a program to the runtime (runtime/nnrt.h, struct nnrt_program). Each
// function below fills one struct of that header.
#include "abi.h"

#include "../../../runtime/session/schedules/schedule.h"
#include "../../graph/scan.h"
#include "../../pass/graph/penalty.h"
#include "../../pass/group/touched.h"
#include "../../program/diagram.h"
#include "../budget/budget.h"
#include "../budget/effort.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static nnrt_call *calls_of(Gen *gen, const CallList *list) {
    return program_calls(gen->arena, list);
}

static const char *absolute_folder(Arena *arena, const char *folder);
static int64_t dataset_index(const Compiled *compiled, const Dataset *dataset);

static nnrt_vectors vectors_of(Gen *gen, const Compiled *compiled, const Parameter *parameter) {
    if (!parameter->vectors) return (nnrt_vectors){0};
    return (nnrt_vectors){.file = parameter->vectors,
                          .folder = absolute_folder(gen->arena, parameter->folder),
                          .dataset = dataset_index(compiled, parameter->dataset),
                          .column = parameter->column};
}

static nnrt_parameter parameter_of(Gen *gen, const Compiled *compiled, const Parameter *parameter) {
    const Args *args = parameter->initializer_args;
    if (!args) args = args_default(gen->arena, parameter->initializer);
    nnrt_parameter out = {.name = parameter->name,
                          .columns = type_last(&parameter->type),
                          .storage = compiled->layout->parameters[parameter->index].storage,
                          .initializer = program_call(gen->arena, parameter->initializer, args),
                          .trainable = parameter->trainable,
                          .vectors = vectors_of(gen, compiled, parameter)};
    signature_set_shape(&out.rank, out.shape, &parameter->shape);
    return out;
}

static nnrt_slot slot_of(const Layout *layout, const Slot *slot) {
    enum { SCALAR = 16 }; // floats: a cache line
    const Parameter *parameter = slot->parameter;
    return (nnrt_slot){.name = slot->name,
                       .parameter = parameter ? parameter->index : -1,
                       .offset = layout->slot_offsets[slot->index],
                       .size =
                           parameter ? layout->parameters[parameter->index].storage.size : SCALAR,
                       .initial = slot->initial,
                       .is_average = slot->kind == SLOT_AVERAGE};
}

int64_t descriptor_line(const Compiled *compiled, Span span) {
    if (span.file != compiled->program->file) return 0;
    return sources_place(compiled->program->sources, span.file, span.lo).line;
}

static nnrt_layer layer_of(Gen *gen, const Compiled *compiled, const Model *model,
                           const Layer *layer) {
    nnrt_layer out = {.name = weights_layer_name(gen->arena, layer, model->name),
                      .type = layer->type_name,
                      .output_shape = type_text(gen->arena, &layer->output),
                      .line = descriptor_line(compiled, layer->span)};
    out.is_noise = layer->op && layer->op->is_noise;
    for (int i = 0; i < layer->parameters.count; i++)
        out.params += type_elements(&layer->parameters.items[i]->type);
    return out;
}

// ---- Functions.

static bool updates_rows(const Schedule *schedule) {
    for (int i = 0; i < schedule->groups.count; i++)
        if (touched_updates(schedule->groups.items[i])) return true;
    return false;
}

static nnrt_function function_of(Gen *gen, const Compiled *compiled, const Function *function) {
    const Schedule *schedule = function->lowering.schedule;
    const Graph *graph = schedule->graph;
    bool marks = function->code.profiled != NULL;
    nnrt_function out = {.name = function->name,
                         .groups = marks ? budget_groups(gen->arena, compiled, schedule) : NULL,
                         .group_count = marks ? schedule->groups.count : 0,
                         .arena_size = schedule->arena_size,
                         .threads = budget_threads(schedule),
                         .chunks = schedule->chunks,
                         .settles = updates_rows(schedule),
                         .prepares = schedule_has_once(schedule),
                         .in_int8 = schedule_is_in_int8(schedule),
                         .flops = budget_flops(graph),
                         .work = budget_work(schedule)};
    signature_set(gen, function, &out);
    abi_set_code(&out.run, function->code.run);
    abi_set_code(&out.run_profiled, function->code.profiled);
    if (marks && graph->mode == GRAPH_TRAIN) values_list(gen, compiled, function, &out);
    if (marks) effort_set_touches(schedule, gen->arena, &out);
    return out;
}

// ---- Trainings.

static nnrt_call learning_rate_of(Gen *gen, const Args *optimizer) {
    const ArgValue *rate = args_get(optimizer, "learning_rate");
    if (rate->callee) return program_call(gen->arena, rate->callee, rate->args);
    const nnrt_schedule_row *row = nnrt_schedule_number_row();
    Args *args = args_default(gen->arena, &row->schema);
    args_set_number(args, row->schema.args[0].name, rate->number);
    return program_call(gen->arena, &row->schema, args);
}

static int64_t updated_elements(const Graph *graph) {
    int64_t sum = 0;
    for (int i = 0; i < graph->parameter_nodes.count; i++) {
        const Node *node = graph->parameter_nodes.items[i];
        if (node && graph_updates(graph, node->parameter))
            sum += type_elements(&node->parameter->type);
    }
    return sum;
}

static int64_t penalized_elements(const Graph *graph, const TrainStep *step) {
    int64_t sum = 0;
    for (int i = 0; i < graph->parameter_nodes.count; i++) {
        const Node *node = graph->parameter_nodes.items[i];
        if (node && penalty_of(graph, node->parameter, step).def)
            sum += type_elements(&node->parameter->type);
    }
    return sum;
}

static double weight_decay_of(const TrainStep *step) {
    bool has_one = schema_arg_index(&step->optimizer->schema, "weight_decay") >= 0;
    return has_one ? args_number(step->optimizer_args, "weight_decay") : 0;
}

static nnrt_slot *optimizer_slots(Gen *gen, const Lowering *train) {
    nnrt_slot *slots = ARENA_ARRAY(gen->arena, nnrt_slot, train->graph->slots.count + 1);
    for (int i = 0; i < train->graph->slots.count; i++)
        slots[i] = slot_of(train->layout, train->graph->slots.items[i]);
    return slots;
}

static void set_reports(Gen *gen, const TrainStep *step, nnrt_train_step *out) {
    const char **names = ARENA_ARRAY(gen->arena, const char *, step->terms.count + 1);
    for (int i = 0; i < step->terms.count; i++)
        if (step->terms.items[i].is_reported)
            names[out->report_count++] = step->terms.items[i].name;
    out->reports = names;
}

static void set_gradients(Gen *gen, const Compiled *compiled, const Function *own,
                          nnrt_train_step *out) {
    out->gradients = function_of(gen, compiled, own);
    out->gradient_slots = optimizer_slots(gen, &own->lowering);
    out->gradient_count = own->lowering.graph->slots.count;
    out->gradients_size = own->lowering.layout->slots_size;
}

static nnrt_train_step step_of(Gen *gen, const Compiled *compiled, const CompiledStep *own) {
    const Lowering *train = &own->train->lowering;
    const Lowering *updates = own->update ? &own->update->lowering : train;
    const TrainStep *step = own->step;
    nnrt_train_step out = {
        .name = step->name,
        .train = function_of(gen, compiled, own->train),
        .evaluate = function_of(gen, compiled, own->evaluate),
        .repeat = step->repeat,
        .accumulate = step->accumulate,
        .evaluate_at = budget_evaluate_at(own),
        .learning_rate = learning_rate_of(gen, step->optimizer_args),
        .optimizer = program_call(gen->arena, &step->optimizer->schema, step->optimizer_args),
        .optimizer_line = descriptor_line(compiled, step->optimizer_span),
        .trainable = updated_elements(train->graph),
        .penalized = penalized_elements(train->graph, step),
        .weight_decay = weight_decay_of(step),
        .slots = optimizer_slots(gen, updates),
        .slot_count = updates->graph->slots.count,
        .slots_size = updates->layout->slots_size};
    if (own->update) out.update = function_of(gen, compiled, own->update);
    if (own->gradients) set_gradients(gen, compiled, own->gradients, &out);
    if (own->quantized) out.quantized = function_of(gen, compiled, own->quantized);
    set_reports(gen, step, &out);
    return out;
}

static int64_t column_index(const nnrt_function *function, const char *source) {
    for (int64_t i = 0; i < function->column_count; i++)
        if (function->columns[i].source && strcmp(function->columns[i].source, source) == 0)
            return i;
    return -1;
}

// The names of the classes of the column that an output is compared with, if it is a target.
static void set_classes(const Dataset *dataset, const char *column, nnrt_loss *out) {
    for (int64_t i = 0; dataset && i < dataset->info.target_count; i++) {
        const nnrt_target_info *target = &dataset->info.targets[i];
        if (strcmp(target->column.name, column) != 0 || !target->class_names) continue;
        out->classes = target->class_names;
        out->class_count = target->classes;
    }
}

static void set_units(const Dataset *dataset, const OutputLoss *own, nnrt_loss *out) {
    if (!dataset || own->target < 0) return;
    out->target_mean = dataset->info.targets[own->target].mean;
    out->target_deviation = dataset->info.targets[own->target].deviation;
}

static const nnrt_measure *measures_of(Gen *gen, const OutputLoss *own) {
    nnrt_measure *measures = ARENA_ARRAY(gen->arena, nnrt_measure, own->metrics.count + 1);
    for (int i = 0; i < own->metrics.count; i++) {
        const Metric *metric = &own->metrics.items[i];
        measures[i] = (nnrt_measure){
            metric->name, program_call(gen->arena, metric->call.schema, metric->call.args),
            metric->is_weighted};
    }
    return measures;
}

static bool takes_scores(const OutputLoss *own) {
    bool may = schema_arg_index(&own->def->schema, "from_logits") >= 0;
    return may && own->args && args_bool(own->args, "from_logits");
}

static void set_losses(Gen *gen, const Training *training, nnrt_training *out) {
    int count = training->losses.count;
    nnrt_loss *losses = ARENA_ARRAY(gen->arena, nnrt_loss, count + 1);
    for (int i = 0; i < count; i++) {
        const OutputLoss *own = &training->losses.items[i];
        const nnrt_column *weight = training->sample_weight;
        losses[i] =
            (nnrt_loss){.name = own->name,
                        .label = own->label,
                        .output = own->output,
                        .target = column_index(&out->steps[0].train, own->column),
                        .mask = own->mask,
                        .weight = weight ? column_index(&out->steps[0].train, weight->name) : -1,
                        .class_weights = own->class_weights,
                        .class_weight_count = own->class_count,
                        .metrics = measures_of(gen, own),
                        .metric_count = own->metrics.count};
        set_classes(training->dataset, own->column, &losses[i]);
        set_units(training->dataset, own, &losses[i]);
        if (!own->def) continue;
        losses[i].name = own->def->schema.name;
        losses[i].is_classifier = own->def->is_classifier;
        losses[i].are_scores = takes_scores(own);
        losses[i].unit_classes = own->def->unit_classes;
        losses[i].target_low = own->def->target_low;
        losses[i].target_high = own->def->target_high;
    }
    out->losses = losses;
    out->loss_count = count;
}

static int64_t model_index(const Compiled *compiled, const Model *model) {
    for (int i = 0; i < compiled->model_count; i++)
        if (compiled->models[i].model == model) return i;
    return compiled->main_model;
}

static int64_t dataset_index(const Compiled *compiled, const Dataset *dataset) {
    for (int i = 0; i < compiled->datasets.count; i++)
        if (compiled->datasets.items[i] == dataset) return i;
    return -1;
}

static nnrt_training training_of(Gen *gen, const Compiled *compiled, const CompiledTraining *own) {
    const Training *training = own->training;
    const Model *model = training->models.items[training->models.count - 1];
    nnrt_train_step *steps = ARENA_ARRAY(gen->arena, nnrt_train_step, own->step_count + 1);
    for (int i = 0; i < own->step_count; i++) steps[i] = step_of(gen, compiled, &own->steps[i]);
    nnrt_training out = {.model = model_index(compiled, model),
                         .dataset = dataset_index(compiled, training->dataset),
                         .steps = steps,
                         .step_count = own->step_count,
                         .callbacks = calls_of(gen, &training->callbacks),
                         .callback_count = training->callbacks.count,
                         .sample_count = training->sample_count,
                         .epochs = training->epochs,
                         .batch = training->batch,
                         .precision = precision_word(training->precision),
                         .line = descriptor_line(compiled, training->span)};
    GenMemory memory = budget_memory(compiled, own);
    if (memory.is_known) out.peak_bytes = memory.peak;
    set_losses(gen, training, &out);
    if (own->samples) out.samples = function_of(gen, compiled, own->samples);
    return out;
}

// Absolute, so that the executable finds data beside the program.
static const char *absolute_folder(Arena *arena, const char *folder) {
    const char *absolute = folder ? arena_realpath(arena, folder) : NULL;
    return absolute ? absolute : folder;
}

// The folder of the source.
static const char *folder_of(Arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    const char *folder = slash ? arena_copy(arena, path, (size_t)(slash - path)) : ".";
    return absolute_folder(arena, slash == path ? "/" : folder);
}

static nnrt_dataset dataset_of(Gen *gen, const Dataset *dataset) {
    const nnrt_target_info *target = &dataset->info.targets[0];
    nnrt_dataset out = {.name = dataset->name,
                        .folder = absolute_folder(gen->arena, dataset->folder),
                        .stages = calls_of(gen, &dataset->stages),
                        .stage_count = dataset->stages.count,
                        .fingerprint = dataset->info.fingerprint,
                        .prefix = dataset->prefix};
    if (target->class_names) {
        out.classes = target->class_names;
        out.class_count = target->classes;
    }
    return out;
}

// ---- The program.

static void set_parameters(Gen *gen, const Compiled *compiled, nnrt_program *out) {
    const Weights *weights = compiled->program->weights;
    int count = weights->parameters.count;
    nnrt_parameter *parameters = ARENA_ARRAY(gen->arena, nnrt_parameter, count + 1);
    for (int i = 0; i < count; i++)
        parameters[i] = parameter_of(gen, compiled, weights->parameters.items[i]);
    out->parameters = parameters;
    out->parameter_count = count;
    out->left_out = compiled->program->left_out.items;
    out->left_out_count = compiled->program->left_out.count;
    out->weights_size = compiled->layout->weights_size;
}

// The layers that the model uses, in the order of their making.
static void set_layers(Gen *gen, const Compiled *compiled, const Model *model, nnrt_model *out) {
    const Weights *weights = compiled->program->weights;
    Node **uses = graph_first_uses(model->forward, gen->arena);
    nnrt_layer *layers = ARENA_ARRAY(gen->arena, nnrt_layer, weights->layers.count + 1);
    for (int i = 0; i < weights->layers.count; i++)
        if (uses[i])
            layers[out->layer_count++] = layer_of(gen, compiled, model, weights->layers.items[i]);
    out->layers = layers;
}

// With the outputs called as the model returns them.
static nnrt_function prediction_of(Gen *gen, const Compiled *compiled, const Model *model,
                                   const Function *function) {
    nnrt_function out = function_of(gen, compiled, function);
    nnrt_output *outputs = ARENA_ARRAY(gen->arena, nnrt_output, out.output_count + 1);
    for (int64_t i = 0; i < out.output_count; i++) {
        const char *name = i < model->output_names.count ? model->output_names.items[i] : NULL;
        outputs[i] = out.outputs[i];
        if (!name && out.output_count > 1) name = arena_format(gen->arena, "output_%d", (int)i);
        if (name) outputs[i].name = name;
    }
    out.outputs = outputs;
    return out;
}

static void set_needed(Gen *gen, const Graph *graph, nnrt_model *out) {
    const char **names = ARENA_ARRAY(gen->arena, const char *, graph->parameter_nodes.count + 1);
    for (int i = 0; i < graph->parameter_nodes.count; i++)
        if (graph->parameter_nodes.items[i])
            names[out->parameter_count++] = graph->parameter_nodes.items[i]->parameter->name;
    out->parameters = names;
}

static int64_t last_training(const Compiled *compiled, const Model *model) {
    for (int i = compiled->training_count - 1; i >= 0; i--) {
        const Training *training = compiled->trainings[i].training;
        for (int k = 0; k < training->models.count; k++)
            if (training->models.items[k] == model) return i;
    }
    return -1;
}

// "`lstm_1` (line 7) goes through the sequence from its end"
static const char *no_generation(Gen *gen, const Compiled *compiled, const CompiledModel *own) {
    const Node *fault = own->one_step.fault;
    const Layer *layer = fault ? fault->layer : NULL;
    int64_t line = layer ? descriptor_line(compiled, layer->span) : 0;
    const char *name =
        layer ? weights_layer_name(gen->arena, layer, own->model->name) : own->model->name;
    if (!own->one_step.reason) return NULL;
    if (!line) return arena_format(gen->arena, "`%s` %s", name, own->one_step.reason);
    return arena_format(gen->arena, "`%s` (line %lld) %s", name, (long long)line,
                        own->one_step.reason);
}

// Of its output.
static bool gives_shares(const Model *model) {
    const Node *output = model->forward->outputs.count ? model->forward->outputs.items[0] : NULL;
    while (output && output->op->fuse == FUSE_MOVEMENT) output = output->inputs[0];
    if (!output || output->op->is_activation) return output && output->op->gives_shares;
    const Schema *schema = output->args ? output->args->schema : NULL;
    for (int i = 0; schema && schema->args[i].name; i++)
        if (schema->args[i].type == ARG_ACTIVATION && output->args->values[i].is_set)
            return ((const OpDef *)output->args->values[i].callee)->gives_shares;
    return false;
}

static void set_generation(Gen *gen, const Compiled *compiled, const CompiledModel *own,
                           nnrt_model *out) {
    out->no_generation = no_generation(gen, compiled, own);
    if (!own->generate) return;
    out->generate = function_of(gen, compiled, own->generate);
    out->window = own->one_step.window;
    out->gives_shares = gives_shares(own->model);
}

// What its products in int8 multiply; of none, nothing is measured.
static void set_ranges(Gen *gen, const Compiled *compiled, const Function *measure,
                       nnrt_model *out) {
    const MeasuredOperands *operands = measure ? measure->operands : NULL;
    if (!operands || !operands->items.count) return;
    out->measure = function_of(gen, compiled, measure);
    out->ranges = operands->items.items;
    out->range_count = operands->items.count;
}

static nnrt_model model_of(Gen *gen, const Compiled *compiled, const CompiledModel *own) {
    GenSizes sizes = budget_sizes(compiled, own->model);
    nnrt_model out = {.name = own->model->name,
                      .dataset = dataset_index(compiled, own->model->dataset),
                      .training = last_training(compiled, own->model),
                      .trainable = program_last_trainable(own->model),
                      .predict = prediction_of(gen, compiled, own->model, own->predict),
                      .predict_one = prediction_of(gen, compiled, own->model, own->predict_one),
                      .predict_batch = own->predict->batch,
                      .weight_bytes = sizes.weights,
                      .gradient_bytes = sizes.gradients,
                      .optimizer_bytes = sizes.optimizer,
                      .activation_bytes = sizes.activations};
    set_generation(gen, compiled, own, &out);
    set_ranges(gen, compiled, own->measure, &out);
    set_layers(gen, compiled, own->model, &out);
    out.diagram = program_diagram(gen->arena, compiled->program, own->model);
    set_needed(gen, own->model->forward, &out);
    return out;
}

static void set_models(Gen *gen, const Compiled *compiled, nnrt_program *out) {
    nnrt_model *models = ARENA_ARRAY(gen->arena, nnrt_model, compiled->model_count + 1);
    for (int i = 0; i < compiled->model_count; i++)
        models[i] = model_of(gen, compiled, &compiled->models[i]);
    out->models = models;
    out->model_count = compiled->model_count;
    out->main_model = compiled->main_model;
}

static void set_trainings(Gen *gen, const Compiled *compiled, nnrt_program *out) {
    nnrt_training *trainings = ARENA_ARRAY(gen->arena, nnrt_training, compiled->training_count);
    for (int i = 0; i < compiled->training_count; i++)
        trainings[i] = training_of(gen, compiled, &compiled->trainings[i]);
    out->trainings = trainings;
    out->training_count = compiled->training_count;
}

static const char *const *imports_of(Gen *gen, const SourceSet *sources) {
    VEC(const char *) paths = {0};
    for (int i = 0; i < sources_count(sources); i++) {
        const Source *source = sources_get(sources, (uint32_t)i);
        const char *path =
            span_has_place(source->importer) ? arena_realpath(gen->arena, source->path) : NULL;
        if (path) vec_push(gen->arena, &paths, path);
    }
    vec_push(gen->arena, &paths, NULL);
    return paths.items;
}

static const char *const *needed_features(Gen *gen, const Compiled *compiled) {
    bool narrow = compiled_is_narrow(compiled), in_int8 = compiled_is_in_int8(compiled);
    VEC(const char *) names = {0};
    for (const char *const *name = gen->target->needed; *name; name++)
        vec_push(gen->arena, &names, *name);
    const char *const *more = target_bfloat16_features(gen->target);
    for (; narrow && *more; more++) vec_push(gen->arena, &names, *more);
    more = target_int8_features(gen->target);
    for (; in_int8 && *more; more++) vec_push(gen->arena, &names, *more);
    vec_push(gen->arena, &names, NULL);
    return names.items;
}

static void set_source(Gen *gen, const Compiled *compiled, nnrt_program *out) {
    const Program *program = compiled->program;
    const Source *source = sources_get(program->sources, program->file);
    out->compiler_version = NNC_VERSION;
    out->source_path = source->path;
    out->source_folder = folder_of(gen->arena, source->path);
    out->source_text = source->text;
    out->imports = imports_of(gen, program->sources);
    out->expanded_text = program->expanded;
    out->target_cpu = gen->target->cpu;
    out->cpu_features = needed_features(gen, compiled);
}

static void set_data(Gen *gen, const Compiled *compiled, nnrt_program *out) {
    int count = compiled->datasets.count;
    nnrt_dataset *datasets = ARENA_ARRAY(gen->arena, nnrt_dataset, count + 1);
    for (int i = 0; i < count; i++) datasets[i] = dataset_of(gen, compiled->datasets.items[i]);
    out->datasets = datasets;
    out->dataset_count = count;
}

void descriptor_emit(Gen *gen, const Compiled *compiled) {
    nnrt_program program = {.abi = NNRT_ABI,
                            .scratch_size = gen->scratch_size,
                            .peak_flops = compiled->peak_flops,
                            .narrow_peak_flops = compiled->narrow_peak_flops,
                            .is_sparing = compiled->is_sparing};
    abi_set_code(&program.peak, compiled->peak_function);
    if (compiled->narrow_peak_function)
        abi_set_code(&program.narrow_peak, compiled->narrow_peak_function);
    set_source(gen, compiled, &program);
    set_parameters(gen, compiled, &program);
    set_data(gen, compiled, &program);
    set_models(gen, compiled, &program);
    set_trainings(gen, compiled, &program);
    Value initializer = abi_value(gen, &abi_program, &program);
    Value global = LLVMAddGlobal(gen->module, LLVMTypeOf(initializer), "nnrt_program_descriptor");
    LLVMSetInitializer(global, initializer);
    LLVMSetGlobalConstant(global, 1);
}
