// ROC and precision-recall curves: of yes, or of each class against the others. Of more than MOST
// classes those with the lowest area are drawn.
#include "../../../metrics/ranking.h"
#include "../../../drawing/chart.h"
#include "../section.h"
#include "../show.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 10, COLOURS = 5, LARGEST = 256 }; // more classes than that are too slow to rank

static int applies(const nnrt_report *report) {
    int64_t i = 0;
    for (const nnrt_gathered *g; (g = nnrt_report_next(report, NNRT_GATHERED_CLASSES, &i)); i++)
        if (g->size <= LARGEST && !g->has_failed && g->count > 1) return 1;
    return 0;
}

typedef struct ranked { // a class
    int64_t index;
    nnrt_ranking ranking;
} ranked;

static int by_area(const void *a, const void *b) {
    double x = ((const ranked *)a)->ranking.area, y = ((const ranked *)b)->ranking.area;
    if (isnan(x) || isnan(y)) return isnan(x) - isnan(y);
    if (x != y) return x < y ? -1 : 1;
    int64_t first = ((const ranked *)a)->index, second = ((const ranked *)b)->index;
    return first < second ? -1 : first > second;
}

// Of yes and no the second class alone.
static nnrt_status rank_classes(const nnrt_gathered *g, ranked *classes, int64_t count) {
    uint8_t *is_yes = malloc((size_t)g->count + 1);
    nnrt_status status = is_yes ? NNRT_OK : nnrt_fail_memory("the curves of a report", 0);
    for (int64_t k = 0; k < count && !status; k++) {
        classes[k].index = g->size == 2 ? 1 : k;
        for (int64_t i = 0; i < g->count; i++)
            is_yes[i] = nnrt_gathered_class(g, i) == classes[k].index;
        status = nnrt_ranking_make(&classes[k].ranking, g->said + classes[k].index, g->size, is_yes,
                                   g->count);
    }
    free(is_yes);
    return status;
}

static void class_name(char text[40], int64_t place) {
    static const char *const colours[COLOURS] = {"blue", "orange", "green", "violet", "red"};
    snprintf(text, 40, "s-%s%s", colours[place % COLOURS], place < COLOURS ? "" : " dash");
}

static void draw_roc(nnrt_markup *markup, const ranked *classes, int64_t count) {
    nnrt_chart chart;
    nnrt_markup_begin(markup, "figure");
    nnrt_markup_leaf(markup, "h3", NULL, "ROC");
    nnrt_chart_open(&chart, markup, "ROC curves", (nnrt_range){0, 1}, (nnrt_range){0, 1.001},
                    NNRT_CHART_SQUARE);
    nnrt_chart_titles(&chart, "false positive rate", "true positive rate");
    nnrt_chart_line(&chart, 0, 0, 1, 1, "axis dash");
    for (int64_t i = 0; i < count; i++) {
        const nnrt_ranking *r = &classes[i].ranking;
        char name[40];
        class_name(name, i);
        if (!isnan(r->area))
            nnrt_chart_curve(&chart, r->false_rates, r->true_rates, r->count, name);
    }
    nnrt_chart_close(&chart);
    nnrt_markup_end(markup);
}

static void draw_precision(nnrt_markup *markup, const ranked *classes, int64_t count) {
    nnrt_chart chart;
    nnrt_markup_begin(markup, "figure");
    nnrt_markup_leaf(markup, "h3", NULL, "Precision and recall");
    nnrt_chart_open(&chart, markup, "precision-recall curves", (nnrt_range){0, 1},
                    (nnrt_range){0, 1.001}, NNRT_CHART_SQUARE);
    nnrt_chart_titles(&chart, "recall", "precision");
    for (int64_t i = 0; i < count; i++) {
        const nnrt_ranking *r = &classes[i].ranking;
        char name[40];
        class_name(name, i);
        if (r->positives) nnrt_chart_curve(&chart, r->true_rates, r->precisions, r->count, name);
    }
    nnrt_chart_close(&chart);
    nnrt_markup_end(markup);
}

static void draw_key(nnrt_markup *markup, int64_t place) {
    char name[40];
    class_name(name, place);
    nnrt_markup_begin(markup, "td");
    nnrt_markup_begin(markup, "svg");
    nnrt_markup_attribute(markup, "width", "26");
    nnrt_markup_attribute(markup, "height", "8");
    nnrt_markup_begin(markup, "path");
    nnrt_markup_format(markup, "class", "curve %s", name);
    nnrt_markup_attribute(markup, "d", "M1 4h24");
    nnrt_markup_end(markup);
    nnrt_markup_end(markup);
    nnrt_markup_end(markup);
}

static void draw_areas(nnrt_markup *markup, const nnrt_gathered *g, const ranked *classes,
                       int64_t count) {
    static const char *const head[] = {"", "class", ">area under ROC", ">average precision", NULL};
    char number[32];
    nnrt_markup_open(markup, "div", "scroll");
    nnrt_markup_begin(markup, "table");
    nnrt_show_head(markup, head);
    for (int64_t i = 0; i < count; i++) {
        nnrt_markup_begin(markup, "tr");
        draw_key(markup, i);
        nnrt_show_cell(markup, nnrt_gathered_name(g, classes[i].index, number));
        nnrt_show_number_cell(markup, classes[i].ranking.area);
        nnrt_show_number_cell(markup, classes[i].ranking.average_precision);
        nnrt_markup_end(markup);
    }
    nnrt_markup_end(markup);
    nnrt_markup_end(markup);
}

static void write_means(nnrt_markup *markup, const ranked *classes, int64_t count, int64_t shown) {
    double area = 0, precision = 0;
    int64_t known = 0;
    char first[NNRT_SHOWN_NUMBER], second[NNRT_SHOWN_NUMBER];
    for (int64_t i = 0; i < count; i++) {
        if (isnan(classes[i].ranking.area)) continue;
        area += classes[i].ranking.area;
        precision += classes[i].ranking.average_precision;
        known++;
    }
    if (!known) return;
    nnrt_markup_open(markup, "p", "note");
    if (count > 1)
        nnrt_markup_print(markup,
                          "Each class against the others. Mean area under the ROC curves: %s; mean "
                          "average precision: %s.",
                          nnrt_show_number(area / (double)known, first),
                          nnrt_show_number(precision / (double)known, second));
    if (shown < count)
        nnrt_markup_print(markup, " Drawn are the %d classes with the lowest area.", (int)shown);
    if (known < count)
        nnrt_markup_write(markup, " Classes of which the part has no sample have no curve.");
    nnrt_markup_end(markup);
}

static nnrt_status draw_output(nnrt_report *report, const nnrt_gathered *g) {
    int64_t count = g->size == 2 ? 1 : g->size, shown = count < MOST ? count : MOST;
    ranked *classes = calloc((size_t)count, sizeof *classes);
    if (!classes) return nnrt_fail_memory("the curves of a report", 0);
    nnrt_status status = rank_classes(g, classes, count);
    if (!status) {
        if (count > MOST) qsort(classes, (size_t)count, sizeof *classes, by_area);
        nnrt_report_name_output(report, g);
        write_means(report->markup, classes, count, shown);
        nnrt_markup_open(report->markup, "div", "figures");
        draw_roc(report->markup, classes, shown);
        draw_precision(report->markup, classes, shown);
        nnrt_markup_end(report->markup);
        draw_areas(report->markup, g, classes, shown);
    }
    for (int64_t i = 0; i < count; i++) nnrt_ranking_free(&classes[i].ranking);
    free(classes);
    return status;
}

static nnrt_status draw(nnrt_report *report) {
    nnrt_status status = NNRT_OK;
    int64_t i = 0;
    for (const nnrt_gathered *g;
         !status && (g = nnrt_report_next(report, NNRT_GATHERED_CLASSES, &i)); i++)
        if (g->size <= LARGEST && !g->has_failed) status = draw_output(report, g);
    return status;
}

const nnrt_section nnrt_section_ranking = {"ranking", "ROC, precision and recall", applies, draw};
