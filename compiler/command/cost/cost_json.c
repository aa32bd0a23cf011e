#include "cost.h"

#include <inttypes.h>

static void put_number(Text *out, const char *name, double value) {
    text_format(out, ", \"%s\": %.0f", name, value);
}

static void put_group(Text *out, const nnrt_group *group, const char *function, double runs,
                      double samples) {
    CostAmount amount = cost_of_runs(group, runs, samples);
    text_put(out, "{\"name\": ");
    text_json_string(out, group->name);
    text_put(out, ", \"function\": ");
    text_json_string(out, function);
    text_format(out, ", \"kind\": \"%s\", \"line\": ", group->kind);
    text_format(out, group->line ? "%" PRId64 : "null", group->line);
    put_number(out, "flops", amount.flops);
    put_number(out, "bytes", amount.bytes);
    text_put(out, "}");
}

static void put_groups(Text *out, const GenFunctionCost *function, const char *name, double runs,
                       double samples, const char **separator) {
    for (int i = 0; i < function->group_count; i++) {
        text_put(out, *separator);
        put_group(out, &function->groups[i], name, runs, samples);
        *separator = ", ";
    }
}

static void put_steps(Text *out, const GenCost *cost, int64_t batch) {
    text_put(out, ", \"steps\": [");
    for (int i = 0; i < cost->step_count; i++) {
        const GenStepCost *own = &cost->steps[i];
        double repeat = (double)own->step->repeat;
        const char *separator = "";
        text_format(out, "%s{\"name\": ", i ? ", " : "");
        text_json_string(out, own->step->name);
        text_put(out, ", \"groups\": [");
        put_groups(out, &own->train, "train", repeat, repeat * (double)batch, &separator);
        put_groups(out, &own->update, "update", 1, 0, &separator);
        text_put(out, "]}");
    }
    text_put(out, "]");
}

static void put_memory(Text *out, const GenMemory *memory) {
    CostPart parts[COST_PARTS];
    cost_parts(memory, parts);
    text_put(out, ", \"peak_bytes\": ");
    text_format(out, memory->is_known ? "%" PRId64 : "null", memory->peak);
    text_put(out, ", \"memory\": {");
    for (int i = 0; i < COST_PARTS; i++)
        text_format(out, "%s\"%s\": %" PRId64, i ? ", " : "", parts[i].key, parts[i].bytes);
    text_put(out, "}");
}

static void put_forecast(Text *out, const CostForecast *forecast) {
    if (forecast->problem) {
        text_put(out, ", \"forecast\": {\"how\": \"none\", \"why\": ");
        text_json_string(out, forecast->problem);
        text_put(out, "}");
    }
    if (!forecast->is_known) return;
    text_format(out,
                ", \"forecast\": {\"how\": \"measured\", \"data\": \"%s\", \"threads\": %" PRId64,
                forecast->is_made_up ? "made up" : "real", forecast->threads);
    text_format(out, ", \"step_seconds\": %.6g", forecast->step);
    if (forecast->epoch > 0)
        text_format(out, ", \"epoch_seconds\": %.6g, \"validation_seconds\": %.6g", forecast->epoch,
                    forecast->validation);
    text_format(out, ", \"roof_flops\": %.4g, \"roof_bytes\": %.4g}", forecast->roof_flops,
                forecast->roof_bytes);
}

static void put_training(Text *out, const GenCost *cost, const CostForecast *forecast) {
    CostTotal total = cost_total(cost);
    text_put(out, "{\"model\": ");
    text_json_string(out, cost->training->models.items[0]->name);
    text_format(out, ", \"batch\": %" PRId64 ", \"epochs\": %" PRId64, total.batch,
                cost->training->epochs);
    text_put(out, ", \"steps_an_epoch\": ");
    text_format(out, total.steps ? "%" PRId64 : "null", total.steps);
    put_number(out, "step_flops", total.step.flops);
    put_number(out, "step_bytes", total.step.bytes);
    if (total.steps) {
        put_number(out, "epoch_flops", total.epoch.flops);
        put_number(out, "epoch_bytes", total.epoch.bytes);
    }
    put_memory(out, &cost->memory);
    put_forecast(out, forecast);
    put_steps(out, cost, total.batch);
    text_put(out, "}");
}

void cost_print_json(Text *out, const GenCosts *costs, const CostForecast *forecasts) {
    text_put(out, "{\"trainings\": [");
    for (int i = 0; i < costs->count; i++) {
        if (i) text_put(out, ", ");
        put_training(out, &costs->items[i], &forecasts[i]);
    }
    text_put(out, "]}\n");
}
