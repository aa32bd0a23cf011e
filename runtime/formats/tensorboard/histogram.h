// How values are spread: their least, largest, sums, and how many are in each of some ranges of
// equal width.
#ifndef NNRT_HISTOGRAM_H
#define NNRT_HISTOGRAM_H

#include <stddef.h>

enum { NNRT_HISTOGRAM_BUCKETS = 30 }; // as many as TensorFlow's tf.summary.histogram

typedef struct nnrt_histogram {
    double min, max, count, sum, sum_squares;
    size_t buckets;                        // 1 where all values are the same
    double limits[NNRT_HISTOGRAM_BUCKETS]; // right edges; the last one is max
    double counts[NNRT_HISTOGRAM_BUCKETS];
} nnrt_histogram;

// Of the values that are finite; 0: there are none.
int nnrt_histogram_of(nnrt_histogram *histogram, const float *values, size_t count);

#endif
