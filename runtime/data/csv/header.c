// The rows of a file, and its first one: which columns there are, and what they are called.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reading.h"

// ---- Rows of a file.

static nnrt_status check_width(const nnrt_csv_reading *reading, const nnrt_csv *csv, int64_t row) {
    if (csv->count == reading->column_count) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "`%s`, row %lld (line %lld) has %lld cells, where the first row has %lld\n"
                     "put cells that hold a separator or a line end into quotes",
                     csv->path, (long long)row, (long long)csv->line, (long long)csv->count,
                     (long long)reading->column_count);
}

nnrt_status nnrt_csv_reading_each_row(nnrt_csv_reading *reading, const char *path, int64_t limit,
                                      nnrt_csv_take_row *take) {
    nnrt_csv csv;
    nnrt_status status = nnrt_csv_open(&csv, path, reading->rules.format);
    if (status) return status;
    if (reading->has_header) status = nnrt_csv_next(&csv);
    for (int64_t row = 1; row <= limit && !status; row++) {
        status = nnrt_csv_next(&csv);
        if (status || csv.count == 0) break;
        status = check_width(reading, &csv, row);
        if (!status) status = take(reading, &csv, row);
    }
    nnrt_csv_close(&csv);
    return status;
}

// ---- The header, and the names of columns.

nnrt_status nnrt_csv_reading_fail_empty(const char *path) {
    return nnrt_fail(NNRT_ERROR, "`%s` is empty: a table has at least one row", path);
}

int nnrt_csv_reading_any_number(const nnrt_csv *csv) {
    for (int64_t i = 0; i < csv->count; i++)
        if (csv->cells[i].is_number) return 1;
    return 0;
}

nnrt_status nnrt_csv_reading_make_columns(nnrt_csv_reading *reading, int64_t count) {
    reading->columns = calloc((size_t)count, sizeof *reading->columns);
    reading->numbers = calloc((size_t)count, sizeof *reading->numbers);
    if (!reading->columns || !reading->numbers)
        return nnrt_fail_memory("the columns of a table", (size_t)count * sizeof *reading->columns);
    reading->column_count = count;
    return NNRT_OK;
}

nnrt_status nnrt_csv_reading_name_column(nnrt_csv_reading *reading, int64_t column,
                                         const char *text, int length) {
    char number[32];
    if (!text) length = snprintf(number, sizeof number, "column_%lld", (long long)column);
    char *name = strndup(text ? text : number, (size_t)length);
    if (!name) return nnrt_fail_memory("the columns of a table", (size_t)length);
    reading->columns[column].name = name;
    return NNRT_OK;
}

nnrt_status nnrt_csv_reading_number_names(const nnrt_csv_reading *reading, const char *path,
                                          nnrt_words *names) {
    for (int64_t i = 0; i < reading->column_count; i++) {
        const char *name = reading->columns[i].name;
        int32_t first = nnrt_words_add(names, name, (int64_t)strlen(name));
        if (first < 0) return NNRT_ERROR;
        if (first < i)
            return nnrt_fail(NNRT_ERROR,
                             "`%s`: the columns %lld and %lld have one name, `%s`\n"
                             "name the columns: `columns = [..]`",
                             path, (long long)first + 1, (long long)i + 1, name);
    }
    return NNRT_OK;
}

nnrt_status nnrt_csv_reading_check_names(const nnrt_csv_reading *reading, const char *path) {
    nnrt_words names = {0};
    nnrt_status status = nnrt_csv_reading_number_names(reading, path, &names);
    nnrt_words_free(&names);
    return status;
}

static nnrt_status fail_count(const nnrt_csv *csv, int64_t count) {
    return nnrt_fail(NNRT_ERROR, "csv(columns = [..]) names %lld column%s, but `%s` has %lld",
                     (long long)count, count == 1 ? "" : "s", csv->path, (long long)csv->count);
}

static nnrt_status check_line_ends(const nnrt_csv *csv) {
    for (int64_t i = 0; i < csv->count; i++) {
        const nnrt_csv_cell *cell = &csv->cells[i];
        if (!cell->is_quoted && memchr(cell->text, '\r', (size_t)cell->length))
            return nnrt_fail(NNRT_ERROR, "`%s`: %s", csv->path, nnrt_csv_lone_returns);
    }
    return NNRT_OK;
}

static nnrt_status check_separator(const nnrt_csv_reading *reading, const nnrt_csv *csv) {
    static const char *const others[] = {";", "\t", ",", NULL};
    static const char *const names[] = {"semicolon", "tab", "comma"};
    const nnrt_csv_cell *cell = &csv->cells[0];
    for (int i = 0; others[i] && csv->count == 1; i++)
        if (*others[i] != reading->rules.format.separator && !cell->is_quoted &&
            memchr(cell->text, *others[i], (size_t)cell->length))
            return nnrt_fail(NNRT_ERROR,
                             "`%s` has a single column\nwrite `separator = %s`: its first row has "
                             "some",
                             csv->path, names[i]);
    return NNRT_OK;
}

nnrt_status nnrt_csv_reading_check_start(const nnrt_csv_reading *reading, const nnrt_csv *csv) {
    nnrt_status status = check_line_ends(csv);
    return status ? status : check_separator(reading, csv);
}

static nnrt_status check_encoding(const nnrt_csv *csv, int64_t column) {
    const nnrt_csv_cell *cell = &csv->cells[column];
    int64_t place = nnrt_csv_bad_byte(cell);
    if (place < 0) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "`%s`, header, column %lld: byte %lld of the cell, 0x%02X, is not UTF-8\n"
                     "convert the file: `iconv -f LATIN1 -t UTF-8`, for example",
                     csv->path, (long long)column + 1, (long long)place + 1,
                     (unsigned)(unsigned char)cell->text[place]);
}

nnrt_status nnrt_csv_reading_name_by_cell(nnrt_csv_reading *reading, const nnrt_csv *csv,
                                          int64_t column) {
    const nnrt_csv_cell *cell = &csv->cells[column];
    nnrt_status status = check_encoding(csv, column);
    if (status) return status;
    return nnrt_csv_reading_name_column(reading, column, cell->length ? cell->text : NULL,
                                        cell->length);
}

// Names of the program, of the header, or numbers.
static nnrt_status name_columns(nnrt_csv_reading *reading, const nnrt_csv *csv) {
    int64_t count;
    const char *const *names = nnrt_call_texts_at(reading->call, NNRT_CSV_COLUMNS, &count);
    if (count && count != csv->count) return fail_count(csv, count);
    nnrt_status status = nnrt_csv_reading_make_columns(reading, csv->count);
    for (int64_t i = 0; i < csv->count && !status; i++) {
        if (count)
            status = nnrt_csv_reading_name_column(reading, i, names[i], (int)strlen(names[i]));
        else if (reading->has_header)
            status = nnrt_csv_reading_name_by_cell(reading, csv, i);
        else
            status = nnrt_csv_reading_name_column(reading, i, NULL, 0);
    }
    return status ? status : nnrt_csv_reading_check_names(reading, csv->path);
}

// A first row without numbers is a header, unless the program says otherwise or names the columns
// and the row below has no numbers either.
nnrt_status nnrt_csv_reading_read_header(nnrt_csv_reading *reading, const char *path) {
    const double stated = nnrt_call_number_at(reading->call, NNRT_CSV_HEADER);
    int64_t named;
    nnrt_csv csv;
    nnrt_call_texts_at(reading->call, NNRT_CSV_COLUMNS, &named);
    nnrt_status status = nnrt_csv_open(&csv, path, reading->rules.format);
    if (status) return status;
    status = nnrt_csv_next(&csv);
    if (!status && csv.count == 0) status = nnrt_csv_reading_fail_empty(path);
    if (!status) status = nnrt_csv_reading_check_start(reading, &csv);
    reading->has_header = isnan(stated) ? !nnrt_csv_reading_any_number(&csv) : stated != 0;
    if (!status) status = name_columns(reading, &csv);
    if (!status) status = nnrt_csv_next(&csv);
    if (!status && reading->has_header && csv.count == 0)
        status = nnrt_csv_reading_fail_empty(path);
    if (isnan(stated) && named && !nnrt_csv_reading_any_number(&csv)) reading->has_header = 0;
    nnrt_csv_close(&csv);
    return status;
}
