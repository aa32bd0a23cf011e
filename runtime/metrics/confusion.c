#include "confusion.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t nnrt_confusion_size(const nnrt_output *output) {
    int64_t last = output->rank ? output->shape[output->rank - 1] : 1;
    if (last > NNRT_CONFUSION_CLASSES) return 0;
    return last == 1 ? 2 : last;
}

nnrt_status nnrt_confusion_open(nnrt_confusion *confusion, int64_t classes,
                                const char *const *names) {
    confusion->classes = classes;
    confusion->names = names;
    confusion->counts = calloc((size_t)(classes * classes), sizeof *confusion->counts);
    return confusion->counts
               ? NNRT_OK
               : nnrt_fail_memory("the confusion matrix",
                                  (size_t)(classes * classes) * sizeof *confusion->counts);
}

void nnrt_confusion_free(nnrt_confusion *confusion) {
    free(confusion->counts);
    memset(confusion, 0, sizeof *confusion);
}

static void count_up(nnrt_confusion *confusion, int64_t cell, int64_t times) {
    if (times > 0) __atomic_fetch_add(&confusion->counts[cell], times, __ATOMIC_RELAXED);
}

// Places beside each other are often alike: they are counted together.
static void update_sample(nnrt_confusion *confusion, const nnrt_view *view, int64_t sample) {
    const float *output = view->outputs + sample * view->stride;
    int64_t places = view->size / view->classes, last = 0, times = 0;
    for (int64_t p = 0; p < places; p++, output += view->classes) {
        int64_t said =
            view->classes == 1 ? output[0] > 0.5f : nnrt_view_argmax(output, view->classes);
        int64_t is = nnrt_view_class(view, sample, p);
        if (is < 0 || is >= confusion->classes || !nnrt_view_counts(view, sample, p)) continue;
        int64_t cell = is * confusion->classes + said;
        if (cell != last) {
            count_up(confusion, last, times);
            times = 0;
        }
        last = cell;
        times++;
    }
    count_up(confusion, last, times);
}

void nnrt_confusion_update(nnrt_confusion *confusion, const nnrt_view *view) {
    for (int64_t sample = 0; sample < view->rows; sample++) update_sample(confusion, view, sample);
}

// ---- Reading it.

int64_t nnrt_confusion_count(const nnrt_confusion *confusion, int64_t is, int64_t said) {
    return confusion->counts[is * confusion->classes + said];
}

int64_t nnrt_confusion_true(const nnrt_confusion *confusion, int64_t class_index) {
    int64_t sum = 0;
    for (int64_t i = 0; i < confusion->classes; i++)
        sum += nnrt_confusion_count(confusion, class_index, i);
    return sum;
}

double nnrt_confusion_precision(const nnrt_confusion *confusion, int64_t class_index) {
    int64_t said = 0;
    for (int64_t i = 0; i < confusion->classes; i++)
        said += nnrt_confusion_count(confusion, i, class_index);
    return said ? (double)nnrt_confusion_count(confusion, class_index, class_index) / (double)said
                : 0;
}

double nnrt_confusion_recall(const nnrt_confusion *confusion, int64_t class_index) {
    int64_t is = nnrt_confusion_true(confusion, class_index);
    return is ? (double)nnrt_confusion_count(confusion, class_index, class_index) / (double)is : 0;
}

double nnrt_confusion_f1(const nnrt_confusion *confusion, int64_t class_index) {
    double precision = nnrt_confusion_precision(confusion, class_index);
    double recall = nnrt_confusion_recall(confusion, class_index);
    return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
}

int64_t nnrt_confusion_all(const nnrt_confusion *confusion) {
    int64_t sum = 0;
    for (int64_t i = 0; i < confusion->classes; i++) sum += nnrt_confusion_true(confusion, i);
    return sum;
}

// True of some sample, or said of one.
static int is_met(const nnrt_confusion *confusion, int64_t class_index) {
    for (int64_t i = 0; i < confusion->classes; i++)
        if (nnrt_confusion_count(confusion, class_index, i) ||
            nnrt_confusion_count(confusion, i, class_index))
            return 1;
    return 0;
}

nnrt_confusion_means nnrt_confusion_mean(const nnrt_confusion *confusion) {
    nnrt_confusion_means means = {0};
    double met = 0;
    for (int64_t i = 0; i < confusion->classes; i++) {
        if (!is_met(confusion, i)) continue;
        met++;
        means.precision += nnrt_confusion_precision(confusion, i);
        means.recall += nnrt_confusion_recall(confusion, i);
        means.f1 += nnrt_confusion_f1(confusion, i);
    }
    if (met > 0) means.precision /= met, means.recall /= met, means.f1 /= met;
    return means;
}

static int by_count(const void *a, const void *b) {
    const nnrt_confused *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    int64_t first = x->is * NNRT_CONFUSION_CLASSES + x->said;
    int64_t second = y->is * NNRT_CONFUSION_CLASSES + y->said;
    return first < second ? -1 : first > second;
}

int nnrt_confusion_pairs(const nnrt_confusion *confusion,
                         nnrt_confused pairs[NNRT_CONFUSED_PAIRS + 1]) {
    int found = 0;
    for (int64_t is = 0; is < confusion->classes; is++)
        for (int64_t said = 0; said < confusion->classes; said++) {
            int64_t times = nnrt_confusion_count(confusion, is, said);
            int is_full = found == NNRT_CONFUSED_PAIRS;
            if (is == said || !times || (is_full && times <= pairs[found - 1].count)) continue;
            pairs[found++] = (nnrt_confused){times, is, said};
            qsort(pairs, (size_t)found, sizeof *pairs, by_count);
            if (found > NNRT_CONFUSED_PAIRS) found = NNRT_CONFUSED_PAIRS;
        }
    return found;
}

double nnrt_confusion_iou(const nnrt_confusion *confusion, int64_t class_index) {
    int64_t all = nnrt_confusion_true(confusion, class_index);
    int64_t both = nnrt_confusion_count(confusion, class_index, class_index);
    for (int64_t i = 0; i < confusion->classes; i++)
        if (i != class_index) all += nnrt_confusion_count(confusion, i, class_index);
    return all ? (double)both / (double)all : 0;
}

const char *nnrt_class_name(const char *const *names, int64_t index, char number[32]) {
    if (names) return names[index];
    snprintf(number, 32, "%" PRId64, index);
    return number;
}

void nnrt_confusion_json(const nnrt_confusion *confusion, nnrt_json *json) {
    char number[32];
    nnrt_json_open(json, "confusion", '[');
    for (int64_t i = 0; i < confusion->classes; i++) {
        nnrt_json_open(json, NULL, '[');
        for (int64_t j = 0; j < confusion->classes; j++)
            nnrt_json_integer(json, NULL, nnrt_confusion_count(confusion, i, j));
        nnrt_json_close(json, ']');
    }
    nnrt_json_close(json, ']');
    nnrt_json_open(json, "per_class", '[');
    for (int64_t i = 0; i < confusion->classes; i++) {
        nnrt_json_open(json, NULL, '{');
        nnrt_json_string(json, "class", nnrt_class_name(confusion->names, i, number));
        nnrt_json_number(json, "precision", nnrt_confusion_precision(confusion, i));
        nnrt_json_number(json, "recall", nnrt_confusion_recall(confusion, i));
        nnrt_json_number(json, "f1", nnrt_confusion_f1(confusion, i));
        if (confusion->of_places) nnrt_json_number(json, "iou", nnrt_confusion_iou(confusion, i));
        nnrt_json_integer(json, confusion->of_places ? "places" : "samples",
                          nnrt_confusion_true(confusion, i));
        nnrt_json_close(json, '}');
    }
    nnrt_json_close(json, ']');
    nnrt_confusion_means means = nnrt_confusion_mean(confusion);
    nnrt_json_open(json, "macro", '{');
    nnrt_json_number(json, "precision", means.precision);
    nnrt_json_number(json, "recall", means.recall);
    nnrt_json_number(json, "f1", means.f1);
    nnrt_json_close(json, '}');
}
