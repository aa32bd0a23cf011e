#include "calibration.h"

#include <math.h>

// A probability on an edge belongs to the bin below it; edges are those of numpy's linspace.
static int bin_of(double probability) {
    int bin = 0;
    while (bin + 1 < NNRT_CALIBRATION_BINS &&
           probability > (bin + 1) * (1.0 / NNRT_CALIBRATION_BINS))
        bin++;
    return bin;
}

void nnrt_calibration_add(nnrt_calibration *calibration, double probability, int is_right) {
    if (!(probability >= 0 && probability <= 1)) return;
    int bin = bin_of(probability);
    calibration->counts[bin]++;
    calibration->said[bin] += probability;
    calibration->right[bin] += is_right != 0;
}

int64_t nnrt_calibration_count(const nnrt_calibration *calibration) {
    int64_t count = 0;
    for (int i = 0; i < NNRT_CALIBRATION_BINS; i++) count += calibration->counts[i];
    return count;
}

double nnrt_calibration_error(const nnrt_calibration *calibration) {
    double sum = 0;
    for (int i = 0; i < NNRT_CALIBRATION_BINS; i++)
        sum += fabs(calibration->said[i] - calibration->right[i]);
    int64_t count = nnrt_calibration_count(calibration);
    return count ? sum / (double)count : (double)NAN;
}
