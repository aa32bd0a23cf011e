// Sources that are files: the built-in sets of IDX files, and arrays that the program names.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../files/locate.h"
#include "../../formats/idx.h"
#include "../../formats/npy.h"
#include "arrays.h"

// ---- Arrays that the program names

enum { X, TEST_X, TARGET, TEST_TARGET, LIST_COUNT, NAME_SIZE = 256 };
static const char *const list_names[] = {"x", "test_x", "target", "test_target"};

typedef struct Listed { // the files of one option
    const char *const *files;
    int64_t count;
    int is_list;
} Listed;

typedef struct Named {
    const nnrt_call *call;
    nnrt_status (*open)(nnrt_array *array, const char *path);
    Listed lists[LIST_COUNT];
    nnrt_arrays set;
} Named;

static const char *file_of(const Named *named, int64_t column, int part) {
    int64_t inputs = named->set.input_count;
    return column < inputs ? named->lists[X + part].files[column]
                           : named->lists[TARGET + part].files[column - inputs];
}

static nnrt_status fail_count(const Named *named, int option, const char *what, int64_t count) {
    return nnrt_fail(NNRT_ERROR, "%s(..): `%s` has %lld file%s, but `%s` has %lld",
                     named->call->name, list_names[option], (long long)named->lists[option].count,
                     named->lists[option].count == 1 ? "" : "s", what, (long long)count);
}

static nnrt_status check_lists(const Named *named) {
    const Listed *lists = named->lists;
    const char *name = named->call->name;
    int has_test = lists[TEST_X].count > 0, has_target = lists[TARGET].count > 0;
    if (!lists[X].count) return nnrt_fail(NNRT_ERROR, "%s(..) names no file", name);
    if (lists[X].count + lists[TARGET].count > NNRT_MAX_COLUMNS)
        return nnrt_fail(NNRT_ERROR,
                         "%s(..): a data set has at most %d columns, inputs and targets together, "
                         "not %lld",
                         name, NNRT_MAX_COLUMNS, (long long)(lists[X].count + lists[TARGET].count));
    if ((lists[TEST_TARGET].count > 0) != (has_test && has_target))
        return nnrt_fail(NNRT_ERROR, "%s(..): `test_x` and `test_target` go together", name);
    if (has_test && lists[X].count != lists[TEST_X].count)
        return fail_count(named, X, "test_x", lists[TEST_X].count);
    if (has_test && lists[TARGET].count != lists[TEST_TARGET].count)
        return fail_count(named, TARGET, "test_target", lists[TEST_TARGET].count);
    return NNRT_OK;
}

// `classes = 10`, or a number for each target.
static nnrt_status read_classes(Named *named) {
    const nnrt_option *option = nnrt_call_find(named->call, "classes");
    int64_t count = option ? option->count : 0;
    if (count && count != named->set.target_count)
        return nnrt_fail(NNRT_ERROR,
                         "%s(..): `classes` has %lld number%s, but there %s %lld target%s; give "
                         "one for each, 0 where there are no labels or they show it",
                         named->call->name, (long long)count, count == 1 ? "" : "s",
                         named->set.target_count == 1 ? "is" : "are",
                         (long long)named->set.target_count,
                         named->set.target_count == 1 ? "" : "s");
    for (int64_t i = 0; i < count; i++) {
        double classes = option->numbers[i];
        if (!(classes >= 0 && classes <= NNRT_DATA_MAX_CLASSES) || classes != floor(classes))
            return nnrt_fail(NNRT_ERROR, "classes = %g: at most %d are possible", classes,
                             NNRT_DATA_MAX_CLASSES);
        named->set.classes[i] = (int64_t)classes;
    }
    return NNRT_OK;
}

// "data/left-1.npy.gz" -> "left_1"
static void name_column(const char *path, char name[NAME_SIZE]) {
    static const char *const endings[] = {".gz", ".npy", ".idx"};
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    int is_digit = *base >= '0' && *base <= '9';
    snprintf(name, NAME_SIZE, "%s%s", is_digit ? "_" : "", base);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t length = strlen(name), end = strlen(endings[i]);
        if (length > end && strcmp(name + length - end, endings[i]) == 0) name[length - end] = 0;
    }
    for (char *at = name; *at; at++)
        if (!(*at >= 'a' && *at <= 'z') && !(*at >= 'A' && *at <= 'Z') &&
            !(*at >= '0' && *at <= '9'))
            *at = '_';
}

static nnrt_status check_names(const Named *named, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        for (int64_t k = 0; k < i; k++)
            if (strcmp(named->set.names[i], named->set.names[k]) == 0)
                return nnrt_fail(NNRT_ERROR,
                                 "%s(..): columns are called by their files, and `%s` and `%s` "
                                 "would both be `%s`: rename one of them",
                                 named->call->name, file_of(named, k, 0), file_of(named, i, 0),
                                 named->set.names[i]);
    return NNRT_OK;
}

// Where there are lists, all columns are called by their files.
static nnrt_status name_columns(Named *named) {
    int64_t count = named->set.input_count + named->set.target_count;
    char names[NNRT_MAX_COLUMNS][NAME_SIZE];
    const char *pointers[NNRT_MAX_COLUMNS] = {0};
    named->set.names[0] = "x";
    if (!named->lists[X].is_list && !named->lists[TARGET].is_list) return NNRT_OK;
    for (int64_t i = 0; i < count; i++) {
        name_column(file_of(named, i, 0), names[i]);
        pointers[i] = names[i];
    }
    const char *const *kept = nnrt_table_keep_names(pointers, count);
    if (!kept) return NNRT_ERROR;
    for (int64_t i = 0; i < count; i++) named->set.names[i] = kept[i];
    return check_names(named, count);
}

static nnrt_status open_columns(nnrt_table *table, const Named *named, nnrt_array *arrays) {
    int64_t columns = named->set.input_count + named->set.target_count;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < columns * named->set.parts && !status; i++) {
        int64_t column = i % columns;
        int part = (int)(i / columns);
        char path[PATH_MAX];
        status = nnrt_locate(table->folder, file_of(named, column, part), path);
        if (!status) status = named->open(&arrays[column * named->set.parts + part], path);
    }
    return status;
}

static nnrt_status read_named(Named *named) {
    for (int i = 0; i < LIST_COUNT; i++) {
        Listed *list = &named->lists[i];
        list->files = nnrt_call_texts(named->call, list_names[i], &list->count, &list->is_list);
    }
    nnrt_status status = check_lists(named);
    named->set.input_count = named->lists[X].count;
    named->set.target_count = named->lists[TARGET].count;
    named->set.parts = named->lists[TEST_X].count ? 2 : 1;
    if (!status) status = read_classes(named);
    return status ? status : name_columns(named);
}

// Known without the files, but for their shapes.
static nnrt_status add_names(nnrt_table *table, const nnrt_arrays *set) {
    for (int64_t i = 0; i < set->input_count; i++)
        if (!nnrt_table_add(table, NNRT_FEATURE, (nnrt_column){.name = set->names[i]}))
            return NNRT_ERROR;
    return NNRT_OK;
}

static nnrt_status open_files(nnrt_table *table, Named *named) {
    nnrt_arrays *set = &named->set;
    table->storage->rule = nnrt_memory_rule_of(nnrt_call_text(named->call, "memory", NULL));
    nnrt_status status = read_named(named);
    if (!status) status = add_names(table, set);
    if (status) return status;
    size_t count = (size_t)((set->input_count + set->target_count) * set->parts);
    nnrt_array *arrays = calloc(count, sizeof *arrays);
    if (!arrays) return nnrt_fail_memory("arrays", count * sizeof *arrays);
    set->arrays = arrays;
    status = open_columns(table, named, arrays);
    if (!status) status = nnrt_arrays_open(table, set);
    free(arrays);
    return status;
}

static nnrt_status open_idx(nnrt_table *table, const nnrt_call *call) {
    return open_files(table, &(Named){.call = call, .open = nnrt_idx_open});
}

static nnrt_status open_npy(nnrt_table *table, const nnrt_call *call) {
    return open_files(table, &(Named){.call = call, .open = nnrt_npy_open});
}

// ---- Built-in sets

enum { SET_SIDE = 28, SET_CLASSES = 10, SET_TRAIN_ROWS = 60000, SET_TEST_ROWS = 10000 };

static const char *const set_files[] = {"train-images-idx3-ubyte", "t10k-images-idx3-ubyte",
                                        "train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte", NULL};
static const char *const mnist_folders[] = {"mnist", "MNIST", NULL};
static const char *const fashion_folders[] = {"fashion-mnist", "fashion_mnist", "FashionMNIST",
                                              NULL};
static const char *const digit_names[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
static const char *const fashion_names[] = {"T-shirt/top", "Trouser",   "Pullover", "Dress",
                                            "Coat",        "Sandal",    "Shirt",    "Sneaker",
                                            "Bag",         "Ankle boot"};

static const nnrt_file_set mnist_set = {
    "mnist", mnist_folders, fashion_folders, set_files,
    "put the four files of MNIST (train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, "
    "t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz) into a folder and set NNC_DATA to it"};
static const nnrt_file_set fashion_set = {
    "fashion_mnist", fashion_folders, mnist_folders, set_files,
    "on Debian: apt-get install dataset-fashion-mnist; or put the four files of Fashion-MNIST into "
    "a folder and set NNC_DATA to it"};

static nnrt_status know_set(nnrt_table *table, const char *const *names) {
    static const int64_t shape[] = {SET_SIDE, SET_SIDE};
    table->row_count = SET_TRAIN_ROWS + SET_TEST_ROWS;
    table->own_test_rows = SET_TEST_ROWS;
    if (!nnrt_table_add(table, NNRT_FEATURE, nnrt_column_make("image", NNRT_U8, 2, shape)) ||
        !nnrt_table_add_labels(table, SET_CLASSES))
        return NNRT_ERROR;
    nnrt_table_target(table, 0)->target.class_names = names;
    return NNRT_OK;
}

static nnrt_status check_set(const nnrt_array *inputs, const nnrt_array *targets) {
    char shape[NNRT_SHAPE_TEXT];
    for (int i = 0; i < 2; i++) {
        const nnrt_array *input = &inputs[i], *target = &targets[i];
        int is_picture = input->element == NNRT_ELEMENT_U8 && input->rank == 3 &&
                         input->shape[1] == SET_SIDE && input->shape[2] == SET_SIDE;
        if (!is_picture)
            return nnrt_fail(NNRT_ERROR,
                             "`%s` holds %s: expected pictures, uint8 [n, %d, %d]; is it swapped "
                             "with the labels?",
                             input->path, nnrt_shape_text(shape, input->rank, input->shape),
                             SET_SIDE, SET_SIDE);
        if (target->element != NNRT_ELEMENT_U8 || target->rank != 1)
            return nnrt_fail(NNRT_ERROR,
                             "`%s` holds %s: expected labels, uint8 [n]; is it swapped with the "
                             "pictures?",
                             target->path, nnrt_shape_text(shape, target->rank, target->shape));
    }
    return NNRT_OK;
}

static nnrt_status open_arrays(nnrt_table *table, nnrt_array *arrays, const char *const *names) {
    nnrt_status status = check_set(arrays, arrays + 2);
    nnrt_arrays all = {arrays, 1, 1, 2, {"image"}, {SET_CLASSES}};
    if (!status) status = nnrt_arrays_open(table, &all);
    if (!status) nnrt_table_target(table, 0)->target.class_names = names;
    return status;
}

static nnrt_status open_set(nnrt_table *table, const nnrt_file_set *set, const char *const *names) {
    char(*paths)[PATH_MAX] = calloc(4, sizeof *paths);
    nnrt_array *arrays = calloc(4, sizeof *arrays);
    nnrt_status status = know_set(table, names);
    if (!paths || !arrays)
        status = nnrt_fail_memory("the names of files", 4 * (sizeof *paths + sizeof *arrays));
    if (!status) status = nnrt_locate_set(table->folder, set, paths);
    for (int i = 0; i < 4 && !status; i++) status = nnrt_idx_open(&arrays[i], paths[i]);
    if (!status) status = open_arrays(table, arrays, names);
    free(arrays);
    free(paths);
    return status;
}

static nnrt_status open_mnist(nnrt_table *table, const nnrt_call *call) {
    (void)call;
    return open_set(table, &mnist_set, digit_names);
}

static nnrt_status open_fashion(nnrt_table *table, const nnrt_call *call) {
    (void)call;
    return open_set(table, &fashion_set, fashion_names);
}

static const ArgDef array_args[] = {
    {.name = "x",
     .type = ARG_STRINGS,
     .is_path = true,
     .doc = "file with one sample after the other; a list of files: several inputs"},
    {.name = "target",
     .type = ARG_STRINGS,
     .is_path = true,
     .default_text = "none",
     .keras_name = "y labels",
     .doc = "file with a label or target for each sample; a list of files: several targets"},
    {.name = "test_x",
     .type = ARG_STRINGS,
     .is_path = true,
     .default_text = "none",
     .keras_name = "x_test",
     .doc = "samples of the test part"},
    {.name = "test_target",
     .type = ARG_STRINGS,
     .is_path = true,
     .default_text = "none",
     .keras_name = "y_test",
     .doc = "targets of the test part"},
    {.name = "classes",
     .type = ARG_INTS,
     .default_text = "none",
     .maximum = NNRT_DATA_MAX_CLASSES,
     .keras_name = "num_classes",
     .doc = "number of classes, where the labels do not show it; of each of several targets"},
    NNRT_MEMORY_ARGUMENT,
    {0},
};

const nnrt_source nnrt_file_sources[] = {
    {.schema = {"mnist", "reads handwritten digits, uint8 [28, 28], labels 0-9", NULL, NULL},
     .open = open_mnist},
    {.schema = {"fashion_mnist", "reads pictures of clothes, uint8 [28, 28], labels 0-9", NULL,
                NULL},
     .open = open_fashion},
    {.schema = {"idx", "reads arrays in MNIST's format", array_args, NULL}, .open = open_idx},
    {.schema = {"npy", "reads arrays in NumPy's format", array_args, "numpy"}, .open = open_npy},
    {.schema = {0}}};
