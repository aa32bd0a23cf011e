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
// Intersection over union: right ones among those that are of the class or were said to be.
double nnrt_confusion_iou(const nnrt_confusion *confusion, int64_t class_index);

// "confusion": [[..]..], "per_class": [{class, precision, recall, samples}..]; of places: also iou,
// and places
void nnrt_confusion_json(const nnrt_confusion *confusion, nnrt_json *json);
void nnrt_confusion_print(const nnrt_confusion *confusion);

// The name of a class, or its number in `number`.
const char *nnrt_class_name(const char *const *names, int64_t index, char number[32]);

#endif
