// How well scores part samples that are of a class from those that are not, for every threshold:
// the points of the ROC and of the precision-recall curve. Definitions as scikit-learn's roc_curve,
// roc_auc_score, precision_recall_curve and average_precision_score (sklearn/metrics/_ranking.py).
#ifndef NNRT_RANKING_H
#define NNRT_RANKING_H

#include "../base/status.h"

#include <stdint.h>

// Point i > 0 is of the threshold that calls "yes" the i highest distinct scores.
typedef struct nnrt_ranking {
    int64_t count;                    // of points; the first is (0, 0) of the ROC curve
    double *false_rates, *true_rates; // true_rates are recalls, too
    double *precisions;               // of point 0: 1
    double area;                      // under the ROC curve; NaN: all samples are of one kind
    double average_precision;         // NaN: none is of the class
    int64_t positives, negatives;
} nnrt_ranking;

// Of `count` scores, each `stride` behind the last; `is_yes` says which are of the class. A score
// that is NaN is below all others. NNRT_ERROR: no memory. Freed by nnrt_ranking_free in any case.
nnrt_status nnrt_ranking_make(nnrt_ranking *ranking, const float *scores, int64_t stride,
                              const uint8_t *is_yes, int64_t count);
void nnrt_ranking_free(nnrt_ranking *ranking);

#endif
