// Streaming metrics: fed with each batch's outputs and targets, read at the end of an epoch. Each
// worker feeds its own samples into counts of its own, so that nobody waits; what they add up to
// does not depend on who counted what.
// What a sample counts is a whole number of the metric's unit, so that its sums do not depend on
// their order, either: 1, or of a weighted metric its weight in fixed point.
// Definitions as Keras's metrics (tf-keras 2.x and Keras 3 agree on them); `accuracy` picks binary,
// sparse categorical or categorical as tf_keras/src/engine/compile_utils.py does.
#ifndef NNRT_METRIC_H
#define NNRT_METRIC_H

#include "../base/status.h"
#include "../nnrt.h"
#include "../state/state.h"

typedef unsigned __int128 nnrt_amount; // of samples or of their weights

// Samples of one batch: outputs beside targets.
typedef struct nnrt_view {
    const float *outputs;  // [rows, stride]
    int64_t stride;        // floats from sample to sample
    int64_t size, classes; // of a sample: elements; its last dimension
    const void *target;    // the whole column
    int64_t target_dtype, target_size;
    int64_t target_stride, target_first; // elements of a row of the column; where a sample begins
    const uint32_t *index;               // the samples' rows of the column
    int64_t rows;
    double scale, offset;               // of the target's values
    double output_scale, output_offset; // of the outputs' that are compared as numbers
    const float *mean, *deviation; // then by element: (x - mean) / deviation; NULL: as they are
    const float *weights;          // of samples, the whole column; NULL: all are 1
    const double *class_weights;   // of labels; NULL: all are 1
    int64_t class_weight_count;
    const float *mask; // [rows, mask_stride]: 1 where a step of a sample counts; NULL: all do
    int64_t mask_stride, steps;
    // What each element counts, as the metric reads it: 1, or the weight that all samples share;
    // the same in the metric's unit.
    double weight;
    nnrt_amount amount;
} nnrt_view;

nnrt_view nnrt_view_make(const nnrt_output *output, const nnrt_column *target);
// The samples of the context's worker, of the loss's output and target of the function.
void nnrt_view_batch(nnrt_view *view, const nnrt_function *function, const nnrt_context *context,
                     const nnrt_loss *loss);

double nnrt_view_target(const nnrt_view *view, int64_t sample, int64_t element);
// Does the step that a position (a vector of the output) is in count?
int nnrt_view_counts(const nnrt_view *view, int64_t sample, int64_t position);
// The class at a position (a vector of the output): its number, or the largest of its values.
int64_t nnrt_view_class(const nnrt_view *view, int64_t sample, int64_t position);
int64_t nnrt_view_argmax(const float *values, int64_t count); // the first of equals

typedef struct nnrt_metrics nnrt_metrics;

// The metrics of an output, of views as this one, fed by at most `workers`. The measures outlive
// them. NULL with nnrt_error() set.
nnrt_metrics *nnrt_metrics_create(const nnrt_measure *measures, int64_t count,
                                  const nnrt_view *view, int workers);
void nnrt_metrics_free(nnrt_metrics *metrics); // NULL is fine
void nnrt_metrics_reset(nnrt_metrics *metrics);
// Workers may call it at the same time, each with its own number.
void nnrt_metrics_update(nnrt_metrics *metrics, int worker, const nnrt_view *view);

// What they have counted, as the sum of all workers: gathered before it is copied, scattered (to
// the first worker) after it was restored.
void nnrt_metrics_state(nnrt_metrics *metrics, nnrt_state *state);
void nnrt_metrics_gather(nnrt_metrics *metrics);
void nnrt_metrics_scatter(nnrt_metrics *metrics);

int64_t nnrt_metrics_count(const nnrt_metrics *metrics); // 0 for NULL
const char *nnrt_metrics_name(const nnrt_metrics *metrics, int64_t i);
double nnrt_metrics_value(const nnrt_metrics *metrics, int64_t i);

#endif
