// Columns as transforms are told them: by name, or by number from 0. Private to the transforms.
#ifndef NNRT_COLUMNS_H
#define NNRT_COLUMNS_H

#include "../../base/call.h"
#include "../table/table.h"

nnrt_field *nnrt_columns_find(const nnrt_table *table, const char *name); // NULL: none
// Which columns the option names, 0 or 1 by field, to be freed; `*named` 0: it names none. NULL
// with nnrt_error() set: one of them does not exist.
uint8_t *nnrt_columns_mark(const nnrt_table *table, const nnrt_call *call, int option,
                           int64_t *named);
// NNRT_ERROR: there is no such column; which there are.
nnrt_status nnrt_columns_fail(const nnrt_table *table, const nnrt_call *call, const char *name);

// A column of numbers that a transform changes.
typedef struct nnrt_column_work {
    nnrt_table *table;
    const nnrt_call *call;
    nnrt_field *field; // its values are double
} nnrt_column_work;

typedef nnrt_status (*nnrt_column_change)(const nnrt_column_work *work);

// Changes the columns that an option names, the target as well; else all inputs that are numbers,
// but those of one_hot. Behind windows the past of the target is an input.
nnrt_status nnrt_columns_change(nnrt_table *table, const nnrt_call *call, int option,
                                nnrt_column_change change);
nnrt_status nnrt_columns_change_field(nnrt_table *table, const nnrt_call *call, nnrt_field *field,
                                      nnrt_column_change change);
nnrt_status nnrt_columns_change_inputs(nnrt_table *table, const nnrt_call *call,
                                       nnrt_column_change change);
// Are there columns of a table (not arrays)?
int nnrt_columns_are_there(const nnrt_table *table);
// Is there an input that is changed where none is named?
int nnrt_columns_hold_numbers(const nnrt_table *table);
// NNRT_ERROR: a row of the parts has a number beyond those of double.
nnrt_status nnrt_columns_check_finite(const nnrt_column_work *work);
nnrt_status nnrt_columns_fail_empty(const nnrt_column_work *work); // nothing to learn from

// The option that names them.
#define NNRT_ALL_OR_NAMED                                                                          \
    {.name = "columns",                                                                            \
     .type = ARG_NAMES,                                                                            \
     .default_text = "none",                                                                       \
     .variadic = true,                                                                             \
     .doc = "that are changed; none: all inputs of numbers"}

#endif
