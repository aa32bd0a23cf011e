#include "cells.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 40, RARE = 10 };

void nnrt_cells_free(nnrt_cells *cells) {
    free(cells->name);
    nnrt_storage_free(cells->numbers);
    nnrt_words_free(&cells->words);
}

static int is_text(const nnrt_csv_cell *cell, const char *text) {
    return strlen(text) == (size_t)cell->length && memcmp(cell->text, text, strlen(text)) == 0;
}

int nnrt_cells_is_missing(const nnrt_cells_rules *rules, const nnrt_csv_cell *cell) {
    if (cell->length == 0) return 1;
    for (int64_t i = 0; i < rules->missing_count; i++)
        if (is_text(cell, rules->missing[i])) return 1;
    return 0;
}

// ---- What a column holds.

static int matches(const nnrt_csv_cell *cell, const char *pattern) {
    size_t length = strlen(pattern);
    if ((size_t)cell->length < length) return 0;
    for (size_t i = 0; i < length; i++) {
        unsigned digit = (unsigned)(cell->text[i] - '0');
        if (pattern[i] == '0' ? digit > 9 : cell->text[i] != pattern[i]) return 0;
    }
    return 1;
}

// "1949-01", "2010-01-31", "2010-01-31 12:30": ISO 8601.
static int is_date(const nnrt_csv_cell *cell) {
    return (cell->length == 7 && matches(cell, "0000-00")) || matches(cell, "0000-00-00");
}

void nnrt_cells_look(nnrt_cells *cells, const nnrt_cells_rules *rules, const nnrt_csv_cell *cell,
                     int64_t row) {
    if (nnrt_cells_is_missing(rules, cell)) return;
    if (cell->is_number) {
        if (!cells->numbers_seen++) cells->first_number_row = row;
        return;
    }
    cells->dates_seen += is_date(cell);
    if (cells->words_seen++) return;
    cells->first_word_row = row;
    snprintf(cells->first_word, sizeof cells->first_word, "%.*s",
             (int)(cell->length < SHOWN ? cell->length : SHOWN), cell->text);
}

nnrt_status nnrt_cells_decide(nnrt_cells *cells, const char *path) {
    if (cells->is_stated) return NNRT_OK;
    cells->kind = NNRT_NUMBERS;
    if (!cells->words_seen) return NNRT_OK;
    cells->kind =
        cells->dates_seen == cells->words_seen && !cells->numbers_seen ? NNRT_DATES : NNRT_WORDS;
    if (cells->words_seen * RARE > cells->numbers_seen) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "`%s`, row %lld: `%s` in the column `%s`, which holds numbers elsewhere\n"
                     "write `missing = \"%s\"` if it stands for nothing, or `words = %s` if the "
                     "column is one of words",
                     path, (long long)cells->first_word_row, cells->first_word, cells->name,
                     cells->first_word, cells->name);
}

// ---- Storing.

nnrt_status nnrt_cells_grow(nnrt_cells *cells, nnrt_value_storage *storage, int64_t rows,
                            int64_t capacity) {
    int64_t dtype = cells->kind == NNRT_NUMBERS ? NNRT_F64 : NNRT_I32;
    void *values = nnrt_storage_resize(storage, cells->numbers, rows * nnrt_dtype_size(dtype),
                                       dtype, capacity);
    if (!values) return NNRT_ERROR;
    cells->numbers = values;
    return NNRT_OK;
}

static nnrt_status fail_number(const nnrt_cells *cells, const char *path, const nnrt_csv_cell *cell,
                               int64_t row) {
    int length = (int)(cell->length < SHOWN ? cell->length : SHOWN);
    if (cell->is_number)
        return nnrt_fail(NNRT_ERROR,
                         "`%s`, row %lld, column `%s`: `%.*s` is too large a number\nwrite "
                         "`missing = \"%.*s\"` if it stands for nothing, or correct the file",
                         path, (long long)row, cells->name, length, cell->text, length, cell->text);
    return nnrt_fail(
        NNRT_ERROR,
        "`%s`, row %lld, column `%s`: `%.*s` is not a number, and the column holds "
        "numbers\nwrite `missing = \"%.*s\"` if it stands for nothing, or `words = %s` "
        "if the column is one of words",
        path, (long long)row, cells->name, length, cell->text, length, cell->text, cells->name);
}

static nnrt_status fail_encoding(const nnrt_cells *cells, const char *path,
                                 const nnrt_csv_cell *cell, int64_t row) {
    int64_t place = nnrt_csv_bad_byte(cell);
    return nnrt_fail(NNRT_ERROR,
                     "`%s`, row %lld, column `%s`: byte %lld of the cell, 0x%02X, is not UTF-8\n"
                     "convert the file: `iconv -f LATIN1 -t UTF-8`, for example",
                     path, (long long)row, cells->name, (long long)place + 1,
                     (unsigned)(unsigned char)cell->text[place]);
}

static nnrt_status store_word(nnrt_cells *cells, const char *path, const nnrt_csv_cell *cell,
                              int64_t place, int64_t row) {
    int64_t before = cells->words.count;
    int32_t code = nnrt_words_add(&cells->words, cell->text, cell->length);
    if (code < 0) return NNRT_ERROR;
    if (cells->words.count > before && nnrt_csv_bad_byte(cell) >= 0)
        return fail_encoding(cells, path, cell, row);
    cells->codes[place] = code;
    return NNRT_OK;
}

nnrt_status nnrt_cells_store(nnrt_cells *cells, const nnrt_cells_rules *rules, const char *path,
                             const nnrt_csv_cell *cell, int64_t place, int64_t row) {
    int is_number = cells->kind == NNRT_NUMBERS;
    if (cells->kind == NNRT_TENSORS) return NNRT_OK;
    if (nnrt_cells_is_missing(rules, cell)) {
        cells->any_missing = 1;
        if (is_number)
            cells->numbers[place] = NAN;
        else
            cells->codes[place] = -1;
        return NNRT_OK;
    }
    if (!is_number) return store_word(cells, path, cell, place, row);
    if (!cell->is_number || !isfinite(cell->number)) return fail_number(cells, path, cell, row);
    cells->numbers[place] = cell->number;
    return NNRT_OK;
}

nnrt_status nnrt_cells_finish(nnrt_cells *cells, int64_t count) {
    if (cells->kind == NNRT_NUMBERS) return NNRT_OK;
    size_t bytes = (size_t)(cells->words.count + 1) * sizeof(int32_t);
    int32_t *order = malloc(bytes);
    if (!order) return nnrt_fail_memory("a column of a table", bytes);
    nnrt_status status = nnrt_words_sort(&cells->words, order);
    for (int64_t i = 0; i < count && !status; i++)
        if (cells->codes[i] >= 0) cells->codes[i] = order[cells->codes[i]];
    free(order);
    return status;
}
