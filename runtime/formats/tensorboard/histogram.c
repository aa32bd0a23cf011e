#include "histogram.h"

#include <math.h>
#include <string.h>

static void add(nnrt_histogram *histogram, double value) {
    if (!histogram->count || value < histogram->min) histogram->min = value;
    if (!histogram->count || value > histogram->max) histogram->max = value;
    histogram->count++;
    histogram->sum += value;
    histogram->sum_squares += value * value;
}

int nnrt_histogram_of(nnrt_histogram *histogram, const float *values, size_t count) {
    memset(histogram, 0, sizeof *histogram);
    for (size_t i = 0; i < count; i++)
        if (isfinite(values[i])) add(histogram, (double)values[i]);
    if (!histogram->count) return 0;
    double width = (histogram->max - histogram->min) / NNRT_HISTOGRAM_BUCKETS;
    histogram->buckets = width > 0 ? NNRT_HISTOGRAM_BUCKETS : 1;
    for (size_t i = 0; i < histogram->buckets; i++)
        histogram->limits[i] = histogram->min + width * (double)(i + 1);
    histogram->limits[histogram->buckets - 1] = histogram->max;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        size_t bucket = width > 0 ? (size_t)(((double)values[i] - histogram->min) / width) : 0;
        histogram->counts[bucket < histogram->buckets ? bucket : histogram->buckets - 1]++;
    }
    return 1;
}
