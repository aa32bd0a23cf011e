// UTF-8 in texts from outside: file names, class names and sources may be any bytes.
#ifndef NNRT_UTF8_H
#define NNRT_UTF8_H

#include <stdint.h>

// Bytes of the UTF-8 character at `text`, of which `left` are there (more than 0); 0: it is none.
int nnrt_utf8_length(const char *text, int64_t left);

// The code of a character of so many bytes.
uint32_t nnrt_utf8_code(const char *text, int length);

#endif
