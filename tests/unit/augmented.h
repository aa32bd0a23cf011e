#ifndef NNC_TESTS_AUGMENTED_H
#define NNC_TESTS_AUGMENTED_H

// What calls of `augment` and of what stands inside of it ask for.
#include "../common/calls.h"

#include "../../runtime/data/stage.h"

// Of data that are pictures; says why where they do not go together.
static inline nnrt_status augment_of(const nnrt_call *calls, int64_t count, nnrt_augment *augment) {
    static const int64_t shape[3] = {8, 8, 3};
    nnrt_table *table = nnrt_table_create(".");
    assert_non_null(table);
    nnrt_table_add(table, NNRT_FEATURE, nnrt_column_make("image", NNRT_U8, 3, shape));
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < count && !status; i++)
        status = nnrt_transform_of(&calls[i])->apply(table, &calls[i]);
    *augment = table->augment;
    nnrt_table_free(table);
    return status;
}

#endif
