// Paths with placeholders: "{epoch:02d}-{val_loss:.2f}.safetensors", a part of Python's str.format.
// The compiler reads them, too, to check their names.
#ifndef NNRT_PATTERN_H
#define NNRT_PATTERN_H

#include "log.h"

#include <stddef.h>

typedef struct nnrt_placeholder {
    const char *name; // in the pattern
    size_t name_length;
    int zeros, width, precision; // precision -1: not given
    char kind;                   // d, f, e or g; 0: not given
    const char *end;             // behind the brace
} nnrt_placeholder;

// The next placeholder from `text` on. 1: there is one; 0: there is none; -1: it cannot be read,
// and `end` is where it begins. "{{" and "}}" are braces.
int nnrt_placeholder_next(const char *text, nnrt_placeholder *placeholder);

// `epoch` counts from 1; the other names are those of `log`. NNRT_ERROR when the path is too long.
nnrt_status nnrt_pattern_path(const char *pattern, int64_t epoch, const nnrt_log *log, char *path,
                              size_t size);

#endif
