// Tables in text files: the source `csv`. Every column becomes one of the table's: numbers in
// double precision, words as numbers of their sorted list.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/text/number.h"
#include "../csv/reading.h"
#include "../pictures/pictures.h"
#include "../stage.h"
#include "../table/learnt.h"
#include "part_files.h"

static const ArgDef csv_args[];

static nnrt_status read_file(void *reading, const char *name) {
    return nnrt_csv_reading_read_file(reading, name);
}

static nnrt_status read_files(nnrt_csv_reading *reading) {
    static const int options[] = {NNRT_CSV_FILES, NNRT_CSV_VALIDATION, NNRT_CSV_TEST};
    nnrt_status status = nnrt_part_files_read(reading->table, reading->call, options,
                                              &reading->rows, read_file, reading);
    if (!status) nnrt_csv_reading_fill(reading);
    return status;
}

// ---- The table.

static nnrt_status find_targets(nnrt_csv_reading *reading) {
    int64_t count;
    const char *const *targets = nnrt_call_texts_at(reading->call, NNRT_CSV_TARGET, &count);
    for (int64_t i = 0; i < count; i++) {
        nnrt_cells *column = nnrt_csv_reading_find_column(reading, targets[i]);
        if (!column) return nnrt_csv_reading_fail_column(reading, "target", targets[i]);
        column->is_target = 1;
    }
    return NNRT_OK;
}

static const char *kind_name(nnrt_kind kind) {
    return kind == NNRT_NUMBERS ? "number" : kind == NNRT_WORDS ? "word" : "date";
}

static nnrt_status add_field(nnrt_csv_reading *reading, nnrt_cells *column) {
    nnrt_table *table = reading->table;
    nnrt_status status = nnrt_cells_finish(column, table->row_count);
    const char *const *name = nnrt_table_keep_names((const char *const *)&column->name, 1);
    int64_t dtype = column->kind == NNRT_NUMBERS ? NNRT_F64 : NNRT_I32;
    if (status || !name) return NNRT_ERROR;
    nnrt_role role = column->is_target ? NNRT_TARGET : NNRT_FEATURE;
    nnrt_field *field = nnrt_table_add(table, role, nnrt_column_make(*name, dtype, 0, NULL));
    if (!field) return NNRT_ERROR;
    field->kind = column->kind;
    field->is_whole = !column->any_missing;
    field->is_absent = column->is_absent;
    field->is_stated = column->is_stated;
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

static nnrt_status read_table(nnrt_csv_reading *reading) {
    nnrt_status status =
        reading->table->new_rows ? nnrt_csv_reading_read_new_rows(reading) : read_files(reading);
    if (!status) status = find_targets(reading);
    nnrt_table_fingerprint(reading->table, &reading->rows, sizeof reading->rows);
    for (int64_t i = 0; i < reading->column_count && !status; i++)
        status = add_field(reading, &reading->columns[i]);
    return status;
}

static nnrt_status open_csv(nnrt_table *table, const nnrt_call *call) {
    static const char separators[] = {',', '\t', ';', ' '}, decimals[] = {'.', ','};
    nnrt_csv_reading reading = {.table = table, .call = call};
    reading.rules.format.separator =
        separators[nnrt_call_word_at(call, csv_args, NNRT_CSV_SEPARATOR)];
    reading.rules.format.decimal = decimals[nnrt_call_word_at(call, csv_args, NNRT_CSV_DECIMAL)];
    reading.rules.format.trim = nnrt_call_text_at(call, NNRT_CSV_TRIM);
    reading.rules.missing =
        nnrt_call_texts_at(call, NNRT_CSV_MISSING, &reading.rules.missing_count);
    for (int64_t i = 0; i < reading.rules.missing_count; i++) {
        double number;
        reading.rules.any_number_missing |= nnrt_number_parse(reading.rules.missing[i], &number);
    }
    table->storage->rule = (nnrt_memory_rule)nnrt_call_word_at(call, csv_args, NNRT_CSV_MEMORY);
    nnrt_status status = read_table(&reading);
    for (int64_t i = 0; i < reading.column_count; i++) nnrt_cells_free(&reading.columns[i]);
    free(reading.columns);
    free(reading.numbers);
    return status;
}

static const ArgDef csv_args[] = {
    [NNRT_CSV_FILES] = {.name = "file",
                        .type = ARG_STRINGS,
                        .is_path = true,
                        .keras_name = "filepath_or_buffer path",
                        .doc = "the table, plain or gzip; a list of files: one after the other"},
    [NNRT_CSV_TARGET] =
        {.name = "target",
         .type = ARG_NAMES,
         .default_text = "none",
         .keras_name = "y label label_name",
         .doc = "the column that is predicted, or a list: by name, or by number from 0"},
    [NNRT_CSV_TEST] = {.name = "test",
                       .type = ARG_STRINGS,
                       .is_path = true,
                       .default_text = "none",
                       .doc = "file of the test part"},
    [NNRT_CSV_VALIDATION] = {.name = "validation",
                             .type = ARG_STRINGS,
                             .is_path = true,
                             .default_text = "none",
                             .doc = "file of the validation part"},
    [NNRT_CSV_SEPARATOR] = {.name = "separator",
                            .type = ARG_WORD,
                            .default_text = "comma",
                            .choices = "comma tab semicolon blanks",
                            .keras_name = "sep delimiter field_delim",
                            .doc =
                                "what stands between cells; blanks: any number of blanks and tabs"},
    [NNRT_CSV_HEADER] =
        {.name = "header",
         .type = ARG_BOOL,
         .default_text = "none",
         .doc = "whether the first row has the names; else: if there is no number in it"},
    [NNRT_CSV_COLUMNS] = {.name = "columns",
                          .type = ARG_NAMES,
                          .default_text = "none",
                          .keras_name = "names column_names",
                          .doc = "the names of all columns, instead of those of the header"},
    [NNRT_CSV_MISSING] = {.name = "missing",
                          .type = ARG_STRINGS,
                          .default_text = "none",
                          .keras_name = "na_values na_value",
                          .doc = "what stands for a missing value, besides an empty cell"},
    [NNRT_CSV_TRIM] = {.name = "trim",
                       .type = ARG_STRING,
                       .default_text = "none",
                       .doc = "characters that are taken off both ends of cells, besides blanks"},
    [NNRT_CSV_DECIMAL] = {.name = "decimal",
                          .type = ARG_WORD,
                          .default_text = "point",
                          .choices = "point comma",
                          .doc = "what stands before the fraction of a number"},
    [NNRT_CSV_WORDS] = {.name = "words",
                        .type = ARG_NAMES,
                        .default_text = "none",
                        .doc = "columns of words, though they look like numbers: codes, say"},
    [NNRT_CSV_MEMORY] = NNRT_MEMORY_ARGUMENT,
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
