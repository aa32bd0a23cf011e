#include "markup.h"

#include "../base/text/utf8.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMATTED = 1024 };

static void put(nnrt_markup *markup, const char *bytes, size_t length) {
    if (markup->failed) return;
    if (markup->length + length + 1 > markup->capacity) {
        size_t capacity = (markup->length + length + 256) * 2;
        char *text = realloc(markup->text, capacity);
        if (!text) {
            markup->failed = 1;
            return;
        }
        markup->text = text;
        markup->capacity = capacity;
    }
    memcpy(markup->text + markup->length, bytes, length);
    markup->length += length;
    markup->text[markup->length] = 0;
}

static void put_text(nnrt_markup *markup, const char *text) {
    put(markup, text, strlen(text));
}

// ---- Escaping.

static const char *entity(char c) {
    switch (c) {
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '&': return "&amp;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

// What XML 1.0 (section 2.2) has not.
static int is_forbidden(uint32_t code) {
    if (code < 0x20) return code != '\t' && code != '\n' && code != '\r';
    return code == 0x7F || code == 0xFFFE || code == 0xFFFF;
}

static void put_escaped(nnrt_markup *markup, const char *text, size_t count) {
    for (size_t i = 0; i < count;) {
        int length = nnrt_utf8_length(text + i, (int64_t)(count - i));
        const char *name = entity(text[i]);
        if (name)
            put_text(markup, name);
        else if (!length || is_forbidden(nnrt_utf8_code(text + i, length)))
            put_text(markup, "\xEF\xBF\xBD");
        else
            put(markup, text + i, (size_t)length);
        i += length ? (size_t)length : 1;
    }
}

// ---- Elements.

// HTML parsers know these without an end, and SVG's shapes as they are in XML; of others "<p/>"
// would be a beginning.
static int has_no_content(const char *tag) {
    static const char *const tags[] = {"meta", "img",     "br",   "rect",     "line",
                                       "path", "circle",  "use",  "polyline", "stop",
                                       "link", "polygon", "image"};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (strcmp(tags[i], tag) == 0) return 1;
    return 0;
}

static void close_tag(nnrt_markup *markup) {
    if (markup->is_open) put_text(markup, ">");
    markup->is_open = 0;
}

void nnrt_markup_begin(nnrt_markup *markup, const char *tag) {
    close_tag(markup);
    if (markup->depth == NNRT_MARKUP_DEPTH) abort();
    markup->tags[markup->depth++] = tag;
    put_text(markup, "<");
    put_text(markup, tag);
    markup->is_open = 1;
}

void nnrt_markup_end(nnrt_markup *markup) {
    const char *tag = markup->tags[--markup->depth];
    if (markup->is_open && has_no_content(tag)) {
        markup->is_open = 0;
        put_text(markup, "/>");
        return;
    }
    close_tag(markup);
    put_text(markup, "</");
    put_text(markup, tag);
    put_text(markup, ">");
}

void nnrt_markup_attribute(nnrt_markup *markup, const char *name, const char *value) {
    put_text(markup, " ");
    put_text(markup, name);
    put_text(markup, "=\"");
    put_escaped(markup, value, strlen(value));
    put_text(markup, "\"");
}

// Without zeros at its end: coordinates are most of a picture's bytes.
void nnrt_markup_number(nnrt_markup *markup, const char *name, double value) {
    char text[64];
    int length = snprintf(text, sizeof text, "%.2f", isfinite(value) ? value : 0);
    while (text[length - 1] == '0') text[--length] = 0;
    if (text[length - 1] == '.') text[--length] = 0;
    nnrt_markup_attribute(markup, name, strcmp(text, "-0") == 0 ? "0" : text);
}

void nnrt_markup_format(nnrt_markup *markup, const char *name, const char *format, ...) {
    char text[FORMATTED];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    nnrt_markup_attribute(markup, name, text);
}

// ---- Content.

void nnrt_markup_write_bytes(nnrt_markup *markup, const char *text, size_t length) {
    close_tag(markup);
    put_escaped(markup, text, length);
}

void nnrt_markup_write(nnrt_markup *markup, const char *text) {
    nnrt_markup_write_bytes(markup, text, strlen(text));
}

static void print(nnrt_markup *markup, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void print(nnrt_markup *markup, const char *format, va_list arguments) {
    char text[FORMATTED];
    vsnprintf(text, sizeof text, format, arguments);
    nnrt_markup_write(markup, text);
}

void nnrt_markup_print(nnrt_markup *markup, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print(markup, format, arguments);
    va_end(arguments);
}

void nnrt_markup_raw(nnrt_markup *markup, const char *text) {
    close_tag(markup);
    put_text(markup, text);
}

void nnrt_markup_open(nnrt_markup *markup, const char *tag, const char *class_name) {
    nnrt_markup_begin(markup, tag);
    if (class_name) nnrt_markup_attribute(markup, "class", class_name);
}

void nnrt_markup_leaf(nnrt_markup *markup, const char *tag, const char *class_name,
                      const char *text) {
    nnrt_markup_open(markup, tag, class_name);
    nnrt_markup_write(markup, text);
    nnrt_markup_end(markup);
}

void nnrt_markup_leaf_print(nnrt_markup *markup, const char *tag, const char *class_name,
                            const char *format, ...) {
    va_list arguments;
    nnrt_markup_open(markup, tag, class_name);
    va_start(arguments, format);
    print(markup, format, arguments);
    va_end(arguments);
    nnrt_markup_end(markup);
}

const char *nnrt_markup_text(nnrt_markup *markup) {
    while (markup->depth) nnrt_markup_end(markup);
    return markup->failed ? NULL : markup->text ? markup->text : "";
}

void nnrt_markup_free(nnrt_markup *markup) {
    free(markup->text);
    *markup = (nnrt_markup){0};
}
