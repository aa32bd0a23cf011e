// Columns whose samples are rows of another column: pairs of pictures, windows of a series. The
// column that is looked at stays in memory once; samples are made when they are asked for.
#ifndef NNRT_ROW_VIEW_H
#define NNRT_ROW_VIEW_H

#include "table.h"

// A column that left the table, but is looked at; the table frees it.
typedef struct nnrt_base {
    nnrt_field field;
    int64_t row_count; // of its own
    struct nnrt_base *next;
} nnrt_base;

typedef struct nnrt_row_view {
    nnrt_base *base;
    uint32_t *rows;              // of the base, by place; NULL: place i is row i
    uint32_t *first;             // by sample: its first place; NULL: sample i is that of place i
    int64_t place_count, length; // places in all, and those of a sample
    int64_t shift;               // places that samples begin later
    struct nnrt_row_view *next;
} nnrt_row_view;

// Takes a field, `*field`, out of the table; NULL with nnrt_error() set: no memory. Pointers to
// fields are invalid then.
nnrt_base *nnrt_row_view_hold(nnrt_table *table, nnrt_field *field);

// A view of a base, not yet a column; `rows` is copied, and may be NULL, as above. NULL: no
// memory.
nnrt_row_view *nnrt_row_view_make(nnrt_table *table, nnrt_base *base, const uint32_t *rows,
                                  int64_t place_count);
// Appends a feature of one row a sample, of the base's shape, or of `length` rows, [length, shape].
nnrt_field *nnrt_row_view_add(nnrt_table *table, nnrt_row_view *view, const char *name);
// Appends a target of running text: labels of places, of the base's words.
nnrt_field *nnrt_row_view_add_labels(nnrt_table *table, nnrt_row_view *view, const char *name);
// Appends a target: its values are copied, what is known of them is as before. Numbers of `length`
// rows are labels of places where the base has words.
nnrt_field *nnrt_row_view_add_target(nnrt_table *table, nnrt_row_view *view, const char *name,
                                     int64_t count);

// The row of the base that element `element` of a sample is of; *element becomes that of the row.
int64_t nnrt_row_view_row(const nnrt_row_view *view, int64_t sample, int64_t *element);
// The view that a field is; NULL: it is none.
const nnrt_row_view *nnrt_row_view_of(const nnrt_field *field);
// Are its samples copied from memory?
int nnrt_row_view_is_held(const nnrt_field *field);

void nnrt_row_views_free(nnrt_table *table);

#endif
