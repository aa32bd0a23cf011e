#include "history.h"

#include "../formats/text/json_text.h"
#include "../session/callback.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

// ---- Names.

static int64_t find_name(const nnrt_log *names, const char *name) {
    int64_t i = 0;
    while (i < names->count && strcmp(names->values[i].name, name) != 0) i++;
    return i;
}

static void add_names(nnrt_log *names, const nnrt_log *log) {
    for (int64_t i = 0; i < log->count; i++)
        if (find_name(names, log->values[i].name) == names->count)
            nnrt_log_put(names, log->values[i].name, 0);
}

// Those of one training block's epochs, as `fit` makes them.
static nnrt_status add_training(nnrt_log *names, const nnrt_session *session,
                                const nnrt_training *training) {
    nnrt_log log = {0};
    nnrt_output_metrics metrics;
    nnrt_status status =
        nnrt_output_metrics_open(&metrics, session, training, &training->steps[0].train, 1);
    if (status) return status;
    nnrt_log_add(&log, "", training, NULL, &metrics);
    if (nnrt_session_has_validation(session, training))
        nnrt_log_add(&log, "val_", training, NULL, &metrics);
    nnrt_output_metrics_free(&metrics);
    for (int64_t i = 0; i < training->callback_count; i++)
        if (nnrt_callback_row_of(&training->callbacks[i])->lowers_rate)
            nnrt_log_put(&log, "learning_rate", 0);
    add_names(names, &log);
    return NNRT_OK;
}

static void sort_names(nnrt_history *history) {
    history->sorted = history->names;
    for (int64_t i = 0; i < history->sorted.count; i++)
        history->sorted.values[i].value = (double)i; // its place
    nnrt_log_sort(&history->sorted);
}

// The system gives what is used.
static nnrt_status take_all(nnrt_history *history) {
    size_t row = (size_t)history->names.count * sizeof *history->values;
    history->values = malloc(NNRT_HISTORY_EPOCHS * row);
    history->capacity = history->values ? NNRT_HISTORY_EPOCHS : 0;
    if (history->values) return NNRT_OK;
    return nnrt_fail_memory("the values of the epochs", NNRT_HISTORY_EPOCHS * row);
}

static nnrt_status write_names(nnrt_history *history) {
    size_t bytes = 1;
    for (int64_t i = 0; i < history->names.count; i++)
        bytes += strlen(history->names.values[i].name) + 1;
    char *text = malloc(bytes);
    if (!text) return nnrt_fail_memory("the names of values", bytes);
    history->names_text = text;
    for (int64_t i = 0; i < history->names.count; i++)
        text += sprintf(text, "%s\n", history->names.values[i].name);
    history->names_bytes = text - history->names_text;
    return NNRT_OK;
}

static nnrt_status open_kept(nnrt_history *history) {
    size_t row = (size_t)(history->names.count + 1) * sizeof *history->kept;
    history->every = 1;
    history->kept = calloc(NNRT_HISTORY_KEPT + 1, row);
    return history->kept ? NNRT_OK
                         : nnrt_fail_memory("the values of the epochs", NNRT_HISTORY_KEPT * row);
}

nnrt_status nnrt_history_open(nnrt_history *history, const nnrt_session *session, const char *path,
                              int is_held, int is_all) {
    const nnrt_program *program = session->program;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < program->training_count && !status; i++)
        status = add_training(&history->names, session, &program->trainings[i]);
    sort_names(history);
    history->is_held = is_held;
    if (!status) status = write_names(history);
    if (!status) status = open_kept(history);
    if (!status && is_all) status = take_all(history);
    if (status || !path) return status;
    history->file = nnrt_file_create(path);
    if (!history->file) return NNRT_ERROR;
    nnrt_file_print(history->file, "epoch");
    for (int64_t i = 0; i < history->sorted.count; i++)
        nnrt_file_print(history->file, ",%s", history->sorted.values[i].name);
    nnrt_file_print(history->file, "\n");
    return nnrt_file_flush(history->file);
}

// ---- Epochs.

// A row of the ring; NULL: no memory.
static double *take_row(nnrt_history *history) {
    if (history->count == history->capacity && history->capacity < NNRT_HISTORY_EPOCHS) {
        int64_t capacity = history->capacity ? history->capacity * 2 : FIRST_CAPACITY;
        size_t size = (size_t)capacity * (size_t)history->names.count * sizeof *history->values;
        double *values = realloc(history->values, size);
        if (!values) return NULL;
        history->values = values;
        history->capacity = capacity;
    }
    return history->values + history->count % history->capacity * history->names.count;
}

static void write_epoch(const nnrt_history *history, int64_t epoch, const double *values) {
    nnrt_file_print(history->file, "%" PRId64, epoch + 1);
    for (int64_t i = 0; i < history->sorted.count; i++) {
        char text[NNRT_JSON_NUMBER] = "NA"; // Keras's word for a missing one
        double value = values[(int64_t)history->sorted.values[i].value];
        if (!isnan(value)) nnrt_number_text(text, value);
        nnrt_file_print(history->file, ",%s", text);
    }
    nnrt_file_print(history->file, "\n");
}

static double *kept_row(const nnrt_history *history, int64_t row) {
    return history->kept + row * history->names.count;
}

// Every second row goes.
static void thin_out(nnrt_history *history) {
    size_t bytes = (size_t)history->names.count * sizeof *history->kept;
    for (int64_t i = 1; i < NNRT_HISTORY_KEPT / 2; i++)
        memcpy(kept_row(history, i), kept_row(history, 2 * i), bytes);
    history->kept_count = NNRT_HISTORY_KEPT / 2;
    history->every *= 2;
}

static void keep_epoch(nnrt_history *history, const double *values) {
    if (history->kept_count == NNRT_HISTORY_KEPT) thin_out(history);
    memcpy(kept_row(history, history->kept_count), values,
           (size_t)history->names.count * sizeof *values);
    history->kept_rows = history->kept_count + 1;
    history->kept_count += history->count % history->every == 0;
}

nnrt_status nnrt_history_add(nnrt_history *history, const nnrt_log *log) {
    double values[NNRT_LOG_VALUES];
    for (int64_t i = 0; i < NNRT_LOG_VALUES; i++) values[i] = NAN;
    for (int64_t i = 0; i < log->count; i++) {
        int64_t place = find_name(&history->names, log->values[i].name);
        if (place < history->names.count) values[place] = log->values[i].value;
    }
    if (history->file) write_epoch(history, history->count, values);
    keep_epoch(history, values);
    if (history->is_held) {
        double *row = take_row(history);
        if (!row)
            return nnrt_fail_memory("the values of the epochs",
                                    (size_t)history->capacity * 2 * sizeof values);
        memcpy(row, values, (size_t)history->names.count * sizeof *values);
    }
    history->count++;
    history->rows = history->count < history->capacity ? history->count : history->capacity;
    return NNRT_OK;
}

void nnrt_history_state(nnrt_history *history, nnrt_state *state) {
    size_t outside = nnrt_state_enter(state, "history");
    int may_be_missing = state->may_be_missing;
    state->may_be_missing = 1; // where an older version wrote it
    nnrt_state_numbers(state, "names", NNRT_STATE_U8, history->names_text, history->names_bytes, 1,
                       NULL);
    state->may_be_missing = may_be_missing;
    nnrt_state_integer(state, "epochs", &history->count);
    nnrt_state_numbers(state, "values", NNRT_STATE_F64, history->values, history->capacity,
                       history->names.count, &history->rows);
    nnrt_state_integer(state, "kept", &history->kept_count);
    nnrt_state_integer(state, "every", &history->every);
    nnrt_state_numbers(state, "sample", NNRT_STATE_F64, history->kept, NNRT_HISTORY_KEPT + 1,
                       history->names.count, &history->kept_rows);
    nnrt_state_leave(state, outside);
}

nnrt_status nnrt_history_restored(nnrt_history *history) {
    int64_t held = history->count < history->capacity ? history->count : history->capacity;
    int64_t last = history->kept_rows - history->kept_count;
    int is_kept = history->kept_count >= 0 && history->kept_count <= NNRT_HISTORY_KEPT &&
                  history->every >= 1 && (last == 0 || last == 1);
    if (history->rows != held || !is_kept)
        return nnrt_fail(NNRT_ERROR, "the history of the checkpoint is not whole");
    for (int64_t i = nnrt_history_first(history); history->file && i < history->count; i++)
        write_epoch(history, i, history->values + i % history->capacity * history->names.count);
    return NNRT_OK;
}

// ---- From a checkpoint of a program with other values.

// The names in it; NULL: they are not told, or there is no memory. To be freed.
static char *names_in(const nnrt_safetensors *file) {
    const nnrt_tensor *names = nnrt_safetensors_find(file, NNRT_STATE_PREFIX "history/names");
    char *text = names ? calloc(1, (size_t)(names->end - names->begin) + 1) : NULL;
    if (text && !nnrt_safetensors_read_bytes(file, names, 0, names->end - names->begin, 1, text))
        return text;
    free(text);
    return NULL;
}

int nnrt_history_differs(const nnrt_history *history, const nnrt_safetensors *file) {
    char *names = names_in(file);
    int differs = names && strcmp(names, history->names_text) != 0;
    free(names);
    return differs;
}

// Where the values of its columns go, -1: nowhere; returns how many they are.
static int64_t find_places(const nnrt_history *history, char *names,
                           int64_t places[NNRT_LOG_VALUES]) {
    int64_t count = 0;
    char *rest;
    for (char *name = strtok_r(names, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
        if (count == NNRT_LOG_VALUES) return -1;
        int64_t place = find_name(&history->names, name);
        places[count++] = place < history->names.count ? place : -1;
    }
    return count;
}

typedef struct columns {
    int64_t places[NNRT_LOG_VALUES], count;
} columns;

static nnrt_status take_rows(const nnrt_history *history, const nnrt_safetensors *file,
                             const columns *c, const char *name, int64_t most, double *values,
                             int64_t *rows) {
    double row[NNRT_LOG_VALUES];
    const nnrt_tensor *tensor = nnrt_safetensors_find(file, name);
    nnrt_status status = NNRT_OK;
    if (!tensor || strcmp(tensor->dtype, "F64") != 0 || tensor->rank != 2 ||
        tensor->shape[1] != c->count || tensor->shape[0] > most)
        return nnrt_fail(NNRT_ERROR, "the history of the checkpoint is not whole");
    int64_t bytes = c->count * (int64_t)sizeof *row;
    for (int64_t i = 0; i < tensor->shape[0] && !status; i++, values += history->names.count) {
        status = nnrt_safetensors_read_bytes(file, tensor, i * bytes, bytes, sizeof *row, row);
        for (int64_t k = 0; k < history->names.count; k++) values[k] = NAN;
        for (int64_t k = 0; k < c->count; k++)
            if (c->places[k] >= 0) values[c->places[k]] = row[k];
    }
    *rows = tensor->shape[0];
    return status;
}

nnrt_status nnrt_history_take(nnrt_history *history, const nnrt_safetensors *file) {
    columns c;
    char *names = names_in(file);
    if (!names) return nnrt_fail(NNRT_ERROR, "the history of the checkpoint is not whole");
    c.count = find_places(history, names, c.places);
    free(names);
    nnrt_status status = take_rows(history, file, &c, NNRT_STATE_PREFIX "history/values",
                                   history->capacity, history->values, &history->rows);
    return status ? status
                  : take_rows(history, file, &c, NNRT_STATE_PREFIX "history/sample",
                              NNRT_HISTORY_KEPT + 1, history->kept, &history->kept_rows);
}

int64_t nnrt_history_first(const nnrt_history *history) {
    return history->count > history->capacity ? history->count - history->capacity : 0;
}

double nnrt_history_value(const nnrt_history *history, int64_t epoch, int64_t name) {
    return history->values[epoch % history->capacity * history->names.count + name];
}

// ---- In the weights file.

typedef struct telling {
    const nnrt_history *history;
    json_t *before;             // an object of lists; NULL: none
    int64_t older, held, every; // epochs before; of the history; one in so many is told
} telling;

static int64_t list_size(const json_t *object, const char *name) {
    return (int64_t)json_array_size(json_object_get(object, name));
}

static double older_value(const telling *t, const char *name, int64_t i) {
    const json_t *value = json_array_get(json_object_get(t->before, name), (size_t)i);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static int is_told(const telling *t, int64_t i) {
    return (t->older + t->held - 1 - i) % t->every == 0;
}

// `place`: of the name in the history; -1: only those before have it.
static void put_values(const telling *t, nnrt_json *json, const char *name, int64_t place) {
    nnrt_json_open(json, name, '[');
    for (int64_t i = 0; i < t->older; i++)
        if (is_told(t, i)) nnrt_json_number(json, NULL, older_value(t, name, i));
    for (int64_t i = 0; i < t->held; i++)
        if (is_told(t, t->older + i))
            nnrt_json_number(json, NULL, place < 0 ? (double)NAN : kept_row(t->history, i)[place]);
    nnrt_json_close(json, ']');
}

// Of a kept row, from 0.
static int64_t epoch_of(const telling *t, int64_t row) {
    const nnrt_history *history = t->history;
    return row < history->kept_count ? row * history->every : history->count - 1;
}

static void put_epochs(const telling *t, nnrt_json *json, int64_t first) {
    nnrt_json_open(json, "epoch", '[');
    for (int64_t i = 0; i < t->older; i++)
        if (is_told(t, i)) nnrt_json_number(json, NULL, older_value(t, "epoch", i));
    for (int64_t i = 0; i < t->held; i++)
        if (is_told(t, t->older + i)) nnrt_json_integer(json, NULL, first + epoch_of(t, i));
    nnrt_json_close(json, ']');
}

static void put_all(const telling *t, nnrt_json *json, int64_t first) {
    const nnrt_log *names = &t->history->names;
    const char *name;
    json_t *values;
    nnrt_json_open(json, NULL, '{');
    put_epochs(t, json, first);
    for (int64_t i = 0; i < names->count; i++) put_values(t, json, names->values[i].name, i);
    json_object_foreach(t->before, name, values) {
        int is_known = strcmp(name, "epoch") == 0 || find_name(names, name) < names->count;
        if (!is_known && json_is_array(values)) put_values(t, json, name, -1);
    }
    nnrt_json_close(json, '}');
}

char *nnrt_history_text(const nnrt_history *history, const char *before, int64_t first) {
    nnrt_json json = {0};
    telling t = {.history = history, .every = 1};
    t.held = history->kept_rows;
    t.before = before ? nnrt_json_load("the history", before, strlen(before), NULL, NULL) : NULL;
    t.older = list_size(t.before, "epoch");
    while ((t.older + t.held) / t.every > NNRT_HISTORY_KEPT) t.every *= 2;
    put_all(&t, &json, first);
    json_decref(t.before);
    if (json.failed) nnrt_json_free(&json);
    return json.text;
}

nnrt_status nnrt_history_commit(nnrt_history *history) {
    nnrt_status status = history->file ? nnrt_file_commit(history->file) : NNRT_OK;
    history->file = NULL;
    return status;
}

void nnrt_history_free(nnrt_history *history) {
    nnrt_file_abandon(history->file);
    free(history->values);
    free(history->kept);
    free(history->names_text);
    memset(history, 0, sizeof *history);
}
