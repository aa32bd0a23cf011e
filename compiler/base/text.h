// A growable text on an arena, for printers: every stage's `--emit` form is made with it.
#ifndef NNC_BASE_TEXT_H
#define NNC_BASE_TEXT_H

#include "arena.h"

#include <stdbool.h>

typedef struct Text {
    Arena *arena;
    char *data; // NUL-terminated, never NULL after text_create
    size_t length, capacity;
} Text;

Text text_create(Arena *arena);
void text_put(Text *text, const char *string);
void text_put_bytes(Text *text, const char *bytes, size_t length);
void text_format(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Is `word` one of the blank-separated `words` (NULL: none)?
bool text_has_word(const char *words, const char *word);

// A word of a command line as shells read it: in quotes where it has to be.
void text_shell_word(Text *text, const char *word);

// A JSON string literal with its quotes.
void text_json_string(Text *text, const char *string);

// The shortest decimal that reads back as the same double ("0.1", "5", "1e-07").
void text_number(Text *text, double number);
char *text_of_number(Arena *arena, double number);

#endif
