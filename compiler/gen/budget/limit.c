// `--max-memory`: the fastest of the plans that fit. Each plan takes less memory than the one
// before, and gives the same bits: what is summed, and in which order, is the same in all of them.
#include "budget.h"

static const Economy economies[] = {
    {0},
    {.separates = true},
    {.separates = true, .segments = 8, .keeps_products = true},
    {.separates = true, .segments = 4},
    {.separates = true, .segments = 8},
    {.separates = true, .segments = 16},
    {.separates = true, .segments = 32},
};
enum { ECONOMIES = sizeof economies / sizeof *economies };

// Of the trainings; 0: none is compiled.
static int64_t largest_peak(const Compiled *compiled) {
    int64_t most = 0;
    for (int i = 0; i < compiled->training_count; i++) {
        int64_t peak = budget_memory(compiled, &compiled->trainings[i]).peak;
        if (peak > most) most = peak;
    }
    return most;
}

// The program with each of the economies in all functions, as far as they are needed.
typedef struct Trials {
    Arena *arena;
    const Program *program;
    const Target *target;
    const GenOptions *options;
    int functions;
    int64_t scratch; // floats of each worker, which kernels ask for: in all plans about the same
    Compiled *compiled[ECONOMIES];
} Trials;

static Compiled *compile(const Trials *t, const MemoryPlan *plan) {
    Compiled *compiled =
        pipeline_run(t->arena, t->program, t->target, t->options, plan, NULL, NULL);
    compiled->scratch_floats = t->scratch;
    return compiled;
}

static void try_economy(Trials *t, int number) {
    Economy *all = ARENA_ARRAY(t->arena, Economy, t->functions + 1);
    for (int i = 0; i < t->functions; i++) all[i] = economies[number];
    t->compiled[number] = compile(t, &(MemoryPlan){false, all, t->functions});
}

static const Schedule *schedule_of(const Trials *t, int economy, int function) {
    return t->compiled[economy]->functions.items[function]->lowering.schedule;
}

// Of the first `count`, the one that takes least in the function, and gives its bits.
static Economy best_economy(const Trials *t, int count, int function) {
    int best = 0;
    for (int i = 1; i < count; i++)
        if (schedule_of(t, i, function)->arena_size < schedule_of(t, best, function)->arena_size &&
            budget_keeps_bits(schedule_of(t, 0, function), schedule_of(t, i, function)))
            best = i;
    return economies[best];
}

static MemoryPlan plan_with(const Trials *t, int count) {
    Economy *functions = ARENA_ARRAY(t->arena, Economy, t->functions + 1);
    for (int i = 0; i < t->functions; i++) functions[i] = best_economy(t, count, i);
    return (MemoryPlan){true, functions, t->functions};
}

// False: none is needed.
static bool find_plan(Trials *t, MemoryPlan *plan) {
    t->compiled[0] = compile(t, NULL);
    t->functions = t->compiled[0]->functions.count;
    t->scratch = object_scratch(t->arena, t->target, t->compiled[0]);
    t->compiled[0]->scratch_floats = t->scratch;
    if (largest_peak(t->compiled[0]) <= t->options->max_memory) return false;
    for (int count = 1; count <= ECONOMIES; count++) {
        if (count > 1) try_economy(t, count - 1);
        *plan = plan_with(t, count);
        if (largest_peak(compile(t, plan)) <= t->options->max_memory) break;
    }
    return true;
}

Compiled *budget_compile(Arena *arena, const Program *program, const Target *target,
                         const GenOptions *options, PassObserver *observe, void *state) {
    Trials trials = {arena, program, target, options, 0, 0, {NULL}};
    MemoryPlan plan;
    bool is_limited = options->max_memory && find_plan(&trials, &plan);
    Compiled *compiled =
        pipeline_run(arena, program, target, options, is_limited ? &plan : NULL, observe, state);
    compiled->scratch_floats = trials.scratch;
    return compiled;
}

static char *megabytes(Arena *arena, int64_t bytes) {
    return arena_format(arena, "%.1f MB", (double)bytes * 1e-6 + 0.05); // never less than it is
}

// The training that takes most.
static const CompiledTraining *largest_training(const Compiled *compiled) {
    const CompiledTraining *largest = compiled->trainings;
    for (int i = 1; i < compiled->training_count; i++)
        if (budget_memory(compiled, &compiled->trainings[i]).peak >
            budget_memory(compiled, largest).peak)
            largest = &compiled->trainings[i];
    return largest;
}

// Points that are made up, say, lie in no file.
static bool may_stay_on_disk(const Dataset *dataset) {
    return dataset && schema_arg_index(dataset->stages.items[0].schema, "memory") >= 0;
}

bool budget_keeps_limit(const Compiled *compiled, const GenOptions *options, DiagSink *sink) {
    if (!options->max_memory || largest_peak(compiled) <= options->max_memory) return true;
    const CompiledTraining *training = largest_training(compiled);
    Arena *arena = compiled->program->arena;
    GenMemory memory = budget_memory(compiled, training);
    Diag *diag =
        diag_report(sink, DIAG_E0205, training->training->span,
                    "this training needs %s of memory at least, and --max-memory allows %s",
                    megabytes(arena, memory.peak),
                    options->max_memory < 50000
                        ? arena_format(arena, "%lld bytes", (long long)options->max_memory)
                        : arena_format(arena, "%.1f MB", (double)options->max_memory * 1e-6));
    diag_label(diag, "too large");
    diag_note(diag, "data %s, weights and optimizer state %s, activations and gradients %s",
              megabytes(arena, memory.data + memory.window),
              megabytes(arena, memory.weights + memory.optimizer), megabytes(arena, memory.steps));
    if (memory.data > memory.peak / 8 && may_stay_on_disk(training->training->dataset))
        diag_help(diag, "`memory = none` in the data set's source leaves the data on the disk");
    if (memory.steps > memory.peak / 8)
        diag_help(diag,
                  "a smaller `batch` takes less, and trains otherwise; this one has %lld samples",
                  (long long)training->training->batch);
    return false;
}
