// `report`: one page (HTML with inline SVG, no file beside it) that shows what a training came to.
#ifndef NNRT_REPORT_H
#define NNRT_REPORT_H

#include "../../drawing/markup.h"
#include "epochs.h"
#include "gather.h"

typedef struct nnrt_report {
    nnrt_session *session;
    const nnrt_model *model;
    const nnrt_training *training; // NULL: none
    nnrt_markup *markup;           // the page
    nnrt_epochs epochs;
    // Of a part of the data, where they are there:
    int has_data, is_evaluated;
    const nnrt_part *part; // what of it is evaluated: all, of a training part some samples
    nnrt_part some;
    int64_t part_count;                // of the whole part
    const char *part_name;             // "test"
    nnrt_quantized_training quantized; // what is evaluated where predictions are in int8
    nnrt_evaluator evaluator;
    nnrt_log log;                            // loss and metrics
    nnrt_gathered outputs[NNRT_MAX_COLUMNS]; // of the training's losses
    int64_t output_count;
    char missing[512]; // why there are no data; "": they are there, or none are needed
} nnrt_report;

// The outputs of a kind, one after the other: the next at or behind *i; NULL: there is none.
const nnrt_gathered *nnrt_report_next(const nnrt_report *report, nnrt_gathered_kind kind,
                                      int64_t *i);
int nnrt_report_has(const nnrt_report *report, nnrt_gathered_kind kind);

// The page of the weights in memory, of which `session->info` tells, into a file; the steps of its
// timings change them.
nnrt_status nnrt_report_write(nnrt_session *session, const char *path);

// Of several outputs, a title with the name of this one.
void nnrt_report_name_output(const nnrt_report *report, const nnrt_gathered *gathered);

#endif
