// What the files of metrics share, and what checking asks of a metric. A metric is a row, beside
// its functions, of a table in one of those files.
#ifndef NNRT_METRIC_ROW_H
#define NNRT_METRIC_ROW_H

#include "../base/call.h"
#include "../base/schema.h"
#include "metric.h"

// A sum whose error stands beside it, so that the order of its summands does not matter.
typedef struct nnrt_pair_sum {
    double sum, rest;
} nnrt_pair_sum;

// What one worker has counted for one metric.
typedef struct nnrt_tally {
    nnrt_amount right, seen;                   // of shares
    nnrt_amount hits, false_positives, misses; // of decisions
    unsigned __int128 errors;                  // x weight x 2^-64
    double beyond; // errors that do not fit, or are not finite; here the order would matter
    nnrt_amount *positive, *negative; // by bin or class; the second behind the first
    nnrt_pair_sum *sums;              // behind the counts
} nnrt_tally;

typedef struct nnrt_metric_row nnrt_metric_row;

// A metric of an output. `open` sets what its row's functions read.
typedef struct nnrt_metric {
    const nnrt_metric_row *row;
    const char *name;   // as reported
    int is_weighted;    // views that it gets have one weight each
    double unit;        // so many are a weight of 1; a power of two
    int64_t classes;    // outputs of a place
    int64_t bins, sums; // of its tallies: counts of each kind; sums
    float threshold;    // outputs are compared in single precision, as in Keras
    int64_t k, class_index;
    int largest_is_yes; // f1 without threshold
    int64_t average;    // of f1
    int are_scores;     // the output, no probabilities
} nnrt_metric;

struct nnrt_metric_row {
    Schema schema;
    // What it needs, as the compiler checks it.
    bool needs_classes;       // meaningless with one unit
    bool needs_binary;        // one unit or one-hot targets
    bool needs_labels;        // class numbers, with several units
    bool needs_one_hot;       // one value a class, with several units
    bool takes_numbers;       // compares quantities
    bool reads_probabilities; // by value; has an argument `from_logits`
    bool less_is_better;      // of two models
    bool by_class;            // the target may be a class number for each place of the output
    // Reads the options of the row's arguments, by their place; NULL: there is nothing to read.
    void (*open)(nnrt_metric *m, const nnrt_call *call);
    // Each element counts view->amount, and what is a sum of numbers view->weight.
    void (*update)(const nnrt_metric *m, nnrt_tally *t, const nnrt_view *view);
    double (*value)(const nnrt_metric *m, const nnrt_tally *t);
};

// Ended by a row without name. A table more is a line in nnrt_metric_tables (metric.c).
extern const nnrt_metric_row nnrt_metric_accuracies[], nnrt_metric_decisions[],
    nnrt_metric_errors[];
extern const nnrt_metric_row *const nnrt_metric_tables[]; // ended by NULL

#define NNRT_METRIC_THRESHOLD                                                                      \
    {.name = "threshold",                                                                          \
     .type = ARG_FLOAT,                                                                            \
     .default_text = "0.5",                                                                        \
     .maximum = 1,                                                                                 \
     .keras_name = "thresholds",                                                                   \
     .doc = "predictions above it count as yes"}

// `open` of rows whose first argument is the threshold.
static inline void nnrt_metric_open_threshold(nnrt_metric *m, const nnrt_call *call) {
    m->threshold = (float)nnrt_call_number_at(call, 0);
}

// A target's element as it is stored.
static inline double nnrt_view_stored(const nnrt_view *view, int64_t sample, int64_t element) {
    int64_t place = view->index[sample] * view->target_stride + view->target_first + element;
    switch (view->target_dtype) {
    case NNRT_U8: return ((const uint8_t *)view->target)[place];
    case NNRT_I32: return ((const int32_t *)view->target)[place];
    default: return (double)((const float *)view->target)[place];
    }
}

// Are targets what is stored?
static inline int nnrt_view_is_plain(const nnrt_view *view) {
    return !view->mean && view->scale == 1 && view->offset == 0;
}

static inline const float *nnrt_view_output(const nnrt_view *view, int64_t sample) {
    return view->outputs + sample * view->stride;
}

// Of an output that is compared as a number, in the units of the target.
static inline double nnrt_view_number(const nnrt_view *view, float output) {
    return (double)output * view->output_scale + view->output_offset;
}

static inline nnrt_amount nnrt_view_amount(const nnrt_view *view, int64_t elements) {
    return (nnrt_amount)elements * view->amount;
}

static inline double nnrt_share(nnrt_amount part, nnrt_amount all) {
    return all > 0 ? (double)part / (double)all : 0;
}

// As a number of elements, or the sum of their weights.
static inline double nnrt_amount_of(const nnrt_metric *m, nnrt_amount amount) {
    return (double)amount / m->unit;
}

// What the addition rounds away is found exactly (Knuth 1969, two-sum) and kept.
static inline void nnrt_pair_add(nnrt_pair_sum *to, double x, double rest) {
    double sum = to->sum + x, other = sum - to->sum;
    to->rest += (to->sum - (sum - other)) + (x - other) + rest;
    to->sum = sum;
}

#endif
