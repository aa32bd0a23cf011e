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

void nnrt_log_add(nnrt_log *log, const char *prefix, double loss, const nnrt_metrics *metrics) {
    add(log, prefix, "loss", loss);
    for (int64_t i = 0; i < nnrt_metrics_count(metrics); i++)
        add(log, prefix, nnrt_metrics_name(metrics, i), nnrt_metrics_value(metrics, i));
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
