#include "table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../../formats/pictures/resize.h"
#include "learnt.h"
#include "row_view.h"
#include "windows.h"

nnrt_table *nnrt_table_create(const char *folder) {
    nnrt_table *table = calloc(1, sizeof *table);
    if (!table) {
        nnrt_fail_memory("the data set", sizeof *table);
        return NULL;
    }
    table->storage = calloc(1, sizeof *table->storage);
    if (!table->storage) {
        free(table);
        nnrt_fail_memory("the data set", sizeof *table->storage);
        return NULL;
    }
    table->folder = folder;
    table->scale = 1;
    table->checksum[1] = 1; // Adler's start
    return table;
}

void nnrt_field_clear(nnrt_field *field) {
    nnrt_storage_free(field->values);
    free(field->numbers);
    free(field->is_category);
    memset(field, 0, sizeof *field);
}

void nnrt_table_clear(nnrt_table *table) {
    for (int64_t i = 0; i < table->field_count; i++) nnrt_field_clear(&table->fields[i]);
    free(table->fields);
    table->fields = NULL;
    table->field_count = 0;
}

static void free_owned(nnrt_table *table) {
    for (nnrt_owned *owned = table->owned, *next; owned; owned = next) {
        next = owned->next;
        owned->free(owned->state);
        free(owned);
    }
}

nnrt_status nnrt_table_own(nnrt_table *table, void *state, void (*free_state)(void *state)) {
    nnrt_owned *owned = malloc(sizeof *owned);
    if (!owned) {
        free_state(state);
        return nnrt_fail_memory("the data set", sizeof *owned);
    }
    *owned = (nnrt_owned){state, free_state, table->owned};
    table->owned = owned;
    return NNRT_OK;
}

void nnrt_table_free(nnrt_table *table) {
    if (!table) return;
    nnrt_table_clear(table);
    nnrt_row_views_free(table);
    nnrt_windows_free(table);
    if (table->free_state) table->free_state(table->state);
    free_owned(table);
    free(table->files);
    json_decref(table->learnt);
    json_decref(table->states);
    free(table->train.rows);
    free(table->validation.rows);
    free(table->test.rows);
    free(table->storage);
    free(table);
}

// ---- Columns.

nnrt_field *nnrt_table_add(nnrt_table *table, nnrt_role role, nnrt_column column) {
    size_t bytes = (size_t)(table->field_count + 1) * sizeof *table->fields;
    nnrt_field *fields = realloc(table->fields, bytes);
    if (!fields) {
        nnrt_fail_memory("the columns of a data set", bytes);
        return NULL;
    }
    table->fields = fields;
    nnrt_field *field = &fields[table->field_count++];
    *field = (nnrt_field){.column = column, .stored = column, .role = role};
    return field;
}

nnrt_field *nnrt_table_insert(nnrt_table *table, int64_t place, nnrt_role role,
                              nnrt_column column) {
    if (!nnrt_table_add(table, role, column)) return NULL;
    nnrt_field *field = &table->fields[place], added = table->fields[table->field_count - 1];
    memmove(field + 1, field, (size_t)(table->field_count - 1 - place) * sizeof *field);
    *field = added;
    return field;
}

nnrt_field *nnrt_table_add_labels(nnrt_table *table, int64_t classes) {
    nnrt_field *field =
        nnrt_table_add(table, NNRT_TARGET, nnrt_column_make("label", NNRT_I32, 0, NULL));
    if (field) field->target.classes = classes;
    return field;
}

void nnrt_table_remove(nnrt_table *table, nnrt_field *field) {
    int64_t behind = table->fields + table->field_count - (field + 1);
    nnrt_field_clear(field);
    memmove(field, field + 1, (size_t)behind * sizeof *field);
    table->field_count--;
}

void nnrt_table_remove_marked(nnrt_table *table, const uint8_t *is_marked) {
    int64_t kept = 0;
    for (int64_t i = 0; i < table->field_count; i++)
        if (is_marked[i])
            nnrt_field_clear(&table->fields[i]);
        else
            table->fields[kept++] = table->fields[i];
    table->field_count = kept;
}

int64_t nnrt_table_count(const nnrt_table *table, nnrt_role role) {
    int64_t count = 0;
    for (int64_t i = 0; i < table->field_count; i++) count += table->fields[i].role == role;
    return count;
}

static nnrt_field *find_role(const nnrt_table *table, nnrt_role role, int64_t number) {
    for (int64_t i = 0; i < table->field_count; i++)
        if (table->fields[i].role == role && number-- == 0) return &table->fields[i];
    return NULL;
}

nnrt_field *nnrt_table_feature(const nnrt_table *table, int64_t number) {
    return find_role(table, NNRT_FEATURE, number);
}

nnrt_field *nnrt_table_target(const nnrt_table *table, int64_t number) {
    return find_role(table, NNRT_TARGET, number);
}

nnrt_field *nnrt_table_weight(const nnrt_table *table, int64_t number) {
    return find_role(table, NNRT_WEIGHT, number);
}

nnrt_field *nnrt_table_find(const nnrt_table *table, const char *name) {
    for (int64_t i = 0; i < table->field_count; i++)
        if (strcmp(table->fields[i].column.name, name) == 0 && !table->fields[i].is_past)
            return &table->fields[i];
    return NULL;
}

// ---- Rows.

static nnrt_status make_rows(nnrt_part *part, int64_t first, int64_t count) {
    part->rows = malloc((size_t)(count + 1) * sizeof *part->rows);
    if (!part->rows)
        return nnrt_fail_memory("the rows of the data", (size_t)count * sizeof(uint32_t));
    part->count = count;
    for (int64_t i = 0; i < count; i++) part->rows[i] = (uint32_t)(first + i);
    return NNRT_OK;
}

nnrt_status nnrt_table_make_parts(nnrt_table *table) {
    int64_t test = table->row_count - table->own_test_rows;
    int64_t train = test - table->own_validation_rows;
    nnrt_status status = make_rows(&table->train, 0, train);
    if (!status && table->own_validation_rows)
        status = make_rows(&table->validation, train, table->own_validation_rows);
    if (!status && table->own_test_rows)
        status = make_rows(&table->test, test, table->own_test_rows);
    return status;
}

static int compare_rows(const void *a, const void *b) {
    uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
    return (first > second) - (first < second);
}

void nnrt_table_sort_rows(nnrt_table *table) {
    nnrt_part *const parts[] = {&table->train, &table->validation, &table->test};
    for (int i = 0; i < 3; i++)
        if (parts[i]->count)
            qsort(parts[i]->rows, (size_t)parts[i]->count, sizeof(uint32_t), compare_rows);
}

long long nnrt_table_row_in_file(const nnrt_table *table, uint32_t row) {
    int64_t test = table->row_count - table->own_test_rows;
    int64_t validation = test - table->own_validation_rows;
    int64_t first = row >= test ? test : row >= validation ? validation : 0;
    return (long long)(row - first + 1);
}

nnrt_status nnrt_table_add_file(nnrt_table *table, const char *path, int64_t end) {
    size_t bytes = (size_t)(table->file_count + 1) * sizeof *table->files;
    const char *const *kept = nnrt_table_keep_names(&path, 1);
    nnrt_row_file *files = realloc(table->files, bytes);
    if (files) table->files = files;
    if (!files || !kept) return nnrt_fail_memory("the files of a table", bytes);
    files[table->file_count++] = (nnrt_row_file){*kept, end};
    return NNRT_OK;
}

const char *nnrt_table_file(const nnrt_table *table, uint32_t row, int64_t *row_in_file) {
    int64_t first = 0;
    for (int64_t i = 0; i < table->file_count; first = table->files[i++].end) {
        if (row >= table->files[i].end) continue;
        *row_in_file = row - first + 1;
        return table->files[i].path;
    }
    return NULL;
}

nnrt_row_text nnrt_table_row(const nnrt_table *table, uint32_t row) {
    nnrt_row_text written;
    int64_t row_in_file;
    const char *file = table->file_count > 1 ? nnrt_table_file(table, row, &row_in_file) : NULL;
    if (file)
        snprintf(written.text, sizeof written.text, "row %lld of `%s`", (long long)row_in_file,
                 file);
    else
        snprintf(written.text, sizeof written.text, "row %lld", nnrt_table_row_in_file(table, row));
    return written;
}

void nnrt_table_place(const nnrt_table *table, uint32_t row, char *text, size_t size) {
    int64_t row_in_file;
    const char *file = nnrt_table_file(table, row, &row_in_file);
    if (file)
        snprintf(text, size, "`%s`, row %lld", file, (long long)row_in_file);
    else
        snprintf(text, size, "row %lld", nnrt_table_row_in_file(table, row));
}

// ---- Values.

static void *allocate(const nnrt_table *table, const nnrt_column *column) {
    int64_t count;
    if (__builtin_mul_overflow(table->row_count, column->size, &count)) count = INT64_MAX;
    return nnrt_storage_allocate(table->storage, column->dtype, count);
}

nnrt_status nnrt_field_allocate(const nnrt_table *table, nnrt_field *field) {
    return nnrt_field_replace(field, &field->stored, allocate(table, &field->stored));
}

nnrt_status nnrt_field_replace(nnrt_field *field, const nnrt_column *column, void *values) {
    if (!values) return NNRT_ERROR;
    nnrt_storage_free(field->values);
    field->values = values;
    field->stored = *column;
    return NNRT_OK;
}

// Pictures from files have their size already.
static nnrt_status resize(const nnrt_table *table, nnrt_field *field) {
    const nnrt_column *old = &field->stored, *new = &field->column;
    if (old->shape[0] == new->shape[0] && old->shape[1] == new->shape[1]) return NNRT_OK;
    int64_t old_bytes = old->size * nnrt_dtype_size(old->dtype);
    int64_t new_bytes = new->size *nnrt_dtype_size(new->dtype);
    char *values = allocate(table, new);
    for (int64_t row = 0; values && row < table->row_count; row++)
        nnrt_resize_sample(old, (const char *)field->values + row * old_bytes, new,
                           values + row * new_bytes);
    return nnrt_field_replace(field, new, values);
}

nnrt_status nnrt_field_read(nnrt_table *table, nnrt_field *field) {
    if (!field->values && field->origin.read) {
        nnrt_status status = field->origin.read(table, field);
        if (status) return status;
    }
    return field->values && field->is_resized ? resize(table, field) : NNRT_OK;
}

void nnrt_table_let_go(nnrt_table *table) {
    if (!table->storage->on_disk) return;
    for (int64_t i = 0; i < table->field_count; i++) nnrt_storage_let_go(table->fields[i].values);
    for (nnrt_base *base = table->bases; base; base = base->next)
        nnrt_storage_let_go(base->field.values);
}

double nnrt_field_number(const nnrt_field *field, int64_t row, int64_t element) {
    int64_t place = row * field->stored.size + element;
    switch (field->stored.dtype) {
    case NNRT_U8: return ((const uint8_t *)field->values)[place];
    case NNRT_I32: return ((const int32_t *)field->values)[place];
    case NNRT_F64: return ((const double *)field->values)[place];
    default: return (double)((const float *)field->values)[place];
    }
}

static int compare_words(const void *word, const void *known) {
    return strcmp(word, *(const char *const *)known);
}

int32_t nnrt_field_find_word(const nnrt_field *field, const char *word) {
    const char *const *found = NULL;
    if (field->word_count)
        found =
            bsearch(word, field->words, (size_t)field->word_count, sizeof *found, compare_words);
    return found ? (int32_t)(found - field->words) : -1;
}

int nnrt_field_is_missing(const nnrt_field *field, uint32_t row) {
    if (field->kind == NNRT_TENSORS || field->is_whole) return 0;
    double value = nnrt_field_number(field, row, 0);
    return field->kind == NNRT_NUMBERS ? isnan(value) : value < 0;
}

// ---- What is said of it.

nnrt_written nnrt_written_name(const char *name) {
    nnrt_written written;
    size_t letters =
        strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
    int is_word = *name && !name[letters] && !(*name >= '0' && *name <= '9');
    size_t used = 0, room = sizeof written.text - 3; // an escaped character and the last quote
    if (!is_word) written.text[used++] = '"';
    for (; *name && used < room; name++) {
        if (*name == '"' || *name == '\\') written.text[used++] = '\\';
        written.text[used++] = *name;
    }
    if (!is_word) written.text[used++] = '"';
    written.text[used] = 0;
    return written;
}

// ---- What identifies the data.

void nnrt_table_fingerprint(nnrt_table *table, const void *bytes, int64_t size) {
    table->checksum[0] = (uint32_t)crc32_z(table->checksum[0], bytes, (size_t)size);
    table->checksum[1] = (uint32_t)adler32_z(table->checksum[1], bytes, (size_t)size);
    snprintf(table->fingerprint, sizeof table->fingerprint, "%08x%08x", table->checksum[0],
             table->checksum[1]);
}

// Blocks of names: {next block, names ..., NULL}.
static void *kept_names;

const char *const *nnrt_table_keep_names(const char *const *names, int64_t count) {
    size_t size = (size_t)(count + 2) * sizeof(char *);
    for (int64_t i = 0; i < count; i++) size += strlen(names[i]) + 1;
    char **block = malloc(size);
    if (!block) {
        nnrt_fail_memory("the names of classes", size);
        return NULL;
    }
    char *text = (char *)(block + count + 2);
    block[0] = kept_names;
    for (int64_t i = 0; i < count; i++) {
        block[i + 1] = text;
        text = stpcpy(text, names[i]) + 1;
    }
    block[count + 1] = NULL;
    kept_names = block;
    return (const char *const *)(block + 1);
}
