// The worst mistakes: wrong answers that the model was surest of.
#include "../section.h"
#include "../show.h"

#include <stdlib.h>

enum { SHOWN = 12 };

typedef struct mistake {
    double share; // of the wrong answer
    int64_t sample;
} mistake;

static int by_share(const void *a, const void *b) {
    const mistake *x = a, *y = b;
    if (x->share != y->share) return x->share > y->share ? -1 : 1;
    return x->sample < y->sample ? -1 : x->sample > y->sample;
}

static int applies(const nnrt_report *report) {
    return nnrt_report_has(report, NNRT_GATHERED_CLASSES);
}

static int64_t find_mistakes(const nnrt_gathered *g, mistake *mistakes) {
    int64_t count = 0;
    for (int64_t i = 0; i < g->count; i++) {
        int64_t best = nnrt_gathered_best(g, i);
        if (best != nnrt_gathered_class(g, i))
            mistakes[count++] = (mistake){nnrt_gathered_share(g, i, best), i};
    }
    qsort(mistakes, (size_t)count, sizeof *mistakes, by_share);
    return count;
}

static nnrt_status draw_output(nnrt_report *report, const nnrt_gathered *g) {
    nnrt_markup *markup = report->markup;
    mistake *mistakes = malloc((size_t)(g->count + 1) * sizeof *mistakes);
    if (!mistakes) return nnrt_fail_memory("the mistakes", (size_t)g->count * sizeof *mistakes);
    int64_t count = find_mistakes(g, mistakes), shown = count < SHOWN ? count : SHOWN;
    char wrong[NNRT_SHOWN_NUMBER], all[NNRT_SHOWN_NUMBER];
    nnrt_status status = NNRT_OK;
    nnrt_report_name_output(report, g);
    nnrt_markup_leaf_print(markup, "p", "note",
                           count ? "Wrong: %s of %s samples; these the model was surest of."
                                 : "Wrong: %s of %s samples.",
                           nnrt_show_count(count, wrong), nnrt_show_count(g->count, all));
    nnrt_markup_open(markup, "div", "cards");
    for (int64_t i = 0; i < shown && !status; i++)
        status = nnrt_show_prediction(report, g, mistakes[i].sample);
    nnrt_markup_end(markup);
    free(mistakes);
    return status;
}

static nnrt_status draw(nnrt_report *report) {
    nnrt_status status = NNRT_OK;
    int64_t i = 0;
    for (const nnrt_gathered *g;
         !status && (g = nnrt_report_next(report, NNRT_GATHERED_CLASSES, &i)); i++)
        status = draw_output(report, g);
    return status;
}

const nnrt_section nnrt_section_mistakes = {"mistakes", "Worst mistakes", applies, draw};
