#include "named.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../files/paths/locate.h"
#include "../../formats/idx.h"
#include "../../formats/npy.h"

enum {
    X = NNRT_NAMED_X,
    TARGET = NNRT_NAMED_TARGET,
    TEST_X = NNRT_NAMED_TEST_X,
    TEST_TARGET = NNRT_NAMED_TEST_TARGET,
    NAME_SIZE = 256
};

static const char *name_of(const nnrt_named *named, int64_t column, int part) {
    int64_t inputs = named->set.input_count;
    return column < inputs ? named->lists[part ? TEST_X : X].names[column]
                           : named->lists[part ? TEST_TARGET : TARGET].names[column - inputs];
}

static const char *option_name(const nnrt_named *named, int option) {
    return named->args[named->first + option].name;
}

static nnrt_status fail_count(const nnrt_named *named, int option, int other) {
    long long count = (long long)named->lists[option].count;
    return nnrt_fail(NNRT_ERROR, "%s(..): `%s` has %lld %s%s, but `%s` has %lld", named->call->name,
                     option_name(named, option), count, named->what, count == 1 ? "" : "s",
                     option_name(named, other), (long long)named->lists[other].count);
}

static nnrt_status check_lists(const nnrt_named *named) {
    const nnrt_listed *lists = named->lists;
    const char *name = named->call->name;
    int has_test = lists[TEST_X].count > 0, has_target = lists[TARGET].count > 0;
    if (!lists[X].count) return nnrt_fail(NNRT_ERROR, "%s(..) names no %s", name, named->what);
    if (lists[X].count + lists[TARGET].count > NNRT_MAX_COLUMNS)
        return nnrt_fail(NNRT_ERROR,
                         "%s(..): a data set has at most %d columns, inputs and targets together, "
                         "not %lld",
                         name, NNRT_MAX_COLUMNS, (long long)(lists[X].count + lists[TARGET].count));
    if ((lists[TEST_TARGET].count > 0) != (has_test && has_target))
        return nnrt_fail(NNRT_ERROR, "%s(..): `test_x` and `test_target` go together", name);
    if (has_test && lists[X].count != lists[TEST_X].count) return fail_count(named, X, TEST_X);
    if (has_test && lists[TARGET].count != lists[TEST_TARGET].count)
        return fail_count(named, TARGET, TEST_TARGET);
    return NNRT_OK;
}

// `classes = 10`, or a number for each target.
static nnrt_status read_classes(nnrt_named *named) {
    const nnrt_option *option = &named->call->options[named->first + NNRT_NAMED_CLASSES];
    int64_t count = option->count;
    if (count && count != named->set.target_count)
        return nnrt_fail(NNRT_ERROR,
                         "%s(..): `classes` has %lld number%s, but there %s %lld target%s; give "
                         "one for each, 0 where there are no labels or they show it",
                         named->call->name, (long long)count, count == 1 ? "" : "s",
                         named->set.target_count == 1 ? "is" : "are",
                         (long long)named->set.target_count,
                         named->set.target_count == 1 ? "" : "s");
    for (int64_t i = 0; i < count; i++) named->set.classes[i] = (int64_t)option->numbers[i];
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

static nnrt_status check_names(const nnrt_named *named, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        for (int64_t k = 0; k < i; k++)
            if (strcmp(named->set.names[i], named->set.names[k]) == 0)
                return nnrt_fail(NNRT_ERROR,
                                 "%s(..): columns are called by their %ss, and `%s` and `%s` "
                                 "would both be `%s`: rename one of them",
                                 named->call->name, named->what, name_of(named, k, 0),
                                 name_of(named, i, 0), named->set.names[i]);
    return NNRT_OK;
}

// Where there are lists, all columns are called by their files.
static nnrt_status name_columns(nnrt_named *named) {
    int64_t count = named->set.input_count + named->set.target_count;
    char names[NNRT_MAX_COLUMNS][NAME_SIZE];
    const char *pointers[NNRT_MAX_COLUMNS] = {0};
    named->set.names[0] = "x";
    if (!named->lists[X].is_list && !named->lists[TARGET].is_list) return NNRT_OK;
    for (int64_t i = 0; i < count; i++) {
        name_column(name_of(named, i, 0), names[i]);
        pointers[i] = names[i];
    }
    const char *const *kept = nnrt_table_keep_names(pointers, count);
    if (!kept) return NNRT_ERROR;
    for (int64_t i = 0; i < count; i++) named->set.names[i] = kept[i];
    return check_names(named, count);
}

static nnrt_status open_columns(nnrt_table *table, const nnrt_named *named, nnrt_array *arrays) {
    int64_t columns = named->set.input_count + named->set.target_count;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < columns * named->set.parts && !status; i++) {
        int64_t column = i % columns;
        int part = (int)(i / columns);
        status = named->open(named, table, name_of(named, column, part),
                             &arrays[column * named->set.parts + part]);
    }
    return status;
}

void nnrt_named_read(nnrt_named *named) {
    for (int i = 0; i < NNRT_NAMED; i++) {
        nnrt_listed *list = &named->lists[i];
        list->names = nnrt_call_texts_at(named->call, named->first + i, &list->count);
        list->is_list = named->call->options[named->first + i].texts != NULL;
    }
}

static nnrt_status count_columns(nnrt_named *named) {
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

nnrt_status nnrt_named_open(nnrt_table *table, nnrt_named *named) {
    nnrt_arrays *set = &named->set;
    int memory = named->first + NNRT_NAMED_MEMORY;
    table->storage->rule = (nnrt_memory_rule)nnrt_call_word_at(named->call, named->args, memory);
    nnrt_status status = count_columns(named);
    if (!status) status = add_names(table, set);
    if (status) return status;
    int64_t count = (set->input_count + set->target_count) * set->parts;
    nnrt_array *arrays = calloc((size_t)count, sizeof *arrays);
    if (!arrays) return nnrt_fail_memory("arrays", (size_t)count * sizeof *arrays);
    set->arrays = arrays;
    status = open_columns(table, named, arrays);
    if (!status) status = nnrt_arrays_open(table, set);
    for (int64_t i = 0; i < count; i++)
        if (arrays[i].descriptor) close((int)arrays[i].descriptor);
    free(arrays);
    return status;
}

// ---- In files of their own.

static nnrt_status open_file(const nnrt_table *table, const char *name, nnrt_array *array,
                             nnrt_status (*open)(nnrt_array *array, const char *path)) {
    char path[PATH_MAX];
    nnrt_status status = nnrt_locate(table->folder, name, path);
    return status ? status : open(array, path);
}

static nnrt_status open_idx_file(const nnrt_named *named, const nnrt_table *table, const char *name,
                                 nnrt_array *array) {
    (void)named;
    return open_file(table, name, array, nnrt_idx_open);
}

static nnrt_status open_npy_file(const nnrt_named *named, const nnrt_table *table, const char *name,
                                 nnrt_array *array) {
    (void)named;
    return open_file(table, name, array, nnrt_npy_open);
}

static const ArgDef array_args[];

static nnrt_status open_idx(nnrt_table *table, const nnrt_call *call) {
    nnrt_named named = {.call = call, .args = array_args, .what = "file", .open = open_idx_file};
    nnrt_named_read(&named);
    return nnrt_named_open(table, &named);
}

static nnrt_status open_npy(nnrt_table *table, const nnrt_call *call) {
    nnrt_named named = {.call = call, .args = array_args, .what = "file", .open = open_npy_file};
    nnrt_named_read(&named);
    return nnrt_named_open(table, &named);
}

static const ArgDef array_args[] = {
    [NNRT_NAMED_X] = {.name = "x",
                      .type = ARG_STRINGS,
                      .is_path = true,
                      .doc =
                          "file with one sample after the other; a list of files: several inputs"},
    [NNRT_NAMED_TARGET] =
        {.name = "target",
         .type = ARG_STRINGS,
         .is_path = true,
         .default_text = "none",
         .keras_name = "y labels",
         .doc = "file with a label or target for each sample; a list of files: several targets"},
    [NNRT_NAMED_TEST_X] = {.name = "test_x",
                           .type = ARG_STRINGS,
                           .is_path = true,
                           .default_text = "none",
                           .keras_name = "x_test",
                           .doc = "samples of the test part"},
    [NNRT_NAMED_TEST_TARGET] = {.name = "test_target",
                                .type = ARG_STRINGS,
                                .is_path = true,
                                .default_text = "none",
                                .keras_name = "y_test",
                                .doc = "targets of the test part"},
    [NNRT_NAMED_CLASSES] = NNRT_CLASSES_ARGUMENT,
    [NNRT_NAMED_MEMORY] = NNRT_MEMORY_ARGUMENT,
    {0},
};

const nnrt_source nnrt_array_sources[] = {
    {.schema = {"idx", "reads arrays in MNIST's format", array_args, NULL}, .open = open_idx},
    {.schema = {"npy", "reads arrays in NumPy's format", array_args, "numpy"}, .open = open_npy},
    {.schema = {0}}};
