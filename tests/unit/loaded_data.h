#ifndef NNC_TESTS_LOADED_DATA_H
#define NNC_TESTS_LOADED_DATA_H

// The one data set that a test works with. Its files are found in NNC_DATA alone.
#include "data_files.h"

#include "../../runtime/data/data.h"

static nnrt_data data;

static inline int free_data(void **state) {
    (void)state;
    nnrt_data_free(&data);
    return 0;
}

static inline void load_data(const nnrt_call *stages, int64_t count) {
    nnrt_data_free(&data);
    if (nnrt_data_load(stages, count, "/no/folder", &data)) fail_msg("%s", nnrt_error());
}

// Nothing is left of what fails.
static inline void fail_to_load(const nnrt_call *stages, int64_t count, const char *part) {
    nnrt_data_free(&data);
    assert_int_equal(nnrt_data_load(stages, count, "/no/folder", &data), NNRT_ERROR);
    assert_null(data.columns[0]);
    assert_message(part);
}

#define FAILS(stages, part) fail_to_load(stages, COUNT(stages), part)

#endif
