// `resize` is a mark: what reads a column resizes. And what the transforms of pictures need.
#include "../../stage.h"
#include "augment.h"

nnrt_status nnrt_pictures_check(const nnrt_table *table, const char *name) {
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

enum { RESIZE_HEIGHT, RESIZE_WIDTH };

static nnrt_status apply_resize(nnrt_table *table, const nnrt_call *call) {
    int64_t height = (int64_t)nnrt_call_number_at(call, RESIZE_HEIGHT);
    int64_t width = (int64_t)nnrt_call_number_at(call, RESIZE_WIDTH);
    nnrt_status status = nnrt_pictures_check(table, "resize");
    for (int64_t i = 0; i < table->field_count && !status; i++)
        status = resize_field(&table->fields[i], height, width);
    return status;
}

#define SIDE(side, keras)                                                                          \
    {.name = (side),                                                                               \
     .type = ARG_INT,                                                                              \
     .minimum = 1,                                                                                 \
     .maximum = 1 << 15,                                                                           \
     .keras_name = (keras),                                                                        \
     .doc = "pixels"}

static const ArgDef resize_args[] = {
    [RESIZE_HEIGHT] = SIDE("height", NULL), [RESIZE_WIDTH] = SIDE("width", NULL), {0}};

const nnrt_transform nnrt_picture_transforms[] = {
    {.schema = {"resize", "gives pictures another size, bilinear", resize_args, "Resizing"},
     .timing = NNRT_OF_VALUES,
     .does = NNRT_RESIZES,
     .apply = apply_resize},
    {.schema = {0}}};
