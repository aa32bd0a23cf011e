// Columns as transforms are told them: by name, or by number from 0. Private to the transforms.
#ifndef NNRT_COLUMNS_H
#define NNRT_COLUMNS_H

#include "../../base/call.h"
#include "../table.h"

nnrt_field *nnrt_columns_find(const nnrt_table *table, const char *name); // NULL: none
// Does the option name this column?
int nnrt_columns_names(const nnrt_table *table, const nnrt_call *call, int option,
                       const nnrt_field *field);
// NNRT_ERROR: there is no such column; which there are.
nnrt_status nnrt_columns_fail(const nnrt_table *table, const nnrt_call *call, const char *name);

#endif
