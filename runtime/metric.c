// One row a metric: how it takes a batch and how it is read. A metric's state is a few sums; the
// area under the curve also counts predictions by threshold.
#include "metric.h"

#include "call.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct metric metric;

typedef struct metric_kind {
    const char *name;
    void (*update)(metric *m, const nnrt_view *view);
    double (*value)(const metric *m);
} metric_kind;

struct metric {
    const metric_kind *kind;
    const char *name; // as reported
    double threshold;
    int64_t k, bins;
    double sum, weight;                   // of means
    double hits, false_positives, misses; // precision and recall
    double *positive, *negative;          // by bin, of auc
};

struct nnrt_metrics {
    int64_t count;
    metric items[];
};

// ---- Views.

nnrt_view nnrt_view_make(const nnrt_output *output, const nnrt_column *target) {
    nnrt_view view = {0};
    view.stride = output->stride;
    view.size = output->size;
    view.classes = output->rank ? output->shape[output->rank - 1] : 1;
    view.target_dtype = target->dtype;
    view.target_size = target->size;
    return view;
}

void nnrt_view_batch(nnrt_view *view, const nnrt_output *output, const nnrt_context *context,
                     int64_t target_column) {
    view->outputs = context->arena + output->offset;
    view->target = context->columns[target_column];
    view->index = context->index;
    view->rows = context->rows;
}

double nnrt_view_target(const nnrt_view *view, int64_t sample, int64_t element) {
    int64_t place = (int64_t)view->index[sample] * view->target_size + element;
    switch (view->target_dtype) {
    case NNRT_U8: return ((const uint8_t *)view->target)[place];
    case NNRT_I32: return ((const int32_t *)view->target)[place];
    default: return (double)((const float *)view->target)[place];
    }
}

int64_t nnrt_view_argmax(const float *values, int64_t count) {
    int64_t best = 0;
    for (int64_t i = 1; i < count; i++)
        if (values[i] > values[best]) best = i;
    return best;
}

static const float *output_row(const nnrt_view *view, int64_t sample) {
    return view->outputs + sample * view->stride;
}

// The class that the target names at a position: its number, or the largest of its values.
static int64_t target_class(const nnrt_view *view, int64_t sample, int64_t position) {
    if (view->target_size != view->size || view->classes == 1)
        return (int64_t)nnrt_view_target(view, sample, position);
    int64_t first = position * view->classes, best = 0;
    for (int64_t i = 1; i < view->classes; i++)
        if (nnrt_view_target(view, sample, first + i) >
            nnrt_view_target(view, sample, first + best))
            best = i;
    return best;
}

// ---- Accuracies.

static void update_classes(metric *m, const nnrt_view *view) {
    int64_t positions = view->size / view->classes, right = 0;
    for (int64_t sample = 0; sample < view->rows; sample++)
        for (int64_t p = 0; p < positions; p++)
            right += nnrt_view_argmax(output_row(view, sample) + p * view->classes,
                                      view->classes) == target_class(view, sample, p);
    m->sum += (double)right;
    m->weight += (double)(view->rows * positions);
}

static void update_binary(metric *m, const nnrt_view *view) {
    int64_t right = 0;
    for (int64_t sample = 0; sample < view->rows; sample++) {
        const float *output = output_row(view, sample);
        for (int64_t i = 0; i < view->size; i++)
            right += (output[i] > m->threshold) == nnrt_view_target(view, sample, i);
    }
    m->sum += (double)right;
    m->weight += (double)(view->rows * view->size);
}

// tf.math.in_top_k: fewer than k classes are better than the target's; not if that is not finite.
static int in_top_k(const float *output, int64_t classes, int64_t target, int64_t k) {
    if (target < 0 || target >= classes || !isfinite(output[target])) return 0;
    int64_t better = 0;
    for (int64_t i = 0; i < classes; i++) better += output[i] > output[target];
    return better < k;
}

static void update_top_k(metric *m, const nnrt_view *view) {
    int64_t positions = view->size / view->classes;
    for (int64_t sample = 0; sample < view->rows; sample++)
        for (int64_t p = 0; p < positions; p++)
            m->sum += in_top_k(output_row(view, sample) + p * view->classes, view->classes,
                               target_class(view, sample, p), m->k);
    m->weight += (double)(view->rows * positions);
}

static double value_mean(const metric *m) {
    return m->weight > 0 ? m->sum / m->weight : 0;
}

// ---- Yes or no, over all elements.

static void update_decisions(metric *m, const nnrt_view *view) {
    for (int64_t sample = 0; sample < view->rows; sample++) {
        const float *output = output_row(view, sample);
        for (int64_t i = 0; i < view->size; i++) {
            int yes = nnrt_view_target(view, sample, i) != 0, said = output[i] > m->threshold;
            m->hits += yes && said;
            m->false_positives += !yes && said;
            m->misses += yes && !said;
        }
    }
}

static double value_precision(const metric *m) {
    double said = m->hits + m->false_positives;
    return said > 0 ? m->hits / said : 0;
}

static double value_recall(const metric *m) {
    double yes = m->hits + m->misses;
    return yes > 0 ? m->hits / yes : 0;
}

// Thresholds i / (n - 1): a prediction p is above those with i < p (n - 1), so it goes to bin
// ceil(p (n - 1)) - 1 (Keras: metrics_utils, evenly distributed thresholds).
static void update_auc(metric *m, const nnrt_view *view) {
    for (int64_t sample = 0; sample < view->rows; sample++) {
        const float *output = output_row(view, sample);
        for (int64_t i = 0; i < view->size; i++) {
            if (isnan(output[i])) continue;
            double p = fmin(fmax((double)output[i], 0), 1);
            int64_t bin = (int64_t)ceil(p * (double)(m->bins - 1)) - 1;
            double *counts = nnrt_view_target(view, sample, i) != 0 ? m->positive : m->negative;
            counts[bin < 0 ? 0 : bin]++;
        }
    }
}

// The trapezoids of the ROC curve, from the highest threshold down.
static double value_auc(const metric *m) {
    double positives = 0, negatives = 0;
    for (int64_t i = 0; i < m->bins; i++) {
        positives += m->positive[i];
        negatives += m->negative[i];
    }
    double hits = 0, area = 0;
    for (int64_t i = m->bins - 1; i >= 0; i--) {
        area += m->negative[i] * (hits + m->positive[i] / 2);
        hits += m->positive[i];
    }
    return positives > 0 && negatives > 0 ? area / (positives * negatives) : 0;
}

// ---- Errors.

static void update_errors(metric *m, const nnrt_view *view, int squared) {
    for (int64_t sample = 0; sample < view->rows; sample++) {
        const float *output = output_row(view, sample);
        for (int64_t i = 0; i < view->size; i++) {
            double error = (double)output[i] - nnrt_view_target(view, sample, i);
            m->sum += squared ? error * error : fabs(error);
        }
    }
    m->weight += (double)(view->rows * view->size);
}

static void update_mae(metric *m, const nnrt_view *view) {
    update_errors(m, view, 0);
}

static void update_mse(metric *m, const nnrt_view *view) {
    update_errors(m, view, 1);
}

// ---- The names.

static const metric_kind kinds[] = {
    {"binary_accuracy", update_binary, value_mean},
    {"categorical_accuracy", update_classes, value_mean},
    {"sparse_categorical_accuracy", update_classes, value_mean},
    {"top_k", update_top_k, value_mean},
    {"precision", update_decisions, value_precision},
    {"recall", update_decisions, value_recall},
    {"auc", update_auc, value_auc},
    {"mae", update_mae, value_mean},
    {"mse", update_mse, value_mean},
    {NULL, NULL, NULL},
};

static const metric_kind *find_kind(const char *name, const nnrt_view *view) {
    if (strcmp(name, "accuracy") == 0)
        name = view->classes == 1 ? "binary_accuracy" : "categorical_accuracy";
    for (const metric_kind *kind = kinds; kind->name; kind++)
        if (strcmp(kind->name, name) == 0) return kind;
    return NULL;
}

// Elementwise metrics need a target value for each output, the others also take a class number.
static int target_fits(const metric_kind *kind, const nnrt_view *view) {
    if (view->size < 1 || view->classes < 1) return 0;
    if (view->target_size == view->size) return 1;
    int classes = kind->update == update_classes || kind->update == update_top_k;
    return classes && view->target_size == view->size / view->classes;
}

static nnrt_status metric_open(metric *m, const nnrt_call *call, const nnrt_view *view) {
    m->name = call->name;
    m->kind = find_kind(call->name, view);
    if (!m->kind) return nnrt_fail(NNRT_BUG, "the metric `%s` is unknown", call->name);
    if (!target_fits(m->kind, view))
        return nnrt_fail(NNRT_BUG, "the metric `%s` does not fit the target", call->name);
    m->threshold = nnrt_call_number(call, "threshold", 0.5);
    m->k = (int64_t)nnrt_call_number(call, "k", 5);
    m->bins = (int64_t)nnrt_call_number(call, "thresholds", 200);
    if (m->kind->update != update_auc) return NNRT_OK;
    m->positive = calloc((size_t)m->bins, sizeof *m->positive);
    m->negative = calloc((size_t)m->bins, sizeof *m->negative);
    return m->positive && m->negative ? NNRT_OK : nnrt_fail(NNRT_ERROR, "out of memory");
}

nnrt_metrics *nnrt_metrics_create(const nnrt_call *calls, int64_t count, const nnrt_output *output,
                                  const nnrt_column *target) {
    nnrt_metrics *metrics = calloc(1, sizeof *metrics + sizeof(metric) * (size_t)count);
    if (!metrics) {
        nnrt_fail(NNRT_ERROR, "out of memory");
        return NULL;
    }
    nnrt_view view = nnrt_view_make(output, target);
    for (; metrics->count < count; metrics->count++)
        if (metric_open(&metrics->items[metrics->count], &calls[metrics->count], &view)) {
            metrics->count++;
            nnrt_metrics_free(metrics);
            return NULL;
        }
    return metrics;
}

void nnrt_metrics_free(nnrt_metrics *metrics) {
    for (int64_t i = 0; metrics && i < metrics->count; i++) {
        free(metrics->items[i].positive);
        free(metrics->items[i].negative);
    }
    free(metrics);
}

void nnrt_metrics_reset(nnrt_metrics *metrics) {
    for (int64_t i = 0; i < nnrt_metrics_count(metrics); i++) {
        metric *m = &metrics->items[i];
        m->sum = m->weight = m->hits = m->false_positives = m->misses = 0;
        if (!m->positive) continue;
        memset(m->positive, 0, sizeof *m->positive * (size_t)m->bins);
        memset(m->negative, 0, sizeof *m->negative * (size_t)m->bins);
    }
}

void nnrt_metrics_update(nnrt_metrics *metrics, const nnrt_view *view) {
    for (int64_t i = 0; i < metrics->count; i++)
        metrics->items[i].kind->update(&metrics->items[i], view);
}

int64_t nnrt_metrics_count(const nnrt_metrics *metrics) {
    return metrics ? metrics->count : 0;
}

const char *nnrt_metrics_name(const nnrt_metrics *metrics, int64_t i) {
    return metrics->items[i].name;
}

double nnrt_metrics_value(const nnrt_metrics *metrics, int64_t i) {
    return metrics->items[i].kind->value(&metrics->items[i]);
}
