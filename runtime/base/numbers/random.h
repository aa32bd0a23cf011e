// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random
// numbers: as easy as 1, 2, 3", SC 2011). A number is a function of (seed, domain, stream,
// position) and of nothing else, so results do not depend on threads, order of use, or a run's
// being resumed.
#ifndef NNRT_RANDOM_H
#define NNRT_RANDOM_H

#include <stdint.h>

// What the numbers are for: equal seeds give unrelated numbers in different domains.
typedef enum nnrt_domain {
    NNRT_RANDOM_INITIALIZE = 1, // stream: the parameter's index
    NNRT_RANDOM_SHUFFLE = 2,    // stream: the epoch
    NNRT_RANDOM_STEP = 3,       // stream: the epoch; position: the step in it
    NNRT_RANDOM_DATA = 4,       // stream: chosen by the data source or transform
    NNRT_RANDOM_BENCH = 5,
    NNRT_RANDOM_AUGMENT = 6, // stream: the epoch; position: by the sample
    NNRT_RANDOM_GENERATE = 7 // position: the token
} nnrt_domain;

// A sequence of random numbers. Fields are private; copies go on independently.
typedef struct nnrt_random {
    uint32_t key[2], domain, stream;
    uint64_t position;
    uint32_t block[4];
    int left;     // unused words of `block`
    double spare; // the second normal number of a pair
    int has_spare;
} nnrt_random;

// One block of four words: out = Philox4x32-10(counter, key).
void nnrt_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

nnrt_random nnrt_random_make(uint64_t seed, nnrt_domain domain, uint32_t stream);

uint32_t nnrt_random_bits(nnrt_random *random);
uint32_t nnrt_random_below(nnrt_random *random, uint32_t limit); // 0..limit-1; limit > 0
double nnrt_random_uniform(nnrt_random *random);                 // [0, 1), 53 bits
double nnrt_random_normal(nnrt_random *random);                  // mean 0, deviation 1

// Fisher-Yates: a uniformly random order of `count` rows.
void nnrt_random_shuffle(nnrt_random *random, uint32_t *rows, int64_t count);

// The key of one training step's random numbers (nnrt_context.key).
uint64_t nnrt_random_step_key(uint64_t seed, int64_t epoch, int64_t step);
// Where several functions are run on a batch: the key of number `turn`; of number 0 that of the
// step.
uint64_t nnrt_random_turn_key(uint64_t key, int64_t turn);

#endif
