// CIFAR-10 and CIFAR-100 in their original binary form (Krizhevsky, "Learning multiple layers of
// features from tiny images", 2009; www.cs.toronto.edu/~kriz/cifar.html): records of one or two
// bytes of labels, then the red, the green and the blue plane. In memory channels come last. Where
// these files are missing, a folder cifar10/ with train/ and test/, one folder of pictures a class,
// is taken.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../files/paths/locate.h"
#include "../../files/stream.h"
#include "../pictures/pictures.h"
#include "images.h"

enum { SIDE = 32, CHANNELS = 3, PLANE = SIDE * SIDE, PIXELS = PLANE * CHANNELS };
enum { TRAIN_ROWS = 50000, TEST_ROWS = 10000, MAX_FILES = 8 };

typedef struct Cifar {
    nnrt_file_set files;
    const char *const *pictures; // a folder of each form that has pictures instead; ended by NULL
    int train_files;             // the rest are of the test part
    int64_t labels, label;       // bytes of labels in a record, and which of them is meant
    int64_t classes;
    const char *const *names;
} Cifar;

static const char *const ten_names[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                        "dog",      "frog",       "horse", "ship", "truck"};
static const char *const fine_names[] = {
    "apple",       "aquarium_fish", "baby",      "bear",       "beaver",       "bed",
    "bee",         "beetle",        "bicycle",   "bottle",     "bowl",         "boy",
    "bridge",      "bus",           "butterfly", "camel",      "can",          "castle",
    "caterpillar", "cattle",        "chair",     "chimpanzee", "clock",        "cloud",
    "cockroach",   "couch",         "crab",      "crocodile",  "cup",          "dinosaur",
    "dolphin",     "elephant",      "flatfish",  "forest",     "fox",          "girl",
    "hamster",     "house",         "kangaroo",  "keyboard",   "lamp",         "lawn_mower",
    "leopard",     "lion",          "lizard",    "lobster",    "man",          "maple_tree",
    "motorcycle",  "mountain",      "mouse",     "mushroom",   "oak_tree",     "orange",
    "orchid",      "otter",         "palm_tree", "pear",       "pickup_truck", "pine_tree",
    "plain",       "plate",         "poppy",     "porcupine",  "possum",       "rabbit",
    "raccoon",     "ray",           "road",      "rocket",     "rose",         "sea",
    "seal",        "shark",         "shrew",     "skunk",      "skyscraper",   "snail",
    "snake",       "spider",        "squirrel",  "streetcar",  "sunflower",    "sweet_pepper",
    "table",       "tank",          "telephone", "television", "tiger",        "tractor",
    "train",       "trout",         "tulip",     "turtle",     "wardrobe",     "whale",
    "willow_tree", "wolf",          "woman",     "worm"};
static const char *const coarse_names[] = {"aquatic_mammals",
                                           "fish",
                                           "flowers",
                                           "food_containers",
                                           "fruit_and_vegetables",
                                           "household_electrical_devices",
                                           "household_furniture",
                                           "insects",
                                           "large_carnivores",
                                           "large_man-made_outdoor_things",
                                           "large_natural_outdoor_scenes",
                                           "large_omnivores_and_herbivores",
                                           "medium_mammals",
                                           "non-insect_invertebrates",
                                           "people",
                                           "reptiles",
                                           "small_mammals",
                                           "trees",
                                           "vehicles_1",
                                           "vehicles_2"};

static const char *const no_folders[] = {NULL};
static const char *const ten_folders[] = {"cifar-10-batches-bin",          "cifar10",
                                          "cifar10/cifar-10-batches-bin",  "cifar-10",
                                          "cifar-10/cifar-10-batches-bin", NULL};
static const char *const ten_files[] = {"data_batch_1.bin",
                                        "data_batch_2.bin",
                                        "data_batch_3.bin",
                                        "data_batch_4.bin",
                                        "data_batch_5.bin",
                                        "test_batch.bin",
                                        NULL};
static const char *const ten_pictures[] = {"cifar10/train/airplane", "cifar-10/train/airplane",
                                           "train/airplane", NULL};
static const char *const hundred_folders[] = {"cifar-100-binary",           "cifar100",
                                              "cifar100/cifar-100-binary",  "cifar-100",
                                              "cifar-100/cifar-100-binary", NULL};
static const char *const hundred_files[] = {"train.bin", "test.bin", NULL};
static const char *const hundred_pictures[] = {"cifar100/train/apple", "cifar-100/train/apple",
                                               "train/apple", NULL};

static const Cifar ten = {
    .files =
        {"cifar10", ten_folders, no_folders, ten_files,
         "unpack cifar-10-binary.tar.gz (www.cs.toronto.edu/~kriz/cifar.html) and set NNC_DATA to the folder that has it; a folder cifar10/ with train/ and test/, one folder of pictures a class, will do, too"},
    .pictures = ten_pictures,
    .train_files = 5,
    .labels = 1,
    .classes = sizeof ten_names / sizeof *ten_names,
    .names = ten_names};
static const Cifar hundred_fine = {
    .files =
        {"cifar100", hundred_folders, no_folders, hundred_files,
         "unpack cifar-100-binary.tar.gz (www.cs.toronto.edu/~kriz/cifar.html) and set NNC_DATA to the folder that has it"},
    .pictures = hundred_pictures,
    .train_files = 1,
    .labels = 2,
    .label = 1,
    .classes = sizeof fine_names / sizeof *fine_names,
    .names = fine_names};

static nnrt_status know_set(nnrt_table *table, const Cifar *set) {
    static const int64_t shape[] = {SIDE, SIDE, CHANNELS};
    table->row_count = TRAIN_ROWS + TEST_ROWS;
    table->own_test_rows = TEST_ROWS;
    if (!nnrt_table_add(table, NNRT_FEATURE, nnrt_column_make("image", NNRT_U8, 3, shape)) ||
        !nnrt_table_add_labels(table, set->classes))
        return NNRT_ERROR;
    nnrt_table_target(table, 0)->target.class_names = set->names;
    return NNRT_OK;
}

// ---- Files.

// A file of records as an array [rows, record]: its size says how many rows there are.
static nnrt_status open_file(nnrt_array *array, const char *path, const Cifar *set) {
    nnrt_stream stream;
    int64_t record = set->labels + PIXELS;
    *array = (nnrt_array){.element = NNRT_ELEMENT_U8, .rank = 2, .shape = {0, record}};
    snprintf(array->path, sizeof array->path, "%s", path);
    nnrt_status status = nnrt_stream_open(&stream, path);
    if (status) return status;
    int64_t size = stream.compressed ? stream.last_size : stream.file_size;
    if (size <= 0 || size % record)
        status = nnrt_fail(NNRT_ERROR,
                           "`%s` is truncated or no file of %s: it has %lld bytes, records have "
                           "%lld; get the file again",
                           path, set->files.name, (long long)size, (long long)record);
    array->shape[0] = size / record;
    if (!status) status = nnrt_array_finish(array);
    if (!status) status = nnrt_stream_check_size(&stream, size);
    nnrt_stream_close(&stream);
    return status;
}

// The table's state.
typedef struct Batches {
    Cifar set;
    nnrt_array files[MAX_FILES];
    int count;
} Batches;

static nnrt_status open_files(nnrt_table *table, const Cifar *set, char (*paths)[PATH_MAX]) {
    Batches *batches = table->state = calloc(1, sizeof *batches);
    table->free_state = free;
    if (!batches) return nnrt_fail_memory("the names of files", sizeof *batches);
    batches->set = *set;
    table->row_count = table->own_test_rows = 0;
    for (int i = 0; set->files.files[i]; i++) {
        nnrt_array *array = &batches->files[batches->count++];
        nnrt_status status = open_file(array, paths[i], set);
        if (status) return status;
        table->row_count += array->rows;
        if (i >= set->train_files) table->own_test_rows += array->rows;
        nnrt_table_fingerprint(table, array->shape, sizeof(int64_t));
    }
    if (table->row_count <= UINT32_MAX) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "`%s` is too large", paths[0]);
}

static nnrt_status fail_label(const nnrt_array *array, const Cifar *set, int64_t row, int label) {
    return nnrt_fail(NNRT_ERROR,
                     "`%s`: label %d in record %lld (counted from 0) is out of range: %s has %lld "
                     "classes; the file is damaged or another one",
                     array->path, label, (long long)row, set->files.name, (long long)set->classes);
}

// Goes over the records of a file; what is not wanted (NULL) is passed over.
static nnrt_status read_file(const nnrt_array *array, const Cifar *set, int32_t *labels,
                             uint8_t *pixels) {
    uint8_t record[2 + PIXELS], *planes = record + set->labels;
    nnrt_stream stream;
    nnrt_status status = nnrt_stream_open(&stream, array->path);
    for (int64_t row = 0; row < array->rows && !status; row++) {
        status = nnrt_stream_read(&stream, record, array->row_size, "its records");
        if (status) break;
        int label = record[set->label];
        if (label >= set->classes) status = fail_label(array, set, row, label);
        if (labels) *labels++ = label;
        for (int i = 0; pixels && i < PLANE; i++)
            for (int c = 0; c < CHANNELS; c++) *pixels++ = planes[c * PLANE + i];
    }
    if (!status) status = nnrt_stream_end(&stream);
    nnrt_stream_close(&stream);
    return status;
}

static nnrt_status read_labels(nnrt_table *table, const Cifar *set) {
    const Batches *batches = table->state;
    nnrt_field *field = nnrt_table_target(table, 0);
    nnrt_status status = nnrt_field_allocate(table, field);
    int32_t *labels = field->values;
    for (int i = 0; i < batches->count && !status; i++) {
        status = read_file(&batches->files[i], set, labels, NULL);
        labels += batches->files[i].rows;
    }
    if (!status) nnrt_table_fingerprint(table, field->values, 4 * table->row_count);
    return status;
}

static nnrt_status read_pixels(nnrt_table *table, nnrt_field *field) {
    const Batches *batches = field->origin.state;
    nnrt_status status = nnrt_field_allocate(table, field);
    uint8_t *pixels = field->values;
    for (int i = 0; i < batches->count && !status; i++) {
        status = read_file(&batches->files[i], &batches->set, NULL, pixels);
        pixels += batches->files[i].rows * PIXELS;
    }
    return status;
}

// ---- Folders of pictures.

static nnrt_status check_pictures(const nnrt_table *table, const Cifar *set, const char *folder) {
    const nnrt_target_info *target = &nnrt_table_target(table, 0)->target;
    const nnrt_column *column = &nnrt_table_feature(table, 0)->column;
    int is_known = target->classes == set->classes;
    for (int64_t i = 0; is_known && i < set->classes; i++)
        is_known = strcmp(target->class_names[i], set->names[i]) == 0;
    if (is_known && column->shape[0] == SIDE && column->shape[1] == SIDE) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "`%s` is not %s: its pictures are %d x %d, its classes %s to %s; for other "
                     "pictures write `images(\"folder\")`",
                     folder, set->files.name, SIDE, SIDE, set->names[0],
                     set->names[set->classes - 1]);
}

// "/data/cifar10/train/airplane" -> "/data/cifar10"; 0: there is none.
static int find_pictures(const nnrt_table *table, const Cifar *set, char path[PATH_MAX]) {
    const char *const *name = set->pictures;
    while (*name && nnrt_locate(table->folder, *name, path) != NNRT_OK) name++;
    for (int i = 0; *name && i < 2; i++) *strrchr(path, '/') = '\0';
    return *name != NULL;
}

static nnrt_status open_pictures(nnrt_table *table, const Cifar *set, const char *folder) {
    nnrt_table_clear(table); // what was known without the files
    nnrt_status status = nnrt_images_open(table, folder, CHANNELS, 0);
    return status ? status : check_pictures(table, set, folder);
}

// ---- The sources.

static nnrt_status open_set(nnrt_table *table, const Cifar *set) {
    static char paths[MAX_FILES][PATH_MAX]; // large, and wanted by one thread only
    char folder[PATH_MAX], message[4096];
    nnrt_status status = know_set(table, set);
    if (!status) status = nnrt_locate_set(table->folder, &set->files, paths);
    if (status == NNRT_DATA_MISSING) {
        snprintf(message, sizeof message, "%s", nnrt_error());
        if (find_pictures(table, set, folder)) return open_pictures(table, set, folder);
        return nnrt_fail(status, "%s", message);
    }
    if (!status) status = open_files(table, set, paths);
    if (!status) status = read_labels(table, set);
    if (!status)
        nnrt_table_feature(table, 0)->origin =
            (nnrt_origin){.read = read_pixels, .state = table->state};
    return status;
}

static nnrt_status open_ten(nnrt_table *table, const nnrt_call *call) {
    (void)call;
    return open_set(table, &ten);
}

static const ArgDef cifar100_args[];
enum { LABELS };
enum { FINE, COARSE }; // in the order of the choices

// The coarse labels are the first byte; pictures in folders have fine ones only.
static nnrt_status open_hundred(nnrt_table *table, const nnrt_call *call) {
    static const char *const none[] = {NULL};
    Cifar set = hundred_fine;
    if (nnrt_call_word_at(call, cifar100_args, LABELS) != COARSE) return open_set(table, &set);
    set.pictures = none;
    set.label = 0;
    set.classes = sizeof coarse_names / sizeof *coarse_names;
    set.names = coarse_names;
    return open_set(table, &set);
}

static const ArgDef cifar100_args[] = {
    [LABELS] = {.name = "labels",
                .type = ARG_WORD,
                .default_text = "fine",
                .choices = "fine coarse",
                .keras_name = "label_mode",
                .doc = "100 classes, or the 20 they belong to"},
    {0},
};

const nnrt_source nnrt_cifar_sources[] = {
    {.schema = {"cifar10", "reads small colour pictures, uint8 [32, 32, 3], labels 0-9", NULL,
                NULL},
     .open = open_ten,
     .settle = nnrt_pictures_settle},
    {.schema = {"cifar100", "reads small colour pictures, uint8 [32, 32, 3], labels 0-99",
                cifar100_args, NULL},
     .open = open_hundred,
     .settle = nnrt_pictures_settle},
    {.schema = {0}}};
