// The table of passes and their run; see passes.h.
#include "passes.h"

#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void run_loss(Lowering *lowering) {
    pass_attach_loss(lowering->graph, lowering->step);
}

static void run_expand(Lowering *lowering) {
    pass_expand(lowering->graph);
}

static void run_hoist(Lowering *lowering) {
    pass_hoist(lowering->graph);
}

static void run_simplify(Lowering *lowering) {
    pass_simplify(lowering->graph);
}

static void run_tables(Lowering *lowering) {
    int64_t times = lowering->graph->repeats ? TABLES_RUNS : lowering->batch;
    pass_multiply_tables(lowering->graph, times, TABLES_LEAST_SAVED);
}

// One sample's products in bfloat16 would wait for memory, unless the weights, rounded once, are
// read again and again.
static void run_precision(Lowering *lowering) {
    bool pays = lowering->batch || lowering->graph->repeats;
    if (lowering->quantizing == QUANTIZE_MEASURE)
        pass_measure_operands(lowering->graph, lowering->operands, lowering->arena);
    else if (lowering->quantizing == QUANTIZE_PRODUCTS)
        pass_quantize_products(lowering->graph, lowering->operands);
    else if (lowering->precision == PRECISION_BFLOAT16 && pays)
        pass_round_products(lowering->graph);
}

static void run_update(Lowering *lowering) {
    pass_update(lowering->graph, lowering->step);
}

static void run_update_from(Lowering *lowering) {
    pass_update_from(lowering->graph, lowering->batches, lowering->step);
}

static void run_simplify_update(Lowering *lowering) {
    pass_expand(lowering->graph);
    pass_hoist(lowering->graph);
    pass_simplify(lowering->graph);
}

static void run_load(Lowering *lowering) {
    pass_load_inputs(lowering->graph, lowering->layout);
    pass_lay_out_weights(lowering->graph, lowering->layout, lowering->batch);
}

static void run_recompute(Lowering *lowering) {
    pass_recompute(lowering->graph, lowering->economy);
}

static void run_fuse(Lowering *lowering) {
    lowering->graph->spares_memory = lowering->economy.separates && lowering->batch > 0;
    lowering->schedule =
        lowering->batch
            ? pass_fuse(lowering->graph, lowering->arena, lowering->layout, lowering->batch)
            : pass_fuse_single(lowering->graph, lowering->arena, lowering->layout);
    pass_schedule(lowering->schedule);
}

static void run_plan(Lowering *lowering) {
    pass_windows(lowering->schedule, 0);
    pass_plan(lowering->schedule, lowering->arena);
}

enum {
    TRAIN = 1 << GRAPH_TRAIN,
    STEPS = TRAIN | 1 << GRAPH_EVALUATE,
    SAMPLES = STEPS | 1 << GRAPH_PREDICT,
    UPDATE = 1 << GRAPH_UPDATE,
    ALL = SAMPLES | UPDATE
};

const Pass pass_rows[] = {
    {"loss", "means of the terms over the batch, their sum, penalties of regularizers", STEPS, 0,
     FACT_LOSS, run_loss},
    {"expand", "layers and losses become primitive operators", SAMPLES, 0, FACT_PRIMITIVE,
     run_expand},
    {"hoist", "what is the same in all steps, or for all of them at once, leaves their loop",
     SAMPLES, FACT_PRIMITIVE, 0, run_hoist},
    {"simplify", "constants folded, equal nodes merged, dead ones removed", SAMPLES, FACT_PRIMITIVE,
     0, run_simplify},
    {"tables", "products of a small table's rows become rows of the table's product", SAMPLES,
     FACT_PRIMITIVE, 0, run_tables},
    {"precision", "products round or quantize their operands, where that is asked for", SAMPLES,
     FACT_PRIMITIVE, 0, run_precision},
    {"grad", "gradients, clipping, regularization, the optimizer, constraints", TRAIN,
     FACT_LOSS | FACT_PRIMITIVE, FACT_UPDATES, run_update},
    {"update", "the same behind gradients that several batches added up", UPDATE, 0,
     FACT_PRIMITIVE | FACT_UPDATES, run_update_from},
    {"simplify-grad", "the same for what gradients and optimizer brought", TRAIN | UPDATE,
     FACT_UPDATES, 0, run_simplify_update},
    {"load", "data columns and kernels in the order in which products read them", ALL,
     FACT_PRIMITIVE | FACT_LAYOUT, 0, run_load},
    {"recompute", "what gradients read again instead of what is kept, where memory is limited", ALL,
     FACT_PRIMITIVE | FACT_LAYOUT, 0, run_recompute},
    {"fuse", "groups of nodes that become one loop nest or kernel, in order", ALL,
     FACT_PRIMITIVE | FACT_LAYOUT, FACT_GROUPS, run_fuse},
    {"plan", "places of values in memory", ALL, FACT_GROUPS, FACT_PLAN, run_plan},
    {0},
};

bool passes_verify_by_default(void) {
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
    const char *wanted = getenv("NNC_VERIFY");
    return wanted && *wanted == '1';
#else
    return true;
#endif
}

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

Lowering lowering_begin(Arena *arena, const Graph *forward, const TrainStep *step, GraphMode mode) {
    Graph *graph = graph_clone(forward, arena, mode);
    if (mode == GRAPH_PREDICT) graph->results.count = 0;
    return (Lowering){
        .arena = arena, .graph = graph, .step = step, .verifies = passes_verify_by_default()};
}

static void verify(const Lowering *lowering, const Pass *pass) {
    const Schedule *schedule = lowering->schedule;
    graph_verify(lowering->graph, pass->name);
    if (schedule) schedule_verify(schedule);
    if (lowering->facts & FACT_PLAN) schedule_verify_plan(schedule);
}

static void run_pass(Lowering *lowering, const Pass *pass) {
    double started = seconds_now();
    pass->run(lowering);
    lowering->facts |= pass->provides;
    if (lowering->tells_time)
        fprintf(stderr, "%10.3f ms  %s (%s)\n", 1e3 * (seconds_now() - started), pass->name,
                graph_mode_name(lowering->graph->mode));
    if (lowering->verifies) verify(lowering, pass);
    if (lowering->observe)
        lowering->observe(lowering->observer_state, pass->name, lowering->graph,
                          lowering->schedule);
}

void passes_run_rows(Lowering *lowering, const Pass *rows, const char *last) {
    if (lowering->layout) lowering->facts |= FACT_LAYOUT;
    for (; rows[lowering->next].name; lowering->next++) {
        const Pass *pass = &rows[lowering->next];
        bool runs = pass->modes & 1u << lowering->graph->mode;
        if (runs && (pass->needs & ~lowering->facts)) return;
        if (runs) run_pass(lowering, pass);
        if (!last || strcmp(pass->name, last) != 0) continue;
        lowering->next++;
        return;
    }
}

void passes_run(Lowering *lowering, const char *last) {
    passes_run_rows(lowering, pass_rows, last);
}
