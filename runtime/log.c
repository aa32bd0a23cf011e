#include "log.h"

#include <math.h>
#include <stdio.h>

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
