// What a program takes in memory: what `summary` prints of a model, what a training holds at its
// peak, and whether that is more than there can be.
#include "budget.h"

#include "../../pass/group/touched.h"

#include "../../../runtime/data/locality.h"
#include "../../../runtime/doctor/recall.h"

#include <string.h>
#include <unistd.h>

// ---- Sizes.

static int64_t value_bytes(const Type *type) {
    return type_elements(type) * 4;
}

// Gradients that fusion leaves in registers need no memory: only those that are stored count. The
// padding of *storage is part of the arena.
static int64_t gradient_bytes(const Schedule *schedule, int64_t *storage) {
    int64_t bytes = 0;
    for (int i = 0; i < schedule->graph->nodes.count; i++) {
        const Buffer *buffer = &schedule->buffers[i];
        if (!buffer->is_stored || buffer->parameter < 0) continue;
        bytes += value_bytes(&schedule->graph->nodes.items[i]->type);
        *storage += buffer->size * 4;
    }
    return bytes;
}

// Those of the layers that the model has; with the statistics of its data.
static int64_t weight_bytes(const Graph *graph) {
    int64_t bytes = 0;
    for (int i = 0; i < graph->parameter_nodes.count; i++) {
        const Node *node = graph->parameter_nodes.items[i];
        if (node) bytes += value_bytes(&node->parameter->type);
    }
    return bytes;
}

static int64_t optimizer_bytes(const Graph *graph) {
    int64_t bytes = 0;
    for (int i = 0; i < graph->slots.count; i++) bytes += value_bytes(&graph->slots.items[i]->type);
    return bytes;
}

// Of the function that has all slots of a step.
static const Lowering *updating(const CompiledStep *step) {
    return step->update ? &step->update->lowering : &step->train->lowering;
}

static void enlarge_to_step(GenSizes *sizes, const CompiledStep *step) {
    const Schedule *train = step->train->lowering.schedule;
    int64_t storage = 0, gradients = gradient_bytes(train, &storage);
    int64_t activations = train->arena_size * 4 - storage;
    int64_t optimizer = optimizer_bytes(updating(step)->graph);
    if (gradients > sizes->gradients) sizes->gradients = gradients;
    if (activations > sizes->activations) sizes->activations = activations;
    if (optimizer > sizes->optimizer) sizes->optimizer = optimizer;
}

// What the products of a step need beside their operands; the largest of them, for they take turns.
static int64_t scratch_floats(const Schedule *schedule) {
    int64_t most = 0;
    for (int i = 0; i < schedule->groups.count; i++) {
        const Node *anchor = schedule->groups.items[i]->anchor;
        if (!anchor || op_product_kind(anchor) != PRODUCT_WEIGHTS || op_is_convolution(anchor))
            continue;
        int64_t floats = weight_long_floats(schedule, anchor);
        if (floats > most) most = floats;
    }
    return most;
}

static int64_t floats_bytes(int64_t floats) {
    int64_t bytes;
    return __builtin_mul_overflow(floats, (int64_t)sizeof(float), &bytes) ? INT64_MAX : bytes;
}

static int64_t arena_bytes(const Function *function) {
    return function ? floats_bytes(function->lowering.schedule->arena_size) : 0;
}

static void add(int64_t *sum, int64_t bytes) {
    if (__builtin_add_overflow(*sum, bytes, sum)) *sum = INT64_MAX;
}

// ---- Of a training.

// Is there anything in its arena that outlives a step?
static bool keeps_values(const Function *function) {
    const Schedule *schedule = function->lowering.schedule;
    const Graph *graph = schedule->graph;
    for (int i = 0; i < graph->nodes.count; i++)
        if (graph->nodes.items[i]->kept) return true;
    for (int i = 0; i < schedule->groups.count; i++)
        if (touched_updates(schedule->groups.items[i]) || schedule->groups.items[i]->is_once)
            return true;
    return false;
}

// What a program takes besides: its code, libraries, the stacks of its threads, buffers of files.
enum { PROGRAM_BYTES = 5 << 20 };

// Training and evaluation take turns in one arena (runtime/session/session.h), behind the zeros
// that the former keeps there, where nothing else outlives a step.
int64_t budget_evaluate_at(const CompiledStep *step) {
    if (keeps_values(step->train) || keeps_values(step->evaluate)) return -1;
    return step->train->lowering.schedule->arena_kept;
}

static void add_step(GenMemory *memory, const CompiledStep *step, int64_t *scratch) {
    const Lowering *train = &step->train->lowering;
    int64_t own = floats_bytes(scratch_floats(train->schedule));
    if (own > *scratch) *scratch = own;
    add(&memory->optimizer, floats_bytes(train->layout->slots_size));
    add(&memory->steps, arena_bytes(step->train));
    add(&memory->steps, arena_bytes(step->update));
    int64_t evaluation = arena_bytes(step->evaluate), begin = budget_evaluate_at(step);
    if (begin >= 0) {
        int64_t shared = arena_bytes(step->train) - floats_bytes(begin);
        evaluation = evaluation > shared ? evaluation - shared : 0;
    }
    add(&memory->evaluation, evaluation);
}

// The largest of the tensors that a weights file holds.
static int64_t largest_tensor(const Weights *weights) {
    int64_t largest = 0;
    for (int i = 0; i < weights->parameters.count; i++) {
        int64_t bytes = value_bytes(&weights->parameters.items[i]->type);
        if (bytes > largest) largest = bytes;
    }
    return largest;
}

// What a training keeps to go back to (runtime/doctor/recall.h); or, when weights are written, the
// largest tensor in the order of the language.
static int64_t copy_bytes(const Compiled *compiled, const CompiledTraining *training) {
    const Weights *weights = compiled->program->weights;
    int64_t state = 0, largest = largest_tensor(weights);
    for (int i = 0; i < weights->parameters.count; i++)
        add(&state, value_bytes(&weights->parameters.items[i]->type));
    for (int i = 0; i < training->step_count; i++)
        add(&state, optimizer_bytes(updating(&training->steps[i])->graph));
    bool is_copied = state <= NNRT_RECALL_BYTES && !compiled->is_sparing;
    return is_copied && state > largest ? state : largest;
}

// As many as a run on this machine has (runtime/session/session.c).
static int64_t worker_count(const Compiled *compiled) {
    int64_t useful = 1;
    for (int i = 0; i < compiled->functions.count; i++) {
        int64_t own = budget_threads(compiled->functions.items[i]->lowering.schedule);
        if (own > useful) useful = own;
    }
    return useful < compiled->cpus ? useful : compiled->cpus;
}

static void add_data(GenMemory *memory, const nnrt_data_info *info) {
    int64_t window = NNRT_WINDOW_BYTES + NNRT_WINDOW_BYTES / 8; // pages reach beyond blocks
    memory->data = info->held_bytes;
    memory->on_disk = info->disk_bytes;
    memory->window = info->disk_bytes < window ? info->disk_bytes : window;
    memory->order = info->train_rows * (int64_t)sizeof(uint32_t);
    memory->reading = info->peak_bytes;
}

// The data set of a training takes more while it is read than afterwards; what is trained on stands
// beside what remains.
GenMemory budget_memory(const Compiled *compiled, const CompiledTraining *training) {
    const Dataset *dataset = training->training->dataset;
    GenMemory memory = {.program = PROGRAM_BYTES,
                        .weights = floats_bytes(compiled->layout->weights_size)};
    for (int i = 0; i < training->step_count; i++)
        add_step(&memory, &training->steps[i], &memory.scratch);
    int64_t scratch = floats_bytes(compiled->scratch_floats) * worker_count(compiled);
    if (scratch > memory.scratch) memory.scratch = scratch;
    memory.copy = copy_bytes(compiled, training);
    if (dataset) add_data(&memory, &dataset->info);
    const int64_t parts[] = {memory.data,       memory.window,    memory.order,
                             memory.weights,    memory.optimizer, memory.steps,
                             memory.evaluation, memory.scratch,   memory.copy};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) add(&memory.peak, parts[i]);
    int64_t before = memory.reading;
    add(&before, memory.weights);
    if (before > memory.peak) memory.peak = before;
    add(&memory.peak, memory.program);
    memory.is_known = dataset && dataset->found;
    return memory;
}

// ---- Of a model.

static bool changes_model(const TrainStep *step, const Model *model) {
    const NodeList *nodes = &model->forward->parameter_nodes;
    for (int i = 0; i < nodes->count; i++)
        if (nodes->items[i] && graph_updates(step->forward, nodes->items[i]->parameter))
            return true;
    return false;
}

static void enlarge_to_training(const Compiled *compiled, const Model *model,
                                const CompiledTraining *training, GenSizes *sizes) {
    bool is_changed = false;
    for (int i = 0; i < training->step_count; i++) {
        if (!changes_model(training->steps[i].step, model)) continue;
        enlarge_to_step(sizes, &training->steps[i]);
        is_changed = true;
    }
    if (!is_changed) return;
    GenMemory memory = budget_memory(compiled, training);
    if (memory.peak > sizes->memory.peak) sizes->memory = memory;
}

static void add_int8(GenSizes *sizes, const CompiledModel *own) {
    const MeasuredOperands *operands = own->measure ? own->measure->operands : NULL;
    const Weights *weights = own->model->forward->weights;
    for (int i = 0; operands && i < operands->items.count; i++) {
        int parameter = (int)operands->items.items[i].parameter;
        bool is_counted = false;
        for (int k = 0; k < i; k++) is_counted |= operands->items.items[k].parameter == parameter;
        sizes->int8_products++;
        if (!is_counted)
            sizes->int8_weights += type_elements(&weights->parameters.items[parameter]->type);
    }
}

GenSizes budget_sizes(const Compiled *compiled, const Model *model) {
    GenSizes sizes = {.weights = weight_bytes(model->forward)};
    for (int i = 0; i < compiled->training_count; i++)
        enlarge_to_training(compiled, model, &compiled->trainings[i], &sizes);
    for (int i = 0; i < compiled->model_count; i++) {
        const CompiledModel *own = &compiled->models[i];
        if (own->model != model) continue;
        if (!sizes.activations) sizes.activations = arena_bytes(own->predict);
        add_int8(&sizes, own);
    }
    return sizes;
}

// ---- Memory.

enum { LARGEST_BITS = 47 }; // of an address on x86-64

// What a run of the program holds at once, but for its data.
static int64_t needed_bytes(const Compiled *compiled) {
    int64_t most = 0;
    for (int i = 0; i < compiled->model_count; i++) {
        int64_t bytes = arena_bytes(compiled->models[i].predict);
        if (bytes > most) most = bytes;
    }
    for (int i = 0; i < compiled->training_count; i++) {
        GenMemory memory = budget_memory(compiled, &compiled->trainings[i]);
        int64_t bytes = memory.steps;
        add(&bytes, memory.evaluation);
        add(&bytes, memory.optimizer);
        add(&bytes, memory.scratch);
        if (bytes > most) most = bytes;
    }
    add(&most, floats_bytes(compiled->layout->weights_size));
    return most;
}

static char *gigabytes(Arena *arena, int64_t bytes) {
    return arena_format(arena, "%.1f GB", (double)bytes * 1e-9);
}

bool budget_fits(const Compiled *compiled, const GenOptions *options, DiagSink *sink) {
    Arena *arena = compiled->program->arena;
    int64_t needed = needed_bytes(compiled), available = (int64_t)1 << LARGEST_BITS;
    const char *owner = "a program can have";
    bool is_native = !options->cpu || strcmp(options->cpu, "native") == 0;
    int64_t physical = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    if (is_native && physical > 0 && physical < available) {
        available = physical;
        owner = "this machine has";
    }
    if (needed <= available) return true;
    const Model *model = compiled->program->main;
    Diag *diag =
        diag_report(sink, DIAG_E0205, model->span, "`%s` needs %s of memory, but %s %s",
                    model->name, gigabytes(arena, needed), owner, gigabytes(arena, available));
    diag_label(diag, "too large");
    diag_note(diag, "the weights take %s; the rest is for training and grows with the batch",
              gigabytes(arena, compiled->layout->weights_size * (int64_t)sizeof(float)));
    if (is_native) diag_help(diag, "for a larger machine, name its processor: `--cpu=x86-64-v3`");
    return false;
}
