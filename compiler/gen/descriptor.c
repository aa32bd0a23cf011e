// The constant that describes a program to the runtime (runtime/nnrt.h, struct nnrt_program). Each
// function below mirrors one struct of that header, field by field.
#include "emit.h"

#include "../pass/cost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static Value null_pointer(Gen *gen) {
    return LLVMConstNull(gen->pointer);
}

static Value constant_global(Gen *gen, Value initializer) {
    Value global = LLVMAddGlobal(gen->module, LLVMTypeOf(initializer), "");
    LLVMSetInitializer(global, initializer);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    return global;
}

static Value text_value(Gen *gen, const char *text) {
    if (!text) return null_pointer(gen);
    return constant_global(gen,
                           LLVMConstStringInContext(gen->context, text, (unsigned)strlen(text), 0));
}

static Value number_value(Gen *gen, double number) {
    return LLVMConstReal(gen->f64, number);
}

static Value struct_value(Gen *gen, Value *fields, int count) {
    return LLVMConstStructInContext(gen->context, fields, (unsigned)count, 0);
}

// A pointer to a constant array; NULL for an empty one.
static Value array_value(Gen *gen, Value *items, int64_t count) {
    if (count == 0) return null_pointer(gen);
    return constant_global(gen, LLVMConstArray2(LLVMTypeOf(items[0]), items, (uint64_t)count));
}

static Value *new_values(Gen *gen, int64_t count) {
    return ARENA_ARRAY(gen->arena, Value, count + 1);
}

static Value texts_value(Gen *gen, const char *const *texts, int64_t count, bool terminated) {
    if (!texts) return null_pointer(gen);
    Value *items = new_values(gen, count + 1);
    for (int64_t i = 0; i < count; i++) items[i] = text_value(gen, texts[i]);
    items[count] = null_pointer(gen);
    return array_value(gen, items, terminated ? count + 1 : count);
}

static Value option_value(Gen *gen, const nnrt_option *option) {
    Value *numbers = new_values(gen, option->count);
    for (int64_t i = 0; option->numbers && i < option->count; i++)
        numbers[i] = number_value(gen, option->numbers[i]);
    Value fields[] = {text_value(gen, option->name),
                      text_value(gen, option->text),
                      number_value(gen, option->number),
                      option->numbers ? array_value(gen, numbers, option->count)
                                      : null_pointer(gen),
                      texts_value(gen, option->texts, option->count, false),
                      ir_int(gen, option->count)};
    return struct_value(gen, fields, COUNT(fields));
}

static Value call_value(Gen *gen, const nnrt_call *call) {
    Value *options = new_values(gen, call->option_count);
    for (int64_t i = 0; i < call->option_count; i++)
        options[i] = option_value(gen, &call->options[i]);
    Value fields[] = {text_value(gen, call->name), array_value(gen, options, call->option_count),
                      ir_int(gen, call->option_count)};
    return struct_value(gen, fields, COUNT(fields));
}

static Value calls_value(Gen *gen, const CallList *list) {
    nnrt_call *calls = program_calls(gen->arena, list);
    Value *items = new_values(gen, list->count);
    for (int i = 0; i < list->count; i++) items[i] = call_value(gen, &calls[i]);
    return array_value(gen, items, list->count);
}

static Value shape_value(Gen *gen, int64_t rank, const int64_t *dims) {
    Value items[NNRT_MAX_RANK];
    for (int i = 0; i < NNRT_MAX_RANK; i++) items[i] = ir_int(gen, i < rank ? dims[i] : 0);
    return LLVMConstArray2(gen->i64, items, NNRT_MAX_RANK);
}

static Value storage_value(Gen *gen, const nnrt_storage *storage) {
    Value fields[] = {ir_int(gen, storage->offset),     ir_int(gen, storage->size),
                      ir_int(gen, storage->panel),      ir_int(gen, storage->panel_stride),
                      ir_int(gen, storage->row_stride), ir_int(gen, storage->column_stride)};
    return struct_value(gen, fields, COUNT(fields));
}

static Value parameter_value(Gen *gen, const Compiled *compiled, const Parameter *parameter) {
    const Args *args = parameter->initializer_args;
    if (!args) args = args_default(gen->arena, parameter->initializer);
    nnrt_call initializer = program_call(gen->arena, parameter->initializer, args);
    Value fields[] = {text_value(gen, parameter->name),
                      ir_int(gen, parameter->type.rank),
                      shape_value(gen, parameter->type.rank, parameter->type.dims),
                      storage_value(gen, &compiled->layout->parameters[parameter->index].storage),
                      call_value(gen, &initializer),
                      ir_int(gen, parameter->trainable)};
    return struct_value(gen, fields, COUNT(fields));
}

static Value slot_value(Gen *gen, const Layout *layout, const Slot *slot) {
    int64_t size = 16;
    if (slot->parameter) size = layout->parameters[slot->parameter->index].storage.size;
    Value fields[] = {text_value(gen, slot->name),
                      ir_int(gen, slot->parameter ? slot->parameter->index : -1),
                      ir_int(gen, layout->slot_offsets[slot->index]), ir_int(gen, size),
                      number_value(gen, slot->initial)};
    return struct_value(gen, fields, COUNT(fields));
}

static Value layer_value(Gen *gen, const Compiled *compiled, const Layer *layer) {
    int64_t all = 0, trainable = 0;
    for (int i = 0; i < layer->parameters.count; i++) {
        int64_t count = type_elements(&layer->parameters.items[i]->type);
        all += count;
        if (layer->parameters.items[i]->trainable) trainable += count;
    }
    Place place = sources_place(compiled->program->sources, layer->span.file, layer->span.lo);
    Value fields[] = {text_value(gen, layer->name),
                      text_value(gen, layer->type_name),
                      text_value(gen, type_text(gen->arena, &layer->output)),
                      ir_int(gen, all),
                      ir_int(gen, trainable),
                      ir_int(gen, place.line)};
    return struct_value(gen, fields, COUNT(fields));
}

static Value column_value(Gen *gen, const Node *node) {
    int64_t dtype = node->type.dtype == DTYPE_U8    ? NNRT_U8
                    : node->type.dtype == DTYPE_I32 ? NNRT_I32
                                                    : NNRT_F32;
    Value fields[] = {text_value(gen, node->name), ir_int(gen, dtype), ir_int(gen, node->type.rank),
                      shape_value(gen, node->type.rank, node->type.dims),
                      ir_int(gen, type_elements(&node->type))};
    return struct_value(gen, fields, COUNT(fields));
}

static Value columns_value(Gen *gen, const Compiled *compiled, int *target_count) {
    const Graph *predict = compiled->predict->graph;
    const NodeList *targets = &predict->targets;
    if (compiled->training_count) targets = &compiled->trainings[0].train->graph->targets;
    int inputs = predict->inputs.count;
    Value *items = new_values(gen, inputs + targets->count);
    for (int i = 0; i < inputs; i++) items[i] = column_value(gen, predict->inputs.items[i]);
    for (int i = 0; i < targets->count; i++)
        items[inputs + i] = column_value(gen, targets->items[i]);
    *target_count = targets->count;
    return array_value(gen, items, inputs + targets->count);
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

static Value output_value(Gen *gen, const Schedule *schedule, Node *output, int number) {
    Node *source = schedule_source(output);
    const Buffer *buffer = &schedule->buffers[source->id];
    const char *name = number ? arena_format(gen->arena, "output_%d", number) : "output";
    Value fields[] = {text_value(gen, output->name ? output->name : name),
                      ir_int(gen, output->type.rank),
                      shape_value(gen, output->type.rank, output->type.dims),
                      ir_int(gen, type_elements(&output->type)),
                      ir_int(gen, buffer->offset),
                      ir_int(gen, buffer->stride)};
    return struct_value(gen, fields, COUNT(fields));
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

static Value group_value(Gen *gen, const Compiled *compiled, const Schedule *schedule,
                         const Group *group) {
    GroupCost cost = cost_of_group(schedule, group);
    const Layer *layer = cost_main_node(group)->layer;
    Value fields[] = {text_value(gen, cost_group_name(gen->arena, group)),
                      text_value(gen, cost_kind_name(group->kind)),
                      ir_int(gen, layer ? layer->index : -1),
                      ir_int(gen, line_of(compiled, group)),
                      ir_int(gen, group->phase),
                      number_value(gen, cost.sample_flops),
                      number_value(gen, cost.step_flops),
                      number_value(gen, cost.sample_bytes),
                      number_value(gen, cost.step_bytes)};
    return struct_value(gen, fields, COUNT(fields));
}

static Value groups_value(Gen *gen, const Compiled *compiled, const Schedule *schedule) {
    Value *items = new_values(gen, schedule->groups.count);
    for (int i = 0; i < schedule->groups.count; i++)
        items[i] = group_value(gen, compiled, schedule, schedule->groups.items[i]);
    return array_value(gen, items, schedule->groups.count);
}

static Value function_value(Gen *gen, const Compiled *compiled, const Schedule *schedule,
                            StepFunctions functions) {
    const Graph *graph = schedule->graph;
    bool marks = functions.profiled != NULL;
    Value *outputs = new_values(gen, graph->outputs.count);
    for (int i = 0; i < graph->outputs.count; i++)
        outputs[i] = output_value(gen, schedule, graph->outputs.items[i], i);
    Value fields[] = {functions.run,
                      marks ? functions.profiled : null_pointer(gen),
                      marks ? groups_value(gen, compiled, schedule) : null_pointer(gen),
                      ir_int(gen, marks ? schedule->groups.count : 0),
                      ir_int(gen, schedule->arena_size),
                      ir_int(gen, useful_threads(schedule)),
                      ir_int(gen, schedule->chunks),
                      array_value(gen, outputs, graph->outputs.count),
                      ir_int(gen, graph->outputs.count),
                      number_value(gen, flops_of(graph))};
    return struct_value(gen, fields, COUNT(fields));
}

// ---- Trainings.

static Value learning_rate_value(Gen *gen, const Training *training) {
    const ArgValue *rate = args_get(training->optimizer_args, "learning_rate");
    nnrt_option value = {.name = "value", .number = rate->number};
    nnrt_call call = {"constant", &value, 1};
    if (rate->callee) call = program_call(gen->arena, rate->callee, rate->args);
    return call_value(gen, &call);
}

static int64_t trainable_elements(const Graph *graph) {
    int64_t sum = 0;
    for (int i = 0; i < graph->parameters.count; i++)
        if (graph->parameters.items[i]->trainable)
            sum += type_elements(&graph->parameters.items[i]->type);
    return sum;
}

static Value training_value(Gen *gen, const Compiled *compiled, const CompiledTraining *own) {
    const Training *training = own->training;
    const Graph *graph = own->train->graph;
    const Layout *layout = own->train->layout;
    Value *slots = new_values(gen, graph->slots.count);
    for (int i = 0; i < graph->slots.count; i++)
        slots[i] = slot_value(gen, layout, graph->slots.items[i]);
    nnrt_call optimizer =
        program_call(gen->arena, &training->optimizer->schema, training->optimizer_args);
    Value fields[] = {function_value(gen, compiled, own->train, own->train_functions),
                      function_value(gen, compiled, own->evaluate, own->evaluate_functions),
                      text_value(gen, training->loss->schema.name),
                      ir_int(gen, training->loss->is_classifier),
                      ir_int(gen, training->loss->unit_classes),
                      number_value(gen, training->loss->target_low),
                      number_value(gen, training->loss->target_high),
                      calls_value(gen, &training->metrics),
                      ir_int(gen, training->metrics.count),
                      learning_rate_value(gen, training),
                      call_value(gen, &optimizer),
                      ir_int(gen, trainable_elements(graph)),
                      calls_value(gen, &training->callbacks),
                      ir_int(gen, training->callbacks.count),
                      ir_int(gen, training->epochs),
                      ir_int(gen, training->batch),
                      array_value(gen, slots, graph->slots.count),
                      ir_int(gen, graph->slots.count),
                      ir_int(gen, layout->slots_size)};
    return struct_value(gen, fields, COUNT(fields));
}

static Value dataset_value(Gen *gen, const Dataset *dataset) {
    if (!dataset) return null_pointer(gen);
    Value fields[] = {text_value(gen, dataset->name), calls_value(gen, &dataset->stages),
                      ir_int(gen, dataset->stages.count),
                      text_value(gen, dataset->info.fingerprint)};
    return constant_global(gen, struct_value(gen, fields, COUNT(fields)));
}

static Value parameters_value(Gen *gen, const Compiled *compiled) {
    const Graph *graph = compiled->predict->graph;
    Value *items = new_values(gen, graph->parameters.count);
    for (int i = 0; i < graph->parameters.count; i++)
        items[i] = parameter_value(gen, compiled, graph->parameters.items[i]);
    return array_value(gen, items, graph->parameters.count);
}

static Value layers_value(Gen *gen, const Compiled *compiled) {
    const Graph *graph = compiled->predict->graph;
    Value *items = new_values(gen, graph->layers.count);
    for (int i = 0; i < graph->layers.count; i++)
        items[i] = layer_value(gen, compiled, graph->layers.items[i]);
    return array_value(gen, items, graph->layers.count);
}

static Value trainings_value(Gen *gen, const Compiled *compiled) {
    Value *items = new_values(gen, compiled->training_count);
    for (int i = 0; i < compiled->training_count; i++)
        items[i] = training_value(gen, compiled, &compiled->trainings[i]);
    return array_value(gen, items, compiled->training_count);
}

// The folder of the source, absolute, so that the executable finds data beside the program.
static const char *folder_of(Arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    const char *folder = slash ? arena_copy(arena, path, (size_t)(slash - path)) : ".";
    if (slash == path) folder = "/";
    const char *absolute = arena_realpath(arena, folder);
    return absolute ? absolute : folder;
}

static int64_t text_count(const char *const *texts) {
    int64_t count = 0;
    while (texts[count]) count++;
    return count;
}

void descriptor_emit(Gen *gen, const Compiled *compiled) {
    const Program *program = compiled->program;
    const Source *source = sources_get(program->sources, program->file);
    const Graph *graph = compiled->predict->graph;
    const Dataset *dataset = compiled->model->dataset;
    Text expanded = text_create(gen->arena);
    program_expand(&expanded, program);
    int target_count = 0;
    Value columns = columns_value(gen, compiled, &target_count);
    int64_t classes = dataset && dataset->info.class_names ? dataset->info.classes : 0;
    const char *const *names = classes ? dataset->info.class_names : NULL;
    const char *const *needed = gen->target->needed;
    GenSizes sizes = pipeline_sizes(compiled);
    Value fields[] = {
        ir_int(gen, NNRT_ABI),
        text_value(gen, NNC_VERSION),
        text_value(gen, source->path),
        text_value(gen, folder_of(gen->arena, source->path)),
        text_value(gen, source->text),
        text_value(gen, expanded.data),
        text_value(gen, compiled->model->name),
        text_value(gen, gen->target->cpu),
        texts_value(gen, needed, text_count(needed), true),
        layers_value(gen, compiled),
        ir_int(gen, graph->layers.count),
        parameters_value(gen, compiled),
        ir_int(gen, graph->parameters.count),
        ir_int(gen, compiled->layout->weights_size),
        ir_int(gen, gen->scratch_size),
        columns,
        ir_int(gen, graph->inputs.count),
        ir_int(gen, target_count),
        texts_value(gen, names, classes, false),
        ir_int(gen, classes),
        dataset_value(gen, dataset),
        trainings_value(gen, compiled),
        ir_int(gen, compiled->training_count),
        function_value(gen, compiled, compiled->predict, compiled->predict_functions),
        function_value(gen, compiled, compiled->predict_one, compiled->predict_one_functions),
        ir_int(gen, compiled->predict_batch),
        compiled->peak_function,
        number_value(gen, compiled->peak_flops),
        ir_int(gen, sizes.weights),
        ir_int(gen, sizes.gradients),
        ir_int(gen, sizes.optimizer),
        ir_int(gen, sizes.activations),
    };
    Value initializer = struct_value(gen, fields, COUNT(fields));
    Value global = LLVMAddGlobal(gen->module, LLVMTypeOf(initializer), "nnrt_program_descriptor");
    LLVMSetInitializer(global, initializer);
    LLVMSetGlobalConstant(global, 1);
}
