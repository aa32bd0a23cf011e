#include "part_files.h"

nnrt_status nnrt_part_files_read(nnrt_table *table, const nnrt_call *call,
                                 const int options[NNRT_PART_FILES], const int64_t *rows,
                                 nnrt_status (*read)(void *reading, const char *name),
                                 void *reading) {
    int64_t ends[NNRT_PART_FILES];
    nnrt_status status = NNRT_OK;
    for (int part = 0; part < NNRT_PART_FILES && !status; part++) {
        int64_t count;
        const char *const *names = nnrt_call_texts_at(call, options[part], &count);
        for (int64_t i = 0; i < count && !status; i++) status = read(reading, names[i]);
        ends[part] = *rows;
    }
    if (status) return status;
    table->row_count = *rows;
    table->own_validation_rows = ends[1] - ends[0];
    table->own_test_rows = ends[2] - ends[1];
    return NNRT_OK;
}
