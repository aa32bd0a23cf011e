// Rows that belong together, by the value of a column: the pictures of a patient, the visits of a
// customer.
#ifndef NNRT_GROUPS_H
#define NNRT_GROUPS_H

#include "../../base/numbers/random.h"
#include "../table/table.h"

// Moves whole groups of the training part to `part`, of about `wanted` rows: at least one group
// goes, and one stays. They are the last ones in the order in which they begin, or, with `random`
// (not NULL), any. NNRT_ERROR: the column has one value only.
nnrt_status nnrt_groups_move(nnrt_table *table, const nnrt_field *column, nnrt_random *random,
                             int64_t wanted, nnrt_part *part);

#endif
