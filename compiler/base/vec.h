// Growable arrays on an arena: `VEC(Node *) nodes; vec_push(arena, &nodes, node);`. Growing copies
// into a new block; the old one stays in the arena until that goes.
#ifndef NNC_BASE_VEC_H
#define NNC_BASE_VEC_H

#include "arena.h"

#include <string.h>

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *items;                                                                               \
        int count, capacity;                                                                       \
    }

#define vec_push(arena, vec, item)                                                                 \
    do {                                                                                           \
        if ((vec)->count == (vec)->capacity)                                                       \
            (vec)->items =                                                                         \
                vec_grow((arena), (vec)->items, &(vec)->capacity, sizeof *(vec)->items);           \
        (vec)->items[(vec)->count++] = (item);                                                     \
    } while (0)

static inline void *vec_grow(Arena *arena, const void *items, int *capacity, size_t item_size) {
    int grown = *capacity ? *capacity * 2 : 8;
    void *block = arena_alloc(arena, item_size * (size_t)grown);
    if (items) memcpy(block, items, item_size * (size_t)*capacity);
    *capacity = grown;
    return block;
}

#endif
