// What a section of a report has: a row, in a file of sections/ beside its functions. A row more is
// a line here and one in the list of report.c, whose order is the page's.
#ifndef NNRT_REPORT_SECTION_H
#define NNRT_REPORT_SECTION_H

#include "report.h"

typedef struct nnrt_section {
    const char *id, *title;
    int (*applies)(const nnrt_report *report);
    // Draws it into report->markup, below its title. What cannot be drawn is said there; an error
    // is one that ends the report.
    nnrt_status (*draw)(nnrt_report *report);
} nnrt_section;

extern const nnrt_section nnrt_section_curves, nnrt_section_classes, nnrt_section_confusion,
    nnrt_section_ranking, nnrt_section_reliability, nnrt_section_predictions, nnrt_section_mistakes,
    nnrt_section_boundary, nnrt_section_residuals, nnrt_section_series, nnrt_section_samples,
    nnrt_section_writing, nnrt_section_filters, nnrt_section_graph, nnrt_section_program,
    nnrt_section_timings, nnrt_section_machine;

#endif
