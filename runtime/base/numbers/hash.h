// FNV-1a with 64 bits (Fowler, Noll, Vo): http://www.isthe.com/chongo/tech/comp/fnv/
#ifndef NNRT_HASH_H
#define NNRT_HASH_H

#include <stdint.h>

#define NNRT_HASH_START 0xcbf29ce484222325u // of no bytes

// The hash of what was hashed before with these bytes behind it.
static inline uint64_t nnrt_hash_add(uint64_t hash, const void *bytes, int64_t size) {
    for (int64_t i = 0; i < size; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
    return hash;
}

#endif
