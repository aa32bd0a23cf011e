#include "list.h"

#include <stdarg.h>
#include <stdio.h>

nnrt_list nnrt_list_make(char *text, size_t size) {
    text[0] = 0;
    return (nnrt_list){.text = text, .size = size};
}

static void advance(nnrt_list *list, int length) {
    size_t left = list->size - 1 - list->used;
    if (length > 0) list->used += (size_t)length < left ? (size_t)length : left;
}

void nnrt_list_add(nnrt_list *list, const char *format, ...) {
    va_list arguments;
    if (list->count++)
        advance(list, snprintf(list->text + list->used, list->size - list->used, ", "));
    va_start(arguments, format);
    advance(list, vsnprintf(list->text + list->used, list->size - list->used, format, arguments));
    va_end(arguments);
}
