// Open addressing with linear probing; at most half full, nothing is ever removed.
#include "map.h"

#include "../../runtime/base/numbers/hash.h"

#include <string.h>

static uint64_t hash_key(const Map *map, const void *key) {
    if (map->by_address) return ((uint64_t)(uintptr_t)key >> 4) * 0x9e3779b97f4a7c15u;
    uint64_t hash = nnrt_hash_add(NNRT_HASH_START, key, (int64_t)strlen(key));
    return hash ^ hash >> 29;
}

static MapEntry *find_entry(const Map *map, const void *key, uint64_t hash) {
    for (uint64_t at = hash;; at++) {
        MapEntry *entry = &map->entries[at & (uint64_t)(map->capacity - 1)];
        if (!entry->key || entry->key == key) return entry;
        if (!map->by_address && entry->hash == hash && strcmp(entry->key, key) == 0) return entry;
    }
}

static void grow(Map *map) {
    Map grown = *map;
    grown.capacity = map->capacity ? map->capacity * 2 : 16;
    grown.entries = ARENA_ARRAY(map->arena, MapEntry, grown.capacity);
    for (int i = 0; i < map->capacity; i++) {
        const MapEntry *entry = &map->entries[i];
        if (entry->key) *find_entry(&grown, entry->key, entry->hash) = *entry;
    }
    *map = grown;
}

void map_create(Map *map, Arena *arena, bool by_address) {
    *map = (Map){.arena = arena, .by_address = by_address};
}

void *map_get(const Map *map, const void *key) {
    return map->capacity ? find_entry(map, key, hash_key(map, key))->value : NULL;
}

void map_set(Map *map, const void *key, void *value) {
    if (map->count * 2 >= map->capacity) grow(map);
    uint64_t hash = hash_key(map, key);
    MapEntry *entry = find_entry(map, key, hash);
    if (!entry->key) map->count++;
    *entry = (MapEntry){.key = entry->key ? entry->key : key, .value = value, .hash = hash};
}
