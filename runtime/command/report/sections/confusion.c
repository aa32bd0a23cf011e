// The confusion matrix, and the pairs of classes that are taken for each other most often. Of more
// than MOST classes the pairs alone.
#include "../section.h"
#include "../show.h"

#include <stdio.h>
#include <string.h>

enum { MOST = 32 };

static int applies(const nnrt_report *report) {
    for (int64_t i = 0; report->is_evaluated && i < report->output_count; i++)
        if (report->evaluator.confusions[i].classes) return 1;
    return 0;
}

// ---- The matrix: the deeper the colour, the larger the share of the true class.

static void draw_cell(nnrt_markup *markup, int64_t count, int64_t all, int is_right) {
    char number[NNRT_SHOWN_NUMBER];
    double share = all ? (double)count / (double)all : 0;
    nnrt_markup_begin(markup, "td");
    if (count)
        nnrt_markup_format(markup, "style", "background:rgba(var(--%s),%.2f)",
                           is_right ? "heat" : "miss",
                           is_right ? 0.85 * share : 0.08 + 0.9 * share);
    if (is_right && share > 0.55) nnrt_markup_attribute(markup, "class", "deep");
    nnrt_markup_write(markup, count ? nnrt_show_count(count, number) : "\xC2\xB7");
    nnrt_markup_end(markup);
}

static void draw_row(const nnrt_report *report, const nnrt_confusion *confusion, int64_t is) {
    nnrt_markup *markup = report->markup;
    char number[24], name[NNRT_SHOWN_CLASS];
    int64_t all = nnrt_confusion_true(confusion, is);
    nnrt_markup_begin(markup, "tr");
    nnrt_markup_open(markup, "td", "n");
    snprintf(number, sizeof number, "%d", (int)is);
    nnrt_show_class(report, confusion, is, name);
    nnrt_markup_write(markup, number);
    if (strcmp(number, name) != 0) nnrt_markup_write(markup, " ");
    if (strcmp(number, name) != 0) nnrt_markup_write(markup, name);
    nnrt_markup_end(markup);
    for (int64_t said = 0; said < confusion->classes; said++)
        draw_cell(markup, nnrt_confusion_count(confusion, is, said), all, said == is);
    nnrt_markup_end(markup);
}

static void draw_matrix(const nnrt_report *report, const nnrt_confusion *confusion) {
    nnrt_markup *markup = report->markup;
    nnrt_markup_open(markup, "div", "scroll");
    nnrt_markup_open(markup, "table", "matrix");
    nnrt_markup_begin(markup, "tr");
    nnrt_markup_leaf(markup, "th", NULL, "");
    for (int64_t i = 0; i < confusion->classes; i++)
        nnrt_markup_leaf_print(markup, "th", NULL, "%d", (int)i);
    nnrt_markup_end(markup);
    for (int64_t i = 0; i < confusion->classes; i++) draw_row(report, confusion, i);
    nnrt_markup_end(markup);
    nnrt_markup_end(markup);
    nnrt_markup_leaf(markup, "p", "note",
                     "Rows: the true class. Columns: what the model says, by number.");
}

// ---- Pairs.

static void draw_pair(const nnrt_report *report, const nnrt_confusion *confusion,
                      const nnrt_confused *own) {
    nnrt_markup *markup = report->markup;
    char name[NNRT_SHOWN_CLASS];
    double share = (double)own->count / (double)nnrt_confusion_true(confusion, own->is);
    nnrt_markup_begin(markup, "tr");
    nnrt_show_cell(markup, nnrt_show_class(report, confusion, own->is, name));
    nnrt_show_cell(markup, nnrt_show_class(report, confusion, own->said, name));
    nnrt_show_count_cell(markup, own->count);
    nnrt_markup_leaf_print(markup, "td", "n", "%.1f %%", 100 * share);
    nnrt_markup_end(markup);
}

static void draw_pairs(const nnrt_report *report, const nnrt_confusion *confusion) {
    nnrt_markup *markup = report->markup;
    static const char *const head[] = {"true class", "taken for", ">times", ">of the class", NULL};
    nnrt_confused pairs[NNRT_CONFUSED_PAIRS + 1];
    int count = nnrt_confusion_pairs(confusion, pairs);
    if (!count) {
        nnrt_markup_leaf(markup, "p", "note", "No class is taken for another one.");
        return;
    }
    nnrt_markup_leaf(markup, "h3", NULL, "Most confused");
    nnrt_markup_open(markup, "div", "scroll");
    nnrt_markup_begin(markup, "table");
    nnrt_show_head(markup, head);
    for (int i = 0; i < count; i++) draw_pair(report, confusion, &pairs[i]);
    nnrt_markup_end(markup);
    nnrt_markup_end(markup);
}

static nnrt_status draw(nnrt_report *report) {
    nnrt_markup *markup = report->markup;
    for (int64_t i = 0; i < report->output_count; i++) {
        const nnrt_confusion *confusion = &report->evaluator.confusions[i];
        if (!confusion->classes) continue;
        nnrt_report_name_output(report, &report->outputs[i]);
        if (confusion->classes <= MOST)
            draw_matrix(report, confusion);
        else
            nnrt_markup_leaf_print(markup, "p", "note",
                                   "A matrix of %d classes would be too large to read.",
                                   (int)confusion->classes);
        if (confusion->classes > 2) draw_pairs(report, confusion);
    }
    return NNRT_OK;
}

const nnrt_section nnrt_section_confusion = {"confusion", "Confusion", applies, draw};
