// What `predict` reads: samples from .npy and IDX files and pictures (PNG, JPEG), from standard
// input and from the command line, as the type of the model's input column.
#ifndef NNRT_INPUT_H
#define NNRT_INPUT_H

#include "../../base/status.h"
#include "../../nnrt.h"

typedef struct nnrt_input {
    const char *path;        // as given; numbers of the command line: they, or how many
    const char *stem;        // of files that are written for it; NULL: as `path` says
    int64_t rows, is_single; // single: the file holds one sample, not a list of one
    int64_t samples;         // with those that cannot be read, which are no rows
    int64_t first;           // the number of its first one among those of all inputs
    void *values;            // [rows, column->size] of column->dtype
    uint32_t *numbers;       // of the rows among the samples; NULL: they are the same
    char *text;              // what `path` points to, if it is the input's own
} nnrt_input;

typedef struct nnrt_input_reader {
    const nnrt_column *column;
    int may_resize; // pictures, in arrays too, get the column's size
    // A line of standard input is no sample and is left out: nnrt_error() says why.
    void (*bad_line)(void *argument);
    void *argument;
} nnrt_input_reader;

// Are the operands the numbers of one sample (and no file has such a name)? NNRT_USAGE: another
// count of them than a sample has, numbers beside files, standard input twice.
nnrt_status nnrt_input_check(const nnrt_column *column, char *const *words, int64_t count,
                             int *are_numbers);

// Inputs are to be freed; after an error there is nothing to free.
nnrt_status nnrt_input_read(nnrt_input *input, const nnrt_input_reader *reader, const char *path);
nnrt_status nnrt_input_numbers(nnrt_input *input, const nnrt_column *column, char *const *words);
void nnrt_input_free(nnrt_input *input);

// The number of a row among the input's samples.
int64_t nnrt_input_number(const nnrt_input *input, int64_t row);

enum { NNRT_INPUT_TEXT = 1024 };
// What one input of `predict` may be, for its help: "image: [28, 28] (or [28, 28, 1]), or several
// samples: [n, 28, 28]".
void nnrt_input_describe(const nnrt_column *column, char text[NNRT_INPUT_TEXT]);

#endif
