// Arenas: a list of blocks, the newest first. Small requests share a block; one that is larger than
// a quarter of a block gets its own, so that little is wasted. Blocks are zeroed by calloc.
#include "arena.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_ALIGNMENT = 16, ARENA_BLOCK_SIZE = 64 << 10, ARENA_EXIT_STATUS = 1 };

// More than any machine has for one object: asking the system would be no use.
static const size_t ARENA_MAX_BLOCK = (size_t)1 << 40;

typedef struct Block {
    struct Block *previous;
    size_t used, capacity; // bytes of `data`
    _Alignas(16) unsigned char data[];
} Block;

struct Arena {
    Block *block; // the one that is filled; never NULL
};

static void (*clean_up)(void);

void arena_at_end(void (*clean)(void)) {
    clean_up = clean;
}

static bool reports_json;

void arena_report_json(bool is_json) {
    reports_json = is_json;
}

#define REMEDY                                                                                     \
    "close other programs, raise the limit (`ulimit -v`), or make the model or its batch smaller"

// As diag_json.c does, which needs an arena. `wanted` has no character to be escaped.
static void report_exhaustion(const char *wanted) {
    if (!reports_json) {
        fprintf(stderr, "error[E9001]: out of memory: %s\n   = help: " REMEDY "\n", wanted);
        return;
    }
    printf("{\"severity\":\"error\",\"code\":\"E9001\",\"message\":\"out of memory: %s\","
           "\"file\":null,\"line\":null,\"column\":null,\"end_line\":null,\"end_column\":null,"
           "\"label\":null,\"labels\":[],\"notes\":[],\"helps\":[\"" REMEDY "\"]}\n",
           wanted);
    fflush(stdout);
}

// exit would run the destructors of libraries that may be in the middle of something.
_Noreturn void arena_exhausted(const char *wanted) {
    fflush(stdout);
    report_exhaustion(wanted);
    if (clean_up) clean_up();
    _exit(ARENA_EXIT_STATUS);
}

_Noreturn void arena_out_of_memory(size_t size) {
    char wanted[64] = "the parser needed more";
    if (size) snprintf(wanted, sizeof wanted, "%zu bytes more were needed", size);
    arena_exhausted(wanted);
}

static Block *block_create(Block *previous, size_t capacity) {
    if (capacity > ARENA_MAX_BLOCK) arena_out_of_memory(capacity);
    Block *block = calloc(1, sizeof(Block) + capacity);
    if (!block) arena_out_of_memory(capacity);
    block->previous = previous;
    block->capacity = capacity;
    return block;
}

Arena *arena_create(void) {
    Arena *arena = calloc(1, sizeof *arena);
    if (!arena) arena_out_of_memory(sizeof *arena);
    arena->block = block_create(NULL, ARENA_BLOCK_SIZE);
    return arena;
}

void arena_destroy(Arena *arena) {
    if (!arena) return;
    for (Block *block = arena->block, *previous; block; block = previous) {
        previous = block->previous;
        free(block);
    }
    free(arena);
}

void *arena_alloc(Arena *arena, size_t size) {
    if (size > SIZE_MAX - ARENA_ALIGNMENT) arena_out_of_memory(size);
    size_t rounded = (size + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
    if (rounded > arena->block->capacity - arena->block->used)
        arena->block =
            block_create(arena->block, rounded > ARENA_BLOCK_SIZE / 4 ? rounded : ARENA_BLOCK_SIZE);
    void *memory = arena->block->data + arena->block->used;
    arena->block->used += rounded;
    return memory;
}

void *arena_array(Arena *arena, size_t item_size, size_t count) {
    size_t size;
    if (__builtin_mul_overflow(item_size, count, &size)) arena_out_of_memory(SIZE_MAX);
    return arena_alloc(arena, size);
}

char *arena_realpath(Arena *arena, const char *path) {
    char *found = realpath(path, NULL);
    if (!found && errno == ENOMEM) arena_out_of_memory(PATH_MAX);
    char *kept = found ? arena_strdup(arena, found) : NULL;
    free(found);
    return kept;
}

ArenaMark arena_mark(const Arena *arena) {
    return (ArenaMark){arena->block, arena->block->used};
}

void arena_release(Arena *arena, ArenaMark mark) {
    while (arena->block != mark.block) {
        Block *previous = arena->block->previous;
        free(arena->block);
        arena->block = previous;
    }
    // What is handed out next must be zero again.
    memset(arena->block->data + mark.used, 0, arena->block->used - mark.used);
    arena->block->used = mark.used;
}

char *arena_copy(Arena *arena, const char *text, size_t length) {
    char *copy = arena_alloc(arena, length + 1);
    if (length) memcpy(copy, text, length);
    return copy;
}

char *arena_strdup(Arena *arena, const char *text) {
    return arena_copy(arena, text, strlen(text));
}

char *arena_vformat(Arena *arena, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *text = arena_alloc(arena, length < 0 ? 1 : (size_t)length + 1);
    if (length > 0) vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_format(Arena *arena, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *text = arena_vformat(arena, format, arguments);
    va_end(arguments);
    return text;
}
