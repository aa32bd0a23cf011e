#include "words.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { FIRST_SLOTS = 64 };

void nnrt_words_free(nnrt_words *words) {
    for (int64_t i = 0; i < words->count; i++) free(words->texts[i]);
    free(words->texts);
    free(words->slots);
    memset(words, 0, sizeof *words);
}

static int32_t *find_slot(const nnrt_words *words, const char *text, int64_t length) {
    uint64_t mask = (uint64_t)words->slot_count - 1;
    uint64_t place = crc32_z(0, (const unsigned char *)text, (size_t)length) & mask;
    for (;; place = (place + 1) & mask) {
        int32_t *slot = &words->slots[place];
        if (*slot < 0) return slot;
        const char *known = words->texts[*slot];
        if (strncmp(known, text, (size_t)length) == 0 && !known[length]) return slot;
    }
}

int32_t nnrt_words_find(const nnrt_words *words, const char *text, int64_t length) {
    return words->slot_count ? *find_slot(words, text, length) : -1;
}

static void fill_slots(nnrt_words *words) {
    memset(words->slots, -1, (size_t)words->slot_count * sizeof *words->slots);
    for (int64_t i = 0; i < words->count; i++)
        *find_slot(words, words->texts[i], (int64_t)strlen(words->texts[i])) = (int32_t)i;
}

// Room for one more word, and twice as many slots as words.
static nnrt_status grow(nnrt_words *words) {
    if (words->count < words->capacity) return NNRT_OK;
    int64_t slot_count = words->slot_count ? words->slot_count * 2 : FIRST_SLOTS;
    size_t slot_bytes = (size_t)slot_count * sizeof *words->slots;
    size_t bytes = (size_t)(slot_count / 2) * sizeof *words->texts;
    int32_t *slots = malloc(slot_bytes);
    char **texts = slots ? realloc(words->texts, bytes) : NULL;
    if (!texts || slot_count / 2 > INT32_MAX) {
        free(slots);
        if (texts) words->texts = texts;
        return nnrt_fail_memory("a list of words", slot_bytes + bytes);
    }
    free(words->slots);
    words->slots = slots;
    words->texts = texts;
    words->slot_count = slot_count;
    words->capacity = slot_count / 2;
    fill_slots(words);
    return NNRT_OK;
}

int32_t nnrt_words_add(nnrt_words *words, const char *text, int64_t length) {
    int32_t known = nnrt_words_find(words, text, length);
    if (known >= 0) return known;
    if (grow(words)) return -1;
    char *copy = strndup(text, (size_t)length);
    if (!copy) {
        nnrt_fail_memory("a list of words", (size_t)length);
        return -1;
    }
    *find_slot(words, text, length) = (int32_t)words->count;
    words->texts[words->count] = copy;
    return (int32_t)words->count++;
}

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

nnrt_status nnrt_words_sort(nnrt_words *words, int32_t *order) {
    size_t bytes = (size_t)(words->count + 1) * sizeof *words->texts;
    char **old = malloc(bytes);
    if (!old) return nnrt_fail_memory("a list of words", bytes);
    if (words->count) {
        memcpy(old, words->texts, (size_t)words->count * sizeof *old);
        qsort(words->texts, (size_t)words->count, sizeof *words->texts, compare);
        fill_slots(words);
    }
    for (int64_t i = 0; i < words->count; i++)
        order[i] = nnrt_words_find(words, old[i], (int64_t)strlen(old[i]));
    free(old);
    return NNRT_OK;
}
