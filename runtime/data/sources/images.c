// Folders of pictures: lists are made when the folder is opened.
#include "images.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "../../files/paths/locate.h"
#include "../../files/paths/reads.h"
#include "../../formats/pictures/picture.h"
#include "../pictures/folders.h"
#include "../pictures/pictures.h"
#include "../pictures/readable.h"
#include "../table/facts.h"

enum { MAX_DEPTH = 32 };

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
    return nnrt_pictures_add(pictures, path, label);
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
    nnrt_field *field = nnrt_table_add(table, NNRT_FEATURE, (nnrt_column){.name = "image"});
    return field ? nnrt_pictures_show(table, field, table->state, channels) : NNRT_ERROR;
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
    table->state = nnrt_pictures_create();
    if (!table->state) return NNRT_ERROR;
    table->free_state = nnrt_pictures_free;
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

static const ArgDef images_args[];
enum { FOLDER, COLOR, MEMORY, SKIP_UNREADABLE };
static const int64_t channel_counts[] = {3, 1}; // in the order of the choices of `color`

static nnrt_status open_images(nnrt_table *table, const nnrt_call *call) {
    char path[PATH_MAX];
    int64_t channels = channel_counts[nnrt_call_word_at(call, images_args, COLOR)];
    int64_t unreadable = (int64_t)nnrt_call_number_at(call, SKIP_UNREADABLE);
    nnrt_status status = nnrt_locate(table->folder, nnrt_call_text_at(call, FOLDER), path);
    if (!status) status = nnrt_images_open(table, path, channels, unreadable);
    table->storage->rule = (nnrt_memory_rule)nnrt_call_word_at(call, images_args, MEMORY);
    return status;
}

static const ArgDef images_args[] = {
    [FOLDER] = {.name = "folder",
                .type = ARG_STRING,
                .is_path = true,
                .keras_name = "directory",
                .doc = "one folder a class, or train/, validation/ and test/ with such folders"},
    [COLOR] = {.name = "color",
               .type = ARG_WORD,
               .default_text = "rgb",
               .choices = "rgb grayscale",
               .keras_name = "color_mode",
               .doc = "three channels, or one"},
    [MEMORY] =
        {.name = "memory",
         .type = ARG_WORD,
         .default_text = "auto",
         .choices = "auto all none",
         .doc = "which pictures stay decoded in memory: all if they take less than half of what is "
                "free, all, or none"},
    [SKIP_UNREADABLE] =
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
     .has_folders = 1,
     .open = open_images,
     .settle = nnrt_pictures_settle},
    {.schema = {0}}};
