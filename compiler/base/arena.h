// Bump allocation. All memory of a compilation comes from a few arenas and is released with them;
// nobody frees single objects. When memory runs out the process reports E9001 and ends with
// status 70: an allocation never returns NULL.
#ifndef NNC_BASE_ARENA_H
#define NNC_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

typedef struct Arena Arena;

Arena *arena_create(void);
void arena_destroy(Arena *arena);

// `size` zeroed bytes, aligned to 16.
void *arena_alloc(Arena *arena, size_t size);

// A NUL-terminated copy of `length` bytes.
char *arena_copy(Arena *arena, const char *text, size_t length);
char *arena_strdup(Arena *arena, const char *text);
char *arena_format(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vformat(Arena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (size_t)(count)))

#endif
