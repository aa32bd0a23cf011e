// Text that is made piece by piece: it is printed as it comes, never half a character of UTF-8, and
// kept. What is no UTF-8, and NUL, becomes U+FFFD.
#ifndef NNRT_TEXT_OUT_H
#define NNRT_TEXT_OUT_H

#include "../../base/status.h"

#include <stdint.h>

typedef struct nnrt_text_out {
    int is_silent; // nothing is printed
    int keeps;     // what is written stays in `text`
    char *text;    // [length], ended by NUL; owned
    int64_t length, capacity;
    char waiting[4]; // the beginning of a character
    int waits;
    char last; // byte that was written; 0: none
} nnrt_text_out;

// A zeroed one is ready, with what it should do set.
nnrt_status nnrt_text_out_put(nnrt_text_out *out, const char *bytes, int64_t length);
// The beginning of a character of which nothing more comes.
nnrt_status nnrt_text_out_end(nnrt_text_out *out);
void nnrt_text_out_free(nnrt_text_out *out);

#endif
