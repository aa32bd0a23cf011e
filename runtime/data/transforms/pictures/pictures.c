// Transforms of pictures. Both are marks: the loader augments, and what reads a column resizes.
#include "../../stage.h"
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

#define SIDE(side, keras)                                                                          \
    {.name = (side),                                                                               \
     .type = ARG_INT,                                                                              \
     .minimum = 1,                                                                                 \
     .maximum = 1 << 15,                                                                           \
     .keras_name = (keras),                                                                        \
     .doc = "pixels"}

static const ArgDef resize_args[] = {SIDE("height", NULL), SIDE("width", NULL), {0}};

static const ArgDef augment_args[] = {
    {.name = "fill",
     .type = ARG_WORD,
     .default_text = "nearest",
     .choices = "nearest constant reflect wrap",
     .keras_name = "fill_mode",
     .doc = "what comes in from outside of a picture that is moved (constant: zeros)"},
    {0},
};

const nnrt_transform nnrt_picture_transforms[] = {
    {.schema = {"resize", "gives pictures another size, bilinear", resize_args, "Resizing"},
     .timing = NNRT_OF_VALUES,
     .apply = apply_resize},
    {.schema = {"augment", "changes training pictures anew in each epoch", augment_args,
                "ImageDataGenerator"},
     .timing = NNRT_OF_VALUES,
     .apply = apply_augment},
    {.schema = {0}}};

// ---- Inside of augment(..).

#define FRACTION(what, open)                                                                       \
    {.name = "fraction",                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .maximum = 1,                                                                                 \
     .maximum_open = (open),                                                                       \
     .keras_name = "factor",                                                                       \
     .doc = (what)}
#define SHIFT(side, keras, what)                                                                   \
    {.name = (side),                                                                               \
     .type = ARG_FLOAT,                                                                            \
     .default_text = "0",                                                                          \
     .maximum = 1,                                                                                 \
     .keras_name = (keras),                                                                        \
     .doc = (what)}

static const ArgDef flip_args[] = {
    {.name = "direction",
     .type = ARG_WORD,
     .default_text = "horizontal",
     .choices = "horizontal vertical both",
     .keras_name = "mode",
     .doc = "left and right, top and bottom, or each of them"},
    {0},
};
static const ArgDef crop_args[] = {
    {.name = "pad",
     .type = ARG_INT,
     .minimum = 1,
     .maximum = 1 << 15,
     .keras_name = "padding",
     .doc = "pixels of zeros that are put around the picture first"},
    {0},
};
static const ArgDef rotate_args[] = {
    {.name = "degrees",
     .type = ARG_FLOAT,
     .maximum = 180,
     .keras_name = "rotation_range factor",
     .doc = "at most so far, either way"},
    {0},
};
static const ArgDef shift_args[] = {
    SHIFT("height", "height_shift_range height_factor", "at most this fraction up or down"),
    SHIFT("width", "width_shift_range width_factor", "at most this fraction left or right"),
    {0},
};
static const ArgDef shear_args[] = {
    FRACTION("rows move sideways by at most this fraction of their distance from the centre",
             false),
    {0},
};
static const ArgDef zoom_args[] = {
    FRACTION("height and width change by at most this fraction, each on its own", true), {0}};
static const ArgDef brightness_args[] = {
    FRACTION("values are multiplied with 1 and at most this fraction more or less", false), {0}};

#define AUGMENTATION(...)                                                                          \
    {.schema = {__VA_ARGS__},                                                                      \
     .is_augmentation = 1,                                                                         \
     .timing = NNRT_OF_VALUES,                                                                     \
     .apply = apply_augment}

const nnrt_transform nnrt_augmentations[] = {
    AUGMENTATION("flip", "mirrors every second picture", flip_args, "RandomFlip horizontal_flip"),
    AUGMENTATION("crop", "takes a window of the picture's size out of the padded picture",
                 crop_args, "RandomCrop"),
    AUGMENTATION("rotate", "turns by an angle", rotate_args, "RandomRotation rotation"),
    AUGMENTATION("shift", "moves up or down, left or right", shift_args,
                 "RandomTranslation translate"),
    AUGMENTATION("shear", "slants", shear_args, "RandomShear"),
    AUGMENTATION("zoom", "enlarges or shrinks", zoom_args, "RandomZoom"),
    AUGMENTATION("brightness", "makes lighter or darker", brightness_args, "RandomBrightness"),
    {.schema = {0}}};
