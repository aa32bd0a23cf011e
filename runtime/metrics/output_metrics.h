// The metrics of all outputs of a training, each beside its own target.
#ifndef NNRT_OUTPUT_METRICS_H
#define NNRT_OUTPUT_METRICS_H

#include "../session/session.h"
#include "../session/targets.h"
#include "../state/state.h"
#include "metric.h"

typedef struct nnrt_output_metrics {
    const nnrt_training *training;
    int64_t count; // of outputs
    int has_any;
    nnrt_metrics *items[NNRT_MAX_COLUMNS]; // NULL: that output has none
    nnrt_view views[NNRT_MAX_COLUMNS];     // without a batch
    float *statistics[NNRT_MAX_COLUMNS];   // of inputs as targets: means, deviations; NULL: none
} nnrt_output_metrics;

// For `function`, the first step's training or evaluation, of the training's losses; `workers` feed
// them. After an error nothing is to be freed.
nnrt_status nnrt_output_metrics_open(nnrt_output_metrics *metrics, const nnrt_session *session,
                                     const nnrt_training *training, const nnrt_function *function,
                                     int workers);
void nnrt_output_metrics_free(nnrt_output_metrics *metrics);
void nnrt_output_metrics_reset(nnrt_output_metrics *metrics);
// What is counted so far. Before a copy it is gathered from all workers; when it was restored, it
// is one worker's.
void nnrt_output_metrics_state(nnrt_output_metrics *metrics, nnrt_state *state);
void nnrt_output_metrics_gather(nnrt_output_metrics *metrics);
void nnrt_output_metrics_scatter(nnrt_output_metrics *metrics);
// The samples of the context's worker.
void nnrt_output_metrics_update(nnrt_output_metrics *metrics, const nnrt_function *function,
                                const nnrt_context *context);

// An output beside its target; inputs of the data as targets are scaled as the model gets them, but
// not standardized; standardized targets and their outputs are numbers in the column's units.
nnrt_view nnrt_loss_view(const nnrt_session *session, const nnrt_function *function,
                         const nnrt_loss *loss);

#endif
