// Loss, metrics and confusion matrix of a part of the data, in inference mode.
#ifndef NNRT_EVALUATE_H
#define NNRT_EVALUATE_H

#include "../metrics/confusion.h"
#include "../report/log.h"
#include "../session/steps.h"

typedef struct nnrt_evaluator {
    nnrt_session *session;
    const nnrt_training *training;
    nnrt_output_metrics metrics;
    nnrt_confusion confusions[NNRT_MAX_COLUMNS]; // of the losses; classes 0: not counted
    nnrt_pace pace;
    nnrt_pass pass; // over a part
    double *losses;
    uint32_t *order;     // of the samples, where functions keep states
    nnrt_loader *loader; // NULL: the samples are in memory
} nnrt_evaluator;

// For the loaded data's parts, all of them.
nnrt_status nnrt_evaluator_open(nnrt_evaluator *evaluator, nnrt_session *session,
                                const nnrt_training *training, int with_confusion);
void nnrt_evaluator_close(nnrt_evaluator *evaluator);

// Appends the part's loss and metrics to `log`. NNRT_INTERRUPTED when a signal came.
nnrt_status nnrt_evaluator_run(nnrt_evaluator *evaluator, const nnrt_part *part, const char *prefix,
                               nnrt_log *log);

#endif
