// Samples of the part, evenly spread over it, with what is said of them.
#include "../section.h"
#include "../show.h"

#include <math.h>

enum { SHOWN = 24, ROWS = 12 };

static int applies(const nnrt_report *report) {
    return nnrt_report_has(report, NNRT_GATHERED_CLASSES);
}

static nnrt_status draw(nnrt_report *report) {
    nnrt_markup *markup = report->markup;
    nnrt_status status = NNRT_OK;
    int64_t i = 0, most = nnrt_shows_pictures(report) ? SHOWN : ROWS;
    nnrt_markup_leaf_print(markup, "p", "note",
                           "Samples of the %s part; the bar of the true class is green, that of a "
                           "wrong answer red.",
                           report->part_name);
    for (const nnrt_gathered *g;
         !status && (g = nnrt_report_next(report, NNRT_GATHERED_CLASSES, &i)); i++) {
        int64_t shown = g->count < most ? g->count : most;
        nnrt_report_name_output(report, g);
        nnrt_markup_open(markup, "div", "cards");
        for (int64_t k = 0; k < shown && !status; k++)
            status = nnrt_show_prediction(report, g, g->count * k / shown);
        nnrt_markup_end(markup);
    }
    return status;
}

const nnrt_section nnrt_section_predictions = {"predictions", "Predictions", applies, draw};
