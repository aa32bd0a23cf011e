#include "vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "learnt.h"

enum { PARTS = 3 };

typedef struct Entry {
    const char *text;
    int64_t count; // in the training part
    int32_t code;  // that the source gave it
} Entry;

static int by_bytes(const void *left, const void *right) {
    return strcmp(((const Entry *)left)->text, ((const Entry *)right)->text);
}

// The most frequent first.
static int by_count(const void *left, const void *right) {
    const Entry *a = left, *b = right;
    if (a->count != b->count) return a->count < b->count ? 1 : -1;
    return by_bytes(left, right);
}

// The entries that the training part has, in their final order.
static Entry *find_entries(const nnrt_table *table, const nnrt_field *field, int64_t *count) {
    const int32_t *codes = field->values;
    Entry *entries = calloc((size_t)field->word_count + 1, sizeof *entries);
    if (!entries) {
        nnrt_fail_memory("a vocabulary", (size_t)field->word_count * sizeof *entries);
        return NULL;
    }
    for (int64_t i = 0; i < table->train.count; i++) entries[codes[table->train.rows[i]]].count++;
    *count = 0;
    for (int64_t i = 0; i < field->word_count; i++) {
        Entry entry = {field->words[i], entries[i].count, (int32_t)i};
        if (entry.count) entries[(*count)++] = entry;
    }
    // UTF-8 has the order of code points.
    qsort(entries, (size_t)*count, sizeof *entries,
          field->tokens.unit == NNRT_UNIT_WORD ? by_count : by_bytes);
    return entries;
}

// ---- What the training part has not.

// Counted from 1 within the part.
static int64_t line_of(const nnrt_table *table, const nnrt_field *field, const nnrt_part *part,
                       int64_t place) {
    const int32_t *codes = field->values;
    int64_t line = 1;
    (void)table;
    for (int64_t i = 0; i < place; i++) line += *field->words[codes[part->rows[i]]] == '\n';
    return line;
}

static nnrt_status check_known(const nnrt_table *table, const nnrt_field *field,
                               const int32_t *numbers) {
    static const char *const names[PARTS] = {"training", "validation", "test"};
    const nnrt_part *const parts[PARTS] = {&table->train, &table->validation, &table->test};
    const int32_t *codes = field->values;
    for (int p = 1; p < PARTS; p++)
        for (int64_t i = 0; i < parts[p]->count; i++) {
            int32_t code = codes[parts[p]->rows[i]];
            if (numbers[code] >= 0) continue;
            return nnrt_fail(NNRT_ERROR,
                             "the %s part has the character `%s`, in its line %lld, which the "
                             "training part does not have\nwrite `unknown = true`: such characters "
                             "become one token, number 0",
                             names[p], field->words[code],
                             (long long)line_of(table, field, parts[p], i));
        }
    return NNRT_OK;
}

// ---- Numbers.

static nnrt_status name_entries(nnrt_field *field, const Entry *entries, int64_t count) {
    int64_t first = field->tokens.has_unknown;
    size_t bytes = (size_t)(count + 1) * sizeof(char *);
    const char **names = malloc(bytes);
    if (!names) return nnrt_fail_memory("a vocabulary", bytes);
    names[0] = NNRT_UNKNOWN_TOKEN;
    for (int64_t i = 0; i < count; i++) names[first + i] = entries[i].text;
    field->words = nnrt_table_keep_names(names, first + count);
    field->word_count = first + count;
    free(names);
    return field->words ? NNRT_OK : NNRT_ERROR;
}

static nnrt_status number_entries(nnrt_table *table, nnrt_field *field, const Entry *entries,
                                  int64_t count) {
    int64_t first = field->tokens.has_unknown;
    size_t bytes = ((size_t)field->word_count + 1) * sizeof(int32_t);
    int32_t *numbers = malloc(bytes), *codes = field->values;
    if (!numbers) return nnrt_fail_memory("a vocabulary", bytes);
    for (int64_t i = 0; i < field->word_count; i++) numbers[i] = first ? 0 : -1;
    for (int64_t i = 0; i < count; i++) numbers[entries[i].code] = (int32_t)(first + i);
    nnrt_status status = check_known(table, field, numbers);
    if (!status) status = name_entries(field, entries, count);
    for (int64_t row = 0; row < table->row_count && !status; row++)
        codes[row] = numbers[codes[row]];
    free(numbers);
    return status;
}

static nnrt_status settle(nnrt_table *table, nnrt_field *field) {
    int64_t count;
    nnrt_status status = NNRT_OK;
    if (field->tokens.unit != NNRT_UNIT_BYTE) {
        Entry *entries = find_entries(table, field, &count);
        if (!entries) return NNRT_ERROR;
        int64_t most = field->tokens.most - field->tokens.has_unknown;
        if (field->tokens.most && count > most) count = most;
        status = number_entries(table, field, entries, count);
        free(entries);
    }
    if (status) return status;
    return nnrt_learnt_put_source(table, "vocabulary", field->column.name,
                                  nnrt_learnt_words(field->words, field->word_count));
}

nnrt_status nnrt_vocabulary_settle(nnrt_table *table) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < table->field_count && !status; i++)
        if (table->fields[i].kind == NNRT_TOKENS) status = settle(table, &table->fields[i]);
    return status;
}
