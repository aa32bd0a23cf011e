#include "vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "../table/learnt.h"
#include "../table/words.h"

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
static int64_t line_of(const nnrt_field *field, const nnrt_part *part, int64_t place) {
    const int32_t *codes = field->values;
    int64_t line = 1;
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
            if (table->new_rows)
                return nnrt_fail(NNRT_ERROR,
                                 "`%s` has the character `%s`, in its line %lld, which training "
                                 "did not have\ntake it out, or write `unknown = true` and train "
                                 "again: such characters become one token, number 0",
                                 table->new_rows, field->words[code],
                                 (long long)line_of(field, parts[p], i));
            return nnrt_fail(NNRT_ERROR,
                             "the %s part has the character `%s`, in its line %lld, which the "
                             "training part does not have\nwrite `unknown = true`: such characters "
                             "become one token, number 0",
                             names[p], field->words[code], (long long)line_of(field, parts[p], i));
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

// The numbers of the source's tokens; -1: none. NULL with nnrt_error() set: no memory.
static int32_t *make_numbers(const nnrt_field *field) {
    size_t bytes = ((size_t)field->word_count + 1) * sizeof(int32_t);
    int32_t *numbers = malloc(bytes);
    if (!numbers) nnrt_fail_memory("a vocabulary", bytes);
    for (int64_t i = 0; i < field->word_count && numbers; i++)
        numbers[i] = field->tokens.has_unknown ? 0 : -1;
    return numbers;
}

// Takes the numbers over, and names them.
static nnrt_status number_rows(nnrt_table *table, nnrt_field *field, int32_t *numbers,
                               const Entry *entries, int64_t count) {
    int32_t *codes = field->values;
    nnrt_status status = check_known(table, field, numbers);
    if (!status) status = name_entries(field, entries, count);
    for (int64_t row = 0; row < table->row_count && !status; row++)
        codes[row] = numbers[codes[row]];
    free(numbers);
    return status;
}

static nnrt_status number_entries(nnrt_table *table, nnrt_field *field, const Entry *entries,
                                  int64_t count) {
    int32_t *numbers = make_numbers(field);
    if (!numbers) return NNRT_ERROR;
    for (int64_t i = 0; i < count; i++)
        numbers[entries[i].code] = (int32_t)(field->tokens.has_unknown + i);
    return number_rows(table, field, numbers, entries, count);
}

// Those of training: the entries of the weights file, without the unknown one.
static nnrt_status number_known(nnrt_table *table, nnrt_field *field, const json_t *list) {
    int64_t first = field->tokens.has_unknown, count = (int64_t)json_array_size(list) - first;
    nnrt_words known = {0};
    if (!nnrt_learnt_is_list(list, 1, first + 1))
        return nnrt_learnt_fail_damaged("text", field->column.name);
    Entry *entries = calloc((size_t)count, sizeof *entries);
    int32_t *numbers = entries ? make_numbers(field) : NULL;
    nnrt_status status = numbers ? NNRT_OK : NNRT_ERROR;
    if (!entries) nnrt_fail_memory("a vocabulary", (size_t)count * sizeof *entries);
    for (int64_t i = 0; i < count && !status; i++) {
        const char *word = json_string_value(json_array_get(list, (size_t)(first + i)));
        entries[i].text = word;
        if (nnrt_words_add(&known, entries[i].text, (int64_t)strlen(entries[i].text)) < 0)
            status = NNRT_ERROR;
    }
    for (int64_t i = 0; i < field->word_count && !status; i++) {
        const char *word = field->words[i];
        int32_t number = nnrt_words_find(&known, word, (int64_t)strlen(word));
        if (number >= 0) numbers[i] = (int32_t)first + number;
    }
    if (status)
        free(numbers);
    else
        status = number_rows(table, field, numbers, entries, count);
    nnrt_words_free(&known);
    free(entries);
    return status;
}

static nnrt_status settle(nnrt_table *table, nnrt_field *field) {
    int64_t count;
    nnrt_status status = NNRT_OK;
    const json_t *state = nnrt_learnt_source(table, "vocabulary", field->column.name);
    if (field->tokens.unit != NNRT_UNIT_BYTE && table->states) {
        status = number_known(table, field, state);
    } else if (field->tokens.unit != NNRT_UNIT_BYTE) {
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
