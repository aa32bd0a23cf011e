// One training block at work: epochs of steps on the training part. Used by `fit` and `bench`.
#ifndef NNRT_TRAINER_H
#define NNRT_TRAINER_H

#include "../metrics/output_metrics.h"
#include "../session/schedules/schedule.h"
#include "../session/steps.h"
#include "../state/state.h"

typedef struct nnrt_trainer {
    nnrt_session *session;
    const nnrt_training *training;
    nnrt_output_metrics metrics;
    nnrt_pace pace;
    uint32_t *rows, *blocks; // the order of the epoch's samples, and of blocks of them
    double *losses;          // of the epoch's steps, with what is reported beside them
    nnrt_loader *loader;     // NULL: batches need not be made
    int64_t batch, shuffle;
    uint64_t seed;
    nnrt_schedule schedules[NNRT_MAX_TURNS]; // of the steps' learning rates
    nnrt_pass pass;                          // the current epoch's
    int64_t steps_done;                      // of this block, before it
} nnrt_trainer;

// Needs the data. `learning_rate` (the initial one of a schedule) and `batch` 0: the program's.
nnrt_status nnrt_trainer_open(nnrt_trainer *trainer, nnrt_session *session,
                              const nnrt_training *training, int64_t batch, double learning_rate,
                              int with_metrics);
// One for a single step that was saved: it needs no data, and has no metrics. Its pass has turns,
// and room for the losses of one batch.
nnrt_status nnrt_trainer_open_saved(nnrt_trainer *trainer, nnrt_session *session,
                                    const nnrt_training *training, int64_t batch);
void nnrt_trainer_close(nnrt_trainer *trainer);

// From now on the steps are profiled, each in its own; NULL: they are not. The caller's.
void nnrt_trainer_profile(nnrt_trainer *trainer, nnrt_profile *const *profiles);

// No step of the next epoch is done, nothing is counted.
void nnrt_trainer_reset(nnrt_trainer *trainer);
// Puts the samples in the epoch's order and makes its pass, from step pass.step on;
// nnrt_pass_advance goes on from there. `step_limit`: the most steps of this epoch; 0: no limit.
void nnrt_trainer_start_epoch(nnrt_trainer *trainer, int64_t epoch, int64_t step_limit);
// The steps of the epoch are counted, after nnrt_pass_settle; its values are still there.
void nnrt_trainer_end_epoch(nnrt_trainer *trainer);

// Goes on with the next epoch where this one is over: for steps that are measured alone.
void nnrt_trainer_go_round(nnrt_trainer *trainer);

// Moving averages of weights (`use_ema`) and the weights change places, between epochs; nothing
// does before the first step.
void nnrt_trainer_swap_averages(nnrt_trainer *trainer);

// What a block depends on while it trains, its weights and optimizer state included.
void nnrt_trainer_state(nnrt_trainer *trainer, nnrt_state *state);
// Of it, weights, optimizer state, and what functions keep from batch to batch.
void nnrt_trainer_model_state(nnrt_trainer *trainer, nnrt_state *state);
// After that was restored.
void nnrt_trainer_restored(nnrt_trainer *trainer);
// Before it is copied: sums of several workers are added up, and weights are as they should be.
void nnrt_trainer_gather(nnrt_trainer *trainer);

// The first batch, from `from` on, in which the loss of a step, number `turn`, is not finite; -1:
// none.
int64_t nnrt_trainer_not_finite(const nnrt_trainer *trainer, int64_t from, int64_t *turn);

#endif
