// The prediction of a sample as a line of text, JSON or CSV.
#ifndef NNRT_PREDICTED_ROWS_H
#define NNRT_PREDICTED_ROWS_H

#include "../inputs/input.h"
#include "answer.h"

typedef struct nnrt_row {
    const nnrt_answer *answers; // of the model's outputs
    int64_t count;
    const nnrt_input *input;
    int64_t number; // of the sample in the input
    const float *outputs;
} nnrt_row;

struct nnrt_json;

// Of several outputs each has its name: before the text, as the key of an object, before the names
// of columns.
typedef void nnrt_print_row(const nnrt_row *row);
nnrt_print_row nnrt_print_row_text, nnrt_print_row_json, nnrt_print_row_csv;
nnrt_print_row nnrt_print_head_csv; // without an input

// The parts of it behind what says which sample it is.
void nnrt_row_text(const nnrt_row *row);
void nnrt_row_json(const nnrt_row *row, struct nnrt_json *json);
void nnrt_row_csv(const nnrt_row *row); // each column begins with its comma, and those of the head
// Names begin with `prefix`; "": those of the classes alone, of one output.
void nnrt_row_csv_head(const nnrt_row *row, const char *prefix);
int64_t nnrt_row_csv_columns(const nnrt_row *row);
void nnrt_print_csv_cell(const char *text); // in quotes where it needs them

#endif
