// Precision, recall and F1 by class. Of more than MOST classes those with the lowest F1 are shown.
#include "../section.h"
#include "../show.h"

#include <stdlib.h>

enum { MOST = 40 };

static const nnrt_confusion *confusion_of(const nnrt_report *report, int64_t output) {
    const nnrt_confusion *confusion = &report->evaluator.confusions[output];
    return report->is_evaluated && confusion->classes ? confusion : NULL;
}

static int applies(const nnrt_report *report) {
    for (int64_t i = 0; i < report->output_count; i++)
        if (confusion_of(report, i)) return 1;
    return 0;
}

static void draw_class(const nnrt_report *report, const nnrt_confusion *confusion, int64_t index) {
    char name[NNRT_SHOWN_CLASS];
    nnrt_markup *markup = report->markup;
    double f1 = nnrt_confusion_f1(confusion, index);
    nnrt_markup_begin(markup, "tr");
    nnrt_show_cell(markup, nnrt_show_class(report, confusion, index, name));
    nnrt_show_number_cell(markup, nnrt_confusion_precision(confusion, index));
    nnrt_show_number_cell(markup, nnrt_confusion_recall(confusion, index));
    nnrt_show_number_cell(markup, f1);
    nnrt_markup_begin(markup, "td");
    nnrt_show_bar(markup, f1, NULL);
    nnrt_markup_end(markup);
    if (confusion->of_places) nnrt_show_number_cell(markup, nnrt_confusion_iou(confusion, index));
    nnrt_show_count_cell(markup, nnrt_confusion_true(confusion, index));
    nnrt_markup_end(markup);
}

static void draw_mean(nnrt_markup *markup, const nnrt_confusion *confusion) {
    nnrt_confusion_means means = nnrt_confusion_mean(confusion);
    nnrt_markup_begin(markup, "tr");
    nnrt_markup_leaf(markup, "td", "said", "mean");
    nnrt_show_number_cell(markup, means.precision);
    nnrt_show_number_cell(markup, means.recall);
    nnrt_show_number_cell(markup, means.f1);
    nnrt_markup_begin(markup, "td");
    nnrt_show_bar(markup, means.f1, NULL);
    nnrt_markup_end(markup);
    if (confusion->of_places) nnrt_show_cell(markup, "");
    nnrt_show_count_cell(markup, nnrt_confusion_all(confusion));
    nnrt_markup_end(markup);
}

typedef struct ranked {
    double f1;
    int64_t index;
} ranked;

static int by_f1(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->f1 != y->f1) return x->f1 < y->f1 ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static int by_index(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    return x->index < y->index ? -1 : x->index > y->index;
}

static nnrt_status draw_rows(const nnrt_report *report, const nnrt_confusion *confusion) {
    ranked *classes = malloc((size_t)confusion->classes * sizeof *classes);
    if (!classes) return nnrt_fail_memory("a table", 0);
    for (int64_t i = 0; i < confusion->classes; i++)
        classes[i] = (ranked){nnrt_confusion_f1(confusion, i), i};
    int64_t shown = confusion->classes;
    if (shown > MOST) {
        qsort(classes, (size_t)shown, sizeof *classes, by_f1);
        shown = MOST;
    } else {
        qsort(classes, (size_t)shown, sizeof *classes, by_index);
    }
    for (int64_t i = 0; i < shown; i++) draw_class(report, confusion, classes[i].index);
    free(classes);
    return NNRT_OK;
}

static nnrt_status draw_table(const nnrt_report *report, const nnrt_confusion *confusion) {
    nnrt_markup *markup = report->markup;
    static const char *const head[] = {"class", ">precision", ">recall", ">F1",
                                       "",      ">samples",   NULL};
    static const char *const places[] = {"class", ">precision", ">recall", ">F1",
                                         "",      ">IoU",       ">places", NULL};
    if (confusion->classes > MOST)
        nnrt_markup_leaf_print(markup, "p", "note", "The %d of %d classes with the lowest F1.",
                               MOST, (int)confusion->classes);
    nnrt_markup_open(markup, "div", "scroll");
    nnrt_markup_begin(markup, "table");
    nnrt_show_head(markup, confusion->of_places ? places : head);
    nnrt_status status = draw_rows(report, confusion);
    draw_mean(markup, confusion);
    nnrt_markup_end(markup);
    nnrt_markup_end(markup);
    return status;
}

static nnrt_status draw(nnrt_report *report) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < report->output_count && !status; i++) {
        const nnrt_confusion *confusion = confusion_of(report, i);
        if (!confusion) continue;
        nnrt_report_name_output(report, &report->outputs[i]);
        status = draw_table(report, confusion);
    }
    return status;
}

const nnrt_section nnrt_section_classes = {"classes", "Classes", applies, draw};
