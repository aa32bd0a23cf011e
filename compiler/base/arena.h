// Bump allocation. All memory of a compilation comes from a few arenas and is released with them;
// nobody frees single objects. When memory runs out the process reports E9001 and ends with
// status 1: an allocation never returns NULL.
#ifndef NNC_BASE_ARENA_H
#define NNC_BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Arena Arena;

Arena *arena_create(void);
void arena_destroy(Arena *arena);

// `size` zeroed bytes, aligned to 16.
void *arena_alloc(Arena *arena, size_t size);

// `count` items of `item_size` bytes each; the product is checked.
void *arena_array(Arena *arena, size_t item_size, size_t count);

// The end of a process that runs out of memory, also for code that must use malloc: E9001,
// status 1. `size` is what was wanted (0: not known); the other one has words of its own.
_Noreturn void arena_out_of_memory(size_t size);
_Noreturn void arena_exhausted(const char *wanted);

// Whether that is printed as the other diagnostics are with --diagnostics=json: on standard output.
void arena_report_json(bool is_json);

// What is called before that, to leave nothing behind; nothing may be allocated in it.
void arena_at_end(void (*clean)(void));

// realpath in an arena. NULL: the path leads nowhere, errno says why (never for lack of memory).
char *arena_realpath(Arena *arena, const char *path);

// A NUL-terminated copy of `length` bytes.
char *arena_copy(Arena *arena, const char *text, size_t length);
char *arena_strdup(Arena *arena, const char *text);
char *arena_format(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vformat(Arena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

// Everything allocated after the mark is released with it: for the scratch of one pass.
typedef struct ArenaMark {
    void *block;
    size_t used;
} ArenaMark;
ArenaMark arena_mark(const Arena *arena);
void arena_release(Arena *arena, ArenaMark mark);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count)                                                            \
    ((type *)arena_array((arena), sizeof(type), (size_t)(count)))

#endif
