// UTF-8, as far as sources and messages need it.
#ifndef NNC_BASE_UTF8_H
#define NNC_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

// Stands for bytes that are no UTF-8 (U+FFFD).
#define UTF8_REPLACEMENT "\xEF\xBF\xBD"

// The length of the character that begins at `bytes`: 1 to 4, or 0 where no valid one does
// (stray or missing continuation, overlong form, surrogate, above U+10FFFF).
size_t utf8_length(const char *bytes, size_t size);

// Whether a byte continues a character, that is, begins none.
static inline bool utf8_continues(char byte) {
    return ((unsigned char)byte & 0xC0) == 0x80;
}

#endif
