// Counter-based random numbers of the graph (dropout masks and the like), the one definition that
// the reference evaluator uses and that compiler/gen/element/lane.c repeats in vector code. A
// number is a function of the step's key, the operator's stream and the element's index in the
// batch only, so it does not depend on threads, vector width or order, and the backward pass can
// draw it again.
//
// random_mix is "lowbias32", the 32-bit finalizer of Chris Wellons's hash-prospector; two keyed
// rounds of it are applied to the counter.
#ifndef NNC_OP_RANDOM_H
#define NNC_OP_RANDOM_H

#include <stdint.h>

enum { RANDOM_STREAM_FACTOR = 0x632BE5AB };

static inline uint32_t random_mix(uint32_t x) {
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    x ^= x >> 16;
    return x;
}

// The two words that an operator's numbers of one step are keyed with.
static inline void random_keys(uint64_t key, uint32_t stream, uint32_t keys[2]) {
    keys[0] = random_mix((uint32_t)key ^ random_mix(stream + 1u));
    keys[1] = random_mix((uint32_t)(key >> 32) + (stream + 1u) * (uint32_t)RANDOM_STREAM_FACTOR);
}

// Uniform in [0, 1): 24 bits.
static inline float random_uniform(const uint32_t keys[2], uint32_t element) {
    uint32_t x = random_mix(element * 0x9E3779B9u + keys[0]);
    x = random_mix(x + keys[1]);
    return (float)(x >> 8) * 0x1p-24f;
}

#endif
