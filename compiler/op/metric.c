// Metrics: what training and evaluation report besides the loss. The rows are what the language
// knows of them; runtime/session/metric.c computes them. Names and defaults are those of
// keras/src/metrics (Keras 3).
#include "training.h"

#include <string.h>

#define THRESHOLD                                                                                  \
    {.name = "threshold",                                                                          \
     .type = ARG_FLOAT,                                                                            \
     .default_text = "0.5",                                                                        \
     .maximum = 1,                                                                                 \
     .keras_name = "thresholds",                                                                   \
     .doc = "predictions above it count as yes"}

static const ArgDef threshold_args[] = {THRESHOLD, {0}};

static const ArgDef top_k_args[] = {
    {.name = "k",
     .type = ARG_INT,
     .default_text = "5",
     .minimum = 1,
     .maximum = 1 << 24,
     .doc = "how many of the best classes count as right"},
    {0},
};

static const ArgDef auc_args[] = {
    {.name = "thresholds",
     .type = ARG_INT,
     .default_text = "200",
     .minimum = 2,
     .maximum = 1 << 16,
     .keras_name = "num_thresholds",
     .doc = "how many thresholds approximate the curve"},
    {0},
};

static const ArgDef iou_args[] = {
    {.name = "class",
     .type = ARG_INT,
     .default_text = "none",
     .maximum = 1 << 20,
     .keras_name = "target_class_ids",
     .doc = "the one that counts; none: the mean over all that occur"},
    THRESHOLD,
    {0},
};

static const ArgDef f1_args[] = {
    {.name = "average",
     .type = ARG_WORD,
     .choices = "macro micro weighted",
     .default_text = "macro",
     .doc =
         "the mean over all outputs, the one of their counts together, or by how often they are"},
    {.name = "threshold",
     .type = ARG_FLOAT,
     .default_text = "none",
     .maximum = 1,
     .doc = "predictions above it count as yes; none: the largest, of a single one above 0.5"},
    {0},
};

const MetricDef metric_rows[] = {
    {.schema = {"accuracy", "measures the share of right answers in the way that fits the model",
                NULL, "acc Accuracy"}},
    {.schema = {"binary_accuracy", "measures the share of right yes-or-no answers", threshold_args,
                "BinaryAccuracy"},
     .needs_binary = true},
    {.schema = {"categorical_accuracy",
                "measures the share of right classes, for targets of one value a class", NULL,
                "CategoricalAccuracy"},
     .needs_classes = true},
    {.schema = {"sparse_categorical_accuracy",
                "measures the share of right classes, for class numbers", NULL,
                "SparseCategoricalAccuracy"},
     .needs_classes = true},
    {.schema = {"top_k", "measures the share of samples whose class is among the k best",
                top_k_args,
                "top_k_categorical_accuracy sparse_top_k_categorical_accuracy "
                "TopKCategoricalAccuracy SparseTopKCategoricalAccuracy"},
     .needs_classes = true},
    {.schema = {"precision", "measures the share of right ones among predicted yes", threshold_args,
                "Precision"},
     .needs_binary = true},
    {.schema = {"recall", "measures the share of found ones among true yes", threshold_args,
                "Recall"},
     .needs_binary = true},
    {.schema = {"auc", "measures the area under the ROC curve", auc_args, "AUC"},
     .needs_binary = true},
    {.schema = {"iou",
                "measures the places of a class that were found, among those that are of it or "
                "were taken for it",
                iou_args, "MeanIoU IoU BinaryIoU OneHotMeanIoU OneHotIoU mean_iou"}},
    {.schema = {"mae", "measures the mean absolute error", NULL,
                "mean_absolute_error MeanAbsoluteError MAE"},
     .takes_numbers = true,
     .less_is_better = true},
    {.schema = {"mse", "measures the mean squared error", NULL,
                "mean_squared_error MeanSquaredError MSE"},
     .takes_numbers = true,
     .less_is_better = true},
    {.schema = {"rmse", "measures the root of the mean squared error", NULL,
                "root_mean_squared_error RootMeanSquaredError RMSE"},
     .takes_numbers = true,
     .less_is_better = true},
    {.schema = {"mape", "measures the mean absolute error in percent of the target", NULL,
                "mean_absolute_percentage_error MeanAbsolutePercentageError MAPE"},
     .takes_numbers = true,
     .less_is_better = true},
    {.schema = {"r2", "measures the share of the targets' variance that is explained", NULL,
                "r2_score R2Score"},
     .takes_numbers = true},
    {.schema = {"f1", "measures the harmonic mean of precision and recall", f1_args,
                "f1_score F1Score"},
     .needs_binary = true},
    {.schema = {0}},
};

const MetricDef *metric_find(const char *name) {
    for (const MetricDef *row = metric_rows; row->schema.name; row++)
        if (strcmp(row->schema.name, name) == 0) return row;
    return NULL;
}
