// The gradients of a training step at the weights as they are, of one batch: for who looks at them.
// Nothing of the training is changed.
#ifndef NNRT_GRADIENTS_H
#define NNRT_GRADIENTS_H

#include "trainer.h"

typedef struct nnrt_gradients {
    const nnrt_train_step *step;
    nnrt_pass pass; // of its function `gradients`, which was compiled where a callback reads them
    nnrt_pace pace;
    nnrt_block slots;
    nnrt_loader *loader; // NULL: none is needed
    double losses[NNRT_MAX_VALUES + 1];
} nnrt_gradients;

// Of step `number` of the trainer's training. To be closed in any case.
nnrt_status nnrt_gradients_open(nnrt_gradients *gradients, nnrt_session *session,
                                const nnrt_trainer *trainer, int64_t number);
void nnrt_gradients_close(nnrt_gradients *gradients);

// Those of the first batch of the epoch that was trained: of its loss with penalties, after
// clipping, as the optimizer gets them.
nnrt_status nnrt_gradients_take(nnrt_gradients *gradients, const nnrt_trainer *trainer);
// One of them, row-major as its parameter, which is returned; 0 <= index < step->gradient_count.
const nnrt_parameter *nnrt_gradients_get(const nnrt_gradients *gradients,
                                         const nnrt_program *program, int64_t index, float *values);

#endif
