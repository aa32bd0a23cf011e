// Loss, metrics and confusion matrix of a part of the data, in inference mode.
#ifndef NNRT_EVALUATE_H
#define NNRT_EVALUATE_H

#include "../metrics/confusion.h"
#include "../report/log.h"
#include "../report/progress/progress.h"
#include "../session/steps.h"

// Samples of output `number` beside its target, with the place of the first one in the part's
// order, evaluator->pass.rows. Called by several workers at the same time.
typedef void nnrt_observe(void *observer, int64_t number, const nnrt_view *view, int64_t place);

typedef struct nnrt_evaluator {
    nnrt_session *session;
    const nnrt_training *training;
    nnrt_output_metrics metrics;
    nnrt_confusion confusions[NNRT_MAX_COLUMNS]; // of the losses; classes 0: not counted
    nnrt_pace pace;
    nnrt_pass pass; // over a part
    double *losses;
    uint32_t *order;       // of the samples, where functions keep states
    nnrt_loader *loader;   // NULL: the samples are in memory
    nnrt_observe *observe; // NULL: nobody does; set between open and run
    void *observer;
    nnrt_progress *progress; // of a training whose epochs are validated; NULL: of none; likewise
} nnrt_evaluator;

// For the loaded data's parts, all of them.
nnrt_status nnrt_evaluator_open(nnrt_evaluator *evaluator, nnrt_session *session,
                                const nnrt_training *training, int with_confusion);
void nnrt_evaluator_close(nnrt_evaluator *evaluator);

// A training whose evaluation is in int8, as its model's predictions are.
typedef struct nnrt_quantized_training {
    nnrt_training training;
    nnrt_train_step step;
} nnrt_quantized_training;
int nnrt_evaluates_int8(const nnrt_training *training); // is there such an evaluation?
// Fills `quantized`, which holds it.
const nnrt_training *nnrt_training_in_int8(const nnrt_training *training,
                                           nnrt_quantized_training *quantized);

// The test part, or what comes nearest to it.
const nnrt_part *nnrt_evaluated_part(const nnrt_data *data, const char **name);

// Appends the part's loss and metrics to `log`. NNRT_INTERRUPTED when a signal came.
nnrt_status nnrt_evaluator_run(nnrt_evaluator *evaluator, const nnrt_part *part, const char *prefix,
                               nnrt_log *log);

#endif
