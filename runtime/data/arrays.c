#include "arrays.h"

#include "target.h"

// ---- Files against each other

static const nnrt_array *array_of(const nnrt_arrays *set, int64_t column, int part) {
    return &set->arrays[column * set->parts + part];
}

static int64_t count_columns(const nnrt_arrays *set) {
    return set->input_count + set->target_count;
}

// A target of pictures beside a single number: the two are the wrong way round.
static nnrt_status check_swapped(const nnrt_array *input, const nnrt_array *target) {
    char shape[256];
    if (input->rank > 1 || target->rank <= 1) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "`%s` has one number a sample, but its target `%s` is %s: are the two "
                     "files swapped?",
                     input->path, target->path, nnrt_array_shape(target, shape, sizeof shape));
}

static nnrt_status check_rows(const nnrt_array *first, const nnrt_array *other) {
    if (first->rows == other->rows) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "`%s` has %lld rows, but `%s` has %lld: are files of training and test "
                     "swapped, or is one of another set?",
                     first->path, (long long)first->rows, other->path, (long long)other->rows);
}

static int same_sample(const nnrt_array *a, const nnrt_array *b) {
    if (a->rank != b->rank) return 0;
    for (int64_t i = 1; i < a->rank; i++)
        if (a->shape[i] != b->shape[i]) return 0;
    return 1;
}

static nnrt_status check_parts(const nnrt_arrays *set, int64_t column) {
    char shape[256], test_shape[256];
    const nnrt_array *train = array_of(set, column, 0), *test = train + 1;
    if (set->parts < 2 || same_sample(train, test)) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "`%s` is %s, but the test part `%s` is %s: samples differ in shape",
                     train->path, nnrt_array_shape(train, shape, sizeof shape), test->path,
                     nnrt_array_shape(test, test_shape, sizeof test_shape));
}

static nnrt_status check_columns(const nnrt_arrays *set, int part) {
    const nnrt_array *first = array_of(set, 0, part);
    nnrt_status status = NNRT_OK;
    if (set->input_count == 1 && set->target_count == 1)
        status = check_swapped(first, array_of(set, 1, part));
    for (int64_t i = 1; i < count_columns(set) && !status; i++)
        status = check_rows(first, array_of(set, i, part));
    return status;
}

static nnrt_status check_files(const nnrt_arrays *set) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < count_columns(set) && !status; i++) status = check_parts(set, i);
    for (int part = 0; part < set->parts && !status; part++) status = check_columns(set, part);
    return status;
}

// ---- What they give

static nnrt_status count_rows(nnrt_pipeline *pipeline, const nnrt_arrays *set) {
    const nnrt_array *first = array_of(set, 0, 0);
    pipeline->own_test_rows = set->parts > 1 ? first[1].rows : 0;
    pipeline->row_count = first->rows + pipeline->own_test_rows;
    if (pipeline->row_count <= UINT32_MAX) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "`%s` has too many rows: at most %lld can be read", first->path,
                     (long long)UINT32_MAX);
}

// Bytes stay bytes. One number a sample is a vector of one.
static nnrt_column input_column(const nnrt_arrays *set, int64_t input) {
    static const int64_t one[1] = {1};
    const nnrt_array *first = array_of(set, input, 0);
    int64_t rank = first->rank - 1, dtype = NNRT_U8;
    for (int part = 0; part < set->parts; part++)
        if (first[part].element != NNRT_ELEMENT_U8) dtype = NNRT_F32;
    return nnrt_source_column(set->names[input], dtype, rank ? rank : 1,
                              rank ? first->shape + 1 : one);
}

static void set_inputs(nnrt_pipeline *pipeline, const nnrt_arrays *set) {
    pipeline->input_count = set->input_count;
    pipeline->file_count = 0;
    for (int64_t i = 0; i < set->input_count; i++)
        pipeline->samples[i].column = input_column(set, i);
    for (int64_t i = 0; i < set->input_count * set->parts; i++) {
        const nnrt_array *array = &set->arrays[i];
        pipeline->files[pipeline->file_count++] = *array;
        nnrt_source_fingerprint(pipeline, &array->element, sizeof array->element);
        nnrt_source_fingerprint(pipeline, array->shape,
                                array->rank * (int64_t)sizeof *array->shape);
    }
}

nnrt_status nnrt_arrays_open(nnrt_pipeline *pipeline, const nnrt_arrays *set) {
    nnrt_status status = check_files(set);
    if (!status) status = count_rows(pipeline, set);
    if (status) return status;
    set_inputs(pipeline, set);
    pipeline->info.target_count = set->target_count;
    for (int64_t i = 0; i < set->target_count && !status; i++) {
        int64_t column = set->input_count + i;
        pipeline->info.targets[i].column.name = set->names[column];
        status =
            nnrt_target_read(pipeline, i, array_of(set, column, 0), set->parts, set->classes[i]);
    }
    return status;
}

// ---- Their samples

static nnrt_status read_input(nnrt_pipeline *pipeline, int64_t input, const nnrt_array *arrays,
                              int64_t parts) {
    const nnrt_column column = pipeline->samples[input].column;
    nnrt_status status = nnrt_source_allocate(pipeline, input, &column);
    char *values = pipeline->samples[input].values;
    for (int64_t i = 0; i < parts && !status; i++) {
        status = nnrt_array_read(&arrays[i], column.dtype, values);
        values += arrays[i].rows * column.size * nnrt_dtype_size(column.dtype);
    }
    return status;
}

nnrt_status nnrt_arrays_read(nnrt_pipeline *pipeline) {
    int64_t parts = pipeline->file_count / pipeline->input_count;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < pipeline->input_count && !status; i++)
        status = read_input(pipeline, i, &pipeline->files[i * parts], parts);
    return status;
}
