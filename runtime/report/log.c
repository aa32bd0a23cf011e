#include "log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(nnrt_log *log, const char *prefix, const char *name, double value) {
    if (log->count == NNRT_LOG_VALUES) return;
    snprintf(log->values[log->count].name, NNRT_LOG_NAME, "%s%s", prefix, name);
    log->values[log->count++].value = value;
}

static void add_metrics(nnrt_log *log, const char *prefix, const char *label,
                        const nnrt_metrics *metrics) {
    char name[NNRT_LOG_NAME];
    for (int64_t i = 0; i < nnrt_metrics_count(metrics); i++) {
        snprintf(name, sizeof name, "%s%s%s", label ? label : "", label ? "_" : "",
                 nnrt_metrics_name(metrics, i));
        add(log, prefix, name, nnrt_metrics_value(metrics, i));
    }
}

static void add_step(nnrt_log *log, const char *prefix, const nnrt_train_step *step,
                     const nnrt_pass *pass, int64_t first, int has_loss) {
    char name[NNRT_LOG_NAME];
    snprintf(name, sizeof name, "%s_loss", step->name);
    if (has_loss) add(log, prefix, name, pass ? nnrt_pass_mean(pass, first) : 0);
    for (int64_t i = 0; i < step->report_count; i++)
        add(log, prefix, step->reports[i], pass ? nnrt_pass_mean(pass, first + 1 + i) : 0);
}

void nnrt_log_add(nnrt_log *log, const char *prefix, const nnrt_training *training,
                  const nnrt_pass *pass, const nnrt_output_metrics *metrics) {
    int64_t first = 0;
    add(log, prefix, "loss", pass ? nnrt_pass_loss(pass) : 0);
    for (int64_t i = 0; i < training->step_count; i++) {
        const nnrt_train_step *step = &training->steps[i];
        add_step(log, prefix, step, pass, first, training->step_count > 1);
        first += 1 + step->report_count;
    }
    for (int64_t i = 0; metrics && i < metrics->count; i++)
        add_metrics(log, prefix, training->losses[i].label, metrics->items[i]);
}

void nnrt_log_put(nnrt_log *log, const char *name, double value) {
    add(log, "", name, value);
}

double nnrt_log_value(const nnrt_log *log, const char *name) {
    for (int64_t i = 0; i < log->count; i++)
        if (strcmp(log->values[i].name, name) == 0) return log->values[i].value;
    return NAN;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(((const nnrt_log_entry *)a)->name, ((const nnrt_log_entry *)b)->name);
}

void nnrt_log_sort(nnrt_log *log) {
    qsort(log->values, (size_t)log->count, sizeof *log->values, compare_names);
}

int nnrt_log_text(const nnrt_log *log, char *text, int size) {
    int used = 0;
    text[0] = 0;
    for (int64_t i = 0; i < log->count && used < size; i++) {
        double value = log->values[i].value;
        const char *format = fabs(value) > 1e-3 ? " - %s: %.4f" : " - %s: %.4e";
        used += snprintf(text + used, (size_t)(size - used), format, log->values[i].name, value);
    }
    return used < size ? used : size - 1;
}

void nnrt_log_json(const nnrt_log *log, nnrt_json *json) {
    for (int64_t i = 0; i < log->count; i++)
        nnrt_json_number(json, log->values[i].name, log->values[i].value);
}
