// A first look at some rows tells what each column holds; then the rows are read.
#include "reading.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/text/list.h"
#include "../../files/paths/locate.h"

enum { LOOK_ROWS = 1000, FIRST_CAPACITY = 4096 };

// ---- What the columns hold.

static nnrt_status look_at(nnrt_csv_reading *reading, const nnrt_csv *csv, int64_t row) {
    for (int64_t i = 0; i < csv->count; i++)
        nnrt_cells_look(&reading->columns[i], &reading->rules, &csv->cells[i], row);
    return NNRT_OK;
}

nnrt_cells *nnrt_csv_reading_find_column(const nnrt_csv_reading *reading, const char *name) {
    char *end;
    long number = strtol(name, &end, 10);
    for (int64_t i = 0; i < reading->column_count; i++)
        if (strcmp(reading->columns[i].name, name) == 0) return &reading->columns[i];
    int is_number = isdigit((unsigned char)*name) && !*end && number < reading->column_count;
    return is_number ? &reading->columns[number] : NULL;
}

nnrt_status nnrt_csv_reading_fail_column(const nnrt_csv_reading *reading, const char *argument,
                                         const char *name) {
    char text[2048];
    nnrt_list list = nnrt_list_make(text, sizeof text);
    for (int64_t i = 0; i < reading->column_count; i++)
        nnrt_list_add(&list, "`%s`", reading->columns[i].name);
    return nnrt_fail(NNRT_ERROR, "csv(%s = %s): there is no column `%s`\nthe columns are %s",
                     argument, name, name, text);
}

static nnrt_status state_words(nnrt_csv_reading *reading) {
    int64_t count;
    const char *const *names = nnrt_call_texts_at(reading->call, NNRT_CSV_WORDS, &count);
    for (int64_t i = 0; i < count; i++) {
        nnrt_cells *column = nnrt_csv_reading_find_column(reading, names[i]);
        if (!column) return nnrt_csv_reading_fail_column(reading, "words", names[i]);
        column->kind = NNRT_WORDS;
        column->is_stated = 1;
    }
    return NNRT_OK;
}

static nnrt_status find_kinds(nnrt_csv_reading *reading, const char *path) {
    nnrt_status status = state_words(reading);
    if (!status) status = nnrt_csv_reading_each_row(reading, path, LOOK_ROWS, look_at);
    for (int64_t i = 0; i < reading->column_count && !status; i++)
        status = nnrt_cells_decide(&reading->columns[i], path);
    return status;
}

// ---- nnrt_csv_reading.

// Rows that the rest of the file has, if its lines are as long as those that wait in the buffer; 0:
// nobody knows.
static int64_t estimate_rows(const nnrt_csv *csv) {
    int64_t waiting = csv->limit - csv->at, lines = 0;
    for (const char *at = csv->at; (at = memchr(at, '\n', (size_t)(csv->limit - at))); at++)
        lines++;
    if (csv->stream.compressed || !lines) return 0;
    int64_t rest = csv->stream.file_size - csv->stream.position + waiting;
    return (int64_t)((double)rest / (double)waiting * (double)lines * 1.02);
}

static int value_size(const nnrt_cells *column) {
    return column->kind == NNRT_NUMBERS ? sizeof *column->numbers : sizeof *column->codes;
}

static nnrt_status grow(nnrt_csv_reading *reading, const nnrt_csv *csv) {
    int64_t row_bytes = 0;
    int64_t capacity = reading->capacity + reading->capacity / 2 + FIRST_CAPACITY;
    int64_t estimate = reading->rows + 1 + estimate_rows(csv);
    nnrt_status status = NNRT_OK;
    if (estimate > capacity) capacity = estimate;
    for (int64_t i = 0; i < reading->column_count && !status; i++)
        status =
            nnrt_cells_grow(&reading->columns[i], reading->table->storage, reading->rows, capacity);
    reading->capacity = capacity;
    for (int64_t i = 0; i < reading->column_count; i++) {
        nnrt_cells *column = &reading->columns[i];
        int is_plain = column->kind == NNRT_NUMBERS && !reading->rules.any_number_missing;
        reading->numbers[i] = is_plain ? column->numbers : NULL;
        row_bytes += value_size(column);
    }
    reading->stretch = nnrt_storage_stretch(reading->table->storage, row_bytes);
    return status;
}

void nnrt_csv_reading_fill(nnrt_csv_reading *reading) {
    for (int64_t i = 0; i < reading->column_count; i++)
        nnrt_storage_fill(reading->columns[i].numbers,
                          reading->rows * value_size(&reading->columns[i]));
}

nnrt_status nnrt_csv_reading_store_row(nnrt_csv_reading *reading, const nnrt_csv *csv,
                                       int64_t row) {
    int64_t place = reading->rows;
    nnrt_status status = place < reading->capacity ? NNRT_OK : grow(reading, csv);
    for (int64_t i = 0; i < csv->count && !status; i++) {
        const nnrt_csv_cell *cell = &csv->cells[i];
        double *numbers = reading->numbers[i];
        if (numbers && cell->is_number && isfinite(cell->number))
            numbers[place] = cell->number;
        else
            status = nnrt_cells_store(&reading->columns[i], &reading->rules, csv->path, cell, place,
                                      row);
    }
    if (!status && ++reading->rows % reading->stretch == 0) nnrt_csv_reading_fill(reading);
    if (status || reading->rows <= UINT32_MAX) return status;
    return nnrt_fail(NNRT_ERROR, "`%s` has too many rows: at most %lld can be read", csv->path,
                     (long long)UINT32_MAX);
}

nnrt_status nnrt_csv_reading_read_file(nnrt_csv_reading *reading, const char *name) {
    char path[PATH_MAX];
    nnrt_status status = nnrt_locate(reading->table->folder, name, path);
    if (!status && !reading->columns) status = nnrt_csv_reading_read_header(reading, path);
    if (!status && !reading->rows) status = find_kinds(reading, path);
    int64_t before = reading->rows;
    if (!status)
        status = nnrt_csv_reading_each_row(reading, path, INT64_MAX, nnrt_csv_reading_store_row);
    if (!status) status = nnrt_table_add_file(reading->table, path, reading->rows);
    return status || reading->rows > before ? status : nnrt_csv_reading_fail_empty(path);
}
