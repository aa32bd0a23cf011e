// Series: forecasts beside what came, in the order of the rows. Applies where inputs are windows of
// rows that follow each other.
#include "../../../drawing/chart.h"
#include "../section.h"
#include "../show.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 300, CLOSE = 60 };

static int has_windows(const nnrt_dataset *dataset) {
    for (int64_t i = 1; dataset && i < dataset->stage_count; i++)
        if (nnrt_transform_does(&dataset->stages[i]) == NNRT_MAKES_WINDOWS) return 1;
    return 0;
}

static int applies(const nnrt_report *report) {
    int64_t i = 0;
    const nnrt_gathered *g = nnrt_report_next(report, NNRT_GATHERED_NUMBERS, &i);
    return g && g->count > 2 && has_windows(nnrt_session_dataset(report->session));
}

typedef struct step {
    uint32_t row;
    double said, is;
} step;

static int by_row(const void *a, const void *b) {
    const step *x = a, *y = b;
    return x->row < y->row ? -1 : x->row > y->row;
}

// Of the last `count` steps.
static void draw_steps(nnrt_markup *markup, const char *title, const step *steps, int64_t count) {
    double place[SHOWN], said[SHOWN], is[SHOWN];
    nnrt_range x = NNRT_NO_RANGE, y = NNRT_NO_RANGE;
    nnrt_chart chart;
    for (int64_t i = 0; i < count; i++) {
        place[i] = (double)(i - count + 1);
        said[i] = steps[i].said;
        is[i] = steps[i].is;
    }
    nnrt_range_add(&x, place, count);
    nnrt_range_add(&y, said, count);
    nnrt_range_add(&y, is, count);
    nnrt_markup_begin(markup, "figure");
    nnrt_markup_leaf(markup, "h3", NULL, title);
    nnrt_chart_open(&chart, markup, title, nnrt_range_wide(x), nnrt_range_wide(y), NNRT_CHART_WIDE);
    nnrt_chart_titles(&chart, "steps before the last", NULL);
    nnrt_chart_curve(&chart, place, is, count, "s-faint");
    nnrt_chart_curve(&chart, place, said, count, "s-blue");
    nnrt_chart_close(&chart);
    nnrt_markup_open(markup, "figcaption", "key");
    nnrt_show_key(markup, "faint", "true");
    nnrt_show_key(markup, "blue", "forecast");
    nnrt_markup_end(markup);
    nnrt_markup_end(markup);
}

static nnrt_status draw_output(nnrt_report *report, const nnrt_gathered *g) {
    step *steps = malloc((size_t)(g->count + 1) * sizeof *steps);
    if (!steps) return nnrt_fail_memory("a series", (size_t)g->count * sizeof *steps);
    for (int64_t i = 0; i < g->count; i++)
        steps[i] = (step){g->rows[i], (double)g->said[i * g->size], g->is[i * g->size]};
    qsort(steps, (size_t)g->count, sizeof *steps, by_row);
    int64_t all = g->count < SHOWN ? g->count : SHOWN, close = all < CLOSE ? all : CLOSE;
    nnrt_report_name_output(report, g);
    nnrt_markup_open(report->markup, "div", "figures");
    draw_steps(report->markup, "The end of the part", steps + g->count - all, all);
    if (close < all) draw_steps(report->markup, "Its last steps", steps + g->count - close, close);
    nnrt_markup_end(report->markup);
    free(steps);
    return NNRT_OK;
}

static nnrt_status draw(nnrt_report *report) {
    nnrt_status status = NNRT_OK;
    int64_t i = 0;
    for (const nnrt_gathered *g;
         !status && (g = nnrt_report_next(report, NNRT_GATHERED_NUMBERS, &i)); i++)
        if (g->count > 2) status = draw_output(report, g);
    return status;
}

const nnrt_section nnrt_section_series = {"series", "Forecasts", applies, draw};
