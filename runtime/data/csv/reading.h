// A table in text files while it is read: its rules, its columns so far. Private to the source
// `csv`.
#ifndef NNRT_CSV_READING_H
#define NNRT_CSV_READING_H

#include "../../base/call.h"
#include "../table/words.h"
#include "cells.h"

enum { // the options of the source
    NNRT_CSV_FILES,
    NNRT_CSV_TARGET,
    NNRT_CSV_TEST,
    NNRT_CSV_VALIDATION,
    NNRT_CSV_SEPARATOR,
    NNRT_CSV_HEADER,
    NNRT_CSV_COLUMNS,
    NNRT_CSV_MISSING,
    NNRT_CSV_TRIM,
    NNRT_CSV_DECIMAL,
    NNRT_CSV_WORDS,
    NNRT_CSV_MEMORY
};

typedef struct nnrt_csv_reading {
    nnrt_table *table;
    const nnrt_call *call;
    nnrt_cells_rules rules;
    nnrt_cells *columns;
    int64_t column_count;
    double **numbers; // [column_count], of columns that take all numbers as they are, else NULL
    int has_header;
    int64_t rows, capacity; // so far, of all files; for so many there is room
    int64_t stretch;        // rows after which columns are told how far they are
} nnrt_csv_reading;

typedef nnrt_status nnrt_csv_take_row(nnrt_csv_reading *reading, const nnrt_csv *csv, int64_t row);

// ---- header.c

// Gives the rows behind the header to `take`, `limit` at most.
nnrt_status nnrt_csv_reading_each_row(nnrt_csv_reading *reading, const char *path, int64_t limit,
                                      nnrt_csv_take_row *take);
nnrt_status nnrt_csv_reading_fail_empty(const char *path);
int nnrt_csv_reading_any_number(const nnrt_csv *csv);
// Is the first row one of lines and cells, as the rules say that they end?
nnrt_status nnrt_csv_reading_check_start(const nnrt_csv_reading *reading, const nnrt_csv *csv);
nnrt_status nnrt_csv_reading_make_columns(nnrt_csv_reading *reading, int64_t count);
// `text` NULL: the column is called by its number.
nnrt_status nnrt_csv_reading_name_column(nnrt_csv_reading *reading, int64_t column,
                                         const char *text, int length);
nnrt_status nnrt_csv_reading_name_by_cell(nnrt_csv_reading *reading, const nnrt_csv *csv,
                                          int64_t column);
nnrt_status nnrt_csv_reading_check_names(const nnrt_csv_reading *reading, const char *path);
// The names as a set in which each has its column's number; freed by the caller, after an error,
// too: two columns have one name.
nnrt_status nnrt_csv_reading_number_names(const nnrt_csv_reading *reading, const char *path,
                                          nnrt_words *names);
// Makes and names the columns of the first file.
nnrt_status nnrt_csv_reading_read_header(nnrt_csv_reading *reading, const char *path);

// ---- reading.c

// By name or, where all of it are digits, by number from 0; NULL: none.
nnrt_cells *nnrt_csv_reading_find_column(const nnrt_csv_reading *reading, const char *name);
nnrt_status nnrt_csv_reading_fail_column(const nnrt_csv_reading *reading, const char *argument,
                                         const char *name);
nnrt_status nnrt_csv_reading_store_row(nnrt_csv_reading *reading, const nnrt_csv *csv, int64_t row);
// The columns are told how far they are.
void nnrt_csv_reading_fill(nnrt_csv_reading *reading);
// Appends the rows of a file, which the program names.
nnrt_status nnrt_csv_reading_read_file(nnrt_csv_reading *reading, const char *name);

// ---- new_rows.c

// The rows of the table's `new_rows`, by the columns that training had.
nnrt_status nnrt_csv_reading_read_new_rows(nnrt_csv_reading *reading);

#endif
