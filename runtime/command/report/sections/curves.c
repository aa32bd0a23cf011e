// Loss and metrics by epoch; those of validation beside them, the best epoch marked.
#include "../../../drawing/chart.h"
#include "../section.h"
#include "../show.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int applies(const nnrt_report *report) {
    return report->epochs.count > 0 && report->epochs.name_count > 0;
}

static int is_validation(const char *name) {
    return strncmp(name, "val_", 4) == 0;
}

static void draw_values(nnrt_chart *chart, const nnrt_epochs *epochs, const double *values,
                        const char *colour, int has_best) {
    char class_name[32];
    snprintf(class_name, sizeof class_name, "s-%s", colour);
    nnrt_chart_curve(chart, epochs->numbers, values, epochs->count, class_name);
    if (!has_best) return;
    nnrt_chart_dots(chart, &epochs->numbers[epochs->best], &values[epochs->best], 1, 7, class_name);
}

static void write_caption(const nnrt_report *report, const char *name, const double *values,
                          const double *other) {
    const nnrt_epochs *epochs = &report->epochs;
    nnrt_markup *markup = report->markup;
    char number[NNRT_SHOWN_NUMBER];
    int64_t at = epochs->best >= 0 ? epochs->best : epochs->count - 1;
    nnrt_markup_begin(markup, "figcaption");
    nnrt_markup_open(markup, "span", "key");
    nnrt_show_key(markup, "blue", "training ");
    if (other) nnrt_show_key(markup, "orange", "validation ");
    nnrt_markup_end(markup);
    nnrt_markup_print(markup, "%s %s", name, nnrt_show_number(values[at], number));
    if (other) nnrt_markup_print(markup, ", val_%s %s", name, nnrt_show_number(other[at], number));
    nnrt_markup_print(markup, " %s epoch %.0f", epochs->best >= 0 ? "in the best," : "in",
                      epochs->numbers[at]);
    nnrt_markup_end(markup);
}

static void draw_chart(const nnrt_report *report, const char *name, const double *values,
                       const double *other) {
    const nnrt_epochs *epochs = &report->epochs;
    nnrt_markup *markup = report->markup;
    nnrt_chart chart;
    nnrt_range x = NNRT_NO_RANGE, y = NNRT_NO_RANGE;
    char best[48];
    nnrt_range_add(&x, epochs->numbers, epochs->count);
    nnrt_range_add(&y, values, epochs->count);
    if (other) nnrt_range_add(&y, other, epochs->count);
    nnrt_markup_begin(markup, "figure");
    nnrt_markup_leaf(markup, "h3", NULL, name);
    nnrt_chart_open(&chart, markup, name, nnrt_range_wide(x), nnrt_range_wide(y),
                    NNRT_CHART_WHOLE_X);
    nnrt_chart_titles(&chart, "epoch", NULL);
    int has_best = epochs->best >= 0;
    if (has_best) snprintf(best, sizeof best, "best: %.0f", epochs->numbers[epochs->best]);
    if (has_best) nnrt_chart_mark(&chart, epochs->numbers[epochs->best], best);
    draw_values(&chart, epochs, values, "blue", has_best);
    if (other) draw_values(&chart, epochs, other, "orange", has_best);
    nnrt_chart_close(&chart);
    write_caption(report, name, values, other);
    nnrt_markup_end(markup);
}

static nnrt_status draw(nnrt_report *report) {
    const nnrt_epochs *epochs = &report->epochs;
    nnrt_markup *markup = report->markup;
    if (epochs->judge)
        nnrt_markup_leaf_print(
            markup, "p", "note", "Epochs: %.0f; the best one by %.200s is epoch %.0f.",
            epochs->numbers[epochs->count - 1], epochs->judge, epochs->numbers[epochs->best]);
    nnrt_markup_open(markup, "div", "figures");
    for (int64_t i = 0; i < epochs->name_count; i++) {
        char validation[1024];
        if (is_validation(epochs->names[i])) continue;
        snprintf(validation, sizeof validation, "val_%s", epochs->names[i]);
        draw_chart(report, epochs->names[i], epochs->values[i],
                   nnrt_epochs_values(epochs, validation));
    }
    nnrt_markup_end(markup);
    return NNRT_OK;
}

const nnrt_section nnrt_section_curves = {"curves", "Training", applies, draw};
