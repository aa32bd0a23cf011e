#include "state.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_CAPACITY = 64, ALIGNMENT = 64 };

// ---- Types.

static const struct {
    const char *name;
    int64_t bytes;
} types[] = {[NNRT_STATE_F32] = {"F32", 4},
             [NNRT_STATE_F64] = {"F64", 8},
             [NNRT_STATE_I64] = {"I64", 8},
             [NNRT_STATE_U64] = {"U64", 8},
             [NNRT_STATE_U8] = {"U8", 1}};

const char *nnrt_state_type_name(nnrt_state_type type) {
    return types[type].name;
}

int64_t nnrt_state_type_bytes(nnrt_state_type type) {
    return types[type].bytes;
}

int64_t nnrt_state_elements(const nnrt_state_item *item) {
    int64_t count = 1;
    for (int64_t i = 0; i < item->rank; i++) count *= item->shape[i];
    return count;
}

int nnrt_state_is_weight(const char *name) {
    return strncmp(name, NNRT_STATE_PREFIX, strlen(NNRT_STATE_PREFIX)) != 0;
}

// ---- The list.

// Of what lies in memory, with the padding of its layout.
static int64_t bytes_of(const nnrt_state_item *item) {
    if (!item->place) return 0;
    int64_t elements = item->layout ? item->layout->storage.size : nnrt_state_elements(item);
    return elements * nnrt_state_type_bytes(item->type);
}

static nnrt_state_item *make_room(nnrt_state *state) {
    if (state->count == state->capacity) {
        int64_t capacity = state->capacity ? 2 * state->capacity : FIRST_CAPACITY;
        nnrt_state_item *items = realloc(state->items, (size_t)capacity * sizeof *items);
        if (!items) return NULL;
        state->items = items;
        state->capacity = capacity;
    }
    return &state->items[state->count];
}

static void add(nnrt_state *state, const char *name, const nnrt_state_item *item) {
    nnrt_state_item *added = make_room(state);
    size_t size = strlen(NNRT_STATE_PREFIX) + strlen(state->prefix) + strlen(name) + 1;
    int is_weight = item->layout && name == item->layout->name;
    char *full = added ? malloc(size) : NULL;
    if (!full) {
        state->has_failed = 1;
        return;
    }
    if (is_weight)
        strcpy(full, name);
    else
        snprintf(full, size, "%s%s%s", NNRT_STATE_PREFIX, state->prefix, name);
    *added = *item;
    added->name = full;
    added->offset = state->bytes;
    added->may_be_missing = state->may_be_missing;
    state->bytes += (bytes_of(item) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    state->count++;
}

void nnrt_state_clear(nnrt_state *state) {
    for (int64_t i = 0; i < state->count; i++) free(state->items[i].name);
    free(state->items);
    free(state->logs);
    memset(state, 0, sizeof *state);
}

nnrt_status nnrt_state_check(const nnrt_state *state) {
    return state->has_failed ? nnrt_fail_memory("the list of the training's state", 0) : NNRT_OK;
}

size_t nnrt_state_enter(nnrt_state *state, const char *format, ...) {
    size_t length = strlen(state->prefix), left = sizeof state->prefix - length;
    va_list arguments;
    va_start(arguments, format);
    int used = vsnprintf(state->prefix + length, left, format, arguments);
    va_end(arguments);
    if (used < 0 || (size_t)used + 1 >= left)
        state->has_failed = 1;
    else
        strcpy(state->prefix + length + used, "/");
    return length;
}

void nnrt_state_leave(nnrt_state *state, size_t outside) {
    state->prefix[outside] = 0;
}

void nnrt_state_integer(nnrt_state *state, const char *name, int64_t *place) {
    add(state, name, &(nnrt_state_item){.type = NNRT_STATE_I64, .place = place, .descriptor = -1});
}

void nnrt_state_real(nnrt_state *state, const char *name, double *place) {
    add(state, name, &(nnrt_state_item){.type = NNRT_STATE_F64, .place = place, .descriptor = -1});
}

void nnrt_state_numbers(nnrt_state *state, const char *name, nnrt_state_type type, void *place,
                        int64_t count, int64_t width, int64_t *rows) {
    add(state, name,
        &(nnrt_state_item){.type = type,
                           .rank = 2,
                           .shape = {count, width},
                           .place = place,
                           .rows = rows,
                           .descriptor = -1});
}

void nnrt_state_parameter(nnrt_state *state, const char *name, const nnrt_parameter *parameter,
                          float *place) {
    nnrt_state_item item = {.type = NNRT_STATE_F32,
                            .rank = parameter->rank,
                            .place = place,
                            .layout = parameter,
                            .descriptor = -1};
    memcpy(item.shape, parameter->shape, sizeof item.shape);
    add(state, name ? name : parameter->name, &item);
}

void nnrt_state_file(nnrt_state *state, const char *name, int descriptor, int64_t *size) {
    add(state, name,
        &(nnrt_state_item){.type = NNRT_STATE_U8,
                           .rank = 1,
                           .shape = {INT64_MAX},
                           .rows = size,
                           .descriptor = descriptor});
}

void nnrt_state_add_log(nnrt_state *state, const char *path, const int *descriptor) {
    size_t size = (size_t)(state->log_count + 1) * sizeof *state->logs;
    nnrt_state_log *logs = realloc(state->logs, size);
    if (!logs) {
        state->has_failed = 1;
        return;
    }
    state->logs = logs;
    logs[state->log_count++] = (nnrt_state_log){path, descriptor};
}

void nnrt_state_ignore(nnrt_state *state, const char *format, ...) {
    char name[1024] = NNRT_STATE_PREFIX;
    size_t length = strlen(name);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name + length, sizeof name - length, format, arguments);
    va_end(arguments);
    for (int64_t i = 0; i < state->count; i++)
        if (strncmp(state->items[i].name, name, strlen(name)) == 0) state->items[i].is_ignored = 1;
}

// ---- Snapshots.

nnrt_status nnrt_snapshot_open(nnrt_snapshot *snapshot, const nnrt_state *state) {
    *snapshot = (nnrt_snapshot){.state = state};
    snapshot->bytes = malloc((size_t)state->bytes + 1);
    snapshot->rows = calloc((size_t)state->count + 1, sizeof *snapshot->rows);
    snapshot->logs = malloc(((size_t)state->log_count + 1) * sizeof *snapshot->logs);
    for (int64_t i = 0; snapshot->logs && i < state->log_count; i++) snapshot->logs[i] = -1;
    if (snapshot->bytes && snapshot->rows && snapshot->logs) {
        for (int64_t i = 0; i < state->count; i++)
            if (!state->items[i].rows)
                memset(snapshot->bytes + state->items[i].offset, 1,
                       (size_t)bytes_of(&state->items[i]));
        return NNRT_OK;
    }
    nnrt_snapshot_close(snapshot);
    return nnrt_fail_memory("a copy of the training's state", (size_t)state->bytes);
}

static void close_logs(nnrt_snapshot *snapshot) {
    for (int64_t i = 0; snapshot->logs && i < snapshot->state->log_count; i++) {
        if (snapshot->logs[i] >= 0) close(snapshot->logs[i]);
        snapshot->logs[i] = -1;
    }
}

// Its owner may close a log while the snapshot is written.
static void take_logs(nnrt_snapshot *snapshot) {
    const nnrt_state *state = snapshot->state;
    close_logs(snapshot);
    for (int64_t i = 0; i < state->log_count; i++)
        if (*state->logs[i].descriptor >= 0)
            snapshot->logs[i] = fcntl(*state->logs[i].descriptor, F_DUPFD_CLOEXEC, 0);
}

void nnrt_snapshot_close(nnrt_snapshot *snapshot) {
    close_logs(snapshot);
    free(snapshot->logs);
    free(snapshot->bytes);
    free(snapshot->rows);
    *snapshot = (nnrt_snapshot){0};
}

// Bytes of an item that are in use, where its first dimension has `rows`.
static size_t used_bytes(const nnrt_state_item *item, int64_t rows) {
    int64_t bytes = bytes_of(item), all = item->rank ? item->shape[0] : 1;
    return (size_t)(item->rows && all > 0 ? bytes / all * rows : bytes);
}

void nnrt_snapshot_take(nnrt_snapshot *snapshot) {
    const nnrt_state *state = snapshot->state;
    take_logs(snapshot);
    for (int64_t i = 0; i < state->count; i++) {
        const nnrt_state_item *item = &state->items[i];
        snapshot->rows[i] = item->rows ? *item->rows : item->rank ? item->shape[0] : 1;
        if (item->place)
            memcpy(snapshot->bytes + item->offset, item->place,
                   used_bytes(item, snapshot->rows[i]));
    }
}

void nnrt_snapshot_restore(const nnrt_snapshot *snapshot) {
    const nnrt_state *state = snapshot->state;
    for (int64_t i = 0; i < state->count; i++) {
        const nnrt_state_item *item = &state->items[i];
        if (!item->place) continue;
        if (item->rows) *item->rows = snapshot->rows[i];
        memcpy(item->place, snapshot->bytes + item->offset, used_bytes(item, snapshot->rows[i]));
    }
}
