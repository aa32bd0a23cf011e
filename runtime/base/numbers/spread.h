// Mean and deviation of numbers that come one by one (Welford 1962, so that numbers that hardly
// differ keep their digits).
#ifndef NNRT_SPREAD_H
#define NNRT_SPREAD_H

#include <math.h>
#include <stdint.h>

typedef struct nnrt_spread {
    int64_t count;
    double sum_of_squares; // of distances from the mean
    double mean;           // of none: 0
} nnrt_spread;

static inline void nnrt_spread_add(nnrt_spread *spread, double value) {
    double before = value - spread->mean;
    spread->mean += before / (double)++spread->count;
    spread->sum_of_squares += before * (value - spread->mean);
}

// NaN: there is none.
static inline double nnrt_spread_mean(const nnrt_spread *spread) {
    return spread->count ? spread->mean : (double)NAN;
}

// Of a sample, divided by count - 1; NaN: of less than two.
static inline double nnrt_spread_deviation(const nnrt_spread *spread) {
    return spread->count > 1 ? sqrt(spread->sum_of_squares / (double)(spread->count - 1))
                             : (double)NAN;
}

#endif
