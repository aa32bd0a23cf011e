#include "windows.h"

#include <stdlib.h>
#include <string.h>

#include "row_view.h"

enum { PARTS = 3 };

int64_t nnrt_windows_reach(const nnrt_windows *windows) {
    return windows->length + (windows->is_open ? 0 : windows->ahead);
}

static nnrt_part *part_of(nnrt_table *table, int number) {
    nnrt_part *const parts[PARTS] = {&table->train, &table->validation, &table->test};
    return parts[number];
}

static uint32_t row_at(const nnrt_windows *windows, int64_t place) {
    return windows->order ? windows->order[place] : (uint32_t)place;
}

// ---- The rows of parts.

static nnrt_status reach_part(const nnrt_windows *windows, const nnrt_part *from, nnrt_part *to) {
    uint8_t *is_reached = calloc((size_t)windows->place_count + 1, 1);
    to->rows = malloc((size_t)(windows->place_count + 1) * sizeof *to->rows);
    to->count = 0;
    if (!is_reached || !to->rows) {
        free(is_reached);
        return nnrt_fail_memory("the rows of windows", (size_t)windows->place_count * 5);
    }
    for (int64_t i = 0; i < from->count; i++)
        memset(is_reached + windows->first[from->rows[i]], 1, (size_t)nnrt_windows_reach(windows));
    for (int64_t place = 0; place < windows->place_count; place++)
        if (is_reached[place]) to->rows[to->count++] = row_at(windows, place);
    free(is_reached);
    return NNRT_OK;
}

nnrt_status nnrt_windows_open(nnrt_table *table) {
    nnrt_windows *windows = table->windows;
    nnrt_status status = NNRT_OK;
    for (int i = 0; windows && i < PARTS; i++) {
        windows->kept[i] = *part_of(table, i);
        *part_of(table, i) = (nnrt_part){0};
        if (!status) status = reach_part(windows, &windows->kept[i], part_of(table, i));
    }
    if (status) nnrt_windows_close(table);
    return status;
}

void nnrt_windows_close(nnrt_table *table) {
    for (int i = 0; table->windows && i < PARTS; i++) {
        free(part_of(table, i)->rows);
        *part_of(table, i) = table->windows->kept[i];
        table->windows->kept[i] = (nnrt_part){0};
    }
}

void nnrt_windows_trim(nnrt_table *table, const nnrt_part *part) {
    const nnrt_windows *windows = table->windows;
    nnrt_part *train = &table->train;
    if (!windows || !part->count) return;
    int64_t border = windows->first[part->rows[0]];
    while (train->count > 0 &&
           windows->first[train->rows[train->count - 1]] + nnrt_windows_reach(windows) > border)
        train->count--;
}

// ---- The samples.

nnrt_status nnrt_windows_add_targets(nnrt_table *table) {
    if (!table->windows || !table->windows->ahead || table->windows->has_past) return NNRT_OK;
    table->windows->has_past = 1;
    for (int64_t i = 0; i < table->field_count; i++) {
        if (table->fields[i].role != NNRT_TARGET || table->fields[i].kind != NNRT_NUMBERS) continue;
        nnrt_column column = table->fields[i].column;
        nnrt_field *field = nnrt_table_insert(table, i, NNRT_FEATURE, column);
        if (!field || nnrt_field_allocate(table, field)) return NNRT_ERROR;
        field->kind = NNRT_NUMBERS;
        field->is_past = 1;
        const nnrt_field *target = &table->fields[++i];
        memcpy(field->values, target->values,
               (size_t)(table->row_count * target->stored.size *
                        nnrt_dtype_size(target->stored.dtype)));
    }
    return NNRT_OK;
}

static nnrt_row_view *make_window(nnrt_table *table, nnrt_base *base) {
    const nnrt_windows *windows = table->windows;
    size_t bytes = (size_t)(windows->count + 1) * sizeof *windows->first;
    nnrt_row_view *view = nnrt_row_view_make(table, base, windows->order, windows->place_count);
    if (!view) return NULL;
    view->length = windows->length;
    view->first = malloc(bytes);
    if (!view->first) {
        nnrt_fail_memory("windows", bytes);
        return NULL;
    }
    memcpy(view->first, windows->first, (size_t)windows->count * sizeof *windows->first);
    return view;
}

// What follows each token is to be told.
static nnrt_status add_next(nnrt_table *table, nnrt_base *base) {
    nnrt_row_view *view = make_window(table, base);
    if (!view) return NNRT_ERROR;
    view->shift = table->windows->ahead;
    return nnrt_row_view_add_labels(table, view, "next") ? NNRT_OK : NNRT_ERROR;
}

static nnrt_status add_column(nnrt_table *table, nnrt_base *base, const uint32_t *target_rows) {
    const char *name = base->field.column.name;
    int64_t count = table->windows->count;
    if (base->field.role == NNRT_FEATURE) {
        nnrt_row_view *window = make_window(table, base);
        if (!window || !nnrt_row_view_add(table, window, name)) return NNRT_ERROR;
        return base->field.kind == NNRT_TOKENS ? add_next(table, base) : NNRT_OK;
    }
    nnrt_row_view *view = nnrt_row_view_make(table, base, target_rows, count);
    nnrt_field *field = view ? nnrt_row_view_add_target(table, view, name, count) : NULL;
    if (field) field->role = base->field.role; // the weight of a window is its target's
    return field ? NNRT_OK : NNRT_ERROR;
}

static nnrt_status add_columns(nnrt_table *table, const uint32_t *target_rows) {
    nnrt_base *bases[NNRT_MAX_COLUMNS];
    int64_t count = table->field_count;
    nnrt_status status = NNRT_OK;
    if (count > NNRT_MAX_COLUMNS)
        return nnrt_fail(NNRT_ERROR, "windows(..): a data set has at most %d columns",
                         NNRT_MAX_COLUMNS);
    for (int64_t i = 0; i < count; i++)
        if (!(bases[i] = nnrt_row_view_hold(table, &table->fields[0]))) return NNRT_ERROR;
    for (int64_t i = 0; i < count && !status; i++)
        status = add_column(table, bases[i], target_rows);
    table->row_count = table->windows->count;
    return status;
}

int64_t nnrt_windows_last_row(const nnrt_windows *windows, uint32_t window) {
    return row_at(windows, windows->first[window] + windows->length - 1);
}

nnrt_status nnrt_windows_finish(nnrt_table *table) {
    const nnrt_windows *windows = table->windows;
    if (!windows) return NNRT_OK;
    size_t bytes = (size_t)(windows->count + 1) * sizeof(uint32_t);
    uint32_t *target_rows = malloc(bytes);
    if (!target_rows) return nnrt_fail_memory("windows", bytes);
    for (int64_t i = 0; i < windows->count; i++)
        target_rows[i] = row_at(windows, windows->first[i] + nnrt_windows_reach(windows) - 1);
    nnrt_status status = add_columns(table, target_rows);
    free(target_rows);
    return status;
}

void nnrt_windows_free(nnrt_table *table) {
    if (!table->windows) return;
    nnrt_windows_close(table); // the other parts are the table's, which frees them
    free(table->windows->order);
    free(table->windows->first);
    free(table->windows);
    table->windows = NULL;
}
