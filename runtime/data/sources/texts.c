// Texts by class: the source `texts`. A class is a file with a sample a line, or a folder with a
// file a sample. Equal texts are kept once.
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../files/paths/locate.h"
#include "../../files/paths/reads.h"
#include "../../formats/text/text_lines.h"
#include "../pictures/folders.h"
#include "../stage.h"
#include "../table/learnt.h"
#include "../table/words.h"

enum { FOLDER, MEMORY };
enum { PARTS = 3, FIRST_CAPACITY = 1 << 14 };

typedef struct Reading {
    nnrt_table *table;
    nnrt_words classes, texts;
    int32_t *codes, *labels; // by sample
    int64_t count, capacity;
    char *whole; // of a file that is a sample
    int64_t whole_length, whole_capacity;
} Reading;

// ---- Samples.

static nnrt_status grow(Reading *reading) {
    nnrt_value_storage *storage = reading->table->storage;
    int64_t capacity = 2 * reading->capacity + FIRST_CAPACITY, filled = reading->count * 4;
    int32_t *codes = nnrt_storage_resize(storage, reading->codes, filled, NNRT_I32, capacity);
    if (codes) reading->codes = codes;
    int32_t *labels =
        codes ? nnrt_storage_resize(storage, reading->labels, filled, NNRT_I32, capacity) : NULL;
    if (!labels) return NNRT_ERROR;
    reading->labels = labels;
    reading->capacity = capacity;
    return NNRT_OK;
}

static int is_empty(const char *text, int64_t length) {
    for (int64_t i = 0; i < length; i++)
        if (!nnrt_is_blank(text[i])) return 0;
    return 1;
}

static nnrt_status add_sample(Reading *reading, const char *text, int64_t length, int32_t label) {
    if (is_empty(text, length) && !reading->table->is_predicted) {
        reading->table->skipped_rows++;
        return NNRT_OK;
    }
    if (reading->count == reading->capacity && grow(reading)) return NNRT_ERROR;
    int32_t code = nnrt_words_add(&reading->texts, text, length);
    if (code < 0) return NNRT_ERROR;
    reading->codes[reading->count] = code;
    reading->labels[reading->count++] = label;
    if (reading->count <= UINT32_MAX) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "there are too many texts: at most %lld can be read",
                     (long long)UINT32_MAX);
}

static nnrt_status append(Reading *reading, const nnrt_text_lines *lines) {
    int64_t needed = reading->whole_length + lines->length + 1;
    if (needed > reading->whole_capacity) {
        char *whole = realloc(reading->whole, (size_t)(2 * needed));
        if (!whole) return nnrt_fail_memory("a text", (size_t)(2 * needed));
        reading->whole = whole;
        reading->whole_capacity = 2 * needed;
    }
    memcpy(reading->whole + reading->whole_length, lines->text, (size_t)lines->length);
    reading->whole_length = needed;
    reading->whole[needed - 1] = '\n';
    return NNRT_OK;
}

// Each line is a sample, or all of the file.
static nnrt_status read_file(Reading *reading, const char *path, int32_t label, int by_line) {
    nnrt_text_lines lines;
    nnrt_status status = nnrt_text_lines_open(&lines, path);
    if (status) return status;
    reading->whole_length = 0;
    while (!(status = nnrt_text_lines_next(&lines)) && lines.text) {
        status = by_line ? add_sample(reading, lines.text, lines.length, label)
                         : append(reading, &lines);
        if (status) break;
    }
    nnrt_text_lines_close(&lines);
    int64_t length = reading->whole_length - (reading->whole_length > 0);
    return status || by_line ? status : add_sample(reading, reading->whole, length, label);
}

// ---- Classes.

static int ends_with(const char *name, const char *ending) {
    size_t length = strlen(name), size = strlen(ending);
    return length > size && strcmp(name + length - size, ending) == 0;
}

// Without its ending; 0: the file is none of text by its name.
static int64_t class_length(const char *name) {
    static const char *const endings[] = {".txt.gz", ".txt"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(name, endings[i])) return (int64_t)(strlen(name) - strlen(endings[i]));
    return 0;
}

static int is_text_name(const char *name) {
    return class_length(name) > 0;
}

static nnrt_status read_folder(Reading *reading, const char *folder, int32_t label) {
    struct dirent **names;
    char path[PATH_MAX];
    int count = nnrt_folder_list(folder, &names);
    if (count < 0) return NNRT_ERROR;
    nnrt_status status = NNRT_OK;
    for (int i = 0; i < count && !status; i++) {
        if (!is_text_name(names[i]->d_name)) continue;
        status = nnrt_folder_join(path, folder, names[i]->d_name);
        if (!status) status = read_file(reading, path, label, 0);
    }
    nnrt_folder_free_names(names, count);
    return status;
}

// The classes are those of the training part, which is read first.
static nnrt_status find_label(Reading *reading, const char *folder, const char *name,
                              int64_t length, int is_training, int32_t *label) {
    *label = is_training ? nnrt_words_add(&reading->classes, name, length)
                         : nnrt_words_find(&reading->classes, name, length);
    if (*label >= 0) return NNRT_OK;
    if (is_training) return NNRT_ERROR;
    return nnrt_fail(NNRT_ERROR, "`%s` has the class `%.*s`, which the training part does not have",
                     folder, (int)length, name);
}

// A folder, or a file, that is a class.
static nnrt_status read_class(Reading *reading, const char *folder, const struct dirent *entry,
                              int is_training) {
    char path[PATH_MAX];
    int32_t label;
    int64_t before = reading->count;
    nnrt_status status = nnrt_folder_join(path, folder, entry->d_name);
    if (status) return status;
    int is_folder = nnrt_folder_is_entry(entry, path);
    int64_t length = is_folder ? (int64_t)strlen(entry->d_name) : class_length(entry->d_name);
    if (!length) return NNRT_OK;
    status = find_label(reading, folder, entry->d_name, length, is_training, &label);
    if (!status)
        status = is_folder ? read_folder(reading, path, label) : read_file(reading, path, label, 1);
    if (status || reading->count > before || !is_training) return status;
    return nnrt_fail(NNRT_ERROR, "the class `%s` has no texts: %s", path,
                     is_folder ? "a sample is a file there that ends with `.txt`"
                               : "a sample is a line of the file");
}

static nnrt_status read_part(Reading *reading, const char *folder, int is_training) {
    struct dirent **names;
    int64_t before = reading->count;
    int count = nnrt_folder_list(folder, &names);
    if (count < 0) return NNRT_ERROR;
    nnrt_status status = NNRT_OK;
    for (int i = 0; i < count && !status; i++)
        status = read_class(reading, folder, names[i], is_training);
    nnrt_folder_free_names(names, count);
    if (status || reading->count > before) return status;
    return nnrt_fail(NNRT_ERROR,
                     "`%s` holds no texts: a class is a file with a sample a line, `good.txt`, or "
                     "a folder with a file a sample, `good/1.txt`",
                     folder);
}

static nnrt_status read_parts(Reading *reading, const char *folder) {
    nnrt_table *table = reading->table;
    char path[PATH_MAX];
    int has_parts = nnrt_folder_find_part(folder, nnrt_train_folders, path);
    nnrt_status status = read_part(reading, has_parts ? path : folder, 1);
    int64_t train = reading->count;
    if (!status && has_parts && nnrt_folder_find_part(folder, nnrt_validation_folders, path))
        status = read_part(reading, path, 0);
    table->own_validation_rows = reading->count - train;
    if (!status && has_parts && nnrt_folder_find_part(folder, nnrt_test_folders, path))
        status = read_part(reading, path, 0);
    table->row_count = reading->count;
    table->own_test_rows = reading->count - train - table->own_validation_rows;
    if (status || reading->classes.count > 1) return status;
    return nnrt_fail(NNRT_ERROR,
                     "all texts of `%s` are of one class, `%s`: there is nothing to tell apart\n"
                     "put those of each class into a file or a folder of its own",
                     folder, reading->classes.texts[0]);
}

// ---- Other texts, by the classes of the training before.

static nnrt_status take_classes(Reading *reading) {
    const json_t *names = nnrt_learnt_source(reading->table, "classes", "label");
    if (!nnrt_learnt_is_list(names, 1, 1)) return nnrt_learnt_fail_damaged("texts", "label");
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (nnrt_words_add(&reading->classes, name, (int64_t)strlen(name)) < 0) return NNRT_ERROR;
    }
    return NNRT_OK;
}

// A folder as that of a part, or a file with a sample a line, whose classes nobody knows.
static nnrt_status read_new_rows(Reading *reading) {
    nnrt_table *table = reading->table;
    const char *path = table->new_rows;
    nnrt_status status = take_classes(reading);
    if (status) return status;
    if (nnrt_folder_is_there(path))
        status = read_part(reading, path, 0);
    else if (table->is_predicted)
        status = read_file(reading, path, -1, 1);
    else
        status = nnrt_fail(NNRT_ERROR,
                           "`%s` is a file: to evaluate, texts lie in a folder by class", path);
    table->row_count = table->own_test_rows = reading->count;
    return status || reading->count ? status : nnrt_fail(NNRT_ERROR, "`%s` is empty", path);
}

// Those that the program names.
static nnrt_status read_own_rows(Reading *reading, const nnrt_call *call) {
    char path[PATH_MAX];
    nnrt_status status = nnrt_locate(reading->table->folder, nnrt_call_text_at(call, FOLDER), path);
    if (status) return status;
    if (!nnrt_folder_is_there(path))
        return nnrt_fail(NNRT_ERROR,
                         "`%s` is not a folder: texts(..) reads a file or a folder a class", path);
    status = nnrt_reads_note_folder(path, is_text_name);
    return status ? status : read_parts(reading, path);
}

// ---- The table.

static void note_values(nnrt_table *table, const int32_t *values) {
    int64_t bytes = table->row_count * (int64_t)sizeof *values;
    nnrt_table_fingerprint(table, values, bytes);
}

// Texts are numbered in the order of their bytes, as words of tables are.
static nnrt_status add_texts(Reading *reading) {
    nnrt_table *table = reading->table;
    nnrt_words *texts = &reading->texts;
    size_t bytes = (size_t)(texts->count + 1) * sizeof(int32_t);
    int32_t *order = malloc(bytes);
    if (!order) return nnrt_fail_memory("texts", bytes);
    nnrt_status status = nnrt_words_sort(texts, order);
    for (int64_t i = 0; i < reading->count && !status; i++)
        reading->codes[i] = order[reading->codes[i]];
    free(order);
    nnrt_field *field =
        status ? NULL
               : nnrt_table_add(table, NNRT_FEATURE, nnrt_column_make("text", NNRT_I32, 0, NULL));
    if (!field) return NNRT_ERROR;
    field->kind = NNRT_WORDS;
    field->is_whole = 1;
    field->word_count = texts->count;
    field->words = nnrt_table_keep_names((const char *const *)texts->texts, texts->count);
    field->values = reading->codes;
    reading->codes = NULL;
    nnrt_storage_fill(field->values, table->row_count * 4);
    note_values(table, field->values);
    return field->words ? nnrt_learnt_put_source(table, "columns", "text", json_string("word"))
                        : NNRT_ERROR;
}

static nnrt_status add_labels(Reading *reading) {
    nnrt_table *table = reading->table;
    nnrt_words *classes = &reading->classes;
    nnrt_field *field = nnrt_table_add_labels(table, classes->count);
    if (!field) return NNRT_ERROR;
    field->values = reading->labels;
    reading->labels = NULL;
    nnrt_storage_fill(field->values, table->row_count * 4);
    field->target.class_names =
        nnrt_table_keep_names((const char *const *)classes->texts, classes->count);
    note_values(table, field->values);
    if (!field->target.class_names) return NNRT_ERROR;
    return nnrt_learnt_put_source(table, "classes", "label",
                                  nnrt_learnt_words(field->target.class_names, classes->count));
}

static const ArgDef texts_args[];

static nnrt_status open_texts(nnrt_table *table, const nnrt_call *call) {
    Reading reading = {.table = table};
    table->storage->rule = (nnrt_memory_rule)nnrt_call_word_at(call, texts_args, MEMORY);
    nnrt_status status = table->new_rows ? read_new_rows(&reading) : read_own_rows(&reading, call);
    if (!status) status = add_texts(&reading);
    if (!status) status = add_labels(&reading);
    nnrt_storage_free(reading.codes);
    nnrt_storage_free(reading.labels);
    nnrt_words_free(&reading.texts);
    nnrt_words_free(&reading.classes);
    free(reading.whole);
    return status;
}

static const ArgDef texts_args[] = {
    [FOLDER] = {.name = "folder",
                .type = ARG_STRING,
                .is_path = true,
                .keras_name = "directory",
                .doc = "a file a class with a sample a line, or a folder a class with a file a "
                       "sample; or train/, validation/ and test/ with such"},
    [MEMORY] = NNRT_MEMORY_ARGUMENT,
    {0},
};

const nnrt_source nnrt_texts_sources[] = {
    {.schema = {"texts", "reads texts by class from a folder of .txt files", texts_args,
                "text_dataset_from_directory"},
     .open = open_texts,
     .takes_new_rows = 1},
    {.schema = {0}}};
