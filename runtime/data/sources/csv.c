// Tables in text files: the source `csv`. A first look at some rows tells whether there is a header
// and what each column holds; then the rows are read. Every column becomes one of the table's:
// numbers in double precision, words as numbers of their sorted list.
#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/list.h"
#include "../../base/number.h"
#include "../../files/locate.h"
#include "../pictures/pictures.h"
#include "../stage.h"
#include "../table/learnt.h"
#include "cells.h"

enum {
    FILES,
    TARGET,
    TEST,
    VALIDATION,
    SEPARATOR,
    HEADER,
    COLUMNS,
    MISSING,
    TRIM,
    DECIMAL,
    WORDS,
    MEMORY
};
enum {
    LOOK_ROWS = 1000,
    FIRST_CAPACITY = 4096,
    PARTS = 3
}; // training, validation, test: as the table has them

static const ArgDef csv_args[];

typedef struct Reading {
    nnrt_table *table;
    const nnrt_call *call;
    nnrt_cells_rules rules;
    nnrt_cells *columns;
    int64_t column_count;
    int has_header;
    int64_t rows, capacity; // so far, of all files; for so many there is room
    int64_t stretch;        // rows after which columns are told how far they are
} Reading;

typedef nnrt_status take_row(Reading *reading, const nnrt_csv *csv, int64_t row);

// ---- Rows of a file.

static nnrt_status check_width(const Reading *reading, const nnrt_csv *csv, int64_t row) {
    if (csv->count == reading->column_count) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "`%s`, row %lld (line %lld) has %lld cells, where the first row has %lld\n"
                     "put cells that hold a separator or a line end into quotes",
                     csv->path, (long long)row, (long long)csv->line, (long long)csv->count,
                     (long long)reading->column_count);
}

// Gives the rows behind the header to `take`, `limit` at most.
static nnrt_status each_row(Reading *reading, const char *path, int64_t limit, take_row *take) {
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

static nnrt_status fail_empty(const char *path) {
    return nnrt_fail(NNRT_ERROR, "`%s` is empty: a table has at least one row", path);
}

static int any_number(const nnrt_csv *csv) {
    for (int64_t i = 0; i < csv->count; i++)
        if (csv->cells[i].is_number) return 1;
    return 0;
}

static nnrt_status make_columns(Reading *reading, int64_t count) {
    reading->columns = calloc((size_t)count, sizeof *reading->columns);
    if (!reading->columns)
        return nnrt_fail_memory("the columns of a table", (size_t)count * sizeof *reading->columns);
    reading->column_count = count;
    return NNRT_OK;
}

static nnrt_status name_column(Reading *reading, int64_t column, const char *text, int length) {
    char number[32];
    if (!text) length = snprintf(number, sizeof number, "column_%lld", (long long)column);
    char *name = strndup(text ? text : number, (size_t)length);
    if (!name) return nnrt_fail_memory("the columns of a table", (size_t)length);
    reading->columns[column].name = name;
    return NNRT_OK;
}

static nnrt_status check_names(const Reading *reading, const char *path) {
    for (int64_t i = 0; i < reading->column_count; i++)
        for (int64_t k = 0; k < i; k++)
            if (strcmp(reading->columns[i].name, reading->columns[k].name) == 0)
                return nnrt_fail(NNRT_ERROR,
                                 "`%s`: the columns %lld and %lld have one name, `%s`\n"
                                 "name the columns: `columns = [..]`",
                                 path, (long long)k + 1, (long long)i + 1,
                                 reading->columns[i].name);
    return NNRT_OK;
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

static nnrt_status check_separator(const Reading *reading, const nnrt_csv *csv) {
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

static nnrt_status name_by_cell(Reading *reading, const nnrt_csv *csv, int64_t column) {
    const nnrt_csv_cell *cell = &csv->cells[column];
    nnrt_status status = check_encoding(csv, column);
    if (status) return status;
    return name_column(reading, column, cell->length ? cell->text : NULL, cell->length);
}

// Names of the program, of the header, or numbers.
static nnrt_status name_columns(Reading *reading, const nnrt_csv *csv) {
    int64_t count;
    const char *const *names = nnrt_call_texts_at(reading->call, COLUMNS, &count);
    if (count && count != csv->count) return fail_count(csv, count);
    nnrt_status status = make_columns(reading, csv->count);
    for (int64_t i = 0; i < csv->count && !status; i++) {
        if (count)
            status = name_column(reading, i, names[i], (int)strlen(names[i]));
        else if (reading->has_header)
            status = name_by_cell(reading, csv, i);
        else
            status = name_column(reading, i, NULL, 0);
    }
    return status ? status : check_names(reading, csv->path);
}

// A first row without numbers is a header, unless the program says otherwise or names the columns
// and the row below has no numbers either.
static nnrt_status read_header(Reading *reading, const char *path) {
    const double stated = nnrt_call_number_at(reading->call, HEADER);
    int64_t named;
    nnrt_csv csv;
    nnrt_call_texts_at(reading->call, COLUMNS, &named);
    nnrt_status status = nnrt_csv_open(&csv, path, reading->rules.format);
    if (status) return status;
    status = nnrt_csv_next(&csv);
    if (!status && csv.count == 0) status = fail_empty(path);
    if (!status) status = check_line_ends(&csv);
    if (!status) status = check_separator(reading, &csv);
    reading->has_header = isnan(stated) ? !any_number(&csv) : stated != 0;
    if (!status) status = name_columns(reading, &csv);
    if (!status) status = nnrt_csv_next(&csv);
    if (!status && reading->has_header && csv.count == 0) status = fail_empty(path);
    if (isnan(stated) && named && !any_number(&csv)) reading->has_header = 0;
    nnrt_csv_close(&csv);
    return status;
}

// ---- What the columns hold.

static nnrt_status look_at(Reading *reading, const nnrt_csv *csv, int64_t row) {
    for (int64_t i = 0; i < csv->count; i++)
        nnrt_cells_look(&reading->columns[i], &reading->rules, &csv->cells[i], row);
    return NNRT_OK;
}

// By name or, where all of it are digits, by number from 0; NULL: none.
static nnrt_cells *find_column(const Reading *reading, const char *name) {
    char *end;
    long number = strtol(name, &end, 10);
    for (int64_t i = 0; i < reading->column_count; i++)
        if (strcmp(reading->columns[i].name, name) == 0) return &reading->columns[i];
    int is_number = isdigit((unsigned char)*name) && !*end && number < reading->column_count;
    return is_number ? &reading->columns[number] : NULL;
}

static nnrt_status fail_column(const Reading *reading, const char *argument, const char *name) {
    char text[2048];
    nnrt_list list = nnrt_list_make(text, sizeof text);
    for (int64_t i = 0; i < reading->column_count; i++)
        nnrt_list_add(&list, "`%s`", reading->columns[i].name);
    return nnrt_fail(NNRT_ERROR, "csv(%s = %s): there is no column `%s`\nthe columns are %s",
                     argument, name, name, text);
}

static nnrt_status state_words(Reading *reading) {
    int64_t count;
    const char *const *names = nnrt_call_texts_at(reading->call, WORDS, &count);
    for (int64_t i = 0; i < count; i++) {
        nnrt_cells *column = find_column(reading, names[i]);
        if (!column) return fail_column(reading, "words", names[i]);
        column->kind = NNRT_WORDS;
        column->is_stated = 1;
    }
    return NNRT_OK;
}

static nnrt_status find_kinds(Reading *reading, const char *path) {
    nnrt_status status = state_words(reading);
    if (!status) status = each_row(reading, path, LOOK_ROWS, look_at);
    for (int64_t i = 0; i < reading->column_count && !status; i++)
        status = nnrt_cells_decide(&reading->columns[i], path);
    return status;
}

// ---- Reading.

// Rows that the rest of the file has, if they are as long as those before; 0: nobody knows.
static int64_t estimate_rows(const nnrt_csv *csv, int64_t row) {
    int64_t read = csv->stream.position - (csv->limit - csv->at);
    if (csv->stream.compressed || read <= 0) return 0;
    return (int64_t)((double)(csv->stream.file_size - read) / (double)read * (double)row * 1.02);
}

static int value_size(const nnrt_cells *column) {
    return column->kind == NNRT_NUMBERS ? sizeof *column->numbers : sizeof *column->codes;
}

static nnrt_status grow(Reading *reading, const nnrt_csv *csv, int64_t row) {
    int64_t row_bytes = 0;
    int64_t capacity = reading->capacity + reading->capacity / 2 + FIRST_CAPACITY;
    int64_t estimate = reading->rows + estimate_rows(csv, row);
    nnrt_status status = NNRT_OK;
    if (estimate > capacity) capacity = estimate;
    for (int64_t i = 0; i < reading->column_count && !status; i++)
        status =
            nnrt_cells_grow(&reading->columns[i], reading->table->storage, reading->rows, capacity);
    reading->capacity = capacity;
    for (int64_t i = 0; i < reading->column_count; i++)
        row_bytes += value_size(&reading->columns[i]);
    reading->stretch = nnrt_storage_stretch(reading->table->storage, row_bytes);
    return status;
}

static void fill(Reading *reading) {
    for (int64_t i = 0; i < reading->column_count; i++)
        nnrt_storage_fill(reading->columns[i].numbers,
                          reading->rows * value_size(&reading->columns[i]));
}

static nnrt_status store_row(Reading *reading, const nnrt_csv *csv, int64_t row) {
    const nnrt_cells_rules *rules = &reading->rules;
    int64_t place = reading->rows;
    nnrt_status status = place < reading->capacity ? NNRT_OK : grow(reading, csv, row);
    for (int64_t i = 0; i < csv->count && !status; i++) {
        const nnrt_csv_cell *cell = &csv->cells[i];
        nnrt_cells *column = &reading->columns[i];
        int is_plain = column->kind == NNRT_NUMBERS && cell->is_number &&
                       !rules->any_number_missing && isfinite(cell->number);
        if (is_plain)
            column->numbers[place] = cell->number;
        else
            status = nnrt_cells_store(column, rules, csv->path, cell, place, row);
    }
    if (!status && ++reading->rows % reading->stretch == 0) fill(reading);
    if (status || reading->rows <= UINT32_MAX) return status;
    return nnrt_fail(NNRT_ERROR, "`%s` has too many rows: at most %lld can be read", csv->path,
                     (long long)UINT32_MAX);
}

static nnrt_status read_file(Reading *reading, const char *name) {
    char path[PATH_MAX];
    nnrt_status status = nnrt_locate(reading->table->folder, name, path);
    if (!status && !reading->columns) status = read_header(reading, path);
    if (!status && !reading->rows) status = find_kinds(reading, path);
    int64_t before = reading->rows;
    if (!status) status = each_row(reading, path, INT64_MAX, store_row);
    if (!status) status = nnrt_table_add_file(reading->table, path, reading->rows);
    return status || reading->rows > before ? status : fail_empty(path);
}

static nnrt_status read_files(Reading *reading) {
    static const int options[PARTS] = {FILES, VALIDATION, TEST};
    int64_t ends[PARTS];
    nnrt_status status = NNRT_OK;
    for (int part = 0; part < PARTS && !status; part++) {
        int64_t count;
        const char *const *names = nnrt_call_texts_at(reading->call, options[part], &count);
        for (int64_t i = 0; i < count && !status; i++) status = read_file(reading, names[i]);
        ends[part] = reading->rows;
    }
    if (status) return status;
    fill(reading);
    reading->table->row_count = reading->rows;
    reading->table->own_validation_rows = ends[1] - ends[0];
    reading->table->own_test_rows = ends[2] - ends[1];
    return NNRT_OK;
}

// ---- New rows: columns are those that training had, whatever else the file has.

// Is it a target, by its name or its place in the files of the program?
static int is_target(const Reading *reading, const char *name, int64_t place) {
    int64_t count;
    char number[32];
    const char *const *targets = nnrt_call_texts_at(reading->call, TARGET, &count);
    snprintf(number, sizeof number, "%lld", (long long)place);
    for (int64_t i = 0; i < count; i++)
        if (strcmp(targets[i], name) == 0 || strcmp(targets[i], number) == 0) return 1;
    return 0;
}

// A first row is a header if it has the name of a column, and no number.
static int has_names(const Reading *reading, const nnrt_csv *csv) {
    const json_t *columns = nnrt_learnt_group(reading->table, "columns");
    for (int64_t i = 0; i < csv->count && !any_number(csv); i++)
        if (json_object_getn(columns, csv->cells[i].text, (size_t)csv->cells[i].length)) return 1;
    return 0;
}

static nnrt_status fail_places(const Reading *reading, const nnrt_csv *csv) {
    char text[2048];
    const char *name;
    json_t *kind, *columns = (json_t *)nnrt_learnt_group(reading->table, "columns");
    nnrt_list list = nnrt_list_make(text, sizeof text);
    json_object_foreach(columns, name, kind) nnrt_list_add(&list, "`%s`", name);
    return nnrt_fail(NNRT_ERROR,
                     "`%s` has no header with the names of columns, and %lld column%s; the data "
                     "have %lld: %s\nname the columns that there are in the first row",
                     csv->path, (long long)csv->count, csv->count == 1 ? "" : "s",
                     (long long)json_object_size(columns), text);
}

// Without names columns stand as in the files of the program; targets may be left out.
static nnrt_status name_places(Reading *reading, const nnrt_csv *csv) {
    const char *name;
    json_t *kind, *columns = (json_t *)nnrt_learnt_group(reading->table, "columns");
    int64_t all = 0, features = 0, column = 0, place = 0;
    json_object_foreach(columns, name, kind) features += !is_target(reading, name, all++);
    if (csv->count != all && csv->count != features) return fail_places(reading, csv);
    nnrt_status status = make_columns(reading, csv->count);
    json_object_foreach(columns, name, kind) {
        int is_there = csv->count == all || !is_target(reading, name, place);
        if (is_there && !status) status = name_column(reading, column++, name, (int)strlen(name));
        place++;
    }
    return status;
}

static nnrt_status name_cells(Reading *reading, const nnrt_csv *csv) {
    nnrt_status status = make_columns(reading, csv->count);
    for (int64_t i = 0; i < csv->count && !status; i++) status = name_by_cell(reading, csv, i);
    return status ? status : check_names(reading, csv->path);
}

static nnrt_status read_new_header(Reading *reading, const char *path) {
    nnrt_csv csv;
    nnrt_status status = nnrt_csv_open(&csv, path, reading->rules.format);
    if (status) return status;
    status = nnrt_csv_next(&csv);
    if (!status && csv.count == 0) status = fail_empty(path);
    if (!status) status = check_line_ends(&csv);
    if (!status) status = check_separator(reading, &csv);
    if (!status) {
        int is_named = has_names(reading, &csv);
        reading->has_header = is_named || nnrt_call_number_at(reading->call, HEADER) > 0;
        status = is_named ? name_cells(reading, &csv) : name_places(reading, &csv);
    }
    nnrt_csv_close(&csv);
    return status;
}

static void take_kind(nnrt_cells *cells, const json_t *kind) {
    static const char *const names[] = {"number", "word", "date"};
    static const nnrt_kind kinds[] = {NNRT_NUMBERS, NNRT_WORDS, NNRT_DATES};
    const char *text = json_string_value(kind);
    cells->kind = NNRT_TENSORS;
    for (int i = 0; i < 3 && text; i++)
        if (strcmp(names[i], text) == 0) cells->kind = kinds[i];
}

static nnrt_status fail_absent(const Reading *reading, const char *name) {
    char text[2048];
    nnrt_list list = nnrt_list_make(text, sizeof text);
    for (int64_t i = 0; i < reading->column_count; i++)
        nnrt_list_add(&list, "`%s`", reading->columns[i].name);
    return nnrt_fail(NNRT_ERROR, "`%s` has no column `%s`\nits columns are %s",
                     reading->table->new_rows, name, text);
}

// A column that can be done without: one that the stages drop, and of rows that are predicted a
// target or the weights of samples.
static nnrt_status make_absent(Reading *reading, nnrt_cells *cells, const char *name,
                               int is_target) {
    int is_dropped = nnrt_learnt_source(reading->table, "dropped", name) != NULL;
    int is_of_loss = is_target || nnrt_learnt_source(reading->table, "weights", name);
    if (!is_dropped && !(is_of_loss && reading->table->is_predicted))
        return fail_absent(reading, name);
    cells->is_absent = cells->any_missing = 1;
    cells->name = strdup(name);
    if (!cells->name) return nnrt_fail_memory("the columns of a table", strlen(name));
    nnrt_status status = nnrt_cells_grow(cells, reading->table->storage, 0, reading->rows);
    for (int64_t row = 0; row < reading->rows && !status; row++) {
        if (cells->kind == NNRT_NUMBERS)
            cells->numbers[row] = NAN;
        else
            cells->codes[row] = -1;
    }
    return status;
}

// The columns become those of training, in its order.
static nnrt_status arrange(Reading *reading) {
    const char *name;
    json_t *kind, *columns = (json_t *)nnrt_learnt_group(reading->table, "columns");
    int64_t count = (int64_t)json_object_size(columns), place = 0;
    nnrt_cells *arranged = calloc((size_t)count + 1, sizeof *arranged);
    nnrt_status status = arranged ? NNRT_OK : nnrt_fail_memory("the columns of a table", 0);
    if (status) return status;
    json_object_foreach(columns, name, kind) {
        nnrt_cells *cells = &arranged[place], *found = NULL;
        for (int64_t i = 0; i < reading->column_count && !found; i++)
            if (strcmp(reading->columns[i].name, name) == 0) found = &reading->columns[i];
        take_kind(cells, kind);
        if (found) {
            *cells = *found;
            *found = (nnrt_cells){.name = NULL};
            found->name = strdup(name); // messages name it
            if (!found->name) status = nnrt_fail_memory("the columns of a table", strlen(name));
        } else if (!status) {
            status = make_absent(reading, cells, name, is_target(reading, name, place));
        }
        place++;
    }
    for (int64_t i = 0; i < reading->column_count; i++) nnrt_cells_free(&reading->columns[i]);
    free(reading->columns);
    reading->columns = arranged;
    reading->column_count = count;
    return status;
}

// What another pass over the file needs.
static nnrt_status describe_file(Reading *reading) {
    nnrt_rows_file *file = &reading->table->rows_file;
    const char **names = malloc((size_t)(reading->column_count + 1) * sizeof *names);
    if (!names) return nnrt_fail_memory("the columns of a table", 0);
    for (int64_t i = 0; i < reading->column_count; i++) names[i] = reading->columns[i].name;
    file->columns = nnrt_table_keep_names(names, reading->column_count);
    free(names);
    file->column_count = reading->column_count;
    file->row_count = reading->rows;
    file->format = reading->rules.format;
    file->has_header = reading->has_header;
    return file->columns ? NNRT_OK : NNRT_ERROR;
}

static nnrt_status read_new_rows(Reading *reading) {
    const char *path = reading->table->new_rows;
    nnrt_status status = read_new_header(reading, path);
    for (int64_t i = 0; i < reading->column_count && !status; i++)
        take_kind(&reading->columns[i],
                  nnrt_learnt_source(reading->table, "columns", reading->columns[i].name));
    if (!status) status = each_row(reading, path, INT64_MAX, store_row);
    if (!status && !reading->rows) status = fail_empty(path);
    if (!status) status = nnrt_table_add_file(reading->table, path, reading->rows);
    if (!status) status = describe_file(reading);
    if (!status) status = arrange(reading);
    if (status) return status;
    fill(reading);
    reading->table->row_count = reading->table->own_test_rows = reading->rows;
    return NNRT_OK;
}

// ---- The table.

static nnrt_role role_of(const Reading *reading, const nnrt_cells *column) {
    int64_t count;
    const char *const *targets = nnrt_call_texts_at(reading->call, TARGET, &count);
    for (int64_t i = 0; i < count; i++)
        if (find_column(reading, targets[i]) == column) return NNRT_TARGET;
    return NNRT_FEATURE;
}

static nnrt_status check_targets(const Reading *reading) {
    int64_t count;
    const char *const *targets = nnrt_call_texts_at(reading->call, TARGET, &count);
    for (int64_t i = 0; i < count; i++)
        if (!find_column(reading, targets[i])) return fail_column(reading, "target", targets[i]);
    return NNRT_OK;
}

static const char *kind_name(nnrt_kind kind) {
    return kind == NNRT_NUMBERS ? "number" : kind == NNRT_WORDS ? "word" : "date";
}

static nnrt_status add_field(Reading *reading, nnrt_cells *column) {
    nnrt_table *table = reading->table;
    nnrt_status status = nnrt_cells_finish(column, table->row_count);
    const char *const *name = nnrt_table_keep_names((const char *const *)&column->name, 1);
    int64_t dtype = column->kind == NNRT_NUMBERS ? NNRT_F64 : NNRT_I32;
    if (status || !name) return NNRT_ERROR;
    nnrt_field *field =
        nnrt_table_add(table, role_of(reading, column), nnrt_column_make(*name, dtype, 0, NULL));
    if (!field) return NNRT_ERROR;
    field->kind = column->kind;
    field->is_whole = !column->any_missing;
    field->is_absent = column->is_absent;
    field->values = column->numbers;
    column->numbers = NULL;
    nnrt_table_fingerprint(table, *name, (int64_t)strlen(*name));
    status = nnrt_learnt_put_source(table, "columns", *name, json_string(kind_name(field->kind)));
    if (status) return status;
    if (field->role == NNRT_TARGET)
        nnrt_table_fingerprint(table, field->values, table->row_count * nnrt_dtype_size(dtype));
    if (column->kind == NNRT_NUMBERS) return NNRT_OK;
    field->words =
        nnrt_table_keep_names((const char *const *)column->words.texts, column->words.count);
    field->word_count = column->words.count;
    return field->words ? NNRT_OK : NNRT_ERROR;
}

static nnrt_status read_table(Reading *reading) {
    nnrt_status status = reading->table->new_rows ? read_new_rows(reading) : read_files(reading);
    if (!status) status = check_targets(reading);
    nnrt_table_fingerprint(reading->table, &reading->rows, sizeof reading->rows);
    for (int64_t i = 0; i < reading->column_count && !status; i++)
        status = add_field(reading, &reading->columns[i]);
    return status;
}

static nnrt_status open_csv(nnrt_table *table, const nnrt_call *call) {
    static const char separators[] = {',', '\t', ';', ' '}, decimals[] = {'.', ','};
    Reading reading = {.table = table, .call = call};
    reading.rules.format.separator = separators[nnrt_call_word_at(call, csv_args, SEPARATOR)];
    reading.rules.format.decimal = decimals[nnrt_call_word_at(call, csv_args, DECIMAL)];
    reading.rules.format.trim = nnrt_call_text_at(call, TRIM);
    reading.rules.missing = nnrt_call_texts_at(call, MISSING, &reading.rules.missing_count);
    for (int64_t i = 0; i < reading.rules.missing_count; i++) {
        double number;
        reading.rules.any_number_missing |= nnrt_number_parse(reading.rules.missing[i], &number);
    }
    table->storage->rule = nnrt_memory_rule_of(nnrt_call_text_at(call, MEMORY));
    nnrt_status status = read_table(&reading);
    for (int64_t i = 0; i < reading.column_count; i++) nnrt_cells_free(&reading.columns[i]);
    free(reading.columns);
    return status;
}

static const ArgDef csv_args[] = {
    [FILES] = {.name = "file",
               .type = ARG_STRINGS,
               .is_path = true,
               .keras_name = "filepath_or_buffer path",
               .doc = "the table, plain or gzip; a list of files: one after the other"},
    [TARGET] = {.name = "target",
                .type = ARG_NAMES,
                .default_text = "none",
                .keras_name = "y label label_name",
                .doc = "the column that is predicted, or a list: by name, or by number from 0"},
    [TEST] = {.name = "test",
              .type = ARG_STRINGS,
              .is_path = true,
              .default_text = "none",
              .doc = "file of the test part"},
    [VALIDATION] = {.name = "validation",
                    .type = ARG_STRINGS,
                    .is_path = true,
                    .default_text = "none",
                    .doc = "file of the validation part"},
    [SEPARATOR] = {.name = "separator",
                   .type = ARG_WORD,
                   .default_text = "comma",
                   .choices = "comma tab semicolon blanks",
                   .keras_name = "sep delimiter field_delim",
                   .doc = "what stands between cells; blanks: any number of blanks and tabs"},
    [HEADER] = {.name = "header",
                .type = ARG_BOOL,
                .default_text = "none",
                .doc = "whether the first row has the names; else: if there is no number in it"},
    [COLUMNS] = {.name = "columns",
                 .type = ARG_NAMES,
                 .default_text = "none",
                 .keras_name = "names column_names",
                 .doc = "the names of all columns, instead of those of the header"},
    [MISSING] = {.name = "missing",
                 .type = ARG_STRINGS,
                 .default_text = "none",
                 .keras_name = "na_values na_value",
                 .doc = "what stands for a missing value, besides an empty cell"},
    [TRIM] = {.name = "trim",
              .type = ARG_STRING,
              .default_text = "none",
              .doc = "characters that are taken off both ends of cells, besides blanks"},
    [DECIMAL] = {.name = "decimal",
                 .type = ARG_WORD,
                 .default_text = "point",
                 .choices = "point comma",
                 .doc = "what stands before the fraction of a number"},
    [WORDS] = {.name = "words",
               .type = ARG_NAMES,
               .default_text = "none",
               .doc = "columns of words, though they look like numbers: codes, say"},
    [MEMORY] = NNRT_MEMORY_ARGUMENT,
    {0},
};

const nnrt_source nnrt_csv_sources[] = {
    {.schema = {"csv", "reads a table from a text file: a row a line, cells between separators",
                csv_args, "read_csv CsvDataset make_csv_dataset"},
     .open = open_csv,
     .settle = nnrt_pictures_settle,
     .has_columns = 1,
     .takes_new_rows = 1},
    {.schema = {0}}};
