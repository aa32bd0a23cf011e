// A hash map on an arena, from names (or from the addresses of syntax nodes) to pointers.
#ifndef NNC_CHECK_MAP_H
#define NNC_CHECK_MAP_H

#include "../base/arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct MapEntry {
    const void *key;
    void *value;
    uint64_t hash;
} MapEntry;

typedef struct Map {
    Arena *arena;
    MapEntry *entries;
    int count, capacity; // the capacity is zero or a power of two
    bool by_address;     // keys are compared as pointers; else as strings
} Map;

void map_create(Map *map, Arena *arena, bool by_address);
void *map_get(const Map *map, const void *key); // NULL: not there
void map_set(Map *map, const void *key, void *value);

#endif
