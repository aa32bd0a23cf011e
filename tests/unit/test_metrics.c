// Metrics against values worked out by hand or printed by Keras's documentation, the confusion
// matrix, and the texts made of them.
#include "../common/calls.h"

#include "../../runtime/metrics/confusion.h"
#include "../../runtime/report/history.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_SAMPLES = 8 };

// One batch: outputs [samples, size] and a target column of one type.
typedef struct batch {
    int64_t samples, size;
    float outputs[32];
    int64_t dtype, target_size;
    const void *target;
    const float *weights;                // of samples; NULL: all count 1
    const double *class_weights;         // of as many classes as labels tell apart
    int64_t class_weight_count, classes; // classes: the output's last dimension; 0: its size
} batch;

static nnrt_output output_of(const batch *b) {
    int64_t classes = b->classes ? b->classes : b->size;
    return (nnrt_output){
        .rank = 2, .shape = {b->size / classes, classes}, .size = b->size, .stride = b->size};
}

static nnrt_column column_of(const batch *b) {
    return (nnrt_column){.dtype = b->dtype, .size = b->target_size};
}

static nnrt_view view_of(const batch *b) {
    static const uint32_t index[MOST_SAMPLES] = {0, 1, 2, 3, 4, 5, 6, 7};
    nnrt_output output = output_of(b);
    nnrt_column column = column_of(b);
    nnrt_view view = nnrt_view_make(&output, &column);
    view.outputs = b->outputs;
    view.target = b->target;
    view.index = index;
    view.rows = b->samples;
    view.weights = b->weights;
    view.class_weights = b->class_weights;
    view.class_weight_count = b->class_weight_count;
    return view;
}

static double measure_with(const char *name, const nnrt_option *given, int64_t count,
                           const batch *b) {
    nnrt_measure measure = {.name = name,
                            .call = call_make(FAMILY_METRICS, name, given, count),
                            .is_weighted = b->weights || b->class_weights};
    nnrt_view view = view_of(b);
    nnrt_metrics *metrics = nnrt_metrics_create(&measure, 1, &view, 2);
    if (!metrics) fail_msg("%s: %s", name, nnrt_error());
    nnrt_metrics_update(metrics, 1, &view); // forgotten by the reset
    nnrt_metrics_reset(metrics);
    view.rows = 1; // by two workers
    nnrt_metrics_update(metrics, 0, &view);
    view.outputs += b->size;
    view.index++;
    view.rows = b->samples - 1;
    nnrt_metrics_update(metrics, 1, &view);
    double value = nnrt_metrics_value(metrics, 0);
    nnrt_metrics_free(metrics);
    return value;
}

static double measure(const char *name, const batch *b) {
    return measure_with(name, NULL, 0, b);
}

static void check(double value, double wanted) {
    if (fabs(value - wanted) > 1e-9) fail_msg("%.12g instead of %.12g", value, wanted);
}

static const uint8_t labels[] = {2, 0, 1, 2};
static const float one_hot[] = {0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1};
static const batch classes = {
    .samples = 4,
    .size = 3,
    .outputs = {.1f, .2f, .7f, .2f, .3f, .5f, .1f, .8f, .1f, .5f, .3f, .2f},
    .dtype = NNRT_U8,
    .target_size = 1,
    .target = labels};

static void accuracy_of_classes(void **state) {
    batch other = classes;
    (void)state;
    check(measure("accuracy", &classes), 0.5);
    check(measure("sparse_categorical_accuracy", &classes), 0.5);
    other.dtype = NNRT_F32;
    other.target = one_hot;
    other.target_size = 3;
    check(measure("accuracy", &other), 0.5);
    check(measure("categorical_accuracy", &other), 0.5);
}

// As nnrt_view_argmax says it: the first of the largest, whatever else is there.
static void accuracy_is_of_the_first_of_equals(void **state) {
    static const float values[] = {0, 1, 1, 2, -INFINITY, INFINITY, NAN};
    (void)state;
    srand(7);
    for (int round = 0; round < 20000; round++) {
        uint8_t label[2] = {0};
        batch b = {.samples = 2, .dtype = NNRT_U8, .target_size = 1, .target = label};
        double right = 0;
        b.size = 2 + rand() % 15;
        for (int64_t i = 0; i < 2 * b.size; i++) b.outputs[i] = values[rand() % 7];
        for (int i = 0; i < 2; i++) {
            label[i] = (uint8_t)(rand() % (b.size + 1)); // one too many is never right
            right += label[i] == nnrt_view_argmax(b.outputs + i * b.size, b.size);
        }
        check(measure("accuracy", &b), right / 2);
    }
}

// By hand: e to the mean of -log(p of the label); scores are made probabilities first, and labels
// of places count as those of samples.
static void perplexity(void **state) {
    nnrt_option logits = {.name = "from_logits", .number = 1};
    batch scores = classes, places = classes, weighted = classes, broken = classes;
    double of_samples = exp(-log((double).7f * (double).2f * (double).8f * (double).2f) / 4),
           sum = 0;
    (void)state;
    assert_float_equal(measure("perplexity", &classes), of_samples, 1e-6);
    for (int i = 0; i < 4; i++) {
        const float *x = scores.outputs + 3 * i;
        sum +=
            log(exp((double)x[0]) + exp((double)x[1]) + exp((double)x[2])) - (double)x[labels[i]];
    }
    check(measure_with("perplexity", &logits, 1, &scores), exp(sum / 4));
    places.samples = 2;
    places.size = 6;
    places.classes = 3;
    places.target_size = 2;
    assert_float_equal(measure("perplexity", &places), of_samples, 1e-6);
    weighted.weights = (const float[]){1, 0, 1, 0};
    assert_float_equal(measure("perplexity", &weighted), exp(-log((double).7f * (double).8f) / 2),
                       1e-6);
    scores.outputs[0] = 1000; // nothing overflows
    assert_true(isfinite(measure_with("perplexity", &logits, 1, &scores)));
    broken.outputs[1] = NAN;
    assert_true(isnan(measure("perplexity", &broken)));
}

static void top_k(void **state) {
    nnrt_option k = {.name = "k", .number = 2};
    batch ties = {.samples = 2,
                  .size = 3,
                  .outputs = {.4f, .4f, .4f, NAN, .1f, .2f},
                  .dtype = NNRT_U8,
                  .target_size = 1,
                  .target = (const uint8_t[]){2, 0}};
    (void)state;
    check(measure_with("top_k", &k, 1, &classes), 0.5);
    k.number = 3;
    check(measure_with("top_k", &k, 1, &classes), 1);
    k.number = 1;
    check(measure_with("top_k", &k, 1, &ties), 0.5); // equals all count; NaN never
}

// tf.keras.metrics' examples: BinaryAccuracy, Precision, Recall, AUC.
static void yes_or_no(void **state) {
    static const float targets[] = {1, 1, 0, 0}, mixed[] = {0, 1, 1, 1}, ranked[] = {0, 0, 1, 1};
    batch b = {.samples = 4,
               .size = 1,
               .outputs = {.98f, 1, 0, .6f},
               .dtype = NNRT_F32,
               .target_size = 1,
               .target = targets};
    nnrt_option threshold = {.name = "threshold", .number = 0.7};
    (void)state;
    check(measure("accuracy", &b), 0.75);
    check(measure("binary_accuracy", &b), 0.75);
    check(measure_with("binary_accuracy", &threshold, 1, &b), 1);
    batch decisions = {.samples = 4,
                       .size = 1,
                       .outputs = {1, 0, 1, 1},
                       .dtype = NNRT_F32,
                       .target_size = 1,
                       .target = mixed};
    check(measure("precision", &decisions), 2.0 / 3);
    check(measure("recall", &decisions), 2.0 / 3);
    batch curve = {.samples = 4,
                   .size = 1,
                   .outputs = {0, .5f, .3f, .9f},
                   .dtype = NNRT_F32,
                   .target_size = 1,
                   .target = ranked};
    nnrt_option three = {.name = "thresholds", .number = 3};
    check(measure_with("auc", &three, 1, &curve), 0.75);
    check(measure("auc", &curve), 0.75);
    curve.outputs[1] = .1f;
    check(measure("auc", &curve), 1);
    curve.target = targets;
    check(measure("auc", &curve), 0);
}

// 0.1f is above 0.1, but in single precision 0.1f * 100 is 10: it falls into the bin below the
// threshold, together with 0.095, as in Keras.
static void auc_bins_are_single(void **state) {
    static const float targets[] = {1, 0};
    batch curve = {.samples = 2,
                   .size = 1,
                   .outputs = {.1f, .095f},
                   .dtype = NNRT_F32,
                   .target_size = 1,
                   .target = targets};
    nnrt_option thresholds = {.name = "thresholds", .number = 101};
    (void)state;
    check(measure_with("auc", &thresholds, 1, &curve), 0.5);
}

static void nothing_said_is_zero(void **state) {
    static const float targets[] = {0, 0};
    batch b = {.samples = 2,
               .size = 1,
               .outputs = {.1f, .2f},
               .dtype = NNRT_F32,
               .target_size = 1,
               .target = targets};
    (void)state;
    check(measure("precision", &b), 0);
    check(measure("recall", &b), 0);
    check(measure("auc", &b), 0);
}

static void errors(void **state) {
    static const int32_t targets[] = {0, 1, 0, 0};
    batch b = {.samples = 2,
               .size = 2,
               .outputs = {1, 1, 1, 0},
               .dtype = NNRT_I32,
               .target_size = 2,
               .target = targets};
    (void)state;
    check(measure("mae", &b), 0.5);
    check(measure("mse", &b), 0.5);
    b.outputs[0] = 3;
    check(measure("mae", &b), 1);
    check(measure("mse", &b), 2.5);
}

// What Keras 3 gives: F1Score, with class shares; in single precision, to its digits.
static void near_to(double value, double wanted) {
    if (fabs(value - wanted) > 1e-6 * fabs(wanted)) fail_msg("%.9g, Keras %.9g", value, wanted);
}

static void f1(void **state) {
    static const float targets[] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0};
    batch b = {.samples = 4,
               .size = 3,
               .outputs = {.5f, .3f, .2f, .1f, .2f, .7f, .2f, .2f, .6f, .1f, .8f, .1f},
               .dtype = NNRT_F32,
               .target_size = 3,
               .target = targets};
    nnrt_option micro = {.name = "average", .number = NAN, .text = "micro"};
    nnrt_option weighted = {.name = "average", .number = NAN, .text = "weighted"};
    nnrt_option threshold = {.name = "threshold", .number = 0.25};
    (void)state;
    near_to(measure("f1", &b), 0.777777672);
    near_to(measure_with("f1", &micro, 1, &b), 0.74999994);
    near_to(measure_with("f1", &weighted, 1, &b), 0.749999881);
    near_to(measure_with("f1", &threshold, 1, &b), 0.72222209);
    b.size = b.target_size = 1; // one output: yes above 0.5, of 1, 0, 0, 0 none is
    b.outputs[0] = .6f;
    near_to(measure("f1", &b), 2.0 / (2 + 1e-7 * 4));
}

// And R2Score, RootMeanSquaredError, MeanAbsolutePercentageError.
static void numbers(void **state) {
    static const float targets[] = {1, 200, 2, 201, 4, 205, 3, 203};
    batch b = {.samples = 4,
               .size = 2,
               .outputs = {1.5f, 200, 2, 202, 3, 204, 3, 203},
               .dtype = NNRT_F32,
               .target_size = 2,
               .target = targets};
    (void)state;
    near_to(measure("r2", &b), 0.807203412);
    near_to(measure("rmse", &b), 0.637377441);
    near_to(measure("mape", &b), 9.49816513);
}

// The variance of targets with a large mean does not cancel.
static void r2_of_large_targets(void **state) {
    static const float targets[] = {1e6f, 1e6f + 1, 1e6f + 2, 1e6f + 3};
    batch b = {.samples = 4,
               .size = 1,
               .outputs = {1e6f, 1e6f + 1, 1e6f + 2, 1e6f + 2},
               .dtype = NNRT_F32,
               .target_size = 1,
               .target = targets};
    (void)state;
    check(measure("r2", &b), 0.8);
}

// As in Keras, 0.2f is not above 0.2.
static void thresholds_are_single(void **state) {
    static const int32_t yes[] = {1};
    const batch b = {.samples = 1,
                     .size = 1,
                     .outputs = {0.2f},
                     .dtype = NNRT_I32,
                     .target_size = 1,
                     .target = yes};
    nnrt_option threshold = {.name = "threshold", .number = 0.2};
    (void)state;
    check(measure_with("recall", &threshold, 1, &b), 0);
    threshold.number = 0.19;
    check(measure_with("recall", &threshold, 1, &b), 1);
}

static void misfits_are_refused(void **state) {
    nnrt_view view = view_of(&classes);
    nnrt_measure measure = {.name = "mae", .call = call_make(FAMILY_METRICS, "mae", NULL, 0)};
    (void)state;
    assert_null(nnrt_metrics_create(&measure, 1, &view, 2));
    assert_non_null(strstr(nnrt_error(), "`mae` does not fit"));
}

// ---- Weights.

static double measure_repeated(const char *name, const batch *b, const int *times) {
    batch all = *b;
    float targets[MOST_SAMPLES * 3];
    int64_t rows = 0;
    for (int64_t sample = 0; sample < b->samples; sample++)
        for (int i = 0; i < times[sample]; i++, rows++) {
            memcpy(all.outputs + rows * b->size, b->outputs + sample * b->size,
                   sizeof(float) * (size_t)b->size);
            memcpy(targets + rows * b->target_size,
                   (const float *)b->target + sample * b->target_size,
                   sizeof(float) * (size_t)b->target_size);
        }
    all.samples = rows;
    all.target = targets;
    all.weights = NULL;
    return measure(name, &all);
}

// A sample of weight 2 is as two, one of weight 0 as none.
static void whole_weights_repeat(void **state) {
    static const int times[] = {2, 0, 1, 3};
    static const float weights[] = {2, 0, 1, 3}, yes[] = {1, 0, 1, 0}, reals[] = {1, 2, 0.5f, 3};
    const batch one = {.samples = 4,
                       .size = 1,
                       .outputs = {.9f, .8f, .3f, .6f},
                       .dtype = NNRT_F32,
                       .target_size = 1,
                       .target = yes,
                       .weights = weights};
    batch three = classes, real = one;
    (void)state;
    three.dtype = NNRT_F32;
    three.target = one_hot;
    three.target_size = 3;
    three.weights = weights;
    real.target = reals;
    static const char *const of_one[] = {
        "accuracy", "binary_accuracy", "precision", "recall", "auc", "f1", "iou"};
    static const char *const of_three[] = {"accuracy", "categorical_accuracy", "auc", "f1", "iou"};
    static const char *const of_reals[] = {"mae", "mse", "rmse", "mape", "r2"};
    for (size_t i = 0; i < sizeof of_one / sizeof *of_one; i++)
        check(measure(of_one[i], &one), measure_repeated(of_one[i], &one, times));
    for (size_t i = 0; i < sizeof of_three / sizeof *of_three; i++)
        check(measure(of_three[i], &three), measure_repeated(of_three[i], &three, times));
    for (size_t i = 0; i < sizeof of_reals / sizeof *of_reals; i++)
        check(measure(of_reals[i], &real), measure_repeated(of_reals[i], &real, times));
}

static void classes_have_weights(void **state) {
    static const double by_class[] = {1, 3, 0.5};
    static const float weights[] = {2, 1, 1, 4};
    batch b = classes;
    nnrt_option k = {.name = "k", .number = 2};
    (void)state;
    b.class_weights = by_class;
    b.class_weight_count = 3;
    check(measure("accuracy", &b), 3.5 / 5); // right: .5 and 3 of .5, 1, 3, .5
    check(measure_with("top_k", &k, 1, &b), 3.5 / 5);
    b.weights = weights; // 1, 1, 3, 2
    check(measure("accuracy", &b), 4.0 / 7);
    check(measure("sparse_categorical_accuracy", &b), 4.0 / 7);
}

// Of two samples of two places each: a label's weight is that of its own place.
static void places_have_weights(void **state) {
    static const double by_class[] = {1, 10};
    static const float weights[] = {1, 2};
    const batch b = {.samples = 2,
                     .size = 4,
                     .classes = 2,
                     .outputs = {.9f, .1f, .8f, .2f, .3f, .7f, .6f, .4f},
                     .dtype = NNRT_U8,
                     .target_size = 2,
                     .target = (const uint8_t[]){0, 1, 1, 0},
                     .weights = weights,
                     .class_weights = by_class,
                     .class_weight_count = 2};
    (void)state;
    check(measure("accuracy", &b), 23.0 / 33); // 1 wrong: 10 of 1 + 10 + 20 + 2
    // class 0: 3 of 3 + 10 that were taken for it; class 1: 20 of 30
    check(measure("iou", &b), (3.0 / 13 + 20.0 / 30) / 2);
}

// Sums of weights of very different size do not depend on who counts what in which order.
static void weights_have_no_order(void **state) {
    static const float forth[] = {1e9f, 0.1f, 1e-6f, 3.3f, 7e4f, 0.7f, 1e-3f, 5e8f};
    static const double by_class[] = {1e9, 0.3};
    float back[8];
    uint8_t labels_forth[] = {1, 0, 1, 1, 0, 1, 1, 1}, labels_back[8];
    batch a = {.samples = 8,
               .size = 1,
               .outputs = {.9f, .8f, .7f, .2f, .1f, .3f, .95f, .6f},
               .dtype = NNRT_U8,
               .target_size = 1,
               .target = labels_forth,
               .weights = forth,
               .class_weights = by_class,
               .class_weight_count = 2};
    batch b = a;
    (void)state;
    for (int i = 0; i < 8; i++) {
        b.outputs[i] = a.outputs[7 - i];
        back[i] = forth[7 - i];
        labels_back[i] = labels_forth[7 - i];
    }
    b.weights = back;
    b.target = labels_back;
    static const char *const names[] = {"accuracy", "precision", "recall", "auc", "f1"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        double first = measure(names[i], &a), second = measure(names[i], &b);
        assert_memory_equal(&first, &second, sizeof first);
    }
}

static void confusion_counts(void **state) {
    static const int64_t wanted[9] = {0, 0, 1, 0, 1, 0, 1, 0, 1};
    nnrt_confusion confusion;
    nnrt_output output = output_of(&classes);
    (void)state;
    assert_int_equal(nnrt_confusion_size(&output), 3);
    assert_int_equal(nnrt_confusion_open(&confusion, 3, NULL), NNRT_OK);
    nnrt_view view = view_of(&classes);
    nnrt_confusion_update(&confusion, &view);
    assert_memory_equal(confusion.counts, wanted, sizeof wanted);
    check(nnrt_confusion_recall(&confusion, 2), 0.5);
    check(nnrt_confusion_precision(&confusion, 2), 0.5);
    check(nnrt_confusion_precision(&confusion, 1), 1);
    check(nnrt_confusion_recall(&confusion, 0), 0);
    nnrt_confusion_free(&confusion);
}

// The examples of Keras's MeanIoU and BinaryIoU.
static void iou_is_keras_s(void **state) {
    static const int32_t four[] = {0, 0, 1, 1}, turns[] = {0, 1, 0, 1};
    batch of_classes = {.samples = 4,
                        .size = 2,
                        .outputs = {.9F, .1F, .2F, .8F, .7F, .3F, .4F, .6F},
                        .dtype = NNRT_I32,
                        .target_size = 1,
                        .target = four};
    batch binary = {.samples = 4,
                    .size = 1,
                    .outputs = {.1F, .2F, .4F, .7F},
                    .dtype = NNRT_I32,
                    .target_size = 1,
                    .target = turns};
    nnrt_option options[] = {{.name = "threshold", .number = 0.3},
                             {.name = "class", .number = NAN}};
    (void)state;
    check(measure_with("iou", NULL, 0, &of_classes), 1.0 / 3);
    check(measure_with("iou", options, 2, &binary), 1.0 / 3);
    options[1].number = 1; // yes: one of three
    check(measure_with("iou", options, 2, &binary), 1.0 / 3);
    options[0].number = 0.7F; // which counts as yes: one of two, no: two of three
    check(measure_with("iou", options, 2, &binary), 0.5);
}

// A place is counted where a sample is: [2, 3] places with two classes.
static void confusion_counts_places(void **state) {
    static const int32_t marks[] = {0, 1, 1, 0, 0, 1};
    static const float outputs[] = {1, 0, 0, 1, 1, 0, 1, 0, 1, 0, 0, 1};
    static const int64_t wanted[4] = {3, 0, 1, 2};
    static const uint32_t index[] = {0};
    nnrt_output output = {.rank = 3, .shape = {2, 3, 2}, .size = 12, .stride = 12};
    nnrt_column column = {.dtype = NNRT_I32, .rank = 2, .shape = {2, 3}, .size = 6};
    nnrt_confusion confusion;
    (void)state;
    assert_int_equal(nnrt_confusion_size(&output), 2);
    assert_int_equal(nnrt_confusion_open(&confusion, 2, NULL), NNRT_OK);
    nnrt_view view = nnrt_view_make(&output, &column);
    view.outputs = outputs;
    view.target = marks;
    view.index = index;
    view.rows = 1;
    nnrt_confusion_update(&confusion, &view);
    assert_memory_equal(confusion.counts, wanted, sizeof wanted);
    check(nnrt_confusion_recall(&confusion, 1), 2.0 / 3);
    check(nnrt_confusion_iou(&confusion, 0), 3.0 / 4);
    nnrt_confusion_free(&confusion);
}

static void texts_are_keras_s(void **state) {
    nnrt_log log = {.count = 3, .values = {{"loss", 0.54321}, {"mse", 0.0005}, {"nothing", 0}}};
    char text[256], number[NNRT_JSON_NUMBER];
    (void)state;
    nnrt_log_text(&log, text, sizeof text);
    assert_string_equal(text, " - loss: 0.5432 - mse: 5.0000e-04 - nothing: 0.0000e+00");
    nnrt_number_text(number, 0.1);
    assert_string_equal(number, "0.1");
    nnrt_number_text(number, 1.0 / 3);
    assert_true(strtod(number, NULL) == 1.0 / 3);
    nnrt_float_text(number, 0.1f);
    assert_string_equal(number, "0.1");
}

static void json_escapes(void **state) {
    nnrt_json json = {0};
    (void)state;
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_string(&json, "a\"\\", "x\n\x01\xc3\xa9\xff\xed\xa0\x80");
    nnrt_json_number(&json, "nan", NAN);
    nnrt_json_open(&json, "list", '[');
    nnrt_json_integer(&json, NULL, INT64_MIN);
    nnrt_json_boolean(&json, NULL, 1);
    nnrt_json_string(&json, NULL, NULL);
    nnrt_json_close(&json, ']');
    nnrt_json_close(&json, '}');
    assert_string_equal(nnrt_json_text(&json),
                        "{\"a\\\"\\\\\": \"x\\u000a\\u0001\xc3\xa9\\ufffd\\ufffd\\ufffd\\ufffd\", "
                        "\"nan\": null, \"list\": [-9223372036854775808, true, null]}");
    nnrt_json_free(&json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accuracy_of_classes),
        cmocka_unit_test(accuracy_is_of_the_first_of_equals),
        cmocka_unit_test(perplexity),
        cmocka_unit_test(top_k),
        cmocka_unit_test(yes_or_no),
        cmocka_unit_test(auc_bins_are_single),
        cmocka_unit_test(nothing_said_is_zero),
        cmocka_unit_test(errors),
        cmocka_unit_test(f1),
        cmocka_unit_test(numbers),
        cmocka_unit_test(r2_of_large_targets),
        cmocka_unit_test(thresholds_are_single),
        cmocka_unit_test(misfits_are_refused),
        cmocka_unit_test(whole_weights_repeat),
        cmocka_unit_test(classes_have_weights),
        cmocka_unit_test(places_have_weights),
        cmocka_unit_test(weights_have_no_order),
        cmocka_unit_test(confusion_counts),
        cmocka_unit_test(confusion_counts_places),
        cmocka_unit_test(iou_is_keras_s),
        cmocka_unit_test(texts_are_keras_s),
        cmocka_unit_test(json_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
