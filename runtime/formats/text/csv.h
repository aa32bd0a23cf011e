// Tables in text files: a row a line, cells between separators (RFC 4180, and what people write
// instead). A reader goes over a file once, row by row; cells point into its buffer, and numbers
// are read in passing.
//
// Line ends are \n or \r\n, a byte-order mark is passed over, empty lines are none. A cell in
// quotes may hold separators, line ends and quotes (written twice). Blanks around a cell do not
// count.
#ifndef NNRT_CSV_H
#define NNRT_CSV_H

#include "../../files/stream.h"

typedef struct nnrt_csv_format {
    char separator; // ' ': any number of blanks and tabs
    char decimal;   // '.' or ','
    const char
        *trim; // characters that are taken off both ends of cells, besides blanks; NULL: none
} nnrt_csv_format;

typedef struct nnrt_csv_cell {
    const char *text; // not ended by NUL
    int32_t length;
    uint8_t is_quoted, has_quotes, is_number;
    double number; // of a number without quotes; infinite: too large for a double
} nnrt_csv_cell;

typedef struct nnrt_csv {
    const char *path; // borrowed
    nnrt_csv_format format;
    nnrt_stream stream;
    char *buffer; // [capacity] and a margin; NULs behind the content
    int64_t capacity;
    char *at, *limit; // what is left of the content
    int is_at_end;    // no more content in the file
    char *block;      // of 64 bytes, NULL: none; by bit, where cells end in it
    uint64_t ends;
    nnrt_csv_cell *cells;
    int64_t count, cell_capacity; // of the row
    int any_quoted;               // of its cells
    int64_t line, lines;          // where the row begins, from 1; lines so far
} nnrt_csv;

// Nothing to close after an error.
nnrt_status nnrt_csv_open(nnrt_csv *csv, const char *path, nnrt_csv_format format);
void nnrt_csv_close(nnrt_csv *csv);

// The next row's cells; count 0: the end of the file. Cells live until the next call. Errors name
// the file and the line: an open quote, text behind a quote, NUL bytes, a row of more than 1 GB, a
// file that became shorter.
nnrt_status nnrt_csv_next(nnrt_csv *csv);

// What is wrong, and the remedy, where lines end with \r alone.
extern const char nnrt_csv_lone_returns[];

// Is the text of a cell valid UTF-8? The first byte that is not; -1: it is.
int64_t nnrt_csv_bad_byte(const nnrt_csv_cell *cell);

#endif
