// Samples in lines of text: the numbers of one sample a line, separated by blanks, tabs or commas.
#ifndef NNRT_LINES_H
#define NNRT_LINES_H

#include "../../base/status.h"
#include "../../nnrt.h"

#include <stdio.h>

typedef struct nnrt_lines {
    void *values;      // [rows, column->size] of column->dtype; freed with free()
    uint32_t *numbers; // of the rows among all samples, from 0; freed with free()
    int64_t rows, samples;
} nnrt_lines;

// Called for a line that is no sample, which is left out: nnrt_error() says why.
typedef void nnrt_lines_bad(void *argument);

// Reads to the end of `file`, which messages call `name`. Lines of blanks alone are passed over. An
// error: no text, no line that is a sample, or no memory.
nnrt_status nnrt_lines_read(nnrt_lines *lines, FILE *file, const char *name,
                            const nnrt_column *column, nnrt_lines_bad *bad, void *argument);
void nnrt_lines_free(nnrt_lines *lines);

#endif
