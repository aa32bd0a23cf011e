// Helpers for tests of sources, diagnostics and the parser.
#ifndef NNC_TESTS_FRONT_H
#define NNC_TESTS_FRONT_H

#include "../../compiler/front/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct Front {
    Arena *arena;
    SourceSet *sources;
    DiagSink *sink;
} Front;

static inline Front front_create(void) {
    Arena *arena = arena_create();
    SourceSet *sources = sources_create(arena);
    return (Front){arena, sources, diag_create(arena, sources)};
}

static inline void front_destroy(Front *front) {
    arena_destroy(front->arena);
}

// Everything that diag_print writes.
static inline char *front_diagnostics(Front *front, DiagFormat format, bool color) {
    char *buffer = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&buffer, &size);
    assert_non_null(stream);
    diag_print(front->sink, stream, format, color);
    fclose(stream);
    char *text = arena_copy(front->arena, buffer, size);
    free(buffer);
    return text;
}

static inline Ast *front_parse_bytes(Front *front, const char *bytes, size_t size) {
    int file = sources_add(front->sources, "net.nn", bytes, size);
    return parse_file(front->arena, front->sources, (uint32_t)file, front->sink);
}

static inline Ast *front_parse(Front *front, const char *text) {
    return front_parse_bytes(front, text, strlen(text));
}

// `text` repeated `count` times between `before` and `after`.
static inline char *front_repeat(Front *front, const char *before, const char *text, int count,
                                 const char *after) {
    Text out = text_create(front->arena);
    text_put(&out, before);
    for (int i = 0; i < count; i++) text_put(&out, text);
    text_put(&out, after);
    return out.data;
}

#endif
