// A table as text: lines of cells, two blanks between columns, each as wide as its widest cell.
#ifndef NNRT_LISTING_H
#define NNRT_LISTING_H

#include <stdint.h>
#include <stdio.h>

typedef struct nnrt_listing {
    int64_t columns;
    int64_t count, room; // of cells
    char **items;
    int has_failed; // memory ran out; nothing more is added
} nnrt_listing;

// The next cell of the line, or the first one of the next line.
void nnrt_listing_add(nnrt_listing *listing, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// The rest of the line is empty.
void nnrt_listing_end_line(nnrt_listing *listing);

// `alignment`: 'l' or 'r' for each column; those beyond are as the last one. Blanks at the end of a
// line are left out.
void nnrt_listing_print(const nnrt_listing *listing, const char *alignment, FILE *out);
void nnrt_listing_free(nnrt_listing *listing);

#endif
