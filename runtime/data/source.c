// Sources that are files: the built-in sets of IDX files, and arrays that the program names.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../files/locate.h"
#include "../formats/idx.h"
#include "../formats/npy.h"
#include "source.h"
#include "target.h"

// ---- Common to both: two inputs and two targets, for training and test

typedef struct Arrays {
    const nnrt_array *inputs, *targets; // of the training part, of the test part
    int count;                          // parts
    int has_target;
    int64_t classes; // given; 0: the labels show it
} Arrays;

static nnrt_status check_rows(const nnrt_array *input, const nnrt_array *target) {
    char shape[256];
    if (input->rank == 1 && target->rank > 1)
        return nnrt_fail(NNRT_ERROR,
                         "`%s` has one number a sample, but its target `%s` is %s: are the two "
                         "files swapped?",
                         input->path, target->path, nnrt_array_shape(target, shape, sizeof shape));
    if (input->rows == target->rows) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "`%s` has %lld rows, but `%s` has %lld: are files of training and test "
                     "swapped, or is one of another set?",
                     input->path, (long long)input->rows, target->path, (long long)target->rows);
}

static int same_sample(const nnrt_array *a, const nnrt_array *b) {
    if (a->rank != b->rank) return 0;
    for (int64_t i = 1; i < a->rank; i++)
        if (a->shape[i] != b->shape[i]) return 0;
    return 1;
}

static nnrt_status check_parts(const nnrt_array *parts, int count) {
    char train[256], test[256];
    if (count < 2 || same_sample(&parts[0], &parts[1])) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "`%s` is %s, but the test part `%s` is %s: samples differ in shape",
                     parts[0].path, nnrt_array_shape(&parts[0], train, sizeof train), parts[1].path,
                     nnrt_array_shape(&parts[1], test, sizeof test));
}

static nnrt_status check_arrays(const Arrays *arrays) {
    nnrt_status status = check_parts(arrays->inputs, arrays->count);
    if (!status && arrays->has_target) status = check_parts(arrays->targets, arrays->count);
    for (int i = 0; i < arrays->count && arrays->has_target && !status; i++)
        status = check_rows(&arrays->inputs[i], &arrays->targets[i]);
    return status;
}

static nnrt_status count_rows(nnrt_pipeline *pipeline, const Arrays *arrays) {
    pipeline->row_count = 0;
    pipeline->own_test_rows = arrays->count > 1 ? arrays->inputs[1].rows : 0;
    for (int i = 0; i < arrays->count; i++) {
        const nnrt_array *input = &arrays->inputs[i];
        pipeline->row_count += input->rows;
        nnrt_source_fingerprint(pipeline, &input->element, sizeof input->element);
        nnrt_source_fingerprint(pipeline, input->shape,
                                input->rank * (int64_t)sizeof *input->shape);
    }
    if (pipeline->row_count <= UINT32_MAX) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "`%s` has too many rows: at most %lld can be read",
                     arrays->inputs[0].path, (long long)UINT32_MAX);
}

// Headers are read and lie in `arrays`: checks them against each other, reads the target.
static nnrt_status open_arrays(nnrt_pipeline *pipeline, const Arrays *arrays, const char *name) {
    const nnrt_array *first = &arrays->inputs[0];
    nnrt_status status = check_arrays(arrays);
    if (!status) status = count_rows(pipeline, arrays);
    if (status) return status;
    int bytes = 1;
    for (int i = 0; i < arrays->count; i++) {
        pipeline->files[i] = arrays->inputs[i];
        bytes &= arrays->inputs[i].element == NNRT_ELEMENT_U8;
    }
    pipeline->file_count = arrays->count;
    static const int64_t one[1] = {1};
    int64_t rank = first->rank - 1;
    nnrt_source_set_input(pipeline,
                          nnrt_source_column(name, bytes ? NNRT_U8 : NNRT_F32, rank ? rank : 1,
                                             rank ? first->shape + 1 : one));
    if (!arrays->has_target) return NNRT_OK;
    pipeline->info.target_count = 1;
    return nnrt_target_read(pipeline, 0, arrays->targets, arrays->count, arrays->classes);
}

static nnrt_status read_inputs(nnrt_pipeline *pipeline) {
    const nnrt_column column = pipeline->samples[0].column;
    nnrt_status status = nnrt_source_allocate(pipeline, 0, &column);
    char *values = pipeline->samples[0].values;
    for (int i = 0; i < pipeline->file_count && !status; i++) {
        const nnrt_array *array = &pipeline->files[i];
        status = nnrt_array_read(array, column.dtype, values);
        values += array->rows * column.size * nnrt_dtype_size(column.dtype);
    }
    return status;
}

// ---- Arrays that the program names

typedef nnrt_status open_array(nnrt_array *array, const char *path);

// Opens the file that an option names; *found is 0 if it is absent.
static nnrt_status open_option(const nnrt_pipeline *pipeline, const nnrt_call *call,
                               const char *option, open_array *open, nnrt_array *array,
                               int *found) {
    char path[PATH_MAX];
    const char *name = nnrt_call_text(call, option, NULL);
    *found = name != NULL;
    if (!name) return NNRT_OK;
    nnrt_status status = nnrt_locate(pipeline->folder, name, path);
    return status ? status : open(array, path);
}

static nnrt_status open_named(nnrt_pipeline *pipeline, const nnrt_call *call, open_array *open,
                              nnrt_array *inputs, nnrt_array *targets) {
    int has_x, has_target, has_test, has_test_target;
    Arrays arrays = {.inputs = inputs, .targets = targets};
    nnrt_status status = nnrt_source_integer(call, "classes", 0, &arrays.classes);
    if (!status && (arrays.classes < 0 || arrays.classes > NNRT_DATA_MAX_CLASSES))
        status = nnrt_fail(NNRT_ERROR, "classes = %lld: at most %d are possible",
                           (long long)arrays.classes, NNRT_DATA_MAX_CLASSES);
    if (!status) status = open_option(pipeline, call, "x", open, &inputs[0], &has_x);
    if (!status) status = open_option(pipeline, call, "target", open, &targets[0], &has_target);
    if (!status) status = open_option(pipeline, call, "test_x", open, &inputs[1], &has_test);
    if (!status)
        status = open_option(pipeline, call, "test_target", open, &targets[1], &has_test_target);
    if (status) return status;
    if (!has_x) return nnrt_fail(NNRT_ERROR, "%s(..) names no file", call->name);
    if (has_test_target != (has_test && has_target))
        return nnrt_fail(NNRT_ERROR, "%s(..): `test_x` and `test_target` go together", call->name);
    arrays.count = has_test ? 2 : 1;
    arrays.has_target = has_target;
    return open_arrays(pipeline, &arrays, "x");
}

static nnrt_status open_files(nnrt_pipeline *pipeline, const nnrt_call *call, open_array *open) {
    nnrt_array *arrays = calloc(4, sizeof *arrays);
    if (!arrays) return nnrt_fail_memory("arrays", 4 * sizeof *arrays);
    nnrt_source_set_input(pipeline, (nnrt_column){.name = "x"});
    nnrt_status status = open_named(pipeline, call, open, arrays, arrays + 2);
    free(arrays);
    return status;
}

static nnrt_status open_idx(nnrt_pipeline *pipeline, const nnrt_call *call) {
    return open_files(pipeline, call, nnrt_idx_open);
}

static nnrt_status open_npy(nnrt_pipeline *pipeline, const nnrt_call *call) {
    return open_files(pipeline, call, nnrt_npy_open);
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

static void know_set(nnrt_pipeline *pipeline, const char *const *names) {
    static const int64_t shape[] = {SET_SIDE, SET_SIDE};
    nnrt_source_set_input(pipeline, nnrt_source_column("image", NNRT_U8, 2, shape));
    nnrt_source_set_labels(pipeline, SET_CLASSES)->class_names = names;
    pipeline->row_count = SET_TRAIN_ROWS + SET_TEST_ROWS;
    pipeline->own_test_rows = SET_TEST_ROWS;
}

static nnrt_status check_set(const nnrt_array *inputs, const nnrt_array *targets) {
    char shape[256];
    for (int i = 0; i < 2; i++) {
        const nnrt_array *input = &inputs[i], *target = &targets[i];
        int is_picture = input->element == NNRT_ELEMENT_U8 && input->rank == 3 &&
                         input->shape[1] == SET_SIDE && input->shape[2] == SET_SIDE;
        if (!is_picture)
            return nnrt_fail(NNRT_ERROR,
                             "`%s` holds %s: expected pictures, uint8 [n, %d, %d]; is it swapped "
                             "with the labels?",
                             input->path, nnrt_array_shape(input, shape, sizeof shape), SET_SIDE,
                             SET_SIDE);
        if (target->element != NNRT_ELEMENT_U8 || target->rank != 1)
            return nnrt_fail(NNRT_ERROR,
                             "`%s` holds %s: expected labels, uint8 [n]; is it swapped with the "
                             "pictures?",
                             target->path, nnrt_array_shape(target, shape, sizeof shape));
    }
    return NNRT_OK;
}

static nnrt_status open_set(nnrt_pipeline *pipeline, const nnrt_file_set *set,
                            const char *const *names) {
    char(*paths)[PATH_MAX] = calloc(4, sizeof *paths);
    nnrt_array *arrays = calloc(4, sizeof *arrays);
    nnrt_status status = NNRT_OK;
    know_set(pipeline, names);
    if (!paths || !arrays)
        status = nnrt_fail_memory("the names of files", 4 * (sizeof *paths + sizeof *arrays));
    if (!status) status = nnrt_locate_set(pipeline->folder, set, paths);
    for (int i = 0; i < 4 && !status; i++) status = nnrt_idx_open(&arrays[i], paths[i]);
    if (!status) status = check_set(arrays, arrays + 2);
    Arrays both = {arrays, arrays ? arrays + 2 : NULL, 2, 1, SET_CLASSES};
    if (!status) status = open_arrays(pipeline, &both, "image");
    free(arrays);
    free(paths);
    return status;
}

static nnrt_status open_mnist(nnrt_pipeline *pipeline, const nnrt_call *call) {
    (void)call;
    return open_set(pipeline, &mnist_set, digit_names);
}

static nnrt_status open_fashion(nnrt_pipeline *pipeline, const nnrt_call *call) {
    (void)call;
    return open_set(pipeline, &fashion_set, fashion_names);
}

const nnrt_source nnrt_file_sources[] = {
    {.name = "mnist", .open = open_mnist, .read = read_inputs},
    {.name = "fashion_mnist", .open = open_fashion, .read = read_inputs},
    {.name = "idx", .open = open_idx, .read = read_inputs},
    {.name = "npy", .open = open_npy, .read = read_inputs},
    {0}};
