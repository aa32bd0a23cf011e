#include "confusion.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRINTED_CLASSES = 20 };

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

static int64_t count(const nnrt_confusion *confusion, int64_t is, int64_t said) {
    return confusion->counts[is * confusion->classes + said];
}

static int64_t count_true(const nnrt_confusion *confusion, int64_t class_index) {
    int64_t sum = 0;
    for (int64_t i = 0; i < confusion->classes; i++) sum += count(confusion, class_index, i);
    return sum;
}

double nnrt_confusion_precision(const nnrt_confusion *confusion, int64_t class_index) {
    int64_t said = 0;
    for (int64_t i = 0; i < confusion->classes; i++) said += count(confusion, i, class_index);
    return said ? (double)count(confusion, class_index, class_index) / (double)said : 0;
}

double nnrt_confusion_recall(const nnrt_confusion *confusion, int64_t class_index) {
    int64_t is = count_true(confusion, class_index);
    return is ? (double)count(confusion, class_index, class_index) / (double)is : 0;
}

double nnrt_confusion_iou(const nnrt_confusion *confusion, int64_t class_index) {
    int64_t all = count_true(confusion, class_index);
    int64_t both = count(confusion, class_index, class_index);
    for (int64_t i = 0; i < confusion->classes; i++)
        if (i != class_index) all += count(confusion, i, class_index);
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
            nnrt_json_integer(json, NULL, count(confusion, i, j));
        nnrt_json_close(json, ']');
    }
    nnrt_json_close(json, ']');
    nnrt_json_open(json, "per_class", '[');
    for (int64_t i = 0; i < confusion->classes; i++) {
        nnrt_json_open(json, NULL, '{');
        nnrt_json_string(json, "class", nnrt_class_name(confusion->names, i, number));
        nnrt_json_number(json, "precision", nnrt_confusion_precision(confusion, i));
        nnrt_json_number(json, "recall", nnrt_confusion_recall(confusion, i));
        if (confusion->of_places) nnrt_json_number(json, "iou", nnrt_confusion_iou(confusion, i));
        nnrt_json_integer(json, confusion->of_places ? "places" : "samples",
                          count_true(confusion, i));
        nnrt_json_close(json, '}');
    }
    nnrt_json_close(json, ']');
}

static int name_width(const nnrt_confusion *confusion) {
    char number[32];
    size_t width = strlen("class");
    for (int64_t i = 0; i < confusion->classes; i++) {
        size_t length = strlen(nnrt_class_name(confusion->names, i, number));
        if (length > width) width = length;
    }
    return width < 32 ? (int)width : 32;
}

static void print_matrix(const nnrt_confusion *confusion, int width) {
    char number[32];
    printf("\nConfusion matrix%s%s (rows: true class, columns: predicted)\n%*s",
           confusion->output ? " of " : "", confusion->output ? confusion->output : "", width + 5,
           "");
    for (int64_t j = 0; j < confusion->classes; j++) printf(" %6" PRId64, j);
    for (int64_t i = 0; i < confusion->classes; i++) {
        printf("\n%4" PRId64 " %-*.*s", i, width, width,
               nnrt_class_name(confusion->names, i, number));
        for (int64_t j = 0; j < confusion->classes; j++)
            printf(" %6" PRId64, count(confusion, i, j));
    }
    putchar('\n');
}

void nnrt_confusion_print(const nnrt_confusion *confusion) {
    char number[32];
    int width = name_width(confusion);
    if (confusion->classes <= PRINTED_CLASSES) print_matrix(confusion, width);
    int of_places = confusion->of_places;
    if (confusion->output) printf("\n%s", confusion->output);
    printf("\n     %-*s  precision  recall%s  %s\n", width, "class", of_places ? "     iou" : "",
           of_places ? "places" : "samples");
    for (int64_t i = 0; i < confusion->classes; i++) {
        printf("%4" PRId64 " %-*.*s  %9.4f  %6.4f", i, width, width,
               nnrt_class_name(confusion->names, i, number), nnrt_confusion_precision(confusion, i),
               nnrt_confusion_recall(confusion, i));
        if (of_places) printf("  %6.4f", nnrt_confusion_iou(confusion, i));
        printf("  %7" PRId64 "\n", count_true(confusion, i));
    }
}
