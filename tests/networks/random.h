// Random numbers of the generator: splitmix64, so that a seed gives the same network everywhere.
#ifndef NNC_TESTS_NETWORKS_RANDOM_H
#define NNC_TESTS_NETWORKS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Random {
    uint64_t state;
} Random;

static inline uint64_t random_next(Random *random) {
    uint64_t z = random->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static inline int random_below(Random *random, int bound) {
    return (int)(random_next(random) % (uint64_t)bound);
}

static inline int random_between(Random *random, int low, int high) {
    return low + random_below(random, high - low + 1);
}

static inline bool random_chance(Random *random, int percent) {
    return random_below(random, 100) < percent;
}

static inline double random_real(Random *random, double low, double high) {
    return low + (high - low) * (double)(random_next(random) >> 11) * 0x1p-53;
}

#endif
