// The confusion matrix of a classifier, and precision and recall by class.
#ifndef NNRT_CONFUSION_H
#define NNRT_CONFUSION_H

#include "../base/text/json.h"
#include "metric.h"

enum { NNRT_CONFUSION_CLASSES = 1024 }; // larger ones are not counted

typedef struct nnrt_confusion {
    int64_t classes;
    int64_t *counts;          // [true][predicted]
    const char *const *names; // NULL: numbers
    const char *output;       // whose; NULL: of the only one
    int of_places;            // it counts places of samples
} nnrt_confusion;

// How many classes a model tells apart: the last dimension of its output, 2 for a single unit; 0 if
// they are too many.
int64_t nnrt_confusion_size(const nnrt_output *output);

nnrt_status nnrt_confusion_open(nnrt_confusion *confusion, int64_t classes,
                                const char *const *names);
void nnrt_confusion_free(nnrt_confusion *confusion);
// Workers may call it at the same time.
void nnrt_confusion_update(nnrt_confusion *confusion, const nnrt_view *view);

double nnrt_confusion_precision(const nnrt_confusion *confusion, int64_t class_index);
double nnrt_confusion_recall(const nnrt_confusion *confusion, int64_t class_index);
double nnrt_confusion_f1(const nnrt_confusion *confusion, int64_t class_index);
int64_t nnrt_confusion_count(const nnrt_confusion *confusion, int64_t is, int64_t said);
int64_t nnrt_confusion_true(const nnrt_confusion *confusion, int64_t class_index); // of the class
int64_t nnrt_confusion_all(const nnrt_confusion *confusion);

// Of the classes that were met, each counting the same (scikit-learn's macro average).
typedef struct nnrt_confusion_means {
    double precision, recall, f1;
} nnrt_confusion_means;
nnrt_confusion_means nnrt_confusion_mean(const nnrt_confusion *confusion);

// Classes that are taken for another one, the most frequent first.
enum { NNRT_CONFUSED_PAIRS = 10 };
typedef struct nnrt_confused {
    int64_t count, is, said;
} nnrt_confused;
// `pairs` has room for one more. Returns how many there are.
int nnrt_confusion_pairs(const nnrt_confusion *confusion,
                         nnrt_confused pairs[NNRT_CONFUSED_PAIRS + 1]);

// Intersection over union: right ones among those that are of the class or were said to be.
double nnrt_confusion_iou(const nnrt_confusion *confusion, int64_t class_index);

// "confusion": [[..]..], "per_class": [{class, precision, recall, f1, samples}..], "macro":
// {precision, recall, f1}; of places: also iou, and places
void nnrt_confusion_json(const nnrt_confusion *confusion, nnrt_json *json);
void nnrt_confusion_print(const nnrt_confusion *confusion);

// The name of a class, or its number in `number`.
const char *nnrt_class_name(const char *const *names, int64_t index, char number[32]);

#endif
