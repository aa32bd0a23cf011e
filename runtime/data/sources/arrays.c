#include "arrays.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    char shape[NNRT_SHAPE_TEXT];
    if (input->rank > 1 || target->rank <= 1) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "`%s` has one number a sample, but its target `%s` is %s: are the two "
                     "files swapped?",
                     input->path, target->path,
                     nnrt_shape_text(shape, target->rank, target->shape));
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
    char shape[NNRT_SHAPE_TEXT], test_shape[NNRT_SHAPE_TEXT];
    const nnrt_array *train = array_of(set, column, 0), *test = train + 1;
    if (set->parts < 2 || same_sample(train, test)) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "`%s` is %s, but the test part `%s` is %s: samples differ in shape",
                     train->path, nnrt_shape_text(shape, train->rank, train->shape), test->path,
                     nnrt_shape_text(test_shape, test->rank, test->shape));
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

static nnrt_status count_rows(nnrt_table *table, const nnrt_arrays *set) {
    const nnrt_array *first = array_of(set, 0, 0);
    table->own_test_rows = set->parts > 1 ? first[1].rows : 0;
    table->row_count = first->rows + table->own_test_rows;
    if (table->row_count <= UINT32_MAX) return NNRT_OK;
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
    return nnrt_column_make(set->names[input], dtype, rank ? rank : 1,
                            rank ? first->shape + 1 : one);
}

typedef struct Place { // within a column on the disk
    const nnrt_field *field;
    int64_t before; // bytes
} Place;

static void note_filled(void *state, int64_t bytes) {
    const Place *place = state;
    nnrt_storage_fill(place->field->values, place->before + bytes);
}

static nnrt_status read_array(const nnrt_field *field, const nnrt_array *array, int64_t before) {
    char *values = (char *)field->values + before;
    if (!nnrt_storage_is_on_disk(field->values))
        return nnrt_array_read(array, field->stored.dtype, values);
    return nnrt_array_read_slowly(array, field->stored.dtype, values, note_filled,
                                  &(Place){field, before});
}

static nnrt_status read_input(nnrt_table *table, nnrt_field *field) {
    nnrt_status status = nnrt_field_allocate(table, field);
    int64_t row_bytes = field->stored.size * nnrt_dtype_size(field->stored.dtype), left, at = 0;
    const nnrt_array *array = field->origin.state;
    for (left = table->row_count; left > 0 && !status; left -= array++->rows) {
        status = read_array(field, array, at);
        at += array->rows * row_bytes;
    }
    return status;
}

// The headers of inputs, whose elements are read later: the table's state.
typedef struct Kept {
    int64_t count;
    nnrt_array arrays[]; // with descriptors of their own
} Kept;

static void free_kept(void *state) {
    Kept *kept = state;
    for (int64_t i = 0; i < kept->count; i++)
        if (kept->arrays[i].descriptor) close((int)kept->arrays[i].descriptor);
    free(kept);
}

static nnrt_status keep_arrays(nnrt_table *table, const nnrt_arrays *set) {
    int64_t count = set->input_count * set->parts;
    size_t bytes = sizeof(Kept) + (size_t)count * sizeof *set->arrays;
    Kept *kept = calloc(1, bytes);
    if (!kept) return nnrt_fail_memory("arrays", bytes);
    table->state = kept;
    table->free_state = free_kept;
    for (; kept->count < count; kept->count++) {
        nnrt_array *array = &kept->arrays[kept->count];
        *array = set->arrays[kept->count];
        if (!array->descriptor) continue;
        array->descriptor = fcntl((int)array->descriptor, F_DUPFD_CLOEXEC, 3);
        if (array->descriptor < 0)
            return nnrt_fail(NNRT_ERROR, "`%s` cannot be opened: %s", array->path, strerror(errno));
    }
    return NNRT_OK;
}

static nnrt_status add_inputs(nnrt_table *table, const nnrt_arrays *set) {
    const nnrt_array *arrays = ((const Kept *)table->state)->arrays;
    for (int64_t i = 0; i < set->input_count; i++) {
        nnrt_field *field = nnrt_table_add(table, NNRT_FEATURE, input_column(set, i));
        if (!field) return NNRT_ERROR;
        const nnrt_array *own = &arrays[i * set->parts];
        field->origin = (nnrt_origin){.read = read_input, .state = own};
        field->file_rows = own->rows;
        for (int part = 0; part < set->parts; part++) field->files[part] = own[part].path;
    }
    for (int64_t i = 0; i < set->input_count * set->parts; i++) {
        const nnrt_array *array = &arrays[i];
        nnrt_table_fingerprint(table, &array->element, sizeof array->element);
        nnrt_table_fingerprint(table, array->shape, array->rank * (int64_t)sizeof *array->shape);
    }
    return NNRT_OK;
}

nnrt_status nnrt_arrays_open(nnrt_table *table, const nnrt_arrays *set) {
    nnrt_status status = check_files(set);
    if (!status) status = count_rows(table, set);
    if (status) return status;
    nnrt_table_clear(table); // what was known without the files
    status = keep_arrays(table, set);
    if (!status) status = add_inputs(table, set);
    for (int64_t i = 0; i < set->target_count && !status; i++) {
        int64_t column = set->input_count + i;
        status = nnrt_target_read(table, set->names[column], array_of(set, column, 0), set->parts,
                                  set->classes[i]);
    }
    return status;
}
