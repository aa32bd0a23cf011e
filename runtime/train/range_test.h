// What a learning-rate range test decides, without what it does: the rates, growing exponentially
// from step to step, the smoothed loss, when it ends, and which rate to take. Smith 2015,
// arXiv:1506.01186, section 3.3; smoothing, end and rules as fastai's LRFinder
// (fastai/callback/schedule.py).
#ifndef NNRT_RANGE_TEST_H
#define NNRT_RANGE_TEST_H

#include "../base/status.h"

#include <stdint.h>

typedef struct nnrt_range_test {
    double from, to;
    int64_t steps; // at most
    int64_t count; // done; the last one may be that of which the loss is not finite
    double *rates, *losses, *smoothed; // owned; [steps]
    double average, lowest;            // of the losses; of the smoothed ones
    int has_diverged;
} nnrt_range_test;

nnrt_status nnrt_range_test_open(nnrt_range_test *test, double from, double to, int64_t steps);
void nnrt_range_test_close(nnrt_range_test *test);

// Of step `step` of `steps`, from 0.
double nnrt_range_test_rate(double from, double to, int64_t steps, int64_t step);

// The loss of the next step. 0: the test is over, as the loss is not finite, its average is four
// times the lowest one, or all steps are done.
int nnrt_range_test_add(nnrt_range_test *test, double loss);

// Rates that rules suggest; NaN: a rule has none, as the loss does not fall.
typedef struct nnrt_range_advice {
    double valley;        // in the middle of the longest fall of the smoothed loss
    double steepest;      // where it falls most for a growth of the rate
    double minimum;       // a tenth of where it is lowest
    double fall;          // the share of the loss that was lost by then
    int64_t first, count; // of the steps that were looked at
} nnrt_range_advice;

// The first tenth of the steps is not looked at, where averages are of few losses, nor the last
// five, which diverge.
nnrt_range_advice nnrt_range_test_advise(const nnrt_range_test *test);

#endif
