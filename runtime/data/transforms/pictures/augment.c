#include "augment.h"

#include "../../stage.h"

#include <math.h>
#include <string.h>

enum { FLIP_HORIZONTAL = 1, FLIP_VERTICAL = 2 };               // bits: the place of a choice, and 1
enum { FILL_NEAREST, FILL_CONSTANT, FILL_REFLECT, FILL_WRAP }; // in the order of the choices
enum { BLOCKS_A_SAMPLE = 8 }; // of four random words each; at most 18 words are drawn

nnrt_random nnrt_augment_random(uint64_t seed, int64_t epoch, uint32_t row) {
    nnrt_random random = nnrt_random_make(seed, NNRT_RANDOM_AUGMENT, (uint32_t)epoch);
    random.position = (uint64_t)row * BLOCKS_A_SAMPLE;
    return random;
}

// ---- What happens to one sample.

// Place (y, x) of the result comes from matrix * (y, x) + offset of the source.
typedef struct Movement {
    int is_on;
    float matrix[2][2], offset[2];
} Movement;

typedef struct Change {
    Movement movement;
    int flip;            // bits
    int64_t down, right; // where the window of the crop begins, in the picture without its margin
    float light;         // factor
} Change;

static double draw(nnrt_random *random, double limit) {
    return (2 * nnrt_random_uniform(random) - 1) * limit;
}

static void multiply(double a[2][2], double b00, double b01, double b10, double b11) {
    for (int i = 0; i < 2; i++) {
        double first = a[i][0], second = a[i][1];
        a[i][0] = first * b00 + second * b10;
        a[i][1] = first * b01 + second * b11;
    }
}

static Movement make_movement(const nnrt_movement *m, const int64_t *shape) {
    double angle = m->degrees * M_PI / 180;
    double matrix[2][2] = {{cos(angle), sin(angle)}, {-sin(angle), cos(angle)}};
    double y = ((double)shape[0] - 1) / 2, x = ((double)shape[1] - 1) / 2; // the centre
    double offset[2] = {matrix[0][0] * m->down + matrix[0][1] * m->right + y,
                        matrix[1][0] * m->down + matrix[1][1] * m->right + x};
    multiply(matrix, 1, 0, -m->shear, 1);
    multiply(matrix, m->tall, 0, 0, m->wide);
    Movement movement = {.is_on = 1};
    for (int i = 0; i < 2; i++) {
        movement.offset[i] = (float)(offset[i] - matrix[i][0] * y - matrix[i][1] * x);
        for (int j = 0; j < 2; j++) movement.matrix[i][j] = (float)matrix[i][j];
    }
    return movement;
}

static Movement draw_movement(const nnrt_augment *augment, const int64_t *shape,
                              nnrt_random *random) {
    nnrt_movement movement;
    movement.degrees = draw(random, augment->rotate);
    movement.down = draw(random, augment->shift_height) * (double)shape[0];
    movement.right = draw(random, augment->shift_width) * (double)shape[1];
    movement.shear = draw(random, augment->shear);
    movement.tall = 1 + draw(random, augment->zoom);
    movement.wide = 1 + draw(random, augment->zoom);
    return make_movement(&movement, shape);
}

// Numbers are drawn in this order, those of one kind only where it is asked for.
static Change draw_change(const nnrt_augment *augment, const int64_t *shape, nnrt_random *random) {
    Change change = {.light = 1};
    if (augment->rotate > 0 || augment->shift_height > 0 || augment->shift_width > 0 ||
        augment->shear > 0 || augment->zoom > 0)
        change.movement = draw_movement(augment, shape, random);
    if (augment->flip) change.flip = (int)augment->flip & (int)(nnrt_random_bits(random) >> 30);
    if (augment->pad) {
        uint32_t places = (uint32_t)(2 * augment->pad + 1);
        change.down = (int64_t)nnrt_random_below(random, places) - augment->pad;
        change.right = (int64_t)nnrt_random_below(random, places) - augment->pad;
    }
    if (augment->brightness > 0) change.light = (float)(1 + draw(random, augment->brightness));
    return change;
}

// ---- Flips and crops: pixels are copied.

typedef struct Picture {
    int64_t height, width, channels, pixel; // bytes of a pixel
    int is_bytes;
} Picture;

static Picture picture_of(const nnrt_column *column) {
    Picture picture = {column->shape[0], column->shape[1], 1, 1, column->dtype == NNRT_U8};
    if (column->rank > 2) picture.channels = column->shape[2];
    picture.pixel = picture.channels * (picture.is_bytes ? 1 : 4);
    return picture;
}

// Constant sizes let the compiler copy a pixel with one or two instructions.
static void copy_mirrored(const uint8_t *from, int64_t count, int64_t pixel, uint8_t *to) {
#define COPY(size)                                                                                 \
    for (int64_t i = 0; i < count; i++) memcpy(to + i * (size), from - i * (size), size)
    switch (pixel) {
    case 1: COPY(1); break;
    case 3: COPY(3); break;
    case 4: COPY(4); break;
    case 12: COPY(12); break;
    default: COPY((size_t)pixel); break;
    }
#undef COPY
}

// One row of the result: a margin of zeros, `count` pixels of the source's row, zeros.
static void copy_row(const Picture *picture, const Change *change, const uint8_t *row,
                     uint8_t *to) {
    int64_t width = picture->width, pixel = picture->pixel;
    int64_t left = change->right < 0 ? -change->right : 0; // margin
    int64_t first = change->right > 0 ? change->right : 0, count = width - left - first;
    if (count <= 0) {
        memset(to, 0, (size_t)(width * pixel));
        return;
    }
    memset(to, 0, (size_t)(left * pixel));
    if (change->flip & FLIP_HORIZONTAL)
        copy_mirrored(row + (width - 1 - first) * pixel, count, pixel, to + left * pixel);
    else
        memcpy(to + left * pixel, row + first * pixel, (size_t)(count * pixel));
    memset(to + (left + count) * pixel, 0, (size_t)(first * pixel));
}

static void copy_picture(const Picture *picture, const Change *change, const uint8_t *from,
                         uint8_t *to) {
    int64_t bytes = picture->width * picture->pixel;
    for (int64_t i = 0; i < picture->height; i++, to += bytes) {
        int64_t y = i + change->down;
        if (y < 0 || y >= picture->height) {
            memset(to, 0, (size_t)bytes);
            continue;
        }
        if (change->flip & FLIP_VERTICAL) y = picture->height - 1 - y;
        copy_row(picture, change, from + y * bytes, to);
    }
}

// ---- Movements: pixels are interpolated.

// Where a place outside of 0..size-1 takes its value; -1: zero.
static int64_t fill_place(int64_t place, int64_t size, int64_t fill) {
    if (place >= 0 && place < size) return place;
    if (fill == FILL_CONSTANT) return -1;
    if (fill == FILL_NEAREST) return place < 0 ? 0 : size - 1;
    int64_t period = fill == FILL_WRAP ? size : 2 * size;
    place %= period;
    if (place < 0) place += period;
    return place < size ? place : 2 * size - 1 - place; // reflect: d c b a | a b c d | d c b a
}

static float load(const Picture *picture, const void *from, int64_t place) {
    return picture->is_bytes ? ((const uint8_t *)from)[place] : ((const float *)from)[place];
}

static void store(const Picture *picture, void *to, int64_t place, float value) {
    if (picture->is_bytes)
        ((uint8_t *)to)[place] = (uint8_t)(value + 0.5f);
    else
        ((float *)to)[place] = value;
}

// Four pixels of the source and their shares.
typedef struct Corners {
    int64_t places[4];
    float shares[4];
} Corners;

// As floorf, which is a call on plain x86-64. Places are small: the cast is defined.
static int32_t round_down(float value) {
    int32_t whole = (int32_t)value;
    return whole - (value < (float)whole);
}

static Corners find_corners(const Picture *picture, int64_t fill, float y, float x) {
    int64_t row = round_down(y), column = round_down(x);
    int64_t line = picture->width * picture->channels;
    float down = y - (float)row, right = x - (float)column;
    Corners corners = {
        .shares = {(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right}};
    if (row >= 0 && row < picture->height - 1 && column >= 0 && column < picture->width - 1) {
        int64_t place = row * line + column * picture->channels;
        for (int k = 0; k < 4; k++)
            corners.places[k] = place + k / 2 * line + k % 2 * picture->channels;
        return corners;
    }
    for (int k = 0; k < 4; k++) {
        int64_t i = fill_place(row + k / 2, picture->height, fill);
        int64_t j = fill_place(column + k % 2, picture->width, fill);
        int is_zero = i < 0 || j < 0;
        corners.places[k] = is_zero ? 0 : i * line + j * picture->channels;
        if (is_zero) corners.shares[k] = 0;
    }
    return corners;
}

// The pixel at (y, x) of the source.
static void interpolate(const Picture *picture, int64_t fill, const void *from, float y, float x,
                        void *to, int64_t place) {
    Corners corners = find_corners(picture, fill, y, x);
    const int64_t *at = corners.places;
    const float *share = corners.shares;
    const uint8_t *bytes = from;
    const float *floats = from;
    for (int64_t c = 0; c < picture->channels; c++) {
        if (picture->is_bytes) {
            float value = share[0] * bytes[at[0] + c] + share[1] * bytes[at[1] + c] +
                          share[2] * bytes[at[2] + c] + share[3] * bytes[at[3] + c];
            ((uint8_t *)to)[place + c] = (uint8_t)(value + 0.5f);
        } else {
            ((float *)to)[place + c] = share[0] * floats[at[0] + c] + share[1] * floats[at[1] + c] +
                                       share[2] * floats[at[2] + c] + share[3] * floats[at[3] + c];
        }
    }
}

static void clear_pixel(const Picture *picture, void *to, int64_t place) {
    for (int64_t c = 0; c < picture->channels; c++) store(picture, to, place + c, 0);
}

// Crop and flip only choose the place that is moved.
static void move_picture(const Picture *picture, const Change *change, int64_t fill,
                         const void *from, void *to) {
    const Movement *m = &change->movement;
    int64_t place = 0;
    for (int64_t i = 0; i < picture->height; i++) {
        for (int64_t j = 0; j < picture->width; j++, place += picture->channels) {
            int64_t y = i + change->down, x = j + change->right;
            if (y < 0 || y >= picture->height || x < 0 || x >= picture->width) {
                clear_pixel(picture, to, place);
                continue;
            }
            if (change->flip & FLIP_VERTICAL) y = picture->height - 1 - y;
            if (change->flip & FLIP_HORIZONTAL) x = picture->width - 1 - x;
            float row = m->matrix[0][0] * (float)y + m->matrix[0][1] * (float)x + m->offset[0];
            float column = m->matrix[1][0] * (float)y + m->matrix[1][1] * (float)x + m->offset[1];
            interpolate(picture, fill, from, row, column, to, place);
        }
    }
}

void nnrt_augment_move(const nnrt_movement *movement, int64_t fill, const nnrt_column *column,
                       const void *from, void *to) {
    Picture picture = picture_of(column);
    Change change = {.movement = make_movement(movement, column->shape)};
    move_picture(&picture, &change, fill, from, to);
}

// ---- All of it.

static void light(const Picture *picture, float factor, void *to) {
    int64_t count = picture->height * picture->width * picture->channels;
    for (int64_t i = 0; i < count; i++) {
        float value = load(picture, to, i) * factor;
        store(picture, to, i, picture->is_bytes && value > 255 ? 255 : value);
    }
}

void nnrt_augment_sample(const nnrt_augment *augment, const nnrt_column *column,
                         nnrt_random *random, const void *from, void *to) {
    Picture picture = picture_of(column);
    Change change = draw_change(augment, column->shape, random);
    if (change.movement.is_on)
        move_picture(&picture, &change, augment->fill, from, to);
    else
        copy_picture(&picture, &change, from, to);
    if (change.light != 1) light(&picture, change.light, to);
}

// ---- What is asked for: marks, which the loader reads.

enum { AUGMENT_FILL };
enum { FLIP_DIRECTION };
enum { CROP_PAD };
enum { ROTATE_DEGREES };
enum { SHIFT_HEIGHT, SHIFT_WIDTH };
enum { FRACTION }; // of shear, zoom and brightness

static const ArgDef augment_args[] = {
    [AUGMENT_FILL] =
        {.name = "fill",
         .type = ARG_WORD,
         .default_text = "nearest",
         .choices = "nearest constant reflect wrap",
         .keras_name = "fill_mode",
         .doc = "what comes in from outside of a picture that is moved (constant: zeros)"},
    {0},
};

#define FRACTION_ARGUMENT(what, open)                                                              \
    {.name = "fraction",                                                                           \
     .type = ARG_FLOAT,                                                                            \
     .maximum = 1,                                                                                 \
     .maximum_open = (open),                                                                       \
     .keras_name = "factor",                                                                       \
     .doc = (what)}
#define SHIFT_ARGUMENT(side, keras, what)                                                          \
    {.name = (side),                                                                               \
     .type = ARG_FLOAT,                                                                            \
     .default_text = "0",                                                                          \
     .maximum = 1,                                                                                 \
     .keras_name = (keras),                                                                        \
     .doc = (what)}

static const ArgDef flip_args[] = {
    [FLIP_DIRECTION] = {.name = "direction",
                        .type = ARG_WORD,
                        .default_text = "horizontal",
                        .choices = "horizontal vertical both",
                        .keras_name = "mode",
                        .doc = "left and right, top and bottom, or each of them"},
    {0},
};
static const ArgDef crop_args[] = {
    [CROP_PAD] = {.name = "pad",
                  .type = ARG_INT,
                  .minimum = 1,
                  .maximum = 1 << 15,
                  .keras_name = "padding",
                  .doc = "pixels of zeros that are put around the picture first"},
    {0},
};
static const ArgDef rotate_args[] = {
    [ROTATE_DEGREES] = {.name = "degrees",
                        .type = ARG_FLOAT,
                        .maximum = 180,
                        .keras_name = "rotation_range factor",
                        .keras_unit = 360,
                        .doc = "at most so far, either way"},
    {0},
};
static const ArgDef shift_args[] = {
    [SHIFT_HEIGHT] = SHIFT_ARGUMENT("height", "height_shift_range height_factor",
                                    "at most this fraction up or down"),
    [SHIFT_WIDTH] = SHIFT_ARGUMENT("width", "width_shift_range width_factor",
                                   "at most this fraction left or right"),
    {0},
};
static const ArgDef shear_args[] = {
    [FRACTION] = FRACTION_ARGUMENT(
        "rows move sideways by at most this fraction of their distance from the centre", false),
    {0},
};
static const ArgDef zoom_args[] = {
    [FRACTION] = FRACTION_ARGUMENT(
        "height and width change by at most this fraction, each on its own", true),
    {0}};
static const ArgDef brightness_args[] = {
    [FRACTION] = FRACTION_ARGUMENT(
        "values are multiplied with 1 and at most this fraction more or less", false),
    {0}};

// Each stands once, on data that have pictures.
static nnrt_status mark(nnrt_table *table, const nnrt_call *call) {
    int64_t kind = nnrt_transform_of(call) - nnrt_augmentations;
    nnrt_status status = nnrt_pictures_check(table, nnrt_augmentations->schema.name);
    if (status) return status;
    if (table->augment.kinds >> kind & 1)
        return nnrt_fail(NNRT_ERROR,
                         kind ? "augment(..): `%s` stands twice"
                              : "augment(..) stands twice: put everything into one `%s`",
                         call->name);
    table->augment.kinds |= (int64_t)1 << kind;
    return NNRT_OK;
}

static nnrt_status apply_augment(nnrt_table *table, const nnrt_call *call) {
    table->augment.fill = nnrt_call_word_at(call, augment_args, AUGMENT_FILL);
    return mark(table, call);
}

static nnrt_status apply_flip(nnrt_table *table, const nnrt_call *call) {
    table->augment.flip = nnrt_call_word_at(call, flip_args, FLIP_DIRECTION) + 1;
    return mark(table, call);
}

static nnrt_status apply_crop(nnrt_table *table, const nnrt_call *call) {
    table->augment.pad = (int64_t)nnrt_call_number_at(call, CROP_PAD);
    return mark(table, call);
}

static nnrt_status apply_rotate(nnrt_table *table, const nnrt_call *call) {
    table->augment.rotate = nnrt_call_number_at(call, ROTATE_DEGREES);
    return mark(table, call);
}

static nnrt_status apply_shift(nnrt_table *table, const nnrt_call *call) {
    table->augment.shift_height = nnrt_call_number_at(call, SHIFT_HEIGHT);
    table->augment.shift_width = nnrt_call_number_at(call, SHIFT_WIDTH);
    return mark(table, call);
}

static nnrt_status apply_shear(nnrt_table *table, const nnrt_call *call) {
    table->augment.shear = nnrt_call_number_at(call, FRACTION);
    return mark(table, call);
}

static nnrt_status apply_zoom(nnrt_table *table, const nnrt_call *call) {
    table->augment.zoom = nnrt_call_number_at(call, FRACTION);
    return mark(table, call);
}

static nnrt_status apply_brightness(nnrt_table *table, const nnrt_call *call) {
    table->augment.brightness = nnrt_call_number_at(call, FRACTION);
    return mark(table, call);
}

#define AUGMENTATION(...) .schema = {__VA_ARGS__}, .is_augmentation = 1, .timing = NNRT_OF_VALUES

// `augment` itself, and what stands inside of it.
const nnrt_transform nnrt_augmentations[] = {
    {.schema = {"augment", "changes training pictures anew in each epoch", augment_args,
                "ImageDataGenerator"},
     .timing = NNRT_OF_VALUES,
     .does = NNRT_AUGMENTS,
     .apply = apply_augment},
    {AUGMENTATION("flip", "mirrors every second picture", flip_args, "RandomFlip horizontal_flip"),
     .apply = apply_flip},
    {AUGMENTATION("crop", "takes a window of the picture's size out of the padded picture",
                  crop_args, "RandomCrop"),
     .apply = apply_crop},
    {AUGMENTATION("rotate", "turns by an angle", rotate_args, "RandomRotation rotation"),
     .apply = apply_rotate},
    {AUGMENTATION("shift", "moves up or down, left or right", shift_args,
                  "RandomTranslation translate"),
     .apply = apply_shift},
    {AUGMENTATION("shear", "slants", shear_args, "RandomShear"), .apply = apply_shear},
    {AUGMENTATION("zoom", "enlarges or shrinks", zoom_args, "RandomZoom"), .apply = apply_zoom},
    {AUGMENTATION("brightness", "makes lighter or darker", brightness_args, "RandomBrightness"),
     .apply = apply_brightness},
    {.schema = {0}}};
