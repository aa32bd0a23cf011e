// "left, right": what is named in messages, joined in a text of a fixed size. What does not fit is
// cut off.
#ifndef NNRT_LIST_H
#define NNRT_LIST_H

#include <stddef.h>

typedef struct nnrt_list {
    char *text; // the caller's
    size_t size, used;
    int count;
} nnrt_list;

nnrt_list nnrt_list_make(char *text, size_t size);
void nnrt_list_add(nnrt_list *list, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
