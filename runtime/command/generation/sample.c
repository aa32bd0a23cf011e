// Temperature (Ackley, Hinton, Sejnowski 1985), the k likeliest tokens (Fan, Lewis, Dauphin 2018,
// arXiv:1805.04833), and the nucleus (Holtzman et al. 2020, arXiv:1904.09751), in this order, as
// Hugging Face's generate() has them.
#include "sample.h"

#include <math.h>
#include <stdlib.h>

nnrt_status nnrt_sampler_open(nnrt_sampler *sampler, int64_t count, uint64_t seed) {
    sampler->random = nnrt_random_make(seed, NNRT_RANDOM_GENERATE, 0);
    sampler->count = count;
    sampler->weights = malloc((size_t)count * sizeof *sampler->weights);
    sampler->order = malloc((size_t)count * sizeof *sampler->order);
    if (sampler->weights && sampler->order) return NNRT_OK;
    return nnrt_fail_memory("the tokens' probabilities", (size_t)count * sizeof(double));
}

void nnrt_sampler_close(nnrt_sampler *sampler) {
    free(sampler->weights);
    free(sampler->order);
}

// ---- The likeliest tokens, from a heap.

static int is_before(const nnrt_sampler *s, int32_t a, int32_t b) {
    if (s->weights[a] != s->weights[b]) return s->weights[a] > s->weights[b];
    return a < b;
}

static void sift(nnrt_sampler *s, int64_t place, int64_t count) {
    int32_t own = s->order[place];
    for (int64_t child; (child = 2 * place + 1) < count; place = child) {
        if (child + 1 < count && is_before(s, s->order[child + 1], s->order[child])) child++;
        if (!is_before(s, s->order[child], own)) break;
        s->order[place] = s->order[child];
    }
    s->order[place] = own;
}

static void build_heap(nnrt_sampler *s) {
    for (int64_t i = 0; i < s->count; i++) s->order[i] = (int32_t)i;
    for (int64_t i = s->count / 2; i-- > 0;) sift(s, i, s->count);
}

// The likeliest of the `left` first ones goes to their end.
static int32_t pop(nnrt_sampler *s, int64_t left) {
    int32_t first = s->order[0];
    s->order[0] = s->order[left - 1];
    s->order[left - 1] = first;
    sift(s, 0, left - 1);
    return first;
}

// Of `count` tokens behind one another, by their weights, whose sum is `total`.
static int32_t draw_weighted(nnrt_sampler *s, const int32_t *tokens, int64_t count, int64_t step,
                             double total) {
    double rest = nnrt_random_uniform(&s->random) * total;
    int32_t token = -1;
    for (int64_t i = 0; i < count && rest >= 0; i++) {
        int32_t own = tokens ? tokens[i * step] : (int32_t)i;
        if (s->weights[own] <= 0) continue; // so that no rounding ends at it
        rest -= s->weights[own];
        token = own;
    }
    return token;
}

// The likeliest come to the end of the order, the first of them last.
static int32_t draw_likely(nnrt_sampler *s, double total) {
    int64_t most = s->count, sorted = 0, taken = 0;
    double share = 0;
    build_heap(s);
    if (s->top_k && s->top_k < most) {
        most = s->top_k;
        for (total = 0; sorted < most; sorted++) total += s->weights[pop(s, s->count - sorted)];
    }
    while (taken < most && (!taken || share < s->top_p * total)) {
        if (taken == sorted) pop(s, s->count - sorted++);
        share += s->weights[s->order[s->count - 1 - taken++]];
    }
    return draw_weighted(s, s->order + s->count - 1, taken, -1, share);
}

// ---- Scores.

static int32_t likeliest(const nnrt_sampler *s, const float *scores) {
    int32_t best = -1;
    for (int64_t i = 0; i < s->count; i++) {
        if (isnan(scores[i])) return -1;
        if (i != s->banned && (best < 0 || scores[i] > scores[best])) best = (int32_t)i;
    }
    return best < 0 || isinf(scores[best]) ? -1 : best;
}

// Sets the weights, of which the largest is 1; their sum.
static double weigh(nnrt_sampler *s, const float *scores, int are_shares, int32_t best) {
    double total = 0, largest = (double)scores[best];
    for (int64_t i = 0; i < s->count; i++) {
        double distance =
            are_shares ? log((double)scores[i] / largest) : (double)scores[i] - largest;
        s->weights[i] = i == s->banned ? 0 : exp(distance / s->temperature);
        total += s->weights[i];
    }
    return total;
}

int32_t nnrt_sampler_draw(nnrt_sampler *sampler, const float *scores, int are_shares) {
    int32_t best = likeliest(sampler, scores);
    if (best < 0 || sampler->temperature == 0) return best;
    double total = weigh(sampler, scores, are_shares, best);
    if (!sampler->top_k && sampler->top_p >= 1)
        return draw_weighted(sampler, NULL, sampler->count, 1, total);
    return draw_likely(sampler, total);
}

double nnrt_surprise(const float *scores, int64_t count, int are_shares, int32_t token) {
    double largest = (double)scores[0], sum = 0;
    for (int64_t i = 1; i < count; i++) largest = fmax(largest, (double)scores[i]);
    for (int64_t i = 0; i < count; i++)
        sum += are_shares ? (double)scores[i] : exp((double)scores[i] - largest);
    return are_shares ? log(sum) - log((double)scores[token])
                      : log(sum) + largest - (double)scores[token];
}
