// The source `npz`: arrays of NumPy's archives. Where the program does not name them, they are
// found by the names that people give them.
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "../../base/text/list.h"
#include "../../files/packed/zip.h"
#include "../../files/paths/locate.h"
#include "../../formats/npy.h"
#include "named.h"

static const char ending[] = ".npy";

enum { FILE_NAME, ARRAYS_FIRST }; // the options; from the second on, those of named.h

// How archives of inputs and targets call them, in the order of the options. The first row whose
// inputs are there counts.
static const char *const usual[][NNRT_NAMED] = {
    {"x_train", "y_train", "x_test", "y_test"}, // those of Keras
    {"X_train", "y_train", "X_test", "y_test"},
    {"train_images", "train_labels", "test_images", "test_labels"},
    {"train_x", "train_y", "test_x", "test_y"},
    {"x", "y", NULL, NULL},
    {"X", "y", NULL, NULL},
    {"images", "labels", NULL, NULL},
    {"data", "labels", NULL, NULL},
    {"data", "target", NULL, NULL},
    {"arr_0", "arr_1", NULL, NULL}, // numpy.savez without names
};

// ---- Members.

// "x_train" is the member "x_train.npy"; -1: there is none.
static int64_t find(const nnrt_zip *zip, const char *name) {
    size_t length = strlen(name);
    for (int64_t i = 0; i < zip->count; i++) {
        const char *member = zip->names[i];
        if (strcmp(member, name) == 0) return i;
        if (strncmp(member, name, length) == 0 && strcmp(member + length, ending) == 0) return i;
    }
    return -1;
}

// "`x_train`, `y_train`"
static const char *list_names(const nnrt_zip *zip, char *text, size_t size) {
    nnrt_list list = nnrt_list_make(text, size);
    for (int64_t i = 0; i < zip->count; i++) {
        size_t length = strlen(zip->names[i]), end = strlen(ending);
        int is_array = length > end && strcmp(zip->names[i] + length - end, ending) == 0;
        nnrt_list_add(&list, "`%.*s`", (int)(is_array ? length - end : length), zip->names[i]);
    }
    return zip->count ? text : "nothing";
}

static nnrt_status fail_name(const nnrt_zip *zip, const char *name) {
    char text[2048];
    return nnrt_fail(NNRT_ERROR, "`%s` has no array `%s`\nit holds %s", zip->path, name,
                     list_names(zip, text, sizeof text));
}

static nnrt_status open_member(const nnrt_named *named, const nnrt_table *table, const char *name,
                               nnrt_array *array) {
    nnrt_zip *zip = (nnrt_zip *)named->state;
    char path[PATH_MAX];
    int descriptor;
    if (!zip->path) // its file is missing
        return nnrt_locate(table->folder, nnrt_call_text_at(named->call, FILE_NAME), path);
    int64_t member = find(zip, name);
    if (member < 0) return fail_name(zip, name);
    snprintf(path, sizeof path, "%s/%s", zip->path, zip->names[member]);
    nnrt_status status = nnrt_zip_read(zip, member, path, &descriptor);
    return status ? status : nnrt_npy_open_descriptor(array, path, descriptor);
}

// ---- Names.

static int take(const nnrt_zip *zip, nnrt_named *named, int option, const char *const *names) {
    nnrt_listed *list = &named->lists[option];
    if (list->count || !names[option] || find(zip, names[option]) < 0) return 0;
    *list = (nnrt_listed){&names[option], 1, 0};
    return 1;
}

// What the program does not say is what there is of the usual names. A test part is taken if its
// targets are those of the targets that were taken, too.
static void take_usual(const nnrt_zip *zip, nnrt_named *named, const char *const *names) {
    take(zip, named, NNRT_NAMED_X, names);
    int is_taken = take(zip, named, NNRT_NAMED_TARGET, names);
    int has_target = named->lists[NNRT_NAMED_TARGET].count > 0;
    int fits = has_target ? is_taken && take(zip, named, NNRT_NAMED_TEST_TARGET, names) : 1;
    if (fits && !take(zip, named, NNRT_NAMED_TEST_X, names) &&
        !named->lists[NNRT_NAMED_TEST_X].count)
        named->lists[NNRT_NAMED_TEST_TARGET] = (nnrt_listed){0};
}

static nnrt_status find_names(const nnrt_zip *zip, nnrt_named *named) {
    char text[2048];
    if (named->lists[NNRT_NAMED_X].count) return NNRT_OK;
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (find(zip, usual[i][NNRT_NAMED_X]) >= 0) {
            take_usual(zip, named, usual[i]);
            return NNRT_OK;
        }
    return nnrt_fail(NNRT_ERROR,
                     "`%s` has no array of a name that inputs usually have, such as `x_train`\n"
                     "say which they are, `npz(.., x = .., target = ..)`; it holds %s",
                     zip->path, list_names(zip, text, sizeof text));
}

static nnrt_status open_archive(const nnrt_table *table, nnrt_named *named, nnrt_zip *zip) {
    char path[PATH_MAX];
    nnrt_status status =
        nnrt_locate(table->folder, nnrt_call_text_at(named->call, FILE_NAME), path);
    if (!status) status = nnrt_zip_open(zip, path);
    return status ? status : find_names(zip, named);
}

static const ArgDef npz_args[];

static nnrt_status open_npz(nnrt_table *table, const nnrt_call *call) {
    static const char *const unknown[] = {"x"};
    nnrt_zip zip = {0};
    nnrt_named named = {.call = call,
                        .args = npz_args,
                        .first = ARRAYS_FIRST,
                        .what = "array",
                        .open = open_member,
                        .state = &zip};
    nnrt_named_read(&named);
    nnrt_status status = open_archive(table, &named, &zip);
    int is_missing = status == NNRT_DATA_MISSING;
    if (is_missing && !named.lists[NNRT_NAMED_X].count)
        named.lists[NNRT_NAMED_X] = (nnrt_listed){unknown, 1, 0};
    if (!status || is_missing) status = nnrt_named_open(table, &named);
    nnrt_zip_close(&zip);
    return status;
}

#define ARRAYS(option, keras, what)                                                                \
    {.name = (option),                                                                             \
     .type = ARG_NAMES,                                                                            \
     .default_text = "none",                                                                       \
     .by_name = true,                                                                              \
     .keras_name = (keras),                                                                        \
     .doc = (what)}

static const ArgDef npz_args[] = {
    [FILE_NAME] = {.name = "file", .type = ARG_STRING, .is_path = true, .doc = "the archive"},
    [ARRAYS_FIRST + NNRT_NAMED_X] =
        ARRAYS("x", NULL,
               "the array with the samples; a list: several inputs; else `x_train`, `x` or another "
               "usual name"),
    [ARRAYS_FIRST + NNRT_NAMED_TARGET] =
        ARRAYS("target", "y labels", "that of their labels or targets; else `y_train`, `y`"),
    [ARRAYS_FIRST + NNRT_NAMED_TEST_X] =
        ARRAYS("test_x", "x_test", "the samples of the test part; else `x_test`"),
    [ARRAYS_FIRST + NNRT_NAMED_TEST_TARGET] =
        ARRAYS("test_target", "y_test", "their targets; else `y_test`"),
    [ARRAYS_FIRST + NNRT_NAMED_CLASSES] = NNRT_CLASSES_ARGUMENT,
    [ARRAYS_FIRST + NNRT_NAMED_MEMORY] = NNRT_MEMORY_ARGUMENT,
    {0},
};

const nnrt_source nnrt_npz_sources[] = {
    {.schema = {"npz", "reads arrays of NumPy's archives", npz_args, "savez"}, .open = open_npz},
    {.schema = {0}}};
