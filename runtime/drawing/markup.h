// Writing HTML and SVG: elements in order into a growing text. What is written is well-formed XML
// whatever comes in: tags are closed in the order of a stack, texts and attributes are escaped,
// bytes that are no UTF-8 and characters that XML has not become U+FFFD, numbers that are not
// finite become 0.
#ifndef NNRT_MARKUP_H
#define NNRT_MARKUP_H

#include <stddef.h>
#include <stdint.h>

enum { NNRT_MARKUP_DEPTH = 32 }; // elements within each other, at most

typedef struct nnrt_markup {
    char *text; // owned
    size_t length, capacity;
    int failed;  // out of memory
    int is_open; // the last tag still takes attributes
    int depth;
    const char *tags[NNRT_MARKUP_DEPTH];
} nnrt_markup;

// A zeroed nnrt_markup is ready. `tag` is a literal. Attributes follow their tag at once.
void nnrt_markup_begin(nnrt_markup *markup, const char *tag);
void nnrt_markup_end(nnrt_markup *markup); // the innermost element
void nnrt_markup_attribute(nnrt_markup *markup, const char *name, const char *value);
void nnrt_markup_number(nnrt_markup *markup, const char *name, double value); // two decimals
void nnrt_markup_format(nnrt_markup *markup, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void nnrt_markup_write(nnrt_markup *markup, const char *text);
void nnrt_markup_print(nnrt_markup *markup, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// So many bytes of a text; they need not end with a NUL.
void nnrt_markup_write_bytes(nnrt_markup *markup, const char *text, size_t length);

// As it is, without a change: what the project wrote itself, or data in base 64.
void nnrt_markup_raw(nnrt_markup *markup, const char *text);

// What comes often: an element that begins with a class (NULL: none), or that holds a text alone.
void nnrt_markup_open(nnrt_markup *markup, const char *tag, const char *class_name);
void nnrt_markup_leaf(nnrt_markup *markup, const char *tag, const char *class_name,
                      const char *text);
void nnrt_markup_leaf_print(nnrt_markup *markup, const char *tag, const char *class_name,
                            const char *format, ...) __attribute__((format(printf, 4, 5)));

const char *nnrt_markup_text(nnrt_markup *markup); // NULL when memory ran out
void nnrt_markup_free(nnrt_markup *markup);

#endif
