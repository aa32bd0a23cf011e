// The constant that describes a program to the runtime (runtime/nnrt.h, struct nnrt_program). Each
// function below fills one struct of that header.
#include "abi.h"

#include "../pass/cost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static nnrt_call *calls_of(Gen *gen, const CallList *list) {
    return program_calls(gen->arena, list);
}

static void set_shape(int64_t *rank, int64_t *shape, const Type *type) {
    *rank = type->rank;
    for (int i = 0; i < type->rank; i++) shape[i] = type->dims[i];
}

static nnrt_parameter parameter_of(Gen *gen, const Compiled *compiled, const Parameter *parameter) {
    const Args *args = parameter->initializer_args;
    if (!args) args = args_default(gen->arena, parameter->initializer);
    nnrt_parameter out = {.name = parameter->name,
                          .storage = compiled->layout->parameters[parameter->index].storage,
                          .initializer = program_call(gen->arena, parameter->initializer, args),
                          .trainable = parameter->trainable};
    set_shape(&out.rank, out.shape, &parameter->type);
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
                       .initial = slot->initial};
}

static nnrt_layer layer_of(Gen *gen, const Compiled *compiled, const Layer *layer) {
    Place place = sources_place(compiled->program->sources, layer->span.file, layer->span.lo);
    nnrt_layer out = {.name = layer->name,
                      .type = layer->type_name,
                      .output_shape = type_text(gen->arena, &layer->output),
                      .line = place.line};
    for (int i = 0; i < layer->parameters.count; i++) {
        int64_t count = type_elements(&layer->parameters.items[i]->type);
        out.params += count;
        if (layer->parameters.items[i]->trainable) out.trainable_params += count;
    }
    return out;
}

static nnrt_column column_of(const Node *node) {
    nnrt_column out = {.name = node->name,
                       .dtype = node->type.dtype == DTYPE_U8    ? NNRT_U8
                                : node->type.dtype == DTYPE_I32 ? NNRT_I32
                                                                : NNRT_F32,
                       .size = type_elements(&node->type)};
    set_shape(&out.rank, out.shape, &node->type);
    return out;
}

static void set_columns(Gen *gen, const Compiled *compiled, nnrt_program *out) {
    const Graph *predict = compiled->predict->graph;
    const NodeList *targets = &predict->targets;
    if (compiled->training_count) targets = &compiled->trainings[0].train->graph->targets;
    out->input_count = predict->inputs.count;
    out->target_count = targets->count;
    out->column_count = out->input_count + out->target_count;
    nnrt_column *columns = ARENA_ARRAY(gen->arena, nnrt_column, out->column_count);
    for (int i = 0; i < predict->inputs.count; i++)
        columns[i] = column_of(predict->inputs.items[i]);
    for (int i = 0; i < targets->count; i++)
        columns[out->input_count + i] = column_of(targets->items[i]);
    out->columns = columns;
}

// ---- Functions.

static double flops_of(const Graph *graph) {
    double sum = 0;
    for (int i = 0; i < graph->nodes.count; i++) {
        const Node *node = graph->nodes.items[i];
        if (node->op->flops && node->type.batched) sum += node->op->flops(node);
        if (node->op->fuse == FUSE_CONTRACTION && !node->type.batched) sum += node->op->flops(node);
    }
    return sum;
}

static nnrt_output output_of(Gen *gen, const Schedule *schedule, Node *output, int number) {
    const Buffer *buffer = &schedule->buffers[schedule_source(output)->id];
    const char *name = number ? arena_format(gen->arena, "output_%d", number) : "output";
    nnrt_output out = {.name = output->name ? output->name : name,
                       .size = type_elements(&output->type),
                       .offset = buffer->offset,
                       .stride = buffer->stride};
    set_shape(&out.rank, out.shape, &output->type);
    return out;
}

// Two workers pay when a step is some ten thousand operations for each of them.
static int64_t useful_threads(const Schedule *schedule) {
    double work = flops_of(schedule->graph) * (double)schedule->batch;
    double threads = work / 100e3, most = schedule->chunks ? (double)schedule->chunks : 1024;
    return threads < 1 ? 1 : threads > most ? (int64_t)most : (int64_t)threads;
}

static int64_t line_of(const Compiled *compiled, const Group *group) {
    const Node *node = cost_main_node(group);
    Span span = node->layer ? node->layer->span : node->span;
    return sources_place(compiled->program->sources, span.file, span.lo).line;
}

static nnrt_group group_of(Gen *gen, const Compiled *compiled, const Schedule *schedule,
                           const Group *group) {
    GroupCost cost = cost_of_group(schedule, group);
    const Layer *layer = cost_main_node(group)->layer;
    return (nnrt_group){.name = cost_group_name(gen->arena, group),
                        .kind = cost_kind_name(group->kind),
                        .layer = layer ? layer->index : -1,
                        .line = line_of(compiled, group),
                        .phase = group->phase,
                        .sample_flops = cost.sample_flops,
                        .step_flops = cost.step_flops,
                        .sample_bytes = cost.sample_bytes,
                        .step_bytes = cost.step_bytes};
}

static nnrt_group *groups_of(Gen *gen, const Compiled *compiled, const Schedule *schedule) {
    nnrt_group *groups = ARENA_ARRAY(gen->arena, nnrt_group, schedule->groups.count);
    for (int i = 0; i < schedule->groups.count; i++)
        groups[i] = group_of(gen, compiled, schedule, schedule->groups.items[i]);
    return groups;
}

static nnrt_function function_of(Gen *gen, const Compiled *compiled, const Schedule *schedule,
                                 StepFunctions functions) {
    const Graph *graph = schedule->graph;
    bool marks = functions.profiled != NULL;
    nnrt_output *outputs = ARENA_ARRAY(gen->arena, nnrt_output, graph->outputs.count);
    for (int i = 0; i < graph->outputs.count; i++)
        outputs[i] = output_of(gen, schedule, graph->outputs.items[i], i);
    nnrt_function out = {.groups = marks ? groups_of(gen, compiled, schedule) : NULL,
                         .group_count = marks ? schedule->groups.count : 0,
                         .arena_size = schedule->arena_size,
                         .threads = useful_threads(schedule),
                         .chunks = schedule->chunks,
                         .outputs = outputs,
                         .output_count = graph->outputs.count,
                         .flops = flops_of(graph)};
    abi_set_code(&out.run, functions.run);
    abi_set_code(&out.run_profiled, functions.profiled);
    return out;
}

// ---- Trainings.

static nnrt_call learning_rate_of(Gen *gen, const Training *training) {
    const ArgValue *rate = args_get(training->optimizer_args, "learning_rate");
    if (rate->callee) return program_call(gen->arena, rate->callee, rate->args);
    nnrt_option *value = ARENA_NEW(gen->arena, nnrt_option);
    *value = (nnrt_option){.name = "value", .number = rate->number};
    return (nnrt_call){.name = "constant", .options = value, .option_count = 1};
}

static int64_t trainable_elements(const Graph *graph) {
    int64_t sum = 0;
    for (int i = 0; i < graph->weights->parameters.count; i++)
        if (graph->weights->parameters.items[i]->trainable)
            sum += type_elements(&graph->weights->parameters.items[i]->type);
    return sum;
}

static nnrt_slot *slots_of_training(Gen *gen, const CompiledTraining *own) {
    const Graph *graph = own->train->graph;
    nnrt_slot *slots = ARENA_ARRAY(gen->arena, nnrt_slot, graph->slots.count);
    for (int i = 0; i < graph->slots.count; i++)
        slots[i] = slot_of(own->train->layout, graph->slots.items[i]);
    return slots;
}

static nnrt_training training_of(Gen *gen, const Compiled *compiled, const CompiledTraining *own) {
    const Training *training = own->training;
    const Graph *graph = own->train->graph;
    const OpDef *loss = training->loss;
    const Schema *optimizer = &training->optimizer->schema;
    return (nnrt_training){
        .train = function_of(gen, compiled, own->train, own->train_functions),
        .evaluate = function_of(gen, compiled, own->evaluate, own->evaluate_functions),
        .loss_name = loss->schema.name,
        .is_classifier = loss->is_classifier,
        .unit_classes = loss->unit_classes,
        .target_low = loss->target_low,
        .target_high = loss->target_high,
        .metrics = calls_of(gen, &training->metrics),
        .metric_count = training->metrics.count,
        .learning_rate = learning_rate_of(gen, training),
        .optimizer = program_call(gen->arena, optimizer, training->optimizer_args),
        .trainable = trainable_elements(graph),
        .callbacks = calls_of(gen, &training->callbacks),
        .callback_count = training->callbacks.count,
        .epochs = training->epochs,
        .batch = training->batch,
        .slots = slots_of_training(gen, own),
        .slot_count = graph->slots.count,
        .slots_size = own->train->layout->slots_size};
}

static const nnrt_dataset *dataset_of(Gen *gen, const Dataset *dataset) {
    if (!dataset) return NULL;
    nnrt_dataset *out = ARENA_NEW(gen->arena, nnrt_dataset);
    *out = (nnrt_dataset){.name = dataset->name,
                          .stages = calls_of(gen, &dataset->stages),
                          .stage_count = dataset->stages.count,
                          .fingerprint = dataset->info.fingerprint};
    return out;
}

// ---- The program.

static void set_parameters(Gen *gen, const Compiled *compiled, nnrt_program *out) {
    const Graph *graph = compiled->predict->graph;
    nnrt_parameter *parameters =
        ARENA_ARRAY(gen->arena, nnrt_parameter, graph->weights->parameters.count);
    for (int i = 0; i < graph->weights->parameters.count; i++)
        parameters[i] = parameter_of(gen, compiled, graph->weights->parameters.items[i]);
    out->parameters = parameters;
    out->parameter_count = graph->weights->parameters.count;
    out->weights_size = compiled->layout->weights_size;
}

static void set_layers(Gen *gen, const Compiled *compiled, nnrt_program *out) {
    const Graph *graph = compiled->predict->graph;
    nnrt_layer *layers = ARENA_ARRAY(gen->arena, nnrt_layer, graph->weights->layers.count);
    for (int i = 0; i < graph->weights->layers.count; i++)
        layers[i] = layer_of(gen, compiled, graph->weights->layers.items[i]);
    out->layers = layers;
    out->layer_count = graph->weights->layers.count;
}

static void set_trainings(Gen *gen, const Compiled *compiled, nnrt_program *out) {
    nnrt_training *trainings = ARENA_ARRAY(gen->arena, nnrt_training, compiled->training_count);
    for (int i = 0; i < compiled->training_count; i++)
        trainings[i] = training_of(gen, compiled, &compiled->trainings[i]);
    out->trainings = trainings;
    out->training_count = compiled->training_count;
}

// The folder of the source, absolute, so that the executable finds data beside the program.
static const char *folder_of(Arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    const char *folder = slash ? arena_copy(arena, path, (size_t)(slash - path)) : ".";
    if (slash == path) folder = "/";
    const char *absolute = arena_realpath(arena, folder);
    return absolute ? absolute : folder;
}

static void set_source(Gen *gen, const Compiled *compiled, nnrt_program *out) {
    const Program *program = compiled->program;
    const Source *source = sources_get(program->sources, program->file);
    Text expanded = text_create(gen->arena);
    program_expand(&expanded, program);
    out->compiler_version = NNC_VERSION;
    out->source_path = source->path;
    out->source_folder = folder_of(gen->arena, source->path);
    out->source_text = source->text;
    out->expanded_text = expanded.data;
    out->model = compiled->model->name;
    out->target_cpu = gen->target->cpu;
    out->cpu_features = gen->target->needed;
}

static void set_data(Gen *gen, const Compiled *compiled, nnrt_program *out) {
    const Dataset *dataset = compiled->model->dataset;
    set_columns(gen, compiled, out);
    out->dataset = dataset_of(gen, dataset);
    if (!dataset || !dataset->info.targets[0].class_names) return;
    out->classes = dataset->info.targets[0].class_names;
    out->class_count = dataset->info.targets[0].classes;
}

static void set_sizes(const Compiled *compiled, nnrt_program *out) {
    GenSizes sizes = pipeline_sizes(compiled);
    out->weight_bytes = sizes.weights;
    out->gradient_bytes = sizes.gradients;
    out->optimizer_bytes = sizes.optimizer;
    out->activation_bytes = sizes.activations;
}

void descriptor_emit(Gen *gen, const Compiled *compiled) {
    nnrt_program program = {
        .abi = NNRT_ABI,
        .scratch_size = gen->scratch_size,
        .predict = function_of(gen, compiled, compiled->predict, compiled->predict_functions),
        .predict_one =
            function_of(gen, compiled, compiled->predict_one, compiled->predict_one_functions),
        .predict_batch = compiled->predict_batch,
        .peak_flops = compiled->peak_flops};
    abi_set_code(&program.peak, compiled->peak_function);
    set_source(gen, compiled, &program);
    set_layers(gen, compiled, &program);
    set_parameters(gen, compiled, &program);
    set_data(gen, compiled, &program);
    set_trainings(gen, compiled, &program);
    set_sizes(compiled, &program);
    Value initializer = abi_value(gen, &abi_program, &program);
    Value global = LLVMAddGlobal(gen->module, LLVMTypeOf(initializer), "nnrt_program_descriptor");
    LLVMSetInitializer(global, initializer);
    LLVMSetGlobalConstant(global, 1);
}
