// Shares of right answers: accuracies, top_k, and intersection over union.
#include "row.h"

#include <math.h>

// ---- Accuracies.

enum { LANES = 4 };
typedef float lanes __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t numbers __attribute__((vector_size(4 * LANES)));

// Whether nnrt_view_argmax gives the label, four values at a time: none is larger, none before it
// as large. What is no number is larger than nothing, but stays where it is the first. The last
// four may be looked at twice.
static int is_largest(const float *values, int64_t count, int64_t label) {
    if (label < 0 || label >= count) return 0;
    float own = values[label];
    if (count < LANES || isnan(own) || isnan(values[0]))
        return nnrt_view_argmax(values, count) == label;
    lanes all = {own, own, own, own};
    numbers place = {0, 1, 2, 3}, wrong = {0};
    for (int64_t i = 0, last = count - LANES;; i = i + LANES < last ? i + LANES : last) {
        lanes found = *(const lanes *)(values + i);
        wrong |= (found > all) | ((found == all) & (place + (int32_t)i < (int32_t)label));
        if (i == last) break;
    }
    return !(wrong[0] | wrong[1] | wrong[2] | wrong[3]);
}

static void update_classes(const nnrt_metric *m, nnrt_tally *t, const nnrt_view *view) {
    int64_t positions = view->size / view->classes, right = 0;
    int is_label = view->target_size != view->size && nnrt_view_is_plain(view);
    (void)m;
    for (int64_t sample = 0; sample < view->rows; sample++)
        for (int64_t p = 0; p < positions; p++) {
            int64_t label = is_label ? (int64_t)nnrt_view_stored(view, sample, p)
                                     : nnrt_view_class(view, sample, p);
            right += is_largest(nnrt_view_output(view, sample) + p * view->classes, view->classes,
                                label);
        }
    t->right += nnrt_view_amount(view, right);
    t->seen += nnrt_view_amount(view, view->rows * positions);
}

static void update_binary(const nnrt_metric *m, nnrt_tally *t, const nnrt_view *view) {
    int64_t right = 0;
    int is_plain = nnrt_view_is_plain(view);
    for (int64_t sample = 0; sample < view->rows; sample++) {
        const float *output = nnrt_view_output(view, sample);
        for (int64_t i = 0; i < view->size; i++) {
            double target =
                is_plain ? nnrt_view_stored(view, sample, i) : nnrt_view_target(view, sample, i);
            right += (output[i] > m->threshold) == target;
        }
    }
    t->right += nnrt_view_amount(view, right);
    t->seen += nnrt_view_amount(view, view->rows * view->size);
}

// tf.math.in_top_k: fewer than k classes are better than the target's; not if that is not finite.
static int in_top_k(const float *output, int64_t classes, int64_t target, int64_t k) {
    if (target < 0 || target >= classes || !isfinite(output[target])) return 0;
    int64_t better = 0;
    for (int64_t i = 0; i < classes; i++) better += output[i] > output[target];
    return better < k;
}

enum { TOP_K_K };

static const ArgDef top_k_args[] = {
    [TOP_K_K] = {.name = "k",
                 .type = ARG_INT,
                 .default_text = "5",
                 .minimum = 1,
                 .maximum = 1 << 24,
                 .counts_outputs = true,
                 .doc = "how many of the best classes count as right"},
    {0},
};

static void open_top_k(nnrt_metric *m, const nnrt_call *call) {
    m->k = (int64_t)nnrt_call_number_at(call, TOP_K_K);
}

static void update_top_k(const nnrt_metric *m, nnrt_tally *t, const nnrt_view *view) {
    int64_t positions = view->size / view->classes, right = 0;
    for (int64_t sample = 0; sample < view->rows; sample++)
        for (int64_t p = 0; p < positions; p++)
            right += in_top_k(nnrt_view_output(view, sample) + p * view->classes, view->classes,
                              nnrt_view_class(view, sample, p), m->k);
    t->right += nnrt_view_amount(view, right);
    t->seen += nnrt_view_amount(view, view->rows * positions);
}

static double value_share(const nnrt_metric *m, const nnrt_tally *t) {
    (void)m;
    return nnrt_share(t->right, t->seen);
}

// A single unit says yes above the middle.
static void open_accuracy(nnrt_metric *m, const nnrt_call *call) {
    (void)call;
    m->threshold = 0.5F;
}

static void update_accuracy(const nnrt_metric *m, nnrt_tally *t, const nnrt_view *view) {
    if (view->classes == 1)
        update_binary(m, t, view);
    else
        update_classes(m, t, view);
}

static const ArgDef threshold_args[] = {NNRT_METRIC_THRESHOLD, {0}};

// ---- Intersection over union: for each class the places that are of it and were said to be, among
// those that are or were. keras/src/metrics/iou_metrics.py: MeanIoU, OneHotMeanIoU, and BinaryIoU,
// which says yes from the threshold on. `positive` counts both, `negative` each of the two.

enum { IOU_CLASS, IOU_THRESHOLD };

static const ArgDef iou_args[] = {
    [IOU_CLASS] = {.name = "class",
                   .type = ARG_INT,
                   .default_text = "none",
                   .maximum = 1 << 20,
                   .keras_name = "target_class_ids",
                   .is_class = true,
                   .doc = "the one that counts; none: the mean over all that occur"},
    [IOU_THRESHOLD] = NNRT_METRIC_THRESHOLD,
    {0},
};

static void open_iou(nnrt_metric *m, const nnrt_call *call) {
    double class_index = nnrt_call_number_at(call, IOU_CLASS);
    m->class_index = isnan(class_index) ? -1 : (int64_t)class_index;
    m->threshold = (float)nnrt_call_number_at(call, IOU_THRESHOLD);
    m->bins = m->classes == 1 ? 2 : m->classes;
}

static int64_t said_class(const nnrt_metric *m, const nnrt_view *view, const float *output) {
    return view->classes == 1 ? output[0] >= m->threshold : nnrt_view_argmax(output, view->classes);
}

static void update_iou(const nnrt_metric *m, nnrt_tally *t, const nnrt_view *view) {
    int64_t positions = view->size / view->classes;
    for (int64_t sample = 0; sample < view->rows; sample++) {
        const float *output = nnrt_view_output(view, sample);
        for (int64_t p = 0; p < positions; p++, output += view->classes) {
            int64_t is = nnrt_view_class(view, sample, p), said = said_class(m, view, output);
            if (is < 0 || is >= m->bins) continue;
            if (is == said) t->positive[is] += view->amount;
            t->negative[is] += view->amount;
            t->negative[said] += view->amount;
        }
    }
}

// A class that neither is there nor was said does not count.
static double value_iou(const nnrt_metric *m, const nnrt_tally *t) {
    double sum = 0, count = 0;
    for (int64_t i = 0; i < m->bins; i++) {
        nnrt_amount all = t->negative[i] - t->positive[i];
        if (all == 0 || (m->class_index >= 0 && i != m->class_index)) continue;
        sum += (double)t->positive[i] / (double)all;
        count++;
    }
    return count > 0 ? sum / count : 0;
}

const nnrt_metric_row nnrt_metric_accuracies[] = {
    {.schema = {"accuracy", "measures the share of right answers in the way that fits the model",
                NULL, "acc Accuracy"},
     .by_class = true,
     .open = open_accuracy,
     .update = update_accuracy,
     .value = value_share},
    {.schema = {"binary_accuracy", "measures the share of right yes-or-no answers", threshold_args,
                "BinaryAccuracy"},
     .needs_binary = true,
     .open = nnrt_metric_open_threshold,
     .update = update_binary,
     .value = value_share},
    {.schema = {"categorical_accuracy",
                "measures the share of right classes, for targets of one value a class", NULL,
                "CategoricalAccuracy"},
     .needs_classes = true,
     .needs_one_hot = true,
     .by_class = true,
     .update = update_classes,
     .value = value_share},
    {.schema = {"sparse_categorical_accuracy",
                "measures the share of right classes, for class numbers", NULL,
                "SparseCategoricalAccuracy"},
     .needs_classes = true,
     .needs_labels = true,
     .by_class = true,
     .update = update_classes,
     .value = value_share},
    {.schema = {"top_k", "measures the share of samples whose class is among the k best",
                top_k_args,
                "top_k_categorical_accuracy sparse_top_k_categorical_accuracy "
                "TopKCategoricalAccuracy SparseTopKCategoricalAccuracy"},
     .needs_classes = true,
     .by_class = true,
     .open = open_top_k,
     .update = update_top_k,
     .value = value_share},
    {.schema = {"iou",
                "measures the places of a class that were found, among those that are of it or "
                "were taken for it",
                iou_args, "MeanIoU IoU BinaryIoU OneHotMeanIoU OneHotIoU mean_iou"},
     .by_class = true,
     .open = open_iou,
     .update = update_iou,
     .value = value_iou},
    {.schema = {0}},
};
