// Metrics of numbers, and of probabilities. Errors are summed in fixed point, where, as for counts,
// the order does not matter.
#include "row.h"

#include <math.h>

// ---- Errors.

// A sample's error times its weight is kept to 2^-64 (5e-20), up to 2^40; 2^24 samples of the
// largest fit.
static const double fixed_point = 0x1p64, largest_error = 0x1p40;

typedef enum error_kind { ABSOLUTE, SQUARED, PERCENTAGE } error_kind;

// keras/src/losses/losses.py, mean_absolute_percentage_error: of targets of 1e-7 at least.
static double error_of(double output, double target, error_kind kind) {
    double error = output - target;
    if (kind == SQUARED) return error * error;
    return kind == ABSOLUTE ? fabs(error) : 100 * fabs(error) / fmax(fabs(target), 1e-7);
}

static void add_error(nnrt_tally *t, double error) {
    if (error < largest_error)
        t->errors += (unsigned __int128)rint(error * fixed_point);
    else
        t->beyond += error;
}

static void update_errors(nnrt_tally *t, const nnrt_view *view, error_kind kind) {
    for (int64_t sample = 0; sample < view->rows; sample++) {
        const float *output = nnrt_view_output(view, sample);
        double sum = 0;
        for (int64_t i = 0; i < view->size; i++)
            sum += error_of(nnrt_view_number(view, output[i]), nnrt_view_target(view, sample, i),
                            kind);
        add_error(t, sum * view->weight);
    }
    t->seen += nnrt_view_amount(view, view->rows * view->size);
}

static void update_mae(const nnrt_metric *m, nnrt_tally *t, const nnrt_view *view) {
    (void)m;
    update_errors(t, view, ABSOLUTE);
}

static void update_mse(const nnrt_metric *m, nnrt_tally *t, const nnrt_view *view) {
    (void)m;
    update_errors(t, view, SQUARED);
}

static double value_error(const nnrt_metric *m, const nnrt_tally *t) {
    double sum = (double)t->errors / fixed_point + t->beyond;
    return t->seen > 0 ? sum / nnrt_amount_of(m, t->seen) : 0;
}

static void update_mape(const nnrt_metric *m, nnrt_tally *t, const nnrt_view *view) {
    (void)m;
    update_errors(t, view, PERCENTAGE);
}

static double value_root(const nnrt_metric *m, const nnrt_tally *t) {
    return sqrt(value_error(m, t));
}

// ---- perplexity: e to the mean cross-entropy, of places with labels: of all places. keras_hub's
// metrics/perplexity.py; probabilities are clipped as keras.losses.SparseCategoricalCrossentropy
// clips them.

enum { PERPLEXITY_FROM_LOGITS };

static const ArgDef perplexity_args[] = {
    [PERPLEXITY_FROM_LOGITS] = {.name = "from_logits",
                                .type = ARG_BOOL,
                                .default_text = "none",
                                .doc = "the prediction is scores, not probabilities; none: unless "
                                       "the model ends with softmax"},
    {0},
};

static void open_perplexity(nnrt_metric *m, const nnrt_call *call) {
    m->are_scores = nnrt_call_number_at(call, PERPLEXITY_FROM_LOGITS) == 1; // NAN: not known
}

// NaN stays NaN.
static double clip_share(float share) {
    double p = (double)share;
    return p < 1e-7 ? 1e-7 : p > 1 - 1e-7 ? 1 - 1e-7 : p;
}

// -log(p / sum(p)) of the clipped p.
static double surprise_of_share(const float *shares, int64_t count, int64_t label) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += clip_share(shares[i]);
    return log(sum / clip_share(shares[label]));
}

static double surprise_of_score(const float *x, int64_t count, int64_t label) {
    double largest = (double)x[nnrt_view_argmax(x, count)], sum = 0;
    for (int64_t i = 0; i < count; i++) sum += exp((double)x[i] - largest);
    return log(sum) + (largest - (double)x[label]); // both 0 at least
}

static void update_perplexity(const nnrt_metric *m, nnrt_tally *t, const nnrt_view *view) {
    int64_t positions = view->size / view->classes;
    for (int64_t sample = 0; sample < view->rows; sample++) {
        const float *output = nnrt_view_output(view, sample);
        double sum = 0;
        for (int64_t p = 0; p < positions; p++, output += view->classes) {
            int64_t label = nnrt_view_class(view, sample, p);
            if (label < 0 || label >= view->classes)
                sum += NAN;
            else if (m->are_scores)
                sum += surprise_of_score(output, view->classes, label);
            else
                sum += surprise_of_share(output, view->classes, label);
        }
        add_error(t, sum * view->weight);
    }
    t->seen += nnrt_view_amount(view, view->rows * positions);
}

static double value_perplexity(const nnrt_metric *m, const nnrt_tally *t) {
    return t->seen > 0 ? exp(value_error(m, t)) : 0;
}

// ---- r2: one less the share of the targets' variance that the errors are. By output, their mean
// over all. keras/src/metrics/regression_metrics.py: R2Score, uniform_average.

enum { TARGETS, SQUARES, ERRORS, R2_SUMS };

static long double pair_value(const nnrt_pair_sum *pair) {
    return (long double)pair->sum + (long double)pair->rest;
}

static void open_r2(nnrt_metric *m, const nnrt_call *call) {
    (void)call;
    m->sums = R2_SUMS * m->classes;
}

static void update_r2(const nnrt_metric *m, nnrt_tally *t, const nnrt_view *view) {
    for (int64_t sample = 0; sample < view->rows; sample++) {
        const float *output = nnrt_view_output(view, sample);
        for (int64_t i = 0; i < view->size; i++) {
            double target = nnrt_view_target(view, sample, i);
            double error = target - nnrt_view_number(view, output[i]);
            nnrt_pair_sum *sums = &t->sums[i % m->classes * R2_SUMS];
            nnrt_pair_add(&sums[TARGETS], view->weight * target, 0);
            nnrt_pair_add(&sums[SQUARES], view->weight * target * target, 0);
            nnrt_pair_add(&sums[ERRORS], view->weight * error * error, 0);
        }
    }
    t->seen += nnrt_view_amount(view, view->rows * (view->size / m->classes));
}

static double value_r2(const nnrt_metric *m, const nnrt_tally *t) {
    double sum = 0, seen = nnrt_amount_of(m, t->seen);
    for (int64_t i = 0; i < m->classes; i++) {
        const nnrt_pair_sum *sums = &t->sums[i * R2_SUMS];
        long double targets = pair_value(&sums[TARGETS]);
        long double all = pair_value(&sums[SQUARES]) - targets * targets / (long double)seen;
        double score = 1 - (double)(pair_value(&sums[ERRORS]) / all);
        sum += isinf(score) ? 0 : score;
    }
    return t->seen > 0 ? sum / (double)m->classes : 0;
}

const nnrt_metric_row nnrt_metric_errors[] = {
    {.schema = {"mae", "measures the mean absolute error", NULL,
                "mean_absolute_error MeanAbsoluteError MAE"},
     .takes_numbers = true,
     .less_is_better = true,
     .update = update_mae,
     .value = value_error},
    {.schema = {"mse", "measures the mean squared error", NULL,
                "mean_squared_error MeanSquaredError MSE"},
     .takes_numbers = true,
     .less_is_better = true,
     .update = update_mse,
     .value = value_error},
    {.schema = {"rmse", "measures the root of the mean squared error", NULL,
                "root_mean_squared_error RootMeanSquaredError RMSE"},
     .takes_numbers = true,
     .less_is_better = true,
     .update = update_mse,
     .value = value_root},
    {.schema = {"mape", "measures the mean absolute error in percent of the target", NULL,
                "mean_absolute_percentage_error MeanAbsolutePercentageError MAPE"},
     .takes_numbers = true,
     .less_is_better = true,
     .update = update_mape,
     .value = value_error},
    {.schema = {"r2", "measures the share of the targets' variance that is explained", NULL,
                "r2_score R2Score"},
     .takes_numbers = true,
     .open = open_r2,
     .update = update_r2,
     .value = value_r2},
    {.schema = {"perplexity", "measures e to the mean cross-entropy of labels", perplexity_args,
                "Perplexity"},
     .needs_classes = true,
     .needs_labels = true,
     .reads_probabilities = true,
     .less_is_better = true,
     .by_class = true,
     .open = open_perplexity,
     .update = update_perplexity,
     .value = value_perplexity},
    {.schema = {0}},
};
