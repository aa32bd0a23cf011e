// Drawing the next token from a model's scores.
#ifndef NNRT_SAMPLE_H
#define NNRT_SAMPLE_H

#include "../../base/numbers/random.h"
#include "../../base/status.h"

#include <stdint.h>

typedef struct nnrt_sampler {
    double temperature; // scores are divided by it; 0: the likeliest token, always
    int64_t top_k;      // draw from so many tokens, the likeliest; 0: from all
    double top_p;       // of these, from the likeliest that together reach this share of them
    nnrt_random random;
    int64_t count;   // of tokens
    int32_t banned;  // is never drawn; -1: none
    double *weights; // [count]
    int32_t *order;  // [count]
} nnrt_sampler;

// `top_p` 1: all. NNRT_ERROR: no memory.
nnrt_status nnrt_sampler_open(nnrt_sampler *sampler, int64_t count, uint64_t seed);
void nnrt_sampler_close(nnrt_sampler *sampler); // of a zeroed one, too

// The number of a token, by scores [count], or by shares, which sum to 1; -1: they are not finite.
// Equal scores, options and seeds give equal tokens; of equally likely ones the lower number comes
// first.
int32_t nnrt_sampler_draw(nnrt_sampler *sampler, const float *scores, int are_shares);

// -log of the probability that the scores give a token, at temperature 1.
double nnrt_surprise(const float *scores, int64_t count, int are_shares, int32_t token);

#endif
