// Predictions of batches on data in memory, measured: what a model predicts of many samples.
#ifndef NNRT_BATCHES_H
#define NNRT_BATCHES_H

#include "../../session/session.h"

enum { NNRT_BATCH_SLICES = 9 };

typedef struct nnrt_batches {
    double rates[NNRT_BATCH_SLICES]; // samples a second, sorted
    int slices;                      // 0: the model's inputs are not in memory
    int64_t batch;
} nnrt_batches;

// For about so many seconds; weights, and ranges where they are needed, are there.
nnrt_status nnrt_batches_measure(nnrt_session *session, const nnrt_model *model, double seconds,
                                 nnrt_batches *batches);

#endif
