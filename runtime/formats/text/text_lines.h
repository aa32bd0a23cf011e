// Lines of a text file in UTF-8, plain or compressed by gzip. Line ends are \n or \r\n, a
// byte-order mark is passed over. A reader goes over a file once; lines point into its buffer.
#ifndef NNRT_TEXT_LINES_H
#define NNRT_TEXT_LINES_H

#include "../../base/text/utf8.h"
#include "../../files/stream.h"

typedef struct nnrt_text_lines {
    const char *path; // borrowed
    nnrt_stream stream;
    char *buffer; // [capacity]
    int64_t capacity;
    char *at, *limit; // what is left of the content
    int is_at_end;    // no more content in the file
    // The line:
    const char *text; // [length], not ended by NUL; NULL: the file has no more
    int64_t length;   // bytes, without its end
    int has_end;      // the last one may lack it
    int64_t number;   // from 1
} nnrt_text_lines;

// Nothing to close after an error.
nnrt_status nnrt_text_lines_open(nnrt_text_lines *lines, const char *path);
void nnrt_text_lines_close(nnrt_text_lines *lines);

// The next line. NNRT_ERROR: a byte that is not UTF-8, or NUL; the message names its line and
// place.
nnrt_status nnrt_text_lines_next(nnrt_text_lines *lines);

// White space of ASCII: what parts words.
static inline int nnrt_is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

#endif
