// Philox4x32-10 and the distributions drawn from it.
#include "random.h"

#include <math.h>

// Multipliers and Weyl constants of the paper's reference parameters.
enum { PHILOX_ROUNDS = 10 };
static const uint32_t philox_multiply[2] = {0xD2511F53u, 0xCD9E8D57u};
static const uint32_t philox_weyl[2] = {0x9E3779B9u, 0xBB67AE85u};

void nnrt_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        uint64_t low = (uint64_t)philox_multiply[0] * c0;
        uint64_t high = (uint64_t)philox_multiply[1] * c2;
        uint32_t next0 = (uint32_t)(high >> 32) ^ c1 ^ k0;
        uint32_t next2 = (uint32_t)(low >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)high;
        c3 = (uint32_t)low;
        c0 = next0;
        c2 = next2;
        k0 += philox_weyl[0];
        k1 += philox_weyl[1];
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

nnrt_random nnrt_random_make(uint64_t seed, nnrt_domain domain, uint32_t stream) {
    nnrt_random random = {0};
    random.key[0] = (uint32_t)seed;
    random.key[1] = (uint32_t)(seed >> 32);
    random.domain = (uint32_t)domain;
    random.stream = stream;
    return random;
}

static void next_block(nnrt_random *random) {
    uint32_t counter[4] = {(uint32_t)random->position, (uint32_t)(random->position >> 32),
                           random->stream, random->domain};
    nnrt_philox(counter, random->key, random->block);
    random->position++;
    random->left = 4;
}

uint32_t nnrt_random_bits(nnrt_random *random) {
    if (random->left == 0) next_block(random);
    return random->block[4 - random->left--];
}

// Lemire, "Fast random integer generation in an interval" (2019): unbiased, rarely divides.
uint32_t nnrt_random_below(nnrt_random *random, uint32_t limit) {
    uint64_t product = (uint64_t)nnrt_random_bits(random) * limit;
    if ((uint32_t)product < limit) {
        uint32_t threshold = -limit % limit;
        while ((uint32_t)product < threshold) product = (uint64_t)nnrt_random_bits(random) * limit;
    }
    return (uint32_t)(product >> 32);
}

double nnrt_random_uniform(nnrt_random *random) {
    uint64_t high = nnrt_random_bits(random) >> 5, low = nnrt_random_bits(random) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

// Box and Muller: two numbers from two uniform ones, without rejection.
double nnrt_random_normal(nnrt_random *random) {
    if (random->has_spare) {
        random->has_spare = 0;
        return random->spare;
    }
    double radius = sqrt(-2 * log(1 - nnrt_random_uniform(random)));
    double angle = 2 * M_PI * nnrt_random_uniform(random);
    random->spare = radius * sin(angle);
    random->has_spare = 1;
    return radius * cos(angle);
}

void nnrt_random_shuffle(nnrt_random *random, uint32_t *rows, int64_t count) {
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t j = nnrt_random_below(random, (uint32_t)(i + 1));
        uint32_t row = rows[i];
        rows[i] = rows[j];
        rows[j] = row;
    }
}

uint64_t nnrt_random_step_key(uint64_t seed, int64_t epoch, int64_t step) {
    nnrt_random random = nnrt_random_make(seed, NNRT_RANDOM_STEP, (uint32_t)epoch);
    random.position = (uint64_t)step;
    uint64_t high = nnrt_random_bits(&random);
    return high << 32 | nnrt_random_bits(&random);
}

uint64_t nnrt_random_turn_key(uint64_t key, int64_t turn) {
    const uint32_t counter[4] = {(uint32_t)turn, NNRT_RANDOM_STEP};
    const uint32_t own[2] = {(uint32_t)key, (uint32_t)(key >> 32)};
    uint32_t out[4];
    if (turn == 0) return key;
    nnrt_philox(counter, own, out);
    return (uint64_t)out[1] << 32 | out[0];
}
