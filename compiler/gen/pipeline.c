// The passes over the graphs of a program: for each training a training and an evaluation graph,
// and one for prediction; all share the layout of the weights.
#include "emit.h"

#include "../pass/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PREDICT_BATCH = 32 };

typedef struct Run {
    Arena *arena;
    const GenOptions *options;
    PassObserver *observe;
    void *state;
    double started;
} Run;

const char *const gen_pass_names[] = {"loss", "expand", "simplify", "grad", "simplify-grad",
                                      "load", "fuse",   "plan",     NULL};

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// Always in builds for finding mistakes, and where the tests ask for it.
static bool verifies(const GenOptions *options) {
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
    const char *wanted = getenv("NNC_VERIFY");
    return options->verify_each || (wanted && *wanted == '1');
#else
    (void)options;
    return true;
#endif
}

static void verify(const Graph *graph, const Schedule *schedule, const char *pass) {
    graph_verify(graph, pass);
    if (schedule) schedule_verify(schedule);
    if (schedule && strcmp(pass, "plan") == 0) schedule_verify_plan(schedule);
}

// After each pass: the verifier, the observer of --emit and --after, the time.
static void after(Run *run, const Graph *graph, const Schedule *schedule, const char *pass) {
    if (run->options->time_passes)
        fprintf(stderr, "%10.3f ms  %s (%s)\n", 1e3 * (seconds_now() - run->started), pass,
                graph->mode == GRAPH_TRAIN      ? "train"
                : graph->mode == GRAPH_EVALUATE ? "evaluate"
                                                : "predict");
    if (verifies(run->options)) verify(graph, schedule, pass);
    if (run->observe) run->observe(run->state, pass, graph, schedule);
    run->started = seconds_now();
}

static Graph *lower_graph(Run *run, const Model *model, const Training *training, GraphMode mode) {
    run->started = seconds_now();
    Graph *graph = graph_clone(model->forward, run->arena, mode);
    graph->sink = NULL;
    if (mode != GRAPH_PREDICT) {
        pass_attach_loss(graph, training);
        after(run, graph, NULL, "loss");
    }
    pass_expand(graph);
    after(run, graph, NULL, "expand");
    pass_simplify(graph);
    after(run, graph, NULL, "simplify");
    if (mode != GRAPH_TRAIN) return graph;
    pass_update(graph, training);
    after(run, graph, NULL, "grad");
    pass_expand(graph);
    pass_simplify(graph);
    after(run, graph, NULL, "simplify-grad");
    return graph;
}

// `batch` 0: for one sample, which the workers divide.
static Schedule *lower_schedule(Run *run, Graph *graph, const Layout *layout, int64_t batch) {
    pass_load_inputs(graph, layout);
    pass_lay_out_kernels(graph);
    after(run, graph, NULL, "load");
    Schedule *schedule = batch ? pass_fuse(graph, run->arena, layout, batch)
                               : pass_fuse_single(graph, run->arena, layout);
    pass_schedule(schedule);
    after(run, graph, schedule, "fuse");
    pass_plan(schedule, run->arena);
    after(run, graph, schedule, "plan");
    return schedule;
}

static Layout *lower_training(Run *run, const Model *model, const Layout *layout,
                              CompiledTraining *out, const Training *training, Graph *train) {
    Layout *own = ARENA_NEW(run->arena, Layout);
    *own = *layout;
    layout_slots(own, train, run->arena);
    out->training = training;
    out->train = lower_schedule(run, train, own, training->batch);
    Graph *evaluate = lower_graph(run, model, training, GRAPH_EVALUATE);
    out->evaluate = lower_schedule(run, evaluate, own, training->batch);
    return own;
}

Compiled *pipeline_run(Arena *arena, const Program *program, const Target *target,
                       const GenOptions *options, PassObserver *observe, void *state) {
    Run run = {.arena = arena, .options = options, .observe = observe, .state = state};
    Model *model = program->main;
    Compiled *compiled = ARENA_NEW(arena, Compiled);
    compiled->program = program;
    compiled->model = model;
    compiled->predict_batch = PREDICT_BATCH;
    for (int i = 0; i < model->trainings.count; i++)
        if (model->trainings.items[i]->batch > compiled->predict_batch)
            compiled->predict_batch = model->trainings.items[i]->batch;
    Graph *predict = lower_graph(&run, model, NULL, GRAPH_PREDICT);
    int count = model->trainings.count;
    Graph **graphs = ARENA_ARRAY(arena, Graph *, count + 1); // the prediction, then the trainings
    graphs[0] = predict;
    for (int i = 0; i < count; i++)
        graphs[i + 1] = lower_graph(&run, model, model->trainings.items[i], GRAPH_TRAIN);
    Layout *layout = pass_layout(graphs, count + 1, arena, &target->machine, options->contraction,
                                 compiled->predict_batch);
    compiled->layout = layout;
    compiled->trainings = ARENA_ARRAY(arena, CompiledTraining, count + 1);
    compiled->training_count = count;
    for (int i = 0; i < count; i++)
        lower_training(&run, model, layout, &compiled->trainings[i], model->trainings.items[i],
                       graphs[i + 1]);
    compiled->predict = lower_schedule(&run, predict, layout, compiled->predict_batch);
    run.observe = NULL; // it would see all twice
    Graph *single = lower_graph(&run, model, NULL, GRAPH_PREDICT);
    compiled->predict_one = lower_schedule(&run, single, layout, 0);
    return compiled;
}

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

static int64_t weight_bytes(const Graph *graph) {
    int64_t bytes = 0;
    for (int i = 0; i < graph->weights->parameters.count; i++)
        bytes += value_bytes(&graph->weights->parameters.items[i]->type);
    return bytes;
}

static int64_t optimizer_bytes(const Graph *graph) {
    int64_t bytes = 0;
    for (int i = 0; i < graph->slots.count; i++) bytes += value_bytes(&graph->slots.items[i]->type);
    return bytes;
}

GenSizes pipeline_sizes(const Compiled *compiled) {
    GenSizes sizes = {.weights = weight_bytes(compiled->predict->graph)};
    for (int i = 0; i < compiled->training_count; i++) {
        const Schedule *train = compiled->trainings[i].train;
        int64_t storage = 0, gradients = gradient_bytes(train, &storage);
        int64_t activations = train->arena_size * 4 - storage;
        int64_t optimizer = optimizer_bytes(train->graph);
        if (gradients > sizes.gradients) sizes.gradients = gradients;
        if (activations > sizes.activations) sizes.activations = activations;
        if (optimizer > sizes.optimizer) sizes.optimizer = optimizer;
    }
    if (compiled->training_count == 0) sizes.activations = compiled->predict->arena_size * 4;
    return sizes;
}

// ---- Memory.

enum { LARGEST_BITS = 47 }; // of an address on x86-64

// What a run of the program holds at once, in bytes.
static int64_t needed_bytes(const Compiled *compiled) {
    int64_t most = compiled->predict->arena_size;
    for (int i = 0; i < compiled->training_count; i++) {
        const CompiledTraining *training = &compiled->trainings[i];
        int64_t floats = training->train->arena_size + training->evaluate->arena_size +
                         training->train->layout->slots_size;
        if (floats > most) most = floats;
    }
    int64_t floats = most + compiled->layout->weights_size, bytes;
    return __builtin_mul_overflow(floats, (int64_t)sizeof(float), &bytes) ? INT64_MAX : bytes;
}

static char *gigabytes(Arena *arena, int64_t bytes) {
    return arena_format(arena, "%.1f GB", (double)bytes * 1e-9);
}

bool pipeline_fits(const Compiled *compiled, const GenOptions *options, DiagSink *sink) {
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
    const Model *model = compiled->model;
    Diag *diag =
        diag_report(sink, DIAG_E0205, model->span, "`%s` needs %s of memory, but %s %s",
                    model->name, gigabytes(arena, needed), owner, gigabytes(arena, available));
    diag_label(diag, "too large");
    diag_note(diag, "the weights take %s; the rest is for training and grows with the batch",
              gigabytes(arena, compiled->layout->weights_size * (int64_t)sizeof(float)));
    if (is_native) diag_help(diag, "for a larger machine, name its processor: `--cpu=x86-64-v3`");
    return false;
}
