// The values of an epoch by name, as Keras's `logs`: loss, the metrics, then the same with "val_".
#ifndef NNRT_LOG_H
#define NNRT_LOG_H

#include "json.h"
#include "metric.h"

enum { NNRT_LOG_VALUES = 64, NNRT_LOG_NAME = 64 };

typedef struct nnrt_log {
    int64_t count;
    struct {
        char name[NNRT_LOG_NAME];
        double value;
    } values[NNRT_LOG_VALUES];
} nnrt_log;

// Appends the loss and the metrics (NULL: none) under `prefix` ("", "val_").
void nnrt_log_add(nnrt_log *log, const char *prefix, double loss, const nnrt_metrics *metrics);

// " - loss: 0.5432 - accuracy: 0.8123"; Keras's formats. Returns the length.
int nnrt_log_text(const nnrt_log *log, char *text, int size);

// Each value as a member of the open object.
void nnrt_log_json(const nnrt_log *log, nnrt_json *json);

#endif
