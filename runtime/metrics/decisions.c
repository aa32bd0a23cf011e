// Metrics of yes and no: precision, recall, auc, f1.
#include "row.h"

#include <math.h>

// ---- Yes or no, over all elements.

static void update_decisions(const nnrt_metric *m, nnrt_tally *t, const nnrt_view *view) {
    int64_t hits = 0, false_positives = 0, misses = 0;
    for (int64_t sample = 0; sample < view->rows; sample++) {
        const float *output = nnrt_view_output(view, sample);
        for (int64_t i = 0; i < view->size; i++) {
            int yes = nnrt_view_target(view, sample, i) != 0, said = output[i] > m->threshold;
            hits += yes && said;
            false_positives += !yes && said;
            misses += yes && !said;
        }
    }
    t->hits += nnrt_view_amount(view, hits);
    t->false_positives += nnrt_view_amount(view, false_positives);
    t->misses += nnrt_view_amount(view, misses);
}

static const ArgDef threshold_args[] = {NNRT_METRIC_THRESHOLD, {0}};

static double value_precision(const nnrt_metric *m, const nnrt_tally *t) {
    (void)m;
    return nnrt_share(t->hits, t->hits + t->false_positives);
}

static double value_recall(const nnrt_metric *m, const nnrt_tally *t) {
    (void)m;
    return nnrt_share(t->hits, t->hits + t->misses);
}

// ---- auc.

enum { AUC_THRESHOLDS };

static const ArgDef auc_args[] = {
    [AUC_THRESHOLDS] = {.name = "thresholds",
                        .type = ARG_INT,
                        .default_text = "200",
                        .minimum = 2,
                        .maximum = 1 << 16,
                        .keras_name = "num_thresholds",
                        .doc = "how many thresholds approximate the curve"},
    {0},
};

static void open_auc(nnrt_metric *m, const nnrt_call *call) {
    m->bins = (int64_t)nnrt_call_number_at(call, AUC_THRESHOLDS);
}

// Thresholds i / (n - 1): a prediction p is above those with i < p (n - 1), so it goes to bin
// ceil(p (n - 1)) - 1, in single precision: predictions on a threshold fall where Keras's do
// (keras/src/metrics/metrics_utils.py, _update_confusion_matrix_variables_optimized).
static void update_auc(const nnrt_metric *m, nnrt_tally *t, const nnrt_view *view) {
    for (int64_t sample = 0; sample < view->rows; sample++) {
        const float *output = nnrt_view_output(view, sample);
        for (int64_t i = 0; i < view->size; i++) {
            if (isnan(output[i])) continue;
            float p = fminf(fmaxf(output[i], 0), 1);
            int64_t bin = (int64_t)ceilf(p * (float)(m->bins - 1)) - 1;
            nnrt_amount *counts =
                nnrt_view_target(view, sample, i) != 0 ? t->positive : t->negative;
            counts[bin < 0 ? 0 : bin] += view->amount;
        }
    }
}

// The trapezoids of the ROC curve, from the highest threshold down.
static double value_auc(const nnrt_metric *m, const nnrt_tally *t) {
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

// ---- f1: the harmonic mean of precision and recall, of each output.
// keras/src/metrics/f_score_metrics.py: F1Score. `positive` counts what is and was said, and behind
// the outputs what was said; `negative` what is.

enum { F1_AVERAGE, F1_THRESHOLD };
enum { MACRO, MICRO, WEIGHTED }; // the choices, in their order

static const ArgDef f1_args[] = {
    [F1_AVERAGE] = {.name = "average",
                    .type = ARG_WORD,
                    .choices = "macro micro weighted",
                    .default_text = "macro",
                    .doc = "the mean over all outputs, the one of their counts together, or by how "
                           "often they are"},
    [F1_THRESHOLD] = {.name = "threshold",
                      .type = ARG_FLOAT,
                      .default_text = "none",
                      .maximum = 1,
                      .doc = "predictions above it count as yes; none: the largest, of a single "
                             "one above 0.5"},
    {0},
};

static void open_f1(nnrt_metric *m, const nnrt_call *call) {
    double threshold = nnrt_call_number_at(call, F1_THRESHOLD);
    m->average = nnrt_call_word_at(call, f1_args, F1_AVERAGE);
    m->threshold = isnan(threshold) ? 0.5F : (float)threshold;
    m->largest_is_yes = isnan(threshold) && m->classes > 1;
    m->bins = 2 * m->classes;
}

static int says_yes(const nnrt_metric *m, const float *outputs, int64_t i) {
    if (!m->largest_is_yes) return outputs[i] > m->threshold;
    float largest = outputs[nnrt_view_argmax(outputs, m->classes)];
    return outputs[i] >= largest && fabsf(outputs[i]) > 1e-9f;
}

static void update_f1(const nnrt_metric *m, nnrt_tally *t, const nnrt_view *view) {
    for (int64_t sample = 0; sample < view->rows; sample++) {
        for (int64_t i = 0; i < view->size; i++) {
            int64_t output = i % m->classes;
            int is = nnrt_view_target(view, sample, i) != 0;
            int said = says_yes(m, nnrt_view_output(view, sample) + i - output, output);
            if (is && said) t->positive[output] += view->amount;
            if (said) t->positive[m->classes + output] += view->amount;
            if (is) t->negative[output] += view->amount;
        }
    }
}

static double f1_of(double both, double said, double is) {
    const double epsilon = 1e-7;
    double precision = both / (said + epsilon), recall = both / (is + epsilon);
    return 2 * precision * recall / (precision + recall + epsilon);
}

static double value_f1(const nnrt_metric *m, const nnrt_tally *t) {
    double sum = 0, both = 0, said = 0, is = 0;
    for (int64_t i = 0; i < m->classes; i++) {
        double own = nnrt_amount_of(m, t->positive[i]), all = nnrt_amount_of(m, t->negative[i]);
        double told = nnrt_amount_of(m, t->positive[m->classes + i]);
        sum += f1_of(own, told, all) * (m->average == WEIGHTED ? all : 1);
        both += own, said += told, is += all;
    }
    if (m->average == MACRO) return sum / (double)m->classes;
    return m->average == WEIGHTED ? sum / (is + 1e-7) : f1_of(both, said, is);
}

const nnrt_metric_row nnrt_metric_decisions[] = {
    {.schema = {"precision", "measures the share of right ones among predicted yes", threshold_args,
                "Precision"},
     .needs_binary = true,
     .open = nnrt_metric_open_threshold,
     .update = update_decisions,
     .value = value_precision},
    {.schema = {"recall", "measures the share of found ones among true yes", threshold_args,
                "Recall"},
     .needs_binary = true,
     .open = nnrt_metric_open_threshold,
     .update = update_decisions,
     .value = value_recall},
    {.schema = {"auc", "measures the area under the ROC curve", auc_args, "AUC"},
     .needs_binary = true,
     .open = open_auc,
     .update = update_auc,
     .value = value_auc},
    {.schema = {"f1", "measures the harmonic mean of precision and recall", f1_args,
                "f1_score F1Score"},
     .needs_binary = true,
     .open = open_f1,
     .update = update_f1,
     .value = value_f1},
    {.schema = {0}},
};
