#include "cost.h"

#include "../../driver/output.h"
#include "../show/summary.h"

#include <inttypes.h>
#include <stdlib.h>

// ---- The head: a training as a whole.

static char *count_text(Arena *arena, double count) {
    return summary_count(arena, (int64_t)count);
}

static int64_t all_parameters(const Training *training) {
    int64_t count = 0;
    const Weights *weights = training->steps.items[0]->forward->weights;
    for (int i = 0; i < weights->parameters.count; i++)
        if (weights->parameters.items[i]->layer)
            count += type_elements(&weights->parameters.items[i]->type);
    return count;
}

static int64_t trained_parameters(const Training *training) {
    int64_t count = 0;
    for (int i = 0; i < training->models.count; i++)
        count += program_trainable(training, training->models.items[i]);
    return count;
}

static void put_title(Text *out, const GenCost *cost, const CostTotal *total) {
    const Training *training = cost->training;
    Arena *arena = out->arena;
    text_put(out, "Training of ");
    for (int i = 0; i < training->models.count; i++)
        text_format(out, "%s%s", i ? ", " : "", training->models.items[i]->name);
    if (training->dataset) text_format(out, " on %s", training->dataset->name);
    if (total->steps)
        text_format(out, ": %s epoch%s of %s steps of %s samples\n",
                    summary_count(arena, training->epochs), training->epochs == 1 ? "" : "s",
                    summary_count(arena, total->steps), summary_count(arena, total->batch));
    else
        text_format(out, ": steps of %s samples; how many is not known without the data\n",
                    summary_count(arena, total->batch));
}

static void put_amounts(Text *out, const char *name, double step, double epoch, bool is_known) {
    text_format(out, "%s: %s a step", name, count_text(out->arena, step));
    if (is_known) text_format(out, ", %s an epoch", count_text(out->arena, epoch));
    text_put(out, "\n");
}

static void put_memory(Text *out, const GenMemory *memory) {
    CostPart parts[COST_PARTS];
    cost_parts(memory, parts);
    if (!memory->is_known) {
        text_put(out, "Peak memory: not known without the data\n");
        return;
    }
    text_format(out, "Peak memory: %s bytes%s\n", summary_count(out->arena, memory->peak),
                summary_size(out->arena, memory->peak));
    for (int i = 0; i < COST_PARTS; i++)
        if (parts[i].bytes)
            text_format(out, "%18s  %s\n", summary_count(out->arena, parts[i].bytes),
                        parts[i].name);
}

// "1.23 ms", "4.5 s", "2 h 31 min"
static char *time_text(Arena *arena, double seconds) {
    if (seconds < 1e-3) return arena_format(arena, "%.1f us", seconds * 1e6);
    if (seconds < 1) return arena_format(arena, "%.2f ms", seconds * 1e3);
    if (seconds < 100) return arena_format(arena, "%.2f s", seconds);
    if (seconds < 6000) return arena_format(arena, "%.1f min", seconds / 60);
    return arena_format(arena, "%.1f h", seconds / 3600);
}

// What operations alone would take; what is read and written may lie in caches.
static void put_roofs(Text *out, const CostForecast *forecast, const CostTotal *total) {
    if (!(forecast->roof_flops > 0) || !(forecast->roof_bytes > 0)) return;
    text_format(out,
                "Roofs, measured: %.0f GFLOP/s, %.1f GB/s of memory: a step takes at least %s\n",
                1e-9 * forecast->roof_flops, 1e-9 * forecast->roof_bytes,
                time_text(out->arena, total->step.flops / forecast->roof_flops));
}

static void put_forecast(Text *out, const GenCost *cost, const CostForecast *forecast,
                         const CostTotal *total) {
    Arena *arena = out->arena;
    if (forecast->problem) text_format(out, "Forecast: none; %s\n", forecast->problem);
    if (!forecast->is_known) return;
    put_roofs(out, forecast, total);
    text_format(out, "Forecast, measured with %" PRId64 " thread%s%s: %s a step", forecast->threads,
                forecast->threads > 1 ? "s" : "", forecast->is_made_up ? " on made-up data" : "",
                time_text(arena, forecast->step));
    if (forecast->epoch > 0)
        text_format(out, ", %s an epoch, %s in all", time_text(arena, forecast->epoch),
                    time_text(arena, forecast->epoch * (double)cost->training->epochs));
    text_put(out, "\n");
}

static void put_head(Text *out, const GenCost *cost, const CostTotal *total) {
    put_title(out, cost, total);
    text_format(out, "Parameters: %s, %s of them trained\n",
                summary_count(out->arena, all_parameters(cost->training)),
                summary_count(out->arena, trained_parameters(cost->training)));
    put_amounts(out, "FLOP", total->step.flops, total->epoch.flops, total->steps > 0);
    put_amounts(out, "Bytes moved", total->step.bytes, total->epoch.bytes, total->steps > 0);
    put_memory(out, &cost->memory);
}

// ---- The table: the groups of a step.

typedef struct Row {
    const nnrt_group *group;
    int number;
    CostAmount amount;
} Row;

static int by_flops(const void *a, const void *b) {
    const Row *x = a, *y = b;
    if (x->amount.flops != y->amount.flops) return x->amount.flops < y->amount.flops ? 1 : -1;
    if (x->amount.bytes != y->amount.bytes) return x->amount.bytes < y->amount.bytes ? 1 : -1;
    return x->number - y->number;
}

static void put_groups(Text *out, const GenFunctionCost *function, double runs, double samples) {
    Row *rows = ARENA_ARRAY(out->arena, Row, function->group_count + 1);
    for (int i = 0; i < function->group_count; i++)
        rows[i] = (Row){&function->groups[i], i, cost_of_runs(&function->groups[i], runs, samples)};
    qsort(rows, (size_t)function->group_count, sizeof *rows, by_flops);
    for (int i = 0; i < function->group_count; i++) {
        const Row *row = &rows[i];
        if (row->amount.flops == 0 && row->amount.bytes == 0) continue;
        text_format(out, "%20s %18s ", count_text(out->arena, row->amount.flops),
                    count_text(out->arena, row->amount.bytes));
        if (row->group->line)
            text_format(out, "%5" PRId64 "  %s\n", row->group->line, row->group->name);
        else
            text_format(out, "%5s  %s\n", "-", row->group->name);
    }
}

static void put_step(Text *out, const GenCost *cost, const GenStepCost *own, int64_t batch) {
    const TrainStep *step = own->step;
    double repeat = (double)step->repeat;
    text_put(out, "\n");
    if (cost->step_count > 1) text_format(out, "step %s\n", step->name);
    text_format(out, "%20s %18s %5s  %s\n", "FLOP a step", "bytes a step", "line", "group");
    put_groups(out, &own->train, repeat, repeat * (double)batch);
    if (own->update.group_count) {
        text_format(out, "after every %" PRId64 " batches\n", step->accumulate);
        put_groups(out, &own->update, 1, 0);
    }
}

static void put_training(Text *out, const GenCost *cost, const CostForecast *forecast) {
    CostTotal total = cost_total(cost);
    put_head(out, cost, &total);
    put_forecast(out, cost, forecast, &total);
    for (int i = 0; i < cost->step_count; i++) put_step(out, cost, &cost->steps[i], total.batch);
}

bool cost_print(Session *session) {
    GenCosts costs;
    if (!session_needs_data(session)) return false;
    if (!gen_costs(session->program, &session->gen, &costs, session->sink)) return false;
    CostForecast *forecasts = ARENA_ARRAY(session->arena, CostForecast, costs.count + 1);
    bool ok = session->options->no_forecast || cost_forecast(session, &costs, forecasts);
    Text text = text_create(session->arena);
    if (session->options->json)
        cost_print_json(&text, &costs, forecasts);
    else if (!costs.count)
        text_format(&text, "`%s` is not trained\n", session->program->main->name);
    for (int i = 0; i < costs.count && !session->options->json; i++) {
        if (i) text_put(&text, "\n");
        put_training(&text, &costs.items[i], &forecasts[i]);
    }
    return output_write(NULL, &text, session->sink) && ok;
}
