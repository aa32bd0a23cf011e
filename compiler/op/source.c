// What the language knows of data sources and transforms; runtime/data/data.c does the work.
#include "../../runtime/data/data.h"
#include "vocabulary.h"

#define SEED                                                                                       \
    {.name = "seed",                                                                               \
     .type = ARG_INT,                                                                              \
     .default_text = "0",                                                                          \
     .maximum = 9007199254740991.0,                                                                \
     .keras_name = "random_state",                                                                 \
     .doc = "which random numbers"}
#define NOISE(default_value)                                                                       \
    {.name = "noise",                                                                              \
     .type = ARG_FLOAT,                                                                            \
     .default_text = (default_value),                                                              \
     .maximum = 1000,                                                                              \
     .doc = "standard deviation of what is added to each coordinate"}
#define POINTS                                                                                     \
    {.name = "n",                                                                                  \
     .type = ARG_INT,                                                                              \
     .default_text = "100",                                                                        \
     .minimum = 3,                                                                                 \
     .maximum = 1 << 24,                                                                           \
     .keras_name = "n_samples",                                                                    \
     .doc = "number of points"}

static const ArgDef array_args[] = {
    {.name = "x",
     .type = ARG_STRINGS,
     .doc = "file with one sample after the other; a list of files: several inputs"},
    {.name = "target",
     .type = ARG_STRINGS,
     .default_text = "none",
     .keras_name = "y labels",
     .doc = "file with a label or target for each sample; a list of files: several targets"},
    {.name = "test_x",
     .type = ARG_STRINGS,
     .default_text = "none",
     .keras_name = "x_test",
     .doc = "samples of the test part"},
    {.name = "test_target",
     .type = ARG_STRINGS,
     .default_text = "none",
     .keras_name = "y_test",
     .doc = "targets of the test part"},
    {.name = "classes",
     .type = ARG_INTS,
     .default_text = "none",
     .maximum = NNRT_DATA_MAX_CLASSES,
     .keras_name = "num_classes",
     .doc = "number of classes, where the labels do not show it; of each of several targets"},
    {0},
};

static const ArgDef cifar100_args[] = {
    {.name = "labels",
     .type = ARG_WORD,
     .default_text = "fine",
     .choices = "fine coarse",
     .keras_name = "label_mode",
     .doc = "100 classes, or the 20 they belong to"},
    {0},
};

static const ArgDef images_args[] = {
    {.name = "folder",
     .type = ARG_STRING,
     .keras_name = "directory",
     .doc = "one folder a class, or train/, validation/ and test/ with such folders"},
    {.name = "color",
     .type = ARG_WORD,
     .default_text = "rgb",
     .choices = "rgb grayscale",
     .keras_name = "color_mode",
     .doc = "three channels, or one"},
    {.name = "memory",
     .type = ARG_WORD,
     .default_text = "auto",
     .choices = "auto all none",
     .doc = "which pictures stay decoded in memory: all if they take less than half of what is "
            "free, all, or none"},
    {0},
};

static const ArgDef circles_args[] = {
    POINTS,
    {.name = "factor",
     .type = ARG_FLOAT,
     .default_text = "0.8",
     .maximum = 1,
     .maximum_open = true,
     .doc = "radius of the inner circle; the outer one has 1"},
    NOISE("0"),
    SEED,
    {0},
};

static const ArgDef points_args[] = {POINTS, NOISE("0"), SEED, {0}};
static const ArgDef blobs_args[] = {POINTS, NOISE("1"), SEED, {0}};

const Schema dataset_sources[] = {
    {"mnist", "reads handwritten digits, uint8 [28, 28], labels 0-9", NULL, NULL},
    {"fashion_mnist", "reads pictures of clothes, uint8 [28, 28], labels 0-9", NULL, NULL},
    {"cifar10", "reads small colour pictures, uint8 [32, 32, 3], labels 0-9", NULL, NULL},
    {"cifar100", "reads small colour pictures, uint8 [32, 32, 3], labels 0-99", cifar100_args,
     NULL},
    {"images", "reads folders of PNG and JPEG pictures, uint8 [height, width, channels]",
     images_args, "image_dataset_from_directory flow_from_directory ImageFolder"},
    {"idx", "reads arrays in MNIST's format", array_args, NULL},
    {"npy", "reads arrays in NumPy's format", array_args, "numpy"},
    {"circles", "makes points on two circles", circles_args, "make_circles"},
    {"moons", "makes points on two half circles", points_args, "make_moons"},
    {"spirals", "makes points on two spirals", points_args, "make_spirals"},
    {"xor", "makes points in four quadrants, opposite ones of one class", points_args, NULL},
    {"blobs", "makes points around three centres", blobs_args, "make_blobs"},
    {0},
};

static const ArgDef scale_args[] = {
    {.name = "a",
     .type = ARG_FLOAT,
     .keras_name = "scale factor rescale",
     .doc = "what each value is multiplied with"},
    {.name = "offset", .type = ARG_FLOAT, .default_text = "0", .doc = "what is added then"},
    {0},
};

static const ArgDef one_hot_args[] = {
    {.name = "column",
     .type = ARG_NAME,
     .doc = "the column that becomes one value a class: its name, or its number from 0"},
    {0},
};

static const ArgDef take_args[] = {
    {.name = "n",
     .type = ARG_INT,
     .minimum = 1,
     .maximum = 9007199254740991.0,
     .doc = "number of training samples to keep"},
    {0},
};

static const ArgDef split_args[] = {
    {.name = "test",
     .type = ARG_FLOAT,
     .default_text = "0",
     .maximum = 1,
     .maximum_open = true,
     .keras_name = "test_size",
     .doc = "fraction of the whole training part for the test part"},
    {.name = "validation",
     .type = ARG_FLOAT,
     .default_text = "0",
     .maximum = 1,
     .maximum_open = true,
     .keras_name = "validation_split val",
     .doc = "fraction of the whole training part for the validation part"},
    {.name = "seed",
     .type = ARG_INT,
     .default_text = "none",
     .maximum = 9007199254740991.0,
     .keras_name = "random_state",
     .doc = "which random samples; without it the last ones are taken"},
    {.name = "stratify",
     .type = ARG_BOOL,
     .default_text = "false",
     .doc = "keep the shares of the classes"},
    {0},
};

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

const Schema dataset_transforms[] = {
    {"scale", "multiplies and adds", scale_args, "Rescaling rescale normalize"},
    {"take", "keeps the first training samples", take_args, NULL},
    {"split", "takes parts off for testing and validation", split_args, "train_test_split"},
    {"one_hot", "makes one value a class of a column", one_hot_args, "to_categorical"},
    {"standardize", "subtracts the mean and divides by the deviation", NULL,
     "Normalization StandardScaler normalize"},
    {"resize", "gives pictures another size, bilinear", resize_args, "Resizing"},
    {"augment", "changes training pictures anew in each epoch", augment_args, "ImageDataGenerator"},
    {0},
};

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

const Schema dataset_augmentations[] = {
    {"flip", "mirrors every second picture", flip_args, "RandomFlip horizontal_flip"},
    {"crop", "takes a window of the picture's size out of the padded picture", crop_args,
     "RandomCrop"},
    {"rotate", "turns by an angle", rotate_args, "RandomRotation rotation"},
    {"shift", "moves up or down, left or right", shift_args, "RandomTranslation translate"},
    {"shear", "slants", shear_args, "RandomShear"},
    {"zoom", "enlarges or shrinks", zoom_args, "RandomZoom"},
    {"brightness", "makes lighter or darker", brightness_args, "RandomBrightness"},
    {0},
};
