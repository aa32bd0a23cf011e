#include "row_view.h"

#include <stdlib.h>
#include <string.h>

nnrt_base *nnrt_row_view_hold(nnrt_table *table, nnrt_field *field) {
    nnrt_base *base = malloc(sizeof *base);
    if (!base) {
        nnrt_fail_memory("a column", sizeof *base);
        return NULL;
    }
    *base = (nnrt_base){*field, table->row_count, table->bases};
    table->bases = base;
    memset(field, 0, sizeof *field); // what it owns is the base's now
    nnrt_table_remove(table, field);
    return base;
}

nnrt_row_view *nnrt_row_view_make(nnrt_table *table, nnrt_base *base, const uint32_t *rows,
                                  int64_t place_count) {
    size_t bytes = (size_t)(place_count + 1) * sizeof *rows;
    nnrt_row_view *view = calloc(1, sizeof *view);
    uint32_t *copy = view && rows ? malloc(bytes) : NULL;
    if (!view || (rows && !copy)) {
        free(view);
        nnrt_fail_memory("the rows of a column", bytes);
        return NULL;
    }
    if (rows) memcpy(copy, rows, (size_t)place_count * sizeof *rows);
    *view = (nnrt_row_view){
        .base = base, .rows = copy, .place_count = place_count, .length = 1, .next = table->views};
    table->views = view;
    return view;
}

// The row of place `i` of a sample.
static int64_t row_of(const nnrt_row_view *view, int64_t sample, int64_t i) {
    int64_t place = (view->first ? view->first[sample] : sample) + view->shift + i;
    return view->rows ? view->rows[place] : place;
}

int64_t nnrt_row_view_row(const nnrt_row_view *view, int64_t sample, int64_t *element) {
    int64_t size = view->base->field.column.size, i = *element / size;
    *element %= size;
    return row_of(view, sample, i);
}

// ---- Samples.

static nnrt_status make(const nnrt_field *field, uint32_t sample, void *values) {
    const nnrt_row_view *view = field->origin.state;
    const nnrt_field *base = &view->base->field;
    size_t bytes = (size_t)(base->column.size * nnrt_dtype_size(base->column.dtype));
    nnrt_status status = NNRT_OK;
    if (base->values && !view->rows) {
        const char *from = base->values;
        memcpy(values, from + (size_t)row_of(view, sample, 0) * bytes,
               (size_t)view->length * bytes);
        return NNRT_OK;
    }
    for (int64_t i = 0; i < view->length && !status; i++) {
        size_t row = (size_t)row_of(view, sample, i);
        char *to = (char *)values + (size_t)i * bytes;
        if (base->values)
            memcpy(to, (const char *)base->values + row * bytes, bytes);
        else
            status = base->origin.make(base, (uint32_t)row, to);
    }
    return status;
}

// The base, which has its own number of rows, in the shape that transforms gave to the view.
static nnrt_status read(nnrt_table *table, nnrt_field *field) {
    const nnrt_row_view *view = field->origin.state;
    nnrt_field *base = &view->base->field;
    int64_t row_count = table->row_count;
    if (field->is_resized) {
        const char *name = base->column.name;
        base->column = field->column;
        base->column.name = name;
        base->is_resized = 1;
    }
    table->row_count = view->base->row_count;
    nnrt_status status = nnrt_field_read(table, base);
    table->row_count = row_count;
    return status;
}

static nnrt_column shape_of(const nnrt_row_view *view, const char *name) {
    nnrt_column column = view->base->field.column;
    int64_t shape[NNRT_MAX_RANK + 1] = {view->length};
    if (view->first) {
        memcpy(shape + 1, column.shape, (size_t)column.rank * sizeof *shape);
        column = nnrt_column_make(name, column.dtype, column.rank + 1, shape);
    }
    column.name = name;
    return column;
}

nnrt_field *nnrt_row_view_add(nnrt_table *table, nnrt_row_view *view, const char *name) {
    nnrt_field *field = nnrt_table_add(table, NNRT_FEATURE, shape_of(view, name));
    if (!field) return NULL;
    field->origin = (nnrt_origin){read, make, view};
    field->words = view->base->field.words;
    field->word_count = view->base->field.word_count;
    field->is_index = view->base->field.is_index;
    return field;
}

// ---- Targets.

static void copy_target(const nnrt_row_view *view, nnrt_field *field, int64_t count) {
    const nnrt_field *base = &view->base->field;
    int64_t size = base->stored.size * nnrt_dtype_size(base->stored.dtype);
    char *to = field->values;
    for (int64_t i = 0; base->values && i < count; i++)
        for (int64_t k = 0; k < view->length; k++, to += size)
            memcpy(to, (const char *)base->values + row_of(view, i, k) * size, (size_t)size);
}

nnrt_field *nnrt_row_view_add_target(nnrt_table *table, nnrt_row_view *view, const char *name,
                                     int64_t count) {
    const nnrt_field *base = &view->base->field;
    nnrt_column column = shape_of(view, name);
    nnrt_field *field = nnrt_table_add(table, NNRT_TARGET, column);
    if (!field) return NULL;
    field->target = base->target;
    field->target.column = column;
    field->words = base->words;
    field->word_count = base->word_count;
    if (!base->values) return field; // files missing: only the counts matter
    field->values = nnrt_storage_allocate(table->storage, column.dtype, count * column.size);
    if (!field->values) return NULL;
    copy_target(view, field, count);
    return field;
}

nnrt_field *nnrt_row_view_add_labels(nnrt_table *table, nnrt_row_view *view, const char *name) {
    const nnrt_field *base = &view->base->field;
    nnrt_field *field = nnrt_table_add(table, NNRT_TARGET, shape_of(view, name));
    if (!field) return NULL;
    field->origin = (nnrt_origin){read, make, view};
    field->words = base->words;
    field->word_count = base->word_count;
    field->target.column = field->column;
    field->target.place_classes = base->word_count;
    field->target.class_names = base->words;
    field->target.highest.value = (double)(base->word_count - 1);
    field->target.uneven.value = 1;
    return field;
}

// ---- What is looked at.

const nnrt_row_view *nnrt_row_view_of(const nnrt_field *field) {
    return field->origin.make == make ? field->origin.state : NULL;
}

int nnrt_row_view_is_held(const nnrt_field *field) {
    const nnrt_row_view *view = nnrt_row_view_of(field);
    return view && view->base->field.values;
}

void nnrt_row_views_free(nnrt_table *table) {
    for (nnrt_row_view *view = table->views, *next; view; view = next) {
        next = view->next;
        free(view->rows);
        free(view->first);
        free(view);
    }
    for (nnrt_base *base = table->bases, *next; base; base = next) {
        next = base->next;
        nnrt_field_clear(&base->field);
        free(base);
    }
}
