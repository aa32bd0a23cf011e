// The columns of a csv file as they grow, row by row: what they hold is seen in a first look at
// some rows, or stated. Private to the source `csv`.
#ifndef NNRT_CELLS_H
#define NNRT_CELLS_H

#include "../../formats/text/csv.h"
#include "../table/table.h"
#include "../table/words.h"

// What a file is read with.
typedef struct nnrt_cells_rules {
    nnrt_csv_format format;
    const char *const *missing; // what stands for nothing, besides empty cells
    int64_t missing_count;
    int any_number_missing; // one of them is a number: -999, say
} nnrt_cells_rules;

typedef struct nnrt_cells {
    char *name;
    nnrt_kind kind; // NNRT_TENSORS: it is passed over
    int any_missing;
    int is_stated; // by the program, not seen in the rows
    int is_absent; // no file has it
    int is_target;
    union {
        double *numbers; // NaN: missing
        int32_t *codes;  // numbers of words; -1: missing
    };
    nnrt_words words;
    // Of the first look.
    int64_t numbers_seen, words_seen, dates_seen, first_word_row, first_number_row;
    char first_word[64];
} nnrt_cells;

void nnrt_cells_free(nnrt_cells *cells);
int nnrt_cells_is_missing(const nnrt_cells_rules *rules, const nnrt_csv_cell *cell);
// One cell of the first look; rows are counted from 1.
void nnrt_cells_look(nnrt_cells *cells, const nnrt_cells_rules *rules, const nnrt_csv_cell *cell,
                     int64_t row);
// Decides the kind; a few words among numbers are an error.
nnrt_status nnrt_cells_decide(nnrt_cells *cells, const char *path);
// Room for so many rows; `rows` are there already.
nnrt_status nnrt_cells_grow(nnrt_cells *cells, nnrt_value_storage *storage, int64_t rows,
                            int64_t capacity);
// Stores a cell as row `place` of the column. `row`: of the file, for messages.
nnrt_status nnrt_cells_store(nnrt_cells *cells, const nnrt_cells_rules *rules, const char *path,
                             const nnrt_csv_cell *cell, int64_t place, int64_t row);
// Words get their final numbers, in the order of their bytes.
nnrt_status nnrt_cells_finish(nnrt_cells *cells, int64_t count);

#endif
