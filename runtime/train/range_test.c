#include "range_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double kept = 0.98;    // of the average of losses, a step
static const double divergence = 4; // times the lowest average
enum { LAST = 5, FEWEST = 3 };

nnrt_status nnrt_range_test_open(nnrt_range_test *test, double from, double to, int64_t steps) {
    size_t bytes = (size_t)steps * sizeof(double);
    *test = (nnrt_range_test){.from = from, .to = to, .steps = steps, .lowest = INFINITY};
    test->rates = malloc(bytes);
    test->losses = malloc(bytes);
    test->smoothed = malloc(bytes);
    if (test->rates && test->losses && test->smoothed) return NNRT_OK;
    return nnrt_fail_memory("the losses of the test", 3 * bytes);
}

void nnrt_range_test_close(nnrt_range_test *test) {
    free(test->rates);
    free(test->losses);
    free(test->smoothed);
    memset(test, 0, sizeof *test);
}

double nnrt_range_test_rate(double from, double to, int64_t steps, int64_t step) {
    double share = steps > 1 ? (double)step / (double)(steps - 1) : 0;
    return from * pow(to / from, share);
}

// The average of losses of which old ones count less and less, divided by what their weights sum up
// to.
int nnrt_range_test_add(nnrt_range_test *test, double loss) {
    int64_t i = test->count++;
    test->average = kept * test->average + (1 - kept) * loss;
    double smoothed = test->average / (1 - pow(kept, (double)test->count));
    test->rates[i] = nnrt_range_test_rate(test->from, test->to, test->steps, i);
    test->losses[i] = loss;
    test->smoothed[i] = smoothed;
    if (smoothed < test->lowest) test->lowest = smoothed;
    // Of losses below 0 (likelihoods, critics) a multiple says nothing.
    int is_above = test->lowest > 0 && smoothed > divergence * test->lowest;
    test->has_diverged = !isfinite(smoothed) || is_above;
    return !test->has_diverged && test->count < test->steps;
}

// ---- Advice.

// The longest falling subsequence of the losses: where it ends, and how long it is.
static int64_t longest_fall(const double *losses, int64_t count, int64_t *lengths, int64_t *end) {
    *end = 0;
    for (int64_t i = 0; i < count; i++) {
        lengths[i] = 1;
        for (int64_t k = 0; k < i; k++)
            if (losses[i] < losses[k] && lengths[i] < lengths[k] + 1) lengths[i] = lengths[k] + 1;
        if (lengths[i] > lengths[*end]) *end = i;
    }
    return lengths[*end];
}

// fastai's `valley`. It takes the fall as long as it has members.
static double valley(const double *rates, const double *losses, int64_t count) {
    int64_t *lengths = malloc((size_t)count * sizeof *lengths), end = 0;
    if (!lengths) return NAN;
    int64_t length = longest_fall(losses, count, lengths, &end);
    free(lengths);
    if (length < FEWEST) return NAN;
    double section = (double)length / 3;
    int64_t place = end - length + (int64_t)section + (int64_t)(section / 2);
    return rates[place > 0 ? place : 0];
}

// fastai's `steep`.
static double steepest(const double *rates, const double *losses, int64_t count) {
    double least = 0, rate = NAN;
    for (int64_t i = 0; i + 1 < count; i++) {
        double slope = (losses[i + 1] - losses[i]) / (log(rates[i + 1]) - log(rates[i]));
        if (slope >= least) continue;
        least = slope;
        rate = rates[i];
    }
    return rate;
}

nnrt_range_advice nnrt_range_test_advise(const nnrt_range_test *test) {
    nnrt_range_advice advice = {.valley = NAN, .steepest = NAN, .minimum = NAN};
    int64_t lowest = 0;
    advice.first = test->steps / 10;
    int is_whole = test->count && isfinite(test->smoothed[test->count - 1]);
    advice.count = test->count - !is_whole - advice.first - LAST;
    if (advice.count < FEWEST) return advice;
    const double *rates = test->rates + advice.first, *losses = test->smoothed + advice.first;
    for (int64_t i = 1; i < advice.count; i++)
        if (losses[i] < losses[lowest]) lowest = i;
    advice.valley = valley(rates, losses, advice.count);
    if (isnan(advice.valley)) return advice;
    advice.steepest = steepest(rates, losses, advice.count);
    advice.minimum = rates[lowest] / 10;
    advice.fall = (losses[0] - losses[lowest]) / fabs(losses[0]);
    return advice;
}
