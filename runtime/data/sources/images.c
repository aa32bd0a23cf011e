// Lists are made when the folder is opened, pictures are decoded when samples are read: all of them
// into memory, by one thread a CPU, or, where they would take more than half of the free memory,
// each when its batch is made (loader.h).
#include "images.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "../../base/memory.h"
#include "../../files/locate.h"
#include "../../files/reads.h"
#include "../../formats/picture.h"
#include "../../formats/resize.h"
#include "../../workers/team.h"
#include "../facts.h"
#include "folders.h"
#include "readable.h"

enum { MAX_DEPTH = 32, LOOKS = 64, READ_AT_ONCE = 16 };

// The list of a folder's pictures: the table's state.
typedef struct nnrt_pictures {
    char **paths; // [count]
    int32_t *labels;
    int64_t count, capacity;
} nnrt_pictures;

static void free_pictures(void *state) {
    nnrt_pictures *pictures = state;
    for (int64_t i = 0; i < pictures->count; i++) free(pictures->paths[i]);
    free(pictures->paths);
    free(pictures->labels);
    free(pictures);
}

// ---- Lists.

static nnrt_status fail_memory(void) {
    return nnrt_fail_memory("a list of pictures", 0);
}

static int is_picture_name(const char *name) {
    return nnrt_picture_by_name(name) == NNRT_NAME_PICTURE;
}

// Takes a file if it is a picture by its name; one of a format that is not read must not be left
// out of a class in silence.
static nnrt_status add_picture(nnrt_pictures *pictures, const char *path, int32_t label) {
    nnrt_picture_name kind = nnrt_picture_by_name(path);
    if (kind == NNRT_NAME_OTHER) return NNRT_OK;
    if (kind == NNRT_NAME_UNREADABLE)
        return nnrt_picture_fail_format(path, nnrt_picture_format(path));
    if (pictures->count == pictures->capacity) {
        int64_t capacity = pictures->capacity ? 2 * pictures->capacity : 1024;
        char **paths = realloc(pictures->paths, (size_t)capacity * sizeof *paths);
        if (paths) pictures->paths = paths;
        int32_t *labels = realloc(pictures->labels, (size_t)capacity * sizeof *labels);
        if (labels) pictures->labels = labels;
        if (!paths || !labels) return fail_memory();
        pictures->capacity = capacity;
    }
    char *copy = strdup(path);
    if (!copy) return fail_memory();
    pictures->paths[pictures->count] = copy;
    pictures->labels[pictures->count++] = label;
    return NNRT_OK;
}

static nnrt_status add_pictures(nnrt_pictures *pictures, const char *folder, int32_t label,
                                int depth) {
    struct dirent **names;
    char path[PATH_MAX];
    if (depth > MAX_DEPTH) return nnrt_fail(NNRT_ERROR, "the folders in `%s` go too deep", folder);
    int count = nnrt_folder_list(folder, &names);
    if (count < 0) return NNRT_ERROR;
    nnrt_status status = NNRT_OK;
    for (int i = 0; i < count && !status; i++) {
        status = nnrt_folder_join(path, folder, names[i]->d_name);
        if (status) break;
        if (nnrt_folder_is_entry(names[i], path))
            status = add_pictures(pictures, path, label, depth + 1);
        else
            status = add_picture(pictures, path, label);
    }
    nnrt_folder_free_names(names, count);
    return status;
}

// ---- Classes.

typedef struct Classes {
    char **names;
    int64_t count;
} Classes;

static void free_classes(Classes *classes) {
    for (int64_t i = 0; i < classes->count; i++) free(classes->names[i]);
    free(classes->names);
}

static nnrt_status find_classes(const char *folder, Classes *classes) {
    struct dirent **names;
    char path[PATH_MAX];
    int count = nnrt_folder_list(folder, &names);
    if (count < 0) return NNRT_ERROR;
    classes->names = calloc((size_t)count + 1, sizeof *classes->names);
    nnrt_status status = classes->names ? NNRT_OK : fail_memory();
    for (int i = 0; i < count && !status; i++) {
        status = nnrt_folder_join(path, folder, names[i]->d_name);
        if (status || !nnrt_folder_is_entry(names[i], path)) continue;
        char *name = strdup(names[i]->d_name);
        if (name)
            classes->names[classes->count++] = name;
        else
            status = fail_memory();
    }
    nnrt_folder_free_names(names, count);
    if (status || classes->count > 0) return status;
    return nnrt_fail(NNRT_ERROR,
                     "`%s` has no folders: pictures lie in one folder a class, as in "
                     "`cats/1.jpg`, `dogs/1.jpg`",
                     folder);
}

static int64_t find_class(const Classes *classes, const char *name) {
    for (int64_t i = 0; i < classes->count; i++)
        if (strcmp(classes->names[i], name) == 0) return i;
    return -1;
}

// The pictures of the classes in one part's folder, which may lack some of the classes.
static nnrt_status add_part(nnrt_pictures *pictures, const char *folder, const Classes *classes) {
    Classes own = {0};
    char path[PATH_MAX];
    int64_t before = pictures->count;
    nnrt_status status = find_classes(folder, &own);
    for (int64_t i = 0; i < own.count && !status; i++) {
        int64_t label = find_class(classes, own.names[i]);
        if (label < 0)
            status = nnrt_fail(NNRT_ERROR,
                               "`%s` has the class `%s`, which the training part does not have",
                               folder, own.names[i]);
        if (!status) status = nnrt_folder_join(path, folder, own.names[i]);
        if (!status) status = add_pictures(pictures, path, (int32_t)label, 0);
    }
    free_classes(&own);
    if (status || pictures->count > before) return status;
    return nnrt_fail(NNRT_ERROR, "`%s` holds no pictures: PNG or JPEG, in one folder a class",
                     folder);
}

// ---- Parts.

static int is_part_name(const char *name) {
    static const char *const others[] = {"training_set",   "test_set",   "testing",   "train_set",
                                         "validation_set", "train_data", "test_data", NULL};
    const char *const *const lists[] = {nnrt_train_folders, nnrt_validation_folders,
                                        nnrt_test_folders, others};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const char *const *known = lists[i]; *known; known++)
            if (strcasecmp(name, *known) == 0) return 1;
    return 0;
}

static int64_t count_folders(const char *folder) {
    Classes inner = {0};
    int64_t count = find_classes(folder, &inner) ? 0 : inner.count;
    free_classes(&inner);
    return count;
}

// Folders that are taken for classes but are a level, or the parts, above them.
static nnrt_status check_level(const char *folder, const Classes *classes) {
    char path[PATH_MAX], part[PATH_MAX];
    for (int64_t i = 0; i < classes->count; i++) {
        const char *name = classes->names[i];
        nnrt_status status = nnrt_folder_join(path, folder, name);
        if (status) return status;
        if (nnrt_folder_find_part(path, nnrt_train_folders, part))
            return nnrt_fail(NNRT_ERROR, "`%s` holds parts, not classes: name the folder `%s`",
                             folder, path);
        if (is_part_name(name) && count_folders(path) > 0)
            return nnrt_fail(NNRT_ERROR,
                             "`%s` is taken for a class, but its name is that of a part: call the "
                             "parts `train`, `validation` and `test`",
                             path);
        int64_t inner = classes->count == 1 ? count_folders(path) : 0;
        if (inner > 1)
            return nnrt_fail(NNRT_ERROR,
                             "`%s` holds a single folder, `%s`, whose %lld folders are probably "
                             "the classes: name the folder `%s`",
                             folder, name, (long long)inner, path);
    }
    return NNRT_OK;
}

// Every class has something to learn from.
static nnrt_status check_filled(const nnrt_pictures *pictures, const char *folder,
                                const Classes *classes) {
    char *is_filled = calloc((size_t)classes->count, 1);
    int64_t empty = 0;
    if (!is_filled) return fail_memory();
    for (int64_t i = 0; i < pictures->count; i++) is_filled[pictures->labels[i]] = 1;
    while (empty < classes->count && is_filled[empty]) empty++;
    free(is_filled);
    if (empty == classes->count) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "the class `%s/%s` has no pictures (PNG or JPEG): put some in, or take the "
                     "folder away",
                     folder, classes->names[empty]);
}

static nnrt_status add_train(nnrt_pictures *pictures, const char *folder, Classes *classes) {
    nnrt_status status = find_classes(folder, classes);
    if (!status) status = check_level(folder, classes);
    if (!status) status = add_part(pictures, folder, classes);
    return status ? status : check_filled(pictures, folder, classes);
}

// ---- Sizes.

static nnrt_status make_picture(const nnrt_field *field, uint32_t row, void *values);

static nnrt_status fail_sizes(const nnrt_field *field, const char *path, int64_t height,
                              int64_t width) {
    const nnrt_pictures *pictures = field->origin.state;
    const int64_t *shape = field->stored.shape;
    return nnrt_fail(NNRT_ERROR,
                     "pictures differ in size: `%s` is %lld pixels wide and %lld high, `%s` %lld "
                     "and %lld; add `-> resize(height, width)`",
                     pictures->paths[0], (long long)shape[1], (long long)shape[0], path,
                     (long long)width, (long long)height);
}

// Looks at some pictures all over the set, so that most mistakes are found before anything is read.
nnrt_status nnrt_images_settle(nnrt_table *table) {
    const nnrt_field *field = nnrt_table_feature(table, 0);
    const nnrt_pictures *pictures = field->origin.state;
    if (!pictures || field->origin.make != make_picture || field->is_resized) return NNRT_OK;
    int64_t looks = pictures->count < LOOKS ? pictures->count : LOOKS;
    for (int64_t i = 1; i < looks; i++) {
        const char *path = pictures->paths[i * (pictures->count - 1) / (looks - 1)];
        int64_t height, width;
        nnrt_status status = nnrt_picture_size(path, &height, &width);
        if (status) return status;
        if (height != field->stored.shape[0] || width != field->stored.shape[1])
            return fail_sizes(field, path, height, width);
    }
    return NNRT_OK;
}

// ---- Decoding.

static nnrt_status make_picture(const nnrt_field *field, uint32_t row, void *values) {
    const nnrt_pictures *pictures = field->origin.state;
    const char *path = pictures->paths[row];
    const int64_t *shape = field->column.shape;
    nnrt_picture picture;
    nnrt_status status = nnrt_picture_read(path, shape[2], &picture);
    if (status) return status;
    if (picture.height == shape[0] && picture.width == shape[1])
        memcpy(values, picture.pixels, (size_t)field->column.size);
    else if (field->is_resized)
        nnrt_resize_bytes(picture.pixels, picture.height, picture.width, shape[2], values, shape[0],
                          shape[1]);
    else
        status = fail_sizes(field, path, picture.height, picture.width);
    nnrt_picture_free(&picture);
    return status;
}

typedef struct Reading {
    const nnrt_field *field;
    uint8_t *values;
    int64_t count;
    _Atomic int64_t next;
    pthread_mutex_t lock;
    int64_t failed; // the first picture that failed; count: none did
    nnrt_status status;
    char message[4096];
} Reading;

static void note_failure(Reading *reading, int64_t row, nnrt_status status) {
    pthread_mutex_lock(&reading->lock);
    if (row < reading->failed) {
        reading->failed = row;
        reading->status = status;
        snprintf(reading->message, sizeof reading->message, "%s", nnrt_error());
    }
    pthread_mutex_unlock(&reading->lock);
    atomic_store(&reading->next, reading->count); // the others stop, too
}

static void read_some(void *argument, int thread, int threads) {
    Reading *reading = argument;
    int64_t count = reading->count, size = reading->field->column.size;
    (void)thread, (void)threads;
    for (;;) {
        int64_t first = atomic_fetch_add(&reading->next, READ_AT_ONCE);
        for (int64_t row = first; row < first + READ_AT_ONCE && row < count; row++) {
            nnrt_status status =
                make_picture(reading->field, (uint32_t)row, reading->values + row * size);
            if (status) note_failure(reading, row, status);
            if (status) break;
        }
        if (first >= count) return;
    }
}

static nnrt_status read_all(const nnrt_table *table, nnrt_field *field) {
    nnrt_team *team = nnrt_team_create(nnrt_cpu_count() < 64 ? nnrt_cpu_count() : 64);
    if (!team) return NNRT_ERROR;
    Reading reading = {.field = field,
                       .values = field->values,
                       .count = table->row_count,
                       .failed = table->row_count};
    pthread_mutex_init(&reading.lock, NULL);
    nnrt_team_run(team, nnrt_team_size(team), read_some, &reading);
    pthread_mutex_destroy(&reading.lock);
    nnrt_team_free(team);
    return reading.status ? nnrt_fail(reading.status, "%s", reading.message) : NNRT_OK;
}

static nnrt_status read_pictures(nnrt_table *table, nnrt_field *field) {
    nnrt_memory_rule rule = table->storage->rule;
    int64_t bytes;
    if (__builtin_mul_overflow(table->row_count, field->column.size, &bytes)) bytes = INT64_MAX;
    if (rule == NNRT_MEMORY_NONE || (rule == NNRT_MEMORY_AUTO && bytes > nnrt_free_memory() / 2))
        return NNRT_OK;
    field->stored = field->column;
    nnrt_status status = nnrt_field_allocate(table, field);
    return status ? status : read_all(table, field);
}

// ---- Opening.

static nnrt_status add_parts(nnrt_table *table, const char *folder, Classes *classes) {
    nnrt_pictures *pictures = table->state;
    char path[PATH_MAX];
    int has_parts = nnrt_folder_find_part(folder, nnrt_train_folders, path);
    nnrt_status status = add_train(pictures, has_parts ? path : folder, classes);
    int64_t train_count = pictures->count;
    if (!status && has_parts && nnrt_folder_find_part(folder, nnrt_validation_folders, path))
        status = add_part(pictures, path, classes);
    table->own_validation_rows = pictures->count - train_count;
    if (!status && has_parts && nnrt_folder_find_part(folder, nnrt_test_folders, path))
        status = add_part(pictures, path, classes);
    table->row_count = pictures->count;
    table->own_test_rows = pictures->count - train_count - table->own_validation_rows;
    return status;
}

static nnrt_status add_labels(nnrt_table *table, const Classes *classes) {
    const nnrt_pictures *pictures = table->state;
    nnrt_field *field = nnrt_table_add_labels(table, classes->count);
    if (!field || nnrt_field_allocate(table, field)) return NNRT_ERROR;
    field->target.class_names =
        nnrt_table_keep_names((const char *const *)classes->names, classes->count);
    if (!field->target.class_names) return NNRT_ERROR;
    memcpy(field->values, pictures->labels, (size_t)pictures->count * sizeof(int32_t));
    for (int64_t i = 0; i < classes->count; i++)
        nnrt_table_fingerprint(table, classes->names[i], (int64_t)strlen(classes->names[i]));
    nnrt_table_fingerprint(table, pictures->labels, pictures->count * 4);
    return NNRT_OK;
}

static nnrt_status add_image(nnrt_table *table, int64_t channels) {
    nnrt_pictures *pictures = table->state;
    int64_t shape[3] = {0, 0, channels};
    nnrt_status status = nnrt_picture_size(pictures->paths[0], &shape[0], &shape[1]);
    if (status) return status;
    nnrt_field *field =
        nnrt_table_add(table, NNRT_FEATURE, nnrt_column_make("image", NNRT_U8, 3, shape));
    if (!field) return NNRT_ERROR;
    field->origin = (nnrt_origin){read_pictures, make_picture, pictures};
    nnrt_table_fingerprint(table, shape, sizeof shape);
    return NNRT_OK;
}

static nnrt_status check_counts(const nnrt_table *table, const Classes *classes) {
    if (table->row_count <= UINT32_MAX && classes->count <= NNRT_DATA_MAX_CLASSES) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "there are too many pictures or classes: %lld, %lld",
                     (long long)table->row_count, (long long)classes->count);
}

static void keep_readable(nnrt_table *table, const uint8_t *is_readable) {
    nnrt_pictures *pictures = table->state;
    int64_t test = pictures->count - table->own_test_rows, kept = 0;
    int64_t validation = test - table->own_validation_rows;
    for (int64_t i = 0; i < pictures->count; i++) {
        if (is_readable[i]) {
            pictures->paths[kept] = pictures->paths[i];
            pictures->labels[kept++] = pictures->labels[i];
            continue;
        }
        free(pictures->paths[i]);
        table->own_test_rows -= i >= test;
        table->own_validation_rows -= i >= validation && i < test;
    }
    table->row_count = pictures->count = kept;
}

static nnrt_status note_unreadable(nnrt_table *table, const uint8_t *is_readable) {
    const nnrt_pictures *pictures = table->state;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < pictures->count && !status; i++)
        if (!is_readable[i])
            status = nnrt_facts_add(table, NNRT_FACT_UNREADABLE, pictures->paths[i], 0);
    return status;
}

// Pictures that cannot be read are left out, `allowed` at most.
static nnrt_status skip_unreadable(nnrt_table *table, int64_t channels, int64_t allowed) {
    const nnrt_pictures *pictures = table->state;
    uint8_t *is_readable = calloc((size_t)pictures->count + 1, 1);
    if (!is_readable) return fail_memory();
    nnrt_status status =
        nnrt_readable_find(pictures->paths, pictures->count, channels, allowed, is_readable);
    if (!status) status = note_unreadable(table, is_readable);
    if (!status) keep_readable(table, is_readable);
    free(is_readable);
    return status;
}

static nnrt_status list_pictures(nnrt_table *table, const char *folder, Classes *classes) {
    table->state = calloc(1, sizeof(nnrt_pictures));
    if (!table->state) return fail_memory();
    table->free_state = free_pictures;
    nnrt_status status = nnrt_reads_note_folder(folder, is_picture_name);
    if (!status) status = add_parts(table, folder, classes);
    return status ? status : check_counts(table, classes);
}

nnrt_status nnrt_images_open(nnrt_table *table, const char *folder, int64_t channels,
                             int64_t unreadable) {
    Classes classes = {0};
    if (!nnrt_folder_is_there(folder))
        return nnrt_fail(NNRT_ERROR, "`%s` is not a folder: images(..) reads one folder a class",
                         folder);
    nnrt_status status = list_pictures(table, folder, &classes);
    if (!status && unreadable) status = skip_unreadable(table, channels, unreadable);
    if (!status) status = check_filled(table->state, folder, &classes);
    if (!status) status = add_labels(table, &classes);
    if (!status) status = add_image(table, channels);
    free_classes(&classes);
    return status;
}

static nnrt_status open_images(nnrt_table *table, const nnrt_call *call) {
    char path[PATH_MAX];
    const char *folder = nnrt_call_text(call, "folder", NULL);
    int64_t channels = strcmp(nnrt_call_text(call, "color", "rgb"), "rgb") == 0 ? 3 : 1;
    int64_t unreadable;
    if (!folder) return nnrt_fail(NNRT_ERROR, "images(..) names no folder");
    nnrt_status status = nnrt_source_integer(call, "skip_unreadable", 0, &unreadable);
    if (!status) status = nnrt_locate(table->folder, folder, path);
    if (!status) status = nnrt_images_open(table, path, channels, unreadable);
    table->storage->rule = nnrt_memory_rule_of(nnrt_call_text(call, "memory", NULL));
    return status;
}

static const ArgDef images_args[] = {
    {.name = "folder",
     .type = ARG_STRING,
     .is_path = true,
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
    {.name = "skip_unreadable",
     .type = ARG_INT,
     .default_text = "0",
     .maximum = 4294967295.0,
     .by_name = true,
     .doc = "how many pictures may be left out because they cannot be read; unless 0, all are "
            "decoded once to find them"},
    {0},
};

const nnrt_source nnrt_image_sources[] = {
    {.schema = {"images", "reads folders of PNG and JPEG pictures, uint8 [height, width, channels]",
                images_args, "image_dataset_from_directory flow_from_directory ImageFolder"},
     .open = open_images,
     .settle = nnrt_images_settle},
    {.schema = {0}}};
