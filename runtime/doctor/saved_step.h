// A step in a file: the weights and the optimizer state before it, its batch, and what else it
// depends on. The file is a checkpoint (runtime/state/checkpoint.h) with other things in it; its
// weights can be read as those of any weights file.
#ifndef NNRT_SAVED_STEP_H
#define NNRT_SAVED_STEP_H

#include "../formats/weights/safetensors.h"
#include "finding.h"

typedef struct nnrt_saved_step {
    int64_t training;             // which block
    int64_t epoch, step, steps;   // from 0; steps of the epoch
    int64_t steps_before;         // of the block, before the epoch
    int64_t seed;                 // of dropout and the like
    int64_t batch;                // places of a batch, of which the last one has fewer samples
    int64_t count;                // samples
    double rates[NNRT_MAX_TURNS]; // the learning rates
    int64_t *numbers;             // by sample: its row in the data; owned
    nnrt_batch_copy columns;      // owned
} nnrt_saved_step;

void nnrt_saved_step_free(nnrt_saved_step *saved);

// The trainer's next step, before it is run, but for its columns; `training` is its block's number.
nnrt_status nnrt_saved_step_note(nnrt_saved_step *saved, const nnrt_trainer *trainer,
                                 int64_t training);

// With weights and optimizer state as they are.
nnrt_status nnrt_saved_step_write(nnrt_saved_step *saved, const char *path, nnrt_trainer *trainer,
                                  const nnrt_weights_info *info);

// NNRT_USAGE: the file holds one, and no training goes on from it. `called`: the program.
nnrt_status nnrt_saved_step_refuse(const nnrt_safetensors *file, const char *called);

// Opens a trainer whose next step, the first of a pass of one, is the one of the file.
// NNRT_ERROR, NNRT_USAGE: the file is of another program, damaged, or of another kind.
nnrt_status nnrt_saved_step_read(nnrt_saved_step *saved, const char *path, nnrt_session *session,
                                 nnrt_trainer *trainer);

#endif
