// What a model answers on samples whose targets are known, as numbers about both: how good it is at
// all, and whether it tells samples apart. In evaluation mode, by one worker.
#ifndef NNRT_ANSWERS_H
#define NNRT_ANSWERS_H

#include "../session/steps.h"

typedef struct nnrt_answers { // of one output
    const nnrt_loss *loss;
    int64_t samples, units, elements; // units: the last dimension of the output
    int64_t classes;                  // of the target; 0: it is numbers
    // Sums over elements, of targets and outputs in the same units.
    double residual, target_sum, target_squares;
    double target_low, target_high, output_low, output_high;
    int64_t at_low, at_high;  // outputs that are equal to the least and the largest one
    double floor;             // mean entropy of targets between 0 and 1: no cross-entropy is less
    double *sums, *squares;   // by unit: of outputs
    int64_t *labels, *chosen; // by class: targets, answers; NULL: none are compared
    int64_t right, places;    // of them
} nnrt_answers;

typedef struct nnrt_exam {
    nnrt_answers outputs[NNRT_MAX_COLUMNS];
    int64_t output_count;
    double loss;
} nnrt_exam;

// NNRT_ERROR: no memory, or a sample cannot be read. Of a training with losses.
nnrt_status nnrt_exam_take(nnrt_exam *exam, nnrt_session *session, const nnrt_training *training,
                           const nnrt_part *part, int64_t batch);
void nnrt_exam_free(nnrt_exam *exam);

// The share of the targets' variance that the outputs explain: 1 is all, 0 as much as their mean.
double nnrt_answers_explained(const nnrt_answers *answers);
// The deviation of the unit that differs most from sample to sample.
double nnrt_answers_spread(const nnrt_answers *answers);
// The mean entropy of the labels: the loss of who knows how frequent they are, and nothing else.
double nnrt_answers_entropy(const nnrt_answers *answers);

#endif
