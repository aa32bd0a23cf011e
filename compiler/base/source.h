// Source files and places in them. A span holds byte offsets; lines and columns (in characters, not
// bytes; both from 1) are computed only for printing. Files live as long as their SourceSet.
#ifndef NNC_BASE_SOURCE_H
#define NNC_BASE_SOURCE_H

#include "arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct Span {
    uint32_t file;   // index into the SourceSet
    uint32_t lo, hi; // bytes [lo, hi)
} Span;

// The span of a message that has no place in a source ("cannot write `x`"): printed without one.
#define SPAN_NONE ((Span){.file = UINT32_MAX})
// The span of a message about a file as a whole, which it names itself: printed without a place
// too.
#define SPAN_FILE(index) ((Span){.file = (index), .lo = 0, .hi = UINT32_MAX})

typedef struct Source {
    const char *path; // as the user wrote it
    const char *text; // NUL-terminated; may hold NUL bytes inside
    size_t size;
    uint32_t *line_starts;
    int line_count;
    bool is_too_large; // above SOURCE_MAX_SIZE: the text is empty, and parsing it reports E0005
    Span importer;     // the `import` that made it be read; without a place: none did
} Source;

enum { SOURCE_MAX_SIZE = 16 << 20 };

typedef struct SourceSet SourceSet;

typedef struct Place {
    const char *path;
    int line, column;
} Place;

SourceSet *sources_create(Arena *arena);

// Reads a whole regular file; returns its index, or -1 with *error set to what went wrong ("no such
// file"). Nothing above SOURCE_MAX_SIZE is read.
int sources_load(SourceSet *set, const char *path, const char **error);
// The same of a stream that is open already, whatever it is; `name` is for messages.
int sources_read(SourceSet *set, const char *name, int descriptor, const char **error);
int sources_add(SourceSet *set, const char *path, const char *text, size_t size);
// What made the file be read: messages about it name that place, too.
void sources_set_importer(SourceSet *set, uint32_t file, Span importer);
int sources_count(const SourceSet *set);
const Source *sources_get(const SourceSet *set, uint32_t file);
Place sources_place(const SourceSet *set, uint32_t file, uint32_t offset);
// The text of a span, in the set's arena; "": it has no place, or more than the file.
const char *sources_text(const SourceSet *set, Span span);

static inline bool span_has_place(Span span) {
    return span.file != UINT32_MAX && span.hi != UINT32_MAX;
}

// The span from the beginning of `a` to the end of `b`.
Span span_join(Span a, Span b);

#endif
