#include "predicted_table.h"

#include "../../base/text/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Printing {
    const nnrt_rows_file *file;
    const nnrt_csv *csv;
    int64_t row; // of the file, from 0
} Printing;

static void copy_cell(const nnrt_csv_cell *cell, char **text) {
    free(*text);
    *text = strndup(cell->text, (size_t)cell->length);
}

// ---- The columns of the file.

static void print_text(const Printing *p) {
    printf("%s[%" PRId64 "] (", p->file->path, p->row);
    for (int64_t i = 0; i < p->csv->count; i++)
        printf("%s%.*s", i ? ", " : "", (int)p->csv->cells[i].length, p->csv->cells[i].text);
    fputs("):", stdout);
}

static void print_csv(const Printing *p) {
    char *text = NULL;
    for (int64_t i = 0; i < p->csv->count; i++) {
        copy_cell(&p->csv->cells[i], &text);
        if (i) putchar(',');
        if (text) nnrt_print_csv_cell(text);
    }
    free(text);
}

static void put_json(const Printing *p, nnrt_json *json) {
    char *text = NULL;
    nnrt_json_string(json, "input", p->file->path);
    nnrt_json_integer(json, "row", p->row);
    nnrt_json_open(json, "columns", '{');
    for (int64_t i = 0; i < p->csv->count; i++) {
        const nnrt_csv_cell *cell = &p->csv->cells[i];
        copy_cell(cell, &text);
        if (cell->is_number)
            nnrt_json_number(json, p->file->columns[i], cell->number);
        else
            nnrt_json_string(json, p->file->columns[i], cell->length ? text : NULL);
    }
    nnrt_json_close(json, '}');
    free(text);
}

// ---- A row of all columns. `row` NULL: it has no prediction.

static void print_row(const Printing *p, const nnrt_options *options, const nnrt_row *row) {
    if (options->json) {
        nnrt_json json = {0};
        nnrt_json_open(&json, NULL, '{');
        put_json(p, &json);
        if (row)
            nnrt_row_json(row, &json);
        else
            nnrt_json_string(&json, "outputs", NULL);
        nnrt_json_close(&json, '}');
        nnrt_json_print(&json);
        return;
    }
    if (options->csv)
        print_csv(p);
    else
        print_text(p);
    if (row)
        (options->csv ? nnrt_row_csv : nnrt_row_text)(row);
    else if (!options->csv)
        fputs(" no prediction", stdout);
}

static void print_names(const nnrt_rows_file *file) {
    for (int64_t i = 0; i < file->column_count; i++) {
        if (i) putchar(',');
        nnrt_print_csv_cell(file->columns[i]);
    }
}

// ---- All rows.

nnrt_status nnrt_predicted_table_print(const nnrt_rows_file *file, const nnrt_options *options,
                                       nnrt_row row, int64_t size) {
    nnrt_csv csv;
    nnrt_csv_format format = file->format;
    format.trim = NULL; // cells as they are
    nnrt_status status = nnrt_csv_open(&csv, file->path, format);
    if (status) return status;
    Printing p = {file, &csv, 0};
    int64_t done = 0, empty = options->csv ? nnrt_row_csv_columns(&row) : 0;
    if (file->has_header) status = nnrt_csv_next(&csv);
    if (options->csv) {
        print_names(file);
        nnrt_row_csv_head(&row, "predicted");
        putchar('\n');
    }
    for (; p.row < file->row_count && !status; p.row++) {
        status = nnrt_csv_next(&csv);
        if (status || csv.count != file->column_count) break;
        int is_predicted = done < row.input->rows && nnrt_input_number(row.input, done) == p.row;
        print_row(&p, options, is_predicted ? &row : NULL);
        for (int64_t i = 0; i < empty && !is_predicted; i++) putchar(',');
        if (!options->json) putchar('\n');
        if (!is_predicted) continue;
        row.outputs += size;
        done++;
    }
    nnrt_csv_close(&csv);
    if (status || p.row == file->row_count) return status;
    return nnrt_fail(NNRT_ERROR, "`%s` was changed while it was read", file->path);
}
