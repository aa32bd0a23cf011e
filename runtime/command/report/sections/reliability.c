// The reliability diagram: how often is right what is said with a probability? Of yes and no the
// probability of the second class, else that of the class that is said.
#include "../../../drawing/chart.h"
#include "../../../metrics/calibration.h"
#include "../section.h"
#include "../show.h"

#include <inttypes.h>
#include <math.h>

static int is_calibrated(const nnrt_gathered *g) {
    return g->are_shares && !g->has_failed && g->count > 0;
}

static int applies(const nnrt_report *report) {
    int64_t i = 0;
    for (const nnrt_gathered *g; (g = nnrt_report_next(report, NNRT_GATHERED_CLASSES, &i)); i++)
        if (is_calibrated(g)) return 1;
    return 0;
}

// The mean squared distance of the probabilities from what is true (Brier 1950; of yes and no, as
// scikit-learn's brier_score_loss, that of yes).
static double brier_score(const nnrt_gathered *g) {
    double sum = 0;
    for (int64_t i = 0; i < g->count; i++)
        for (int64_t k = g->size == 2; k < g->size; k++) {
            double wanted = nnrt_gathered_class(g, i) == k;
            double distance = nnrt_gathered_share(g, i, k) - wanted;
            sum += distance * distance;
        }
    return sum / (double)g->count;
}

static void count_samples(const nnrt_gathered *g, nnrt_calibration *calibration) {
    for (int64_t i = 0; i < g->count; i++) {
        int64_t said = g->size == 2 ? 1 : nnrt_gathered_best(g, i);
        nnrt_calibration_add(calibration, nnrt_gathered_share(g, i, said),
                             nnrt_gathered_class(g, i) == said);
    }
}

static void draw_diagram(nnrt_markup *markup, const nnrt_calibration *c, int is_binary) {
    double said[NNRT_CALIBRATION_BINS], right[NNRT_CALIBRATION_BINS];
    int64_t bins = 0;
    nnrt_chart chart;
    nnrt_markup_begin(markup, "figure");
    nnrt_chart_open(&chart, markup, "reliability diagram", (nnrt_range){0, 1},
                    (nnrt_range){0, 1.001}, NNRT_CHART_SQUARE);
    nnrt_chart_titles(&chart, "probability that is said",
                      is_binary ? "share that is of the class" : "share that is right");
    nnrt_chart_line(&chart, 0, 0, 1, 1, "axis dash");
    for (int i = 0; i < NNRT_CALIBRATION_BINS; i++) {
        if (!c->counts[i]) continue;
        said[bins] = c->said[i] / (double)c->counts[i];
        right[bins++] = c->right[i] / (double)c->counts[i];
    }
    nnrt_chart_curve(&chart, said, right, bins, "s-blue");
    nnrt_chart_dots(&chart, said, right, bins, 6, "s-blue");
    nnrt_chart_close(&chart);
    nnrt_markup_leaf(markup, "figcaption", NULL,
                     "On the dashed line probabilities come true; below it the model is too sure.");
    nnrt_markup_end(markup);
}

static void draw_counts(nnrt_markup *markup, const nnrt_calibration *c) {
    nnrt_chart chart;
    double most = 0;
    for (int i = 0; i < NNRT_CALIBRATION_BINS; i++) most = fmax(most, (double)c->counts[i]);
    nnrt_markup_begin(markup, "figure");
    nnrt_chart_open(&chart, markup, "samples by probability", (nnrt_range){0, 1},
                    (nnrt_range){0, most * 1.05}, NNRT_CHART_WIDE);
    nnrt_chart_titles(&chart, "probability that is said", NULL);
    for (int i = 0; i < NNRT_CALIBRATION_BINS; i++)
        nnrt_chart_bar(&chart, i / 10.0, (i + 1) / 10.0, (double)c->counts[i], "f-blue");
    nnrt_chart_close(&chart);
    nnrt_markup_leaf(markup, "figcaption", NULL, "Samples by the probability that is said.");
    nnrt_markup_end(markup);
}

static void draw_output(nnrt_report *report, const nnrt_gathered *g) {
    nnrt_markup *markup = report->markup;
    nnrt_calibration calibration = {0};
    char error[NNRT_SHOWN_NUMBER], brier[NNRT_SHOWN_NUMBER];
    count_samples(g, &calibration);
    if (!nnrt_calibration_count(&calibration)) return;
    nnrt_report_name_output(report, g);
    nnrt_markup_leaf_print(markup, "p", "note", "Expected calibration error: %s. Brier score: %s.",
                           nnrt_show_number(nnrt_calibration_error(&calibration), error),
                           nnrt_show_number(brier_score(g), brier));
    nnrt_markup_open(markup, "div", "figures");
    draw_diagram(markup, &calibration, g->size == 2);
    draw_counts(markup, &calibration);
    nnrt_markup_end(markup);
}

static nnrt_status draw(nnrt_report *report) {
    int64_t i = 0;
    for (const nnrt_gathered *g; (g = nnrt_report_next(report, NNRT_GATHERED_CLASSES, &i)); i++)
        if (is_calibrated(g)) draw_output(report, g);
    return NNRT_OK;
}

const nnrt_section nnrt_section_reliability = {"reliability", "Reliability", applies, draw};
