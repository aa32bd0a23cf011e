// Regressions: what is said beside what is true, how the errors are spread, the largest of them.
#include "../../../drawing/chart.h"
#include "../section.h"
#include "../show.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { MOST_DOTS = 1500, BINS = 30, WORST = 10, MOST_VALUES = 4 };

static int applies(const nnrt_report *report) {
    int64_t i = 0;
    const nnrt_gathered *g = nnrt_report_next(report, NNRT_GATHERED_NUMBERS, &i);
    return g && g->count > 0;
}

// One number of each sample.
typedef struct series {
    const nnrt_gathered *gathered;
    double *said, *is, *errors; // [count]
    int64_t count;
} series;

static nnrt_status open_series(series *s, const nnrt_gathered *g, int64_t value) {
    size_t bytes = (size_t)(g->count + 1) * sizeof(double);
    *s = (series){.gathered = g, .count = g->count};
    s->said = malloc(3 * bytes);
    if (!s->said) return nnrt_fail_memory("the errors", 3 * bytes);
    s->is = s->said + g->count + 1;
    s->errors = s->is + g->count + 1;
    for (int64_t i = 0; i < g->count; i++) {
        s->said[i] = (double)g->said[i * g->size + value];
        s->is[i] = g->is[i * g->size + value];
        s->errors[i] = s->said[i] - s->is[i];
    }
    return NNRT_OK;
}

// Mean absolute error, root of the mean square, and the share of the variance that is explained.
static void write_measures(nnrt_markup *markup, const series *s) {
    double mean = 0, spread = 0, squares = 0, sizes = 0, bias = 0, count = (double)s->count;
    char text[4][NNRT_SHOWN_NUMBER];
    for (int64_t i = 0; i < s->count; i++) mean += s->is[i] / count;
    for (int64_t i = 0; i < s->count; i++) {
        spread += (s->is[i] - mean) * (s->is[i] - mean);
        squares += s->errors[i] * s->errors[i];
        sizes += fabs(s->errors[i]);
        bias += s->errors[i];
    }
    nnrt_markup_leaf_print(
        markup, "p", "note",
        "Mean absolute error %s, root mean square error %s, mean error %s, R\xC2\xB2 %s.",
        nnrt_show_number(sizes / count, text[0]), nnrt_show_number(sqrt(squares / count), text[1]),
        nnrt_show_number(bias / count, text[2]),
        nnrt_show_number(spread > 0 ? 1 - squares / spread : (double)NAN, text[3]));
}

static void draw_scatter(nnrt_markup *markup, const series *s) {
    nnrt_range both = NNRT_NO_RANGE;
    nnrt_chart chart;
    double x[MOST_DOTS], y[MOST_DOTS];
    int64_t shown = s->count < MOST_DOTS ? s->count : MOST_DOTS;
    nnrt_range_add(&both, s->is, s->count);
    nnrt_range_add(&both, s->said, s->count);
    both = nnrt_range_wide(both);
    for (int64_t i = 0; i < shown; i++) {
        x[i] = s->is[s->count * i / shown];
        y[i] = s->said[s->count * i / shown];
    }
    nnrt_markup_begin(markup, "figure");
    nnrt_markup_leaf(markup, "h3", NULL, "Predicted and true");
    nnrt_chart_open(&chart, markup, "predicted over true values", both, both, NNRT_CHART_SQUARE);
    nnrt_chart_titles(&chart, "true", "predicted");
    nnrt_chart_line(&chart, both.low, both.low, both.high, both.high, "axis dash");
    nnrt_chart_dots(&chart, x, y, shown, 4, "dot s-blue");
    nnrt_chart_close(&chart);
    nnrt_markup_end(markup);
}

static void draw_histogram(nnrt_markup *markup, const series *s) {
    nnrt_range range = NNRT_NO_RANGE;
    nnrt_chart chart;
    double counts[BINS] = {0}, most = 1;
    nnrt_range_add(&range, s->errors, s->count);
    range = nnrt_range_wide(range);
    double width = (range.high - range.low) / BINS;
    for (int64_t i = 0; i < s->count; i++) {
        int bin = isfinite(s->errors[i]) ? (int)((s->errors[i] - range.low) / width) : -1;
        if (bin >= 0 && bin < BINS) most = fmax(most, ++counts[bin]);
    }
    nnrt_markup_begin(markup, "figure");
    nnrt_markup_leaf(markup, "h3", NULL, "Residuals");
    nnrt_chart_open(&chart, markup, "histogram of the errors", range, (nnrt_range){0, 1.05 * most},
                    NNRT_CHART_WIDE);
    nnrt_chart_titles(&chart, "predicted \xE2\x88\x92 true", NULL);
    for (int i = 0; i < BINS; i++)
        if (counts[i] > 0)
            nnrt_chart_bar(&chart, range.low + i * width, range.low + (i + 1) * width, counts[i],
                           "f-blue");
    if (range.low < 0 && range.high > 0) nnrt_chart_line(&chart, 0, 0, 0, 1.05 * most, "axis dash");
    nnrt_chart_close(&chart);
    nnrt_markup_end(markup);
}

// ---- The largest errors.

typedef struct ranked {
    double size;
    int64_t sample;
} ranked;

static int by_size(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->size != y->size) return x->size > y->size ? -1 : 1;
    return x->sample < y->sample ? -1 : x->sample > y->sample;
}

static void draw_worst_row(nnrt_markup *markup, const series *s, int64_t sample) {
    nnrt_markup_begin(markup, "tr");
    nnrt_show_count_cell(markup, s->gathered->rows[sample]);
    nnrt_show_number_cell(markup, s->is[sample]);
    nnrt_show_number_cell(markup, s->said[sample]);
    nnrt_show_number_cell(markup, s->errors[sample]);
    nnrt_markup_end(markup);
}

static nnrt_status draw_worst(nnrt_markup *markup, const series *s) {
    static const char *const head[] = {">row of the data", ">true", ">predicted", ">error", NULL};
    ranked *all = malloc((size_t)(s->count + 1) * sizeof *all);
    if (!all) return nnrt_fail_memory("the errors", (size_t)s->count * sizeof *all);
    for (int64_t i = 0; i < s->count; i++)
        all[i] = (ranked){isnan(s->errors[i]) ? (double)INFINITY : fabs(s->errors[i]), i};
    qsort(all, (size_t)s->count, sizeof *all, by_size);
    nnrt_markup_leaf(markup, "h3", NULL, "Largest errors");
    nnrt_markup_open(markup, "div", "scroll");
    nnrt_markup_begin(markup, "table");
    nnrt_show_head(markup, head);
    for (int64_t i = 0; i < s->count && i < WORST; i++) draw_worst_row(markup, s, all[i].sample);
    nnrt_markup_end(markup);
    nnrt_markup_end(markup);
    free(all);
    return NNRT_OK;
}

static nnrt_status draw_value(nnrt_report *report, const nnrt_gathered *g, int64_t value) {
    nnrt_markup *markup = report->markup;
    series s;
    nnrt_status status = open_series(&s, g, value);
    if (status) return status;
    if (g->size > 1) nnrt_markup_leaf_print(markup, "h3", NULL, "Number %d", (int)value + 1);
    write_measures(markup, &s);
    nnrt_markup_open(markup, "div", "figures");
    draw_scatter(markup, &s);
    draw_histogram(markup, &s);
    nnrt_markup_end(markup);
    status = draw_worst(markup, &s);
    free(s.said);
    return status;
}

static nnrt_status draw(nnrt_report *report) {
    nnrt_status status = NNRT_OK;
    int64_t i = 0;
    for (const nnrt_gathered *g;
         !status && (g = nnrt_report_next(report, NNRT_GATHERED_NUMBERS, &i)); i++) {
        nnrt_report_name_output(report, g);
        for (int64_t k = 0; k < g->size && k < MOST_VALUES && g->count && !status; k++)
            status = draw_value(report, g, k);
    }
    return status;
}

const nnrt_section nnrt_section_residuals = {"residuals", "Errors", applies, draw};
