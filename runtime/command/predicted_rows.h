// The prediction of a sample as a line of text, JSON or CSV.
#ifndef NNRT_PREDICTED_ROWS_H
#define NNRT_PREDICTED_ROWS_H

#include "answer.h"
#include "input.h"

typedef struct nnrt_row {
    const nnrt_answer *answers; // of the model's outputs
    int64_t count;
    const nnrt_input *input;
    int64_t number; // of the sample in the input
    const float *outputs;
} nnrt_row;

// Of several outputs each has its name: before the text, as the key of an object, before the names
// of columns.
typedef void nnrt_print_row(const nnrt_row *row);
nnrt_print_row nnrt_print_row_text, nnrt_print_row_json, nnrt_print_row_csv;
nnrt_print_row nnrt_print_head_csv; // without an input

#endif
