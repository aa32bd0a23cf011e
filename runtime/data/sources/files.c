// Sources that are files: the built-in sets of IDX files.
#include <stdlib.h>

#include "../../files/paths/locate.h"
#include "../../formats/idx.h"
#include "arrays.h"

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

const nnrt_source nnrt_file_sources[] = {
    {.schema = {"mnist", "reads handwritten digits, uint8 [28, 28], labels 0-9", NULL, NULL},
     .open = open_mnist},
    {.schema = {"fashion_mnist", "reads pictures of clothes, uint8 [28, 28], labels 0-9", NULL,
                NULL},
     .open = open_fashion},
    {.schema = {0}}};
