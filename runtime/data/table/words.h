// A set of words, each with a number in the order in which it came: the categories of a column, a
// vocabulary.
#ifndef NNRT_WORDS_H
#define NNRT_WORDS_H

#include <stdint.h>

#include "../../base/status.h"

typedef struct nnrt_words {
    char **texts; // [count]; owned
    int64_t count, capacity;
    int32_t *slots; // a hash table of numbers; -1: free
    int64_t slot_count;
} nnrt_words;

// A zeroed one is empty.
void nnrt_words_free(nnrt_words *words);

// The number of a word, which need not end with NUL; -1: it is not there.
int32_t nnrt_words_find(const nnrt_words *words, const char *text, int64_t length);
// Likewise, after adding it where it is not there; -1 with nnrt_error() set: no memory.
int32_t nnrt_words_add(nnrt_words *words, const char *text, int64_t length);

// Sorts by bytes; order[old number] becomes the new one.
nnrt_status nnrt_words_sort(nnrt_words *words, int32_t *order);

#endif
