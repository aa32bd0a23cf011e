// Transforms of pictures. Both are marks: the loader augments, and what reads a column resizes.
#include "../stage.h"
#include "augment.h"

// All features that are pictures go through `resize` and `augment`; one at least must be.
static nnrt_status check_pictures(const nnrt_table *table, const char *name) {
    int64_t count = nnrt_table_count(table, NNRT_FEATURE);
    for (int64_t i = 0; i < count; i++)
        if (nnrt_data_is_picture(&nnrt_table_feature(table, i)->column)) return NNRT_OK;
    if (count > 1)
        return nnrt_fail(NNRT_ERROR,
                         "%s(..): none of the %lld inputs is a picture, [height, width] or "
                         "[height, width, channels]",
                         name, (long long)count);
    int64_t rank = nnrt_table_feature(table, 0)->column.rank;
    return nnrt_fail(NNRT_ERROR,
                     "%s(..): the samples are no pictures, [height, width] or [height, width, "
                     "channels], but have %lld dimension%s",
                     name, (long long)rank, rank == 1 ? "" : "s");
}

static nnrt_status resize_column(nnrt_column *input, int64_t height, int64_t width) {
    int64_t shape[] = {height, width, input->shape[2]};
    *input = nnrt_column_make(input->name, input->dtype, input->rank, shape);
    if (input->size <= NNRT_ARRAY_MAX_BYTES / nnrt_dtype_size(input->dtype)) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "resize(%lld, %lld): one such picture is larger than any memory",
                     (long long)height, (long long)width);
}

static nnrt_status resize_field(nnrt_field *field, int64_t height, int64_t width) {
    if (field->role != NNRT_FEATURE || !nnrt_data_is_picture(&field->column)) return NNRT_OK;
    if (field->is_resized) return nnrt_fail(NNRT_ERROR, "resize(..) stands twice");
    field->is_resized = 1;
    return resize_column(&field->column, height, width);
}

static nnrt_status apply_resize(nnrt_table *table, const nnrt_call *call) {
    int64_t height, width;
    nnrt_status status = nnrt_source_integer(call, "height", 0, &height);
    if (!status) status = nnrt_source_integer(call, "width", 0, &width);
    if (!status) status = check_pictures(table, "resize");
    if (status) return status;
    if (height < 1 || width < 1 || height > INT32_MAX || width > INT32_MAX)
        return nnrt_fail(NNRT_ERROR, "resize(%lld, %lld): pictures have at least one pixel",
                         (long long)height, (long long)width);
    for (int64_t i = 0; i < table->field_count && !status; i++)
        status = resize_field(&table->fields[i], height, width);
    return status;
}

static nnrt_status apply_augment(nnrt_table *table, const nnrt_call *call) {
    nnrt_status status = check_pictures(table, "augment");
    return status ? status : nnrt_augment_add(&table->augment, call);
}

const nnrt_transform nnrt_picture_transforms[] = {
    {"resize", NNRT_OF_VALUES, apply_resize},      {"augment", NNRT_OF_VALUES, apply_augment},
    {"flip", NNRT_OF_VALUES, apply_augment},       {"crop", NNRT_OF_VALUES, apply_augment},
    {"rotate", NNRT_OF_VALUES, apply_augment},     {"shift", NNRT_OF_VALUES, apply_augment},
    {"shear", NNRT_OF_VALUES, apply_augment},      {"zoom", NNRT_OF_VALUES, apply_augment},
    {"brightness", NNRT_OF_VALUES, apply_augment}, {0}};
