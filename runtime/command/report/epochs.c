#include "epochs.h"

#include "../../formats/text/json_text.h"
#include "../../session/callback.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double *read_list(const json_t *list, int64_t count) {
    double *values = malloc((size_t)(count + 1) * sizeof *values);
    for (int64_t i = 0; values && i < count; i++) {
        const json_t *value = json_array_get(list, (size_t)i);
        values[i] = json_is_number(value) ? json_number_value(value) : (double)NAN;
    }
    return values;
}

static int is_series(const char *name, const json_t *list, int64_t count) {
    return strcmp(name, "epoch") != 0 && (int64_t)json_array_size(list) == count;
}

static nnrt_status read_all(nnrt_epochs *epochs, json_t *history) {
    const char *name;
    json_t *list;
    size_t names = json_object_size(history) + 1;
    epochs->numbers = read_list(json_object_get(history, "epoch"), epochs->count);
    epochs->names = calloc(names, sizeof *epochs->names);
    epochs->values = calloc(names, sizeof *epochs->values);
    if (!epochs->numbers || !epochs->names || !epochs->values)
        return nnrt_fail_memory("the values of the epochs", 0);
    json_object_foreach(history, name, list) {
        if (!is_series(name, list, epochs->count)) continue;
        int64_t i = epochs->name_count++;
        epochs->names[i] = strdup(name);
        epochs->values[i] = read_list(list, epochs->count);
        if (!epochs->names[i] || !epochs->values[i])
            return nnrt_fail_memory("the values of the epochs", 0);
    }
    return NNRT_OK;
}

const double *nnrt_epochs_values(const nnrt_epochs *epochs, const char *name) {
    for (int64_t i = 0; i < epochs->name_count; i++)
        if (strcmp(epochs->names[i], name) == 0) return epochs->values[i];
    return NULL;
}

static const char *choose_judge(const nnrt_epochs *epochs, const nnrt_training *training,
                                int *is_max) {
    *is_max = 0;
    for (int64_t i = 0; training && i < training->callback_count; i++) {
        const char *name = nnrt_callback_monitored(&training->callbacks[i]);
        if (!name || !nnrt_epochs_values(epochs, name)) continue;
        *is_max = nnrt_callback_is_max(&training->callbacks[i]);
        return name;
    }
    return nnrt_epochs_values(epochs, "val_loss") ? "val_loss" : "loss";
}

static nnrt_status judge(nnrt_epochs *epochs, const nnrt_training *training) {
    int is_max;
    const char *name = choose_judge(epochs, training, &is_max);
    const double *values = nnrt_epochs_values(epochs, name);
    for (int64_t i = 0; values && i < epochs->count; i++) {
        double before = epochs->best < 0 ? (double)NAN : values[epochs->best];
        int is_better = is_max ? values[i] > before : values[i] < before;
        if (!isnan(values[i]) && (isnan(before) || is_better)) epochs->best = i;
    }
    if (epochs->best < 0) return NNRT_OK;
    epochs->judge = strdup(name);
    return epochs->judge ? NNRT_OK : nnrt_fail_memory("the values of the epochs", 0);
}

nnrt_status nnrt_epochs_read(nnrt_epochs *epochs, const char *text, const nnrt_training *training) {
    int lacks_memory = 0;
    json_t *history =
        text ? nnrt_json_load("the history", text, strlen(text), NULL, &lacks_memory) : NULL;
    *epochs = (nnrt_epochs){.best = -1};
    if (lacks_memory) return NNRT_ERROR;
    epochs->count = (int64_t)json_array_size(json_object_get(history, "epoch"));
    nnrt_status status = epochs->count ? read_all(epochs, history) : NNRT_OK;
    json_decref(history);
    if (!status && epochs->count) status = judge(epochs, training);
    return status;
}

void nnrt_epochs_free(nnrt_epochs *epochs) {
    for (int64_t i = 0; i < epochs->name_count; i++) {
        free(epochs->names[i]);
        free(epochs->values[i]);
    }
    free(epochs->numbers);
    free(epochs->names);
    free(epochs->values);
    free(epochs->judge);
    *epochs = (nnrt_epochs){.best = -1};
}
