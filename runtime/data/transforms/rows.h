// Classes of rows, for transforms that keep or change their shares.
#ifndef NNRT_ROWS_H
#define NNRT_ROWS_H

#include "../table/table.h"

// The first target that is a class of the sample, labels or one-hot; NULL: none is. Targets are
// settled (table.h).
const nnrt_field *nnrt_rows_class_target(const nnrt_table *table);
int64_t nnrt_rows_class(const nnrt_field *target, uint32_t row);
// All targets become labels, if they can.
nnrt_status nnrt_rows_settle(nnrt_table *table);

#endif
