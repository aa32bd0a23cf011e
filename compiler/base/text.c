#include "text.h"

#include "utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Text text_create(Arena *arena) {
    enum { INITIAL_CAPACITY = 256 };
    return (Text){arena, arena_alloc(arena, INITIAL_CAPACITY), 0, INITIAL_CAPACITY};
}

// Makes room for `more` bytes and the terminator.
static void text_reserve(Text *text, size_t more) {
    if (more < text->capacity - text->length) return;
    size_t needed, doubled = text->capacity * 2;
    if (__builtin_add_overflow(text->length, more, &needed) ||
        __builtin_add_overflow(needed, 1, &needed))
        arena_out_of_memory(more);
    size_t capacity = needed > doubled ? needed : doubled;
    char *data = arena_alloc(text->arena, capacity);
    memcpy(data, text->data, text->length);
    text->data = data;
    text->capacity = capacity;
}

void text_put_bytes(Text *text, const char *bytes, size_t length) {
    text_reserve(text, length);
    if (length) memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_put(Text *text, const char *string) {
    text_put_bytes(text, string, strlen(string));
}

void text_format(Text *text, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    size_t room = text->capacity - text->length;
    int length = vsnprintf(text->data + text->length, room, format, arguments);
    if (length > 0 && (size_t)length >= room) {
        text_reserve(text, (size_t)length);
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
    }
    if (length > 0) text->length += (size_t)length;
    va_end(again);
    va_end(arguments);
}

// One character of a JSON string; returns its length in bytes.
static size_t json_character(Text *text, const char *bytes, size_t size) {
    unsigned char first = (unsigned char)*bytes;
    if (first == '"' || first == '\\') {
        text_format(text, "\\%c", first);
    } else if (first == '\n') {
        text_put(text, "\\n");
    } else if (first == '\t') {
        text_put(text, "\\t");
    } else if (first < 0x20 || first == 0x7f) {
        text_format(text, "\\u%04x", first);
    } else {
        size_t length = utf8_length(bytes, size);
        if (length)
            text_put_bytes(text, bytes, length);
        else
            text_put(text, UTF8_REPLACEMENT);
        return length ? length : 1;
    }
    return 1;
}

void text_shell_word(Text *text, const char *word) {
    if (*word && !strpbrk(word, " \t\n\"'$&|;<>()*?[]{}~#!\\`")) {
        text_put(text, word);
        return;
    }
    text_put(text, "'");
    for (; *word; word++)
        if (*word == '\'')
            text_put(text, "'\\''");
        else
            text_put_bytes(text, word, 1);
    text_put(text, "'");
}

void text_json_string(Text *text, const char *string) {
    text_put(text, "\"");
    for (size_t i = 0, size = strlen(string); i < size;)
        i += json_character(text, string + i, size - i);
    text_put(text, "\"");
}

void text_number(Text *text, double number) {
    enum { DIGITS_OF_DOUBLE = 17 };
    char digits[64];
    if (isnan(number)) {
        text_put(text, "nan");
        return;
    }
    if (number == 0) number = 0; // no "-0"
    for (int precision = 1; precision <= DIGITS_OF_DOUBLE; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, number);
        if (strtod(digits, NULL) == number) break;
    }
    // 784, not 7.84e+02: %g takes an exponent where the precision is below the number of digits.
    if (fabs(number) < 1e15 && number == floor(number))
        snprintf(digits, sizeof digits, "%.0f", number);
    text_put(text, digits);
}

char *text_of_number(Arena *arena, double number) {
    Text text = text_create(arena);
    text_number(&text, number);
    return text.data;
}

bool text_has_word(const char *words, const char *word) {
    size_t length = strlen(word);
    for (const char *at = words; at && *at;) {
        size_t size = strcspn(at, " ");
        if (size == length && memcmp(at, word, length) == 0) return true;
        at += size + (at[size] == ' ');
    }
    return false;
}
