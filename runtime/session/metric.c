// One row a metric: how it takes samples and how it is read. What a metric keeps are counts; the
// errors of mae and mse are summed in fixed point, where, as for counts, the order does not matter.
#include "metric.h"

#include "../base/call.h"
#include "steps.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct metric metric;

// A sum whose error stands beside it, so that the order of its summands does not matter.
typedef struct pair_sum {
    double sum, rest;
} pair_sum;

// What one worker has counted for one metric.
typedef struct tally {
    int64_t right, seen;                   // of shares
    int64_t hits, false_positives, misses; // of decisions
    unsigned __int128 errors;              // x 2^-64
    double beyond; // errors that do not fit, or are not finite; here the order would matter
    int64_t *positive, *negative; // by bin or class; the second behind the first
    pair_sum *sums;               // of r2: by regression, behind the counts
} tally;

typedef struct metric_kind {
    const char *name;
    void (*update)(const metric *m, tally *t, const nnrt_view *view);
    double (*value)(const metric *m, const tally *t);
} metric_kind;

struct metric {
    const metric_kind *kind;
    char name[NNRT_METRIC_NAME]; // as reported
    float threshold;             // outputs are compared in single precision, as in Keras
    int64_t k, bins, class_index;
    int64_t classes, sums; // outputs of a place; of r2, pairs
    int largest_is_yes;    // f1 without threshold
    char average;          // of f1, the first letter
};

struct nnrt_metrics {
    int64_t count;
    int workers;
    metric *items;
    tally *sum;      // of all workers, by metric
    tally **tallies; // by worker, by metric
};

// ---- Views.

nnrt_view nnrt_view_make(const nnrt_output *output, const nnrt_column *target) {
    nnrt_view view = {.scale = 1};
    view.stride = output->stride;
    view.size = output->size;
    view.classes = output->rank ? output->shape[output->rank - 1] : 1;
    view.target_dtype = target->dtype;
    view.target_size = target->size;
    return view;
}

void nnrt_view_batch(nnrt_view *view, const nnrt_function *function, const nnrt_context *context,
                     int64_t number, int64_t column) {
    const nnrt_output *output = &function->outputs[number];
    int64_t first, end;
    nnrt_own_samples(function, context, &first, &end);
    view->outputs = context->arena + output->offset + first * output->stride;
    view->target = context->columns[column];
    view->index = context->index + first;
    view->rows = end - first;
}

static double stored_target(const nnrt_view *view, int64_t place) {
    switch (view->target_dtype) {
    case NNRT_U8: return ((const uint8_t *)view->target)[place];
    case NNRT_I32: return ((const int32_t *)view->target)[place];
    default: return (double)((const float *)view->target)[place];
    }
}

double nnrt_view_target(const nnrt_view *view, int64_t sample, int64_t element) {
    int64_t place = (int64_t)view->index[sample] * view->target_size + element;
    return stored_target(view, place) * view->scale + view->offset;
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

int64_t nnrt_view_class(const nnrt_view *view, int64_t sample, int64_t position) {
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

static void update_classes(const metric *m, tally *t, const nnrt_view *view) {
    int64_t positions = view->size / view->classes, right = 0;
    (void)m;
    for (int64_t sample = 0; sample < view->rows; sample++)
        for (int64_t p = 0; p < positions; p++)
            right += nnrt_view_argmax(output_row(view, sample) + p * view->classes,
                                      view->classes) == nnrt_view_class(view, sample, p);
    t->right += right;
    t->seen += view->rows * positions;
}

static void update_binary(const metric *m, tally *t, const nnrt_view *view) {
    int64_t right = 0;
    for (int64_t sample = 0; sample < view->rows; sample++) {
        const float *output = output_row(view, sample);
        for (int64_t i = 0; i < view->size; i++)
            right += (output[i] > m->threshold) == nnrt_view_target(view, sample, i);
    }
    t->right += right;
    t->seen += view->rows * view->size;
}

// tf.math.in_top_k: fewer than k classes are better than the target's; not if that is not finite.
static int in_top_k(const float *output, int64_t classes, int64_t target, int64_t k) {
    if (target < 0 || target >= classes || !isfinite(output[target])) return 0;
    int64_t better = 0;
    for (int64_t i = 0; i < classes; i++) better += output[i] > output[target];
    return better < k;
}

static void update_top_k(const metric *m, tally *t, const nnrt_view *view) {
    int64_t positions = view->size / view->classes;
    for (int64_t sample = 0; sample < view->rows; sample++)
        for (int64_t p = 0; p < positions; p++)
            t->right += in_top_k(output_row(view, sample) + p * view->classes, view->classes,
                                 nnrt_view_class(view, sample, p), m->k);
    t->seen += view->rows * positions;
}

static double share(int64_t part, int64_t all) {
    return all > 0 ? (double)part / (double)all : 0;
}

static double value_share(const metric *m, const tally *t) {
    (void)m;
    return share(t->right, t->seen);
}

// ---- Yes or no, over all elements.

static void update_decisions(const metric *m, tally *t, const nnrt_view *view) {
    for (int64_t sample = 0; sample < view->rows; sample++) {
        const float *output = output_row(view, sample);
        for (int64_t i = 0; i < view->size; i++) {
            int yes = nnrt_view_target(view, sample, i) != 0, said = output[i] > m->threshold;
            t->hits += yes && said;
            t->false_positives += !yes && said;
            t->misses += yes && !said;
        }
    }
}

static double value_precision(const metric *m, const tally *t) {
    (void)m;
    return share(t->hits, t->hits + t->false_positives);
}

static double value_recall(const metric *m, const tally *t) {
    (void)m;
    return share(t->hits, t->hits + t->misses);
}

// Thresholds i / (n - 1): a prediction p is above those with i < p (n - 1), so it goes to bin
// ceil(p (n - 1)) - 1, in single precision: predictions on a threshold fall where Keras's do
// (keras/src/metrics/metrics_utils.py, _update_confusion_matrix_variables_optimized).
static void update_auc(const metric *m, tally *t, const nnrt_view *view) {
    for (int64_t sample = 0; sample < view->rows; sample++) {
        const float *output = output_row(view, sample);
        for (int64_t i = 0; i < view->size; i++) {
            if (isnan(output[i])) continue;
            float p = fminf(fmaxf(output[i], 0), 1);
            int64_t bin = (int64_t)ceilf(p * (float)(m->bins - 1)) - 1;
            int64_t *counts = nnrt_view_target(view, sample, i) != 0 ? t->positive : t->negative;
            counts[bin < 0 ? 0 : bin]++;
        }
    }
}

// The trapezoids of the ROC curve, from the highest threshold down.
static double value_auc(const metric *m, const tally *t) {
    double positives = 0, negatives = 0;
    for (int64_t i = 0; i < m->bins; i++) {
        positives += (double)t->positive[i];
        negatives += (double)t->negative[i];
    }
    double hits = 0, area = 0;
    for (int64_t i = m->bins - 1; i >= 0; i--) {
        area += (double)t->negative[i] * (hits + (double)t->positive[i] / 2);
        hits += (double)t->positive[i];
    }
    return positives > 0 && negatives > 0 ? area / (positives * negatives) : 0;
}

// ---- Intersection over union: for each class the places that are of it and were said to be, among
// those that are or were. keras/src/metrics/iou_metrics.py: MeanIoU, OneHotMeanIoU, and BinaryIoU,
// which says yes from the threshold on. `positive` counts both, `negative` each of the two.

static int64_t said_class(const metric *m, const nnrt_view *view, const float *output) {
    return view->classes == 1 ? output[0] >= m->threshold : nnrt_view_argmax(output, view->classes);
}

static void update_iou(const metric *m, tally *t, const nnrt_view *view) {
    int64_t positions = view->size / view->classes;
    for (int64_t sample = 0; sample < view->rows; sample++) {
        const float *output = output_row(view, sample);
        for (int64_t p = 0; p < positions; p++, output += view->classes) {
            int64_t is = nnrt_view_class(view, sample, p), said = said_class(m, view, output);
            if (is < 0 || is >= m->bins) continue;
            t->positive[is] += is == said;
            t->negative[is]++;
            t->negative[said]++;
        }
    }
}

// A class that neither is there nor was said does not count.
static double value_iou(const metric *m, const tally *t) {
    double sum = 0, count = 0;
    for (int64_t i = 0; i < m->bins; i++) {
        int64_t all = t->negative[i] - t->positive[i];
        if (all == 0 || (m->class_index >= 0 && i != m->class_index)) continue;
        sum += (double)t->positive[i] / (double)all;
        count++;
    }
    return count > 0 ? sum / count : 0;
}

// ---- Errors.

// A sample's error is kept to 2^-64 (5e-20), up to 2^40; 2^24 samples of the largest fit.
static const double fixed_point = 0x1p64, largest_error = 0x1p40;

typedef enum error_kind { ABSOLUTE, SQUARED, PERCENTAGE } error_kind;

// keras/src/losses/losses.py, mean_absolute_percentage_error: of targets of 1e-7 at least.
static double error_of(double output, double target, error_kind kind) {
    double error = output - target;
    if (kind == SQUARED) return error * error;
    return kind == ABSOLUTE ? fabs(error) : 100 * fabs(error) / fmax(fabs(target), 1e-7);
}

static void update_errors(tally *t, const nnrt_view *view, error_kind kind) {
    for (int64_t sample = 0; sample < view->rows; sample++) {
        const float *output = output_row(view, sample);
        double sum = 0;
        for (int64_t i = 0; i < view->size; i++)
            sum += error_of((double)output[i], nnrt_view_target(view, sample, i), kind);
        if (sum < largest_error)
            t->errors += (unsigned __int128)rint(sum * fixed_point);
        else
            t->beyond += sum;
    }
    t->seen += view->rows * view->size;
}

static void update_mae(const metric *m, tally *t, const nnrt_view *view) {
    (void)m;
    update_errors(t, view, ABSOLUTE);
}

static void update_mse(const metric *m, tally *t, const nnrt_view *view) {
    (void)m;
    update_errors(t, view, SQUARED);
}

static double value_error(const metric *m, const tally *t) {
    (void)m;
    double sum = (double)t->errors / fixed_point + t->beyond;
    return t->seen > 0 ? sum / (double)t->seen : 0;
}

static void update_mape(const metric *m, tally *t, const nnrt_view *view) {
    (void)m;
    update_errors(t, view, PERCENTAGE);
}

static double value_root(const metric *m, const tally *t) {
    return sqrt(value_error(m, t));
}

// ---- r2: one less the share of the targets' variance that the errors are. By output, their mean
// over all. keras/src/metrics/regression_metrics.py: R2Score, uniform_average.

enum { TARGETS, SQUARES, ERRORS, R2_SUMS };

// What the addition rounds away is found exactly (Knuth 1969, two-sum) and kept.
static void pair_add(pair_sum *to, double x, double rest) {
    double sum = to->sum + x, other = sum - to->sum;
    to->rest += (to->sum - (sum - other)) + (x - other) + rest;
    to->sum = sum;
}

static long double pair_value(const pair_sum *pair) {
    return (long double)pair->sum + (long double)pair->rest;
}

static void update_r2(const metric *m, tally *t, const nnrt_view *view) {
    for (int64_t sample = 0; sample < view->rows; sample++) {
        const float *output = output_row(view, sample);
        for (int64_t i = 0; i < view->size; i++) {
            double target = nnrt_view_target(view, sample, i);
            double error = target - (double)output[i];
            pair_sum *sums = &t->sums[i % m->classes * R2_SUMS];
            pair_add(&sums[TARGETS], target, 0);
            pair_add(&sums[SQUARES], target * target, 0);
            pair_add(&sums[ERRORS], error * error, 0);
        }
    }
    t->seen += view->rows * (view->size / m->classes);
}

static double value_r2(const metric *m, const tally *t) {
    double sum = 0;
    for (int64_t i = 0; i < m->classes; i++) {
        const pair_sum *sums = &t->sums[i * R2_SUMS];
        long double targets = pair_value(&sums[TARGETS]);
        long double all = pair_value(&sums[SQUARES]) - targets * targets / (long double)t->seen;
        double score = 1 - (double)(pair_value(&sums[ERRORS]) / all);
        sum += isinf(score) ? 0 : score;
    }
    return t->seen > 0 ? sum / (double)m->classes : 0;
}

// ---- f1: the harmonic mean of precision and recall, of each output.
// keras/src/metrics/f_score_metrics.py: F1Score. `positive` counts what is and was said, and behind
// the outputs what was said; `negative` what is.

static int says_yes(const metric *m, const float *outputs, int64_t i) {
    if (!m->largest_is_yes) return outputs[i] > m->threshold;
    float largest = outputs[nnrt_view_argmax(outputs, m->classes)];
    return outputs[i] >= largest && fabsf(outputs[i]) > 1e-9f;
}

static void update_f1(const metric *m, tally *t, const nnrt_view *view) {
    for (int64_t sample = 0; sample < view->rows; sample++) {
        for (int64_t i = 0; i < view->size; i++) {
            int64_t output = i % m->classes;
            int is = nnrt_view_target(view, sample, i) != 0;
            int said = says_yes(m, output_row(view, sample) + i - output, output);
            t->positive[output] += is && said;
            t->positive[m->classes + output] += said;
            t->negative[output] += is;
        }
    }
}

static double f1_of(double both, double said, double is) {
    const double epsilon = 1e-7;
    double precision = both / (said + epsilon), recall = both / (is + epsilon);
    return 2 * precision * recall / (precision + recall + epsilon);
}

static double value_f1(const metric *m, const tally *t) {
    double sum = 0, both = 0, said = 0, is = 0;
    for (int64_t i = 0; i < m->classes; i++) {
        double own = (double)t->positive[i], all = (double)t->negative[i];
        double told = (double)t->positive[m->classes + i];
        sum += f1_of(own, told, all) * (m->average == 'w' ? all : 1);
        both += own, said += told, is += all;
    }
    if (m->average == 'm') return sum / (double)m->classes;
    return m->average == 'w' ? sum / (is + 1e-7) : f1_of(both, said, is);
}

// ---- The names.

static const metric_kind kinds[] = {
    {"binary_accuracy", update_binary, value_share},
    {"categorical_accuracy", update_classes, value_share},
    {"sparse_categorical_accuracy", update_classes, value_share},
    {"top_k", update_top_k, value_share},
    {"precision", update_decisions, value_precision},
    {"recall", update_decisions, value_recall},
    {"auc", update_auc, value_auc},
    {"iou", update_iou, value_iou},
    {"mae", update_mae, value_error},
    {"mse", update_mse, value_error},
    {"rmse", update_mse, value_root},
    {"mape", update_mape, value_error},
    {"r2", update_r2, value_r2},
    {"f1", update_f1, value_f1},
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
    int classes = kind->update == update_classes || kind->update == update_top_k ||
                  kind->update == update_iou;
    return classes && view->target_size == view->size / view->classes;
}

static nnrt_status metric_open(metric *m, const nnrt_call *call, const nnrt_view *view) {
    m->kind = find_kind(call->name, view);
    if (!m->kind) return nnrt_fail(NNRT_BUG, "the metric `%s` is unknown", call->name);
    if (!target_fits(m->kind, view))
        return nnrt_fail(NNRT_BUG, "the metric `%s` does not fit the target", call->name);
    m->threshold = (float)nnrt_call_number(call, "threshold", 0.5);
    m->k = (int64_t)nnrt_call_number(call, "k", 5);
    m->bins = (int64_t)nnrt_call_number(call, "thresholds", 200);
    if (m->kind->update == update_iou) m->bins = view->classes == 1 ? 2 : view->classes;
    m->classes = view->classes;
    m->sums = m->kind->update == update_r2 ? R2_SUMS * m->classes : 0;
    if (m->kind->update == update_f1) m->bins = 2 * m->classes;
    m->largest_is_yes = m->classes > 1 && isnan(nnrt_call_number(call, "threshold", NAN));
    const char *average = nnrt_call_text(call, "average", "macro");
    m->average = average[1] == 'i' ? 'u' : average[0]; // micro: of the sums
    double class_index = nnrt_call_number(call, "class", NAN);
    m->class_index = isnan(class_index) ? -1 : (int64_t)class_index;
    return NNRT_OK;
}

// ---- Tallies. Each worker's are a block of its own, with its own cache lines around the counts.

enum { LINE = 64 };

static int64_t bins_of(const metric *m) {
    int has_bins = m->kind->update == update_auc || m->kind->update == update_iou ||
                   m->kind->update == update_f1;
    return has_bins ? m->bins : 0;
}

static size_t tallies_size(const nnrt_metrics *metrics) {
    size_t size = sizeof(tally) * (size_t)metrics->count;
    for (int64_t i = 0; i < metrics->count; i++)
        size += 2 * sizeof(int64_t) * (size_t)bins_of(&metrics->items[i]) +
                sizeof(pair_sum) * (size_t)metrics->items[i].sums;
    return (size + LINE - 1) / LINE * LINE;
}

static tally *tallies_create(const nnrt_metrics *metrics) {
    tally *tallies = aligned_alloc(LINE, tallies_size(metrics));
    if (!tallies) return NULL;
    int64_t *counts = (int64_t *)(tallies + metrics->count);
    memset(tallies, 0, tallies_size(metrics));
    for (int64_t i = 0; i < metrics->count; i++) {
        int64_t bins = bins_of(&metrics->items[i]);
        tallies[i].positive = counts;
        tallies[i].negative = counts + bins;
        counts += 2 * bins;
        tallies[i].sums = (pair_sum *)counts; // of two numbers of the counts' size
        counts += 2 * metrics->items[i].sums;
    }
    return tallies;
}

static void tally_clear(const metric *m, tally *t) {
    *t = (tally){.positive = t->positive, .negative = t->negative, .sums = t->sums};
    memset(t->positive, 0, 2 * sizeof(int64_t) * (size_t)bins_of(m));
    memset(t->sums, 0, sizeof(pair_sum) * (size_t)m->sums);
}

static void tally_add(const metric *m, tally *sum, const tally *t) {
    sum->right += t->right;
    sum->seen += t->seen;
    sum->hits += t->hits;
    sum->false_positives += t->false_positives;
    sum->misses += t->misses;
    sum->errors += t->errors;
    sum->beyond += t->beyond;
    for (int64_t i = 0; i < 2 * bins_of(m); i++) sum->positive[i] += t->positive[i];
    for (int64_t i = 0; i < m->sums; i++) pair_add(&sum->sums[i], t->sums[i].sum, t->sums[i].rest);
}

// ---- All metrics of a training.

// recall, recall_1, recall_2: a second metric of a name gets a number, as in Keras.
static void metric_name(const nnrt_call *calls, int64_t index, char name[NNRT_METRIC_NAME]) {
    int before = 0;
    for (int64_t i = 0; i < index; i++) before += strcmp(calls[i].name, calls[index].name) == 0;
    if (before)
        snprintf(name, NNRT_METRIC_NAME, "%s_%d", calls[index].name, before);
    else
        snprintf(name, NNRT_METRIC_NAME, "%s", calls[index].name);
}

static nnrt_status metrics_fill(nnrt_metrics *metrics, const nnrt_call *calls,
                                const nnrt_view *view) {
    for (int64_t i = 0; i < metrics->count; i++) {
        nnrt_status status = metric_open(&metrics->items[i], &calls[i], view);
        if (status) return status;
        metric_name(calls, i, metrics->items[i].name);
    }
    metrics->sum = tallies_create(metrics);
    for (int i = 0; i < metrics->workers; i++) {
        metrics->tallies[i] = tallies_create(metrics);
        if (!metrics->tallies[i]) return nnrt_fail_memory("the counts of metrics", 0);
    }
    return metrics->sum ? NNRT_OK : nnrt_fail_memory("the counts of metrics", 0);
}

nnrt_metrics *nnrt_metrics_create(const nnrt_call *calls, int64_t count, const nnrt_output *output,
                                  const nnrt_column *target, int workers) {
    nnrt_metrics *metrics = calloc(1, sizeof *metrics);
    if (metrics) {
        *metrics = (nnrt_metrics){.count = count, .workers = workers};
        metrics->items = calloc((size_t)count, sizeof *metrics->items);
        metrics->tallies = calloc((size_t)workers, sizeof *metrics->tallies);
    }
    if (!metrics || !metrics->items || !metrics->tallies) {
        nnrt_metrics_free(metrics);
        nnrt_fail_memory("metrics", (size_t)count * sizeof *metrics->items);
        return NULL;
    }
    nnrt_view view = nnrt_view_make(output, target);
    if (metrics_fill(metrics, calls, &view) == NNRT_OK) return metrics;
    nnrt_metrics_free(metrics);
    return NULL;
}

void nnrt_metrics_free(nnrt_metrics *metrics) {
    if (!metrics) return;
    for (int i = 0; metrics->tallies && i < metrics->workers; i++) free(metrics->tallies[i]);
    free(metrics->tallies);
    free(metrics->sum);
    free(metrics->items);
    free(metrics);
}

void nnrt_metrics_reset(nnrt_metrics *metrics) {
    for (int i = 0; metrics && i < metrics->workers; i++)
        for (int64_t k = 0; k < metrics->count; k++)
            tally_clear(&metrics->items[k], &metrics->tallies[i][k]);
}

void nnrt_metrics_update(nnrt_metrics *metrics, int worker, const nnrt_view *view) {
    for (int64_t i = 0; i < metrics->count; i++)
        metrics->items[i].kind->update(&metrics->items[i], &metrics->tallies[worker][i], view);
}

int64_t nnrt_metrics_count(const nnrt_metrics *metrics) {
    return metrics ? metrics->count : 0;
}

const char *nnrt_metrics_name(const nnrt_metrics *metrics, int64_t i) {
    return metrics->items[i].name;
}

double nnrt_metrics_value(const nnrt_metrics *metrics, int64_t i) {
    const metric *m = &metrics->items[i];
    tally *sum = &metrics->sum[i];
    tally_clear(m, sum);
    for (int worker = 0; worker < metrics->workers; worker++)
        tally_add(m, sum, &metrics->tallies[worker][i]);
    return m->kind->value(m, sum);
}
