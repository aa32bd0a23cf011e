// Rows of another file: columns are those that training had, whatever else the file has.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/text/list.h"
#include "../table/learnt.h"
#include "reading.h"

// Is it a target, by its name or its place in the files of the program?
static int is_target(const nnrt_csv_reading *reading, const char *name, int64_t place) {
    int64_t count;
    char number[32];
    const char *const *targets = nnrt_call_texts_at(reading->call, NNRT_CSV_TARGET, &count);
    snprintf(number, sizeof number, "%lld", (long long)place);
    for (int64_t i = 0; i < count; i++)
        if (strcmp(targets[i], name) == 0 || strcmp(targets[i], number) == 0) return 1;
    return 0;
}

// A first row is a header if it has the name of a column, and no number.
static int has_names(const nnrt_csv_reading *reading, const nnrt_csv *csv) {
    const json_t *columns = nnrt_learnt_group(reading->table, "columns");
    for (int64_t i = 0; i < csv->count && !nnrt_csv_reading_any_number(csv); i++)
        if (json_object_getn(columns, csv->cells[i].text, (size_t)csv->cells[i].length)) return 1;
    return 0;
}

static nnrt_status fail_places(const nnrt_csv_reading *reading, const nnrt_csv *csv) {
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
static nnrt_status name_places(nnrt_csv_reading *reading, const nnrt_csv *csv) {
    const char *name;
    json_t *kind, *columns = (json_t *)nnrt_learnt_group(reading->table, "columns");
    int64_t all = 0, features = 0, column = 0, place = 0;
    json_object_foreach(columns, name, kind) features += !is_target(reading, name, all++);
    if (csv->count != all && csv->count != features) return fail_places(reading, csv);
    nnrt_status status = nnrt_csv_reading_make_columns(reading, csv->count);
    json_object_foreach(columns, name, kind) {
        int is_there = csv->count == all || !is_target(reading, name, place);
        if (is_there && !status)
            status = nnrt_csv_reading_name_column(reading, column++, name, (int)strlen(name));
        place++;
    }
    return status;
}

static nnrt_status name_cells(nnrt_csv_reading *reading, const nnrt_csv *csv) {
    nnrt_status status = nnrt_csv_reading_make_columns(reading, csv->count);
    for (int64_t i = 0; i < csv->count && !status; i++)
        status = nnrt_csv_reading_name_by_cell(reading, csv, i);
    return status ? status : nnrt_csv_reading_check_names(reading, csv->path);
}

static nnrt_status read_new_header(nnrt_csv_reading *reading, const char *path) {
    nnrt_csv csv;
    nnrt_status status = nnrt_csv_open(&csv, path, reading->rules.format);
    if (status) return status;
    status = nnrt_csv_next(&csv);
    if (!status && csv.count == 0) status = nnrt_csv_reading_fail_empty(path);
    if (!status) status = nnrt_csv_reading_check_start(reading, &csv);
    if (!status) {
        int is_named = has_names(reading, &csv);
        reading->has_header = is_named || nnrt_call_number_at(reading->call, NNRT_CSV_HEADER) > 0;
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

static nnrt_status fail_absent(const nnrt_csv_reading *reading, const char *name) {
    char text[2048];
    nnrt_list list = nnrt_list_make(text, sizeof text);
    for (int64_t i = 0; i < reading->column_count; i++)
        nnrt_list_add(&list, "`%s`", reading->columns[i].name);
    return nnrt_fail(NNRT_ERROR, "`%s` has no column `%s`\nits columns are %s",
                     reading->table->new_rows, name, text);
}

// A column that can be done without: one that the stages drop, and of rows that are predicted a
// target or the weights of samples.
static nnrt_status make_absent(nnrt_csv_reading *reading, nnrt_cells *cells, const char *name,
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
static nnrt_status arrange(nnrt_csv_reading *reading) {
    const char *name;
    json_t *kind, *columns = (json_t *)nnrt_learnt_group(reading->table, "columns");
    int64_t count = (int64_t)json_object_size(columns), place = 0;
    nnrt_words names = {0};
    nnrt_status status = nnrt_csv_reading_number_names(reading, reading->table->new_rows, &names);
    nnrt_cells *arranged = status ? NULL : calloc((size_t)count + 1, sizeof *arranged);
    if (!status && !arranged) status = nnrt_fail_memory("the columns of a table", 0);
    if (status) {
        nnrt_words_free(&names);
        return status;
    }
    json_object_foreach(columns, name, kind) {
        int32_t number = nnrt_words_find(&names, name, (int64_t)strlen(name));
        nnrt_cells *cells = &arranged[place],
                   *found = number < 0 ? NULL : &reading->columns[number];
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
    nnrt_words_free(&names);
    for (int64_t i = 0; i < reading->column_count; i++) nnrt_cells_free(&reading->columns[i]);
    free(reading->columns);
    reading->columns = arranged;
    reading->column_count = count;
    return status;
}

// What another pass over the file needs.
static nnrt_status describe_file(nnrt_csv_reading *reading) {
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

static nnrt_status check_kinds(const nnrt_csv_reading *reading) {
    json_t *kind, *columns = (json_t *)nnrt_learnt_group(reading->table, "columns");
    const char *name;
    if (!json_object_size(columns))
        return nnrt_fail(NNRT_ERROR, "the weights do not say what the columns hold: they are "
                                     "damaged, or of another program\ntrain again");
    json_object_foreach(columns, name, kind) {
        nnrt_cells cells;
        take_kind(&cells, kind);
        if (cells.kind == NNRT_TENSORS) return nnrt_learnt_fail_damaged("csv", name);
    }
    return NNRT_OK;
}

nnrt_status nnrt_csv_reading_read_new_rows(nnrt_csv_reading *reading) {
    const char *path = reading->table->new_rows;
    nnrt_status status = check_kinds(reading);
    if (!status) status = read_new_header(reading, path);
    for (int64_t i = 0; i < reading->column_count && !status; i++)
        take_kind(&reading->columns[i],
                  nnrt_learnt_source(reading->table, "columns", reading->columns[i].name));
    if (!status)
        status = nnrt_csv_reading_each_row(reading, path, INT64_MAX, nnrt_csv_reading_store_row);
    if (!status && !reading->rows) status = nnrt_csv_reading_fail_empty(path);
    if (!status) status = nnrt_table_add_file(reading->table, path, reading->rows);
    if (!status) status = describe_file(reading);
    if (!status) status = arrange(reading);
    if (status) return status;
    nnrt_csv_reading_fill(reading);
    reading->table->row_count = reading->table->own_test_rows = reading->rows;
    return NNRT_OK;
}
