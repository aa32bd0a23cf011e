// The values of an epoch by name, as Keras's `logs`: loss, the metrics, then the same with "val_".
#ifndef NNRT_LOG_H
#define NNRT_LOG_H

#include "../base/text/json.h"
#include "../metrics/output_metrics.h"
#include "../session/steps.h"

// A name is "val_", that of an output or a step, "_", and that of a loss, metric or block: as long
// as the language allows names to be.
enum { NNRT_LOG_VALUES = NNRT_MAX_VALUES, NNRT_LOG_NAME = 520, NNRT_LOG_TEXT = 1 << 14 };

typedef struct nnrt_log_entry {
    char name[NNRT_LOG_NAME];
    double value;
} nnrt_log_entry;

typedef struct nnrt_log {
    int64_t count;
    nnrt_log_entry values[NNRT_LOG_VALUES];
} nnrt_log;

// Appends the loss, what the steps report beside it, and the metrics (NULL: none) under `prefix`
// ("", "val_"). `pass` NULL: the names alone, with zeros. Of several steps, each has a loss of its
// own, "judge_loss", and the loss is their sum; of several outputs, each has metrics of its own,
// "digit_accuracy", as in Keras.
void nnrt_log_add(nnrt_log *log, const char *prefix, const nnrt_training *training,
                  const nnrt_pass *pass, const nnrt_output_metrics *metrics);

// Appends one value; a full log drops it.
void nnrt_log_put(nnrt_log *log, const char *name, double value);
double nnrt_log_value(const nnrt_log *log, const char *name); // NaN: there is none
void nnrt_log_sort(nnrt_log *log);                            // by name

// " - loss: 0.5432 - accuracy: 0.8123"; Keras's formats. Returns the length; NNRT_LOG_TEXT is room
// for what people write, beyond that it is cut.
int nnrt_log_text(const nnrt_log *log, char *text, int size);

// Each value as a member of the open object.
void nnrt_log_json(const nnrt_log *log, nnrt_json *json);

#endif
