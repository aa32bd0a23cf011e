// Do probabilities come true? Samples in ten bins by what was said: the mean of that beside the
// share that it was right for, as scikit-learn's calibration_curve with ten uniform bins
// (sklearn/calibration.py); the expected calibration error (Guo et al. 2017, arXiv:1706.04599).
#ifndef NNRT_CALIBRATION_H
#define NNRT_CALIBRATION_H

#include <stdint.h>

enum { NNRT_CALIBRATION_BINS = 10 };

typedef struct nnrt_calibration { // a zeroed one is ready
    int64_t counts[NNRT_CALIBRATION_BINS];
    double said[NNRT_CALIBRATION_BINS], right[NNRT_CALIBRATION_BINS]; // sums
} nnrt_calibration;

// What is no probability is not counted.
void nnrt_calibration_add(nnrt_calibration *calibration, double probability, int is_right);

int64_t nnrt_calibration_count(const nnrt_calibration *calibration);
// The mean over samples of the distance between what their bin said and what was right; NaN: none.
double nnrt_calibration_error(const nnrt_calibration *calibration);

#endif
